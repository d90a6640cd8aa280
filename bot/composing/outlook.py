"""What the archive's last year says about settings: whether they can post anything, and how much presets would find.

A caveat is why settings don't do what an admin expects of them. Nothing is refused because of it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum, auto

from bot.composing.cache import Cache
from bot.composing.paper_filter import PaperFilter
from bot.digest import get_latest_closed_day
from bot.papers.api import PapersUnavailable
from bot.search import Query, Sort, parse_query
from bot.storage import Storage
from bot.subscription.presets import PRESETS
from bot.subscription.schedule import EVERY_DAY, Cadence
from bot.subscription.settings import DigestSettings

YEAR = timedelta(days=365)
MONTH = timedelta(days=30)
TIMEOUT = 1  # second; Discord waits three for the whole answer
_LATER = (timedelta(0), timedelta(days=31), YEAR)  # when dates in a filter such as `before:7d` are tried again
_DAYS_BEFORE = {Cadence.DAILY: 7, Cadence.WEEKLY: 7, Cadence.MONTHLY: 31}  # how old a paper in a digest may be


class CaveatKind(Enum):
    """Why settings don't do what an admin expects."""

    UPVOTES_UNREACHED = auto()  # the minimum, by all papers
    PING_UNREACHED = auto()
    PING_ALWAYS = auto()  # because no paper may have so few upvotes that it would not ping
    PING_SILENT = auto()  # because notifications are off
    NOTHING_MATCHES = auto()
    DATES_OVER = auto()  # of the filter, for all papers to come
    EXAMPLES_UNKNOWN = auto()  # of the filter: papers that are not in the archive
    SORT_IGNORED = auto()  # in the filter
    WEEKDAYS_IGNORED = auto()  # all but the first, in a weekly recap


@dataclass(frozen=True, slots=True)
class Caveat:
    """A kind with its figures.

    `asked` and `least` are upvotes that the settings ask for. In the last `days`, `papers` were listed (or if
    `is_filtered`, matched the filter), and the best had `best` upvotes. `without`: parts of the filter as they were
    typed, and how many papers would match without each. `weekdays`: the one that counts, then the others.
    `examples` are ids of papers.
    """

    kind: CaveatKind
    asked: int = 0
    least: int = 0
    days: int = 0
    papers: int = 0
    best: int = 0
    is_filtered: bool = False
    without: tuple[tuple[str, int], ...] = ()
    weekdays: tuple[int, ...] = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _PastPapers:
    """How many papers there were, and the most upvotes that one of them has now."""

    count: int
    most_upvotes: int


class Outlook:
    """Asks the papers in `storage`, through `filter_`. What many panels ask is worked out once."""

    def __init__(self, storage: Storage, filter_: PaperFilter) -> None:
        self._papers = storage.papers
        self._filter = filter_
        self._past_cache: Cache[_PastPapers] = Cache(256)

    async def find_caveats(self, settings: DigestSettings, now: datetime) -> tuple[Caveat, ...]:
        """Why settings don't do what an admin may expect. What the archive can't say in time is left out."""
        found = list(_find_conflicts(settings, now.date()))
        if any(each.kind is CaveatKind.DATES_OVER for each in found):
            return tuple(found)
        with suppress(PapersUnavailable, TimeoutError):
            async with asyncio.timeout(TIMEOUT):
                found += await self._find_unknown_examples(settings, now.date())
                found += [each async for each in self._find_unreached(settings, now.date())]
        return tuple(found)

    async def count_presets(self, now: datetime) -> Mapping[str, int] | None:
        """How many papers of the last thirty closed days each preset has; None if that can't be said in time."""
        closed = get_latest_closed_day(now)
        counts = {}
        with suppress(PapersUnavailable, TimeoutError):
            async with asyncio.timeout(TIMEOUT):
                for preset, filter_ in PRESETS.items():
                    query = parse_query(filter_, closed)
                    counts[preset] = (await self._read_past(query, closed - MONTH + timedelta(days=1), closed)).count
                return counts
        return None

    async def _find_unknown_examples(self, settings: DigestSettings, today: date) -> list[Caveat]:
        """The examples of the filter that are not in the archive, which no paper can be like."""
        missing = await self._papers.list_unknown(parse_query(settings.selection.filter, today).list_all_examples())
        return [Caveat(CaveatKind.EXAMPLES_UNKNOWN, examples=missing)] if missing else []

    async def _find_unreached(self, settings: DigestSettings, today: date) -> AsyncIterator[Caveat]:
        """What no paper of the last year reached."""
        selection, posting, first = settings.selection, settings.posting, today - YEAR
        earliest = await self._papers.get_first_listed_day(first)
        if earliest is None:
            return
        days = (today - earliest).days + 1
        query = parse_query(selection.filter, today)
        known = await self._read_past(query, first, today)
        if not known.count:
            listed = await self._read_past(parse_query("", today), first, today)
            without = tuple([each async for each in self._count_without_parts(query, first, today)])
            yield Caveat(CaveatKind.NOTHING_MATCHES, days=days, papers=listed.count, without=without)
            return
        unreached = Caveat(
            CaveatKind.UPVOTES_UNREACHED,
            asked=selection.min_upvotes,
            days=days,
            papers=known.count,
            best=known.most_upvotes,
            is_filtered=bool(selection.filter),
        )
        if selection.min_upvotes > known.most_upvotes:
            yield unreached
        elif posting.ping_role_id and posting.ping_upvotes > known.most_upvotes:
            yield replace(unreached, kind=CaveatKind.PING_UNREACHED, asked=posting.ping_upvotes)

    async def _count_without_parts(self, query: Query, first: date, last: date) -> AsyncIterator[tuple[str, int]]:
        """Each part of a filter that leaves out everything, and how many papers there would be without it."""
        for rest, typed in query.list_queries_without_a_clause():
            count = (await self._read_past(rest, first, last)).count if rest.clauses else 0
            if count and typed:
                yield typed, count

    async def _read_past(self, query: Query, first: date, last: date) -> _PastPapers:
        async def read() -> _PastPapers:
            found = await self._filter.find_most_upvoted(query, first, last)
            best = await self._papers.get(found.ids)
            return _PastPapers(found.total, max((paper.upvotes for paper in best), default=0))

        change = await self._papers.get_last_change()
        return await self._past_cache.get((change, query.text, query.clauses, first, last), read)


def _find_conflicts(settings: DigestSettings, today: date) -> Iterator[Caveat]:
    """Settings that cancel each other out, whatever papers there are."""
    schedule, selection, posting = settings.schedule, settings.selection, settings.posting
    if posting.ping_role_id and posting.silent:
        yield Caveat(CaveatKind.PING_SILENT)
    elif posting.ping_role_id and 0 < posting.ping_upvotes <= selection.min_upvotes:
        yield Caveat(CaveatKind.PING_ALWAYS, asked=posting.ping_upvotes, least=selection.min_upvotes)
    if schedule.cadence is Cadence.WEEKLY and 1 < len(schedule.weekdays) < len(EVERY_DAY):
        yield Caveat(CaveatKind.WEEKDAYS_IGNORED, weekdays=tuple(sorted(schedule.weekdays)))
    query = parse_query(selection.filter, today)
    if query.sort is not Sort.RELEVANCE:
        yield Caveat(CaveatKind.SORT_IGNORED)
    if not _may_match_new_papers(selection.filter, schedule.cadence, today):
        yield Caveat(CaveatKind.DATES_OVER)


def _may_match_new_papers(filter_: str, cadence: Cadence, today: date) -> bool:
    """Whether the dates in a filter leave any paper of a run now or later, as far as a year from now."""
    for later in _LATER:
        day = today + later
        query = parse_query(filter_, day)
        if any(query.may_match_on(day - timedelta(days=age)) for age in range(1, _DAYS_BEFORE[cadence] + 1)):
            return True
    return False
