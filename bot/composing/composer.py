"""Compose for a subscription: what its next run highlights, from lists brought up to date."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.archive import Archive, days_between
from bot.composing.filter import Filter
from bot.composing.memo import Memo
from bot.digest import RISER_DAYS, Candidate, Digest, compose, first_of_period, latest_closed_day, marked
from bot.papers.api import PapersUnavailable
from bot.storage import Storage, Subscription
from bot.subscription.schedule import Cadence
from bot.subscription.settings import Wish

PREVIEW_SECONDS = 20  # somebody is waiting
LOOK_BACK = timedelta(days=6)  # a new subscription freshens this many days to find one that had papers


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whose digest is composed: a wish, and the subscription that has it, if there is one yet."""

    wish: Wish
    guild_id: int
    subscription_id: int | None = None


class Composer:
    """Composes digests from what `storage` knows, once `archive` has freshened it."""

    def __init__(self, storage: Storage, archive: Archive, filter_: Filter) -> None:
        self._deliveries = storage.deliveries
        self._papers = storage.papers
        self._archive = archive
        self._filter = filter_
        self._spans: Memo[tuple[Candidate, ...]] = Memo(16)  # of a thousand papers each, at the most
        self._passing: Memo[frozenset[str]] = Memo(256)

    async def digest_for(self, subscription: Subscription, now: datetime) -> Digest:
        """What a run at `now` highlights. Raises `PapersUnavailable` when the lists cannot be trusted."""
        covered = await self._deliveries.covered_until(subscription.id)
        closed = latest_closed_day(now)
        await self._freshen(subscription.wish, covered, closed, now)
        return await self._digest(_Asked(subscription.wish, subscription.guild_id, subscription.id), covered, closed)

    async def preview(
        self, wish: Wish, guild_id: int, now: datetime, *, run_at: datetime, subscription_id: int | None = None
    ) -> Digest:
        """What a run at `run_at` will highlight, as far as the lists are known by `now`."""
        covered = await self._deliveries.covered_until(subscription_id) if subscription_id else None
        with suppress(PapersUnavailable, TimeoutError):
            async with asyncio.timeout(PREVIEW_SECONDS):
                await self._freshen(wish, covered, latest_closed_day(now), now)
        closed = latest_closed_day(max(now, run_at))
        return await self._digest(_Asked(wish, guild_id, subscription_id), covered, closed)

    async def outlook(self, wish: Wish, now: datetime) -> tuple[int, int]:
        """How many papers of the last seven closed days pass the wish's filter and upvotes, and how many there were."""
        closed = latest_closed_day(now)
        candidates, passing = await self._choice(wish, first_of_period(Cadence.WEEKLY, closed), closed)
        enough = [each.paper.id for each in candidates if each.paper.upvotes >= wish.taste.min_upvotes]
        return len(passing.intersection(enough)), len(candidates)

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

    async def _digest(self, asked: _Asked, covered: date | None, closed: date) -> Digest:
        days = await self._days(asked.wish, covered, closed)
        earlier = timedelta(days=RISER_DAYS if covered or asked.wish.timetable.is_recap else 0)
        first = days[0] - earlier if days else closed + timedelta(days=1)
        candidates, passing = await self._choice(asked.wish, first, closed)
        ids = [each.paper.id for each in candidates]
        highlighted = await self._deliveries.highlighted(asked.subscription_id, ids) if asked.subscription_id else ()
        until = max(covered or closed, closed)
        digest = compose(candidates, days, until, asked.wish.taste, highlighted, passing)
        return await self._recap(digest, asked.guild_id) if asked.wish.timetable.is_recap else digest

    async def _choice(self, wish: Wish, first: date, last: date) -> tuple[tuple[Candidate, ...], frozenset[str]]:
        """The papers listed from `first` to `last`, and the ids of those that the wish's filter lets through.

        Both are the same for everybody, until the archive changes: thousands ask in one minute.
        """
        span = (await self._papers.last_change(), first, last)
        candidates = await self._spans.get(span, lambda: self._papers.candidates(first, last))
        query, ids = wish.taste.query, [each.paper.id for each in candidates]
        passing = await self._passing.get((*span, query), lambda: self._filter.passing(query, ids, last))
        return candidates, passing

    async def _days(self, wish: Wish, covered: date | None, closed: date) -> tuple[date, ...]:
        """The days with papers to choose from. A new daily digest begins with the latest alone."""
        if covered:
            return await self._papers.listed_days(covered + timedelta(days=1), closed)
        if wish.timetable.is_recap:
            return await self._papers.listed_days(first_of_period(wish.timetable.cadence, closed), closed)
        day = await self._papers.latest_listed_day(closed)
        return (day,) if day else ()

    async def _recap(self, digest: Digest, guild_id: int) -> Digest:
        seen = await self._deliveries.seen(guild_id, [each.paper.id for each in digest.highlights])
        return digest if seen is None else marked(digest, seen)
