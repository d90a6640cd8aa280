"""Finds papers among those that a person saved, by the papers' words and by the person's own."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot import metrics
from bot.lookups.finder import PER_PAGE, Finder, Hit, SearchResults, Viewer, check_query
from bot.lookups.saved_query import SavedQuery
from bot.papers import Paper
from bot.search import FoundPapers, OwnWords, Query, SearchIndex, Snippet, list_clause_texts
from bot.storage import OwnTexts, SavedOverview, SavedPaper, Storage
from bot.text import fold_text

NOTE_SNIPPET = 120  # characters
_MAX_TAGS = 25  # that are offered while somebody types
_NO_TEXTS = OwnTexts()


@dataclass(frozen=True, slots=True)
class SavedHit:
    """A saved paper that was found, and the piece of its note with the words that were looked for; it may be empty."""

    hit: Hit
    saved: SavedPaper
    note_snippet: Snippet


@dataclass(frozen=True, slots=True)
class SavedResults:
    """A page of what a person saved and `query` found: `found`, and beside each of its hits what only they know.

    `all_saved` and `all_unread` count what they have saved altogether. `own_tags` are theirs, those of most papers
    first, if nothing was found by one.
    """

    query: SavedQuery
    found: SearchResults
    hits: tuple[SavedHit, ...]
    all_saved: int
    all_unread: int
    own_tags: tuple[str, ...] = ()

    def list_queries(self) -> list[str]:
        """The queries that buttons of the page lead to."""
        texts = [
            self.query.text,
            self.query.with_read(None).text,
            self.query.with_read(False).text,
            self.found.query.text,
        ]
        return [*texts, self.uncorrected_text] if self.found.is_reworded else texts

    @property
    def uncorrected_text(self) -> str:
        """The query with its corrected words in quotes, so that exactly they are looked for."""
        return replace(self.query, query=replace(self.query.query, text=self.found.uncorrected_text)).text


class SavedFinder:
    """Finds saved papers in `storage`, through `search`; `finder` adds what is shown beside any paper."""

    def __init__(self, storage: Storage, search: SearchIndex, finder: Finder) -> None:
        self._storage = storage
        self._search = search
        self._finder = finder

    async def find_saved(self, user_id: int, query: SavedQuery, page: int, viewer: Viewer | None) -> SavedResults:
        """A page of what this person saved and `query` finds, counted from 1. Raises `Refused`.

        Unlike a search of the archive, it drops no part of the query: what one saved is few papers.
        """
        saved = await self._read_saved(user_id, query)
        with metrics.time_search("saved"):
            found = await asyncio.to_thread(self._find, query, saved, (page - 1) * PER_PAGE)
            shown = await self._storage.saved_papers.get_several(user_id, found.ids)
            hits = await self._build_hits(found, query.query, shown, viewer)
        results = SearchResults(
            query.query,
            tuple(each.hit for each in hits),
            found.total,
            page,
            found.corrections,
            progress=await self._finder.read_index_progress() if query.query.clauses else None,
            translation=found.translation,
        )
        missed_tag = not found.total and any(wanted for _, wanted in query.tags)
        own_tags = await self._storage.saved_papers.list_own_tags(user_id) if missed_tag else ()
        marks = saved.is_read.values()
        return SavedResults(query, results, hits, len(marks), len(marks) - sum(marks), own_tags)

    async def find_all(self, user_id: int, query: SavedQuery) -> tuple[str, ...]:
        """The ids of all that this person saved and `query` finds, in the order of its pages. Raises `Refused`."""
        saved = await self._read_saved(user_id, query)
        with metrics.time_search("saved"):
            found = await asyncio.to_thread(self._find, query, saved, 0, max(1, len(saved.is_read)))
        return tuple(found.ids)

    async def _read_saved(self, user_id: int, query: SavedQuery) -> SavedOverview:
        """What this person saved, for `query` to be found in. Raises `Refused` if that can find nothing."""
        check_query(query.query, wants_something=bool(query.query.mistakes) and not query.is_narrowed)
        return await self._storage.saved_papers.read_overview(user_id, with_texts=query.needs_own_texts)

    def _find(self, query: SavedQuery, saved: SavedOverview, offset: int, limit: int = PER_PAGE) -> FoundPapers:
        texts, ids = saved.own_texts, [*saved.is_read]
        if query.is_narrowed:
            ids = [each for each in ids if query.fits(texts.get(each, _NO_TEXTS), is_read=saved.is_read[each])]
        if query.comes_last_first and not query.query.clauses:
            return FoundPapers(tuple(ids[offset : offset + limit]), len(ids))
        noted = self._find_in_notes(query.query, ids, texts)
        others = frozenset(ids).difference(noted)
        if query.comes_last_first:
            return self._find_last_saved(query.query, ids, noted, others, offset, limit)
        found = self._search.find_papers(query.query, limit=limit, offset=max(0, offset - len(noted)), among=others)
        if noted and (found.corrections or found.translation):
            found = FoundPapers((), 0)  # the words are right as they are
        first = tuple(noted[offset : offset + limit])
        return replace(found, ids=(*first, *found.ids)[:limit], total=len(noted) + found.total)

    def _find_last_saved(
        self, query: Query, ids: Sequence[str], noted: Sequence[str], others: frozenset[str], offset: int, limit: int
    ) -> FoundPapers:
        """All that have every word, in the order of `ids`."""
        corrections, translation = ((), None) if noted else self._search.find_meant(query, others)
        meant = query.rewrite(corrections, translation)
        matching = self._search.find_matching_ids(meant, others).union(noted)
        shown = [each for each in ids if each in matching]
        return FoundPapers(tuple(shown[offset : offset + limit]), len(shown), corrections, translation=translation)

    def _find_in_notes(self, query: Query, ids: Sequence[str], texts: Mapping[str, OwnTexts]) -> list[str]:
        """Those of `ids` with all words of `query` in their note and own tags, which also meet the rest of it."""
        words = OwnWords(query)
        if query.reference or not words:
            return []
        own_texts = {each: "\n".join((own.note, *own.own_tags)) for each in ids if (own := texts.get(each))}
        noted = [*words.find_in(own_texts)]
        others = tuple(each for each in query.clauses if not any(list_clause_texts((each,))))
        if not noted or not others:
            return noted
        matching = self._search.find_matching_ids(replace(query, text="", clauses=others), noted)
        return [each for each in noted if each in matching]

    async def _build_hits(
        self, found: FoundPapers, query: Query, saved: Mapping[str, SavedPaper], viewer: Viewer | None
    ) -> tuple[SavedHit, ...]:
        meant = query.rewrite(found.corrections, found.translation)
        hits = {each.paper.id: each for each in await self._finder.build_hits(found.ids, meant, viewer)}
        words = OwnWords(query)
        return tuple(
            SavedHit(
                hits.get(each) or Hit(Paper(each, "", "")),  # the archive may have lost it to a backup
                saved[each],
                words.cut_snippet(saved[each].note, NOTE_SNIPPET) if words else Snippet("", ()),
            )
            for each in found.ids
            if each in saved  # it may have been removed meanwhile
        )

    async def complete_own_tags(self, user_id: int, beginning: str) -> list[str]:
        """The person's own tags that have a word with this beginning, those of most papers first."""
        typed = fold_text(beginning)
        tags = await self._storage.saved_papers.list_own_tags(user_id)
        return [each for each in tags if f" {typed}" in f" {fold_text(each)}"][:_MAX_TAGS]
