"""Explain: whether and when a subscription highlighted a paper, or why it didn't."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, auto

from bot.composing.filter import Filter
from bot.digest import first_of_period, latest_closed_day
from bot.papers import Paper
from bot.storage import Delivery, Storage, Subscription
from bot.subscription.schedule import Cadence


class Why(Enum):
    """What happened to a paper in a subscription."""

    HIGHLIGHTED = auto()
    REFUSED = auto()  # by Discord
    ELSEWHERE = auto()  # highlighted by another subscription of the channel
    NEVER_LISTED = auto()  # on Daily Papers
    WITHDRAWN = auto()
    STILL_OPEN = auto()  # its list is not closed yet
    BEFORE = auto()  # its list closed before the subscription began
    FILTERED = auto()
    TOO_FEW_UPVOTES = auto()
    BELOW_THE_CUT = auto()
    COMING = auto()  # its list is for the next run


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a paper was highlighted or not.

    `day` is the day of its list. `delivery` is the one that decided, or None if that is still to come. `upvotes` are
    those it had at that time.
    """

    why: Why
    day: date | None = None
    delivery: Delivery | None = None
    upvotes: int = 0


class Explainer:
    """Explains from the records in `storage`, and by applying the filter again."""

    def __init__(self, storage: Storage, filter_: Filter) -> None:
        self._storage = storage
        self._filter = filter_

    async def why(self, subscription: Subscription, paper: Paper, now: datetime) -> Verdict:
        """What happened to `paper` in `subscription`. Raises `PapersUnavailable` while the filter can't be applied."""
        if recorded := await self._recorded(subscription, paper):
            return recorded
        days = await self._storage.papers.listed_on(paper.id)
        closed = [day for day in days if day <= latest_closed_day(now)]
        covering = await self._covering(subscription, closed)
        if paper.withdrawn_at and not (covering and covering[1].planned_at < paper.withdrawn_at):
            return Verdict(Why.WITHDRAWN, paper.day)
        if not closed:
            return Verdict(Why.STILL_OPEN, days[0]) if days else Verdict(Why.NEVER_LISTED)
        if covering:
            day, delivery = covering
            return await self._decided(delivery, paper, day)
        return await self._undecided(subscription, paper, closed[-1])

    async def _recorded(self, subscription: Subscription, paper: Paper) -> Verdict | None:
        """The verdict on `paper`, if the recorded deliveries are enough to give it."""
        deliveries = self._storage.deliveries
        if delivery := await deliveries.of_paper(subscription.id, paper.id):
            return Verdict(Why.HIGHLIGHTED, paper.day, delivery)
        if delivery := await deliveries.refusing(subscription.id, paper.id):
            return Verdict(Why.REFUSED, paper.day, delivery)
        if delivery := await deliveries.elsewhere(subscription, paper.id):
            return Verdict(Why.ELSEWHERE, paper.day, delivery)
        return None

    async def _covering(self, subscription: Subscription, days: list[date]) -> tuple[date, Delivery] | None:
        """The latest of `days` that a delivery covered, and that delivery."""
        for day in reversed(days):
            delivery = await self._storage.deliveries.covering(subscription.id, day)
            if delivery:
                return day, delivery
        return None

    async def _decided(self, delivery: Delivery, paper: Paper, day: date) -> Verdict:
        """Why a digest that looked at the paper left it out, with the wish and the upvotes of that time."""
        snapshots = await self._storage.papers.snapshots(paper.id)
        then = [upvotes for taken_at, upvotes in snapshots if taken_at <= delivery.planned_at]
        upvotes = then[-1] if then else 0
        if not await self._passes(delivery.wish.taste.query, paper, day):
            return Verdict(Why.FILTERED, day, delivery, upvotes)
        if upvotes < delivery.wish.taste.min_upvotes:
            return Verdict(Why.TOO_FEW_UPVOTES, day, delivery, upvotes)
        return Verdict(Why.BELOW_THE_CUT, day, delivery, upvotes)

    async def _undecided(self, subscription: Subscription, paper: Paper, day: date) -> Verdict:
        """What the next run will do with the paper, if its list is for that run."""
        taste = subscription.wish.taste
        first = await self._first_day(subscription)
        if first and day < first:
            return Verdict(Why.BEFORE, day)
        if not await self._passes(taste.query, paper, day):
            return Verdict(Why.FILTERED, day, upvotes=paper.upvotes)
        if paper.upvotes < taste.min_upvotes:
            return Verdict(Why.TOO_FEW_UPVOTES, day, upvotes=paper.upvotes)
        return Verdict(Why.COMING, day, upvotes=paper.upvotes)

    async def _first_day(self, subscription: Subscription) -> date | None:
        """The first day whose list is for the next run."""
        covered = await self._storage.deliveries.covered_until(subscription.id)
        if covered:
            return covered + timedelta(days=1)
        cadence, closed = subscription.wish.timetable.cadence, latest_closed_day(subscription.next_run.at)
        if cadence is Cadence.DAILY:
            return await self._storage.papers.latest_listed_day(closed)
        return first_of_period(cadence, closed)

    async def _passes(self, query: str, paper: Paper, today: date) -> bool:
        return paper.id in await self._filter.passing(query, [paper.id], today)
