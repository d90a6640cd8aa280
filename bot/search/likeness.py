"""How like a paper is to an example: by the words that mark both, and by meaning where both have a vector.

The two are added up and become a number from 0 to 1: the share of judged pairs as near as this that people would be
glad of. `LIKENESS_BAR` is where a paper begins to be like an example. bench/similar.jsonl has the pairs.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import tantivy

from bot.search.meaning import Meaning
from bot.search.schema import MAX_COUNT

LIKENESS_BAR = 0.4
MOST_TRAITS = 60  # words that mark a paper
SEARCHED_TRAITS = 40  # of them, those by which the papers are found that may be like it
_RARITY = 0.7  # the power of a word's rarity: less than 1, because it counts in both papers
# How much a stem counts that a paper has so often.
_COUNTS = (0.0, *(1 + math.log(count) for count in range(1, MAX_COUNT + 1)))
# Words that say nothing about a paper; they count only if a query has no others.
STOP_WORDS = frozenset(
    """a about an and are as at be but by can do does for from how i in into is it its no not of on or our paper
    papers s such than that the their then there these they this to via was we what when where which who why will
    with you your""".split()  # noqa: SIM905
)

Traits = Mapping[str, float]
"""The words that mark a paper, with their weights; the sum of the squares is 1."""


@dataclass(frozen=True, slots=True)
class _Scale:
    """A logistic curve, fitted to one half of the judged pairs: at `middle`, half of them are similar."""

    middle: float
    slope: float

    def get_likeness(self, nearness: float) -> float:
        return 1 / (1 + math.exp(self.slope * (self.middle - nearness)))

    def get_nearness(self, likeness: float) -> float:
        """The least nearness with this likeness; none is too small for 0."""
        return self.middle + math.log(likeness / (1 - likeness)) / self.slope if likeness else -math.inf


_WORDS = _Scale(0.187, 17.7)  # of the cosine of two papers' traits
_BOTH = _Scale(0.879, 11.1)  # of `_WORDS_WEIGHT` times that, plus the cosine of their vectors
_WORDS_WEIGHT = 1.2


@dataclass(frozen=True, slots=True)
class Portrait:
    """What a paper is compared by: its traits, and its vector if it has one."""

    traits: Traits
    vector: bytes | None = None


class Rarities(dict[str, float]):
    """How much each stem counts, by how many of all papers have it; asked from the index when it is first needed."""

    def __init__(self, searcher: tantivy.Searcher) -> None:
        super().__init__()
        self._searcher = searcher
        self._papers = searcher.num_docs

    def __missing__(self, stem: str) -> float:
        having = max(1, self._searcher.doc_freq("abstract", stem))
        self[stem] = 0.0 if stem in STOP_WORDS else math.log(1 + self._papers / having) ** _RARITY
        return self[stem]


def weigh_traits(counts: Mapping[str, int], rarities: Mapping[str, float]) -> Traits:
    """The stems that mark a paper which has them so often, the most telling first."""
    weights = sorted([(_COUNTS[count] * rarities[stem], stem) for stem, count in counts.items()], reverse=True)
    traits = weights[:MOST_TRAITS]
    length = math.sqrt(sum([weight * weight for weight, _ in traits]))
    return {stem: weight / length for weight, stem in traits if weight}


def measure_pairs(
    examples: Mapping[str, Portrait], papers: Mapping[str, Portrait], meaning: Meaning | None, least: float = 0.0
) -> Iterator[tuple[str, dict[str, float]]]:
    """Each example with the papers that are at least so like it, and how like it they are.

    Papers that have neither a trait nor a vector in common with it are left out. The vectors of all examples, which may
    be thousands, are compared at once.
    """
    having = _index_traits(papers, {stem for each in examples.values() for stem in each.traits})
    known, asked = _list_vectors(papers, meaning), _list_vectors(examples, meaning)
    rows = dict(
        zip(asked, meaning.compare_vectors([*asked.values()], [*known.values()]), strict=True) if meaning else ()
    )
    least_words, least_both = _WORDS.get_nearness(least), _BOTH.get_nearness(least)
    for example, portrait in examples.items():
        by_words: defaultdict[str, float] = defaultdict(float)
        for stem, weight in portrait.traits.items():
            for paper_id, other in having.get(stem, ()):
                by_words[paper_id] += weight * other
        likeness = {}
        for paper_id, cosine in zip(known, rows.get(example, ()), strict=False):
            nearness = _WORDS_WEIGHT * by_words.pop(paper_id, 0.0) + cosine
            if nearness >= least_both:
                likeness[paper_id] = _BOTH.get_likeness(nearness)
        for paper_id, nearness in by_words.items():
            if nearness >= least_words:
                likeness[paper_id] = _WORDS.get_likeness(nearness)
        yield example, likeness


def _index_traits(papers: Mapping[str, Portrait], stems: Collection[str]) -> dict[str, list[tuple[str, float]]]:
    """The papers that have each of `stems` as a trait, with its weights."""
    having: dict[str, list[tuple[str, float]]] = {}
    for paper_id, portrait in papers.items():
        for stem in portrait.traits.keys() & stems:
            having.setdefault(stem, []).append((paper_id, portrait.traits[stem]))
    return having


def _list_vectors(portraits: Mapping[str, Portrait], meaning: Meaning | None) -> dict[str, bytes]:
    if meaning is None:
        return {}
    return {paper_id: each.vector for paper_id, each in portraits.items() if meaning.fits(each.vector)}
