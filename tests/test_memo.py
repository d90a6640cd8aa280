"""What is read of the archive for one subscription serves all of the minute, until the archive changes."""

import asyncio
from datetime import date, timedelta

import pytest

from bot.app import House
from bot.composing.memo import Memo
from bot.digest import latest_closed_day
from bot.storage import Storage
from tests.builders import DAY, Clock, paper, wish

EARLIER = DAY - timedelta(days=1)


async def test_those_who_ask_at_once_wait_for_one_reading() -> None:
    memo, readings = Memo[int](2), 0

    async def read() -> int:
        nonlocal readings
        await asyncio.sleep(0)
        readings += 1
        return readings

    assert await asyncio.gather(*(memo.get("one", read) for _ in range(5))) == [1] * 5
    assert await asyncio.gather(*(memo.get(key, read) for key in ("two", "three"))) == [2, 3]
    assert await memo.get("one", read) == 4, "the oldest of three is not kept by a memo of two"


async def test_a_reading_that_fails_is_made_again() -> None:
    memo = Memo[str](2)

    async def fail() -> str:
        raise TimeoutError

    async def read() -> str:
        return "read"

    with pytest.raises(TimeoutError):
        await memo.get("one", fail)
    assert await memo.get("one", read) == "read"


async def previewed(house: House, clock: Clock) -> list[str]:
    digest = await house.composer.preview(wish(), 1, clock.now, run_at=clock.now)
    return [each.paper.id for each in digest.highlights]


async def test_a_digest_knows_what_the_archive_learned_since_the_last(house: House, clock: Clock) -> None:
    first = await previewed(house, clock)
    day = latest_closed_day(clock.now)
    await house.storage.papers.record(day, [paper("2601.99999", upvotes=9_999)], clock.now)
    assert await previewed(house, clock) == ["2601.99999", *first][: len(first)]


async def listed(storage: Storage, day: date) -> list[str]:
    return [each.paper.id for each in await storage.papers.candidates(day, day)]


async def test_a_paper_found_on_an_earlier_list_has_changed_and_one_found_there_again_has_not(
    storage: Storage, clock: Clock
) -> None:
    await storage.papers.record(DAY, [paper("2601.00001")], clock.now)
    before = await storage.papers.last_change()
    await storage.papers.record(EARLIER, [paper("2601.00001", day=EARLIER)], clock.now)
    after = await storage.papers.last_change()
    assert after == before + 1
    assert await listed(storage, EARLIER) == ["2601.00001"]
    await storage.papers.record(EARLIER, [paper("2601.00001", day=EARLIER)], clock.now)
    assert await storage.papers.last_change() == after
