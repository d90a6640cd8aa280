"""Delivery on the wire: whatever happens to a request or an answer, a digest arrives once."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from discord import Permissions

from bot.app import House
from bot.delivery import sending as delivery
from bot.layouts.reasons import explain
from bot.layouts.subscriptions import standing
from bot.reasons import Reason, ReasonKind
from bot.storage import DeliveryState, SubscriptionState
from bot.subscription.settings import Discussion
from tests.builders import API_DOWN, DAY, GONE, HIDDEN, LACKING, Clock, entries
from tests.desk import NEXT_DAY, Desk, loopback, no_bug, opened_desk, running_bot, subscribe, two_lists  # noqa: F401
from tests.wire import TOKEN, Fault, FrailPapers, Wire, rate_limit


@pytest.fixture
async def desk(house: House, wire: Wire, clock: Clock) -> AsyncIterator[Desk]:
    async with opened_desk(house, wire, clock) as opened:
        yield opened


async def test_a_digest_arrives_once_with_its_nonce_and_mentions_nobody(desk: Desk) -> None:
    await desk.tick()
    await desk.tick(minutes=1)
    await desk.assert_arrived_once()
    (body,) = desk.wire.bodies
    assert len(body["nonce"]) <= 25
    assert body["enforce_nonce"] is True
    assert body["allowed_mentions"] == {"parse": []}


async def test_a_dropped_answer_after_the_message_was_created_leads_to_one_message(desk: Desk) -> None:
    desk.wire.post_faults.append(Fault(created=True))
    await desk.tick()
    (delivery,) = await desk.deliveries()
    assert delivery.state is DeliveryState.PLANNED
    assert delivery.reason == Reason(ReasonKind.DISCORD_UNREACHABLE)
    await desk.tick(minutes=1)
    await desk.assert_arrived_once()
    assert len(desk.wire.bodies) == 1


async def test_a_message_that_the_history_does_not_show_yet_is_known_by_its_nonce(desk: Desk) -> None:
    desk.wire.post_faults.append(Fault(created=True))
    await desk.tick()
    desk.guild.papers.denied = Permissions(read_message_history=True)  # unannounced: the history is empty
    await desk.tick(minutes=1)
    await desk.assert_arrived_once()
    assert len({body["nonce"] for body in desk.wire.bodies}) == 1
    assert len(desk.wire.bodies) == 2


async def test_a_connection_dropped_before_the_message_was_created_leads_to_one_message(desk: Desk) -> None:
    desk.wire.post_faults.append(Fault())
    await desk.tick()
    await desk.tick(minutes=1)
    await desk.assert_arrived_once()


async def test_a_429_with_via_is_waited_out_and_the_digest_arrives_once(desk: Desk) -> None:
    desk.wire.post_faults.append(rate_limit(0.2))
    await desk.tick()
    await desk.assert_arrived_once()
    assert len(desk.wire.bodies) == 2


async def test_a_429_that_would_take_an_hour_does_not_hold_up_the_others(desk: Desk) -> None:
    desk.wire.post_faults.append(rate_limit(3600))
    await desk.tick()
    assert not desk.channel.digests
    await desk.tick(minutes=1)
    await desk.assert_arrived_once()


async def test_a_429_without_via_is_tried_again_later(desk: Desk) -> None:
    desk.wire.post_faults.append(rate_limit(0.2, via=False))
    await desk.tick()
    assert not desk.channel.digests
    await desk.tick(seconds=59)
    assert len(desk.wire.bodies) == 1
    await desk.tick(seconds=1)
    await desk.assert_arrived_once()


async def test_a_503_is_tried_again_with_the_same_nonce(desk: Desk) -> None:
    desk.wire.post_faults.append(Fault(503))
    await desk.tick()
    await desk.tick(minutes=1)
    await desk.assert_arrived_once()
    first, second = desk.wire.bodies
    assert first == second


@pytest.mark.parametrize("status", [500, 502])
async def test_a_server_error_after_the_message_was_created_leads_to_one_message(desk: Desk, status: int) -> None:
    desk.wire.post_faults.append(Fault(status, created=True))
    await desk.tick()
    await desk.assert_arrived_once()


async def test_retries_back_off(desk: Desk) -> None:
    desk.wire.post_faults.extend(Fault(503) for _ in range(8))
    began, tried = desk.clock.now, []
    for minute in range(120):
        sent = len(desk.wire.bodies)
        await desk.tick(minutes=1 if minute else 0)
        tried += [round((desk.clock.now - began) / timedelta(minutes=1))] if len(desk.wire.bodies) > sent else []
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize("others", [0, 250])
async def test_after_two_minutes_the_channel_history_is_searched_before_anything_is_sent_again(
    desk: Desk, others: int
) -> None:
    for number in range(others):
        desk.wire.chat(desk.channel, f"good morning {number}")
    desk.wire.post_faults.append(Fault(created=True))
    await desk.tick()
    await desk.tick(minutes=5)
    assert desk.wire.histories == others // 100 + 1
    assert len(desk.wire.bodies) == 1
    await desk.assert_arrived_once()


async def test_a_message_is_found_though_discords_clock_is_five_minutes_behind(desk: Desk) -> None:
    desk.wire.clock = lambda: desk.clock.now - timedelta(minutes=5)
    desk.wire.post_faults.append(Fault(created=True))
    await desk.tick()
    await desk.tick(minutes=5)
    assert len(desk.wire.bodies) == 1
    await desk.assert_arrived_once()


async def test_when_history_shows_no_message_it_is_sent_once(desk: Desk) -> None:
    desk.wire.post_faults.append(Fault())
    await desk.tick()
    desk.wire.chat(desk.channel, "no papers today?")
    await desk.tick(minutes=5)
    assert desk.wire.histories == 1
    await desk.assert_arrived_once()


async def test_nothing_is_sent_again_while_the_history_cannot_be_searched(desk: Desk) -> None:
    desk.wire.post_faults.append(Fault(created=True))
    desk.wire.history_faults.extend([Fault(503), Fault(503), rate_limit(1, via=False)])
    await desk.tick()
    for _ in range(4):
        await desk.tick(minutes=8)
    assert len(desk.wire.bodies) == 1
    await desk.assert_arrived_once()


@pytest.mark.parametrize("later", [rate_limit(1, via=False), rate_limit(3600), Fault(401), Fault(503)])
async def test_a_second_try_that_fails_does_not_make_the_first_forgotten(desk: Desk, later: Fault) -> None:
    desk.wire.post_faults.extend([Fault(created=True), later])
    await desk.tick()
    await desk.tick(minutes=1)
    await desk.tick(minutes=2)  # since the second try two minutes, since the message three
    await desk.assert_arrived_once()


async def test_a_rate_limit_after_a_server_error_does_not_make_the_message_forgotten(desk: Desk) -> None:
    desk.wire.post_faults.extend([Fault(500, created=True), rate_limit(1, via=False)])  # one request to discord.py
    await desk.tick()
    await desk.tick(minutes=5)
    await desk.assert_arrived_once()


async def test_without_read_message_history_nothing_is_sent_twice(desk: Desk) -> None:
    desk.wire.post_faults.append(Fault(created=True))
    await desk.tick()
    desk.channel.denied = Permissions(read_message_history=True)
    await desk.learn(desk.channel, "guild_channel_update")
    await desk.tick(minutes=5)
    await desk.tick(minutes=5)
    assert len(desk.channel.digests) == 1
    standing = await desk.standing()
    assert standing.state is SubscriptionState.SUSPENDED
    assert standing.reason == Reason(ReasonKind.HISTORY_HIDDEN)
    assert len(desk.guild.general.messages) == 1


async def test_a_message_in_doubt_is_recorded_once_the_history_may_be_read_again(desk: Desk) -> None:
    desk.wire.post_faults.append(Fault(created=True))
    await desk.tick()
    desk.channel.denied = Permissions(read_message_history=True)
    await desk.learn(desk.channel, "guild_channel_update")
    await desk.tick(minutes=5)
    desk.channel.denied = Permissions.none()
    await desk.learn(desk.channel, "guild_channel_update")
    await desk.resume()
    await desk.tick(hours=1)
    await desk.assert_arrived_once()
    await desk.tick(days=1)
    first, second = desk.channel.digests
    assert not set(first.papers) & set(second.papers)


async def test_a_message_in_doubt_in_a_channel_that_is_gone_does_not_hold_up_the_next_channel(desk: Desk) -> None:
    desk.wire.post_faults.append(Fault(created=True))
    await desk.tick()
    desk.channel.refusal = Fault(404, 10003)
    await desk.tick(minutes=5)
    assert (await desk.standing()).state is SubscriptionState.SUSPENDED
    other = desk.wire.add_guild()
    await desk.learn(other, "guild_available")
    await desk.edit(channel=other.papers)
    for _ in range(2):
        await desk.tick(days=1)
    assert (await desk.standing()).state is SubscriptionState.ACTIVE
    assert other.papers.digests


async def test_what_a_channel_refuses_after_the_subscription_was_moved_does_not_suspend_it(desk: Desk) -> None:
    desk.wire.post_faults.append(Fault(503))
    await desk.tick()
    await desk.edit(channel=desk.guild.general)
    desk.channel.refusal = Fault(403, 50013)
    await desk.tick(minutes=1)
    assert (await desk.standing()).state is SubscriptionState.ACTIVE
    await desk.tick(days=1)
    assert len(desk.guild.general.digests) == 1


async def test_a_delayed_digest_is_not_posted_in_the_channel_its_subscription_has_left(desk: Desk) -> None:
    desk.wire.post_faults.append(Fault(503))
    await desk.tick()
    await desk.edit(channel=desk.guild.general)
    await desk.tick(minutes=3)
    assert desk.channel.digests == []
    await desk.tick(days=1)
    assert len(desk.guild.general.digests) == 1


async def test_a_send_that_hangs_is_left_and_costs_no_other_server_its_digest(
    house: House, wire: Wire, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "ANSWER_SECONDS", 2)
    guilds = [wire.add_guild() for _ in range(3)]
    for guild in guilds:
        await subscribe(house, guild)
    clock.advance(hours=1)
    hanging = asyncio.Event()
    wire.post_faults.append(Fault(200, created=True, meanwhile=hanging.wait))
    async with running_bot(house, wire) as bot:
        await bot.courier.tick(clock())
        assert [len(guild.papers.digests) for guild in guilds] == [1, 1, 1]
        hanging.set()
        clock.advance(minutes=1)
        await bot.courier.tick(clock())
    assert [len(guild.papers.digests) for guild in guilds] == [1, 1, 1]
    assert len(wire.bodies) == 3


async def test_a_global_rate_limit_longer_than_our_patience_does_not_stop_every_later_digest(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "ANSWER_SECONDS", 0.1)
    limit = rate_limit(3)
    desk.wire.post_faults.append(
        replace(limit, headers=limit.headers | {"X-RateLimit-Global": "true"}, known=limit.known | {"global": True})
    )
    for minutes in (0, 1):
        await desk.tick(minutes=minutes)
        (waiting,) = await desk.deliveries()
        assert (waiting.state, waiting.reason) == (DeliveryState.PLANNED, Reason(ReasonKind.DISCORD_SILENT))
    await asyncio.sleep(3)  # Discord's own clock: the limit is over
    await desk.tick(minutes=3)
    await desk.assert_arrived_once()
    assert len(desk.wire.bodies) == 2


async def test_a_history_that_hangs_costs_no_other_server_its_digest(
    house: House, wire: Wire, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SEARCH_SECONDS", 0.3)
    doubtful, other = wire.add_guild(), wire.add_guild()
    await subscribe(house, doubtful)
    clock.advance(hours=1)
    hanging = asyncio.Event()
    wire.post_faults.append(Fault(created=True))
    wire.history_faults.append(Fault(200, meanwhile=hanging.wait))
    async with running_bot(house, wire) as bot:
        await bot.courier.tick(clock())
        await subscribe(house, other)
        clock.advance(days=1)
        await bot.courier.tick(clock())
        assert len(other.papers.digests) == 1
        hanging.set()


async def test_a_search_of_a_busy_channel_goes_on_where_it_was_until_it_ends(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SEARCH_SECONDS", 1)
    for _ in range(250):
        desk.wire.chat(desk.channel, "chat")  # the digest stands on the third page
    desk.wire.post_faults.append(Fault(created=True))
    await desk.tick()
    reading = asyncio.Event()
    desk.wire.history_faults.extend([Fault(200), Fault(200, meanwhile=reading.wait)])
    for _ in range(3):
        await desk.tick(minutes=30)
        assert desk.wire.histories <= 2
    reading.set()
    await desk.tick(minutes=30)
    await desk.assert_arrived_once()
    assert (desk.wire.histories, len(desk.wire.bodies)) == (3, 1)


async def test_a_search_goes_on_where_it_was_after_a_restart(desk: Desk, house: House) -> None:
    for _ in range(250):
        desk.wire.chat(desk.channel, "chat")
    desk.wire.post_faults.append(Fault(created=True))
    await desk.tick()
    desk.wire.history_faults.extend([Fault(200), Fault(200), Fault(503)])
    await desk.tick(minutes=30)
    assert desk.wire.histories == 3
    async with running_bot(house, desk.wire) as bot:
        await bot.courier.tick(desk.clock.advance(hours=1))
    await desk.assert_arrived_once()
    assert (desk.wire.histories, len(desk.wire.bodies)) == (4, 1)


@pytest.mark.parametrize("created", [True, False])
async def test_a_doubt_that_no_search_can_end_is_ended_after_a_day_and_told(desk: Desk, created: bool) -> None:
    desk.wire.post_faults.append(Fault(created=created))
    await desk.tick()
    desk.wire.history_faults.extend([Fault(503)] * 999)
    for _ in range(6):
        await desk.tick(hours=4, minutes=1)
    doubtful, *_ = reversed(await desk.deliveries())
    assert (doubtful.state, doubtful.reason) == (DeliveryState.FAILED, Reason(ReasonKind.IN_DOUBT))
    (told,) = desk.guild.general.messages
    assert "could not find out whether the last digest reached" in told.body["content"]
    said = standing(await desk.standing(), await desk.deliveries(), [])
    assert "perhaps posted. I could not find out whether it arrived. So that nothing is posted twice" in said
    await desk.tick(hours=4)
    papers = [paper for message in desk.channel.digests for paper in message.papers]
    assert len(papers) == len(set(papers))
    assert set(papers) >= {f"2601.{number:05}" for number in range(11, 16)}, "the next digest came"


async def test_a_channel_that_is_hidden_while_a_digest_is_in_doubt_is_named_as_hidden(desk: Desk) -> None:
    desk.wire.post_faults.append(Fault(created=True))
    await desk.tick()
    desk.channel.denied = Permissions(view_channel=True)
    await desk.learn(desk.channel, "guild_channel_update")
    await desk.tick(minutes=1)
    assert (await desk.standing()).reason == HIDDEN


async def test_a_subscription_that_cannot_be_read_costs_no_other_its_digest(
    house: House, wire: Wire, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    guilds = [wire.add_guild() for _ in range(2)]
    for guild in guilds:
        await subscribe(house, guild)
    with closing(sqlite3.connect(tmp_path / "paperboy.db")) as connection, connection:
        connection.execute("UPDATE subscriptions SET zone = 'Atlantis/Poseidonis' WHERE id = 1")
    clock.advance(hours=1)
    async with running_bot(house, wire) as bot:
        await bot.courier.tick(clock())
    assert [len(guild.papers.digests) for guild in guilds] == [0, 1]
    assert "subscription 1 cannot be read" in caplog.text


async def test_a_new_subscription_does_not_wait_for_days_it_does_not_need(
    house: House, wire: Wire, clock: Clock, papers_server: FrailPapers
) -> None:
    papers_server.unservable = frozenset({DAY - timedelta(days=3)})
    guild = wire.add_guild()
    await subscribe(house, guild)
    clock.advance(hours=1)
    async with running_bot(house, wire) as bot:
        await bot.courier.tick(clock())
    assert len(guild.papers.digests) == 1


async def test_a_quiet_day_is_told_where_each_paper_has_its_thread(
    house: House, wire: Wire, clock: Clock, papers_server: FrailPapers
) -> None:
    papers_server.lists = {DAY: entries(5), NEXT_DAY: entries(5, NEXT_DAY)}  # all of them again
    async with opened_desk(house, wire, clock, discussion=Discussion.HIGHLIGHT, quiet_line=True) as desk:
        await desk.tick()
        await desk.tick(days=1)
        quiet, _ = await desk.deliveries()
        assert (quiet.state, quiet.reason) == (DeliveryState.QUIET, None)
        assert "Nothing new today" in str(desk.channel.messages[-1].body)


async def test_a_bug_that_strikes_each_time_does_not_hold_up_the_next_digest(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(delivery, "delivery_message", lambda *_, **__: 1 / 0)
        await desk.tick()
        await desk.tick(minutes=30)
        (stuck,) = await desk.deliveries()
        assert (stuck.state, stuck.attempts) == (DeliveryState.PLANNED, 2)
        assert "on its way, delayed. I ran into a bug" in standing(await desk.standing(), [stuck], [])
        await desk.tick(days=1)
    caplog.clear()
    assert (await desk.deliveries())[-1].state is DeliveryState.FAILED
    await desk.tick(days=1)
    (message,) = desk.channel.digests
    assert "2601.00001" in message.papers, "what could not be sent comes with the next"


async def test_several_subscriptions_that_lose_one_channel_tell_the_server_once(
    house: House, wire: Wire, clock: Clock
) -> None:
    guild = wire.add_guild()
    for _ in range(3):
        await subscribe(house, guild)
    guild.papers.refusal = Fault(404, 10003)
    clock.advance(hours=1)
    async with running_bot(house, wire) as bot:
        await bot.courier.tick(clock())
    assert len(guild.general.messages) == 1


async def test_a_lost_gateway_connection_does_not_lose_the_digest(desk: Desk) -> None:
    await desk.wire.gateway.drop()
    await desk.tick()
    assert await desk.wire.gateway.arrivals.get() == "resume"
    await desk.tick(minutes=1)
    await desk.assert_arrived_once()


async def test_a_gateway_session_that_discord_forgot_does_not_lose_the_digest(desk: Desk) -> None:
    await desk.wire.gateway.drop(forget=True)
    assert await desk.wire.gateway.arrivals.get() == "identify"
    await desk.tick()
    await desk.assert_arrived_once()


async def test_a_gateway_lost_while_sending_does_not_lose_the_digest(desk: Desk) -> None:
    desk.wire.post_faults.append(Fault(200, created=True, meanwhile=desk.wire.gateway.drop))
    await desk.tick()
    assert await desk.wire.gateway.arrivals.get() == "resume"
    await desk.assert_arrived_once()


async def test_a_server_that_discord_calls_unavailable_gets_its_digest_once(
    house: House, wire: Wire, clock: Clock
) -> None:
    guild = wire.add_guild()
    guild.available = False
    subscription = await subscribe(house, guild)
    wire.post_faults.append(Fault(created=True))
    async with running_bot(house, wire) as bot:
        desk = Desk(bot, wire, clock, house.storage, guild, subscription)
        await desk.tick(hours=1)
        await desk.tick(minutes=5)
        (delivery,) = await desk.deliveries()
        assert delivery.state is DeliveryState.PLANNED
        assert delivery.reason
        assert not wire.bodies
        await desk.learn(guild, "guild_available")
        await desk.tick(minutes=5)
        await desk.tick(minutes=10)
        await desk.assert_arrived_once()


async def test_one_servers_failure_does_not_cost_another_its_digest(desk: Desk, house: House) -> None:
    closed, patient = desk.wire.add_guild(), desk.wire.add_guild()
    await desk.learn(closed, "guild_available")
    await desk.learn(patient, "guild_available")
    suspended = await subscribe(house, closed)
    await subscribe(house, patient)
    closed.papers.refusal = Fault(403, 50013)
    patient.papers.refusal = Fault(503)
    for days in (0, 1, 1):
        await desk.tick(days=days)
    assert [len(desk.channel.digests), len(closed.papers.digests), len(patient.papers.digests)] == [2, 0, 0]
    standing = await house.storage.subscriptions.get(suspended.id)
    assert standing
    assert standing.state is SubscriptionState.SUSPENDED
    assert standing.reason == LACKING
    (told,) = [each.body["content"] for each in closed.general.messages if each.body.get("content")]  # beside a welcome
    assert explain(LACKING) in told
    patient.papers.refusal = None
    await desk.tick(days=1)
    assert len(patient.papers.digests) == 1


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (404, 10003, GONE),
        (403, 50001, HIDDEN),
        (403, 50013, LACKING),
    ],
)
async def test_a_channel_that_is_gone_or_closed_suspends_its_subscription(
    desk: Desk, status: int, code: int, reason: Reason
) -> None:
    desk.channel.refusal = Fault(status, code)
    await desk.tick()
    await desk.tick(days=1)
    standing = await desk.standing()
    assert (standing.state, standing.reason) == (SubscriptionState.SUSPENDED, reason)
    assert desk.wire.requests.count(f"POST /channels/{desk.channel.id}/messages") == 1
    assert len(desk.guild.general.messages) == 1


async def test_a_bot_in_time_out_says_so_and_names_no_permission_that_it_has(desk: Desk) -> None:
    desk.guild.timed_out_until = datetime(2999, 1, 1, tzinfo=UTC)
    await desk.learn(desk.guild, "guild_available")
    await desk.tick()
    standing = await desk.standing()
    in_time_out = Reason(ReasonKind.IN_TIME_OUT, until=desk.guild.timed_out_until)
    assert (standing.state, standing.reason) == (SubscriptionState.SUSPENDED, in_time_out)
    assert not desk.wire.bodies


async def test_a_bot_that_is_an_administrator_posts_whatever_its_time_out_says(desk: Desk) -> None:
    desk.guild.everybody_may = Permissions(administrator=True)
    desk.guild.timed_out_until = datetime(2999, 1, 1, tzinfo=UTC)
    await desk.learn(desk.guild, "guild_available")
    await desk.tick()
    await desk.assert_arrived_once()


@pytest.mark.parametrize(("status", "code"), [(400, 30034), (403, 0), (503, 0), (None, 0)])
async def test_a_bot_whose_commands_discord_refuses_starts_and_posts(
    house: House, wire: Wire, clock: Clock, status: int | None, code: int
) -> None:
    wire.commands_refusal = Fault(status, code)
    guild = wire.add_guild()
    await subscribe(house, guild)
    clock.advance(hours=1)
    async with running_bot(house, wire) as bot:
        await bot.courier.tick(clock())
    assert len(guild.papers.digests) == 1


async def test_a_server_that_cannot_be_told_is_suspended_all_the_same(desk: Desk) -> None:
    desk.channel.refusal = desk.guild.general.refusal = Fault(403, 50013)
    await desk.tick()
    assert (await desk.standing()).state is SubscriptionState.SUSPENDED


async def test_a_message_discord_takes_in_no_form_fails_that_run_but_not_the_subscription(desk: Desk) -> None:
    await desk.tick()
    desk.wire.post_faults.append(Fault(400, 50008))
    await desk.tick(days=1)
    failed, sent = await desk.deliveries()
    assert (failed.state, sent.state) == (DeliveryState.FAILED, DeliveryState.SENT)
    assert failed.reason == Reason(ReasonKind.MESSAGE_REFUSED, number=50008)
    assert (await desk.standing()).state is SubscriptionState.ACTIVE
    await desk.tick(days=1)
    first, second = desk.channel.digests
    assert second.papers == [f"2601.{number:05}" for number in range(11, 16)]
    assert not set(first.papers) & set(second.papers)


async def test_a_digest_that_never_arrived_is_given_up_to_the_next(desk: Desk) -> None:
    await desk.tick()
    desk.wire.post_faults.append(Fault())
    await desk.tick(days=1)
    await desk.tick(days=1)
    sent, failed, _ = await desk.deliveries()
    assert (sent.state, failed.state) == (DeliveryState.SENT, DeliveryState.FAILED)
    assert [len(message.papers) for message in desk.channel.digests] == [5, 5]
    assert desk.channel.digests[1].papers == [f"2601.{number:05}" for number in range(11, 16)]
    assert sent.post
    assert desk.channel.digests[1].id == sent.post.message_id


async def test_a_digest_found_when_the_next_is_due_is_recorded_and_not_repeated(desk: Desk) -> None:
    await desk.tick()
    desk.wire.post_faults.append(Fault(created=True))
    await desk.tick(days=1)
    await desk.tick(days=1)
    quiet, found, _ = await desk.deliveries()
    assert (quiet.state, found.state) == (DeliveryState.QUIET, DeliveryState.SENT)
    assert found.post
    assert desk.channel.digests[1].id == found.post.message_id
    papers = [paper for message in desk.channel.digests for paper in message.papers]
    assert len(papers) == len(set(papers)) == 10


async def test_a_subscription_edited_while_its_digest_is_composed_is_not_posted_as_it_was(
    desk: Desk, papers_server: FrailPapers
) -> None:
    other = desk.guild.general

    async def edit() -> None:
        papers_server.meanwhile = None
        await desk.edit(channel=other, size=2)

    papers_server.meanwhile = edit
    await desk.tick()
    assert not desk.wire.bodies
    await desk.tick(minutes=1)
    assert not desk.channel.digests
    assert [len(message.papers) for message in other.digests] == [2]


async def test_a_restart_while_the_papers_api_is_down_posts_once_it_is_back(
    house: House, wire: Wire, clock: Clock, papers_server: FrailPapers
) -> None:
    guild = wire.add_guild()
    subscription = await subscribe(house, guild)
    papers_server.down = True
    for _ in range(2):
        async with running_bot(house, wire) as bot:
            desk = Desk(bot, wire, clock, house.storage, guild, subscription)
            await desk.tick(hours=1)
            assert (await desk.standing()).reason == API_DOWN
            assert not await desk.deliveries()
    papers_server.down = False
    async with running_bot(house, wire) as bot:
        desk = replace(desk, bot=bot)
        await desk.tick(minutes=3)
        await desk.tick(minutes=1)
        await desk.assert_arrived_once()
    assert (await desk.standing()).reason is None


async def test_lists_read_after_their_days_closed_do_while_the_papers_api_is_down(
    desk: Desk, papers_server: FrailPapers
) -> None:
    for earlier in range(7):
        await desk.bot.house.archive.refresh(DAY - timedelta(days=earlier), desk.clock.now)
    papers_server.down = True
    await desk.tick(hours=1)
    await desk.assert_arrived_once()


async def test_the_token_is_in_no_log_record_and_in_no_message(
    house: House, wire: Wire, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    guild = wire.add_guild()
    subscription = await subscribe(house, guild)
    wire.post_faults.extend([Fault(), Fault(503), Fault(401), rate_limit(0.1), Fault(400, 50035)])
    async with running_bot(house, wire) as bot:
        desk = Desk(bot, wire, clock, house.storage, guild, subscription)
        await desk.tick(hours=1)
        await wire.gateway.drop()
        for _ in range(5):
            await desk.tick(hours=1)
    assert set(wire.authorizations) == {f"Bot {TOKEN}"}
    assert len(wire.bodies) >= 5
    logged = [caplog.handler.format(record) for record in caplog.records]
    assert any("IDENTIFY" in line for line in logged)
    assert not [line for line in logged if TOKEN in line]
    assert TOKEN not in str(wire.bodies)
