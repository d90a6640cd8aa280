"""A digest from candidates to the body that is sent; against sorting them, and writing that body as JSON."""

import json
import statistics
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from bench.figures import Figure, median_ms
from bot.digest import Candidate, compose
from bot.layouts.digest import digest_message
from bot.papers import Paper
from bot.ranking import ranked
from bot.subscription.settings import Taste
from tests.builders import wish

DAYS, TIMES = 60, 20


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
