"""Digests of several messages, threads and announcements on the wire: whatever happens, each is made once."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.app import Services
from bot.channels.announcement import AnnouncementChannel
from bot.reasons import Reason, ReasonKind
from bot.storage import DeliveryState, SubscriptionState
from bot.subscription.settings import Threads
from tests.support.builders import LACKING, MORNING, OUTAGE, Clock
from tests.support.delivery_rig import (
    DeliveryRig,
    assert_complete,
    open_rig,
    restart_dispatcher,
    running_bot,
    subscribe,
)
from tests.support.wire import Fault, Kind, Wire, rate_limit

DUE = MORNING + timedelta(hours=1)

PUBLISHED_AN_HOUR = AnnouncementChannel.abilities.publish_limit


@pytest.fixture
async def apart(services: Services, wire: Wire, clock: Clock) -> AsyncIterator[DeliveryRig]:
    """A rig whose server wants each highlight in a message with its thread."""
    async with open_rig(services, wire, clock, size=3, threads=Threads.PER_PAPER) as opened:
        yield opened


@pytest.fixture
async def news(services: Services, wire: Wire, clock: Clock) -> AsyncIterator[DeliveryRig]:
    """A rig whose server wants its digests published, with a thread."""
    async with open_rig(services, wire, clock, Kind.NEWS, publish=True, threads=Threads.PER_DIGEST) as opened:
        yield opened


# A digest of several messages


async def test_a_rejection_after_some_messages_arrived_leaves_the_rest_to_the_next_digest(apart: DeliveryRig) -> None:
    apart.wire.post_faults.extend([Fault(200, created=True), Fault(200, created=True), Fault(400, 160006)])
    await apart.tick()
    (failed,) = await apart.deliveries()
    assert failed.state is DeliveryState.FAILED
    first, second = apart.channel.digests
    assert [each.paper.id for each in failed.digest.highlights] == first.papers + second.papers
    assert [thread.id for thread in apart.channel.threads] == [first.id, second.id]
    await apart.tick(days=1)
    sent, _ = await apart.deliveries()
    assert "2601.00003" in [each.paper.id for each in sent.digest.highlights]
    papers = [paper for message in apart.channel.digests for paper in message.papers]
    assert len(papers) == len(set(papers)) == 5


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.FORUM])
async def test_a_permission_lost_after_some_messages_arrived_leaves_the_rest_to_the_next_digest(
    services: Services, wire: Wire, clock: Clock, kind: Kind
) -> None:
    async with open_rig(services, wire, clock, kind, size=3, threads=Threads.PER_PAPER) as rig:
        wire.post_faults.extend([Fault(200, created=True), Fault(403, 50013)])
        await rig.tick()
        (failed,) = await rig.deliveries()
        assert failed.state is DeliveryState.FAILED
        assert [each.paper.id for each in failed.digest.highlights] == ["2601.00001"]
        assert (await rig.get_subscription()).state is SubscriptionState.SUSPENDED
        await rig.resume()
        await rig.tick(days=1)
        papers = [paper for message in rig.channel.digests for paper in message.papers]
        assert sorted(papers) == ["2601.00001", "2601.00002", "2601.00011", "2601.00012"]


@pytest.mark.parametrize("created", [False, True], ids=["never made", "answer lost"])
@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.FORUM])
async def test_a_digest_that_arrived_in_part_is_recorded_and_the_rest_comes_with_the_next(
    services: Services, wire: Wire, clock: Clock, kind: Kind, created: bool
) -> None:
    async with open_rig(services, wire, clock, kind, size=3, threads=Threads.PER_PAPER) as rig:
        wire.post_faults.extend([Fault(200, created=True), Fault(503, created=created)])
        await rig.tick()
        await rig.tick(days=1)
        sent, half = await rig.deliveries()
        assert (half.state, half.reason) == (DeliveryState.FAILED, OUTAGE)
        assert sent.state is DeliveryState.SENT
        arrived = [message.message_id for each in (half, sent) for message in each.messages if message.message_id]
        assert [message.id for message in rig.channel.digests] == arrived
        assert len(rig.channel.threads) == len(arrived)
        papers = [paper for message in rig.channel.digests for paper in message.papers]
        assert len(papers) == len(set(papers)) == 4 + created
        assert "2601.00002" in papers


async def test_two_digests_in_a_row_that_do_not_arrive_are_reported_once(forum: DeliveryRig) -> None:
    forum.wire.post_faults.extend([Fault(503), Fault(503), Fault(200, created=True), Fault(503), Fault(503)])
    for told in (0, 0, 1, 1):
        await forum.tick(days=1)
        assert len(forum.guild.general.messages) == told
    failed = [each.state for each in await forum.deliveries()].count(DeliveryState.FAILED)
    assert failed == 3
    (message,) = forum.guild.general.messages
    assert message.body["content"].startswith(f"Two digests in a row didn't reach <#{forum.channel.id}>. ")


# Threads and publishing


@pytest.mark.parametrize("gone", ["before its thread", "before it is published"])
async def test_a_message_deleted_before_it_is_complete_does_not_hold_up_the_next_digest(
    news: DeliveryRig, gone: str
) -> None:
    async def delete() -> None:
        news.channel.messages.clear()

    if gone == "before its thread":
        news.wire.post_faults.append(Fault(200, created=True, meanwhile=delete))
    else:
        news.wire.thread_faults.append(Fault(200, created=True, meanwhile=delete))
    await news.tick()
    (delivery,) = await news.deliveries()
    assert (delivery.state, delivery.reason) == (DeliveryState.SENT, None)
    await news.tick(days=1)
    assert len(news.channel.digests) == 1


async def test_a_digest_counts_as_sent_without_the_thread_it_may_not_open_and_says_so(news: DeliveryRig) -> None:
    news.wire.thread_faults.append(Fault(403, 50013))
    await news.tick()
    (delivery,) = await news.deliveries()
    assert (delivery.state, delivery.reason) == (DeliveryState.SENT, LACKING)


@pytest.mark.parametrize("failing", ["thread_faults", "publish_faults"])
async def test_a_digest_that_cannot_be_completed_before_the_next_counts_as_sent(
    news: DeliveryRig, failing: str
) -> None:
    getattr(news.wire, failing).extend([Fault(503)] * 8)
    await news.tick()
    for _ in range(5):
        await news.tick(minutes=40)
    (delivery,) = await news.deliveries()
    assert (delivery.state, delivery.reason) == (DeliveryState.PLANNED, OUTAGE)
    news.clock.now = DUE
    await news.tick(days=1)
    second, first = await news.deliveries()
    assert (first.state, first.reason) == (DeliveryState.SENT, OUTAGE)
    getattr(news.wire, failing).clear()
    await news.tick(hours=1)
    second, _ = await news.deliveries()
    assert (second.state, second.reason) == (DeliveryState.SENT, None)
    assert len(news.channel.digests) == 2


async def test_the_eleventh_message_of_an_hour_is_published_later_and_the_delivery_waits_for_it(
    services: Services, wire: Wire, clock: Clock
) -> None:
    guild = wire.add_guild(Kind.NEWS)
    many = [await subscribe(services, guild, repeats=True, publish=True) for _ in range(PUBLISHED_AN_HOUR + 2)]
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.run_due(clock())
        assert len(guild.papers.digests) == 12
        for _ in range(11):
            states = [(await services.storage.deliveries.list_latest(each.id))[0].state for each in many]
            assert states.count(DeliveryState.SENT) == 10
            await bot.dispatcher.run_due(clock.advance(minutes=5))
        for _ in range(8):
            await bot.dispatcher.run_due(clock.advance(minutes=5))
    states = [(await services.storage.deliveries.list_latest(each.id))[0].state for each in many]
    assert states == [DeliveryState.SENT] * 12
    assert all(message.crossposted for message in guild.papers.digests)
    assert len(guild.papers.crossposts) == len(guild.papers.digests) == 12


async def test_no_more_than_ten_requests_to_publish_are_made_in_any_hour(
    services: Services, wire: Wire, clock: Clock
) -> None:
    guild, other = wire.add_guild(Kind.NEWS), wire.add_guild(Kind.NEWS)
    for _ in range(5):
        await subscribe(services, guild, repeats=True, publish=True, threads=Threads.PER_PAPER)
    await subscribe(services, other, publish=True)
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        dispatcher = restart_dispatcher(bot)
        await dispatcher.run_due(clock())
        assert len(other.papers.crossposts) == 1  # each channel is counted for itself
        for _ in range(60):
            await dispatcher.run_due(clock.advance(minutes=5))
    asked = guild.papers.crossposts
    assert max(sum(timedelta(0) <= later - at < timedelta(hours=1) for later in asked) for at in asked) == 10
    assert len(asked) == 25
    assert all(message.crossposted for message in guild.papers.digests)


async def test_a_publish_limit_that_discord_already_sees_reached_delays_the_digest(news: DeliveryRig) -> None:
    news.wire.publish_faults.append(rate_limit(3000, bucket="crossposts"))
    await news.tick()
    (delivery,) = await news.deliveries()
    assert (delivery.state, delivery.reason) == (DeliveryState.PLANNED, Reason(ReasonKind.RATE_LIMITED))
    await news.tick(hours=1)
    (delivery,) = await news.deliveries()
    assert_complete(news.channel, delivery)
