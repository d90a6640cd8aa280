"""Compose digests: what the next run of a subscription highlights, from up-to-date lists."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.archive import Archive, is_fresh
from bot.composing.cache import Cache
from bot.composing.paper_filter import PaperFilter
from bot.digest import (
    RISER_DAYS,
    Candidate,
    Digest,
    choose_highlights,
    get_first_day,
    get_latest_closed_day,
    list_days,
    mark_seen,
)
from bot.papers.api import PapersUnavailable
from bot.storage import DigestInputs, Storage, Subscription
from bot.subscription.schedule import Cadence
from bot.subscription.settings import DigestSettings

PREVIEW_TIMEOUT = 20  # a person is waiting
LOOK_BACK = timedelta(days=6)  # how far back a new subscription refreshes lists to find a day with papers


@dataclass(frozen=True, slots=True)
class _DigestRequest:
    """The digest to compose, over days up to `closed`: settings, and its subscription, if it is saved."""

    settings: DigestSettings
    guild_id: int
    closed: date
    subscription_id: int | None = None


@dataclass(frozen=True, slots=True)
class _PapersOfDays:
    """The papers listed on some days, as the archive had them at its `change` or just before."""

    candidates: tuple[Candidate, ...]
    change: int

    @property
    def ids(self) -> list[str]:
        return [each.paper.id for each in self.candidates]


class Composer:
    """Composes digests from the papers in `storage`, after `archive` has refreshed them.

    Thousands may be due in the same minute, so what they share is computed once, until the archive changes.
    """

    def __init__(self, storage: Storage, archive: Archive, filter_: PaperFilter) -> None:
        self._deliveries = storage.deliveries
        self._papers = storage.papers
        self._archive = archive
        self._filter = filter_
        self._days_cache: Cache[tuple[date, ...]] = Cache(64)
        self._papers_cache: Cache[_PapersOfDays] = Cache(16)  # each has up to a thousand papers
        self._matching_cache: Cache[frozenset[str]] = Cache(256)
        self._digest_cache: Cache[Digest] = Cache(256)

    async def compose_digest(self, subscription: Subscription, now: datetime) -> Digest:
        """What a run at `now` highlights. Raises `PapersUnavailable` when the lists cannot be trusted."""
        closed = get_latest_closed_day(now)
        asked = _DigestRequest(subscription.settings, subscription.guild_id, closed, subscription.id)
        standing = await self._read_inputs(asked)
        if not await self._is_fresh(asked, standing, now):
            await self._refresh_lists(subscription.settings, standing.covered_until, closed, now)
            standing = await self._read_inputs(asked)
        return await self._compose(asked, standing)

    async def preview_digest(
        self,
        settings: DigestSettings,
        guild_id: int,
        now: datetime,
        *,
        run_at: datetime,
        subscription_id: int | None = None,
    ) -> Digest:
        """What a run at `run_at` will highlight, as far as the lists are known by `now`."""
        covered = await self._deliveries.get_covered_until(subscription_id) if subscription_id else None
        with suppress(PapersUnavailable, TimeoutError):
            async with asyncio.timeout(PREVIEW_TIMEOUT):
                await self._refresh_lists(settings, covered, get_latest_closed_day(now), now)
        asked = _DigestRequest(settings, guild_id, get_latest_closed_day(max(now, run_at)), subscription_id)
        return await self._compose(asked, await self._read_inputs(asked))

    async def count_matches(self, settings: DigestSettings, now: datetime) -> tuple[int, int]:
        """How many papers of the last seven closed days match the filter and the minimum, and how many there were."""
        closed = get_latest_closed_day(now)
        change, first = await self._papers.get_last_change(), get_first_day(Cadence.WEEKLY, closed)
        span, passing = await self._read_matching(settings.selection.filter, change, first, closed)
        papers = [each.paper for each in span.candidates if each.paper.withdrawn_at is None]
        enough = [paper.id for paper in papers if paper.upvotes >= settings.selection.min_upvotes]
        return len(passing.intersection(enough)), len(papers)

    async def _read_inputs(self, asked: _DigestRequest) -> DigestInputs:
        first = get_first_day(asked.settings.schedule.cadence, asked.closed)
        return await self._deliveries.read_digest_inputs(
            asked.subscription_id, first, asked.closed, guild_id=asked.guild_id, settings=asked.settings
        )

    async def _is_fresh(self, asked: _DigestRequest, standing: DigestInputs, now: datetime) -> bool:
        """Whether all lists that the digest chooses from are up to date."""
        days = list_days(standing.first_day, asked.closed)
        if not all(is_fresh(day, standing.captured_at.get(day), now) for day in days):
            return False
        goes_back = standing.covered_until is None and not asked.settings.schedule.is_recap  # to a day with papers
        return not goes_back or bool(await self._listed_days(standing, asked.closed))

    async def _refresh_lists(self, settings: DigestSettings, covered: date | None, closed: date, now: datetime) -> None:
        cadence = settings.schedule.cadence
        if covered or cadence is not Cadence.DAILY:
            first = covered + timedelta(days=1) if covered else get_first_day(cadence, closed)
            await self._archive.ensure_fresh(list_days(first, closed), now)
        else:
            await self._refresh_latest_list(closed, now)

    async def _refresh_latest_list(self, closed: date, now: datetime) -> None:
        for day in reversed(list(list_days(closed - LOOK_BACK, closed))):
            await self._archive.ensure_fresh([day], now)
            if await self._papers.list_days_with_papers(day, day):
                return

    async def _compose(self, asked: _DigestRequest, standing: DigestInputs) -> Digest:
        settings, closed, covered = asked.settings, asked.closed, standing.covered_until
        days = await self._choose_days(asked, standing)
        earlier = timedelta(days=RISER_DAYS if covered or settings.schedule.is_recap else 0)
        first = days[0] - earlier if days else closed + timedelta(days=1)
        span, passing = await self._read_matching(settings.selection.filter, standing.change, first, closed)
        highlighted = standing.highlighted
        # The span may have papers that were not listed when `standing` was read; a first digest may go back to any day.
        if span.change != standing.change or (standing.sharing_subscriptions and not covered):
            highlighted = await self._deliveries.find_highlighted(
                asked.subscription_id, span.ids, standing.sharing_subscriptions
            )
        until = max(covered or closed, closed)

        async def composed() -> Digest:
            return choose_highlights(span.candidates, days, until, settings.selection, highlighted, passing)

        alike = (standing.change, span.change, first, days, until, settings.selection, highlighted)
        digest = await self._digest_cache.get(alike, composed)
        return await self._mark_recap(digest, asked.guild_id) if settings.schedule.is_recap else digest

    async def _read_matching(
        self, query: str, change: int, first: date, last: date
    ) -> tuple[_PapersOfDays, frozenset[str]]:
        """The papers listed from `first` to `last`, and the ids of those that pass `query`."""
        key = (change, first, last)
        span = await self._papers_cache.get(key, lambda: self._read_papers(first, last))
        return span, await self._matching_cache.get(
            (*key, query), lambda: self._filter.find_matching(query, span.ids, last)
        )

    async def _read_papers(self, first: date, last: date) -> _PapersOfDays:
        return _PapersOfDays(await self._papers.list_candidates(first, last), await self._papers.get_last_change())

    async def _choose_days(self, asked: _DigestRequest, standing: DigestInputs) -> tuple[date, ...]:
        """The days with papers to choose from. A new daily digest begins with only the latest one."""
        days = await self._listed_days(standing, asked.closed)
        if days or standing.covered_until or asked.settings.schedule.is_recap:
            return days
        day = await self._papers.get_latest_listed_day(asked.closed)
        return (day,) if day else ()

    async def _listed_days(self, standing: DigestInputs, closed: date) -> tuple[date, ...]:
        first = standing.first_day
        key = (standing.change, first, closed)
        return await self._days_cache.get(key, lambda: self._papers.list_days_with_papers(first, closed))

    async def _mark_recap(self, digest: Digest, guild_id: int) -> Digest:
        seen = await self._deliveries.find_first_seen(guild_id, [each.paper.id for each in digest.highlights])
        return digest if seen is None else mark_seen(digest, seen)
