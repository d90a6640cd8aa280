"""The time from a digest's candidates to its JSON body, compared with sorting them and writing that JSON.

Also: composing for many subscriptions of one minute, compared with reading the archive for each of them.
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
from bot.app import open_services
from bot.composing.composer import Composer
from bot.composing.paper_filter import PaperFilter
from bot.digest import Candidate, Digest, choose_highlights, get_closing_time, get_latest_closed_day
from bot.papers import Paper
from bot.papers.api import PapersAPI
from bot.ranking import rank_papers
from bot.reasons import Reason, ReasonKind
from bot.storage import Storage, Subscription
from bot.subscription.schedule import find_next_run
from bot.subscription.settings import DigestSettings, Selection
from tests.support.builders import build_settings, digest_message

DAYS, TIMES = 60, 20
QUERIES, SIZES = ("", "model", "learning", "min:5", "video OR image"), (5, 10)
ALL_SETTINGS = [
    replace(build_settings(channel), selection=Selection(size, filter=query))
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

    wanted = replace(build_settings(), selection=Selection(size))

    def whole() -> list[object]:
        digest = choose_highlights(candidates, (day,), day, wanted.selection)
        return list(digest_message(digest, wanted, "0" * 24).to_components())  # type: ignore[no-untyped-call]

    body = whole()
    return median_ms(whole, TIMES), median_ms(lambda: (rank_papers(listed)[:size], json.dumps(body)), TIMES)


async def measure_many(folder: Path, papers: dict[date, list[Paper]]) -> Figure:
    """Thousands of subscriptions that are due in the same minute, with ten different settings."""
    latest = dict(list(papers.items())[-DAYS:])
    day = max(latest)
    now = get_closing_time(day) + timedelta(hours=2)
    async with (
        PapersAPI("http://127.0.0.1:9") as api,
        open_services(folder / "many.db", api, clock=lambda: now) as services,
    ):
        for listed_on, listed in latest.items():
            await services.storage.papers.record_list(listed_on, listed, now)
        await services.archive.update_index()
        subscriptions = [await _recurring(services.storage, each, now) for each in ALL_SETTINGS]

        def unshared() -> Composer:
            return Composer(
                services.storage, services.archive, PaperFilter(services.storage, services.archive, services.search)
            )

        async def cpu_ms(times: int, composer: Callable[[], Composer]) -> float:
            began = time.process_time()
            for each in islice(cycle(subscriptions), times):
                assert (await composer().compose_digest(each, now)).highlights
            return (time.process_time() - began) * 1000 / times

        return Figure(
            f"compose for {TOGETHER:,} subscriptions with ten settings, CPU each",
            await cpu_ms(TOGETHER, lambda: services.composer),
            await cpu_ms(ALONE, unshared),
            "ms",
            "reading the archive for each",
            "at most 0.125 ×",
        )


async def _recurring(storage: Storage, settings: DigestSettings, now: datetime) -> Subscription:
    """A subscription that had its digests until the day before."""
    before = now - timedelta(days=1)
    run = find_next_run(settings.schedule, before)
    following = find_next_run(settings.schedule, before, after=run.date)
    added = await storage.subscriptions.add(1, settings, by=1, now=before, next_run=run)
    quiet = Digest(get_latest_closed_day(before), reason=Reason(ReasonKind.NO_PAPERS_LISTED))
    await storage.deliveries.plan_delivery(added, run, following, quiet, nonces=[], now=before)
    (current,) = [each for each in await storage.subscriptions.list_for_server(1) if each.id == added.id]
    return current
