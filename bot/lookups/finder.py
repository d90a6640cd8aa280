"""What people look up, using the search and the storage together."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from random import Random

from bot import metrics
from bot.archive import Archive
from bot.digest import Likeness, get_closing_time, get_latest_closed_day
from bot.papers import Paper, is_before_2007
from bot.papers.api import PapersUnavailable
from bot.ranking import Period
from bot.refusals import Refusal, Refused
from bot.search import (
    LIKENESS_BAR,
    MOST_RATED,
    Correction,
    FoundPapers,
    Part,
    Query,
    SearchIndex,
    Snippet,
    Sort,
    Translation,
)
from bot.storage import PostedMessage, Storage

PER_PAGE = 5
SNIPPET = 220  # characters
AGES: dict[str, int | None] = {"week": 7, "month": 30, "year": 365, "all time": None}  # in days
_RANDOM_AMONG = 500
_MAX_HUB_PAPERS = 5  # papers
_MAX_TRIED = 8  # parts of a query that it is tried without
_MAX_RERANKED = 200  # queries whose order is kept, so that their pages agree
_WHOLE_INDEX = 0.95  # of all papers; in the minute after a list was read, its new ones are missing


@dataclass(frozen=True, slots=True)
class Viewer:
    """The server where a person looks something up, and which of its channels they may view."""

    guild_id: int
    can_view: Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Hit:
    """A paper that was found, the part of its text that matches, and where this server's digests highlighted it.

    `likeness` is that to the nearest example, if papers like one were asked for.
    """

    paper: Paper
    snippet: Snippet | None = None
    posted_message: PostedMessage | None = None
    likeness: Likeness | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A part of a query, as typed, without which the rest finds papers: the rest, and how many it finds.

    If the part asks for upvotes, `best_upvotes` are those of the most upvoted of these papers.
    """

    part: Part
    typed: str
    rest: str
    total: int
    best_upvotes: int | None = None


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """While the search index is being made: how many papers it has, and how many the archive has."""

    indexed: int
    total: int


class QueryUnclear(Refused):
    """Nothing in a query is understood; `query.mistakes` says why."""

    def __init__(self, query: Query) -> None:
        super().__init__(Refusal.QUERY_UNCLEAR)
        self.query = query


class IndexIncomplete(Refused):
    """Nothing was found, but the index that is searched is still being made."""

    def __init__(self, progress: IndexProgress) -> None:
        super().__init__(Refusal.INDEX_INCOMPLETE)
        self.progress = progress


@dataclass(frozen=True, slots=True)
class SearchResults:
    """A page of what `query` found, and how the query was changed to find it.

    `complete` of all papers have all the words; None if there are not several words to rank by. `progress` is that of
    an index which is still being made. `knows_meaning` if papers can also be found by their meaning.

    `corrections` are words of it with those that were looked for instead, or too, and a `translation` is what was
    looked for instead of them all. `dropped_operators` are those, as typed, that excluded everything, and `exclusions`
    the parts each of which did so. `suggestions` are words to try if nothing was found.
    """

    query: Query
    hits: tuple[Hit, ...]
    total: int
    page: int
    corrections: tuple[Correction, ...] = ()
    dropped_operators: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    complete: int | None = None
    exclusions: tuple[Exclusion, ...] = ()
    progress: IndexProgress | None = None
    knows_meaning: bool = False
    translation: Translation | None = None

    @property
    def is_reworded(self) -> bool:
        """Whether other words were looked for than were typed, instead or too."""
        return bool(self.corrections or self.translation)

    @property
    def is_as_typed(self) -> bool:
        """Whether every part of the query was understood, and looked for as it was typed."""
        return not (self.query.mistakes or self.is_reworded or self.dropped_operators)

    def list_queries(self) -> list[str]:
        """The queries that buttons of the page lead to."""
        as_typed = [self.uncorrected_text] if self.is_reworded else []
        return [self.query.text, *(each.rest for each in self.exclusions), *as_typed]

    @property
    def uncorrected_text(self) -> str:
        """The query with its corrected words in quotes, so that exactly they are looked for.

        A query in another language is left as it is if one of its words is in quotes.
        """
        if self.translation:
            return self.query.quote_words([self.query.plain_words[0].text])
        return self.query.quote_words([each.typed for each in self.corrections])


@dataclass(frozen=True, slots=True)
class PaperDetails:
    """A paper with the history of its upvotes, and where this server's digests highlighted it."""

    paper: Paper
    upvotes: tuple[int, ...] = ()
    posted_message: PostedMessage | None = None


@dataclass(frozen=True, slots=True)
class ReferencedPapers:
    """The papers with these `ids`, in this order: those there are, and why the others are `missing`, by id."""

    ids: tuple[str, ...]
    hits: tuple[Hit, ...]
    missing: Mapping[str, Refusal]


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """A page of the papers of `period` around `day`, by upvotes.

    `closes_at` is set if the list may still grow. `instead_of` is the day that was asked for, if it has no list yet.
    """

    period: Period
    day: date
    papers: tuple[Paper, ...]
    total: int
    page: int
    closes_at: datetime | None = None
    instead_of: date | None = None


class Finder:
    """Finds papers in `storage`, through `search`, and in the papers API, through `archive`."""

    def __init__(self, storage: Storage, archive: Archive, search: SearchIndex) -> None:
        self._storage = storage
        self._archive = archive
        self._search = search
        self._reranked: dict[tuple[str, int], list[str]] = {}  # by the query and the change number of the index

    async def get_paper(self, paper_id: str) -> Paper | None:
        """The paper, if it is in the archive."""
        papers = await self._storage.papers.get([paper_id])
        return papers[0] if papers else None

    async def fetch_paper(self, paper_id: str, now: datetime) -> Paper:
        """The paper from the papers API, which takes a while. Raises `Refused`."""
        try:
            paper = await self._archive.fetch_paper(paper_id, now)
        except PapersUnavailable as error:
            raise Refused(Refusal.PAPERS_DOWN, text=paper_id) from error
        if paper is None:
            raise Refused(Refusal.PAPER_TOO_OLD if is_before_2007(paper_id) else Refusal.NO_SUCH_PAPER, text=paper_id)
        return paper

    async def get_or_fetch_papers(
        self, ids: Sequence[str], now: datetime, viewer: Viewer | None = None
    ) -> ReferencedPapers:
        """These papers, which should be few: all that the archive lacks are fetched at once.

        One that can't be fetched leaves the others as they are. It takes as long as fetching a single one may take.
        """
        known = {paper.id: paper for paper in await self._storage.papers.get(ids)}
        unknown = [each for each in ids if each not in known]
        missing = {}
        for paper_id, fetched in zip(
            unknown, await asyncio.gather(*(self._try_to_fetch(each, now) for each in unknown)), strict=True
        ):
            if isinstance(fetched, Paper):
                known[paper_id] = fetched
            else:
                missing[paper_id] = fetched
        hits = await self._add_posted_messages((Hit(known[each]) for each in ids if each in known), viewer)
        return ReferencedPapers(tuple(ids), hits, missing)

    async def _try_to_fetch(self, paper_id: str, now: datetime) -> Paper | Refusal:
        try:
            return await self.fetch_paper(paper_id, now)
        except Refused as refused:
            return refused.refusal

    async def find_best_match(self, query: Query) -> Paper:
        """The best match for a description of a paper. Raises `Refused`."""
        results = await self.search_papers(query, 1) if query.text else None
        if results is None or not results.hits:
            await self._check_index()
            raise Refused(Refusal.PAPER_UNKNOWN)
        return results.hits[0].paper

    async def search_beyond_archive(self, query: Query) -> list[Paper]:
        """Papers that Hugging Face's own search finds and the archive does not have. Raises `Refused`."""
        try:
            papers = await self._archive.search_hub(" ".join(query.list_texts()) or query.text, 2 * _MAX_HUB_PAPERS)
        except PapersUnavailable as error:
            raise Refused(Refusal.HUB_DOWN) from error
        known = {paper.id for paper in await self._storage.papers.get([paper.id for paper in papers])}
        new = [paper for paper in papers if paper.id not in known][:_MAX_HUB_PAPERS]
        if not new:
            raise Refused(Refusal.HUB_HAS_NOTHING_NEW)
        return new

    async def build_leaderboard(self, period: Period, day: date, page: int, now: datetime) -> Leaderboard:
        """A page of a leaderboard, counted from 1; it may be empty."""
        first, last = period.get_days(day)
        papers, total = await self._storage.papers.list_top_papers(
            first, last, limit=PER_PAGE, offset=(page - 1) * PER_PAGE
        )
        open_list = papers and period is Period.DAY and now < get_closing_time(day)
        return Leaderboard(period, day, tuple(papers), total, page, get_closing_time(day) if open_list else None)

    async def list_listed_papers(self, first: date, last: date, page: int) -> tuple[Sequence[Paper], int]:
        """A page of the papers that were listed from `first` to `last`, most upvoted first, and the total number."""
        return await self._storage.papers.list_top_papers(first, last, limit=PER_PAGE, offset=(page - 1) * PER_PAGE)

    async def build_latest_leaderboard(self, now: datetime) -> Leaderboard:
        """Today's list so far, or the latest list before it. Raises `Refused`."""
        today = now.date()
        latest = await self._storage.papers.get_latest_listed_day(today)
        if latest is None:
            raise Refused(Refusal.ARCHIVE_EMPTY)
        board = await self.build_leaderboard(Period.DAY, latest, 1, now)
        return board if latest == today else replace(board, instead_of=today)

    async def build_quiet_run_leaderboard(self, nonce: str, sent_at: datetime, now: datetime) -> Leaderboard:
        """The last list that a quiet run looked at; the `nonce` is that of its message. Raises `Refused`.

        The nonces of old runs are deleted: then it is the last list that was closed when the message was sent.
        """
        delivery = await self._storage.deliveries.find_by_nonce(nonce)
        days = delivery.digest.days if delivery else ()
        day = days[-1] if days else await self._storage.papers.get_latest_listed_day(get_latest_closed_day(sent_at))
        if day is None:
            raise Refused(Refusal.PAGE_GONE)
        board = await self.build_leaderboard(Period.DAY, day, 1, now)
        if not board.papers:
            raise Refused(Refusal.PAGE_GONE)
        return board

    async def search_papers(self, query: Query, page: int, viewer: Viewer | None = None) -> SearchResults:
        """A page of what `query` finds, counted from 1. Operators that exclude everything are dropped.

        Raises `Refused` if there is nothing to look for, or if a link in the query leads somewhere else, or to a paper
        that is too old to be found.
        """
        check_query(query)
        with metrics.time_search("search"):
            used, dropped, found = await asyncio.to_thread(self._search_relaxed, query, (page - 1) * PER_PAGE)
            meant = used.rewrite(found.corrections, found.translation)
            found = await self._rerank(used, meant, found, (page - 1) * PER_PAGE)
            hits = await self.build_hits(found.ids, meant, viewer)
        results = SearchResults(
            query,
            hits,
            found.total,
            page,
            found.corrections,
            dropped,
            complete=found.complete,
            progress=await self.read_index_progress(),
            knows_meaning=self._search.meaning is not None,
            translation=found.translation,
        )
        if query.reference or (found.total and not dropped) or page > 1:
            return results
        suggestions = () if found.total else await asyncio.to_thread(self._search.suggest_words, query)
        return replace(results, suggestions=suggestions, exclusions=await self._find_exclusions(query))

    async def _rerank(self, query: Query, meant: Query, found: FoundPapers, offset: int) -> FoundPapers:
        """With a reranker, the best papers in the order that it gives them; the pages of a query agree on it."""
        reranking = self._search.reranking
        if reranking is None or offset >= MOST_RATED or not _is_ranked(query):
            return found
        key = (query.text, self._search.change)
        if key not in self._reranked:
            best = await asyncio.to_thread(self._search.find_papers, query, limit=MOST_RATED)
            papers = await self._storage.papers.get(best.ids)
            order = await asyncio.to_thread(reranking.sort_papers, " ".join(meant.list_texts()), papers)
            while len(self._reranked) >= _MAX_RERANKED:
                self._reranked.pop(next(iter(self._reranked)))
            self._reranked[key] = [each.id for each in (order or papers)]
        return replace(found, ids=tuple(self._reranked[key][offset : offset + PER_PAGE]))

    async def read_index_progress(self) -> IndexProgress | None:
        """How far the search index is, while it is being made; None if it has all papers, or all but the newest."""
        if self._search.change >= await self._storage.papers.get_last_change():
            return None
        indexed, total = self._search.count_papers(), await self._storage.papers.count()
        return IndexProgress(indexed, total) if indexed < _WHOLE_INDEX * total else None

    async def _check_index(self) -> None:
        """Raises `IndexIncomplete` while the search index is being made."""
        if progress := await self.read_index_progress():
            raise IndexIncomplete(progress)

    async def _find_exclusions(self, query: Query) -> tuple[Exclusion, ...]:
        """The parts of `query` that exclude everything. One that asks for upvotes comes with the most upvoted paper."""
        found = await asyncio.to_thread(self._try_without_each_part, query)
        best = await self._storage.papers.get(paper_id for _, ids in found for paper_id in ids)
        upvotes = {paper.id: paper.upvotes for paper in best}
        return tuple(replace(each, best_upvotes=upvotes.get(ids[0]) if ids else None) for each, ids in found)

    def _try_without_each_part(self, query: Query) -> list[tuple[Exclusion, Sequence[str]]]:
        found: list[tuple[Exclusion, Sequence[str]]] = []
        singly = [*islice(query.list_restrictions(), _MAX_TRIED)]
        for each in [*singly, query.join_restrictions()] if len(singly) > 1 else singly:
            if found and each not in singly:
                break  # all parts together matter only if no single one does
            rest, is_minimum = each.rest, each.part is Part.MINIMUM
            if not rest.clauses and not is_minimum:
                continue  # the whole archive says nothing about what was looked for
            total = self._search.find_papers(rest, limit=1).total
            if total:
                ids = self._search.find_papers(replace(rest, sort=Sort.UPVOTES), limit=1).ids if is_minimum else ()
                text = rest.text if rest.clauses else f"sort:{Sort.UPVOTES.value}"
                found.append((Exclusion(each.part, each.typed, text, total), ids))
        return found

    async def find_nearest_in_meaning(self, query: Query, viewer: Viewer | None = None) -> tuple[Hit, ...]:
        """The papers nearest in meaning to the words of `query`. Raises `Refused`."""
        ids = await asyncio.to_thread(self._search.find_nearest_in_meaning, query, limit=PER_PAGE)
        if not ids:
            raise Refused(Refusal.NOTHING_SIMILAR)
        return await self._add_posted_messages(map(Hit, await self._storage.papers.get(ids)), viewer)

    def _search_relaxed(self, query: Query, offset: int) -> tuple[Query, tuple[str, ...], FoundPapers]:
        """The query that was used in the end, the operators that were dropped, and the papers that it found."""
        found = self._search.find_papers(query, limit=PER_PAGE, offset=offset)
        if found.total or query.reference:
            return query, (), found
        for relaxed, dropped in query.list_relaxed_queries():
            again = self._search.find_papers(relaxed, limit=PER_PAGE, offset=offset)
            if again.total:
                return relaxed, dropped, again
        return query, (), found

    async def build_hits(self, ids: Sequence[str], query: Query, viewer: Viewer | None) -> tuple[Hit, ...]:
        """Those of the papers `ids` that are in the archive, as `query` found them."""
        papers = await self._storage.papers.get(ids)
        snippets: Sequence[Snippet | None] = [None] * len(papers)
        if not query.reference and any(query.list_texts()):
            snippets = await asyncio.to_thread(self._make_snippets, query, papers)
        near = await self._measure_likeness(query, [paper.id for paper in papers])
        hits = (
            Hit(paper, snippet, likeness=near.get(paper.id)) for paper, snippet in zip(papers, snippets, strict=True)
        )
        return await self._add_posted_messages(hits, viewer)

    async def _measure_likeness(self, query: Query, ids: Sequence[str]) -> Mapping[str, Likeness]:
        """How like those of the papers `ids` are that are like an example of `query`."""
        examples = query.list_examples()
        if not examples or query.reference:
            return {}
        near = await asyncio.to_thread(self._search.measure_likeness, examples, ids)
        return {paper_id: each for paper_id, each in near.items() if each.value >= LIKENESS_BAR}

    async def fetch_examples(self, query: Query, now: datetime) -> None:
        """Fetch the papers that `query` compares others with, if they are not in the archive yet. Raises `Refused`."""
        for paper_id in await self.list_missing_examples(query):
            await self.fetch_paper(paper_id, now)

    async def list_missing_examples(self, query: Query) -> Sequence[str]:
        """The papers that `query` compares others with and the archive does not have."""
        return await self._storage.papers.list_unknown(query.list_all_examples())

    def _make_snippets(self, query: Query, papers: Sequence[Paper]) -> list[Snippet | None]:
        snippets = (self._search.make_snippet(query, paper, SNIPPET) for paper in papers)
        return [snippet if snippet.marks else None for snippet in snippets]

    async def _add_posted_messages(self, hits: Iterable[Hit], viewer: Viewer | None) -> tuple[Hit, ...]:
        found = tuple(hits)
        if viewer is None or not found:
            return found
        channels = await self._list_viewable_channels(viewer)
        ids = [hit.paper.id for hit in found]
        messages = await self._storage.posted_papers.find_latest(viewer.guild_id, channels, ids)
        return tuple(replace(hit, posted_message=messages.get(hit.paper.id)) for hit in found)

    async def get_details(self, paper: Paper, viewer: Viewer | None = None) -> PaperDetails:
        """Everything to show about `paper`."""
        (hit,) = await self._add_posted_messages([Hit(paper)], viewer)
        snapshots = await self._storage.papers.list_snapshots(paper.id)
        return PaperDetails(paper, tuple(upvotes for _, upvotes in snapshots), hit.posted_message)

    async def _list_viewable_channels(self, viewer: Viewer) -> list[int]:
        """The channels with digests that the person may view."""
        channels = await self._storage.posted_papers.list_channels(viewer.guild_id)
        return [each for each in channels if viewer.can_view(each)]

    async def list_posted_papers(
        self, viewer: Viewer, period: str, page: int, now: datetime
    ) -> tuple[tuple[Hit, ...], int]:
        """A page of what a server's digests highlighted within one of `AGES`, newest first, and the total number."""
        days = AGES[period]
        since = now - timedelta(days=days) if days else datetime.min.replace(tzinfo=UTC)
        channels = await self._list_viewable_channels(viewer)
        found, total = await self._storage.posted_papers.list_since(
            viewer.guild_id, channels, since, limit=PER_PAGE, offset=(page - 1) * PER_PAGE
        )
        return tuple(Hit(paper, posted_message=message) for paper, message in found), total

    async def find_similar_papers(self, paper: Paper, viewer: Viewer | None = None) -> tuple[Hit, ...]:
        """The papers most similar to `paper`, the most similar first. Raises `Refused`."""
        with metrics.time_search("similar"):
            found = await asyncio.to_thread(self._search.find_similar_papers, paper, limit=PER_PAGE)
        if not found:
            await self._check_index()
            raise Refused(Refusal.NOTHING_SIMILAR, text=paper.id)
        hits = (Hit(each, likeness=found[each.id]) for each in await self._storage.papers.get(found))
        return await self._add_posted_messages(hits, viewer)

    async def pick_random_paper(self, query: Query, random: Random, *, other_than: str = "") -> Paper | None:
        """A random paper, of all or of those that match `query`; None if there is none. Raises `Refused`.

        It is the paper `other_than` only if there is no other.
        """
        if query.text:
            check_query(query)
        drawn = await asyncio.to_thread(self._draw_random_id, query, random, other_than)
        papers = await self._storage.papers.get(drawn)
        if not papers:
            await self._check_index()
        return papers[0] if papers else None

    def _draw_random_id(self, query: Query, random: Random, other_than: str) -> Sequence[str]:
        count = self._search.find_papers(query, limit=1).total
        if any(query.list_texts()):
            count = min(count, _RANDOM_AMONG)  # further down, papers match only one of many words
        if not count:
            return ()
        drawn = random.randrange(count)
        found = self._search.find_papers(query, limit=1, offset=drawn).ids
        if other_than not in found or count == 1:
            return found
        following = (drawn + random.randrange(1, count)) % count
        return self._search.find_papers(query, limit=1, offset=following).ids


def _is_ranked(query: Query) -> bool:
    """Whether its papers are ordered by how well their words fit."""
    return query.order is Sort.RELEVANCE and not query.reference and any(query.list_texts())


def check_query(query: Query, *, wants_something: bool = True) -> None:
    """Refuses a query that nothing can be found for, or only the wrong papers; an empty one if it `wants_something`.

    Raises `Refused`.
    """
    if wants_something and not query.reference and not query.looks_for_something:
        raise QueryUnclear(query) if query.mistakes else Refused(Refusal.QUERY_EMPTY)
    if query.has_foreign_link:
        raise Refused(Refusal.PAPER_UNKNOWN)
    if query.reference and is_before_2007(query.reference):
        raise Refused(Refusal.PAPER_TOO_OLD, text=query.reference)
