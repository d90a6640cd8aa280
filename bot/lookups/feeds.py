"""What feeds have: the best papers of days and weeks, the newest that match a query, and a server's digests."""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

from bot.digest import get_closing_time, get_latest_closed_day, list_days_between
from bot.feed_addresses import MAX_FOUND
from bot.papers import Paper
from bot.search import SearchIndex, parse_query
from bot.storage import Delivery, PostedMessage, Storage

DAYS, WEEKS = 14, 8  # that a feed goes back
BEST = 10  # papers of a day or week
DIGEST_DAYS, MAX_DIGESTS = 30, 30  # that a server's feed goes back, and has
_NAMESPACE = UUID("b2a3b7c4-3b0e-5a53-9d7e-0f6a3d6b7c11")  # ours, for ids that need no address
_EARLIEST = date(2007, 4, 1)  # of ids like a paper's


class FeedKind(StrEnum):
    """What a feed is about."""

    DAILY = "daily"
    WEEKLY = "weekly"
    SEARCH = "search"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class FeedRequest:
    """A feed that is asked for: of a `query`, its newest papers up to `limit`; or of a server, by its `key`."""

    kind: FeedKind
    query: str = ""
    limit: int = MAX_FOUND
    guild_id: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class Week:
    """The best papers of a week, with the upvotes they had at its end."""

    first: date
    papers: tuple[tuple[Paper, int], ...]

    @property
    def last(self) -> date:
        return self.first + timedelta(days=6)


@dataclass(frozen=True, slots=True)
class PostedDigest:
    """A digest of a server, and the address of its first message."""

    delivery: Delivery
    url: str


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """What an entry is about, with an id that never changes, and is the same in each feed that has it."""

    id: str
    published_at: datetime
    about: Paper | Week | PostedDigest


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as values: `updated_at` is when its latest entry was published."""

    request: FeedRequest
    id: str
    updated_at: datetime
    entries: tuple[FeedEntry, ...]


class FeedReader:
    """Reads feeds from `storage` and through `search`. Votes never change what a feed of days or weeks has."""

    def __init__(self, storage: Storage, search: SearchIndex) -> None:
        self._storage = storage
        self._search = search
        self._archive_id = ""

    def get_state(self, request: FeedRequest, now: datetime) -> Hashable | None:
        """While it is the same, the feed is; None if nothing says that."""
        return (self._search.change, now.date()) if request.kind is FeedKind.SEARCH else None

    async def read(self, request: FeedRequest, now: datetime) -> Feed:
        """The feed as of `now`. Raises `ValueError` while the index can't be read."""
        self._archive_id = self._archive_id or await self._storage.papers.get_archive_id()
        closed = get_latest_closed_day(now)
        match request.kind:
            case FeedKind.DAILY:
                entries = await self._read_days(closed)
            case FeedKind.WEEKLY:
                entries = await self._read_weeks(closed)
            case FeedKind.SEARCH:
                entries = await self._search_papers(request, now.date())
            case FeedKind.SERVER:
                entries = await self._read_digests(request.guild_id, now.date())
        updated = max((each.published_at for each in entries), default=get_closing_time(closed))
        feed_id = self._make_id("feed", request.kind, request.query, str(request.guild_id or ""))
        return Feed(request, feed_id, updated, tuple(entries))

    async def _read_days(self, closed: date) -> list[FeedEntry]:
        """The best of each day, the latest day first. A paper that two days have is among those of the earlier one."""
        found: dict[str, FeedEntry] = {}
        for day in await self._list_complete_days(closed - timedelta(days=DAYS - 1), closed):
            best = await self._storage.papers.list_best_at(day, day, _get_midnight_after(day), limit=BEST)
            found |= {each.id: _build_paper_entry(each) for each, _ in reversed(best) if each.id not in found}
        return list(reversed(found.values()))

    async def _read_weeks(self, closed: date) -> list[FeedEntry]:
        """The weeks from Monday to Sunday, all of whose lists are there, the latest first."""
        last_sunday = closed - timedelta(days=(closed.weekday() + 1) % 7)
        first_monday = last_sunday - timedelta(days=7 * WEEKS - 1)
        complete = await self._list_complete_days(first_monday, last_sunday)
        entries = []
        for number in reversed(range(WEEKS)):
            monday = first_monday + timedelta(days=7 * number)
            sunday = monday + timedelta(days=6)
            if not {*list_days_between(monday, sunday)}.issubset(complete):
                continue
            best = await self._storage.papers.list_best_at(monday, sunday, _get_midnight_after(sunday), limit=BEST)
            if best:
                week_id = self._make_id("week", monday.isoformat())
                entries.append(FeedEntry(week_id, get_closing_time(sunday), Week(monday, tuple(best))))
        return entries

    async def _list_complete_days(self, first: date, last: date) -> list[date]:
        """The days whose lists were read after they closed."""
        days = [*list_days_between(first, last)]
        captured = await self._storage.papers.get_capture_times(days)
        return [day for day in days if day in captured and captured[day] >= get_closing_time(day)]

    async def _search_papers(self, request: FeedRequest, today: date) -> list[FeedEntry]:
        query = parse_query(request.query, today)
        ids = await asyncio.to_thread(self._search.find_newest, query, limit=request.limit)
        papers = await self._storage.papers.get(ids)
        entries = (_build_paper_entry(each) for each in papers if each.withdrawn_at is None)
        return sorted(entries, key=lambda each: (each.published_at, each.id), reverse=True)  # whatever their upvotes

    async def _read_digests(self, guild_id: int, today: date) -> list[FeedEntry]:
        since = today - timedelta(days=DIGEST_DAYS)
        deliveries = await self._storage.deliveries.list_posted_in_server(guild_id, since, limit=MAX_DIGESTS)
        return [
            FeedEntry(self._make_id("delivery", str(each.id)), message.sent_at, PostedDigest(each, message.url))
            for each in deliveries
            if (message := _find_first_message(each))
        ]

    def _make_id(self, *names: str) -> str:
        """An id for these names, that no other archive gives to anything."""
        return f"urn:uuid:{uuid5(_NAMESPACE, ' '.join((self._archive_id, *names)))}"


def _build_paper_entry(paper: Paper) -> FeedEntry:
    day = paper.listed_or_published_on or _EARLIEST
    return FeedEntry(paper.url, datetime.combine(day, time(), UTC), paper)


def _get_midnight_after(day: date) -> datetime:
    """The instant whose upvotes count. Of each day the last snapshot is kept, so thinning them changes nothing."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def _find_first_message(delivery: Delivery) -> PostedMessage | None:
    """The first that arrived, even if Discord rejected one before it."""
    for each in delivery.messages:
        if each.place_id and each.message_id and each.sent_at:
            return PostedMessage(delivery.guild_id, delivery.channel_id, each.place_id, each.message_id, each.sent_at)
    return None
