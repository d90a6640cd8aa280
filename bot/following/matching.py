"""Which papers match what people follow, for all of them together: each query once, each state of a paper once."""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import date

from bot.composing.paper_filter import PaperFilter
from bot.following.percolator import Percolator
from bot.papers import Paper
from bot.papers.api import PapersUnavailable
from bot.reasons import Reason, ReasonKind
from bot.search import LIKENESS_BAR, Change, PaperTerms, SearchIndex, Vocabulary

MAX_PAPERS = 2048  # of the last three weeks, at their busiest
MAX_QUERIES = 150_000
SLICE = 0.005  # seconds of work, then everything else has a turn
_TOGETHER = 100  # queries that are read while others wait
_COMPARED_TOGETHER = 250  # examples
_MAX_LISTS = 8


class FollowedMatches:
    """Remembers which of the papers that it was asked about match which queries, until either changes.

    It computes in the event loop, in slices: a thread would hold the interpreter just as long.
    """

    def __init__(self, search: SearchIndex, filter_: PaperFilter) -> None:
        self._search = search
        self._filter = filter_
        self._percolator = Percolator(search)
        self._papers = PaperTerms()
        self._matching: dict[str, int] = {}  # as bits; without queries with a date or an example
        self._new = self._revoted = 0  # the papers whose matches have to be found, or only those by upvotes
        self._uncertain: dict[str, None] = {}  # queries that may match other papers when the index changes
        self._change = -1  # of the index, when these were evaluated
        self._alike: dict[frozenset[str], dict[str, frozenset[str]]] = {}  # by the ids of papers, and by example
        self._alike_state: tuple[object, ...] = ()  # of the index and its vectors, when they were compared
        self._lists: dict[int, tuple[Sequence[Paper], int]] = {}  # of papers, with their bits
        self._turn = asyncio.Lock()
        self._slice_end = 0.0

    async def find_matching(
        self, queries: Collection[str], papers: Sequence[Paper], today: date
    ) -> Mapping[str, frozenset[str]]:
        """For each query, the ids of those of `papers` that match it. The empty query matches all.

        Best called with the same tuple of papers, which is then compared only once. Raises `PapersUnavailable` while
        papers are missing from the index.
        """
        queries = dict.fromkeys(queries)
        try:
            await self._add_queries(queries)
            examples = {query: some for query in queries if (some := self._percolator.list_examples(query, today))}
            alike = await self._find_alike({each for those in examples.values() for each in those}, papers)
            matching = {}
            async with self._turn:
                within = await self._put_papers(papers)
                change, words = self._search.change, self._percolator.make_vocabulary()
                await self._percolate(change, words)
                for query in queries:
                    if query in examples:
                        self._papers.set_alike({each: alike[each] for each in examples[query]})
                    matching[query] = self._papers.get_ids(self._look_up(query, within, today, words))
                    await self._give_way()
        except ValueError as error:  # the index is damaged; the next write repairs it
            raise PapersUnavailable(Reason(ReasonKind.INDEX_UNREADABLE)) from error
        return matching

    async def _find_alike(self, examples: Collection[str], papers: Sequence[Paper]) -> Mapping[str, Collection[str]]:
        """The papers like each of the examples, by their ids."""
        if not examples:
            return {}
        await self._filter.catch_up()
        meaning, ids = self._search.meaning, frozenset(each.id for each in papers)
        state = self._search.change, (meaning.model, meaning.version) if meaning is not None else None
        if self._alike_state != state or sum(map(len, self._alike.values())) > MAX_QUERIES:
            self._alike, self._alike_state = {}, state
        alike = self._alike.setdefault(ids, {})
        missing = [each for each in examples if each not in alike]
        for start in range(0, len(missing), _COMPARED_TOGETHER):
            some = missing[start : start + _COMPARED_TOGETHER]
            found = await asyncio.to_thread(self._search.measure_each_likeness, some, ids, LIKENESS_BAR)
            alike |= {example: frozenset(found.get(example, ())) for example in some}
        return alike

    async def _add_queries(self, queries: Collection[str]) -> None:
        """Read the queries that are new, a few at a time, so that others with few queries need not wait for all."""
        added = [query for query in queries if query not in self._percolator]
        if len(self._percolator) + len(added) > MAX_QUERIES:
            await self._forget_queries(set(self._percolator.list_queries()).difference(queries))
        for start in range(0, len(added), _TOGETHER):
            async with self._turn:
                words = self._percolator.make_vocabulary()
                for query in added[start : start + _TOGETHER]:
                    self._add_query(query, words)
                    await self._give_way()

    def _add_query(self, query: str, words: Vocabulary) -> None:
        if query not in self._percolator:
            self._percolator.add(query, words)
            self._evaluate(query, self._papers.everything, words)

    async def _forget_queries(self, queries: Collection[str]) -> None:
        async with self._turn:
            for query in queries:
                if query in self._percolator:
                    self._percolator.remove(query)
                    self._matching.pop(query, None)
                    self._uncertain.pop(query, None)
                await self._give_way()

    async def _put_papers(self, papers: Sequence[Paper]) -> int:
        """Take the papers as they are now; returns their bits."""
        if known := self._lists.get(id(papers)):
            return known[1]
        if not all(map(self._papers.has, papers)):
            await self._filter.catch_up()
            self._lists.clear()
            self._make_room(papers)
            for paper in papers:
                self._put_paper(paper)
                await self._give_way()
        within = self._papers.get_bits(each.id for each in papers)
        if isinstance(papers, tuple):  # nobody can change it
            if len(self._lists) >= _MAX_LISTS:
                del self._lists[next(iter(self._lists))]
            self._lists[id(papers)] = papers, within
        return within

    def _put_paper(self, paper: Paper) -> None:
        change = self._papers.put(paper)
        if change is Change.TERMS:
            self._new |= self._papers.get_bits([paper.id])
        elif change is Change.UPVOTES:
            self._revoted |= self._papers.get_bits([paper.id])

    def _make_room(self, papers: Sequence[Paper]) -> None:
        if len(self._papers) + len(papers) > MAX_PAPERS:
            for paper_id in {*self._papers.list_ids()}.difference(each.id for each in papers):
                self._papers.remove(paper_id)

    async def _percolate(self, change: int, words: Vocabulary) -> None:
        """Find the matches of papers that are new or changed. If that is cut short, the next call begins it again."""
        if self._change != change:
            for query in list(self._uncertain):
                self._evaluate(query, self._papers.everything, words)
                await self._give_way()
            self._change = change
        if self._new:
            self._matching = {query: left for query, bits in self._matching.items() if (left := bits & ~self._new)}
            for query in self._percolator.list_candidates(self._papers, self._new):
                self._evaluate(query, self._new, words)
                await self._give_way()
            self._new = 0
        if self._revoted:
            for query in self._percolator.list_by_upvotes():
                self._evaluate(query, self._revoted, words)
                await self._give_way()
            self._revoted = 0

    def _evaluate(self, query: str, within: int, words: Vocabulary) -> None:
        """Remember which of the papers `within` match, unless that depends on more than the papers."""
        if self._is_evaluated_anew(query):
            return
        words.asked = False
        before = self._matching.get(query, 0)
        found = before & ~within | self._percolator.find(query, self._papers, within, date.min, words)
        if found:
            self._matching[query] = found
        elif before:
            del self._matching[query]
        if words.asked:
            self._uncertain[query] = None

    def _look_up(self, query: str, within: int, today: date, words: Vocabulary) -> int:
        """Those of the papers `within` that match, as bits."""
        self._add_query(query, words)  # if another forgot it meanwhile
        if self._is_evaluated_anew(query):
            return self._percolator.find(query, self._papers, within, today, words)
        return self._matching.get(query, 0) & within

    def _is_evaluated_anew(self, query: str) -> bool:
        """Whether it is evaluated each time: what it matches depends on the day, or on other papers."""
        return self._percolator.is_dated(query) or bool(self._percolator.list_examples(query, date.min))

    async def _give_way(self) -> None:
        if time.perf_counter() >= self._slice_end:
            await asyncio.sleep(0)
            self._slice_end = time.perf_counter() + SLICE
