"""A digest from candidates to the body that is sent; against sorting them, and writing that body as JSON.

And composing for many subscriptions of one minute; against reading the archive for each of them.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import cycle, islice, product
from pathlib import Path

from bench.figures import Figure, median_ms
from bot.app import open_house
from bot.composing.composer import Composer
from bot.composing.filter import Filter
from bot.digest import Candidate, Digest, closed_at, compose, latest_closed_day
from bot.papers import Paper
from bot.papers.api import PapersAPI
from bot.ranking import ranked
from bot.reasons import Reason, ReasonKind
from bot.storage import Storage, Subscription
from bot.subscription.schedule import first_run
from bot.subscription.settings import Taste, Wish
from tests.support.builders import digest_message, wish

DAYS, TIMES = 60, 20
QUERIES, SIZES = ("", "model", "learning", "min:5", "video OR image"), (5, 10)
WISHES = [
    replace(wish(channel), taste=Taste(size, query=query))
    for channel, (size, query) in enumerate(product(SIZES, QUERIES), 1)
]
TOGETHER, ALONE = 10_000, 200  # subscriptions


def measure(papers: dict[date, list[Paper]]) -> Iterator[Figure]:
    latest = {day: listed for day, listed in list(papers.items())[-DAYS:] if listed}
    for size in (5, 10):
        ours, floor = zip(*(_one(day, listed, size) for day, listed in latest.items()), strict=True)
        yield Figure(
            f"compose and lay out a digest of {size}",
            statistics.median(ours),
            statistics.median(floor),
            "ms",
            "sort the papers, dump the same body",
        )


def _one(day: date, listed: list[Paper], size: int) -> tuple[float, float]:
    candidates = [Candidate(paper, frozenset({day})) for paper in listed]

    wanted = replace(wish(), taste=Taste(size))

    def whole() -> list[object]:
        digest = compose(candidates, (day,), day, wanted.taste)
        return list(digest_message(digest, wanted, "0" * 24).to_components())  # type: ignore[no-untyped-call]

    body = whole()
    return median_ms(whole, TIMES), median_ms(lambda: (ranked(listed)[:size], json.dumps(body)), TIMES)


async def measure_many(folder: Path, papers: dict[date, list[Paper]]) -> Figure:
    """Ten distinct wishes, of thousands of subscriptions that are due in one minute."""
    latest = dict(list(papers.items())[-DAYS:])
    day = max(latest)
    now = closed_at(day) + timedelta(hours=2)
    async with PapersAPI("http://127.0.0.1:9") as api, open_house(folder / "many.db", api, clock=lambda: now) as house:
        for listed_on, listed in latest.items():
            await house.storage.papers.record(listed_on, listed, now)
        await house.archive.index()
        subscriptions = [await _recurring(house.storage, each, now) for each in WISHES]

        def unshared() -> Composer:
            return Composer(house.storage, house.archive, Filter(house.storage, house.archive, house.search))

        async def cpu_ms(times: int, composer: Callable[[], Composer]) -> float:
            began = time.process_time()
            for each in islice(cycle(subscriptions), times):
                assert (await composer().digest_for(each, now)).highlights
            return (time.process_time() - began) * 1000 / times

        return Figure(
            f"compose for {TOGETHER:,} subscriptions with ten wishes, CPU each",
            await cpu_ms(TOGETHER, lambda: house.composer),
            await cpu_ms(ALONE, unshared),
            "ms",
            "reading the archive for each",
            "at most 0.125 ×",
        )


async def _recurring(storage: Storage, wished: Wish, now: datetime) -> Subscription:
    """A subscription that has had its digests until the day before."""
    before = now - timedelta(days=1)
    run = first_run(wished.timetable, before)
    following = first_run(wished.timetable, before, after=run.date)
    added = await storage.subscriptions.add(1, wished, by=1, now=before, next_run=run)
    quiet = Digest(latest_closed_day(before), reason=Reason(ReasonKind.NO_PAPERS_LISTED))
    await storage.deliveries.plan(added, run, following, quiet, nonces=[], now=before)
    (current,) = [each for each in await storage.subscriptions.of_guild(1) if each.id == added.id]
    return current
