"""Compose for a subscription: what its next run highlights, from lists brought up to date."""

import asyncio
from contextlib import suppress
from datetime import date, datetime, timedelta

from bot.archive import Archive, days_between
from bot.digest import RISER_DAYS, Digest, compose, latest_closed_day
from bot.papers.api import PapersUnavailable
from bot.storage import Storage, Subscription

PREVIEW_SECONDS = 20  # somebody is waiting
LOOK_BACK = timedelta(days=6)  # a new subscription freshens this many days to find one that had papers


class Composer:
    """Composes digests from what `storage` knows, once `archive` has freshened it."""

    def __init__(self, storage: Storage, archive: Archive) -> None:
        self._deliveries = storage.deliveries
        self._papers = storage.papers
        self._archive = archive

    async def digest_for(self, subscription: Subscription, now: datetime) -> Digest:
        """What a run at `now` highlights. Raises `PapersUnavailable` when the lists cannot be trusted."""
        covered = await self._deliveries.covered_until(subscription.id)
        closed = latest_closed_day(now)
        await self._freshen(covered, closed, now)
        return await self._digest(subscription, covered, closed)

    async def preview(self, subscription: Subscription, now: datetime) -> Digest:
        """What the next run will highlight, as far as the lists are known by now."""
        covered = await self._deliveries.covered_until(subscription.id)
        with suppress(PapersUnavailable, TimeoutError):
            async with asyncio.timeout(PREVIEW_SECONDS):
                await self._freshen(covered, latest_closed_day(now), now)
        return await self._digest(subscription, covered, latest_closed_day(max(now, subscription.next_run.at)))

    async def _freshen(self, covered: date | None, closed: date, now: datetime) -> None:
        if covered:
            await self._archive.freshen(days_between(covered + timedelta(days=1), closed), now)
            return
        for day in reversed(list(days_between(closed - LOOK_BACK, closed))):
            await self._archive.freshen([day], now)
            if await self._papers.listed_days(day, day):
                return

    async def _digest(self, subscription: Subscription, covered: date | None, closed: date) -> Digest:
        if covered is None:
            return await self._first_digest(subscription, closed)
        first = covered + timedelta(days=1)
        days = await self._papers.listed_days(first, closed)
        candidates = await self._papers.candidates(first - timedelta(days=RISER_DAYS), closed)
        highlighted = await self._deliveries.highlighted(subscription.id)
        return compose(candidates, days, max(covered, closed), subscription.taste, highlighted)

    async def _first_digest(self, subscription: Subscription, closed: date) -> Digest:
        """A new subscription begins with the latest closed day that had papers, no more."""
        day = await self._papers.latest_listed_day(closed)
        candidates = await self._papers.candidates(day, day) if day else []
        return compose(candidates, (day,) if day else (), closed, subscription.taste)
