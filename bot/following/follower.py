"""What people follow: every change to it, whichever command or button it comes from."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bot.digest import get_first_day_of_period, get_latest_closed_day
from bot.editing.fields import build_default_settings, read_typed_field, replace_settings_fields
from bot.following.preview import FollowPreview, Previewer
from bot.papers import Paper
from bot.reasons import Reason
from bot.refusals import Refusal, Refused
from bot.search import parse_query
from bot.storage import INBOX, FollowedQuery, Following, How, Muted, MutedKind, Storage
from bot.subscription.schedule import Cadence, Schedule
from bot.subscription.settings import MAX_PAPERS, DigestLayout, DigestSettings, Selection

LOOK_BACK = timedelta(days=6)  # how far back the first digest goes to find a day with papers
MAX_MUTABLE_AUTHORS = 5  # of a paper, the last among them
MAX_MUTABLE_TAGS = 8
PERSONAL_FIELDS = frozenset(
    {"time", "timezone", "weekdays", "size", "layout"}
)  # of the settings, that a person chooses


class Follower:
    """Changes what people follow, in `storage`. Every method may raise `Refused`.

    Each change is one transaction, so two at once, or a crash in between, leave all of one and none of the other.
    """

    def __init__(self, storage: Storage, previewer: Previewer) -> None:
        self._followed = storage.followed_queries
        self._papers = storage.papers
        self._previewer = previewer

    async def get_overview(self, user_id: int) -> Following:
        """What a person follows and has muted, and the subscription that brings it."""
        return await self._followed.get_following(user_id)

    def read_query(self, text: str, now: datetime) -> str:
        """The query as it is kept: in one line. Refuses what is not understood, or looks for nothing."""
        query = str(read_typed_field("filter", text, now.date()))
        if not parse_query(query, now.date()).clauses:
            raise Refused(Refusal.FOLLOWS_EVERYTHING)
        return query

    async def preview_query(self, text: str, how: How, now: datetime) -> FollowPreview:
        """What following a query would have brought in the last weeks."""
        return await self._previewer.preview_query(self.read_query(text, now), how, now)

    async def follow(
        self,
        user_id: int,
        text: str,
        how: How,
        channel_id: int,
        schedule: Schedule | None,
        now: datetime,
        *,
        obstacle: Reason | None = None,
    ) -> FollowedQuery:
        """Follow a query, or change how it is followed. Papers come from now on, also if everything was stopped.

        `channel_id` is that of the direct messages with the person. With an `obstacle`, such as an inbox that is
        closed, all is kept but nothing sent until `resume`; the channel may then be 0. Without a `schedule`, it is the
        one before, or every day at nine UTC.
        """
        query = self.read_query(text, now)
        first = now.astimezone(UTC).date() if how is How.AT_ONCE else await self._find_first_day(now)

        def edit(known: DigestSettings | None) -> DigestSettings:
            return _move_settings(known, channel_id, schedule)

        return await self._followed.follow(user_id, query, how, first, now, edit=edit, obstacle=obstacle)

    async def change_inbox(
        self,
        user_id: int,
        how: How,
        channel_id: int,
        schedule: Schedule | None,
        now: datetime,
        *,
        size: int | None = None,
        layout: DigestLayout | None = None,
        obstacle: Reason | None = None,
    ) -> FollowedQuery:
        """Start the inbox, or change it: daily or weekly, how many papers, and their layout. As `follow` otherwise."""
        if how is How.AT_ONCE:
            raise Refused(Refusal.FIELD_UNKNOWN)
        if size is not None:
            _check_size(size)
        first = await self._find_first_day(now)
        if how is How.WEEKLY:
            first = min(first, get_first_day_of_period(Cadence.WEEKLY, get_latest_closed_day(now)))
        values = {name: value for name, value in {"size": size, "layout": layout}.items() if value is not None}

        def edit(known: DigestSettings | None) -> DigestSettings:
            return replace_settings_fields(_move_settings(known, channel_id, schedule), values)

        return await self._followed.follow(user_id, INBOX, how, first, now, edit=edit, obstacle=obstacle)

    async def change_schedule(self, user_id: int, schedule: Schedule, now: datetime) -> Following:
        """Change at which time, in which time zone and on which weekdays digests come."""
        return await self._change_settings(user_id, lambda known: replace(known, schedule=schedule), now)

    async def change_settings(self, user_id: int, values: Mapping[str, object], now: datetime) -> Following:
        """Change `time`, `timezone`, `weekdays`, `size` or `layout`, as a panel's fields are read."""
        if not values.keys() <= PERSONAL_FIELDS:
            raise Refused(Refusal.FIELD_UNKNOWN)

        def change(known: DigestSettings) -> DigestSettings:
            changed = replace_settings_fields(known, values)
            _check_size(changed.selection.size)
            return changed

        return await self._change_settings(user_id, change, now)

    async def _change_settings(
        self, user_id: int, change: Callable[[DigestSettings], DigestSettings], now: datetime
    ) -> Following:
        def edit(known: DigestSettings | None) -> DigestSettings:
            if known is None:
                raise Refused(Refusal.FOLLOWS_NOTHING)
            return change(known)

        return await self._followed.change_settings(user_id, now, edit)

    async def stop(self, user_id: int, followed_id: int, now: datetime) -> FollowedQuery:
        """Stop one followed query, which is returned. Refused if the person does not follow it any more."""
        stopped = await self._followed.unfollow(user_id, followed_id, now)
        if stopped is None:
            raise Refused(Refusal.FOLLOWED_GONE)
        return stopped

    async def stop_all(self, user_id: int, now: datetime) -> tuple[FollowedQuery, ...]:
        """Stop everything; returns what was followed until now, which may be nothing.

        Whoever follows something again does not get the same papers again.
        """
        return await self._followed.unfollow_all(user_id, now)

    async def resume(
        self, user_id: int, channel_id: int, now: datetime, *, obstacle: Reason | None = None
    ) -> Following:
        """Send again, for example once direct messages are open; with another `obstacle`, don't."""

        def edit(known: DigestSettings | None) -> DigestSettings:
            if known is None:
                raise Refused(Refusal.FOLLOWS_NOTHING)
            return _move_settings(known, channel_id, None)

        resumed = await self._followed.change_settings(user_id, now, edit, obstacle=obstacle, wakes=True)
        if not resumed.followed:
            raise Refused(Refusal.FOLLOWS_NOTHING)
        return resumed

    async def mute(self, user_id: int, muted: Muted, now: datetime) -> None:
        """Bring a person less of something from now on."""
        await self._followed.mute(user_id, muted, now)

    async def unmute(self, user_id: int, muted: Muted) -> bool:
        """Undo that; False if it was undone before."""
        return await self._followed.unmute(user_id, muted)

    async def _find_first_day(self, now: datetime) -> date:
        """The latest closed day, or if it had no papers the last one before that had some."""
        closed = get_latest_closed_day(now)
        listed = await self._papers.get_latest_listed_day(closed)
        return max(listed, closed - LOOK_BACK) if listed else closed


def list_mutable(paper: Paper) -> tuple[Muted, ...]:
    """What a person may want to see less of who does not like a paper: itself, its tags, authors and organisation."""
    authors = paper.authors
    if len(authors) > MAX_MUTABLE_AUTHORS:
        authors = (*authors[: MAX_MUTABLE_AUTHORS - 1], authors[-1])
    return (
        Muted(MutedKind.PAPER, paper.id),
        *(Muted(MutedKind.TAG, tag) for tag in paper.tags[:MAX_MUTABLE_TAGS]),
        *([Muted(MutedKind.ORG, paper.organization)] if paper.organization else []),
        *(Muted(MutedKind.AUTHOR, author) for author in authors),
    )


def _check_size(size: int) -> None:
    if not 1 <= size <= MAX_PAPERS:
        raise Refused(Refusal.SIZE_UNCLEAR)


def _move_settings(known: DigestSettings | None, channel_id: int, schedule: Schedule | None) -> DigestSettings:
    """A person's settings, or those that everyone begins with, for this channel and schedule; 0 is no channel yet."""
    if known is None:
        known = replace(build_default_settings(channel_id), selection=Selection(risers=0))
    channel_id = channel_id or known.channel_id
    return replace(known, channel_id=channel_id, schedule=schedule or known.schedule)
