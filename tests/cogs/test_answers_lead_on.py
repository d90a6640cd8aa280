"""Over all commands: no answer is a dead end."""

from collections.abc import AsyncIterator

import simcord

from bot.refusals import Refusal
from tests.support.builders import explain
from tests.support.commands import commands, filled, text_options
from tests.support.messages import answer, find_next_steps
from tests.support.server import Server

# After these there is nothing to do but wait.
COMPLETE = (
    explain(Refusal.ARCHIVE_EMPTY),
    "I found nothing yet. The search index is still being made",
)


async def ask_everything(server: Server) -> AsyncIterator[tuple[str, simcord.InteractionResult]]:
    """Every command with good options."""
    for command, options in commands(server):
        yield command, await server.admin.slash(server.general, command, **filled(server, options))


async def ask_nonsense(server: Server) -> AsyncIterator[tuple[str, simcord.InteractionResult]]:
    """Every command, with a word that nobody understands in each of its text options."""
    for command, option, options in text_options(server):
        given = filled(server, options) | {option: "zzzz"}
        if command == "digest edit":
            given = {"subscription": "1"} | given
        yield f"{command} {option}", await server.admin.slash(server.general, command, **given)


async def list_dead_ends(answers: AsyncIterator[tuple[str, simcord.InteractionResult]]) -> list[tuple[str, str]]:
    told = [(command, answer(result), find_next_steps(result)) async for command, result in answers]
    assert len(told) > 20
    return [(command, text) for command, text, steps in told if not steps and not text.startswith(COMPLETE)]


async def test_every_answer_leads_on_where_nothing_is_set_up(server: Server) -> None:
    assert await list_dead_ends(ask_everything(server)) == []


async def test_every_answer_leads_on_where_a_digest_is_set_up(ready: Server) -> None:
    await ready.later(hours=1)
    assert await list_dead_ends(ask_everything(ready)) == []


async def test_every_answer_leads_on_where_several_digests_are_set_up(ready: Server) -> None:
    await ready.subscribe(min_upvotes=1)
    assert await list_dead_ends(ask_everything(ready)) == []


async def test_every_answer_to_what_nobody_understands_leads_on(ready: Server) -> None:
    assert await list_dead_ends(ask_nonsense(ready)) == []
