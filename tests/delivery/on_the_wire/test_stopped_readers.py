"""A reader stops what they follow while their digest is on its way."""

from collections.abc import AsyncIterator

import pytest

from bot.app import Services
from bot.reasons import Reason, ReasonKind
from bot.storage import INBOX, DeliveryState, How
from tests.support.builders import DAY, Clock
from tests.support.delivery_rig import DeliveryRig, open_rig
from tests.support.wire import Fault, Kind, Wire

STOPPED = Reason(ReasonKind.NOT_FOLLOWED)


@pytest.fixture
async def rig(services: Services, wire: Wire, clock: Clock) -> AsyncIterator[DeliveryRig]:
    """A person whose first digest is due."""
    async with open_rig(services, wire, clock, Kind.PERSON) as opened:
        yield opened


async def follow_again(rig: DeliveryRig) -> None:
    follower = rig.bot.services.follower
    await follower.follow(rig.guild.id, "min:0", How.DAILY, rig.channel.id, None, rig.clock())


@pytest.mark.parametrize("fault", [Fault(), Fault(403), Fault(403, 40003)])
async def test_what_was_planned_before_i_stopped_all_never_comes_also_if_i_follow_again(
    rig: DeliveryRig, fault: Fault
) -> None:
    rig.wire.post_faults.append(fault)
    await rig.tick()
    await rig.bot.services.follower.stop_all(rig.guild.id, rig.clock())
    await rig.tick(minutes=5)
    await follow_again(rig)
    for _ in range(3):
        await rig.tick(minutes=40)
    (delivery,) = await rig.deliveries()
    assert (delivery.state, delivery.reason, rig.channel.digests) == (DeliveryState.FAILED, STOPPED, [])


async def test_papers_that_had_certainly_not_come_when_i_stopped_all_come_after_i_follow_again(
    rig: DeliveryRig,
) -> None:
    rig.wire.post_faults.append(Fault(403, 40003))
    await rig.tick()
    await rig.bot.services.follower.stop_all(rig.guild.id, rig.clock())
    await rig.storage.followed_queries.follow(rig.guild.id, "min:0", How.DAILY, DAY, rig.clock())
    await follow_again(rig)
    await rig.tick(days=1)
    ((message,), delivery) = rig.channel.digests, (await rig.deliveries())[0]
    assert message.papers == [each.paper.id for each in delivery.digest.highlights] != []


async def test_a_digest_that_arrives_while_i_stop_all_is_not_repeated(rig: DeliveryRig) -> None:
    async def stop() -> None:
        await rig.bot.services.follower.stop_all(rig.guild.id, rig.clock())

    rig.wire.post_faults.append(Fault(200, created=True, meanwhile=stop))
    await rig.tick()
    await rig.assert_arrived_once()
    await rig.storage.followed_queries.follow(rig.guild.id, "min:0", How.DAILY, DAY, rig.clock())
    await follow_again(rig)
    await rig.tick(days=1)
    papers = [paper for message in rig.channel.digests for paper in message.papers]
    assert len(papers) == len(set(papers))


async def test_if_its_answer_was_lost_before_i_stopped_all_its_papers_do_not_come_twice(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick()
    await rig.bot.services.follower.stop_all(rig.guild.id, rig.clock())
    await rig.storage.followed_queries.follow(rig.guild.id, "min:0", How.DAILY, DAY, rig.clock())
    await follow_again(rig)
    await rig.tick(minutes=40)
    await rig.tick(days=1)
    papers = [paper for message in rig.channel.digests for paper in message.papers]
    assert len(papers) == len(set(papers))


async def test_a_digest_that_only_one_query_has_brought_stops_with_it_and_others_stay(rig: DeliveryRig) -> None:
    follower = rig.bot.services.follower
    rig.wire.post_faults.extend([Fault(403), Fault(403)])
    await rig.tick()
    other = await follower.follow(rig.guild.id, "tag:nothing", How.DAILY, rig.channel.id, None, rig.clock())
    await follower.stop(rig.guild.id, other.id, rig.clock())
    await rig.tick(minutes=5)
    assert (await rig.deliveries())[0].state is DeliveryState.PLANNED
    await follower.follow(rig.guild.id, "tag:nothing", How.DAILY, rig.channel.id, None, rig.clock())
    inbox = next(each for each in (await follower.get_overview(rig.guild.id)).followed if each.query == INBOX)
    await follower.stop(rig.guild.id, inbox.id, rig.clock())
    await rig.tick(minutes=40)
    assert ((await rig.deliveries())[-1].state, rig.channel.digests) == (DeliveryState.FAILED, [])
