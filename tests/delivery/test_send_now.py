"""`/digest send now` posts the next digest early, once."""

import asyncio

import pytest

from bot.demo.papers_server import PapersServer
from bot.refusals import Refusal
from tests.support.builders import FRIDAY, entries, explain
from tests.support.messages import ids, paper_ids
from tests.support.papers_server import Papers
from tests.support.server import Server, deliveries, forbid, get_subscription, post, read_posted_papers

NEXT = "Next digest <t:1768640400:f> (<t:1768640400:R>)."
KEPT = ("subscriptions", "deliveries", "messages", "highlights", "audit_log")


async def subscribed(server: Server) -> None:
    """A subscription an hour before its first run, with all lists read."""
    await server.subscribe()
    await server.read_lists()


def kept(server: Server) -> dict[str, list[tuple[object, ...]]]:
    """What is recorded of digests, apart from the archive of papers."""
    tables = server.tables()
    return {name: tables[name] for name in KEPT}


async def test_the_next_digest_is_sent_at_once_and_counts_as_that_run(server: Server) -> None:
    await subscribed(server)
    text = await server.send_now()
    (message,) = server.papers.history()
    assert text == (
        f"The run of 16 Jan 2026, posted early: [top 5]({message.jump_url}) of 7 papers, with 250 upvotes.\n{NEXT}"
    )
    assert paper_ids(message) == ids(1, 2, 3, 4, 5)
    await server.later(hours=1)
    assert len(server.posted) == 1
    assert "Next digest <t:1768640400:f>" in await server.ask("digest status")


async def test_the_day_after_comes_at_its_time_with_what_is_new(server: Server, papers_server: PapersServer) -> None:
    await subscribed(server)
    await server.send_now()
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(5, FRIDAY, first=11)}
    await server.later(hours=24)
    assert len(server.posted) == 1
    await server.later(hours=1)
    assert read_posted_papers(server) == [ids(1, 2, 3, 4, 5), ids(11, 12, 13, 14, 15)]


async def test_a_list_that_closed_since_is_sent_a_day_early(server: Server, papers_server: PapersServer) -> None:
    await post(server)
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(5, FRIDAY, first=11)}
    server.clock.advance(hours=20)  # Saturday at five
    assert "The run of 17 Jan 2026, posted early: [top " in await server.send_now()
    await server.later(hours=4)
    assert read_posted_papers(server) == [ids(1, 2, 3, 4, 5), ids(11, 12, 13, 14, 15)]


async def test_a_second_send_finds_nothing_new_and_records_nothing(server: Server) -> None:
    await subscribed(server)
    await server.send_now()
    before = kept(server)
    assert await server.send_now() == ("There is nothing to send. No new papers were listed. Nothing was changed.")
    assert (kept(server), len(server.posted)) == (before, 1)


async def test_two_clicks_at_once_post_once(server: Server) -> None:
    await subscribed(server)
    known, dispatcher = await get_subscription(server), server.bot.dispatcher
    sends = (
        dispatcher.send_digest_now(known, known.next_run.date, server.clock.now, by=server.admin.id) for _ in range(2)
    )
    results = await asyncio.gather(*sends, return_exceptions=True)
    await server.env.settle()
    assert sorted(type(each).__name__ for each in results) == ["Delivery", "NothingToSend"]
    assert len(server.posted) == len(await deliveries(server)) == 1


async def test_nothing_is_sent_where_nothing_would_be_highlighted(server: Server) -> None:
    await server.subscribe(min_upvotes=500)
    await server.read_lists()
    before = kept(server)
    assert await server.send_now() == (
        "There is nothing to send. No new paper had 500 upvotes or more. Nothing was changed."
    )
    assert kept(server) == before
    await server.later(hours=1)
    assert [each.state.value for each in await deliveries(server)] == ["quiet"]


async def test_a_paused_digest_has_to_be_resumed_before_it_is_sent(server: Server) -> None:
    await subscribed(server)
    await server.ask("digest pause")
    before = kept(server)
    assert await server.send_now() == explain(Refusal.NOT_ACTIVE)
    assert (kept(server), server.posted) == (before, [])


async def test_a_suspended_digest_has_to_be_resumed_before_it_is_sent(server: Server) -> None:
    await server.subscribe()
    server.env.inject_error("POST", "/channels/*/messages", status=403, code=50013)
    await server.later(hours=1)
    before = kept(server)
    assert await server.send_now() == explain(Refusal.NOT_ACTIVE)
    assert kept(server) == before
    assert not [message for message in server.papers.history() if paper_ids(message)]


@pytest.mark.parametrize("permission", ["view_channel", "send_messages", "read_message_history"])
async def test_a_missing_permission_is_named_and_nothing_is_recorded(server: Server, permission: str) -> None:
    await subscribed(server)
    forbid(server, server.papers, permission)
    before = kept(server)
    text = await server.send_now()
    assert text.startswith(f"I'm missing **{permission.replace('_', ' ').title()}** in <#{server.papers.id}>.")
    assert text.endswith("Nothing was changed.")
    assert kept(server) == before


async def test_while_the_papers_api_is_down_send_now_says_so_and_records_nothing(
    server: Server, papers_server: Papers
) -> None:
    await server.subscribe()
    papers_server.down = True
    before = kept(server)
    assert await server.send_now() == (
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
    assert "The run of 16 Jan 2026, posted early: [top " in await server.send_now()
    await server.later(hours=1)
    assert len(server.posted) == 1


async def test_of_several_waiting_runs_the_latest_is_sent_for_all(server: Server, papers_server: Papers) -> None:
    await server.subscribe()
    papers_server.down = True
    await server.later(days=3)
    papers_server.down = False
    server.clock.advance(hours=2)
    assert "The run of 19 Jan 2026, posted early: [top " in await server.send_now()
    await server.later(hours=1)
    assert (len(server.posted), len(await deliveries(server))) == (1, 1)


async def test_a_digest_that_discord_will_never_accept_is_reported_at_once(server: Server) -> None:
    await subscribed(server)
    server.env.inject_error("POST", "/channels/*/messages", status=400, code=50008)
    assert await server.send_now() == (
        "The run of 16 Jan 2026, posted early: ⚠️ not posted. Discord rejected the message (error 50008). "
        f"Its papers may come with the next digest.\n{NEXT}"
    )
    assert "Next digest <t:1768640400:f>" in await server.ask("digest status")
    await server.later(hours=25)
    assert read_posted_papers(server) == [ids(1, 2, 3, 4, 5)]


async def test_a_digest_that_discord_cannot_accept_right_now_is_tried_again(server: Server) -> None:
    await subscribed(server)
    server.env.inject_error("POST", "/channels/*/messages", status=503)
    assert await server.send_now() == (
        f"The run of 16 Jan 2026, posted early: delayed, but on its way. Discord answered with error 503.\n{NEXT}"
    )
    await server.later(minutes=2)
    await server.later(hours=1)
    assert read_posted_papers(server) == [ids(1, 2, 3, 4, 5)]


async def test_while_a_digest_is_on_its_way_no_other_is_sent(server: Server) -> None:
    await subscribed(server)
    server.env.inject_error("POST", "/channels/*/messages", status=503)
    await server.send_now()
    assert "There is nothing to send. " in await server.send_now()
    await server.later(minutes=2)
    assert len(server.posted) == 1


async def test_of_several_digests_the_one_that_was_meant_is_sent(server: Server) -> None:
    await server.subscribe()
    await server.subscribe(channel=server.general)
    assert await server.send_now() == explain(Refusal.SUBSCRIPTION_NEEDED)
    assert "posted early: [top 5](" in await server.send_now(subscription="2")
    assert (len(server.papers.history()), len(server.general.history())) == (0, 1)
