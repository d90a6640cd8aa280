"""Feeds: how long one takes to make, and to send as it is kept; and what a flood does to searches and digests.

The flood comes from a process of its own, which opens a connection for each request, as the port wants it. On a machine
of two cores that process alone slows searches, so it also floods another program, for comparison.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from bench import paced
from bench.figures import Figure, Stopwatch, Times, forget_the_past, lateness
from bench.filled_index import FilledIndex
from bench.queries import asked
from bench.search import find
from bot.app import Services
from bot.client import PaperBot
from bot.feed_addresses import FeedAddresses, FeedFormat
from bot.lookups.feeds import FeedKind, FeedRequest
from bot.web.feed_pages import Result
from bot.web.pages import Pages, build_app
from bot.web.port import open_port

LOCAL = "127.0.0.1"
MADE, KEPT = 60, 150  # times
DIGESTS, A_DAY = 400, 50  # due at once; papers of their day
FLOOD = 1000  # requests a second
SEARCHES, ROUNDS = 50, 5  # in each round: without the flood, with it, and with another program flooded
BETWEEN = 0.02  # seconds between two searches
OF_ALL = "-zzzznothing"  # every paper matches


async def measure(folder: Path, filled: FilledIndex) -> list[Figure]:
    async with filled.open() as services:
        services.search.meaning = None
        bot = PaperBot(services, feeds=FeedAddresses("https://papers.example"), shard_count=1)
        pages = Pages()
        pages.show(bot)
        async with open_port(build_app(pages), LOCAL, 0, pages.feeds.turn_away) as port:
            making = [await _time_making(pages, services, filled, format_) for format_ in FeedFormat]
            kept = await _time_kept(pages, port)
            beside = await _search_beside_flood(services, filled, port)
    return [*making, *kept, *beside, *await _deliver_beside_flood(folder, filled)]


async def _time_making(pages: Pages, services: Services, filled: FilledIndex, format_: FeedFormat) -> Figure:
    """Each time another query that every paper matches, beside a page of what that finds."""
    maker = pages.feeds._maker  # noqa: SLF001  # without its limits
    assert maker
    taken, pages_taken = [], []
    forget_the_past()
    for number in range(MADE):
        query = f"{OF_ALL}{number}"
        with Stopwatch() as watch:
            await maker._make((FeedRequest(FeedKind.SEARCH, query), format_))
        taken.append(watch.ms)
        with Stopwatch() as watch:
            await find(services, query)
        pages_taken.append(watch.ms)
    what = f"make the feed ({format_}) of a query that all {filled.name} papers match, p99"
    return Figure(what, Times(taken).p99, Times(pages_taken).p99, "ms", "a page of the search", "< 50")


async def _time_kept(pages: Pages, port: int) -> list[Figure]:
    """From connecting to the last byte, beside the index page, and how much of it is ours rather than aiohttp's."""
    in_handler: list[float] = []
    answer = pages.feeds._answer  # noqa: SLF001

    async def answer_timed(kind: FeedKind, request: web.Request) -> tuple[web.Response, Result]:
        with Stopwatch() as watch:
            answered = await answer(kind, request)
        in_handler.append(watch.ms)
        return answered

    setattr(pages.feeds, "_answer", answer_timed)  # noqa: B010
    feed, index = "/feeds/search.atom?q=model", "/"
    program = (sys.executable, "-m", "bench.feed_reader", str(port), str(KEPT), feed, index)
    process = await asyncio.create_subprocess_exec(*program, stdout=PIPE)
    printed, _ = await process.communicate()
    setattr(pages.feeds, "_answer", answer)  # noqa: B010
    taken = {path: Times(each) for path, each in json.loads(printed).items()}
    ours, floor = taken[feed], taken[index]
    return [
        Figure("send a feed that is kept, median", ours.median, floor.median, "ms", "the text of /", "< 2"),
        Figure("· p99", ours.p99, floor.p99, "ms", "the text of /"),
        Figure("· of which our handler takes, median", Times(in_handler).median, None, "ms"),
    ]


async def _deliver_beside_flood(folder: Path, filled: FilledIndex) -> list[Figure]:
    """Digests that are due at once, at the pace that Discord allows: each one's place in the queue is its floor."""
    arrived: dict[str, list[float]] = {}
    loops: dict[str, float] = {}
    statuses: Counter[str] = Counter()
    await asyncio.to_thread(folder.mkdir)
    for name in ("rest", "flood"):
        async with paced.open_services_for(
            folder / f"{name}.db", {filled.today: list(filled.real[:A_DAY])}
        ) as services:
            pages = Pages()
            async with (
                open_port(build_app(pages), LOCAL, 0, pages.feeds.turn_away) as port,
                _started(str(port), str(FLOOD)) as flood,
                _flooded(flood if name == "flood" else None, statuses),
                lateness() as delays,
            ):
                arrived[name] = await paced.list_arrivals(services, DIGESTS, pages.show)
            loops[name] = Times(delays).p99
    print(f"beside {DIGESTS} digests, it was answered with {dict(statuses)}")
    what = f"{DIGESTS} digests due beside {FLOOD:,} requests a second: the last arrived"
    return [
        Figure(what, max(arrived["flood"]), max(arrived["rest"]), "s", "without the flood", "≤ 1.1 ×"),
        Figure("· the first", min(arrived["flood"]), min(arrived["rest"]), "s", "without the flood"),
        Figure("· the event loop is late, p99", loops["flood"], loops["rest"], "ms", "without the flood"),
    ]


async def _search_beside_flood(services: Services, filled: FilledIndex, port: int) -> list[Figure]:
    texts = [query.ours for query in asked(filled.real)]
    taken: dict[str, list[float]] = {"rest": [], "flood": [], "other": []}
    late: dict[str, list[float]] = {name: [] for name in taken}
    statuses: Counter[str] = Counter()
    forget_the_past()
    async with _started() as other, _started(str(port), str(FLOOD)) as ours:
        assert other.stdout
        elsewhere = (await other.stdout.readline()).decode().strip()
        async with _started(elsewhere, str(FLOOD)) as theirs:
            for number in range(ROUNDS):
                for name, flooding in {"rest": None, "flood": ours, "other": theirs}.items():
                    async with _flooded(flooding, statuses if name == "flood" else Counter()), lateness() as delays:
                        taken[name] += await _search(services, texts, number)
                    late[name] += delays
    print(f"the flood was answered with {dict(statuses)}")
    times, delays_of = (
        {name: _p95(each) for name, each in taken.items()},
        {n: Times(each).p99 for n, each in late.items()},
    )
    many = f"{FLOOD:,} requests a second"
    return [
        Figure(
            f"search among {filled.name} beside {many} for feeds, p95", times["flood"], times["rest"], "ms", "at rest"
        ),
        Figure("· the same", times["flood"], times["other"], "ms", "they go to another program", "≤ 1.2 ×"),
        Figure("· the event loop is late, p99", delays_of["flood"], delays_of["other"], "ms", "another program", "< 5"),
    ]


async def _search(services: Services, texts: list[str], round_: int) -> list[float]:
    taken = []
    for number in range(SEARCHES):
        with Stopwatch() as watch:
            await find(services, texts[(number + round_ * SEARCHES) % len(texts)])
        taken.append(watch.ms)
        await asyncio.sleep(BETWEEN)
    return taken


def _p95(taken: list[float]) -> float:
    return sorted(taken)[int(len(taken) * 0.95)]


@asynccontextmanager
async def _flooded(flooding: Process | None, statuses: Counter[str]) -> AsyncIterator[None]:
    if flooding is None:
        yield
        return
    assert flooding.stdin
    assert flooding.stdout
    flooding.stdin.write(b"begin\n")
    await asyncio.sleep(0.3)
    try:
        yield
    finally:
        flooding.stdin.write(b"end\n")
        statuses.update(json.loads(await flooding.stdout.readline()))


@asynccontextmanager
async def _started(*arguments: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.feed_flood", *arguments, stdin=PIPE, stdout=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
