"""`like:`: a search, a filter over a day's list, and thousands of examples at once, as followed queries have them."""

import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.table import Table

from bench.figures import Figure, Stopwatch, Times, forget_the_past, median_ms, table
from bench.filled_index import FilledIndex
from bench.queries import asked
from bot.search import LIKENESS_BAR, Encoder, SearchIndex, parse_query

ASKED = 100
EXAMPLES, A_DAY = 5000, 60
ALONE = 200  # examples that are measured one by one, for comparison


async def measure(_: Path, filled: FilledIndex, encoder: Encoder | None) -> Table:
    chance = random.Random(1)
    ids = [paper.id for paper in filled.papers()]
    examples, day = chance.sample(ids, min(EXAMPLES, len(ids))), chance.sample(ids, A_DAY)
    async with filled.open(encoder) as services:
        search = services.search
        forget_the_past()
        searched = _time_searches(search, [f"like:{each}" for each in examples[:ASKED]], filled)
        words = _time_searches(search, [each.ours for each in asked(filled.real)][:ASKED], filled)
        filters = [parse_query(f"like:{each}", filled.today) for each in examples[:ASKED]]
        filtered = Times([median_ms(partial(search.find_matching_ids, each, day), 1) for each in filters])
        with Stopwatch() as together:
            search.measure_each_likeness(examples, day, LIKENESS_BAR)
        with Stopwatch() as alone:
            for each in examples[:ALONE]:
                search.measure_each_likeness([each], day, LIKENESS_BAR)
    figures = [
        Figure("a search", searched.median, words.median, "ms", "a search by words"),
        Figure("· p99", searched.p99, words.p99, "ms", "a search by words"),
        Figure(f"a filter over {A_DAY} papers", filtered.median, None, "ms"),
        Figure(
            f"{len(examples):,} examples and {A_DAY} papers",
            together.ms / len(examples),
            alone.ms / ALONE,
            "ms/example",
            "each alone",
        ),
    ]
    return table(f"like: over {filled.name} papers", figures)


def _time_searches(search: SearchIndex, texts: Sequence[str], filled: FilledIndex) -> Times:
    queries = [parse_query(text, filled.today) for text in texts]
    return Times([median_ms(partial(search.find_papers, each, limit=5), 1) for each in queries])
