"""Delivery on the wire: whatever happens to a request or an answer, a digest arrives once."""

import asyncio
import logging
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from discord import Permissions

from bot.app import Services
from bot.delivery import sending as delivery
from bot.layouts.reasons import explain_reason
from bot.layouts.subscriptions import describe_status
from bot.reasons import Reason, ReasonKind
from bot.storage import DeliveryState, SubscriptionState
from bot.subscription.settings import Threads
from tests.support.builders import API_DOWN, DAY, FRIDAY, GONE, HIDDEN, LACKING, Clock, entries
from tests.support.delivery_rig import DeliveryRig, open_rig, running_bot, subscribe
from tests.support.papers_server import FrailPapers
from tests.support.wire import TOKEN, Fault, Wire, rate_limit


async def test_a_digest_arrives_once_with_its_nonce_and_mentions_nobody(rig: DeliveryRig) -> None:
    await rig.tick()
    await rig.tick(minutes=1)
    await rig.assert_arrived_once()
    (body,) = rig.wire.bodies
    assert len(body["nonce"]) <= 25
    assert body["enforce_nonce"] is True
    assert body["allowed_mentions"] == {"parse": []}


async def test_a_dropped_answer_after_the_message_was_created_leads_to_one_message(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick()
    (delivery,) = await rig.deliveries()
    assert delivery.state is DeliveryState.PLANNED
    assert delivery.reason == Reason(ReasonKind.DISCORD_UNREACHABLE)
    await rig.tick(minutes=1)
    await rig.assert_arrived_once()
    assert len(rig.wire.bodies) == 1


async def test_a_message_that_the_history_does_not_show_yet_is_known_by_its_nonce(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick()
    rig.guild.papers.denied = Permissions(read_message_history=True)  # unannounced: the history is empty
    await rig.tick(minutes=1)
    await rig.assert_arrived_once()
    assert len({body["nonce"] for body in rig.wire.bodies}) == 1
    assert len(rig.wire.bodies) == 2


async def test_a_connection_dropped_before_the_message_was_created_leads_to_one_message(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault())
    await rig.tick()
    await rig.tick(minutes=1)
    await rig.assert_arrived_once()


async def test_a_429_with_via_is_waited_out_and_the_digest_arrives_once(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(rate_limit(0.2))
    await rig.tick()
    await rig.assert_arrived_once()
    assert len(rig.wire.bodies) == 2


async def test_a_429_that_would_take_an_hour_does_not_hold_up_the_others(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(rate_limit(3600))
    await rig.tick()
    assert not rig.channel.digests
    await rig.tick(minutes=1)
    await rig.assert_arrived_once()


async def test_a_429_without_via_is_tried_again_later(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(rate_limit(0.2, via=False))
    await rig.tick()
    assert not rig.channel.digests
    await rig.tick(seconds=59)
    assert len(rig.wire.bodies) == 1
    await rig.tick(seconds=1)
    await rig.assert_arrived_once()


async def test_a_503_is_tried_again_with_the_same_nonce(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault(503))
    await rig.tick()
    await rig.tick(minutes=1)
    await rig.assert_arrived_once()
    first, second = rig.wire.bodies
    assert first == second


@pytest.mark.parametrize("status", [500, 502])
async def test_a_server_error_after_the_message_was_created_leads_to_one_message(rig: DeliveryRig, status: int) -> None:
    rig.wire.post_faults.append(Fault(status, created=True))
    await rig.tick()
    await rig.assert_arrived_once()


async def test_retries_back_off(rig: DeliveryRig) -> None:
    rig.wire.post_faults.extend(Fault(503) for _ in range(8))
    began, tried = rig.clock.now, []
    for minute in range(120):
        sent = len(rig.wire.bodies)
        await rig.tick(minutes=1 if minute else 0)
        tried += [round((rig.clock.now - began) / timedelta(minutes=1))] if len(rig.wire.bodies) > sent else []
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize("others", [0, 250])
async def test_after_two_minutes_the_channel_history_is_searched_before_anything_is_sent_again(
    rig: DeliveryRig, others: int
) -> None:
    for number in range(others):
        rig.wire.chat(rig.channel, f"good morning {number}")
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick()
    await rig.tick(minutes=5)
    assert rig.wire.histories == others // 100 + 1
    assert len(rig.wire.bodies) == 1
    await rig.assert_arrived_once()


async def test_a_message_is_found_though_discords_clock_is_five_minutes_behind(rig: DeliveryRig) -> None:
    rig.wire.clock = lambda: rig.clock.now - timedelta(minutes=5)
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick()
    await rig.tick(minutes=5)
    assert len(rig.wire.bodies) == 1
    await rig.assert_arrived_once()


async def test_when_history_shows_no_message_it_is_sent_once(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault())
    await rig.tick()
    rig.wire.chat(rig.channel, "no papers today?")
    await rig.tick(minutes=5)
    assert rig.wire.histories == 1
    await rig.assert_arrived_once()


async def test_nothing_is_sent_again_while_the_history_cannot_be_searched(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault(created=True))
    rig.wire.history_faults.extend([Fault(503), Fault(503), rate_limit(1, via=False)])
    await rig.tick()
    for _ in range(4):
        await rig.tick(minutes=8)
    assert len(rig.wire.bodies) == 1
    await rig.assert_arrived_once()


@pytest.mark.parametrize("later", [rate_limit(1, via=False), rate_limit(3600), Fault(401), Fault(503)])
async def test_a_second_try_that_fails_does_not_make_the_first_forgotten(rig: DeliveryRig, later: Fault) -> None:
    rig.wire.post_faults.extend([Fault(created=True), later])
    await rig.tick()
    await rig.tick(minutes=1)
    await rig.tick(minutes=2)  # since the second try two minutes, since the message three
    await rig.assert_arrived_once()


async def test_a_rate_limit_after_a_server_error_does_not_make_the_message_forgotten(rig: DeliveryRig) -> None:
    rig.wire.post_faults.extend([Fault(500, created=True), rate_limit(1, via=False)])  # one request to discord.py
    await rig.tick()
    await rig.tick(minutes=5)
    await rig.assert_arrived_once()


async def test_without_read_message_history_nothing_is_sent_twice(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick()
    rig.channel.denied = Permissions(read_message_history=True)
    await rig.learn(rig.channel, "guild_channel_update")
    await rig.tick(minutes=5)
    await rig.tick(minutes=5)
    assert len(rig.channel.digests) == 1
    standing = await rig.get_subscription()
    assert standing.state is SubscriptionState.SUSPENDED
    assert standing.reason == Reason(ReasonKind.HISTORY_HIDDEN)
    assert len(rig.guild.general.messages) == 1


async def test_a_message_in_doubt_is_recorded_once_the_history_may_be_read_again(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick()
    rig.channel.denied = Permissions(read_message_history=True)
    await rig.learn(rig.channel, "guild_channel_update")
    await rig.tick(minutes=5)
    rig.channel.denied = Permissions.none()
    await rig.learn(rig.channel, "guild_channel_update")
    await rig.resume()
    await rig.tick(hours=1)
    await rig.assert_arrived_once()
    await rig.tick(days=1)
    first, second = rig.channel.digests
    assert not set(first.papers) & set(second.papers)


async def test_a_message_in_doubt_in_a_channel_that_is_gone_does_not_hold_up_the_next_channel(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick()
    rig.channel.refusal = Fault(404, 10003)
    await rig.tick(minutes=5)
    assert (await rig.get_subscription()).state is SubscriptionState.SUSPENDED
    other = rig.wire.add_guild()
    await rig.learn(other, "guild_available")
    await rig.edit(channel=other.papers)
    for _ in range(2):
        await rig.tick(days=1)
    assert (await rig.get_subscription()).state is SubscriptionState.ACTIVE
    assert other.papers.digests


async def test_what_a_channel_refuses_after_the_subscription_was_moved_does_not_suspend_it(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault(503))
    await rig.tick()
    await rig.edit(channel=rig.guild.general)
    rig.channel.refusal = Fault(403, 50013)
    await rig.tick(minutes=1)
    assert (await rig.get_subscription()).state is SubscriptionState.ACTIVE
    await rig.tick(days=1)
    assert len(rig.guild.general.digests) == 1


async def test_a_delayed_digest_is_not_posted_in_the_channel_its_subscription_has_left(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault(503))
    await rig.tick()
    await rig.edit(channel=rig.guild.general)
    await rig.tick(minutes=3)
    assert rig.channel.digests == []
    await rig.tick(days=1)
    assert len(rig.guild.general.digests) == 1


async def test_a_send_that_hangs_is_left_and_costs_no_other_server_its_digest(
    services: Services, wire: Wire, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "ANSWER_TIMEOUT", 2)
    guilds = [wire.add_guild() for _ in range(3)]
    for guild in guilds:
        await subscribe(services, guild)
    clock.advance(hours=1)
    hanging = asyncio.Event()
    wire.post_faults.append(Fault(200, created=True, meanwhile=hanging.wait))
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.tick(clock())
        assert [len(guild.papers.digests) for guild in guilds] == [1, 1, 1]
        hanging.set()
        clock.advance(minutes=1)
        await bot.dispatcher.tick(clock())
    assert [len(guild.papers.digests) for guild in guilds] == [1, 1, 1]
    assert len(wire.bodies) == 3


async def test_a_global_rate_limit_longer_than_our_patience_does_not_stop_every_later_digest(
    rig: DeliveryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "ANSWER_TIMEOUT", 0.1)
    limit = rate_limit(3)
    rig.wire.post_faults.append(
        replace(limit, headers=limit.headers | {"X-RateLimit-Global": "true"}, known=limit.known | {"global": True})
    )
    for minutes in (0, 1):
        await rig.tick(minutes=minutes)
        (waiting,) = await rig.deliveries()
        assert (waiting.state, waiting.reason) == (DeliveryState.PLANNED, Reason(ReasonKind.DISCORD_SILENT))
    await asyncio.sleep(3)  # Discord's own clock: the limit is over
    await rig.tick(minutes=3)
    await rig.assert_arrived_once()
    assert len(rig.wire.bodies) == 2


async def test_a_history_that_hangs_costs_no_other_server_its_digest(
    services: Services, wire: Wire, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SEARCH_TIMEOUT", 0.3)
    doubtful, other = wire.add_guild(), wire.add_guild()
    await subscribe(services, doubtful)
    clock.advance(hours=1)
    hanging = asyncio.Event()
    wire.post_faults.append(Fault(created=True))
    wire.history_faults.append(Fault(200, meanwhile=hanging.wait))
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.tick(clock())
        await subscribe(services, other)
        clock.advance(days=1)
        await bot.dispatcher.tick(clock())
        assert len(other.papers.digests) == 1
        hanging.set()


async def test_a_search_of_a_busy_channel_goes_on_where_it_was_until_it_ends(
    rig: DeliveryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SEARCH_TIMEOUT", 1)
    for _ in range(250):
        rig.wire.chat(rig.channel, "chat")  # the digest stands on the third page
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick()
    reading = asyncio.Event()
    rig.wire.history_faults.extend([Fault(200), Fault(200, meanwhile=reading.wait)])
    for _ in range(3):
        await rig.tick(minutes=30)
        assert rig.wire.histories <= 2
    reading.set()
    await rig.tick(minutes=30)
    await rig.assert_arrived_once()
    assert (rig.wire.histories, len(rig.wire.bodies)) == (3, 1)


async def test_a_search_goes_on_where_it_was_after_a_restart(rig: DeliveryRig, services: Services) -> None:
    for _ in range(250):
        rig.wire.chat(rig.channel, "chat")
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick()
    rig.wire.history_faults.extend([Fault(200), Fault(200), Fault(503)])
    await rig.tick(minutes=30)
    assert rig.wire.histories == 3
    async with running_bot(services, rig.wire) as bot:
        await bot.dispatcher.tick(rig.clock.advance(hours=1))
    await rig.assert_arrived_once()
    assert (rig.wire.histories, len(rig.wire.bodies)) == (4, 1)


@pytest.mark.parametrize("created", [True, False])
async def test_a_doubt_that_no_search_can_end_is_ended_after_a_day_and_told(rig: DeliveryRig, created: bool) -> None:
    rig.wire.post_faults.append(Fault(created=created))
    await rig.tick()
    rig.wire.history_faults.extend([Fault(503)] * 999)
    for _ in range(6):
        await rig.tick(hours=4, minutes=1)
    doubtful, *_ = reversed(await rig.deliveries())
    assert (doubtful.state, doubtful.reason) == (DeliveryState.FAILED, Reason(ReasonKind.IN_DOUBT))
    (told,) = rig.guild.general.messages
    assert "couldn't find out whether the last digest reached" in told.body["content"]
    said = describe_status(await rig.get_subscription(), await rig.deliveries(), [])
    assert "maybe posted. I couldn't find out whether it arrived. To avoid posting anything twice" in said
    await rig.tick(hours=4)
    papers = [paper for message in rig.channel.digests for paper in message.papers]
    assert len(papers) == len(set(papers))
    assert set(papers) >= {f"2601.{number:05}" for number in range(11, 16)}, "the next digest came"


async def test_a_channel_that_is_hidden_while_a_digest_is_in_doubt_is_named_as_hidden(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick()
    rig.channel.denied = Permissions(view_channel=True)
    await rig.learn(rig.channel, "guild_channel_update")
    await rig.tick(minutes=1)
    assert (await rig.get_subscription()).reason == HIDDEN


async def test_a_subscription_that_cannot_be_read_costs_no_other_its_digest(
    services: Services, wire: Wire, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    guilds = [wire.add_guild() for _ in range(2)]
    for guild in guilds:
        await subscribe(services, guild)
    with closing(sqlite3.connect(tmp_path / "paperboy.db")) as connection, connection:
        connection.execute("UPDATE subscriptions SET timezone = 'Atlantis/Poseidonis' WHERE id = 1")
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.tick(clock())
    assert [len(guild.papers.digests) for guild in guilds] == [0, 1]
    assert "subscription 1 cannot be read" in caplog.text


async def test_a_new_subscription_does_not_wait_for_days_it_does_not_need(
    services: Services, wire: Wire, clock: Clock, papers_server: FrailPapers
) -> None:
    papers_server.unservable = frozenset({DAY - timedelta(days=3)})
    guild = wire.add_guild()
    await subscribe(services, guild)
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.tick(clock())
    assert len(guild.papers.digests) == 1


async def test_a_quiet_day_is_told_where_each_paper_has_its_thread(
    services: Services, wire: Wire, clock: Clock, papers_server: FrailPapers
) -> None:
    papers_server.lists = {DAY: entries(5), FRIDAY: entries(5, FRIDAY)}  # all of them again
    async with open_rig(services, wire, clock, threads=Threads.PER_HIGHLIGHT, quiet_line=True) as rig:
        await rig.tick()
        await rig.tick(days=1)
        quiet, _ = await rig.deliveries()
        assert (quiet.state, quiet.reason) == (DeliveryState.QUIET, None)
        assert "Nothing new today" in str(rig.channel.messages[-1].body)


async def test_a_bug_that_strikes_each_time_does_not_hold_up_the_next_digest(
    rig: DeliveryRig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(delivery, "render_delivery_message", lambda *_, **__: 1 / 0)
        await rig.tick()
        await rig.tick(minutes=30)
        (stuck,) = await rig.deliveries()
        assert (stuck.state, stuck.attempts) == (DeliveryState.PLANNED, 2)
        assert "delayed, but on its way. I ran into a bug" in describe_status(await rig.get_subscription(), [stuck], [])
        await rig.tick(days=1)
    caplog.clear()
    assert (await rig.deliveries())[-1].state is DeliveryState.FAILED
    await rig.tick(days=1)
    (message,) = rig.channel.digests
    assert "2601.00001" in message.papers, "what could not be sent comes with the next"


async def test_several_subscriptions_that_lose_one_channel_tell_the_server_once(
    services: Services, wire: Wire, clock: Clock
) -> None:
    guild = wire.add_guild()
    for _ in range(3):
        await subscribe(services, guild)
    guild.papers.refusal = Fault(404, 10003)
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.tick(clock())
    assert len(guild.general.messages) == 1


async def test_a_lost_gateway_connection_does_not_lose_the_digest(rig: DeliveryRig) -> None:
    await rig.wire.gateway.drop()
    await rig.tick()
    assert await rig.wire.gateway.arrivals.get() == "resume"
    await rig.tick(minutes=1)
    await rig.assert_arrived_once()


async def test_a_gateway_session_that_discord_forgot_does_not_lose_the_digest(rig: DeliveryRig) -> None:
    await rig.wire.gateway.drop(forget=True)
    assert await rig.wire.gateway.arrivals.get() == "identify"
    await rig.tick()
    await rig.assert_arrived_once()


async def test_a_gateway_lost_while_sending_does_not_lose_the_digest(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault(200, created=True, meanwhile=rig.wire.gateway.drop))
    await rig.tick()
    assert await rig.wire.gateway.arrivals.get() == "resume"
    await rig.assert_arrived_once()


async def test_a_server_that_discord_calls_unavailable_gets_its_digest_once(
    services: Services, wire: Wire, clock: Clock
) -> None:
    guild = wire.add_guild()
    guild.available = False
    subscription = await subscribe(services, guild)
    wire.post_faults.append(Fault(created=True))
    async with running_bot(services, wire) as bot:
        rig = DeliveryRig(bot, wire, clock, services.storage, guild, subscription)
        await rig.tick(hours=1)
        await rig.tick(minutes=5)
        (delivery,) = await rig.deliveries()
        assert delivery.state is DeliveryState.PLANNED
        assert delivery.reason
        assert not wire.bodies
        await rig.learn(guild, "guild_available")
        await rig.tick(minutes=5)
        await rig.tick(minutes=10)
        await rig.assert_arrived_once()


async def test_one_servers_failure_does_not_cost_another_its_digest(rig: DeliveryRig, services: Services) -> None:
    closed, patient = rig.wire.add_guild(), rig.wire.add_guild()
    await rig.learn(closed, "guild_available")
    await rig.learn(patient, "guild_available")
    suspended = await subscribe(services, closed)
    await subscribe(services, patient)
    closed.papers.refusal = Fault(403, 50013)
    patient.papers.refusal = Fault(503)
    for days in (0, 1, 1):
        await rig.tick(days=days)
    assert [len(rig.channel.digests), len(closed.papers.digests), len(patient.papers.digests)] == [2, 0, 0]
    standing = await services.storage.subscriptions.get(suspended.id)
    assert standing
    assert standing.state is SubscriptionState.SUSPENDED
    assert standing.reason == LACKING
    (told,) = [each.body["content"] for each in closed.general.messages if each.body.get("content")]  # beside a welcome
    assert explain_reason(LACKING) in told
    patient.papers.refusal = None
    await rig.tick(days=1)
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
    rig: DeliveryRig, status: int, code: int, reason: Reason
) -> None:
    rig.channel.refusal = Fault(status, code)
    await rig.tick()
    await rig.tick(days=1)
    standing = await rig.get_subscription()
    assert (standing.state, standing.reason) == (SubscriptionState.SUSPENDED, reason)
    assert rig.wire.requests.count(f"POST /channels/{rig.channel.id}/messages") == 1
    assert len(rig.guild.general.messages) == 1


async def test_a_bot_in_time_out_says_so_and_names_no_permission_that_it_has(rig: DeliveryRig) -> None:
    rig.guild.timed_out_until = datetime(2999, 1, 1, tzinfo=UTC)
    await rig.learn(rig.guild, "guild_available")
    await rig.tick()
    standing = await rig.get_subscription()
    in_time_out = Reason(ReasonKind.IN_TIME_OUT, until=rig.guild.timed_out_until)
    assert (standing.state, standing.reason) == (SubscriptionState.SUSPENDED, in_time_out)
    assert not rig.wire.bodies


async def test_a_bot_that_is_an_administrator_posts_whatever_its_time_out_says(rig: DeliveryRig) -> None:
    rig.guild.everybody_may = Permissions(administrator=True)
    rig.guild.timed_out_until = datetime(2999, 1, 1, tzinfo=UTC)
    await rig.learn(rig.guild, "guild_available")
    await rig.tick()
    await rig.assert_arrived_once()


@pytest.mark.parametrize(("status", "code"), [(400, 30034), (403, 0), (503, 0), (None, 0)])
async def test_a_bot_whose_commands_discord_refuses_starts_and_posts(
    services: Services, wire: Wire, clock: Clock, status: int | None, code: int
) -> None:
    wire.commands_refusal = Fault(status, code)
    guild = wire.add_guild()
    await subscribe(services, guild)
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.tick(clock())
    assert len(guild.papers.digests) == 1


async def test_a_server_that_cannot_be_told_is_suspended_all_the_same(rig: DeliveryRig) -> None:
    rig.channel.refusal = rig.guild.general.refusal = Fault(403, 50013)
    await rig.tick()
    assert (await rig.get_subscription()).state is SubscriptionState.SUSPENDED


async def test_a_message_discord_takes_in_no_form_fails_that_run_but_not_the_subscription(rig: DeliveryRig) -> None:
    await rig.tick()
    rig.wire.post_faults.append(Fault(400, 50008))
    await rig.tick(days=1)
    failed, sent = await rig.deliveries()
    assert (failed.state, sent.state) == (DeliveryState.FAILED, DeliveryState.SENT)
    assert failed.reason == Reason(ReasonKind.MESSAGE_REJECTED, number=50008)
    assert (await rig.get_subscription()).state is SubscriptionState.ACTIVE
    await rig.tick(days=1)
    first, second = rig.channel.digests
    assert second.papers == [f"2601.{number:05}" for number in range(11, 16)]
    assert not set(first.papers) & set(second.papers)


async def test_a_digest_that_never_arrived_is_given_up_to_the_next(rig: DeliveryRig) -> None:
    await rig.tick()
    rig.wire.post_faults.append(Fault())
    await rig.tick(days=1)
    await rig.tick(days=1)
    sent, failed, _ = await rig.deliveries()
    assert (sent.state, failed.state) == (DeliveryState.SENT, DeliveryState.FAILED)
    assert [len(message.papers) for message in rig.channel.digests] == [5, 5]
    assert rig.channel.digests[1].papers == [f"2601.{number:05}" for number in range(11, 16)]
    assert sent.posted_message
    assert rig.channel.digests[1].id == sent.posted_message.message_id


async def test_a_digest_found_when_the_next_is_due_is_recorded_and_not_repeated(rig: DeliveryRig) -> None:
    await rig.tick()
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick(days=1)
    await rig.tick(days=1)
    quiet, found, _ = await rig.deliveries()
    assert (quiet.state, found.state) == (DeliveryState.QUIET, DeliveryState.SENT)
    assert found.posted_message
    assert rig.channel.digests[1].id == found.posted_message.message_id
    papers = [paper for message in rig.channel.digests for paper in message.papers]
    assert len(papers) == len(set(papers)) == 10


async def test_a_subscription_edited_while_its_digest_is_composed_is_not_posted_as_it_was(
    rig: DeliveryRig, papers_server: FrailPapers
) -> None:
    other = rig.guild.general

    async def edit() -> None:
        papers_server.meanwhile = None
        await rig.edit(channel=other, size=2)

    papers_server.meanwhile = edit
    await rig.tick()
    assert not rig.wire.bodies
    await rig.tick(minutes=1)
    assert not rig.channel.digests
    assert [len(message.papers) for message in other.digests] == [2]


async def test_a_restart_while_the_papers_api_is_down_posts_once_it_is_back(
    services: Services, wire: Wire, clock: Clock, papers_server: FrailPapers
) -> None:
    guild = wire.add_guild()
    subscription = await subscribe(services, guild)
    papers_server.down = True
    for _ in range(2):
        async with running_bot(services, wire) as bot:
            rig = DeliveryRig(bot, wire, clock, services.storage, guild, subscription)
            await rig.tick(hours=1)
            assert (await rig.get_subscription()).reason == API_DOWN
            assert not await rig.deliveries()
    papers_server.down = False
    async with running_bot(services, wire) as bot:
        rig = replace(rig, bot=bot)
        await rig.tick(minutes=3)
        await rig.tick(minutes=1)
        await rig.assert_arrived_once()
    assert (await rig.get_subscription()).reason is None


async def test_lists_read_after_their_days_closed_do_while_the_papers_api_is_down(
    rig: DeliveryRig, papers_server: FrailPapers
) -> None:
    for earlier in range(7):
        await rig.bot.services.archive.refresh_day(DAY - timedelta(days=earlier), rig.clock.now)
    papers_server.down = True
    await rig.tick(hours=1)
    await rig.assert_arrived_once()


async def test_the_token_is_in_no_log_record_and_in_no_message(
    services: Services, wire: Wire, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    guild = wire.add_guild()
    subscription = await subscribe(services, guild)
    wire.post_faults.extend([Fault(), Fault(503), Fault(401), rate_limit(0.1), Fault(400, 50035)])
    async with running_bot(services, wire) as bot:
        rig = DeliveryRig(bot, wire, clock, services.storage, guild, subscription)
        await rig.tick(hours=1)
        await wire.gateway.drop()
        for _ in range(5):
            await rig.tick(hours=1)
    assert set(wire.authorizations) == {f"Bot {TOKEN}"}
    assert len(wire.bodies) >= 5
    logged = [caplog.handler.format(record) for record in caplog.records]
    assert any("IDENTIFY" in line for line in logged)
    assert not [line for line in logged if TOKEN in line]
    assert TOKEN not in str(wire.bodies)
