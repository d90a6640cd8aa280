"""Compose digests: what the next run of a subscription highlights, from up-to-date lists."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.archive import Archive, is_fresh
from bot.composing.filter import Filter
from bot.composing.memo import Memo
from bot.digest import RISER_DAYS, Candidate, Digest, compose, days_between, first_of_period, latest_closed_day, marked
from bot.papers.api import PapersUnavailable
from bot.storage import Standing, Storage, Subscription
from bot.subscription.schedule import Cadence
from bot.subscription.settings import Wish

PREVIEW_SECONDS = 20  # a person is waiting
LOOK_BACK = timedelta(days=6)  # how far back a new subscription refreshes lists to find a day with papers


@dataclass(frozen=True, slots=True)
class _Asked:
    """The digest to compose, over days up to `closed`: a wish, and its subscription, if it is saved."""

    wish: Wish
    guild_id: int
    closed: date
    subscription_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Span:
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

    def __init__(self, storage: Storage, archive: Archive, filter_: Filter) -> None:
        self._deliveries = storage.deliveries
        self._papers = storage.papers
        self._archive = archive
        self._filter = filter_
        self._listed: Memo[tuple[date, ...]] = Memo(64)
        self._spans: Memo[_Span] = Memo(16)  # each has up to a thousand papers
        self._passing: Memo[frozenset[str]] = Memo(256)
        self._digests: Memo[Digest] = Memo(256)

    async def digest_for(self, subscription: Subscription, now: datetime) -> Digest:
        """What a run at `now` highlights. Raises `PapersUnavailable` when the lists cannot be trusted."""
        closed = latest_closed_day(now)
        asked = _Asked(subscription.wish, subscription.guild_id, closed, subscription.id)
        standing = await self._standing(asked)
        if not await self._is_fresh(asked, standing, now):
            await self._freshen(subscription.wish, standing.covered_until, closed, now)
            standing = await self._standing(asked)
        return await self._digest(asked, standing)

    async def preview(
        self, wish: Wish, guild_id: int, now: datetime, *, run_at: datetime, subscription_id: int | None = None
    ) -> Digest:
        """What a run at `run_at` will highlight, as far as the lists are known by `now`."""
        covered = await self._deliveries.covered_until(subscription_id) if subscription_id else None
        with suppress(PapersUnavailable, TimeoutError):
            async with asyncio.timeout(PREVIEW_SECONDS):
                await self._freshen(wish, covered, latest_closed_day(now), now)
        asked = _Asked(wish, guild_id, latest_closed_day(max(now, run_at)), subscription_id)
        return await self._digest(asked, await self._standing(asked))

    async def outlook(self, wish: Wish, now: datetime) -> tuple[int, int]:
        """How many papers of the last seven closed days pass the wish's filter and minimum, and how many there were."""
        closed = latest_closed_day(now)
        change, first = await self._papers.last_change(), first_of_period(Cadence.WEEKLY, closed)
        span, passing = await self._choice(wish.taste.query, change, first, closed)
        papers = [each.paper for each in span.candidates if each.paper.withdrawn_at is None]
        enough = [paper.id for paper in papers if paper.upvotes >= wish.taste.min_upvotes]
        return len(passing.intersection(enough)), len(papers)

    async def _standing(self, asked: _Asked) -> Standing:
        first = first_of_period(asked.wish.timetable.cadence, asked.closed)
        return await self._deliveries.standing(
            asked.subscription_id, first, asked.closed, guild_id=asked.guild_id, wish=asked.wish
        )

    async def _is_fresh(self, asked: _Asked, standing: Standing, now: datetime) -> bool:
        """Whether all lists that the digest chooses from are up to date."""
        days = days_between(standing.begins, asked.closed)
        if not all(is_fresh(day, standing.captured.get(day), now) for day in days):
            return False
        goes_back = standing.covered_until is None and not asked.wish.timetable.is_recap  # to a day with papers
        return not goes_back or bool(await self._listed_days(standing, asked.closed))

    async def _freshen(self, wish: Wish, covered: date | None, closed: date, now: datetime) -> None:
        cadence = wish.timetable.cadence
        if covered or cadence is not Cadence.DAILY:
            first = covered + timedelta(days=1) if covered else first_of_period(cadence, closed)
            await self._archive.freshen(days_between(first, closed), now)
        else:
            await self._freshen_latest(closed, now)

    async def _freshen_latest(self, closed: date, now: datetime) -> None:
        for day in reversed(list(days_between(closed - LOOK_BACK, closed))):
            await self._archive.freshen([day], now)
            if await self._papers.listed_days(day, day):
                return

    async def _digest(self, asked: _Asked, standing: Standing) -> Digest:
        wish, closed, covered = asked.wish, asked.closed, standing.covered_until
        days = await self._days(asked, standing)
        earlier = timedelta(days=RISER_DAYS if covered or wish.timetable.is_recap else 0)
        first = days[0] - earlier if days else closed + timedelta(days=1)
        span, passing = await self._choice(wish.taste.query, standing.change, first, closed)
        highlighted = standing.highlighted
        # The span may have papers that were not listed when `standing` was read; a first digest may go back to any day.
        if span.change != standing.change or (standing.others and not covered):
            highlighted = await self._deliveries.highlighted(asked.subscription_id, span.ids, standing.others)
        until = max(covered or closed, closed)

        async def composed() -> Digest:
            return compose(span.candidates, days, until, wish.taste, highlighted, passing)

        alike = (standing.change, span.change, first, days, until, wish.taste, highlighted)
        digest = await self._digests.get(alike, composed)
        return await self._recap(digest, asked.guild_id) if wish.timetable.is_recap else digest

    async def _choice(self, query: str, change: int, first: date, last: date) -> tuple[_Span, frozenset[str]]:
        """The papers listed from `first` to `last`, and the ids of those that pass `query`."""
        key = (change, first, last)
        span = await self._spans.get(key, lambda: self._span(first, last))
        return span, await self._passing.get((*key, query), lambda: self._filter.passing(query, span.ids, last))

    async def _span(self, first: date, last: date) -> _Span:
        return _Span(await self._papers.candidates(first, last), await self._papers.last_change())

    async def _days(self, asked: _Asked, standing: Standing) -> tuple[date, ...]:
        """The days with papers to choose from. A new daily digest begins with only the latest one."""
        days = await self._listed_days(standing, asked.closed)
        if days or standing.covered_until or asked.wish.timetable.is_recap:
            return days
        day = await self._papers.latest_listed_day(asked.closed)
        return (day,) if day else ()

    async def _listed_days(self, standing: Standing, closed: date) -> tuple[date, ...]:
        first = standing.begins
        key = (standing.change, first, closed)
        return await self._listed.get(key, lambda: self._papers.listed_days(first, closed))

    async def _recap(self, digest: Digest, guild_id: int) -> Digest:
        seen = await self._deliveries.seen(guild_id, [each.paper.id for each in digest.highlights])
        return digest if seen is None else marked(digest, seen)
