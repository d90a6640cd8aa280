"""Several processes: what another one may still send is waited for, and who is not sure of its shards sends nothing."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from bot.app import Services
from bot.channels import connecting
from bot.claims import GRACE
from bot.database_address import PostgresAddress
from bot.share import WHOLE
from bot.storage import DeliveryState
from bot.storage.postgres.claims import CONFIRMED_FOR, PostgresClaims
from tests.support.builders import MORNING, Clock
from tests.support.delivery_rig import DESTINATIONS, DeliveryRig, open_rig, restart_dispatcher
from tests.support.wire import Fault, Kind, Wire

DISCORD_TAKES = 10  # seconds, to make a message of a request


@dataclass
class Steady:
    """A clock that tests set."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def steady() -> Steady:
    return Steady()


@pytest.fixture
async def claims(postgres_address: PostgresAddress, steady: Steady) -> AsyncIterator[PostgresClaims]:
    """Those of a process that has just taken its shards."""
    taken = PostgresClaims(postgres_address, WHOLE, steady)
    await taken.take(lambda: MORNING, lambda _: None)
    yield taken
    await taken.close()


@pytest.fixture(params=["a text channel", "a forum"])
async def rig(
    services: Services, wire: Wire, clock: Clock, claims: PostgresClaims, request: pytest.FixtureRequest
) -> AsyncIterator[DeliveryRig]:
    kind, posting = DESTINATIONS[request.param]
    async with open_rig(replace(services, claims=claims), wire, clock, kind, **posting) as opened:
        yield opened


async def test_a_message_of_the_process_before_that_arrives_late_is_not_sent_again(
    rig: DeliveryRig, claims: PostgresClaims, steady: Steady
) -> None:
    rig.wire.post_faults.append(Fault())
    await rig.tick()
    rig.bot.dispatcher = restart_dispatcher(rig.bot)  # the process that takes over
    requests = len(rig.wire.requests)
    await rig.tick(minutes=2)
    assert len(rig.wire.requests) == requests
    (body,) = rig.wire.bodies
    make = rig.wire._create_post if rig.channel.kind is Kind.FORUM else rig.wire._create
    make(rig.channel, body)
    assert not claims.may_look_for_doubtful
    steady.seconds += GRACE
    await rig.tick(minutes=1)
    await rig.assert_arrived_once()
    assert len(rig.wire.bodies) == 1


async def test_what_was_not_attempted_before_is_sent_at_once(rig: DeliveryRig, claims: PostgresClaims) -> None:
    assert not claims.may_look_for_doubtful
    await rig.tick()
    await rig.assert_arrived_once()


async def test_a_process_that_is_not_sure_of_its_shards_sends_when_it_is(
    rig: DeliveryRig, claims: PostgresClaims, steady: Steady
) -> None:
    steady.seconds += CONFIRMED_FOR
    tick = asyncio.create_task(rig.tick())
    while not (planned := await rig.deliveries()) or not planned[0].is_in_doubt:
        assert not rig.wire.bodies
    await claims._check()
    await tick
    await rig.assert_arrived_once()


async def test_a_process_that_has_lost_its_shards_sends_nothing_more(
    rig: DeliveryRig, claims: PostgresClaims, steady: Steady
) -> None:
    steady.seconds += CONFIRMED_FOR
    tick = asyncio.create_task(rig.tick())
    while not (planned := await rig.deliveries()) or not planned[0].is_in_doubt:
        pass
    other, is_waiting = PostgresClaims(claims._address, WHOLE), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(other.take(lambda: MORNING, lambda _: is_waiting.set()))
        await is_waiting.wait()
        await claims._session.close()
        group.create_task(claims.watch())
        await claims.wait_for_loss()
        await tick
    await other.close()
    (delivery,) = await rig.deliveries()
    assert delivery.state is DeliveryState.PLANNED
    assert not rig.wire.bodies


def test_nothing_is_on_its_way_any_more_when_the_grace_is_over() -> None:
    assert CONFIRMED_FOR + connecting.UNACKNOWLEDGED + DISCORD_TAKES < GRACE
