"""Rate limits and server errors: the bot waits, tries again later, and the digest arrives once."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from bot.delivery import sending as delivery
from bot.reasons import Reason, ReasonKind
from bot.storage import DeliveryState
from tests.support.delivery_rig import DeliveryRig
from tests.support.timers import skip_time
from tests.support.wire import Fault, rate_limit


async def test_a_rate_limit_of_discord_is_waited_out_and_the_digest_arrives_once(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(rate_limit(0.2))
    await rig.tick()
    await rig.assert_arrived_once()
    assert len(rig.wire.bodies) == 2


async def test_a_rate_limit_of_an_hour_is_not_waited_for(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(rate_limit(3600))
    await rig.tick()
    assert not rig.channel.digests
    await rig.tick(minutes=2)
    await rig.assert_arrived_once()


async def test_a_429_that_is_not_from_discord_itself_is_tried_again_later(rig: DeliveryRig) -> None:
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
    await rig.tick(minutes=2)
    await rig.assert_arrived_once()
    first, second = rig.wire.bodies
    assert first == second


async def test_retries_back_off(rig: DeliveryRig) -> None:
    rig.wire.post_faults.extend(Fault(503) for _ in range(8))
    began, tried = rig.clock.now, []
    for minute in range(120):
        sent = len(rig.wire.bodies)
        await rig.tick(minutes=1 if minute else 0)
        tried += [round((rig.clock.now - began) / timedelta(minutes=1))] if len(rig.wire.bodies) > sent else []
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert pauses == [1, 2, 4, 8, 16, 30, 30]


async def test_a_global_rate_limit_longer_than_we_wait_does_not_stop_later_digests(
    rig: DeliveryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "ANSWER_TIMEOUT", 0.1)
    limit = rate_limit(30)
    rig.wire.post_faults.append(
        replace(limit, headers=limit.headers | {"X-RateLimit-Global": "true"}, known=limit.known | {"global": True})
    )
    for minutes in (0, 1):
        await rig.tick(minutes=minutes)
        (waiting,) = await rig.deliveries()
        assert (waiting.state, waiting.reason) == (DeliveryState.PLANNED, Reason(ReasonKind.DISCORD_SILENT))
    skip_time(30)  # Discord's own clock: the limit is over
    await rig.tick(minutes=3)
    await rig.assert_arrived_once()
    assert len(rig.wire.bodies) == 2
