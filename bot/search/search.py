"""Find papers: by a query, by the beginning of a word, by their likeness."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import tantivy

from bot.papers import Paper, parse_paper_id
from bot.search.index import Hits, Index
from bot.search.meaning import Meaning, get_embedded_text
from bot.search.query import Query, Sort
from bot.search.query_builder import QueryBuilder
from bot.search.schema import get_prose, split_names
from bot.search.spelling import Spelling

WORD_POOL, MEANING_POOL = 100, 20  # papers that words find, and papers near in meaning, to be ranked together
MOST_NEAR = 500  # among which those are sought that fulfil what a query demands
MOST_CORRECTED = 5  # words of a query
LEAST_COSINE = 0.3  # the cosine below which a paper has nothing to do with what somebody wrote
# What a cosine counts beside the score of the best match by words, which counts 1. A name says what it says;
# words that describe may be others than the paper's.
NAME_WEIGHT, DESCRIPTION_WEIGHT = 2.0, 6.0
SIMILAR_WEIGHT = 4.0  # the same, among papers like another
_FIELD_OF = {Sort.UPVOTES: "by_upvotes", Sort.DATE: "by_date"}


@dataclass(frozen=True, slots=True)
class FoundPapers:
    """The ids of one page of papers, best first, and how many papers match in all.

    `taken` are words that no paper holds, each with the nearest one that was looked for instead.
    """

    ids: tuple[str, ...]
    total: int
    corrections: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text, and from where to where its characters are words somebody looked for."""

    text: str
    marks: tuple[tuple[int, int], ...]


class SearchIndex(Index):
    """The index, asked. With `meaning`, the extra `semantic`, papers are also found by what they mean."""

    def __init__(self, path: Path, archive: str, last_change: int, meaning: Meaning | None = None) -> None:
        super().__init__(path, archive, last_change)
        self.meaning = meaning
        self._words: tuple[int, Spelling] | None = None  # with the change they were read at

    def find_papers(self, query: Query, *, limit: int, offset: int = 0) -> FoundPapers:
        """The papers that match `query`, in the order it asks for; any query will do. Blocks for milliseconds."""
        matching = self._build_query_builder()
        if query.reference:
            return _to_found_papers(self.run_query(matching.build_papers([query.reference]), limit, offset))
        spelled, taken = self._correct_spelling(query, matching)
        if query.order is not Sort.RELEVANCE:
            found = self._find_ordered(spelled, matching, limit, offset)
        elif self.meaning and any(spelled.list_texts()):
            found = self._find_by_meaning(self.meaning, spelled, matching).get_page(limit, offset)
        else:
            found = _to_found_papers(self.run_query(matching.build_query(spelled), limit, offset, pull=True))
        return replace(found, corrections=taken)

    def filter_papers(self, query: Query, ids: Collection[str]) -> frozenset[str]:
        """Those of `ids` whose papers fulfil `query`: every word of it, as a filter is no ranking."""
        if reference := parse_paper_id(query.text):
            return frozenset({reference}) & frozenset(ids)
        matching = self._build_query_builder()
        wanted = _match_both(matching.build_query(query, every_word=True), matching.build_papers(list(ids)))
        return frozenset(self.run_query(wanted, max(1, len(ids))).ids)

    def _build_query_builder(self) -> QueryBuilder:
        return QueryBuilder(self.schema, self.get_searcher())

    def _correct_spelling(self, query: Query, matching: QueryBuilder) -> tuple[Query, tuple[tuple[str, str], ...]]:
        """`query` with the words nobody wrote taken for the nearest ones, and which those are."""
        unknown = islice(
            matching.find_unknown_words([word.text for word in query.words if not word.prefix]), MOST_CORRECTED
        )
        nearest = {word: self.find_nearest_words(word, limit=1) for word in unknown}
        taken = {word: near[0] for word, near in nearest.items() if near}
        return (query.correct_spelling(taken) if taken else query), tuple(taken.items())

    def find_nearest_words(self, word: str, *, limit: int) -> list[str]:
        """The words of the archive that `word` may have been meant to be, likeliest first."""
        if self._words is None or self._words[0] != self.change:
            self._words = (self.change, Spelling(self.get_searcher().terms_with_prefix("words", "")))
        return self._words[1].find_nearest(" ".join(split_names(word)))[:limit]

    def suggest_words(self, query: Query) -> tuple[str, ...]:
        """Words of the archive that those of `query` which no paper holds may have been meant to be."""
        words = [word for text in query.list_texts() for word in text.split()]
        unknown = islice(self._build_query_builder().find_unknown_words(words), MOST_CORRECTED)
        return tuple(dict.fromkeys(near for word in unknown for near in self.find_nearest_words(word, limit=2)))

    def _find_ordered(self, query: Query, matching: QueryBuilder, limit: int, offset: int) -> FoundPapers:
        """By upvotes or date: papers with every word, lest the most popular one with any of them come first."""
        by = _FIELD_OF[query.order]
        hits = self.run_query(matching.build_query(query, every_word=True), limit, offset, by=by)
        return _to_found_papers(
            hits if hits.total else self.run_query(matching.build_query(query), limit, offset, by=by)
        )

    def _find_by_meaning(self, meaning: Meaning, query: Query, matching: QueryBuilder) -> "_FusedRanking":
        """The best by words and the nearest in meaning, ranked together."""
        matched = matching.build_query(query)
        pool = self.run_query(matched, WORD_POOL, pull=True)
        vector = meaning.encode_text(" ".join(query.list_texts()))
        nearest = meaning.find_nearest(vector, MOST_NEAR if query.has_requirements else MEANING_POOL)
        near = [each for each, cosine in nearest.items() if cosine >= LEAST_COSINE and each not in pool.ids]
        possible = (
            self.run_query(_match_both(matching.build_required(query), matching.build_papers(near)), MOST_NEAR).ids
            if near
            else ()
        )
        allowed = sorted(possible, key=lambda each: -nearest[each])[:MEANING_POOL]
        weight = NAME_WEIGHT if matching.contains_name(query) else DESCRIPTION_WEIGHT
        ids = _fuse_scores(pool, meaning.compute_cosines(vector, [*pool.ids, *allowed]), weight)
        also = (
            self.run_query(_match_both(matched, matching.build_papers(allowed)), 1).total
            if pool.total > WORD_POOL and allowed
            else 0
        )
        rest = _match_without(matched, matching.build_papers(allowed))
        return _FusedRanking(self, rest, tuple(ids), pool.total + len(allowed) - also)

    def complete_title(self, typed: str, *, limit: int) -> tuple[str, ...]:
        """The papers whose titles hold the words typed so far, the last of them perhaps half a word."""
        return self.run_query(self._build_query_builder().build_title(typed), limit, pull=True).ids

    def find_holders(self, name: str, beginning: str, *, limit: int) -> tuple[str, ...]:
        """The papers by an `author` or `org`, or with a `tag`, that holds a word with this beginning; popular first."""
        return self.run_query(
            self._build_query_builder().build_named(name, f"{beginning}*"), limit, by="by_upvotes"
        ).ids

    def find_similar(self, paper: Paper, *, limit: int) -> tuple[str, ...]:
        """The papers most like `paper`, likest first: by the words they share, and by meaning."""
        matching = self._build_query_builder()
        hits = self.run_query(
            _match_without(matching.build_similar(paper), matching.build_papers([paper.id])), WORD_POOL
        )
        ids: Sequence[str] = hits.ids
        if self.meaning:
            vector = self.meaning.encode_text(get_embedded_text(paper))
            near = self.meaning.find_nearest(vector, 2 * MEANING_POOL)
            ids = _fuse_scores(hits, near | self.meaning.compute_cosines(vector, hits.ids), SIMILAR_WEIGHT)
        return tuple(each for each in ids if each != paper.id)[:limit]

    def make_snippet(self, query: Query, paper: Paper, width: int) -> Snippet:
        """The piece of the abstract, `width` characters at most, that says most of what was asked for."""
        matched = self._build_query_builder().build_snippet_query(query)
        generator = tantivy.SnippetGenerator.create(self.get_searcher(), matched, self.schema, "abstract")
        generator.set_max_num_chars(width)
        found = generator.snippet_from_doc(tantivy.Document.from_dict({"abstract": get_prose(paper)}, self.schema))
        fragment = found.fragment()
        return Snippet(fragment, tuple(_to_characters(fragment, each) for each in found.highlighted()))


@dataclass(frozen=True, slots=True)
class _FusedRanking:
    """Papers ranked by words and meaning, after which those go on that words alone found."""

    index: Index
    rest: tantivy.Query
    ids: tuple[str, ...]
    total: int

    def get_page(self, limit: int, offset: int) -> FoundPapers:
        ids = self.ids[offset : offset + limit]
        if len(ids) < limit and self.total > len(self.ids):
            after = WORD_POOL + max(0, offset - len(self.ids))
            ids += self.index.run_query(self.rest, limit - len(ids), after, pull=True).ids
        return FoundPapers(ids, self.total)


def _to_found_papers(hits: Hits) -> FoundPapers:
    return FoundPapers(hits.ids, hits.total)


def _fuse_scores(hits: Hits, cosines: dict[str, float], weight: float) -> list[str]:
    """By score, the best one's being 1, and `weight` times the cosine; a paper may lack either."""
    best = max(hits.scores, default=0.0) or 1.0  # what is only not ruled out has no score
    scores = {paper_id: score / best for paper_id, score in zip(hits.ids, hits.scores, strict=True)}
    return sorted(scores | cosines, key=lambda each: -(scores.get(each, 0) + weight * cosines.get(each, 0)))


def _match_both(one: tantivy.Query, other: tantivy.Query) -> tantivy.Query:
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, one), (tantivy.Occur.Must, other)])


def _match_without(one: tantivy.Query, other: tantivy.Query) -> tantivy.Query:
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, one), (tantivy.Occur.MustNot, other)])


def _to_characters(text: str, place: "tantivy.Range") -> tuple[int, int]:
    """tantivy counts bytes."""
    encoded = text.encode()
    return len(encoded[: place.start].decode()), len(encoded[: place.end].decode())
