"""Find papers: by a query, by the beginning of a word, by their likeness."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import tantivy

from bot.papers import Paper, paper_id
from bot.search.index import Hits, Index
from bot.search.matching import Matching
from bot.search.meaning import Meaning, text_of
from bot.search.query import Query, Sort
from bot.search.schema import names, prose
from bot.search.spelling import Spelling

POOL, NEAR = 100, 20  # papers that words find, and papers near in meaning, to be ranked together
MOST_NEAR = 500  # among which those are sought that fulfil what a query demands
MOST_CORRECTED = 5  # words of a query
NEAR_ENOUGH = 0.3  # the cosine below which a paper has nothing to do with what somebody wrote
# What a cosine counts beside the score of the best match by words, which counts 1. A name says what it says;
# words that describe may be others than the paper's.
NAMED, DESCRIBED = 2.0, 6.0
ALIKE = 4.0  # the same, among papers like another
_FIELD_OF = {Sort.UPVOTES: "by_upvotes", Sort.DATE: "by_date"}


@dataclass(frozen=True, slots=True)
class Found:
    """The ids of one page of papers, best first, and how many papers match in all.

    `taken` are words that no paper holds, each with the nearest one that was looked for instead.
    """

    ids: tuple[str, ...]
    total: int
    taken: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text, and from where to where its characters are words somebody looked for."""

    text: str
    marks: tuple[tuple[int, int], ...]


class Search(Index):
    """The index, asked. With `meaning`, the extra `semantic`, papers are also found by what they mean."""

    def __init__(self, path: Path, archive: str, last_change: int, meaning: Meaning | None = None) -> None:
        super().__init__(path, archive, last_change)
        self.meaning = meaning
        self._words: tuple[int, Spelling] | None = None  # with the change they were read at

    def find(self, query: Query, *, limit: int, offset: int = 0) -> Found:
        """The papers that match `query`, in the order it asks for; any query will do. Blocks for milliseconds."""
        matching = self._matching()
        if query.reference:
            return _found(self.run(matching.papers([query.reference]), limit, offset))
        spelled, taken = self._spelled(query, matching)
        if query.order is not Sort.RELEVANCE:
            found = self._ordered(spelled, matching, limit, offset)
        elif self.meaning and any(spelled.texts()):
            found = self._by_meaning(self.meaning, spelled, matching).page(limit, offset)
        else:
            found = _found(self.run(matching.query(spelled), limit, offset, pull=True))
        return replace(found, taken=taken)

    def passing(self, query: Query, ids: Collection[str]) -> frozenset[str]:
        """Those of `ids` whose papers fulfil `query`: every word of it, as a filter is no ranking."""
        if reference := paper_id(query.text):
            return frozenset({reference}) & frozenset(ids)
        matching = self._matching()
        wanted = _both(matching.query(query, every_word=True), matching.papers(list(ids)))
        return frozenset(self.run(wanted, max(1, len(ids))).ids)

    def _matching(self) -> Matching:
        return Matching(self.schema, self.searcher())

    def _spelled(self, query: Query, matching: Matching) -> tuple[Query, tuple[tuple[str, str], ...]]:
        """`query` with the words nobody wrote taken for the nearest ones, and which those are."""
        unknown = islice(matching.unknown([word.text for word in query.words if not word.prefix]), MOST_CORRECTED)
        nearest = {word: self.nearest(word, limit=1) for word in unknown}
        taken = {word: near[0] for word, near in nearest.items() if near}
        return (query.spelled(taken) if taken else query), tuple(taken.items())

    def nearest(self, word: str, *, limit: int) -> list[str]:
        """The words of the archive that `word` may have been meant to be, likeliest first."""
        if self._words is None or self._words[0] != self.change:
            self._words = (self.change, Spelling(self.searcher().terms_with_prefix("words", "")))
        return self._words[1].nearest(" ".join(names(word)))[:limit]

    def suggestions(self, query: Query) -> tuple[str, ...]:
        """Words of the archive that those of `query` which no paper holds may have been meant to be."""
        words = [word for text in query.texts() for word in text.split()]
        unknown = islice(self._matching().unknown(words), MOST_CORRECTED)
        return tuple(dict.fromkeys(near for word in unknown for near in self.nearest(word, limit=2)))

    def _ordered(self, query: Query, matching: Matching, limit: int, offset: int) -> Found:
        """By upvotes or date: papers with every word, lest the most popular one with any of them come first."""
        by = _FIELD_OF[query.order]
        hits = self.run(matching.query(query, every_word=True), limit, offset, by=by)
        return _found(hits if hits.total else self.run(matching.query(query), limit, offset, by=by))

    def _by_meaning(self, meaning: Meaning, query: Query, matching: Matching) -> "_Fused":
        """The best by words and the nearest in meaning, ranked together."""
        matched = matching.query(query)
        pool = self.run(matched, POOL, pull=True)
        vector = meaning.vector(" ".join(query.texts()))
        nearest = meaning.nearest(vector, MOST_NEAR if query.demanding else NEAR)
        near = [each for each, cosine in nearest.items() if cosine >= NEAR_ENOUGH and each not in pool.ids]
        possible = self.run(_both(matching.demands(query), matching.papers(near)), MOST_NEAR).ids if near else ()
        allowed = sorted(possible, key=lambda each: -nearest[each])[:NEAR]
        weight = NAMED if matching.calls_by_name(query) else DESCRIBED
        ids = _ranked(pool, meaning.cosines(vector, [*pool.ids, *allowed]), weight)
        also = self.run(_both(matched, matching.papers(allowed)), 1).total if pool.total > POOL and allowed else 0
        rest = _but(matched, matching.papers(allowed))
        return _Fused(self, rest, tuple(ids), pool.total + len(allowed) - also)

    def suggest(self, typed: str, *, limit: int) -> tuple[str, ...]:
        """The papers whose titles hold the words typed so far, the last of them perhaps half a word."""
        return self.run(self._matching().title(typed), limit, pull=True).ids

    def holders(self, name: str, beginning: str, *, limit: int) -> tuple[str, ...]:
        """The papers by an `author` or `org`, or with a `tag`, that holds a word with this beginning; popular first."""
        return self.run(self._matching().named(name, f"{beginning}*"), limit, by="by_upvotes").ids

    def similar(self, paper: Paper, *, limit: int) -> tuple[str, ...]:
        """The papers most like `paper`, likest first: by the words they share, and by meaning."""
        matching = self._matching()
        hits = self.run(_but(matching.similar(paper), matching.papers([paper.id])), POOL)
        ids: Sequence[str] = hits.ids
        if self.meaning:
            vector = self.meaning.vector(text_of(paper))
            near = self.meaning.nearest(vector, 2 * NEAR)
            ids = _ranked(hits, near | self.meaning.cosines(vector, hits.ids), ALIKE)
        return tuple(each for each in ids if each != paper.id)[:limit]

    def snippet(self, query: Query, paper: Paper, width: int) -> Snippet:
        """The piece of the abstract, `width` characters at most, that says most of what was asked for."""
        matched = self._matching().in_abstract(query)
        generator = tantivy.SnippetGenerator.create(self.searcher(), matched, self.schema, "abstract")
        generator.set_max_num_chars(width)
        found = generator.snippet_from_doc(tantivy.Document.from_dict({"abstract": prose(paper)}, self.schema))
        fragment = found.fragment()
        return Snippet(fragment, tuple(_characters(fragment, each) for each in found.highlighted()))


@dataclass(frozen=True, slots=True)
class _Fused:
    """Papers ranked by words and meaning, after which those go on that words alone found."""

    index: Index
    rest: tantivy.Query
    ids: tuple[str, ...]
    total: int

    def page(self, limit: int, offset: int) -> Found:
        ids = self.ids[offset : offset + limit]
        if len(ids) < limit and self.total > len(self.ids):
            after = POOL + max(0, offset - len(self.ids))
            ids += self.index.run(self.rest, limit - len(ids), after, pull=True).ids
        return Found(ids, self.total)


def _found(hits: Hits) -> Found:
    return Found(hits.ids, hits.total)


def _ranked(hits: Hits, cosines: dict[str, float], weight: float) -> list[str]:
    """By score, the best one's being 1, and `weight` times the cosine; a paper may lack either."""
    best = max(hits.scores, default=0.0) or 1.0  # what is only not ruled out has no score
    scores = {paper_id: score / best for paper_id, score in zip(hits.ids, hits.scores, strict=True)}
    return sorted(scores | cosines, key=lambda each: -(scores.get(each, 0) + weight * cosines.get(each, 0)))


def _both(one: tantivy.Query, other: tantivy.Query) -> tantivy.Query:
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, one), (tantivy.Occur.Must, other)])


def _but(one: tantivy.Query, other: tantivy.Query) -> tantivy.Query:
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, one), (tantivy.Occur.MustNot, other)])


def _characters(text: str, place: "tantivy.Range") -> tuple[int, int]:
    """tantivy counts bytes."""
    encoded = text.encode()
    return len(encoded[: place.start].decode()), len(encoded[: place.end].decode())
