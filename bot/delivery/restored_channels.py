"""What was posted after a backup is looked for in its channels and recorded, before anything is sent again."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import discord

from bot.channels import Channels
from bot.channels.destination import Pace, do_not_wait
from bot.channels.inboxes import Inboxes
from bot.channels.requests import (
    REQUEST_ERRORS,
    ChannelBlocked,
    DeliveryFailed,
    TemporaryFailure,
    classify_error,
    wait_for_answer,
)
from bot.clock import Clock
from bot.delivery.failures import FIRST_RETRY, MAX_DOUBT, MAX_RETRY_DELAY, MIN_SEARCHES
from bot.delivery.nonces import MessageOrigin, NonceSpace
from bot.delivery.notices import NoticeSender
from bot.delivery.planning import MAX_EXTRA_DIGESTS
from bot.following.at_once import MAX_PER_DAY
from bot.following.choosing import MAX_PAPERS as MAX_PAPERS_FOR_PERSON
from bot.reasons import Reason, ReasonKind
from bot.share import Share
from bot.storage import (
    DatabaseAway,
    DatabaseBusy,
    DiskFull,
    FoundMessage,
    OwnMessage,
    RestoredSearch,
    SearchedChannel,
    Storage,
    Subscription,
    SubscriptionState,
)
from bot.subscription.settings import MAX_PAPERS

log = logging.getLogger(__name__)

MARGIN = timedelta(days=1)  # before the backup: its clock may have been hours off, or a message on its way for long
MAX_SEARCHING = 100  # channels at once
PARTS_AT_ONCE = 5  # pages of a channel that are read before others have their turn
PART_TIMEOUT = 300  # seconds; the request goes on, but the channel is tried again later
FIRST_UNKNOWN = 100  # number of the extra digests that stand for those of which only the papers are known
_OVER = {ReasonKind.CHANNEL_GONE, ReasonKind.CHANNEL_KIND_UNSUPPORTED}  # nothing can be posted there again


@dataclass(slots=True)
class _Failures:
    """How often the search of a channel has failed in a row, why the last time, and when it is tried again.

    If it `is_blocked`, that is also as soon as one of its subscriptions goes on.
    """

    count: int
    reason: Reason
    retry_at: datetime
    is_blocked: bool


class RestoredChannels:
    """Searches the channels that `storage` names, at the pace of all requests."""

    def __init__(
        self,
        storage: Storage,
        share: Share,
        channels: Channels,
        inboxes: Inboxes,
        notices: NoticeSender,
        get_pace: Callable[[Subscription], Pace],
    ) -> None:
        self._restored = storage.restored
        self._share = share
        self._subscriptions = storage.subscriptions
        self._channels = channels
        self._inboxes = inboxes
        self._notices = notices
        self._get_pace = get_pace
        self._waiting: deque[SearchedChannel] = deque()
        self._has_more = asyncio.Event()
        self._known: set[SearchedChannel] = set()  # those that wait, and those that are being searched
        self._failures: dict[SearchedChannel, _Failures] = {}

    async def add_channels(self, now: datetime) -> bool:
        """Let the channels wait that may be searched now; returns whether any does."""
        left = await self._restored.list_channels(self._share)
        if not left:
            self._failures.clear()
        for channel in left:
            if channel not in self._known and self._may_be_tried(channel, now):
                self._known.add(channel)
                self._waiting.append(channel)
                self._has_more.set()
        return bool(self._waiting)

    def _may_be_tried(self, channel: SearchedChannel, now: datetime) -> bool:
        failed = self._failures.get(channel)
        if failed is None or (failed.is_blocked and channel.is_active):
            return True
        return failed.retry_at <= now or failed.retry_at > now + MAX_RETRY_DELAY  # the clock was set back

    async def search_waiting(self, clock: Clock) -> None:
        """Search the channels that wait, many at once and in turn: a long history holds up no other channel."""
        running: set[asyncio.Task[None]] = set()
        try:
            while self._waiting or running:
                while self._waiting and len(running) < MAX_SEARCHING:
                    running.add(asyncio.create_task(self._search_in_turn(self._waiting.popleft(), clock)))
                self._has_more.clear()
                more = asyncio.create_task(self._has_more.wait())
                done, _ = await asyncio.wait({*running, more}, return_when=asyncio.FIRST_COMPLETED)
                more.cancel()
                for each in done & running:
                    running.discard(each)
                    each.result()
        finally:
            for each in running:
                each.cancel()
            self._waiting.clear()
            self._known.clear()

    async def _search_in_turn(self, channel: SearchedChannel, clock: Clock) -> None:
        if await self._search_or_note_failure(channel, clock):
            self._known.discard(channel)
        else:
            self._waiting.append(channel)

    async def _search_or_note_failure(self, channel: SearchedChannel, clock: Clock) -> bool:
        """Search a part of a channel; returns whether it is done, or to be tried again later."""
        search = await self._restored.read_search(channel)
        if search is None:
            return True
        try:
            try:
                return await self._search_part(search, clock)
            except REQUEST_ERRORS as error:
                raise classify_error(error, to_person=channel.user_id is not None) from error
        except DeliveryFailed as failure:
            await self._handle_failure(search, failure, clock())
        except (DiskFull, DatabaseAway, DatabaseBusy):
            raise  # nothing could be recorded
        except Exception:
            log.exception("the search of channel %d ran into a bug", channel.channel_id)
            await self._handle_failure(search, TemporaryFailure(Reason(ReasonKind.BOT_FAILED)), clock())
        return True

    async def _search_part(self, search: RestoredSearch, clock: Clock) -> bool:
        """Read the next messages of a channel; returns whether these were the last."""
        pace = self._get_pace(search.subscriptions[0]) if search.subscriptions else do_not_wait
        destination = await self._channels.fetch_searched_channel(search, pace)
        if reason := destination.find_search_obstacle():
            raise ChannelBlocked(reason)
        since = search.searched_until or discord.utils.time_snowflake(search.backup_at - MARGIN)
        for _ in range(PARTS_AT_ONCE):
            messages, until = await wait_for_answer(destination.read_digests(since, pace), PART_TIMEOUT)
            found = await self._find_origins(search, messages)
            self._failures.pop(search.channel, None)
            if until is None:
                await self._finish(search, found, clock())
                return True
            await self._restored.record_progress(search, until, found)
            since = until
        return False

    async def _find_origins(self, search: RestoredSearch, messages: Sequence[OwnMessage]) -> list[FoundMessage]:
        """What each message is part of, without those that are recorded or whose subscription is not known."""
        recorded = await self._restored.list_recorded([each.nonce for each in messages])
        spaces = [
            NonceSpace(
                each,
                channel_id,
                MAX_PAPERS_FOR_PERSON if each.user_id else MAX_PAPERS,
                MAX_PER_DAY if each.user_id else MAX_EXTRA_DIGESTS,
                is_in_parts=each.user_id is None,
            )
            for each in search.subscriptions
            for channel_id in search.channel_ids
        ]
        found = []
        for each in messages:
            if each.nonce in recorded:
                continue
            origin = None
            for space in spaces:
                origin = origin or space.find_origin(each.nonce, each.sent_at.date())
                await asyncio.sleep(0)  # the message of a subscription that is not known takes 7 ms in each space
            origin = origin or _guess_origin(search, each)
            if origin:
                key = (origin.subscription_id, origin.run_date, origin.extra, origin.position)
                found.append(FoundMessage(*key, each))
        return found

    async def _finish(
        self, search: RestoredSearch, found: Sequence[FoundMessage], now: datetime, *, giving_up: bool = False
    ) -> None:
        unknown = await self._restored.finish_search(search, found, now, giving_up=giving_up)
        self._failures.pop(search.channel, None)
        log.info(
            "channel %d was searched after the restore: %d runs since %s were found",
            search.channel.channel_id,
            unknown,
            search.backup_at.isoformat(timespec="minutes"),
        )

    async def _handle_failure(self, search: RestoredSearch, failure: DeliveryFailed, now: datetime) -> None:
        channel, reason, before = search.channel, failure.reason, self._failures.get(search.channel)
        if before is None or before.reason != reason:  # a hidden channel may stay so for years
            log.warning("channel %d cannot be searched: %s", channel.channel_id, failure, extra=reason.log_fields)
        count = before.count + 1 if before else 1
        retry_at = now + min(MAX_RETRY_DELAY, FIRST_RETRY * 2 ** min(count - 1, 10))
        has_moved = channel.user_id is not None and reason.kind is ReasonKind.CHANNEL_GONE
        is_blocked = isinstance(failure, ChannelBlocked) and not has_moved
        self._failures[channel] = _Failures(count, reason, retry_at, is_blocked)
        match failure:
            case ChannelBlocked() if channel.user_id and has_moved:
                await self._follow_person(search, channel.user_id, now)
            case ChannelBlocked() if reason.kind in _OVER:
                await self._finish(search, (), now)
            case ChannelBlocked():
                await self._restored.finish_search(search, (), now, only_moved=True)
                await self._suspend(search, reason, now)
            case _ if now - search.restored_at >= MAX_DOUBT and count >= MIN_SEARCHES:
                log.warning("channel %d: gave up, all until the restore counts as posted", channel.channel_id)
                await self._finish(search, (), now, giving_up=True)
                for each in search.subscriptions:
                    if each.state is SubscriptionState.ACTIVE:
                        await self._notices.tell_unsearched(each, channel.channel_id, now)

    async def _follow_person(self, search: RestoredSearch, user_id: int, now: datetime) -> None:
        """Open the direct messages anew, whose channel Discord does not know, so that they are searched next."""
        if not search.channel.is_active:
            return  # they are opened when the person wants something again
        try:
            await self._inboxes.reopen_inbox(user_id, search.channel.channel_id)
        except ChannelBlocked as blocked:
            await self._suspend(search, blocked.reason, now)
        except DeliveryFailed as failure:
            log.warning("the direct messages with a person cannot be opened: %s", failure)

    async def _suspend(self, search: RestoredSearch, reason: Reason, now: datetime) -> None:
        """Nothing is sent until someone changes something, as if a message were in doubt."""
        for each in search.subscriptions:
            if each.state is SubscriptionState.ACTIVE and each.settings.channel_id == search.channel.channel_id:
                await self._subscriptions.suspend(each.id, reason, now)
                await self._notices.tell_stopped(each, search.channel.channel_id, reason, now)


def _guess_origin(search: RestoredSearch, message: OwnMessage) -> MessageOrigin | None:
    """What a digest in a person's direct messages is part of, if its nonce does not tell.

    Whatever is there is theirs, also if it is of a subscription that they had after the backup: the papers count.
    """
    is_theirs = search.channel.user_id is not None and message.sent_at >= search.backup_at
    if not is_theirs or not message.papers or not search.subscriptions:
        return None
    number = FIRST_UNKNOWN + message.message_id % 1_000_000_000
    return MessageOrigin(search.subscriptions[0].id, message.sent_at.astimezone(UTC).date(), number, 1)
