"""Keep the archive: read daily lists from the papers API into the storage, and let the index follow."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from bot.clock import Clock
from bot.digest import get_closing_time, list_days
from bot.papers import Paper
from bot.papers.api import PapersAPI, PapersUnavailable
from bot.reasons import Reason, ReasonKind
from bot.search import MODEL, SearchIndex, get_embedded_text
from bot.storage import Storage

Answer = TypeVar("Answer")
log = logging.getLogger(__name__)

FRESH_FOR = timedelta(minutes=30)
PAUSE_AFTER_FAILURE = timedelta(minutes=2)
SETTLED_AFTER = timedelta(days=14)  # then hardly anybody votes, and once read will do for good
REFRESH_TIMEOUT = 60  # a digest that is due does not sit out a whole rate-limit window
LOOKUP_TIMEOUT = 8  # somebody waits for a paper or a search
FAILURES_TO_STOP = 3  # days in a row
INDEX_BATCH, READ_BATCH = 5000, 100  # papers that the index takes in at once, and that are read at once
EMBED_BATCH = 16  # papers whose vectors are computed before they are saved


class Archive:
    """Every paper seen: filled by `api`, kept in `storage`, found again through `search`."""

    def __init__(self, api: PapersAPI, storage: Storage, search: SearchIndex | None = None) -> None:
        self._api = api
        self._papers = storage.papers
        self._embeddings = storage.embeddings
        self._search = search
        self._fresh_lock = asyncio.Lock()
        self._index_lock = asyncio.Lock()
        self._is_index_current = True
        self._embed_lock = asyncio.Lock()
        self._pause_until = datetime.min.replace(tzinfo=UTC)
        self._pause_reason = Reason(ReasonKind.PAPERS_UNREACHABLE)

    async def refresh_day(self, day: date, now: datetime) -> int:
        """Read the list of `day` once; gives how many papers it held. Raises `PapersUnavailable`."""
        read = await self._api.fetch_list(day)
        changed = await self._papers.record_list(day, read.papers, now, ids=read.ids)
        log.debug("%s: %d papers, %d new or changed", day, len(read.papers), changed)
        return len(read.papers)

    async def catch_up(self, clock: Clock, backfill_days: int) -> bool:
        """At the start: what is current, then what is lacking of so many days; gives whether none is lacking now."""
        today = clock().date()
        missing = await self.find_missing_days(today - timedelta(days=backfill_days), today - timedelta(days=2))
        if missing:
            log.info("the archive is missing %d of the last %d days: reading them now", len(missing), backfill_days)
        await self.update_index()
        await self.refresh_current(clock)
        is_complete = await self._refresh_days(missing, clock)
        await self.embed_papers()
        return is_complete

    async def refresh_current(self, clock: Clock) -> None:
        """Read the lists that still grow."""
        today = clock().date()
        await self._refresh_days([today, today - timedelta(days=1)], clock)

    async def refresh_settling(self, clock: Clock) -> None:
        """Read the lists on which people still vote."""
        today = clock().date()
        await self._refresh_days(list_days(today - SETTLED_AFTER, today), clock)

    async def _refresh_days(self, days: Iterable[date], clock: Clock) -> bool:
        """Read the lists of `days`, and let the index follow; gives whether all were read.

        With the API down, the next time goes on.
        """
        is_complete = True
        try:
            async for day, failure in self.refresh_each(days, clock):
                if failure:
                    is_complete = False
                    log.warning("the list of %s is not up to date: %s", day, failure, extra=failure.reason.log_fields)
        except PapersUnavailable as error:
            is_complete = False
            log.warning("the archive is not up to date: %s", error, extra=error.reason.log_fields)
        await self.update_index()
        return is_complete

    async def refresh_each(
        self, days: Iterable[date], clock: Clock
    ) -> AsyncIterator[tuple[date, PapersUnavailable | None]]:
        """Read the lists of `days` one by one; gives each with its failure, if it could not be read.

        A day that fails is passed over; after three in a row raises `PapersUnavailable`.
        """
        in_a_row = 0
        for day in days:
            failure = None
            try:
                await self.refresh_day(day, clock())
                in_a_row = 0
            except PapersUnavailable as error:
                failure, in_a_row = error, in_a_row + 1
                if in_a_row == FAILURES_TO_STOP:
                    raise
            yield day, failure

    async def ensure_fresh(self, days: Iterable[date], now: datetime) -> None:
        """Read lists of closed days again that were read over half an hour ago, or before their close.

        With the API down, a list read after the close will do; else raises `PapersUnavailable`.
        """
        wanted = list(days)
        async with self._fresh_lock:  # many subscriptions are due at once: the first one reads for all
            captured = await self._papers.get_capture_times(wanted)
            for day in wanted:
                await self._ensure_day_fresh(day, captured.get(day), now)

    async def _ensure_day_fresh(self, day: date, captured_at: datetime | None, now: datetime) -> None:
        if is_fresh(day, captured_at, now):
            return
        try:
            await self._refresh_unless_paused(day, now)
        except PapersUnavailable as error:
            if captured_at is None or captured_at < get_closing_time(day):
                raise
            log.warning("%s: using the list read at %s: %s", day, captured_at, error, extra=error.reason.log_fields)

    async def _refresh_unless_paused(self, day: date, now: datetime) -> None:
        if timedelta(0) < self._pause_until - now <= PAUSE_AFTER_FAILURE:  # more, if the clock was set back since
            raise PapersUnavailable(self._pause_reason, "a moment ago")
        try:
            await self._with_timeout(REFRESH_TIMEOUT, self.refresh_day(day, now))
        except PapersUnavailable as error:
            self._pause_until, self._pause_reason = now + PAUSE_AFTER_FAILURE, error.reason
            raise

    async def fetch_paper(self, paper_id: str, now: datetime) -> Paper | None:
        """Look one paper up and keep it; gives what is now known of it, None where there is no such paper.

        Raises `PapersUnavailable`, after some seconds at most: somebody is waiting.
        """
        paper = await self._with_timeout(LOOKUP_TIMEOUT, self._api.fetch_paper(paper_id))
        if paper is None:
            return None
        known = await self._papers.record_paper(paper, now)
        if not self._index_lock.locked():  # else it is taken in by who has begun, and nobody waits for years of papers
            await self.update_index()
        return known

    async def search_hub(self, query: str, limit: int) -> list[Paper]:
        """What the Hub's own search finds, with what is known of each beside; none of it is kept.

        Raises `PapersUnavailable`, after some seconds at most: somebody is waiting.
        """
        return await self._papers.complete_papers(
            await self._with_timeout(LOOKUP_TIMEOUT, self._api.search_papers(query, limit))
        )

    async def _with_timeout(self, seconds: float, answer: Awaitable[Answer]) -> Answer:
        """The answer, if it comes in time; else what is in its way is what the API said last, if it said anything."""
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError as error:
            reason = self._api.last_problem or Reason(ReasonKind.PAPERS_UNREACHABLE)
            raise PapersUnavailable(reason, f"nothing within {seconds} s") from error

    async def find_missing_days(self, first: date, last: date) -> list[date]:
        """The days not read since they closed, latest first: what a backfill has still to do."""
        days = list(list_days(first, last))
        captured = await self._papers.get_capture_times(days)
        return [day for day in reversed(days) if day not in captured or captured[day] < get_closing_time(day)]

    async def update_index(self) -> None:
        """Let the search index follow the storage; one that cannot be written costs nothing but search results."""
        if self._search is None:
            return
        try:
            async with self._index_lock:
                while changes := await self._read_changes_since(self._search.change):
                    await asyncio.to_thread(self._search.add_papers, changes)
        except ValueError as error:
            if self._is_index_current:
                log.error("the search index could not be updated: %s", error)
            self._is_index_current = False
        else:
            if not self._is_index_current:
                log.warning("the search index is up to date again")
            self._is_index_current = True

    async def _read_changes_since(self, change: int) -> list[tuple[int, Paper]]:
        """What the index takes in at once, read in slices: between two of them others have their turn."""
        changes: list[tuple[int, Paper]] = []
        while len(changes) < INDEX_BATCH:
            since = changes[-1][0] if changes else change
            some = await self._papers.list_changed_since(since, READ_BATCH)
            if not some:
                break
            changes += some
        return changes

    async def embed_papers(self) -> None:
        """Compute the vectors that papers lack, with the extra `semantic`: seconds for a day, minutes for years."""
        meaning = self._search.meaning if self._search else None
        if meaning is None or self._embed_lock.locked():
            return
        async with self._embed_lock:
            while papers := await self._embeddings.list_missing(MODEL, EMBED_BATCH):
                vectors = [
                    (paper, await asyncio.to_thread(meaning.encode_text, get_embedded_text(paper))) for paper in papers
                ]
                await self._embeddings.save(MODEL, vectors)
                meaning.add_vectors([(paper.id, vector) for paper, vector in vectors])


def is_fresh(day: date, captured_at: datetime | None, now: datetime) -> bool:
    """Whether the list of a closed day, read at `captured_at`, need not be read again."""
    fresh_since = min(now - FRESH_FOR, get_closing_time(day) + SETTLED_AFTER)
    return captured_at is not None and captured_at >= max(get_closing_time(day), fresh_since)
