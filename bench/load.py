"""The archive under load: indexing it from scratch, starting, searching while it is written to, completing."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

from bench.figures import Figure, Stopwatch, Times, forget_the_past, lateness
from bench.filled_index import NOW, FilledIndex, batches
from bench.queries import asked
from bench.search import find
from bot.app import Services
from bot.papers import Paper
from bot.search import Encoder

SEARCHES = 600
A_DAY = 50  # papers of a daily list
NEW = 5000  # papers of the backfill, before it repeats them with other upvotes
LONGEST_TYPED, EACH_LENGTH = 12, 24
IDLE_SECONDS = 2


async def building(folder: Path, filled: FilledIndex) -> list[Figure]:
    """Indexing from scratch, and how much that delays the event loop."""
    copy = filled.copied(folder, index=False)
    forget_the_past()
    async with lateness() as idle:
        await asyncio.sleep(IDLE_SECONDS)
    async with copy.open() as services, lateness() as late:
        with Stopwatch() as built:
            await services.archive.update_index()
    rate = filled.size / built.seconds
    return [
        Figure(f"index {filled.name} papers from none", rate, None, "papers/s", goal="≥ 5,000"),
        Figure("· the event loop is late, p99", Times(late).p99, Times(idle).p99, "ms", "with nothing to do"),
        Figure("· its longest stall", max(late), max(idle), "ms", "with nothing to do"),
    ]


async def starting(filled: FilledIndex, encoder: Encoder | None) -> list[Figure]:
    """From opening the services to the first answer."""
    text = asked(filled.real)[0].ours
    plain = await _start(filled, None, text)
    figures = [Figure(f"start over {filled.name} papers, to a first answer", plain, None, "ms", goal="< 1,000")]
    if encoder:
        with_it = await _start(filled, encoder, text)
        figures.append(Figure("· with semantic, its model loaded", with_it, plain, "ms", "without"))
    return figures


async def _start(filled: FilledIndex, encoder: Encoder | None, text: str) -> float:
    began = time.perf_counter()
    async with filled.open(encoder) as services:
        await find(services, text)
        return (time.perf_counter() - began) * 1000


async def searching_while_writing(folder: Path, filled: FilledIndex) -> Figure:
    """Searches one after the other: without other work, then while a backfill records days and they are indexed."""
    texts = [query.ours for query in asked(filled.real)]
    copy, new = filled.copied(folder), filled.following(NEW)
    async with copy.open() as services:
        forget_the_past()
        await _searches(services, texts, len(texts))  # warms the caches
        rest = await _searches(services, texts, SEARCHES)
        async with _backfilling(services, new):
            busy = await _searches(services, texts, SEARCHES)
    return Figure(
        f"search among {filled.name} while a backfill writes, p99", busy.p99, rest.p99, "ms", "at rest", "≤ 1.5 ×"
    )


async def _searches(services: Services, texts: Sequence[str], times: int) -> Times:
    taken = []
    for number in range(times):
        with Stopwatch() as watch:
            await find(services, texts[number % len(texts)])
        taken.append(watch.ms)
    return Times(taken)


@asynccontextmanager
async def _backfilling(services: Services, papers: Sequence[Paper]) -> AsyncIterator[None]:
    """Records and indexes day after day, as fast as possible."""

    async def record() -> None:
        for day in _days(papers):
            await services.storage.papers.record_list(day[0].day or NOW.date(), day, NOW)

    async def index() -> None:
        while True:
            await services.archive.update_index()
            await asyncio.sleep(0.01)

    working = [asyncio.create_task(record()), asyncio.create_task(index())]
    try:
        yield
    finally:
        for task in working:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*working)


def _days(papers: Sequence[Paper]) -> Iterator[list[Paper]]:
    """Endless lists; a paper that comes again has one more vote."""
    for more in count():
        yield from batches((replace(paper, upvotes=paper.upvotes + more) for paper in papers), A_DAY)


async def completing(filled: FilledIndex) -> Figure:
    """Suggestions while someone types, letter by letter."""
    every = [text for length in range(1, LONGEST_TYPED + 1) for text in _typed(filled.real, length)]
    taken = []
    async with filled.open() as services:
        forget_the_past()
        for text in every:
            with Stopwatch() as watch:
                await services.completer.complete_query(text, filled.today)
            taken.append(watch.ms)
    times = Times(taken)
    return Figure(
        f"complete 1–{LONGEST_TYPED} letters among {filled.name}, p99",
        times.p99,
        times.median,
        "ms",
        "the median",
        "< 20",
    )


def _typed(papers: Sequence[Paper], length: int) -> list[str]:
    """The beginnings of titles, authors and tags."""
    chance = random.Random(length)
    chosen = [paper for paper in chance.sample(papers, len(papers)) if paper.authors and paper.tags][:EACH_LENGTH]
    texts = ((paper.title, chance.choice(paper.authors), chance.choice(paper.tags)) for paper in chosen)
    return [text[:length] for each in texts for text in each]
