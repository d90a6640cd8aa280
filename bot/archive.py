"""Keep the archive current: read daily lists from the papers API into the storage, and update the search index."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from bot.clock import Clock
from bot.digest import get_closing_time, list_days_between
from bot.papers import Paper
from bot.papers.api import PapersAPI, PapersUnavailable
from bot.reasons import Reason, ReasonKind
from bot.search import Encoder, Meaning, SearchIndex
from bot.storage import Storage

Answer = TypeVar("Answer")
log = logging.getLogger(__name__)

FRESH_FOR = timedelta(minutes=30)
PAUSE_AFTER_FAILURE = timedelta(minutes=2)
SETTLED_AFTER = timedelta(days=14)  # then hardly anyone votes any more, and a list need not be read again
REFRESH_TIMEOUT = 60  # seconds, so that a due digest does not wait for a whole rate-limit window
LOOKUP_TIMEOUT = 8  # seconds; a person is waiting for a paper or a search
FAILURES_TO_STOP = 3  # days that fail in a row
LISTS_PER_UPDATE = 5
INDEX_BATCH, READ_BATCH = 5000, 100  # papers that are added to the index at once, and that are read at once
EMBED_BATCH = 16  # papers whose vectors are computed between two saves


class Archive:
    """Every paper seen: read from `api`, stored in `storage`, found through `search`."""

    def __init__(self, api: PapersAPI, storage: Storage, search: SearchIndex | None = None) -> None:
        self._api = api
        self._papers = storage.papers
        self._embeddings = storage.embeddings
        self._search = search
        self._fresh_lock = asyncio.Lock()
        self._index_lock = asyncio.Lock()
        self.is_index_current = True  # False after an update of the search index has failed
        self._embed_lock = asyncio.Lock()
        self.awaits_encoder = False  # then the vectors that there are may be its own, so none is replaced
        self._pause_until = datetime.min.replace(tzinfo=UTC)
        self._pause_reason = Reason(ReasonKind.PAPERS_UNREACHABLE)

    async def refresh_list(self, day: date, now: datetime) -> int:
        """Read the list of `day`; returns how many papers it has. Raises `PapersUnavailable`."""
        daily_list = await self._api.fetch_list(day)
        changed = await self._papers.record_list(day, daily_list.papers, now, ids=daily_list.ids)
        log.debug("%s: %d papers, %d new or changed", day, len(daily_list.papers), changed)
        return len(daily_list.papers)

    async def read_missing_lists(self, clock: Clock, backfill_days: int) -> bool:
        """At the start, read the current lists, then those missing from the last `backfill_days`.

        Returns whether none is missing any more.
        """
        today = clock().date()
        missing = await self.find_missing_days(today - timedelta(days=backfill_days), today - timedelta(days=2))
        if missing:
            log.info("the archive is missing %d of the last %d days: reading them now", len(missing), backfill_days)
        await self.update_index()
        await self.refresh_current_lists(clock)
        return await self._refresh_lists(missing, clock)

    async def refresh_current_lists(self, clock: Clock) -> bool:
        """Read the lists that still grow; returns whether all were read."""
        today = clock().date()
        return await self._refresh_lists([today, today - timedelta(days=1)], clock)

    async def refresh_settling_lists(self, clock: Clock) -> None:
        """Read the lists on which people still vote."""
        today = clock().date()
        await self._refresh_lists(list_days_between(today - SETTLED_AFTER, today), clock)

    async def _refresh_lists(self, days: Iterable[date], clock: Clock) -> bool:
        """Read the lists of `days` and update the index; returns whether all were read. Failures are only logged."""
        is_complete = True
        try:
            read = 0
            async for day, failure in self.refresh_lists_one_by_one(days, clock):
                read += 1
                if read % LISTS_PER_UPDATE == 0:  # so that a new archive can be searched while older lists are read
                    await self.update_index()
                if failure:
                    is_complete = False
                    log.warning("the list of %s is not up to date: %s", day, failure, extra=failure.reason.log_fields)
        except PapersUnavailable as error:
            is_complete = False
            log.warning("the archive is not up to date: %s", error, extra=error.reason.log_fields)
        await self.update_index()
        return is_complete

    async def refresh_lists_one_by_one(
        self, days: Iterable[date], clock: Clock
    ) -> AsyncIterator[tuple[date, PapersUnavailable | None]]:
        """Read the lists of `days` one by one; yields each day with its failure, or None.

        Raises `PapersUnavailable` after `FAILURES_TO_STOP` days in a row.
        """
        failures_in_a_row = 0
        for day in days:
            failure = None
            try:
                await self.refresh_list(day, clock())
                failures_in_a_row = 0
            except PapersUnavailable as error:
                failure = error
                failures_in_a_row += 1
                if failures_in_a_row == FAILURES_TO_STOP:
                    raise
            yield day, failure

    async def ensure_fresh_lists(self, days: Iterable[date], now: datetime) -> None:
        """Read lists of closed days again unless `is_list_fresh`.

        If the API is down, a list that was read after its close is good enough; otherwise raises `PapersUnavailable`.
        """
        wanted = list(days)
        async with self._fresh_lock:  # many subscriptions are due at once; the first one reads for all
            captured = await self._papers.get_capture_times(wanted)
            for day in wanted:
                if not is_list_fresh(day, captured.get(day), now):
                    await self._refresh_closed_day(day, captured.get(day), now)

    async def _refresh_closed_day(self, day: date, captured_at: datetime | None, now: datetime) -> None:
        try:
            await self._refresh_unless_paused(day, now)
        except PapersUnavailable as error:
            if captured_at is None or captured_at < get_closing_time(day):
                raise
            log.warning("%s: using the list read at %s: %s", day, captured_at, error, extra=error.reason.log_fields)

    async def _refresh_unless_paused(self, day: date, now: datetime) -> None:
        if timedelta(0) < self._pause_until - now <= PAUSE_AFTER_FAILURE:  # more means that the clock was set back
            raise PapersUnavailable(self._pause_reason, "a moment ago")
        try:
            await self._with_timeout(REFRESH_TIMEOUT, self.refresh_list(day, now))
        except PapersUnavailable as error:
            self._pause_until, self._pause_reason = now + PAUSE_AFTER_FAILURE, error.reason
            raise

    async def fetch_paper(self, paper_id: str, now: datetime) -> Paper | None:
        """Look up one paper and store it; returns all that is now known of it, None if there is no such paper.

        Raises `PapersUnavailable`, after `LOOKUP_TIMEOUT` at the latest.
        """
        paper = await self._with_timeout(LOOKUP_TIMEOUT, self._api.fetch_paper(paper_id))
        if paper is None:
            return None
        merged = await self._papers.record_paper(paper, now)
        if not self._index_lock.locked():  # an update that is running adds the paper too, but may take long
            await self.update_index()
        if not self._embed_lock.locked():
            await self._embed([merged], only_new=True)
        return merged

    async def search_hub(self, query: str, limit: int) -> list[Paper]:
        """What the Hub's own search finds, completed with what the archive knows. Nothing is stored.

        Raises `PapersUnavailable`, after `LOOKUP_TIMEOUT` at the latest.
        """
        return await self._papers.complete_papers(
            await self._with_timeout(LOOKUP_TIMEOUT, self._api.search_papers(query, limit))
        )

    async def _with_timeout(self, seconds: float, answer: Awaitable[Answer]) -> Answer:
        """The answer. Raises `PapersUnavailable` if it takes too long, because of the API's last problem if known."""
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError as error:
            reason = self._api.last_problem or Reason(ReasonKind.PAPERS_UNREACHABLE)
            raise PapersUnavailable(reason, f"nothing within {seconds} s") from error

    async def find_missing_days(self, first: date, last: date) -> list[date]:
        """The days whose lists were not read since they closed, latest first."""
        days = list(list_days_between(first, last))
        captured = await self._papers.get_capture_times(days)
        return [day for day in reversed(days) if day not in captured or captured[day] < get_closing_time(day)]

    async def update_index(self) -> None:
        """Add what has changed in the storage to the search index. If that fails, only search results suffer."""
        if self._search is None:
            return
        try:
            async with self._index_lock:
                while changes := await self._read_changes_since(self._search.change):
                    await asyncio.to_thread(self._search.add_papers, changes)
        except ValueError as error:
            if self.is_index_current:
                log.error("the search index could not be updated: %s", error)
            self.is_index_current = False
        else:
            if not self.is_index_current:
                log.warning("the search index is up to date again")
            self.is_index_current = True

    async def _read_changes_since(self, change: int) -> list[tuple[int, Paper]]:
        """The next changes, up to `INDEX_BATCH`. They are read in small parts, so that others get a turn in between."""
        changes: list[tuple[int, Paper]] = []
        while len(changes) < INDEX_BATCH:
            batch = await self._papers.list_changed_since(change, READ_BATCH)
            if not batch:
                break
            changes += batch
            change, _ = batch[-1]
        return changes

    async def embed_papers(self) -> None:
        """With the extra `semantic`, compute missing vectors: seconds for a day of papers, minutes for years."""
        if self._embed_lock.locked():
            return
        async with self._embed_lock:
            while papers := await self._list_missing():
                await self._embed(papers)

    async def _list_missing(self) -> list[Paper]:
        """The next papers that need a vector of the encoder that is used now."""
        meaning = self._search.meaning if self._search else None
        if meaning is None:
            return []
        if self.awaits_encoder:
            return await self._embeddings.list_without_any(EMBED_BATCH)
        return await self._embeddings.list_missing(meaning.model, EMBED_BATCH)

    async def use_encoder(self, encoder: Encoder) -> None:
        """From now on, compare by the vectors of `encoder`; they replace the others when papers are embedded next."""
        assert self._search
        meaning = Meaning(encoder)
        async for vectors in self._embeddings.read_all(meaning.model):
            meaning.add_vectors(vectors)
        self._search.meaning, self.awaits_encoder = meaning, False
        if lacking := max(0, self._search.count_papers() - len(meaning)):
            log.info("%d papers get a vector of %s now, the newest first", lacking, encoder.name)

    async def read_vectors_of_others(self) -> None:
        """With the extra `semantic`, take over the vectors that another process has computed."""
        meaning = self._search.meaning if self._search else None
        if meaning is None:
            return
        async for vectors in self._embeddings.read_all(meaning.model):
            if new := [(paper_id, vector) for paper_id, vector in vectors if meaning.get_vector(paper_id) != vector]:
                meaning.add_vectors(new)

    async def _embed(self, papers: Iterable[Paper], *, only_new: bool = False) -> None:
        """With the extra `semantic`, compute the vectors of `papers`, or of those that have none at all."""
        meaning = self._search.meaning if self._search else None
        if meaning is None:
            return
        if only_new and self.awaits_encoder:
            return
        if only_new:
            papers = [paper for paper in papers if meaning.get_vector(paper.id) is None]
        vectors = [(paper, await asyncio.to_thread(meaning.encode_paper, paper)) for paper in papers]
        await self._embeddings.save(meaning.model, vectors)
        meaning.add_vectors([(paper.id, vector) for paper, vector in vectors])


def is_list_fresh(day: date, captured_at: datetime | None, now: datetime) -> bool:
    """Whether the list of a closed day was read after its close, and recently enough while people still vote on it."""
    fresh_since = min(now - FRESH_FOR, get_closing_time(day) + SETTLED_AFTER)
    return captured_at is not None and captured_at >= max(get_closing_time(day), fresh_since)
