"""A day's papers against what 20,000 people follow, compared with evaluating each query as a subscription's filter is.

`python -m bench.following DATABASE NOW` reads followed queries and the ids of papers from standard input, as
`{"queries": […], "ids": […]}`, and prints what it measured. It is a process of its own, so that the memory is theirs.
"""

import asyncio
import gc
import json
import random
import sys
import time
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import accumulate, pairwise
from pathlib import Path

from bench.figures import Figure, lateness, turns
from bench.filled_index import NOW, FilledIndex
from bench.memory import WHOLE
from bench.queries import STOP_WORDS
from bench.used import NOWHERE, read_status
from bot.app import Services, open_services
from bot.composing.paper_filter import PaperFilter
from bot.following.matching import FollowedMatches
from bot.papers import Paper
from bot.papers.api import PapersAPI
from bot.search import SearchIndex, parse_query

PEOPLE, FOLLOWED = 20_000, 100_000
DAY, WINDOW = 60, 600  # papers
ALONE = 1000  # queries that are evaluated one by one
IDLE = 5  # seconds
EACH, ASKING = FOLLOWED // PEOPLE, 2000  # queries of a person; people whose digests are composed

Pick = Callable[[], str]


class Followers:
    """Makes the queries that people follow: what many papers have is followed by many."""

    def __init__(self, papers: Sequence[Paper], seed: int = 1) -> None:
        self._chance = random.Random(seed)
        self._papers = papers
        self._author = self._pick_from(each for paper in papers for each in paper.authors)
        self._org = self._pick_from(paper.organization for paper in papers if paper.organization)
        self._tag = self._pick_from(each for paper in papers for each in paper.tags)
        words = [_list_words(paper.title) for paper in papers]
        self._word = self._pick_from(word for those in words for word in those)
        self._pair = self._pick_from(" ".join(pair) for those in words for pair in pairwise(those))

    def _pick_from(self, values: Iterable[str]) -> Pick:
        """Picks a value as often as it is among `values`."""
        counted = Counter(value.replace('"', "") for value in values)
        known, weights = list(counted), [*accumulate(counted.values())]
        return lambda: self._chance.choices(known, cum_weights=weights)[0]

    def _pick_least(self) -> int:
        return self._chance.choice((5, 10, 20, 30, 50, 50, 100))

    @property
    def mix(self) -> str:
        return ", ".join(f"{share} % {kind}" for kind, (share, _) in self.kinds.items())

    @property
    def kinds(self) -> dict[str, tuple[int, Pick]]:
        """Kinds of queries with their shares in percent."""
        return {
            "author:": (30, lambda: f'author:"{self._author()}"'),
            "tag:": (15, lambda: f'tag:"{self._tag()}"'),
            "two words": (12, self._pair),
            "org:": (9, lambda: f'org:"{self._org()}"'),
            "a word": (6, self._word),
            "a phrase": (5, lambda: f'"{self._pair()}"'),
            "tag: with min:": (5, lambda: f'tag:"{self._tag()}" min:{self._pick_least()}'),
            "like:": (5, lambda: f"like:{self._chance.choice(self._papers[-2000:]).id}"),
            "org: with a word": (3, lambda: f'org:"{self._org()}" {self._word()}'),
            "words without a tag": (2, lambda: f'{self._pair()} -tag:"{self._tag()}"'),
            "a OR b": (2, lambda: f"{self._word()} OR {self._word()}"),
            "min: alone": (2, lambda: f"min:{self._pick_least()}"),
            "-tag: with min:": (1, lambda: f'-tag:"{self._tag()}" min:{self._pick_least()}'),
            "a prefix": (1, lambda: f"{self._word()[:5]}*"),
            "has:code with a word": (1, lambda: f"has:code {self._word()}"),
            "with a date": (1, lambda: f"{self._word()} after:7d"),
        }

    def make_queries(self, number: int) -> list[str]:
        shares = [(pick, share) for share, pick in self.kinds.values()]
        picks = self._chance.choices([pick for pick, _ in shares], [share for _, share in shares], k=number)
        return [pick() for pick in picks]


def _list_words(title: str) -> list[str]:
    words = (word.strip("()[]:,.;!?\"'").lower() for word in title.split())
    return [word for word in words if len(word) > 2 and word not in STOP_WORDS and ":" not in word]


async def measure(filled: FilledIndex) -> list[Figure]:
    """The figures over the archive of that size, whose latest days the papers are from."""
    queries = Followers(filled.real).make_queries(FOLLOWED)
    latest = sorted(filled.real, key=lambda paper: (paper.day or date.min, paper.id))[-WINDOW:]
    program = [sys.executable, "-m", "bench.following", str(filled.database), NOW.isoformat()]
    process = await asyncio.create_subprocess_exec(*program, stdin=PIPE, stdout=PIPE)
    given = {"queries": queries, "ids": [paper.id for paper in latest]}
    output, _ = await process.communicate(json.dumps(given).encode())
    took = json.loads(output)
    whole = f"{FOLLOWED:,} followed queries of {PEOPLE:,} people, {len(set(queries)):,} different"
    alone = f"one by one, from {ALONE:,} of them"
    return [
        Figure(f"{DAY} new papers against {whole}", took["new"], took["alone"], "s", alone, "< 10 s, at most 0.05 ×"),
        Figure("· the same papers with other upvotes", took["revoted"], took["alone"], "s", alone),
        Figure("· one new paper", took["one"], took["alone"] / DAY, "s", f"a {DAY}th of that"),
        Figure(
            f"· a person's {EACH} queries and the papers of two weeks, CPU",
            took["person"] * 1000,
            took["filter"] * 1000,
            "ms",
            "a channel's filter and the same papers",
            "at most 1 ×",
        ),
        Figure("· reading the queries, once at the start", took["read"], None, "s"),
        Figure("· the longest turn in the event loop, CPU", took["turn"], None, "ms", "", "< 100 ms"),
        Figure("· the event loop was late by at most", took["late"], took["idle"], "ms", "without work, just before"),
        Figure(f"· memory, with {WINDOW} papers", took["memory"], None, "MB", "", "< 100 MB"),
    ]


async def _measure(services: Services, queries: Sequence[str], ids: Sequence[str], today: date) -> dict[str, float]:
    filter_ = PaperFilter(services.storage, services.archive, services.search)
    papers = {paper.id: paper for paper in await services.storage.papers.get(ids)}
    window = tuple(papers[paper_id] for paper_id in ids)
    day = window[-DAY:]
    revoted = tuple(replace(paper, upvotes=paper.upvotes + 1) for paper in day)
    gc.collect()
    gc.freeze()  # as the bot does when it starts
    before = read_status()[WHOLE]
    matches = FollowedMatches(services.search, filter_)

    async def find(some: tuple[Paper, ...]) -> float:
        return await _cpu_seconds(matches.find_matching(queries, some, today))

    async with lateness() as idle:
        await asyncio.sleep(IDLE)
    async with lateness() as late, turns() as taken:
        took = {"read": await find(()), "new": await find(day), "revoted": await find(revoted)}
        took["one"] = await find(window[-DAY - 1 : -DAY]) - await find(())
        took |= {"late": max(late), "idle": max(idle), "turn": max(taken)}
    await find(window)
    gc.collect()
    texts = sum(map(sys.getsizeof, set(queries))) / 1e6  # the bot keeps these, though they were here before
    took["memory"] = read_status()[WHOLE] - before + texts
    people = [queries[start : start + EACH] for start in range(0, ASKING * EACH, EACH)]
    took["person"] = sum([await _cpu_seconds(matches.find_matching(each, window, today)) for each in people]) / ASKING
    some = random.Random(1).sample(queries, ALONE)
    took["filter"] = _find_alone(services.search, some, ids, today) / ALONE
    took["alone"] = _find_alone(services.search, some, [paper.id for paper in day], today) * len(queries) / ALONE
    return took


def _find_alone(search: SearchIndex, queries: Iterable[str], ids: Sequence[str], today: date) -> float:
    began = time.process_time()
    for query in queries:
        search.find_matching_ids(parse_query(query, today), ids)
    return time.process_time() - began


async def _cpu_seconds(work: Awaitable[object]) -> float:
    began = time.process_time()
    await work
    return time.process_time() - began


async def _run(database: Path, now: datetime) -> None:
    given = json.load(sys.stdin)
    async with PapersAPI(NOWHERE) as api, open_services(database, api, clock=lambda: now) as services:
        print(json.dumps(await _measure(services, given["queries"], given["ids"], now.date())))


if __name__ == "__main__":
    asyncio.run(_run(Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])))
