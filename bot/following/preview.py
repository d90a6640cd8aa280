"""What following a query would have brought in the last weeks, and what a person should know before they follow it."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum, auto

from bot.composing.cache import Cache
from bot.composing.paper_filter import PaperFilter
from bot.digest import Candidate, get_latest_closed_day
from bot.following.choosing import get_least_upvotes
from bot.following.listed import Listed
from bot.papers import Paper
from bot.papers.api import PapersUnavailable
from bot.ranking import rank_papers
from bot.search import Query, Sort, parse_query
from bot.storage import How, Storage

WEEK, MONTH = 7, 30  # closed days that a preview looks at
FLOOD = {How.DAILY: 35, How.WEEKLY: 25, How.AT_ONCE: 20}  # more papers a week than anybody reads
EXAMPLES = 3
TIMEOUT = 1.5  # seconds; Discord waits three for the whole answer
_LATER = (timedelta(0), timedelta(days=31), timedelta(days=365))  # when dates such as `before:7d` are tried again


class FollowCaveat(Enum):
    """What a person should know before they follow a query."""

    FLOOD = auto()  # it brings more than anybody reads
    DROUGHT = auto()  # nothing matched in thirty days
    UPVOTES_UNREACHED = auto()  # papers matched, but none had enough upvotes to come at once
    DATES_OVER = auto()  # its dates exclude all papers to come
    SORT_IGNORED = auto()
    EXAMPLES_UNKNOWN = auto()  # papers that are not in the archive, which no paper can be like


@dataclass(frozen=True, slots=True)
class FollowPreview:
    """What a followed query would have brought, if it could be found out in time: otherwise the counts are None.

    `week_count` and `month_count` are the papers of the last 7 and 30 closed days, and `examples` the best of them.
    `per_week` is about how many come in a week. At once, a paper needs `least_upvotes` besides matching; `best_upvotes`
    are the most that a matching paper of the month had. `unknown_examples` are ids of papers.
    """

    query: str
    how: How
    week_count: int | None = None
    month_count: int | None = None
    per_week: float | None = None
    examples: tuple[Paper, ...] = ()
    least_upvotes: int = 0
    best_upvotes: int = 0
    caveats: tuple[FollowCaveat, ...] = ()
    unknown_examples: tuple[str, ...] = ()


class Previewer:
    """Asks the papers in `storage` and those that are `listed`, through `filter_`. What many ask is worked out once."""

    def __init__(self, storage: Storage, listed: Listed, filter_: PaperFilter) -> None:
        self._papers = storage.papers
        self._listed = listed
        self._filter = filter_
        self._matching_cache: Cache[frozenset[str]] = Cache(256)

    async def preview_query(self, text: str, how: How, now: datetime) -> FollowPreview:
        """What following `text`, a query that is understood, would have brought. Takes `TIMEOUT` at most."""
        query = parse_query(text, now.date())
        least = get_least_upvotes(query, how)
        conflicts = tuple(_find_conflicts(text, query, now.date()))
        with suppress(PapersUnavailable, TimeoutError):
            async with asyncio.timeout(TIMEOUT):
                matching = await self._find_matching(text, now)
                if unknown := await self._papers.list_unknown(query.list_all_examples()):
                    conflicts += (FollowCaveat.EXAMPLES_UNKNOWN,)
                preview = _build_preview(text, how, matching, least, conflicts, get_latest_closed_day(now))
                return replace(preview, unknown_examples=unknown)
        return FollowPreview(text, how, least_upvotes=least, caveats=conflicts)

    async def _find_matching(self, text: str, now: datetime) -> list[Candidate]:
        """The papers of the last month that match."""
        closed = get_latest_closed_day(now)
        first, change = closed - timedelta(days=MONTH - 1), await self._papers.get_last_change()
        candidates = (await self._listed.read(first, closed, change)).candidates
        matching = await self._matching_cache.get(
            (change, first, closed, text), lambda: self._filter.find_matching(text, candidates, now.date())
        )
        return [each for each in map(candidates.__getitem__, matching) if each.paper.withdrawn_at is None]


def _build_preview(
    text: str,
    how: How,
    matching: list[Candidate],
    least: int,
    conflicts: tuple[FollowCaveat, ...],
    closed: date,
) -> FollowPreview:
    coming = [each for each in matching if each.paper.upvotes >= least]
    monday = closed - timedelta(days=WEEK - 1)
    week_count = sum(1 for each in coming if max(each.days) >= monday)
    per_week = len(coming) * WEEK / MONTH
    caveats = conflicts
    if not matching and FollowCaveat.EXAMPLES_UNKNOWN in conflicts:
        pass  # which says why, and what to do
    elif not coming:
        caveats += (FollowCaveat.UPVOTES_UNREACHED if matching else FollowCaveat.DROUGHT,)
    elif max(per_week, week_count) > FLOOD[how]:
        caveats += (FollowCaveat.FLOOD,)
    return FollowPreview(
        text,
        how,
        week_count,
        len(coming),
        per_week,
        rank_papers(each.paper for each in coming)[:EXAMPLES],
        least,
        max((each.paper.upvotes for each in matching), default=0),
        caveats,
    )


def _find_conflicts(text: str, query: Query, today: date) -> Iterable[FollowCaveat]:
    if query.sort is not Sort.RELEVANCE:
        yield FollowCaveat.SORT_IGNORED
    later = (today + each for each in _LATER)
    if not any(parse_query(text, day).may_match_on(day - timedelta(days=1)) for day in later):
        yield FollowCaveat.DATES_OVER
