"""Explains whether and when a subscription highlighted a paper, or why it didn't."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum, auto

from bot.composing.paper_filter import PaperFilter
from bot.digest import get_first_day_of_period, get_latest_closed_day
from bot.papers import Paper
from bot.papers.api import PapersUnavailable
from bot.search import parse_query
from bot.storage import Delivery, Storage, Subscription
from bot.subscription.schedule import Cadence


class PaperOutcome(Enum):
    """What happened to a paper in a subscription."""

    HIGHLIGHTED = auto()
    REJECTED = auto()  # by Discord
    HIGHLIGHTED_ELSEWHERE = auto()  # highlighted by another subscription of the channel
    NEVER_LISTED = auto()  # on Daily Papers
    WITHDRAWN = auto()
    STILL_OPEN = auto()  # its list is not closed yet
    LISTED_TOO_EARLY = auto()  # its list closed before the subscription began
    FILTERED = auto()
    TOO_FEW_UPVOTES = auto()
    BELOW_THE_CUT = auto()
    UPCOMING = auto()  # its list is for the next run


@dataclass(frozen=True, slots=True)
class ExampleLikeness:
    """How like a paper is to an example of a filter; None if that is not known, because one of them is not indexed.

    `is_pushed_away`: the filter leaves out what is like the example.
    """

    example: str
    value: float | None
    is_pushed_away: bool = False


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a paper was highlighted or not.

    `day` is the day of its list. `delivery` is the one that decided, or None if that is still to come. `upvotes` are
    those it had at that time. `likenesses` are how like it is now to each example of the filter.
    """

    outcome: PaperOutcome
    day: date | None = None
    delivery: Delivery | None = None
    upvotes: int = 0
    likenesses: tuple[ExampleLikeness, ...] = ()


class Explainer:
    """Explains from the records in `storage`, and by applying the filter again."""

    def __init__(self, storage: Storage, filter_: PaperFilter) -> None:
        self._storage = storage
        self._filter = filter_

    async def explain_paper(self, subscription: Subscription, paper: Paper, now: datetime) -> Explanation:
        """What happened to `paper` in `subscription`. Raises `PapersUnavailable` while the filter can't be applied."""
        explanation = await self._explain_outcome(subscription, paper, now)
        decided = None if explanation.outcome is PaperOutcome.HIGHLIGHTED_ELSEWHERE else explanation.delivery
        filter_ = (decided or subscription).settings.selection.filter
        with suppress(PapersUnavailable):
            return replace(explanation, likenesses=await self.compare_with_examples(filter_, paper, now.date()))
        return explanation

    async def compare_with_examples(self, filter_: str, paper: Paper, today: date) -> tuple[ExampleLikeness, ...]:
        """How like `paper` is to each example of a filter. Raises `PapersUnavailable` while that can't be measured."""
        query = parse_query(filter_, today)
        wanted, measured = query.list_examples(), await self._filter.measure_likeness(filter_, [paper.id], today)
        return tuple(
            ExampleLikeness(
                example,
                measured[example].get(paper.id, 0.0) if example in measured else None,
                is_pushed_away=example not in wanted,
            )
            for example in query.list_all_examples()
        )

    async def _explain_outcome(self, subscription: Subscription, paper: Paper, now: datetime) -> Explanation:
        if recorded := await self._explain_from_record(subscription, paper):
            return recorded
        days = await self._storage.papers.list_days_of_paper(paper.id)
        closed = [day for day in days if day <= get_latest_closed_day(now)]
        covering = await self._find_covering_delivery(subscription, closed)
        if paper.withdrawn_at and not (covering and covering[1].planned_at < paper.withdrawn_at):
            return Explanation(PaperOutcome.WITHDRAWN, paper.day)
        if not closed:
            return Explanation(PaperOutcome.STILL_OPEN, days[0]) if days else Explanation(PaperOutcome.NEVER_LISTED)
        if covering:
            day, delivery = covering
            return await self._explain_past_run(delivery, paper, day)
        return await self._explain_next_run(subscription, paper, closed[-1])

    async def _explain_from_record(self, subscription: Subscription, paper: Paper) -> Explanation | None:
        """What happened to `paper`, if the recorded deliveries are enough to know it."""
        deliveries = self._storage.deliveries
        if delivery := await deliveries.find_by_paper(subscription.id, paper.id):
            return Explanation(PaperOutcome.HIGHLIGHTED, paper.day, delivery)
        if delivery := await deliveries.find_rejection(subscription.id, paper.id):
            return Explanation(PaperOutcome.REJECTED, paper.day, delivery)
        if delivery := await deliveries.find_elsewhere(subscription, paper.id):
            return Explanation(PaperOutcome.HIGHLIGHTED_ELSEWHERE, paper.day, delivery)
        return None

    async def _find_covering_delivery(
        self, subscription: Subscription, days: list[date]
    ) -> tuple[date, Delivery] | None:
        """The latest of `days` that a delivery covered, and that delivery."""
        for day in reversed(days):
            delivery = await self._storage.deliveries.find_covering(subscription.id, day)
            if delivery:
                return day, delivery
        return None

    async def _explain_past_run(self, delivery: Delivery, paper: Paper, day: date) -> Explanation:
        """Why a digest that looked at the paper left it out, with the settings and the upvotes of that time."""
        snapshots = await self._storage.papers.list_snapshots(paper.id)
        then = [upvotes for taken_at, upvotes in snapshots if taken_at <= delivery.planned_at]
        upvotes = then[-1] if then else 0
        if not await self._matches_filter(delivery.settings.selection.filter, paper, day):
            return Explanation(PaperOutcome.FILTERED, day, delivery, upvotes)
        if upvotes < delivery.settings.selection.min_upvotes:
            return Explanation(PaperOutcome.TOO_FEW_UPVOTES, day, delivery, upvotes)
        return Explanation(PaperOutcome.BELOW_THE_CUT, day, delivery, upvotes)

    async def _explain_next_run(self, subscription: Subscription, paper: Paper, day: date) -> Explanation:
        """What the next run will do with the paper, if its list is for that run."""
        selection = subscription.settings.selection
        first = await self._get_first_uncovered_day(subscription)
        if first and day < first:
            return Explanation(PaperOutcome.LISTED_TOO_EARLY, day)
        if not await self._matches_filter(selection.filter, paper, day):
            return Explanation(PaperOutcome.FILTERED, day, upvotes=paper.upvotes)
        if paper.upvotes < selection.min_upvotes:
            return Explanation(PaperOutcome.TOO_FEW_UPVOTES, day, upvotes=paper.upvotes)
        return Explanation(PaperOutcome.UPCOMING, day, upvotes=paper.upvotes)

    async def _get_first_uncovered_day(self, subscription: Subscription) -> date | None:
        """The first day whose list is for the next run."""
        covered = await self._storage.deliveries.get_covered_until(subscription.id)
        if covered:
            return covered + timedelta(days=1)
        cadence, closed = subscription.settings.schedule.cadence, get_latest_closed_day(subscription.next_run.at)
        if cadence is Cadence.DAILY:
            return await self._storage.papers.get_latest_listed_day(closed)
        return get_first_day_of_period(cadence, closed)

    async def _matches_filter(self, filter_: str, paper: Paper, today: date) -> bool:
        return paper.id in await self._filter.find_matching(filter_, [paper.id], today)
