"""`/paper search`: from the query to the page that is sent; against bare tantivy's parse and search."""

import statistics
import time
from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

import tantivy

from bench.figures import Figure, median_ms
from bench.ingest import NOW
from bot.layouts.results import PER_PAGE, found_message
from bot.papers import Paper
from bot.search import BOOSTS, Search, register_analyzers
from bot.storage import Storage, open_storage

QUERIES = {
    "one common word": ("model", "learning", "video"),
    "two or three words": ("diffusion models", "speech recognition benchmark", "world models video"),
    "a phrase": ('"reinforcement learning"', '"large language models"', '"world model"'),
}
TIMES = 30


async def measure(folder: Path, papers: dict[date, list[Paper]]) -> list[Figure]:
    async with open_storage(folder / "search.db") as storage:
        for day, listed in papers.items():
            await storage.papers.record(day, listed, NOW)
        search = Search(folder / "search.index", await storage.papers.identity(), last_change=0)
        figures = [await _building(search, storage)]
        for kind, queries in QUERIES.items():
            ours = statistics.median([await _whole(search, storage, query) for query in queries])
            floor = statistics.median(_bare(folder / "search.index", queries))
            figures.append(Figure(f"/paper search, {kind}", ours, floor, "ms", "bare tantivy, top five, no rows"))
        search.close()
    return figures


async def _building(search: Search, storage: Storage) -> Figure:
    changes = await storage.papers.changed_since(0, 1_000_000)
    began = time.perf_counter()
    search.update(changes)
    ours = len(changes) / (time.perf_counter() - began)
    texts = [f"{paper.title} {paper.abstract}".split() for _, paper in changes]
    began = time.perf_counter()
    for words in texts:
        _ = {word.casefold() for word in words}
    return Figure(
        "index of the archive",
        ours,
        len(changes) / (time.perf_counter() - began),
        "papers/s",
        "a set of each text's words",
    )


async def _whole(search: Search, storage: Storage, query: str) -> float:
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        found = search.find(query, limit=PER_PAGE)
        papers = await storage.papers.get(found.ids)
        found_message(query, papers, total=found.total, page=1).to_components()  # type: ignore[no-untyped-call]
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def _bare(path: Path, queries: tuple[str, ...]) -> Iterator[float]:
    index = tantivy.Index.open(str(path))
    register_analyzers(index)
    for text in queries:
        yield median_ms(partial(_parse_and_search, index, text), TIMES)


def _parse_and_search(index: tantivy.Index, text: str) -> tantivy.SearchResult:
    return index.searcher().search(index.parse_query(text, list(BOOSTS)), PER_PAGE)
