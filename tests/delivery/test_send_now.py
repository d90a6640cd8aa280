"""`/digest send now` posts the coming digest early, once; `/digest undo` takes the last one back."""

import asyncio

import pytest

from bot.demo.papers_server import PapersServer
from bot.layouts.reasons import explain_reason
from bot.reasons import Reason
from bot.refusals import Refusal
from tests.support.builders import FRIDAY, LACKING, OUTAGE, entries, explain
from tests.support.messages import ids, paper_ids
from tests.support.papers_server import Papers
from tests.support.server import Server, deliveries, forbid, get_subscription, post

KEPT = ("subscriptions", "deliveries", "messages", "highlights", "audit_log")


async def subscribed(server: Server) -> None:
    """A subscription an hour before its first run, with all lists read."""
    await server.subscribe()
    await server.read_lists()


def kept(server: Server) -> dict[str, list[tuple[object, ...]]]:
    """What is recorded of digests, apart from the archive of papers."""
    tables = server.tables()
    return {name: tables[name] for name in KEPT}


def shown(server: Server) -> list[list[str]]:
    return [paper_ids(message) for message in server.papers.history()]


# Sending before the time


async def test_the_coming_digest_is_sent_at_once_and_counts_as_that_run(server: Server) -> None:
    await subscribed(server)
    text = await server.ask("digest send now")
    (message,) = server.papers.history()
    assert text == (f"The run of 16 Jan 2026, sent early: [top 5]({message.jump_url}) of 7 papers, with 250 upvotes.")
    assert paper_ids(message) == ids(1, 2, 3, 4, 5)
    await server.later(hours=1)
    assert len(server.posted) == 1
    assert "Next digest <t:1768640400:f>" in await server.ask("digest status")


async def test_the_day_after_comes_at_its_time_with_what_is_new(server: Server, papers_server: PapersServer) -> None:
    await subscribed(server)
    await server.ask("digest send now")
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(5, FRIDAY, first=11)}
    await server.later(hours=24)
    assert len(server.posted) == 1
    await server.later(hours=1)
    assert shown(server) == [ids(1, 2, 3, 4, 5), ids(11, 12, 13, 14, 15)]


async def test_a_list_that_closed_since_is_sent_a_day_early(server: Server, papers_server: PapersServer) -> None:
    await post(server)
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(5, FRIDAY, first=11)}
    server.clock.advance(hours=20)  # Saturday at five
    assert "The run of 17 Jan 2026, sent early: [top " in await server.ask("digest send now")
    await server.later(hours=4)
    assert shown(server) == [ids(1, 2, 3, 4, 5), ids(11, 12, 13, 14, 15)]


async def test_a_second_send_finds_nothing_new_and_records_nothing(server: Server) -> None:
    await subscribed(server)
    await server.ask("digest send now")
    before = kept(server)
    assert await server.ask("digest send now") == (
        "There is nothing to send. No new papers were listed. Nothing was changed."
    )
    assert (kept(server), len(server.posted)) == (before, 1)


async def test_two_clicks_at_once_post_once(server: Server) -> None:
    await subscribed(server)
    known, dispatcher = await get_subscription(server), server.bot.dispatcher
    sends = (dispatcher.send_now(known, server.clock.now, by=server.admin.id) for _ in range(2))
    results = await asyncio.gather(*sends, return_exceptions=True)
    await server.env.settle()
    assert sorted(type(each).__name__ for each in results) == ["Delivery", "NothingToSend"]
    assert len(server.posted) == len(await deliveries(server)) == 1


async def test_nothing_is_sent_where_nothing_would_be_highlighted(server: Server) -> None:
    await server.subscribe(min_upvotes=500)
    await server.read_lists()
    before = kept(server)
    assert await server.ask("digest send now") == (
        "There is nothing to send. No new paper had 500 upvotes or more. Nothing was changed."
    )
    assert kept(server) == before
    await server.later(hours=1)
    assert [each.state.value for each in await deliveries(server)] == ["quiet"]


async def test_a_paused_digest_is_to_be_resumed_first(server: Server) -> None:
    await subscribed(server)
    await server.ask("digest pause")
    before = kept(server)
    assert await server.ask("digest send now") == explain(Refusal.NOT_ACTIVE)
    assert (kept(server), server.posted) == (before, [])


async def test_a_suspended_digest_is_to_be_resumed_first(server: Server) -> None:
    await server.subscribe()
    server.env.inject_error("POST", "/channels/*/messages", status=403, code=50013)
    await server.later(hours=1)
    before = kept(server)
    assert await server.ask("digest send now") == explain(Refusal.NOT_ACTIVE)
    assert kept(server) == before
    assert not [message for message in server.papers.history() if paper_ids(message)]


@pytest.mark.parametrize("permission", ["view_channel", "send_messages", "read_message_history"])
async def test_a_missing_permission_is_named_and_nothing_is_recorded(server: Server, permission: str) -> None:
    await subscribed(server)
    forbid(server, server.papers, permission)
    before = kept(server)
    text = await server.ask("digest send now")
    assert text.startswith(f"I'm missing **{permission.replace('_', ' ').title()}** in <#{server.papers.id}>.")
    assert text.endswith("Nothing was changed.")
    assert kept(server) == before


async def test_while_the_papers_api_is_down_it_is_said_and_nothing_is_recorded(
    server: Server, papers_server: Papers
) -> None:
    await server.subscribe()
    papers_server.down = True
    before = kept(server)
    assert await server.ask("digest send now") == (
        "I can't do that right now. Hugging Face answered with error 503. Nothing was changed. Try again in a minute."
    )
    assert kept(server) == before
    papers_server.down = False
    await server.later(hours=1)
    assert len(server.posted) == 1


async def test_an_overdue_digest_is_sent_as_the_run_that_waits(server: Server, papers_server: Papers) -> None:
    await server.subscribe()
    papers_server.down = True
    await server.later(hours=1)
    papers_server.down = False
    server.clock.advance(minutes=5)
    assert "The run of 16 Jan 2026, sent early: [top " in await server.ask("digest send now")
    await server.later(hours=1)
    assert len(server.posted) == 1


async def test_of_several_runs_that_wait_the_latest_is_sent_for_all(server: Server, papers_server: Papers) -> None:
    await server.subscribe()
    papers_server.down = True
    await server.later(days=3)
    papers_server.down = False
    server.clock.advance(hours=2)
    assert "The run of 19 Jan 2026, sent early: [top " in await server.ask("digest send now")
    await server.later(hours=1)
    assert (len(server.posted), len(await deliveries(server))) == (1, 1)


async def test_what_discord_will_never_take_is_said_at_once(server: Server) -> None:
    await subscribed(server)
    server.env.inject_error("POST", "/channels/*/messages", status=400, code=50008)
    assert await server.ask("digest send now") == (
        "The run of 16 Jan 2026, sent early: ⚠️ not posted. Discord did not accept the message (error 50008). "
        "Its papers may come with the next digest."
    )
    assert "Next digest <t:1768640400:f>" in await server.ask("digest status")
    await server.later(hours=25)
    assert shown(server) == [ids(1, 2, 3, 4, 5)]


async def test_what_discord_cannot_take_just_now_is_tried_again(server: Server) -> None:
    await subscribed(server)
    server.env.inject_error("POST", "/channels/*/messages", status=503)
    assert await server.ask("digest send now") == (
        "The run of 16 Jan 2026, sent early: delayed, but on its way. Discord answered with error 503."
    )
    await server.later(minutes=1)
    await server.later(hours=1)
    assert shown(server) == [ids(1, 2, 3, 4, 5)]


async def test_while_a_digest_is_on_its_way_no_other_is_sent(server: Server) -> None:
    await subscribed(server)
    server.env.inject_error("POST", "/channels/*/messages", status=503)
    await server.ask("digest send now")
    assert "There is nothing to send. " in await server.ask("digest send now")
    await server.later(minutes=1)
    assert len(server.posted) == 1


async def test_of_several_digests_the_one_that_was_meant_is_sent(server: Server) -> None:
    await server.subscribe()
    await server.subscribe(channel=server.general)
    assert await server.ask("digest send now") == explain(Refusal.SUBSCRIPTION_NEEDED)
    assert "sent early: [top 5](" in await server.ask("digest send now", subscription="2")
    assert (len(server.papers.history()), len(server.general.history())) == (0, 1)


# Taking back


async def test_an_undone_digest_is_deleted_and_its_papers_come_with_the_next(
    server: Server, papers_server: PapersServer
) -> None:
    await post(server)
    assert await server.ask("digest undo") == ("The digest of 16 Jan 2026 is undone: its 5 papers may come again.")
    assert server.posted == []
    await server.later(minutes=30)
    assert server.posted == []
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(2, FRIDAY, first=11)}
    await server.later(days=1)
    assert shown(server) == [ids(1, 2, 3, 4, 5)]
    assert "Top 5 of 9 papers" in server.posted[0]


async def test_an_undone_digest_can_be_sent_anew_at_once_after_a_change(server: Server) -> None:
    await post(server)
    await server.ask("digest undo")
    await server.ask("digest edit", size=2)
    assert "The run of 17 Jan 2026, sent early: [top " in await server.ask("digest send now")
    assert shown(server) == [ids(1, 2)]


async def test_a_message_that_somebody_deleted_already_is_no_error(server: Server) -> None:
    message = await post(server)
    server.env.backend.delete_message(server.papers.id, message.id)
    assert "is undone" in await server.ask("digest undo")
    await server.later(days=1)
    assert shown(server) == [ids(1, 2, 3, 4, 5)]


async def test_a_second_undo_finds_nothing_and_does_not_reach_further_back(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(3, FRIDAY, first=11)}
    await post(server)
    await server.later(days=1)
    assert "The digest of 17 Jan 2026 is undone" in await server.ask("digest undo")
    before = server.tables()
    assert await server.ask("digest undo") == explain(Refusal.NOTHING_TO_UNDO)
    assert (server.tables(), shown(server)) == (before, [ids(1, 2, 3, 4, 5)])


async def test_without_a_digest_there_is_nothing_to_undo(server: Server) -> None:
    await server.subscribe()
    before = server.tables()
    assert await server.ask("digest undo") == explain(Refusal.NOTHING_TO_UNDO)
    assert server.tables() == before


async def test_a_digest_before_a_quiet_weekend_can_be_undone(server: Server) -> None:
    await post(server)
    for _ in range(2):
        await server.later(days=1)
    assert "The digest of 16 Jan 2026 is undone" in await server.ask("digest undo")
    assert server.posted == []
    await server.later(days=1)
    assert shown(server) == [ids(1, 2, 3, 4, 5)]


async def test_a_digest_on_its_way_cannot_be_undone_yet(server: Server) -> None:
    await server.subscribe()
    server.env.inject_error("POST", "/channels/*/messages", status=503)
    await server.later(hours=1)
    assert await server.ask("digest undo") == explain(Refusal.STILL_ON_ITS_WAY)
    await server.later(minutes=1)
    assert len(server.posted) == 1
    assert "is undone" in await server.ask("digest undo")


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [(403, 50013, LACKING), (503, 0, OUTAGE)],
)
async def test_an_undo_that_discord_refuses_changes_nothing_and_may_be_tried_again(
    server: Server, status: int, code: int, reason: Reason
) -> None:
    await post(server)
    before = server.tables()
    server.env.inject_error("DELETE", "/channels/*/messages/*", status=status, code=code)
    assert await server.ask("digest undo") == (
        f"I couldn't delete all of the digest. {explain_reason(reason)} Use `/digest undo` again to delete the rest."
    )
    assert (server.tables(), len(server.posted)) == (before, 1)
    assert "is undone" in await server.ask("digest undo")
    assert server.posted == []


async def test_an_undo_without_manage_messages_works_as_the_message_is_the_bots_own(server: Server) -> None:
    await post(server)
    forbid(server, server.papers, "manage_messages", "manage_threads")
    assert "is undone" in await server.ask("digest undo")
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


async def test_undone_papers_are_no_longer_told_as_posted(server: Server) -> None:
    message = await post(server)
    assert message.jump_url in await server.ask("paper show", paper="2601.00001")
    await server.ask("digest undo")
    assert message.jump_url not in await server.ask("paper show", paper="2601.00001")
    assert await server.ask("paper posted") == explain(Refusal.NOTHING_POSTED)
