"""Over all cogs: every command says what it does, answers only to the one who asked, and survives any input."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from simcord.backend.errors import SetupError

from bot.client import COGS
from bot.layouts.refusals import BUG
from bot.refusals import Refusal
from tests.support.builders import explain
from tests.support.commands import commands, filled, text_options
from tests.support.messages import answer
from tests.support.queries import GARBAGE
from tests.support.server import Server, add_moderator, let_in, without_drafts


async def test_every_cog_is_loaded(server: Server) -> None:
    assert set(server.bot.extensions) == {f"cogs.{name}" for name in COGS}


async def test_every_command_and_option_has_a_name_and_a_description_that_is_not_cut(server: Server) -> None:
    (registered,) = [each.json for each in server.env.http_requests if each.method == "PUT"]
    assert isinstance(registered, list)
    nodes = list(tree([each for each in registered if each["type"] == 1]))  # in a menu, a command is its name alone
    assert len(nodes) > 30
    for node in nodes:
        assert re.fullmatch(r"[-_a-z]{1,32}", node["name"])
        assert 5 <= len(node["description"]) <= 100
        assert "…" not in node["description"]  # discord.py writes it where there is none, and cuts a long one


def tree(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        yield node
        yield from tree(node.get("options") or [])


async def test_required_options_come_first(server: Server) -> None:
    for _, options in commands(server):
        required = [bool(each.get("required")) for each in options]
        assert required == sorted(required, reverse=True)


async def test_every_command_answers_only_to_the_one_who_asked(ready: Server) -> None:
    for name, options in commands(ready):
        for optional in (False, True):
            text = answer(await ready.admin.slash(ready.general, name, **filled(ready, options, optional=optional)))
            assert text, name
            assert text != BUG, name
        await ready.subscribe()  # `remove` took one away


DIGEST = {
    *("digest setup", "digest add", "digest edit", "digest list", "digest pause", "digest resume", "digest remove"),
    *("digest preview", "digest status", "digest why", "digest send now", "digest undo", "digest log"),
    *("digest feed", "digest wipe-everything"),
}


@pytest.mark.parametrize("who", ["a moderator", "a member"])
async def test_people_without_manage_server_are_offered_no_digest_command(ready: Server, who: str) -> None:
    """A moderator's other permissions do not help."""
    person = add_moderator(ready) if who == "a moderator" else ready.member
    assert not [each for each in person.available_commands(ready.general) if each.startswith("digest")]


async def test_whoever_was_given_the_digest_command_may_use_all_of_it(ready: Server) -> None:
    let_in(ready, ready.member)
    asked = {name: options for name, options in commands(ready) if name.startswith("digest")}
    assert asked.keys() == DIGEST
    for name, options in asked.items():
        for optional in (False, True):
            text = answer(await ready.member.slash(ready.general, name, **filled(ready, options, optional=optional)))
            assert text not in {BUG, explain(Refusal.MANAGE_SERVER_NEEDED), explain(Refusal.COMMAND_DENIED)}, name
        await ready.subscribe()  # `remove` took one away


async def test_whoever_was_given_the_digest_command_is_offered_subscriptions_while_they_type(ready: Server) -> None:
    let_in(ready, ready.member)
    asked = 0
    for name, option, _ in text_options(ready, completed=True):
        if name.startswith("digest") and option == "subscription":
            asked += 1
            assert await ready.member.autocomplete(ready.general, name, option, "") != [], name
    assert asked == 10


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE.keys())
async def test_any_text_in_any_option_gets_an_answer_and_nothing_bad_is_stored(ready: Server, text: str) -> None:
    before = without_drafts(ready.tables())
    for name, option, options in text_options(ready):
        if option == "filter":
            continue  # most texts are a valid filter
        result = await ready.admin.slash(ready.general, name, **filled(ready, options), **{option: text})
        assert answer(result) != BUG, name
    assert without_drafts(ready.tables()) == before


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE.keys())
async def test_any_text_is_a_filter_that_works_or_a_mistake_that_is_explained(ready: Server, text: str) -> None:
    before = without_drafts(ready.tables())
    told = answer(await ready.subscribe(weekdays="mon-sat", filter=text))
    assert told != BUG
    if "Set up." not in told:
        assert without_drafts(ready.tables()) == before
        return
    for command in ("list", "preview", "status", "why"):
        asked = {"paper": "2601.00001"} if command == "why" else {}
        assert await ready.ask(f"digest {command}", **asked, **({} if command == "list" else {"subscription": "2"}))
    await ready.later(hours=1)
    delivered = await ready.bot.services.storage.deliveries.list_latest(2)
    assert [each.state.value in {"sent", "quiet"} for each in delivered] == [True]


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE.keys())
async def test_any_text_may_be_typed_into_an_autocompleted_option(ready: Server, text: str) -> None:
    completed = [each for each in text_options(ready, completed=True) if each[2]]
    assert len(completed) == 25
    for name, option, _ in completed:
        await ready.admin.autocomplete(ready.general, name, option, text)


@pytest.mark.parametrize(("option", "value"), [("size", 0), ("size", 11), ("min_upvotes", -1), ("min_upvotes", 10_001)])
async def test_numbers_out_of_range_are_refused_before_they_are_sent(server: Server, option: str, value: int) -> None:
    with pytest.raises(SetupError):
        await server.subscribe(**{option: value})


async def test_a_bug_behind_a_command_is_answered_politely_and_logged(
    ready: Server, caplog: pytest.LogCaptureFixture
) -> None:
    await ready.bot.services.storage.papers._database._stack.aclose()  # the disk is gone
    result = await ready.member.slash(ready.general, "top")
    assert answer(result) == BUG
    assert "an interaction ran into a bug" in caplog.messages
    caplog.clear()
    ready.env._errors.clear()
