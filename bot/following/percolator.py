"""Which of many followed queries match a paper: the queries are indexed, not the papers.

Each query waits at its rarest necessary term, so a paper meets only those at its own terms. These few are evaluated,
for many papers at once. Some queries have no necessary term, such as `min:50` or `-tag:survey`; every paper meets them.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache

from bot.papers import Paper
from bot.search import (
    LIKENESS_BAR,
    Condition,
    PaperTerms,
    SearchIndex,
    Vocabulary,
    build_condition,
    depends_on_upvotes,
    find_papers,
    list_examples,
    list_necessary_terms,
    parse_query,
)

_OPERATOR = re.compile(r"([A-Za-z_]+):")
_TIMELESS = frozenset({"author", "org", "tag", "has", "min", "sort", "like"})  # operators without a date
_ANY_DAY = date(2000, 1, 1)
_DATED_KEPT = 4096


class Percolator:
    """Keeps different queries, and says which papers match them: those that `SearchIndex.find_matching_ids` finds.

    A query with a date may mean another day tomorrow (`after:yesterday`), so it is read again for each `today`.
    """

    def __init__(self, search: SearchIndex) -> None:
        self._search = search
        self._kept: dict[
            str, tuple[Condition, tuple[str, ...]]
        ] = {}  # when they match, and the terms at which they wait
        self._dated: dict[str, None] = {}
        self._at_term: dict[str, tuple[str, ...]] = {}
        self._without_term: dict[str, None] = {}
        self._examples: dict[str, tuple[str, ...]] = {}  # of the queries that compare with any
        self._by_upvotes: dict[str, None] = {}
        self._read_dated = lru_cache(_DATED_KEPT)(_read_query)

    def __contains__(self, query: str) -> bool:
        return query in self._kept or query in self._dated

    def __len__(self) -> int:
        return len(self._kept) + len(self._dated)

    def make_vocabulary(self) -> Vocabulary:
        """The words of the index as it is now."""
        return Vocabulary(self._search.get_searcher())

    def add(self, query: str, words: Vocabulary) -> None:
        """Keep `query`. Does nothing if it is kept already."""
        if query in self:
            return
        if _may_be_dated(query):
            self._dated[query] = None
            return
        condition = _read_query(query, _ANY_DAY)
        terms = list_necessary_terms(condition, words.count)
        self._kept[query] = condition, terms or ()
        if terms is None:
            self._without_term[query] = None
        for term in terms or ():
            self._at_term[term] = (*self._at_term.get(term, ()), query)
        if examples := list_examples(condition):
            self._examples[query] = examples
        if depends_on_upvotes(condition):
            self._by_upvotes[query] = None

    def remove(self, query: str) -> None:
        """Keep `query` no longer."""
        if query in self._dated:
            del self._dated[query]
            return
        _, terms = self._kept.pop(query)
        for term in terms:
            self._at_term[term] = tuple(each for each in self._at_term[term] if each != query)
            if not self._at_term[term]:
                del self._at_term[term]
        self._without_term.pop(query, None)
        self._examples.pop(query, None)
        self._by_upvotes.pop(query, None)

    def is_dated(self, query: str) -> bool:
        """Whether what `query` means may depend on the day."""
        return query in self._dated

    def list_examples(self, query: str, today: date) -> tuple[str, ...]:
        """The papers with which `query` compares others by `like:`."""
        if query in self._kept:
            return self._examples.get(query, ())
        return list_examples(self._read_dated(query, today))

    def list_queries(self) -> list[str]:
        return [*self._kept, *self._dated]

    def list_candidates(self, papers: PaperTerms, within: int) -> Iterator[str]:
        """The queries, without those with a date, that may match any of the papers `within`; each once."""
        yield from list(self._without_term)
        met = set()
        for term in papers.list_terms(within):
            for query in self._at_term.get(term, ()):
                if query not in met:
                    met.add(query)
                    yield query

    def list_by_upvotes(self) -> list[str]:
        """The queries, without those with a date, for which upvotes make a difference."""
        return list(self._by_upvotes)

    def find(self, query: str, papers: PaperTerms, within: int, today: date, words: Vocabulary) -> int:
        """Those of the papers `within` that match `query`, as bits. `papers` know which are like its examples."""
        condition = self._read_dated(query, today) if query in self._dated else self._kept[query][0]
        return find_papers(condition, papers, within, words)

    def match(self, papers: Sequence[Paper], today: date) -> dict[str, frozenset[str]]:
        """The queries that match any of the papers, each with the ids of those. Blocks."""
        known, words = PaperTerms(papers), self.make_vocabulary()
        candidates = [*self.list_candidates(known, known.everything), *self._dated]
        examples = {example for query in candidates for example in self.list_examples(query, today)}
        likeness = self._search.measure_each_likeness(examples, [*known.list_ids()], LIKENESS_BAR)
        known.set_alike({example: likeness.get(example, ()) for example in examples})
        found = {query: self.find(query, known, known.everything, today, words) for query in candidates}
        return {query: known.get_ids(bits) for query, bits in found.items() if bits}


def _read_query(query: str, today: date) -> Condition:
    return build_condition(parse_query(query, today))


def _may_be_dated(query: str) -> bool:
    """Whether any operator in it may have a date, even misspelled."""
    return any(name.lower() not in _TIMELESS for name in _OPERATOR.findall(query))
