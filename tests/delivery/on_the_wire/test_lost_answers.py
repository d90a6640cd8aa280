"""Lost answers: it is unclear whether a message arrived, and it still arrives once."""

import asyncio
from datetime import timedelta

import pytest
from discord import Permissions

from bot.app import Services
from bot.delivery import sending as delivery
from bot.layouts.subscriptions import describe_subscription_status
from bot.reasons import Reason, ReasonKind
from bot.storage import DeliveryState, SubscriptionState
from tests.support.delivery_rig import DeliveryRig, running_bot
from tests.support.wire import Fault, rate_limit


async def test_a_digest_arrives_once_with_its_nonce_and_mentions_nobody(rig: DeliveryRig) -> None:
    await rig.tick()
    await rig.tick(minutes=2)
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
    await rig.tick(minutes=2)
    await rig.assert_arrived_once()
    assert len(rig.wire.bodies) == 1


async def test_a_message_the_history_does_not_show_yet_is_recognised_by_its_nonce(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick()
    rig.guild.papers.denied = Permissions(read_message_history=True)  # unannounced: the history is empty
    await rig.tick(minutes=2)
    await rig.assert_arrived_once()
    assert len({body["nonce"] for body in rig.wire.bodies}) == 1
    assert len(rig.wire.bodies) == 2


async def test_a_connection_dropped_before_the_message_was_created_leads_to_one_message(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault())
    await rig.tick()
    await rig.tick(minutes=2)
    await rig.assert_arrived_once()


@pytest.mark.parametrize("status", [500, 502])
async def test_a_server_error_after_the_message_was_created_leads_to_one_message(rig: DeliveryRig, status: int) -> None:
    rig.wire.post_faults.append(Fault(status, created=True))
    await rig.tick()
    await rig.assert_arrived_once()


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


async def test_a_message_is_found_even_if_the_clock_of_discord_is_five_minutes_behind(rig: DeliveryRig) -> None:
    rig.wire.clock = lambda: rig.clock.now - timedelta(minutes=5)
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick()
    await rig.tick(minutes=5)
    assert len(rig.wire.bodies) == 1
    await rig.assert_arrived_once()


async def test_a_message_that_the_history_does_not_show_is_sent_once(rig: DeliveryRig) -> None:
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
async def test_after_a_second_try_that_fails_the_message_of_the_first_is_still_found(
    rig: DeliveryRig, later: Fault
) -> None:
    rig.wire.post_faults.extend([Fault(created=True), later])
    await rig.tick()
    await rig.tick(minutes=2)
    await rig.tick(minutes=2)  # since the second try two minutes, since the message three
    await rig.assert_arrived_once()


async def test_after_a_server_error_and_a_rate_limit_the_message_is_still_found(rig: DeliveryRig) -> None:
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


async def test_a_search_of_a_busy_channel_goes_on_where_it_was_until_it_ends(
    rig: DeliveryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SEARCH_TIMEOUT", 1)
    for _ in range(250):
        rig.wire.chat(rig.channel, "chat")  # the digest is on the third page
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick()
    reading = asyncio.Event()
    rig.wire.history_faults.extend([Fault(200), Fault(200, meanwhile=reading.wait)])
    for _ in range(3):
        await rig.tick(minutes=30)
        assert rig.wire.histories <= 2
    reading.set()
    monkeypatch.undo()
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
        await bot.dispatcher.run_due(rig.clock.advance(hours=1))
    await rig.assert_arrived_once()
    assert (rig.wire.histories, len(rig.wire.bodies)) == (4, 1)


@pytest.mark.parametrize("created", [True, False])
async def test_if_no_search_succeeds_within_a_day_the_message_counts_as_posted_and_the_server_is_told(
    rig: DeliveryRig, created: bool
) -> None:
    rig.wire.post_faults.append(Fault(created=created))
    await rig.tick()
    rig.wire.history_faults.extend([Fault(503)] * 999)
    for _ in range(6):
        await rig.tick(hours=4, minutes=1)
    doubtful, *_ = reversed(await rig.deliveries())
    assert (doubtful.state, doubtful.reason) == (DeliveryState.FAILED, Reason(ReasonKind.IN_DOUBT))
    (told,) = rig.guild.general.messages
    assert "couldn't find out whether the last digest reached" in told.body["content"]
    said = describe_subscription_status(await rig.get_subscription(), await rig.deliveries(), [])
    assert "maybe posted. I couldn't find out whether it arrived. To avoid posting anything twice" in said
    await rig.tick(hours=4)
    papers = [paper for message in rig.channel.digests for paper in message.papers]
    assert len(papers) == len(set(papers))
    assert set(papers) >= {f"2601.{number:05}" for number in range(11, 16)}, "the next digest came"
