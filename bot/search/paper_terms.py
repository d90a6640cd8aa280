"""The terms of a few hundred papers, each with the papers that have it as the bits of a number.

They are the terms that the index has of these papers. With them, a `Condition` is evaluated for all the papers at once.
"""

import sys
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache

import tantivy

from bot.papers import Paper
from bot.search.schema import IDENTIFIERS, NAMES, PROSE, build_analyzer, build_index_document, build_index_schema

ANY_PROSE, ANY_NAME, IDENTIFIER = "prose", "names", "identifier"  # a term in any of several fields
BEGINNINGS = ("words", "labels", *NAMES)  # fields in which a query may give the beginning of a term
_BREAK = "\n"  # between values, and for a word that is too long for the index: no phrase goes across
_MAX_COMPUTED = 4096


class Change(Enum):
    """What a new state of a paper changes."""

    NOTHING = "nothing"
    UPVOTES = "upvotes"
    TERMS = "terms"


def make_term(field: str, term: str) -> str:
    """The name of `term` in `field`, or in any of the fields that `field` stands for."""
    return sys.intern(f"{field}:{term}")


@dataclass(frozen=True, slots=True)
class _PaperTerms:
    """The terms of one paper; `texts` has those of a field in their order, for phrases."""

    terms: tuple[str, ...]
    texts: dict[str, str]
    upvotes: int
    day: int


class PaperTerms:
    """Some papers, each in a slot of its own; bit n of a number says something of the paper in slot n."""

    def __init__(self, papers: Iterable[Paper] = ()) -> None:
        self.everything = 0
        self._alike: dict[str, int] = {}
        self._slots: dict[str, int] = {}
        self._papers: list[Paper | None] = []
        self._terms: list[_PaperTerms] = []
        self._having: dict[str, int] = {}
        self._beginnings: list[str] | None = None
        self._computed: dict[Hashable, int] = {}
        for paper in papers:
            self.put(paper)

    def __len__(self) -> int:
        return len(self._slots)

    def has(self, paper: Paper) -> bool:
        """Whether it is here, in this state."""
        slot = self._slots.get(paper.id)
        return slot is not None and self._papers[slot] == paper

    def put(self, paper: Paper) -> Change:
        """Add a paper, or its new state; says what is new about it."""
        slot = self._slots.get(paper.id)
        before = None if slot is None else self._papers[slot]
        if before is paper or before == paper:
            return Change.NOTHING
        if slot is not None and before and _have_same_terms(before, paper):
            self._papers[slot] = paper
            self._terms[slot] = replace(self._terms[slot], upvotes=max(0, paper.upvotes))
            self._computed.clear()
            return Change.UPVOTES
        if slot is not None:
            self.remove(paper.id)
        self._fill(paper)
        return Change.TERMS

    def _fill(self, paper: Paper) -> None:
        slot = (~self.everything & (self.everything + 1)).bit_length() - 1  # the first that is free
        bit = 1 << slot
        known = _list_paper_terms(paper)
        if slot == len(self._papers):
            self._papers.append(paper)
            self._terms.append(known)
        else:
            self._papers[slot], self._terms[slot] = paper, known
        self._slots[paper.id] = slot
        self.everything |= bit
        for term in known.terms:
            self._having[term] = self._having.get(term, 0) | bit
        self._forget_computed()

    def remove(self, paper_id: str) -> None:
        """Remove a paper; its slot may be given to another."""
        slot = self._slots.pop(paper_id)
        bit = 1 << slot
        self.everything ^= bit
        for term in self._terms[slot].terms:
            if left := self._having[term] ^ bit:
                self._having[term] = left
            else:
                del self._having[term]
        self._papers[slot], self._terms[slot] = None, _PaperTerms((), {}, 0, 0)
        self._forget_computed()

    def _forget_computed(self) -> None:
        self._computed.clear()
        self._beginnings = None

    def get_bits(self, ids: Iterable[str]) -> int:
        """The bits of these papers; those that are not here have none."""
        bits = 0
        for paper_id in ids:
            slot = self._slots.get(paper_id)
            if slot is not None:
                bits |= 1 << slot
        return bits

    def get_ids(self, bits: int) -> frozenset[str]:
        """The papers that these bits stand for."""
        papers = (self._papers[slot] for slot in _list_slots(bits))
        return frozenset(paper.id for paper in papers if paper)

    def list_ids(self) -> Iterator[str]:
        return iter(self._slots)

    def list_terms(self, bits: int) -> Iterator[str]:
        """The terms of each of the papers that these bits stand for."""
        return (term for slot in _list_slots(bits) for term in self._terms[slot].terms)

    def find_term(self, term: str) -> int:
        """The papers that have the term."""
        return self._having.get(term, 0)

    def find_beginning(self, beginning: str) -> int:
        """The papers that have a term with this beginning, which starts with one of the fields in `BEGINNINGS`."""

        def compute() -> int:
            if self._beginnings is None:
                fields = tuple(f"{field}:" for field in BEGINNINGS)
                self._beginnings = sorted(term for term in self._having if term.startswith(fields))
            found = 0
            for place in range(bisect_left(self._beginnings, beginning), len(self._beginnings)):
                if not self._beginnings[place].startswith(beginning):
                    break
                found |= self._having[self._beginnings[place]]
            return found

        return self._compute(beginning, compute)

    def find_text(self, field: str, text: str, within: int) -> int:
        """Those of the papers `within` in which `field` has the terms of `text` next to each other, in this order."""
        found = 0
        for slot in _list_slots(within):
            if text in self._terms[slot].texts[field]:
                found |= 1 << slot
        return found

    def set_alike(self, alike: Mapping[str, Iterable[str]]) -> None:
        """Say which papers are like each example, until the next time."""
        self._alike = {example: self.get_bits(ids) for example, ids in alike.items()}

    def find_like(self, example: str) -> int:
        """The papers that are like the example."""
        return self._alike[example]

    def find_upvoted(self, least: int) -> int:
        """The papers with at least `least` upvotes."""
        return self._compute(
            least, lambda: sum(1 << slot for slot in self._slots.values() if self._terms[slot].upvotes >= least)
        )

    def find_listed(self, first: int, last: int) -> int:
        """The papers whose day is from `first` to `last`."""
        return self._compute(
            (first, last),
            lambda: sum(1 << slot for slot in self._slots.values() if first <= self._terms[slot].day <= last),
        )

    def _compute(self, key: Hashable, compute: Callable[[], int]) -> int:
        if key not in self._computed:
            if len(self._computed) >= _MAX_COMPUTED:
                self._computed.clear()
            self._computed[key] = compute()
        return self._computed[key]


def write_phrase(terms: Sequence[str]) -> str:
    """Terms in their order, as `PaperTerms.find_text` looks for them."""
    return f" {' '.join(terms)} "


def _list_slots(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _have_same_terms(before: Paper, after: Paper) -> bool:
    counts = ("upvotes", "comments", "github_stars", "linked_models", "linked_datasets", "linked_spaces")
    return replace(after, **{name: getattr(before, name) for name in counts}) == before


def _list_paper_terms(paper: Paper) -> _PaperTerms:
    """What the index has of the paper; read from its document, so that both have the same."""
    document = build_index_document(0, paper, _build_schema()).to_dict()
    prose = {field: [_split_in_order(value, stemmed=True) for value in document.get(field, ())] for field in PROSE}
    names = {field: [_split_in_order(value, stemmed=False) for value in document.get(field, ())] for field in NAMES}
    anywhere = {
        ANY_PROSE: [value for values in prose.values() for value in values],
        ANY_NAME: [value for values in names.values() for value in values],
    }
    ordered = {"tags": prose["tags"], **names, **anywhere}
    terms = {field: {term for value in values for term in value} - {_BREAK} for field, values in ordered.items()}
    analyzer = build_analyzer(stemmed=False)
    for field in ("words", "labels"):
        terms[field] = {term for value in document.get(field, ()) for term in analyzer.analyze(value)}
    identifiers = " ".join(value for field in IDENTIFIERS for value in document.get(field, ()))
    terms[IDENTIFIER] = set(_build_splitter().analyze(identifiers))
    terms["has"] = set(document.get("has", ()))
    terms["id"] = {paper.id}
    return _PaperTerms(
        tuple(make_term(field, term) for field, found in terms.items() for term in found),
        {field: _BREAK.join(map(write_phrase, values)) for field, values in ordered.items()},
        document["upvotes"][0],
        document["day"][0],
    )


def _split_in_order(value: str, *, stemmed: bool) -> list[str]:
    """The terms of a value, with a break in the place of each word that is too long for the index."""
    analyzer = build_analyzer(stemmed=stemmed)
    terms: list[str] = analyzer.analyze(value)
    words = _build_cutter().analyze(value)
    if len(terms) == len(words):
        return terms
    return [found[0] if (found := analyzer.analyze(word)) else _BREAK for word in words]


@cache
def _build_schema() -> tantivy.Schema:
    return build_index_schema()


@cache
def _build_cutter() -> tantivy.TextAnalyzer:
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).build()


@cache
def _build_splitter() -> tantivy.TextAnalyzer:
    return tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
