"""`make faults` would see what is wrong in a channel, and repeats what a seed chose."""

from collections.abc import AsyncIterator, Callable

import pytest

from bot.app import House
from bot.subscription.settings import Discussion
from faults.judging import STRICT, Leniency, wrongs
from faults.matrix import measure, rounds, wrong
from tests.builders import Clock
from tests.desk import Desk, loopback, no_bug, opened_desk, two_lists  # noqa: F401
from tests.wire import Fault, Kind, Wire

LISTED = [f"2601.{number:05}" for number in range(1, 8)]


@pytest.fixture
async def desk(house: House, wire: Wire, clock: Clock) -> AsyncIterator[Desk]:
    posting = {"publish": True, "discussion": Discussion.DIGEST}
    async with opened_desk(house, wire, clock, Kind.NEWS, size=7, **posting) as opened:
        yield opened


async def judged(desk: Desk, excused: Leniency = STRICT) -> list[str]:
    return list(wrongs(desk.channel, await desk.deliveries(), LISTED, excused))


async def test_a_channel_in_which_all_is_well_has_nothing_wrong(desk: Desk) -> None:
    await desk.tick()
    assert await judged(desk) == []


def post_twice(desk: Desk) -> None:
    desk.channel.messages *= 2


def lose(desk: Desk) -> None:
    desk.channel.messages.clear()


def close_thread(desk: Desk) -> None:
    desk.channel.threads.clear()


def withdraw(desk: Desk) -> None:
    desk.channel.messages[0].crossposted = False


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
async def test_what_is_wrong_in_a_channel_is_seen(desk: Desk, spoil: Callable[[Desk], None], said: str) -> None:
    await desk.tick()
    spoil(desk)
    assert [line for line in await judged(desk) if line.startswith(said)]


async def test_a_digest_that_is_given_up_is_wrong_unless_its_fault_excuses_it(desk: Desk) -> None:
    desk.wire.post_faults.extend([Fault(503)] * 20)
    await desk.tick()
    await desk.tick(days=1)
    desk.wire.post_faults.clear()
    await desk.tick(hours=1)
    lost = "lost: 2601.00005, 2601.00006, 2601.00007"  # the next digest has the best of two days
    assert await judged(desk) == [lost, "2026-01-16 is failed: discord_failed number=503"]
    assert await judged(desk, Leniency(given_up=True)) == [lost]


async def test_a_row_of_the_matrix_is_run_for_every_destination_and_place() -> None:
    (one,) = rounds(seed=1, at_random=0, named=["answer lost, done"])
    assert [wrong(await measure([one], lambda _: None)), len(one.runs)] == [[], 16]


def test_a_seed_chooses_the_same_faults_again() -> None:
    first, again, other = (rounds(seed, 5, ["at random"]) for seed in (1, 1, 2))
    troubles = [
        [[(fault.status, fault.created) for fault in run.trouble.post_faults] for run in each[0].runs]
        for each in (first, again, other)
    ]
    assert troubles[0] == troubles[1] != troubles[2]
