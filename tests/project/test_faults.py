"""`make faults` would see what is wrong in a channel, and repeats what a seed chose."""

from collections.abc import AsyncIterator, Callable

import pytest

from bot.app import Services
from bot.demo.papers_server import PapersServer
from bot.subscription.settings import Threads
from faults.judging import STRICT, Leniency, wrongs
from faults.matrix import measure, rounds, wrong
from tests.support.builders import Clock
from tests.support.delivery_rig import DeliveryRig, open_rig
from tests.support.papers_server import list_two_days
from tests.support.wire import Fault, Kind, Wire

LISTED = [f"2601.{number:05}" for number in range(1, 8)]


@pytest.fixture
def papers_server() -> PapersServer:
    return list_two_days()


@pytest.fixture
async def rig(services: Services, wire: Wire, clock: Clock) -> AsyncIterator[DeliveryRig]:
    posting = {"publish": True, "threads": Threads.PER_DIGEST}
    async with open_rig(services, wire, clock, Kind.NEWS, size=7, **posting) as opened:
        yield opened


async def judged(rig: DeliveryRig, excused: Leniency = STRICT) -> list[str]:
    return list(wrongs(rig.channel, await rig.deliveries(), LISTED, excused))


async def test_a_channel_in_which_all_is_well_has_nothing_wrong(rig: DeliveryRig) -> None:
    await rig.tick()
    assert await judged(rig) == []


def post_twice(rig: DeliveryRig) -> None:
    rig.channel.messages *= 2


def lose(rig: DeliveryRig) -> None:
    rig.channel.messages.clear()


def close_thread(rig: DeliveryRig) -> None:
    rig.channel.threads.clear()


def withdraw(rig: DeliveryRig) -> None:
    rig.channel.messages[0].crossposted = False


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (post_twice, "twice: 2601.00001, "),
        (lose, "lost: 2601.00001, "),
        (lose, "recorded are other messages than stand there"),
        (close_thread, "2026-01-16 lacks a thread"),
        (withdraw, "2026-01-16 is not published"),
    ],
)
async def test_whatever_is_wrong_in_a_channel_is_noticed(
    rig: DeliveryRig, spoil: Callable[[DeliveryRig], None], said: str
) -> None:
    await rig.tick()
    spoil(rig)
    assert [line for line in await judged(rig) if line.startswith(said)]


async def test_a_failed_digest_is_reported_unless_its_fault_explains_it(rig: DeliveryRig) -> None:
    rig.wire.post_faults.extend([Fault(503)] * 20)
    await rig.tick()
    await rig.tick(days=1)
    rig.wire.post_faults.clear()
    await rig.tick(hours=1)
    lost = "lost: 2601.00005, 2601.00006, 2601.00007"  # the next digest has the best of two days
    assert await judged(rig) == [lost, "2026-01-16 is failed: discord_failed number=503"]
    assert await judged(rig, Leniency(given_up=True)) == [lost]


async def test_a_row_of_the_matrix_runs_for_every_destination_and_place() -> None:
    (one,) = rounds(seed=1, at_random=0, named=["answer lost, done"])
    assert [wrong(await measure([one], lambda _: None)), len(one.runs)] == [[], 17]


def test_a_seed_chooses_the_same_faults_again() -> None:
    first, again, other = (rounds(seed, 5, ["at random"]) for seed in (1, 1, 2))
    troubles = [
        [[(fault.status, fault.created) for fault in run.trouble.post_faults] for run in each[0].runs]
        for each in (first, again, other)
    ]
    assert troubles[0] == troubles[1] != troubles[2]
