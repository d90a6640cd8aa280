"""What is read of the archive for one subscription serves all of the minute, until the archive changes."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bot.app import House
from bot.composing.memo import Memo
from bot.digest import latest_closed_day
from bot.storage import Standing, Storage
from bot.storage.deliveries import Deliveries
from tests.support.builders import DAY, FIRST_RUN, Clock, digest, paper, plan, send, subscribe, wish

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


async def test_those_with_the_same_wish_and_history_get_the_same_digest(house: House, clock: Clock) -> None:
    subscriptions = [await subscribe(house.storage, guild_id) for guild_id in (1, 2, 3)]
    last = paper("2601.00002", upvotes=60)
    await house.storage.papers.record(DAY - timedelta(days=1), [replace(last, day=DAY - timedelta(days=1))], clock.now)
    before = replace(digest(last), covered_until=DAY - timedelta(days=1))
    await send(house.storage, await plan(house.storage, subscriptions[2], before, run=FIRST_RUN))
    one, two, other = [await house.composer.digest_for(each, clock.now) for each in subscriptions]
    assert one is two
    assert [each.paper.id for each in one.highlights][:2] == ["2601.00001", "2601.00002"]
    assert [each.paper.id for each in other.highlights][:2] == ["2601.00001", "2601.00003"]


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


async def test_a_paper_listed_anew_while_a_digest_is_composed_does_not_come_twice(
    house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was highlighted long ago; a backfill finds it on a list of this week, just after the last look at that."""
    storage, old = house.storage, DAY - timedelta(days=60)
    await storage.papers.record(old, [paper("2601.99999", upvotes=9_999, day=old)], clock.now)
    known = await subscribe(storage)
    await send(storage, await plan(storage, known, digest(paper("2601.99999"))))
    standing = Deliveries.standing

    async def overtaken(self: Deliveries, *asked: Any, **wanted: Any) -> Standing:
        found = await standing(self, *asked, **wanted)
        if found.captured:  # the last look before it is composed
            await storage.papers.record(closed, [paper("2601.99999", upvotes=9_999, day=closed)], clock.now)
        return found

    closed = latest_closed_day(clock.advance(days=1))
    monkeypatch.setattr(Deliveries, "standing", overtaken)
    composed = await house.composer.digest_for(known, clock.now)
    assert "2601.99999" not in [each.paper.id for each in composed.highlights]
