"""Subscriptions that are due in the same minute share what is read of the archive, until it changes."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from bot.app import Services
from bot.composing.cache import Cache
from bot.digest import get_latest_closed_day
from bot.storage import DigestInputs, Storage
from bot.storage.deliveries import Deliveries
from tests.support.builders import DAY, FIRST_RUN, Clock, build_settings, digest, paper, plan, send, subscribe

EARLIER = DAY - timedelta(days=1)


async def test_subscriptions_that_ask_at_once_share_one_reading() -> None:
    memo, readings = Cache[int](2), 0

    async def read() -> int:
        nonlocal readings
        await asyncio.sleep(0)
        readings += 1
        return readings

    assert await asyncio.gather(*(memo.get("one", read) for _ in range(5))) == [1] * 5
    assert await asyncio.gather(*(memo.get(key, read) for key in ("two", "three"))) == [2, 3]
    assert await memo.get("one", read) == 4, "the oldest of three is not kept by a memo of two"


async def test_a_reading_that_failed_is_repeated() -> None:
    memo = Cache[str](2)

    async def fail() -> str:
        raise TimeoutError

    async def read() -> str:
        return "read"

    with pytest.raises(TimeoutError):
        await memo.get("one", fail)
    assert await memo.get("one", read) == "read"


async def previewed(services: Services, clock: Clock) -> list[str]:
    digest = await services.composer.preview_digest(build_settings(), 1, clock.now, run_at=clock.now)
    return [each.paper.id for each in digest.highlights]


async def test_a_digest_knows_what_the_archive_learned_since_the_last_one(services: Services, clock: Clock) -> None:
    first = await previewed(services, clock)
    day = get_latest_closed_day(clock.now)
    await services.storage.papers.record_list(day, [paper("2601.99999", upvotes=9_999)], clock.now)
    assert await previewed(services, clock) == ["2601.99999", *first][: len(first)]


async def test_subscriptions_with_the_same_settings_and_history_get_the_same_digest(
    services: Services, clock: Clock
) -> None:
    subscriptions = [await subscribe(services.storage, guild_id) for guild_id in (1, 2, 3)]
    last = paper("2601.00002", upvotes=60)
    await services.storage.papers.record_list(
        DAY - timedelta(days=1), [replace(last, day=DAY - timedelta(days=1))], clock.now
    )
    before = replace(digest(last), covered_until=DAY - timedelta(days=1))
    await send(services.storage, await plan(services.storage, subscriptions[2], before, run=FIRST_RUN))
    one, two, other = [await services.composer.compose_digest(each, clock.now) for each in subscriptions]
    assert one is two
    assert [each.paper.id for each in one.highlights][:2] == ["2601.00001", "2601.00002"]
    assert [each.paper.id for each in other.highlights][:2] == ["2601.00001", "2601.00003"]


async def listed(storage: Storage, day: date) -> list[str]:
    return [each.paper.id for each in await storage.papers.list_candidates(day, day)]


async def test_a_paper_newly_found_on_an_earlier_list_counts_as_changed_only_once(
    storage: Storage, clock: Clock
) -> None:
    await storage.papers.record_list(DAY, [paper("2601.00001")], clock.now)
    before = await storage.papers.get_last_change()
    await storage.papers.record_list(EARLIER, [paper("2601.00001", day=EARLIER)], clock.now)
    after = await storage.papers.get_last_change()
    assert after == before + 1
    assert await listed(storage, EARLIER) == ["2601.00001"]
    await storage.papers.record_list(EARLIER, [paper("2601.00001", day=EARLIER)], clock.now)
    assert await storage.papers.get_last_change() == after


async def test_a_paper_listed_again_while_a_digest_is_composed_does_not_come_twice(
    services: Services, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was highlighted long ago. A backfill finds it on a list of this week just after that list was read."""
    storage, old = services.storage, DAY - timedelta(days=60)
    await storage.papers.record_list(old, [paper("2601.99999", upvotes=9_999, day=old)], clock.now)
    known = await subscribe(storage)
    await send(storage, await plan(storage, known, digest(paper("2601.99999"))))
    standing = Deliveries.read_digest_inputs

    async def overtaken(self: Deliveries, *asked: Any, **wanted: Any) -> DigestInputs:
        found = await standing(self, *asked, **wanted)
        if found.captured_at:  # the last look before it is composed
            await storage.papers.record_list(closed, [paper("2601.99999", upvotes=9_999, day=closed)], clock.now)
        return found

    closed = get_latest_closed_day(clock.advance(days=1))
    monkeypatch.setattr(Deliveries, "read_digest_inputs", overtaken)
    composed = await services.composer.compose_digest(known, clock.now)
    assert "2601.99999" not in [each.paper.id for each in composed.highlights]
