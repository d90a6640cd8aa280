"""`/saved`: a page of what a person saved, from the text to the papers, compared with the same search of all papers.

The person has saved as many papers as one may; every second one has a note, every third one tags.
"""

import json
import random
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rich.table import Table

from bench.figures import Figure, Stopwatch, Times, forget_the_past, table
from bench.filled_index import NOW, FilledIndex
from bench.queries import asked
from bot.app import Services
from bot.lookups.saved_query import parse_saved_query
from bot.search import Encoder, parse_query
from bot.storage import MAX_SAVED
from bot.storage.database import to_iso

READER = 7
ROUNDS = 5
GOAL = "p99 under 50 ms"
_NOTE = "Compare {} with our sampler: what they leave out, and which of the baselines we should run as well."


async def measure(folder: Path, filled: FilledIndex, _: Encoder | None) -> Table:
    own = filled.copied(folder)
    papers = filled.papers()
    saved = [paper.id for paper in random.Random(1).sample(papers, min(MAX_SAVED, len(papers)))]
    async with own.open() as services:
        await _save(services, saved)
        queries = [each.ours for each in asked(filled.real)]
        forget_the_past()
        figures = []
        for what, texts in {
            "without a query": [""],
            "unread, with a tag": ["is:unread my:thesis"],
            "a word of 2,500 notes": ["sampler"],
            "words of one note": [f"note{number}" for number in range(0, 100, 2)],
            "queries as in search": queries,
            "queries, last saved first": [f"sort:saved {each}" for each in queries],
        }.items():
            found = await _time(texts, lambda text: _find_saved(services, text))
            floor = await _time(texts, lambda text: _find(services, text)) if texts is queries else None
            beside = "a search of all papers" if floor else ""
            figures.append(Figure(what, found.median, floor.median if floor else None, "ms", beside))
            figures.append(Figure("· p99", found.p99, floor.p99 if floor else None, "ms", beside, GOAL))
    return table(f"/saved: {len(saved):,} papers of {filled.name}", figures)


async def _save(services: Services, ids: Sequence[str]) -> None:
    rows = [
        (
            *(READER, paper_id, to_iso(NOW), to_iso(NOW) if number % 5 == 0 else None),
            _NOTE.format(f"note{number}") if number % 2 == 0 else "",
            json.dumps(["thesis", "to read"]) if number % 3 == 0 else "[]",
        )
        for number, paper_id in enumerate(ids)
    ]
    statement = (
        "INSERT INTO saved_papers (user_id, paper_id, saved_at, read_at, note, own_tags) VALUES (?, ?, ?, ?, ?, ?)"
    )
    await services.storage.database.write(lambda connection: connection.executemany(statement, rows))


async def _find_saved(services: Services, text: str) -> object:
    query = parse_saved_query(text, NOW.date())
    return await services.saved_finder.find_saved(READER, query, 1, None)


async def _find(services: Services, text: str) -> object:
    return await services.finder.search_papers(parse_query(text, NOW.date()), 1)


async def _time(texts: Sequence[str], find: Callable[[str], Awaitable[object]]) -> Times:
    """Several rounds, after one that warms the caches; each round has at least twenty."""
    taken = []
    for number in range(ROUNDS + 1):
        for text in texts if len(texts) >= 20 else [*texts] * 20:
            with Stopwatch() as watch:
                await find(text)
            taken += [watch.ms] if number else []
    return Times(taken)
