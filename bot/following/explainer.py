"""Explains to a person whether a paper came to them, or what keeps it, for each query that they follow."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from enum import Enum, auto

from bot.composing.explainer import ExampleLikeness, Explainer
from bot.composing.paper_filter import PaperFilter
from bot.digest import get_latest_closed_day
from bot.following.at_once import DAYS
from bot.following.choosing import MAX_WINDOW, fold_muted, get_first_day, get_least_upvotes, is_due, is_muted
from bot.following.composer import LOOK_BACK
from bot.following.listed import EXAMPLES_TOGETHER
from bot.following.percolator import Percolator
from bot.papers import Paper
from bot.papers.api import PapersUnavailable
from bot.reasons import Reason, ReasonKind
from bot.search import LIKENESS_BAR, SearchIndex, parse_query
from bot.storage import (
    Delivery,
    DeliveryState,
    FollowedQuery,
    Following,
    How,
    Message,
    Muted,
    MutedKind,
    PersonalInputs,
    Storage,
    Subscription,
    SubscriptionState,
)
from bot.subscription.schedule import Cadence, Run, find_latest_run, find_next_run

_MOST_UPVOTES = 1_000_000  # enough for any query
_RUNS_AHEAD = 30  # that a paper may have to wait for


class PersonalOutcome(Enum):
    """What happened to a paper that a person asks about."""

    CAME = auto()
    ON_ITS_WAY = auto()
    REJECTED = auto()  # by Discord
    FOLLOWS_NOTHING = auto()
    WITHDRAWN = auto()
    NONE_MATCHES = auto()  # of what the person follows
    NEVER_LISTED = auto()  # on Daily Papers
    MUTED = auto()
    SUSPENDED = auto()  # the person cannot be written to
    MAY_COME = auto()  # by at least one query
    KEPT_BACK = auto()  # each query says by what


class Fate(Enum):
    """What a followed query does with a paper that has not come."""

    NOT_MATCHING = auto()
    UNLISTED = auto()
    LISTED_BEFORE = auto()  # only before the query was followed
    LISTED_LONG_AGO = auto()
    BELOW_THE_TOP = auto()  # of the inbox
    TOO_FEW_UPVOTES = auto()
    STILL_OPEN = auto()  # its list is not closed yet
    LEFT_FOR_NEXT = auto()  # the last digest was full
    UPCOMING = auto()
    COMING_AT_ONCE = auto()


WAITING = frozenset({Fate.STILL_OPEN, Fate.LEFT_FOR_NEXT, Fate.UPCOMING, Fate.COMING_AT_ONCE})


@dataclass(frozen=True, slots=True)
class QueryFate:
    """What a followed query does with a paper.

    `day` is the day of the list that counts, and `at` when the run is that may bring the paper. `least_upvotes` are
    those that it needs besides matching.
    """

    followed: FollowedQuery
    fate: Fate
    day: date | None = None
    at: datetime | None = None
    least_upvotes: int = 0


@dataclass(frozen=True, slots=True)
class PersonalExplanation:
    """Why a paper came to a person, or did not.

    `delivery` brought it, in its `message`, because of the queries `brought_by`. Otherwise `fates` has all that is
    followed, `muted` what keeps the paper back, `reason` why the person cannot be written to, and `size` is that of the
    inbox. `likenesses` are how like the paper is now to each example of what is followed.
    """

    paper: Paper
    outcome: PersonalOutcome
    delivery: Delivery | None = None
    message: Message | None = None
    brought_by: tuple[str, ...] = ()
    fates: tuple[QueryFate, ...] = ()
    muted: tuple[Muted, ...] = ()
    reason: Reason | None = None
    size: int = 0
    likenesses: tuple[ExampleLikeness, ...] = ()


@dataclass(frozen=True, slots=True)
class _Matches:
    """Which queries match a paper, and which would if it had more upvotes."""

    now: Collection[str]
    upvoted: Collection[str]


class PersonalExplainer:
    """Explains from the records in `storage`, and by evaluating what is followed again."""

    def __init__(self, storage: Storage, search: SearchIndex, filter_: PaperFilter, explainer: Explainer) -> None:
        self._storage = storage
        self._search = search
        self._filter = filter_
        self._explainer = explainer

    async def explain_paper(self, user_id: int, paper: Paper, now: datetime) -> PersonalExplanation:
        """What happened to `paper` for a person. Raises `PapersUnavailable` while their queries can't be applied."""
        following = await self._storage.followed_queries.get_following(user_id)
        known = following.subscription
        explanation = await self._explain_from_record(known, paper) if known else None
        if explanation is None and (known is None or not following.followed):
            explanation = PersonalExplanation(paper, PersonalOutcome.FOLLOWS_NOTHING)
        elif explanation is None and known:
            explanation = await self._explain_what_keeps(known, following, paper, now)
        assert explanation
        with suppress(PapersUnavailable):
            return replace(explanation, likenesses=await self._compare(following.queries, paper, now.date()))
        return explanation

    async def _explain_from_record(self, known: Subscription, paper: Paper) -> PersonalExplanation | None:
        """What happened to `paper`, if the recorded deliveries are enough to know it."""
        if delivery := await self._storage.deliveries.find_by_paper(known.id, paper.id):
            return _explain_delivery(delivery, paper)
        if delivery := await self._storage.deliveries.find_rejection(known.id, paper.id):
            return PersonalExplanation(paper, PersonalOutcome.REJECTED, delivery)
        return None

    async def _explain_what_keeps(
        self, known: Subscription, following: Following, paper: Paper, now: datetime
    ) -> PersonalExplanation:
        """What each followed query does with a paper that has not come, and what else keeps it."""
        closed = get_latest_closed_day(max(known.next_run.at, now))
        inputs = await self._storage.personal_digests.read_inputs(
            known.id, following.followed[0].user_id, closed, LOOK_BACK, MAX_WINDOW
        )
        days = await self._storage.papers.list_days_of_paper(paper.id)
        matching = await self._find_matching(following.queries, paper, closed, now)
        fates = [_find_fate(each, known, inputs, paper, days, matching, now) for each in following.followed]
        fates = [await self._look_back(each, known) for each in fates]
        muted = await self._find_muting(following.muted, paper, now.date())
        outcome = _choose_outcome(paper, days, fates, muted, known)
        size = known.settings.selection.size
        return PersonalExplanation(paper, outcome, fates=tuple(fates), muted=muted, reason=known.reason, size=size)

    async def _find_matching(
        self, queries: Sequence[FollowedQuery], paper: Paper, closed: date, now: datetime
    ) -> _Matches:
        """Which queries match, as the run for days up to `closed` reads them, or those at once as today."""
        if queries:
            await self._filter.catch_up()
        at_once = [each.query for each in queries if each.how is How.AT_ONCE]
        others = [each.query for each in queries if each.how is not How.AT_ONCE]
        try:
            found = [
                await asyncio.to_thread(_match, self._search, texts, paper, today)
                for texts, today in ((at_once, now.astimezone(UTC).date()), (others, closed))
                if texts
            ]
        except ValueError as error:  # the index is damaged; the next write repairs it
            raise PapersUnavailable(Reason(ReasonKind.INDEX_UNREADABLE)) from error
        return _Matches(
            frozenset(query for each in found for query in each.now),
            frozenset(query for each in found for query in each.upvoted),
        )

    async def _look_back(self, fate: QueryFate, known: Subscription) -> QueryFate:
        """What past digests tell: whether the inbox had better papers, or the last digest no room."""
        deliveries = self._storage.deliveries
        if fate.fate is Fate.LISTED_LONG_AGO and fate.followed.is_inbox and fate.day:
            if await deliveries.find_covering(known.id, fate.day):
                return replace(fate, fate=Fate.BELOW_THE_TOP)
        elif fate.fate is Fate.UPCOMING and not fate.followed.is_inbox and fate.day:
            for last in await deliveries.list_latest(known.id, 1):
                if last.digest.left_count and fate.day <= last.digest.covered_until:
                    return replace(fate, fate=Fate.LEFT_FOR_NEXT)
        return fate

    async def _find_muting(self, muted: Sequence[Muted], paper: Paper, today: date) -> tuple[Muted, ...]:
        """What the person has muted that keeps a paper back."""
        examples = [each.value for each in muted if each.kind is MutedKind.PAPER]
        alike = {paper.id}
        for start in range(0, len(examples), EXAMPLES_TOGETHER):
            like = " ".join(f"like:{each}" for each in examples[start : start + EXAMPLES_TOGETHER])
            measured = await self._filter.measure_likeness(like, [paper.id], today)
            alike |= {each for each, values in measured.items() if values.get(paper.id, 0.0) >= LIKENESS_BAR}
        return tuple(
            each
            for each in muted
            if (each.value in alike if each.kind is MutedKind.PAPER else is_muted(paper, fold_muted([each])))
        )

    async def _compare(
        self, queries: Sequence[FollowedQuery], paper: Paper, today: date
    ) -> tuple[ExampleLikeness, ...]:
        """How like a paper is to each example of what is followed, each once."""
        compared = [
            each
            for query in queries
            if "like:" in query.query
            for each in await self._explainer.compare_with_examples(query.query, paper, today)
        ]
        return tuple(dict.fromkeys(compared))


def _explain_delivery(delivery: Delivery, paper: Paper) -> PersonalExplanation:
    highlight = next((each for each in delivery.digest.highlights if each.paper.id == paper.id), None)
    position, brought_by = (highlight.position, highlight.followed) if highlight else (0, ())
    message = next((each for each in delivery.messages if position in each.positions), None)
    has_come = delivery.state is not DeliveryState.PLANNED or bool(message and message.message_id)
    outcome = PersonalOutcome.CAME if has_come else PersonalOutcome.ON_ITS_WAY
    return PersonalExplanation(paper, outcome, delivery, message, brought_by)


def _match(search: SearchIndex, queries: Iterable[str], paper: Paper, today: date) -> _Matches:
    """Which queries match a paper, and which would with more upvotes. Blocks."""
    percolator = Percolator(search)
    words = percolator.make_vocabulary()
    for each in queries:
        percolator.add(each, words)
    upvoted = replace(paper, upvotes=_MOST_UPVOTES)
    return _Matches(percolator.match([paper], today).keys(), percolator.match([upvoted], today).keys())


def _find_fate(
    followed: FollowedQuery,
    known: Subscription,
    inputs: PersonalInputs,
    paper: Paper,
    days: Sequence[date],
    matching: _Matches,
    now: datetime,
) -> QueryFate:
    """What a followed query does with a paper that was or is on the lists of `days`, the earliest first."""
    matches = followed.is_inbox or followed.query in matching.now
    may_match = matches or followed.query in matching.upvoted
    if not may_match or not days:
        return QueryFate(followed, Fate.UNLISTED if may_match else Fate.NOT_MATCHING)
    recent = [day for day in days if day >= followed.first_day]
    if not recent:
        return QueryFate(followed, Fate.LISTED_BEFORE, days[-1])
    comes_at_once = followed.how is How.AT_ONCE and recent[-1] > now.astimezone(UTC).date() - DAYS
    day = _find_coming_day(followed, known, inputs, recent, now) or (recent[-1] if comes_at_once else None)
    if day is None:
        return QueryFate(followed, Fate.LISTED_LONG_AGO, recent[-1])
    least = get_least_upvotes(parse_query(followed.query, now.date()), followed.how)
    if not matches or paper.upvotes < least:
        return QueryFate(followed, Fate.TOO_FEW_UPVOTES, day, least_upvotes=least)
    if comes_at_once:
        return QueryFate(followed, Fate.COMING_AT_ONCE, recent[-1])
    fate = Fate.STILL_OPEN if day > get_latest_closed_day(now) else Fate.UPCOMING
    return QueryFate(followed, fate, day, _find_run(followed, known, inputs.last_run, day, now).at)


def _find_coming_day(
    followed: FollowedQuery, known: Subscription, inputs: PersonalInputs, days: Sequence[date], now: datetime
) -> date | None:
    """The first of `days` whose papers a run may still bring."""
    closed = get_latest_closed_day(_find_run(followed, known, inputs.last_run, days[0], now).at)
    first = get_first_day(followed, closed, inputs.covered_until, is_behind=inputs.is_behind)
    return next((day for day in days if day >= first), None)


def _find_run(followed: FollowedQuery, known: Subscription, last_run: date | None, day: date, now: datetime) -> Run:
    """The first run at which the query is due and the list of `day` is closed; one that is late comes now."""
    schedule, run = known.settings.schedule, known.next_run
    if run.at <= now:
        run = Run(find_latest_run(schedule, now).date, now)
    weekly = replace(schedule, cadence=Cadence.WEEKLY)
    for _ in range(_RUNS_AHEAD):
        is_closed = day <= get_latest_closed_day(run.at)
        if is_closed and is_due(followed, run, find_latest_run(weekly, run.at), last_run):
            break
        last_run, run = run.date, find_next_run(schedule, run.at)
    return run


def _choose_outcome(
    paper: Paper,
    days: Sequence[date],
    fates: Sequence[QueryFate],
    muted: Sequence[Muted],
    known: Subscription,
) -> PersonalOutcome:
    """What a person has to know first."""
    matched = [each for each in fates if each.fate is not Fate.NOT_MATCHING]
    reasons: Mapping[PersonalOutcome, bool] = {
        PersonalOutcome.WITHDRAWN: paper.withdrawn_at is not None,
        PersonalOutcome.NONE_MATCHES: not matched,
        PersonalOutcome.NEVER_LISTED: not days,
        PersonalOutcome.MUTED: bool(muted),
        PersonalOutcome.SUSPENDED: known.state is SubscriptionState.SUSPENDED,
        PersonalOutcome.MAY_COME: any(each.fate in WAITING for each in matched),
    }
    return next((outcome for outcome, applies in reasons.items() if applies), PersonalOutcome.KEPT_BACK)
