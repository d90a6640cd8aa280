"""Composes digests: what the next run of a subscription highlights, from up-to-date lists."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bot.archive import Archive, is_list_fresh
from bot.composing.cache import Cache
from bot.composing.paper_filter import PaperFilter
from bot.digest import (
    RISER_DAYS,
    Candidate,
    Digest,
    choose_highlights,
    get_first_day_of_period,
    get_latest_closed_day,
    list_days_between,
    mark_seen_highlights,
)
from bot.papers.api import PapersUnavailable
from bot.storage import DigestInputs, Storage, Subscription
from bot.subscription.schedule import Cadence
from bot.subscription.settings import DigestSettings

PREVIEW_TIMEOUT = 20  # a person is waiting
LOOK_BACK = timedelta(days=6)  # how far back a new subscription refreshes lists to find a day with papers


@dataclass(frozen=True, slots=True)
class _DigestRequest:
    """The digest to compose: its settings, its last day, and its subscription, if that is saved."""

    settings: DigestSettings
    guild_id: int
    last_day: date
    subscription_id: int | None = None
    is_extra: bool = False


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

    async def compose_digest(self, subscription: Subscription, now: datetime, *, is_extra: bool = False) -> Digest:
        """What a run at `now` highlights. Raises `PapersUnavailable` when the lists cannot be trusted.

        An extra digest looks at the lists that a new subscription begins with, and never repeats a paper either.
        """
        closed = get_latest_closed_day(now)
        request = _DigestRequest(subscription.settings, subscription.guild_id, closed, subscription.id, is_extra)
        inputs = await self._read_inputs(request)
        if not await self._are_lists_fresh(request, inputs, now):
            await self._refresh_lists(subscription.settings, inputs.covered_until, closed, now)
            inputs = await self._read_inputs(request)
        return await self._compose_from_inputs(request, inputs)

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
        request = _DigestRequest(settings, guild_id, get_latest_closed_day(max(now, run_at)), subscription_id)
        return await self._compose_from_inputs(request, await self._read_inputs(request))

    async def count_matching_papers(self, settings: DigestSettings, now: datetime) -> tuple[int, int]:
        """How many papers of the last seven closed days match the filter and the minimum, and how many there were."""
        closed = get_latest_closed_day(now)
        change, first = await self._papers.get_last_change(), get_first_day_of_period(Cadence.WEEKLY, closed)
        listed, matching = await self._read_matching_papers(settings.selection.filter, change, first, closed)
        papers = [each.paper for each in listed.candidates if each.paper.withdrawn_at is None]
        with_upvotes = [paper.id for paper in papers if paper.upvotes >= settings.selection.min_upvotes]
        return len(matching.intersection(with_upvotes)), len(papers)

    async def _read_inputs(self, request: _DigestRequest) -> DigestInputs:
        first = get_first_day_of_period(request.settings.schedule.cadence, request.last_day)
        return await self._deliveries.read_digest_inputs(
            request.subscription_id,
            first,
            request.last_day,
            guild_id=request.guild_id,
            settings=request.settings,
            is_extra=request.is_extra,
        )

    async def _are_lists_fresh(self, request: _DigestRequest, inputs: DigestInputs, now: datetime) -> bool:
        """Whether all lists that the digest chooses from are up to date."""
        days = list_days_between(inputs.first_day, request.last_day)
        if not all(is_list_fresh(day, inputs.captured_at.get(day), now) for day in days):
            return False
        if inputs.covered_until or request.settings.schedule.is_recap:
            return True
        # A new daily digest goes back to a day with papers, whose list may still be missing.
        return bool(await self._list_days_with_papers(inputs, request.last_day))

    async def _refresh_lists(self, settings: DigestSettings, covered: date | None, closed: date, now: datetime) -> None:
        cadence = settings.schedule.cadence
        if covered or cadence is not Cadence.DAILY:
            first = covered + timedelta(days=1) if covered else get_first_day_of_period(cadence, closed)
            await self._archive.ensure_fresh_lists(list_days_between(first, closed), now)
            return
        for day in reversed(list(list_days_between(closed - LOOK_BACK, closed))):
            await self._archive.ensure_fresh_lists([day], now)
            if await self._papers.list_days_with_papers(day, day):
                return

    async def _compose_from_inputs(self, request: _DigestRequest, inputs: DigestInputs) -> Digest:
        settings, closed, covered = request.settings, request.last_day, inputs.covered_until
        days = await self._choose_days(request, inputs)
        # A recap is about its own period, and the first digest of all has no days before its own.
        earlier = timedelta(days=RISER_DAYS if covered and not settings.schedule.is_recap else 0)
        first = days[0] - earlier if days else closed + timedelta(days=1)
        if inputs.doubtful_until:
            first = max(first, inputs.doubtful_until + timedelta(days=1))
        listed, matching = await self._read_matching_papers(settings.selection.filter, inputs.change, first, closed)
        highlighted = inputs.highlighted
        # Papers may have been listed after `inputs` was read, and a first or extra digest may go back to any day.
        if listed.change != inputs.change or not covered:
            highlighted = await self._deliveries.find_highlighted(
                request.subscription_id, listed.ids, inputs.sharing_subscriptions
            )
        until = max(covered or closed, closed)

        async def choose() -> Digest:
            chosen = choose_highlights(listed.candidates, days, until, settings.selection, highlighted, matching)
            return await self._mark_likeness(chosen, settings.selection.filter, closed)

        key = (inputs.change, listed.change, first, days, until, settings.selection, highlighted)
        digest = await self._digest_cache.get(key, choose)
        if not settings.schedule.is_recap:
            return digest
        ids = [each.paper.id for each in digest.highlights]
        seen = await self._deliveries.find_first_seen(request.guild_id, ids)
        return digest if seen is None else mark_seen_highlights(digest, seen)

    async def _mark_likeness(self, digest: Digest, filter_: str, today: date) -> Digest:
        """The digest with how like its highlights are to the examples of the filter, if it has some."""
        near = await self._filter.find_likeness(filter_, [each.paper.id for each in digest.highlights], today)
        if not near:
            return digest
        highlights = tuple(replace(each, likeness=near.get(each.paper.id)) for each in digest.highlights)
        return replace(digest, highlights=highlights)

    async def _read_matching_papers(
        self, filter_: str, change: int, first: date, last: date
    ) -> tuple[_PapersOfDays, frozenset[str]]:
        """The papers listed from `first` to `last`, and the ids of those that match `query`."""

        async def read_papers() -> _PapersOfDays:
            return _PapersOfDays(await self._papers.list_candidates(first, last), await self._papers.get_last_change())

        listed = await self._papers_cache.get((change, first, last), read_papers)
        matching = await self._matching_cache.get(
            (change, first, last, filter_), lambda: self._filter.find_matching(filter_, listed.ids, last)
        )
        return listed, matching

    async def _choose_days(self, request: _DigestRequest, inputs: DigestInputs) -> tuple[date, ...]:
        """The days with papers to choose from. A new daily digest begins with only the latest one."""
        days = await self._list_days_with_papers(inputs, request.last_day)
        if days or inputs.covered_until or request.settings.schedule.is_recap:
            return days
        day = await self._papers.get_latest_listed_day(request.last_day)
        return (day,) if day else ()

    async def _list_days_with_papers(self, inputs: DigestInputs, closed: date) -> tuple[date, ...]:
        first = inputs.first_day
        key = (inputs.change, first, closed)
        return await self._days_cache.get(key, lambda: self._papers.list_days_with_papers(first, closed))
