"""Digests that come to a person at once, beside their runs: however many, each once, and never in a run's way."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.app import Services
from bot.storage import DeliveryState
from bot.subscription.schedule import Run
from tests.support.builders import DAY, OUTAGE, Clock, digest, paper
from tests.support.delivery_rig import DeliveryRig, open_rig
from tests.support.wire import Fault, Kind, Wire


@pytest.fixture
async def rig(services: Services, wire: Wire, clock: Clock) -> AsyncIterator[DeliveryRig]:
    """A person whose first run has been sent; the next one is tomorrow."""
    async with open_rig(services, wire, clock, Kind.PERSON, size=2) as opened:
        await opened.tick()
        yield opened


async def come_at_once(rig: DeliveryRig, number: int) -> None:
    """A paper that came up since is planned for the person as the day's digest with this number."""
    shown = paper(f"2602.{number:05}", day=DAY)
    await rig.storage.papers.record_list(DAY - timedelta(days=30 + number), [shown], rig.clock())
    now = rig.clock()
    planned = await rig.storage.deliveries.plan_delivery(
        await rig.get_subscription(),
        Run(now.date(), now),
        None,
        digest(shown),
        nonces=[f"nonce {number}"],
        now=now,
        extra=number,
    )
    assert planned


async def test_more_than_three_come_a_day_each_once_and_the_run_stays(rig: DeliveryRig) -> None:
    next_run = (await rig.get_subscription()).next_run
    for number in range(1, 7):
        await come_at_once(rig, number)
        await rig.tick(minutes=1)
    assert [message.papers for message in rig.channel.digests[1:]] == [[f"2602.{number:05}"] for number in range(1, 7)]
    assert (await rig.get_subscription()).next_run == next_run
    await rig.tick(days=1)
    papers = [paper for message in rig.channel.digests for paper in message.papers]
    assert len(papers) == len(set(papers)) == 2 + 6 + 2


async def test_one_whose_answer_was_lost_is_found(rig: DeliveryRig) -> None:
    await come_at_once(rig, 1)
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick(minutes=1)
    await rig.tick(minutes=5)
    assert len(rig.channel.digests) == 2
    assert (await rig.deliveries())[0].state is DeliveryState.SENT


async def test_one_that_cannot_arrive_gives_way_to_the_run_and_frees_its_paper(rig: DeliveryRig) -> None:
    await come_at_once(rig, 1)
    rig.wire.post_faults.extend([Fault(503)] * 50)
    await rig.tick(minutes=1)
    await rig.tick(hours=22)
    rig.wire.post_faults.clear()
    await rig.tick(hours=2)
    run, extra, _ = await rig.deliveries()
    assert (extra.state, extra.reason, extra.digest.highlights) == (DeliveryState.FAILED, OUTAGE, ())
    assert (run.state, run.extra) == (DeliveryState.SENT, 0)
    assert len(rig.channel.digests) == 2
    assert await rig.storage.deliveries.find_highlighted(rig.subscription.id, ["2602.00001"]) == frozenset()
