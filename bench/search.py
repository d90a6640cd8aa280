"""One search by relevance, from the text to ten papers ready for the layout, compared with other engines.

Ours does what the bot does: it reads the query on the event loop, asks the index in a thread, and reads the rows from
the database in the database's thread. The others are called directly, and answer with their own rows.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from rich.box import SIMPLE
from rich.table import Table

from bench import peers
from bench.figures import Stopwatch, Times, forget_the_past
from bench.filled_index import FilledIndex
from bench.queries import Asked, asked
from bot.app import Services
from bot.papers import Paper
from bot.search import Encoder, parse_query

LIMIT = 10
ROUNDS = 25  # over the eight queries of a kind
FEWEST, PATIENCE_MS = 3, 20_000  # a slow engine gets that much time, but at least so many rounds
OURS, SEMANTIC = "ours", "with semantic"
_FLOOR = peers.BareTantivy.name

Engine = Callable[[Asked], Awaitable[object]]


async def measure(folder: Path, filled: FilledIndex, encoder: Encoder | None) -> Table:
    folder.mkdir()  # noqa: ASYNC240
    with peers.opened(folder, filled.papers()) as others:
        async with filled.open(encoder) as services:
            engines = {OURS: _ours(services), **{peer.name: _theirs(peer) for peer in others}}
            if encoder:
                engines[SEMANTIC] = _semantic(services)
            forget_the_past()
            kinds = groupby(asked(filled.real), key=lambda query: query.kind)
            measured = {kind: await _side_by_side(engines, list(queries)) for kind, queries in kinds}
    return _table(filled, list(engines), measured)


async def find(services: Services, text: str) -> Sequence[Paper]:
    """What the bot does for `/paper search`, up to the layout."""
    query = parse_query(text, services.clock().date())
    found = await asyncio.to_thread(services.search.find_papers, query, limit=LIMIT)
    return await services.storage.papers.get(found.ids)


def _ours(services: Services) -> Engine:
    meaning = services.search.meaning

    async def ask(query: Asked) -> object:
        services.search.meaning = None
        try:
            return await find(services, query.ours)
        finally:
            services.search.meaning = meaning

    return ask


def _semantic(services: Services) -> Engine:
    return lambda query: find(services, query.ours)


def _theirs(peer: peers.Peer) -> Engine:
    async def ask(query: Asked) -> object:
        return query.ask(peer, LIMIT)

    return ask


async def _side_by_side(engines: Mapping[str, Engine], queries: Sequence[Asked]) -> dict[str, Times]:
    return {name: await _times(ask, queries) for name, ask in engines.items()}


async def _times(ask: Engine, queries: Sequence[Asked]) -> Times:
    """Measures several rounds over the queries, after one that warms the caches."""
    taken: list[float] = []
    await _round(ask, queries)
    for done in range(ROUNDS):
        if done >= FEWEST and sum(taken) > PATIENCE_MS:
            break
        taken += await _round(ask, queries)
    return Times(taken)


async def _round(ask: Engine, queries: Sequence[Asked]) -> list[float]:
    taken = []
    for query in queries:
        with Stopwatch() as watch:
            await ask(query)
        taken.append(watch.ms)
    return taken


def _table(filled: FilledIndex, engines: Sequence[str], measured: Mapping[str, Mapping[str, Times]]) -> Table:
    """Two columns per engine, then the ratios of the medians (see `_ratio_of`)."""
    others = [name for name in engines if name not in {OURS, SEMANTIC}]
    table = Table(title=f"{LIMIT} papers by relevance among {filled.name}, milliseconds", box=SIMPLE, padding=0)
    table.add_column("query", no_wrap=True)
    for name in engines:
        table.add_column(f"{name}\nmedian", justify="right")
        table.add_column("\np99", justify="right")
    for name in others:
        table.add_column(_ratio_of(name), justify="right")
    for kind, times in measured.items():
        figures = (f"{value:.2f}" for name in engines for value in (times[name].median, times[name].p99))
        table.add_row(kind, *figures, *(_ratio(name, times) for name in others))
    return table


def _ratio_of(name: str) -> str:
    """Bare tantivy is the floor that ours is built on. For the others, a ratio above 1 means that ours is faster."""
    return f"ours /\n{name}" if name == _FLOOR else f"{name}\n/ ours"


def _ratio(name: str, times: Mapping[str, Times]) -> str:
    ours, theirs = times[OURS].median, times[name].median
    return f"{ours / theirs if name == _FLOOR else theirs / ours:.1f} ×"
