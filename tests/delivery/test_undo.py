"""`/digest undo` takes back the last digest."""

import asyncio

import pytest

from bot.demo.papers_server import PapersServer
from bot.layouts.reasons import explain_reason
from bot.reasons import Reason
from bot.refusals import Refusal
from tests.support.builders import FRIDAY, LACKING, OUTAGE, entries, explain
from tests.support.messages import ids
from tests.support.server import Server, deliveries, forbid, post, read_posted_papers


async def test_an_undone_digest_is_deleted_and_its_papers_come_with_the_next(
    server: Server, papers_server: PapersServer
) -> None:
    await post(server)
    assert await server.undo() == ("The digest of 16 Jan 2026 is undone: its 5 papers may come again.")
    assert server.posted == []
    await server.later(minutes=30)
    assert server.posted == []
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(2, FRIDAY, first=11)}
    await server.later(days=1)
    assert read_posted_papers(server) == [ids(1, 2, 3, 4, 5)]
    assert "Top 5 of 9 papers" in server.posted[0]


async def test_an_undone_digest_can_be_sent_again_at_once_after_a_change(server: Server) -> None:
    await post(server)
    await server.undo()
    await server.ask("digest edit", size=2)
    assert "The run of 17 Jan 2026, posted early: [top " in await server.send_now()
    assert read_posted_papers(server) == [ids(1, 2)]


async def test_undoing_a_message_that_someone_has_already_deleted_works(server: Server) -> None:
    message = await post(server)
    server.env.backend.delete_message(server.papers.id, message.id)
    assert "is undone" in await server.undo()
    await server.later(days=1)
    assert read_posted_papers(server) == [ids(1, 2, 3, 4, 5)]


async def test_a_second_undo_finds_nothing_and_takes_back_no_older_digest(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(3, FRIDAY, first=11)}
    await post(server)
    await server.later(days=1)
    assert "The digest of 17 Jan 2026 is undone" in await server.undo()
    before = server.tables()
    assert await server.undo() == explain(Refusal.NOTHING_TO_UNDO)
    assert (server.tables(), read_posted_papers(server)) == (before, [ids(1, 2, 3, 4, 5)])


async def test_without_a_digest_there_is_nothing_to_undo(server: Server) -> None:
    await server.subscribe()
    before = server.tables()
    assert await server.undo() == explain(Refusal.NOTHING_TO_UNDO)
    assert server.tables() == before


async def test_a_digest_before_a_quiet_weekend_can_be_undone(server: Server) -> None:
    await post(server)
    for _ in range(2):
        await server.later(days=1)
    assert "The digest of 16 Jan 2026 is undone" in await server.undo()
    assert server.posted == []
    await server.later(days=1)
    assert read_posted_papers(server) == [ids(1, 2, 3, 4, 5)]


async def test_a_digest_on_its_way_cannot_be_undone_yet(server: Server) -> None:
    await server.subscribe()
    server.env.inject_error("POST", "/channels/*/messages", status=503)
    await server.later(hours=1)
    assert await server.undo() == explain(Refusal.STILL_ON_ITS_WAY)
    await server.later(minutes=2)
    assert len(server.posted) == 1
    assert "is undone" in await server.undo()


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [(403, 50013, LACKING), (503, 0, OUTAGE)],
)
async def test_an_undo_that_discord_rejects_changes_nothing_and_may_be_tried_again(
    server: Server, status: int, code: int, reason: Reason
) -> None:
    await post(server)
    before = server.tables()
    server.env.inject_error("DELETE", "/channels/*/messages/*", status=status, code=code)
    assert await server.undo() == (
        f"I couldn't delete all of the digest. {explain_reason(reason)} Use `/digest undo` again to delete the rest."
    )
    assert (server.tables(), len(server.posted)) == (before, 1)
    assert "is undone" in await server.undo()
    assert server.posted == []


async def test_an_undo_without_manage_messages_works_as_the_message_is_the_bots_own(server: Server) -> None:
    await post(server)
    forbid(server, server.papers, "manage_messages", "manage_threads")
    assert "is undone" in await server.undo()
    assert server.posted == []


async def test_two_undos_at_once_are_recorded_once(server: Server) -> None:
    await post(server)
    (delivery,) = await deliveries(server)
    undos = (
        server.bot.dispatcher.sender.undo_delivery(delivery, server.clock.now, by=server.admin.id) for _ in range(2)
    )
    await asyncio.gather(*undos)
    await server.env.settle()
    assert (await server.ask("digest log")).count("undid the last digest") == 1


async def test_papers_of_an_undone_digest_are_no_longer_shown_as_posted(server: Server) -> None:
    message = await post(server)
    assert message.jump_url in await server.ask("paper show", paper="2601.00001")
    await server.undo()
    assert message.jump_url not in await server.ask("paper show", paper="2601.00001")
    assert await server.ask("paper posted") == explain(Refusal.NOTHING_POSTED)
