"""`/digest list`: every digest of a server, however many there are."""

import pytest

from bot.refusals import Refusal
from tests.support.builders import explain
from tests.support.messages import read_all
from tests.support.server import Server, choices


@pytest.mark.parametrize("command", ["digest list", "digest status"])
async def test_all_of_25_long_digests_are_shown_in_as_many_messages_as_it_takes(server: Server, command: str) -> None:
    wanted = {"timezone": "America/Argentina/Buenos_Aires", "weekdays": "mon, wed, fri", "min_upvotes": 1000}
    for minute in range(25):
        await server.subscribe(time=f"9:{minute:02}", **wanted)
    texts = read_all(await server.admin.slash(server.general, command))
    assert all(len(text) <= 2000 for text in texts)
    assert sum(text.count("Buenos_Aires") for text in texts) == 25
    assert len(await choices(server, "digest edit", "subscription", "")) == 25


@pytest.mark.parametrize("command", ["edit", "pause", "resume", "remove", "preview", "status"])
async def test_without_a_digest_the_answer_says_how_to_set_one_up(server: Server, command: str) -> None:
    assert await server.ask(f"digest {command}") == explain(Refusal.NO_SUBSCRIPTIONS)


async def test_a_digest_is_still_posted_after_a_restart(server: Server) -> None:
    await server.subscribe()
    await server.restart()
    await server.later(hours=1)
    assert len(server.posted) == 1
