"""Finds papers: by a query, by the beginning of a word, or by being like a paper."""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from statistics import median

import tantivy

from bot.digest import Likeness
from bot.papers import Paper, parse_paper_id
from bot.search.corrections import MAX_CORRECTED, Corrector, read_spelling
from bot.search.index import Hits, Index, read_ids
from bot.search.known_names import EXPANSIONS
from bot.search.letters import is_in_other_script
from bot.search.likeness import LIKENESS_BAR, STOP_WORDS, Portrait, Rarities, Traits, measure_pairs, weigh_traits
from bot.search.meaning import Meaning
from bot.search.query import Clause, Correction, Days, Named, Occur, Query, Sort, Translation
from bot.search.query_builder import QueryBuilder
from bot.search.reranking import Reranking
from bot.search.schema import count_stems, fold_word, get_searchable_prose, split_stems
from bot.search.snippets import Snippet, cut_snippet
from bot.search.spelling import Spelling
from bot.search.translation import find_translation

WORD_POOL, MEANING_POOL = 100, 20  # papers found by words, and papers near in meaning, that are ranked together
MAX_NEAR = 500  # papers near in meaning that are checked against the requirements of a query
NOISE = 0.3  # a paper with some of the words and less than this share of the best score is left out …
LEAST_KEPT = 20  # … unless it is among so many: four pages
MAX_LOOKED_UP = 4  # words; papers with all of them come first, but of a longer query a paper has all by accident
MIN_COSINE = 0.3  # a paper with a smaller cosine has nothing to do with the query
# How much a cosine counts, if the score of the best match by words counts 1. A name has to be in the paper;
# a description may use other words than the paper does.
NAME_WEIGHT, DESCRIPTION_WEIGHT = 2.0, 4.0
WHOLE_BONUS = 1.0  # for a paper with all words of a short query, in the same measure
TITLED = 3  # the best papers by words, whose titles the query may be a half of
# How much the likeness to the nearest example counts, beside a score by words or one by words and meaning.
LIKENESS_WEIGHT, LIKENESS_WEIGHT_WITH_MEANING = 1.0, 4.0
LIKE_POOL = 300  # papers that may be like an example, found by its words, and as many by its vector …
LEAST_LIKE_POOL = 50  # … shared by the examples of a query, of which each has at least so many
MAX_KEPT_TRAITS = 1000  # papers, ten megabytes
MAX_RARITIES = 200_000  # stems that are kept with how rare they are
_FIELD_OF = {Sort.UPVOTES: "by_upvotes", Sort.DATE: "by_date"}


@dataclass(frozen=True, slots=True)
class FoundPapers:
    """The ids of one page of papers, best first, and how many papers match in all.

    `complete` is how many of them have all the words; None if there are not several words that only rank.
    `corrections` are words that no paper has, each with what was looked for instead or too. A query with a
    `translation` has none.
    """

    ids: tuple[str, ...]
    total: int
    corrections: tuple[Correction, ...] = ()
    complete: int | None = None
    translation: Translation | None = None


class SearchIndex(Index):
    """Searches the index. With `meaning`, from the extra `semantic`, papers are also found by what they mean."""

    def __init__(self, path: Path, archive: str, last_change: int, meaning: Meaning | None = None) -> None:
        super().__init__(path, archive, last_change)
        self.meaning = meaning
        self.reranking: Reranking | None = None
        self._spelling: tuple[int, Spelling] | None = None  # with the change number of the index it was read from
        self._spelling_lock = threading.Lock()
        self._is_reading_spelling = False
        self._spelling_thread = ThreadPoolExecutor(1, "spelling")
        # What traits are weighed by, and the traits of some papers, in the same way.
        self._weights: tuple[int, Rarities, dict[str, Traits]] = (self.change, Rarities(self.get_searcher()), {})

    def find_papers(
        self, query: Query, *, limit: int, offset: int = 0, among: Collection[str] | None = None
    ) -> FoundPapers:
        """The papers that match `query`, in the order it asks for. Blocks for milliseconds.

        If only the papers `among` some ids are looked at, words are still corrected and weighed by all papers.
        """
        if query.reference and (among is None or query.reference in among):
            builder = self._build_query_builder()
            return _to_found_papers(self.run_query(builder.build_papers([query.reference]), limit, offset))
        if among is not None and (query.reference or not among):
            return FoundPapers((), 0)
        alike = self._find_alike(query, among=among)
        builder = self._build_query_builder(alike)
        corrections, translation = self._find_meant(query, builder)
        corrected = query.rewrite(corrections, translation)
        meant = query if translation and self.meaning and self.meaning.knows_languages else corrected
        text = " ".join(meant.list_texts())
        if among is not None:
            builder.restrict(self._narrow(among, corrected, builder))
        if query.order is not Sort.RELEVANCE:
            found = self._find_papers_in_order(corrected, builder, limit, offset)
        elif examples := query.list_examples():
            nearest = _pick_nearest(examples, alike)
            found = self._rank_by_likeness(corrected, builder, nearest, text).get_page(limit, offset)
        elif self.meaning and text:
            found = self._rank_with_meaning(self.meaning, corrected, builder, text, among).get_page(limit, offset)
        elif among is not None and builder.count_ranking_words(corrected) <= MAX_LOOKED_UP:
            found = self._find_among(corrected, builder, len(among), limit, offset)
        else:
            found = self._rank_by_words(corrected, builder).get_page(limit, offset)
        return replace(found, corrections=corrections, translation=translation)

    def _narrow(self, among: Collection[str], query: Query, builder: QueryBuilder) -> Collection[str]:
        """Those of `among` that may match, if few papers do: to look at thousands of ids takes long each time.

        Of several words, common ones bring too many papers for that to be worth a look.
        """
        if builder.count_ranking_words(query) > 1:
            return among
        few = self.find_if_few(builder.build_query(query), among)
        return among if few is None else few

    def find_meant(self, query: Query, among: Collection[str]) -> tuple[tuple[Correction, ...], Translation | None]:
        """What `find_papers` would look for instead of the words of `query`."""
        if query.reference or not among:
            return (), None
        return self._find_meant(query, self._build_query_builder(self._find_alike(query, among=among)))

    def _find_meant(self, query: Query, builder: QueryBuilder) -> tuple[tuple[Correction, ...], Translation | None]:
        translation = self._find_translation(query, builder)
        return (() if translation else self._find_corrections(query, builder)), translation

    def _find_translation(self, query: Query, builder: QueryBuilder) -> Translation | None:
        """The words of `query` in English; in Latin letters they stay as they are if a paper has all of them."""
        translation = find_translation(query)
        text = " ".join(word.text for word in query.plain_words)
        if translation and not is_in_other_script(text) and self.run_query(builder.build_complete(query), 1).total:
            return None
        return translation

    def _find_corrections(self, query: Query, builder: QueryBuilder) -> tuple[Correction, ...]:
        return self._build_corrector(builder).find_corrections(query) if query.correctable_words else ()

    def find_matching_ids(self, query: Query, ids: Collection[str]) -> frozenset[str]:
        """Those of `ids` whose papers match `query`, with every word of it."""
        if reference := parse_paper_id(query.text):
            return frozenset({reference}) & frozenset(ids)
        builder = self._build_query_builder(self._find_alike(query, ids))
        matched = _require_both(builder.build_query(query, every_word=True), builder.build_papers(list(ids)))
        return self.find_restricted(matched, ids)

    def find_most_upvoted(self, query: Query, first: date, last: date) -> FoundPapers:
        """The most upvoted paper listed from `first` to `last` that matches `query`, with every word of it.

        `total` says how many match.
        """
        builder = self._build_query_builder(self._find_alike(query))
        matched = _build_as_spelled(query, builder)
        listed = builder.build_query(Query("", (Clause(Days(first, last + timedelta(days=1))),)))
        return _to_found_papers(self.run_query(_require_both(matched, listed), 1, by="by_upvotes"))

    def find_newest(self, query: Query, *, limit: int) -> tuple[str, ...]:
        """The newest papers that match `query`, with every word of it as it is spelled, the newest first."""
        builder = self._build_query_builder(self._find_alike(query))
        matched = _build_as_spelled(query, builder)
        return self.run_query(matched, limit, by="by_date").ids

    def measure_likeness(self, examples: Collection[str], ids: Collection[str]) -> dict[str, Likeness]:
        """How like each of the papers `ids` is to the nearest of `examples`, which are ids too.

        Papers that share nothing with any example, or are not in the index, are left out. A paper is like an example
        from `LIKENESS_BAR` on; a query with `like:` matches just these.
        """
        return _pick_nearest(examples, self.measure_each_likeness(examples, ids))

    def measure_each_likeness(
        self, examples: Collection[str], ids: Collection[str], least: float = 0.0
    ) -> dict[str, dict[str, float]]:
        """How like each of the papers `ids` is to each of `examples`, if it is at least so like it.

        Made for thousands of examples and the papers of some days. Blocks for 0.3 ms an example.
        """
        portraits = self._draw_portraits({*examples, *ids})
        asked = {each: portraits[each] for each in dict.fromkeys(examples) if each in portraits}
        papers = {each: portraits[each] for each in dict.fromkeys(ids) if each in portraits}
        return dict(measure_pairs(asked, papers, self.meaning, least))

    def _find_alike(
        self, query: Query, ids: Collection[str] | None = None, *, among: Collection[str] | None = None
    ) -> dict[str, dict[str, float]]:
        """The papers like each example of `query`: those of `ids`, or if that is None the nearest.

        The nearest are looked for `among` some papers, of which there may be thousands, or if that is None in the
        whole archive.
        """
        examples = query.list_all_examples()
        if not examples:
            return {}
        if ids is not None:
            return self.measure_each_likeness(examples, ids, LIKENESS_BAR)
        limit = max(LEAST_LIKE_POOL, LIKE_POOL // len(examples))
        portraits = self._draw_portraits(examples)
        return {
            example: self._find_near_portrait(portrait, limit, LIKENESS_BAR, among)
            for example, portrait in portraits.items()
        }

    def _find_near_portrait(
        self, portrait: Portrait, limit: int, least: float, among: Collection[str] | None = None
    ) -> dict[str, float]:
        """How like the nearest papers are to one, as far as they are at least so like it."""
        builder = self._build_query_builder()
        if among is not None:
            builder.restrict(among)
        found = self.run_query(builder.build_with_traits(portrait.traits), limit).ids
        meaning, vector = self.meaning, portrait.vector
        near = meaning.find_nearest_papers(vector, limit, among) if meaning and meaning.fits(vector) else {}
        papers = self._draw_portraits({*found, *near})
        return dict(measure_pairs({"": portrait}, papers, meaning, least))[""]

    def _draw_portraits(self, ids: Collection[str]) -> dict[str, Portrait]:
        """What the papers are compared by; those that are not in the index are left out."""
        get_vector = self.meaning.get_vector if self.meaning else lambda _: None
        return {each: Portrait(traits, get_vector(each)) for each, traits in self._weigh_traits(ids).items()}

    def _weigh_traits(self, ids: Collection[str]) -> dict[str, Traits]:
        """The traits of papers; those of a day are kept, because many filters ask for them."""
        rarities, kept = self._get_weights()
        found = {each: traits for each in ids if (traits := kept.get(each)) is not None}
        counts = self.read_stem_counts([each for each in ids if each not in found])
        new = {paper_id: weigh_traits(stems, rarities) for paper_id, stems in counts.items()}
        if len(kept) + len(new) > MAX_KEPT_TRAITS:
            kept.clear()
        if len(new) <= MAX_KEPT_TRAITS:
            kept.update(new)
        return found | new

    def _get_weights(self) -> tuple[Rarities, dict[str, Traits]]:
        """How much each stem counts now, and what is kept of the traits of papers."""
        change, rarities, kept = self._weights
        if change != self.change or len(rarities) > MAX_RARITIES:
            rarities, kept = Rarities(self.get_searcher()), {}
            self._weights = (self.change, rarities, kept)
        return rarities, kept

    def _build_query_builder(self, alike: Mapping[str, Collection[str]] | None = None) -> QueryBuilder:
        return QueryBuilder(self.schema, self.get_searcher(), alike)

    def _build_corrector(self, builder: QueryBuilder) -> Corrector:
        return Corrector(builder, self.get_searcher(), self._get_spelling, self.run_query)

    def _get_spelling(self) -> Spelling:
        """The words of the archive. After a change they are read anew beside the searches, which takes seconds."""
        with self._spelling_lock:
            if self._spelling is None:
                self._read_spelling()
            elif self._spelling[0] != self.change and not self._is_reading_spelling:
                self._is_reading_spelling = True
                self._spelling_thread.submit(self._read_spelling)
            assert self._spelling
            return self._spelling[1]

    def _read_spelling(self) -> None:
        try:
            change = self.change
            self._spelling = (change, read_spelling(self.get_searcher()))
        finally:
            self._is_reading_spelling = False

    def close(self) -> None:
        self._spelling_thread.shutdown()
        super().close()

    def suggest_words(self, query: Query) -> tuple[str, ...]:
        """Words of the archive to try instead of those words and names of `query` that no paper has."""
        words = [word for text in query.list_texts() for word in text.split()]
        builder = self._build_query_builder()
        unknown = islice(builder.counts.find_unknown_words(words), MAX_CORRECTED)
        spelled_out = [EXPANSIONS.get(fold_word(word), "") for word in unknown]
        found = [each for each in spelled_out if each and builder.counts.has_all_words(each)]
        nearest = self._build_corrector(builder).list_nearest_words(words, limit=2)
        return tuple(dict.fromkeys([*found, *nearest, *self._suggest_names(query, builder)]))

    def _suggest_names(self, query: Query, builder: QueryBuilder) -> Iterator[str]:
        """What to try instead of names after operators: the nearest names, or the same as plain words."""
        named = [each.node for each in query.clauses if isinstance(each.node, Named) and each.occur is not Occur.NOT]
        for node in named[:MAX_CORRECTED]:
            for word in self._build_corrector(builder).list_nearest_words(node.text.split(), limit=1):
                if self.run_query(builder.build_named(node.name, word), 1).total:
                    yield f"{node.name}:{word}"
            if builder.counts.has_all_words(node.text):
                yield node.text

    def _find_papers_in_order(self, query: Query, builder: QueryBuilder, limit: int, offset: int) -> FoundPapers:
        """The papers by upvotes or date: those with every word of `query`, or if there are none, the nearest to it.

        Otherwise a popular paper that has only one of the words would come first.
        """
        by = _FIELD_OF[query.order]
        several = builder.count_ranking_words(query) > 1
        hits = self.run_query(builder.build_query(query, every_word=True), limit, offset, by=by)
        if hits.total:
            return FoundPapers(hits.ids, hits.total, complete=hits.total if several else None)
        matched = builder.build_query(query)
        if several:
            pool = self.run_query(matched, WORD_POOL, pull=True)
            matched = builder.build_papers(_keep_near_best(pool, (), pool.best_score, LEAST_KEPT).ids)
        hits = self.run_query(matched, limit, offset, by=by)
        return FoundPapers(hits.ids, hits.total, complete=0 if several else None)

    def _rank_by_words(self, query: Query, builder: QueryBuilder) -> "_Ranking":
        """The best papers; of a short query first those with all its words, as a long one describes what it wants."""
        matched = builder.build_query(query)
        words = builder.count_ranking_words(query)
        if words > MAX_LOOKED_UP:
            pool, rest, count = self._pool_best_papers(query, builder)
            rest = _exclude(rest, builder.build_papers(pool.ids))
            others = self.run_query(rest, 1).total if count else 0
            return _Ranking(self, pool.ids, rest, pool.total + others, count)
        if words <= 1:
            return _Ranking(self, (), matched, self.run_query(matched, 1).total)
        complete = builder.build_complete(query)
        count = self.run_query(complete, 1).total
        pool = self.run_query(matched, 1, pull=True)
        partial = self.run_query(_exclude(matched, complete), WORD_POOL, pull=True)
        near = _keep_near_best(partial, (), pool.best_score, LEAST_KEPT - count)
        return _Ranking(self, near.ids, complete, count + near.total, count, rest_first=True)

    def _find_among(self, query: Query, builder: QueryBuilder, most: int, limit: int, offset: int) -> FoundPapers:
        """A page of what `_rank_by_words` finds for a few words among `most` papers, looking at their ids just twice.

        What has all the words is left out of what has some of them by its address in the index: a query that excludes
        it would look for it once more. Only the ids of the page are read.
        """
        matched = builder.build_query(query)
        if builder.count_ranking_words(query) <= 1:
            return _to_found_papers(self.run_query(matched, limit, offset, pull=True))
        searcher = builder.searcher
        complete = self.rank_papers(searcher, builder.build_complete(query), most)
        every = self.rank_papers(searcher, matched, len(complete) + WORD_POOL)
        whole = {(address.segment_ord, address.doc) for _, address in complete}
        partial = [each for each in every if (each[1].segment_ord, each[1].doc) not in whole][:WORD_POOL]
        least, bar = LEAST_KEPT - len(complete), NOISE * max((score for score, _ in every), default=0.0)
        near = [each for number, each in enumerate(partial) if number < least or each[0] >= bar]
        found = [address for _, address in (*complete, *near)]
        page = read_ids(searcher, found[max(0, offset) :][:limit])
        return FoundPapers(page, len(found), complete=len(complete))

    def _pool_best_papers(self, query: Query, builder: QueryBuilder) -> tuple[Hits, tantivy.Query, int | None]:
        """The best papers by words; what else is found, which is what has all the words; and how many have those."""
        matched = builder.build_query(query)
        pool, words = self.run_query(matched, WORD_POOL, pull=True), builder.count_ranking_words(query)
        if words <= 1:
            return pool, matched, None
        complete = builder.build_complete(query)
        count = self.run_query(complete, 1).total
        both = _require_both(builder.build_complete(query, everywhere=True), builder.build_papers(pool.ids))
        whole = self.run_query(both, WORD_POOL).ids if count else ()
        kept = _keep_near_best(pool, whole, pool.best_score, LEAST_KEPT)
        if words <= MAX_LOOKED_UP:
            kept = _raise_scores(kept, whole, WHOLE_BONUS)
        return kept, complete, count

    def _rank_with_meaning(
        self, meaning: Meaning, query: Query, builder: QueryBuilder, text: str, among: Collection[str] | None = None
    ) -> "_Ranking":
        """The best papers by words and the nearest in meaning to `text`, ranked together."""
        pool, rest, count = self._pool_best_papers(query, builder)
        vector = meaning.encode_query(text)
        nearest = meaning.find_nearest_papers(vector, MAX_NEAR if query.has_requirements else MEANING_POOL, among)
        near = [each for each, cosine in nearest.items() if cosine >= MIN_COSINE and each not in pool.ids]
        allowed: Sequence[str] = ()
        if near:
            required = _require_both(builder.build_required(query), builder.build_papers(near))
            allowed = self.run_query(required, MAX_NEAR).ids
        added = sorted(allowed, key=lambda each: -nearest[each])[:MEANING_POOL]
        weight = NAME_WEIGHT if self._names_paper(query, builder, pool) else DESCRIPTION_WEIGHT
        cosines = _fill_in_cosines(meaning.compute_cosines(vector, [*pool.ids, *added]), pool.ids)
        ids = _sort_by_score(_fuse_scores(pool, cosines, weight))
        rest = _exclude(rest, builder.build_papers(ids))
        return _Ranking(self, tuple(ids), rest, len(ids) + self.run_query(rest, 1).total, count)

    def _names_paper(self, query: Query, builder: QueryBuilder, hits: Hits) -> bool:
        """Whether `query` has a name, or much of a title that is among its first `hits`, rather than a description."""
        if builder.contains_name(query):
            return True
        first = builder.build_papers(hits.ids[:TITLED])
        return self.run_query(_require_both(builder.build_titled(query), first), 1).total > 0

    def _rank_by_likeness(
        self, query: Query, builder: QueryBuilder, nearest: Mapping[str, Likeness], text: str
    ) -> "_Ranking":
        """The papers like the examples, nearest first; if it has words too, both count. Then what else matches."""
        matched = builder.build_query(query)
        among = tantivy.Query.const_score_query(builder.build_papers(list(nearest)), 0.0)
        limit = max(1, len(nearest))
        hits = self.run_query(_require_both(matched, among), limit, pull=True)
        cosines: dict[str, float] = {}
        if text and self.meaning:
            required = self.run_query(_require_both(builder.build_required(query), among), limit).ids
            known = self.meaning.compute_cosines(self.meaning.encode_query(text), required)
            cosines = {each: cosine for each, cosine in known.items() if cosine >= MIN_COSINE or each in hits.ids}
        scores = _fuse_scores(hits, cosines, DESCRIPTION_WEIGHT)
        weight = LIKENESS_WEIGHT_WITH_MEANING if cosines else LIKENESS_WEIGHT
        ids = _sort_by_score({each: score + weight * nearest[each].value for each, score in scores.items()})
        rest = _exclude(matched, builder.build_papers(ids))
        total = len(ids) + self.run_query(rest, 1).total
        return _Ranking(self, tuple(ids), rest, total, rest_by=None if text else "by_upvotes")

    def find_nearest_in_meaning(self, query: Query, *, limit: int) -> tuple[str, ...]:
        """The papers nearest in meaning to the words of `query`, whatever else it requires; none without `meaning`."""
        if self.meaning is None:
            return ()
        translation = None if self.meaning.knows_languages else find_translation(query)
        text = " ".join(query.rewrite((), translation).list_texts())
        if not text:
            return ()
        return tuple(self.meaning.find_nearest_papers(self.meaning.encode_query(text), limit))

    def find_papers_by_title_start(self, typed: str, *, limit: int) -> tuple[str, ...]:
        """The papers whose titles have the words typed so far; the last word may be incomplete."""
        return self.run_query(self._build_query_builder().build_title(typed), limit, pull=True).ids

    def find_papers_by_name(self, kind: str, beginning: str, *, limit: int) -> tuple[str, ...]:
        """The papers by an `author` or `org`, or with a `tag`, that has a word with this beginning; popular first."""
        named = self._build_query_builder().build_named(kind, f"{beginning}*")
        return self.run_query(named, limit, by="by_upvotes").ids

    def find_similar_papers(self, paper: Paper, *, limit: int) -> dict[str, Likeness]:
        """The papers most like `paper`, the nearest first, even if they are not above the bar."""
        portrait = self._draw_portraits([paper.id]).get(paper.id)
        if portrait is None:
            portrait = Portrait(weigh_traits(count_stems(paper), self._get_weights()[0]))
        if self.meaning and portrait.vector is None:
            portrait = replace(portrait, vector=self.meaning.encode_paper(paper))
        found = self._find_near_portrait(portrait, LIKE_POOL, 0.0)
        nearest = sorted((each for each in found if each != paper.id), key=lambda each: (-found[each], each))
        return {each: Likeness(paper.id, found[each]) for each in nearest[:limit]}

    def make_snippet(self, query: Query, paper: Paper, width: int) -> Snippet:
        """The piece of the abstract, `width` characters at most, that has the most of what was looked for."""
        telling = (text for text in query.list_alternatives() if fold_word(text) not in STOP_WORDS)
        rarities, _ = self._get_weights()
        weights = {stem: weight for text in telling for stem in split_stems(text) if (weight := rarities[stem])}
        return cut_snippet(get_searchable_prose(paper), weights, width)


@dataclass(frozen=True, slots=True)
class _Ranking:
    """Papers by their ids, and the `rest`, which are ranked by words alone and come after them or `rest_first`.

    If the rest has no words, it is ranked by the field `rest_by`.
    """

    index: Index
    ids: tuple[str, ...]
    rest: tantivy.Query
    total: int
    complete: int | None = None
    rest_first: bool = False
    rest_by: str | None = None

    def get_page(self, limit: int, offset: int) -> FoundPapers:
        offset = max(0, offset)
        known = len(self.ids)
        first = self.total - known if self.rest_first else known  # how many come from the part that is first
        page = self._read_part(limit, offset, first, of_rest=self.rest_first)
        page += self._read_part(limit - len(page), max(0, offset - first), self.total, of_rest=not self.rest_first)
        return FoundPapers(page, self.total, complete=self.complete)

    def _read_part(self, limit: int, offset: int, size: int, *, of_rest: bool) -> tuple[str, ...]:
        limit = min(limit, size - offset)
        if limit <= 0:
            return ()
        if of_rest:
            return self.index.run_query(self.rest, limit, offset, by=self.rest_by, pull=not self.rest_by).ids
        return self.ids[offset : offset + limit]


def _build_as_spelled(query: Query, builder: QueryBuilder) -> tantivy.Query:
    """The paper that `query` names, or those with every word of it."""
    reference = parse_paper_id(query.text)
    return builder.build_papers([reference]) if reference else builder.build_query(query, every_word=True)


def _keep_near_best(hits: Hits, whole: Collection[str], best: float, least: int) -> Hits:
    """The hits that are among the `whole` ones, which have all words, or come near to the `best` score.

    At least the first `least` are kept: with few papers, there is no noise to speak of.
    """
    kept = [
        number
        for number, (paper_id, score) in enumerate(zip(hits.ids, hits.scores, strict=True))
        if number < least or paper_id in whole or score >= NOISE * best
    ]
    return Hits(tuple(hits.ids[each] for each in kept), tuple(hits.scores[each] for each in kept), len(kept))


def _raise_scores(hits: Hits, whole: Collection[str], share: float) -> Hits:
    """The hits with the `whole` ones, which have all words, raised by this share of the best score."""
    bonus = share * hits.best_score
    pairs = zip(hits.ids, hits.scores, strict=True)
    return replace(hits, scores=tuple(score + bonus * (paper_id in whole) for paper_id, score in pairs))


def _to_found_papers(hits: Hits) -> FoundPapers:
    return FoundPapers(hits.ids, hits.total)


def _pick_nearest(examples: Collection[str], likeness: Mapping[str, Mapping[str, float]]) -> dict[str, Likeness]:
    """The nearest of `examples` for each paper that is like one; of equally near ones, the first."""
    nearest: dict[str, Likeness] = {}
    for example in dict.fromkeys(examples):
        for paper_id, value in likeness.get(example, {}).items():
            if paper_id not in nearest or value > nearest[paper_id].value:
                nearest[paper_id] = Likeness(example, value)
    return nearest


def _fill_in_cosines(cosines: Mapping[str, float], found: Sequence[str]) -> Mapping[str, float]:
    """Papers `found` by words that have no vector yet count as near as most of those that have one.

    So their words place them among the others, while the papers of an archive get their vectors.
    """
    known = [cosines[each] for each in found if each in cosines] or [*cosines.values()]
    return dict.fromkeys(found, median(known)) | dict(cosines) if known else cosines


def _fuse_scores(hits: Hits, cosines: Mapping[str, float], weight: float) -> dict[str, float]:
    """The score of each paper (the best one is 1) plus `weight` times its cosine; a paper may lack either."""
    best = hits.best_score or 1.0  # operators alone give no score
    scores = {paper_id: score / best for paper_id, score in zip(hits.ids, hits.scores, strict=True)}
    return {each: scores.get(each, 0.0) + weight * cosines.get(each, 0.0) for each in {**scores, **cosines}}


def _sort_by_score(scores: Mapping[str, float]) -> list[str]:
    return sorted(scores, key=lambda each: -scores[each])


def _require_both(one: tantivy.Query, other: tantivy.Query) -> tantivy.Query:
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, one), (tantivy.Occur.Must, other)])


def _exclude(one: tantivy.Query, other: tantivy.Query) -> tantivy.Query:
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, one), (tantivy.Occur.MustNot, other)])
