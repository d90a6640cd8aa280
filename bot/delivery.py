"""Deliver: plan → send → record, exactly once.

The crash between any two steps, and what makes it harmless:

    before plan       nothing happened; the run is still due
    plan → attempt    the delivery is planned and no message exists; it is sent
    attempt → record  a message may exist: before anything is sent again, the channel's history is searched
                      for our button with the nonce; should the first request still be on its way then,
                      Discord's own check of the nonce gives back its message
    between messages  those that arrived are recorded one by one; the rest is sent
    after messages    their threads are opened, and they are published; Discord refuses both a second time
    after record      the unique key (subscription, run date) makes a second plan impossible
"""

import asyncio
import hashlib
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import discord
from aiolimiter import AsyncLimiter
from discord.ui import LayoutView

from bot import destination
from bot.composing.composer import Composer, is_recap
from bot.destination import PUBLISHED_AN_HOUR, Arrived, Channel
from bot.digest import Digest
from bot.layouts import replies
from bot.layouts.digest import digest_message, highlight_message, quiet_message, thread_name
from bot.papers.api import PapersUnavailable
from bot.reasons import Reason, ReasonKind
from bot.requests import ANSWER_SECONDS, UNREACHED, Blocked, DeliveryFailed, Passing, Rejected, classified, in_time
from bot.storage import Delivery, DeliveryState, Message, Storage, Subscription
from bot.subscription.schedule import Run, first_run, latest_run
from bot.subscription.settings import Discussion, Wish
from bot.telling import tell

log = logging.getLogger(__name__)

MESSAGES_PER_SECOND = 45  # Discord's global limit is 50; discord.py only reacts to its 429
AT_ONCE = 10
SEARCH_SECONDS = 60
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(minutes=30)
DRAIN_SECONDS = 20
HOUR = timedelta(hours=1)
TOLD_AFTER = 2  # runs that failed in a row

Clock = Callable[[], datetime]


class _Stopped(Exception):
    """An admin has stopped the subscription while its delivery was under way."""


class NothingToSend(Exception):
    """There is nothing to send before its time, for a `reason`."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


def delivery_nonces(subscription: Subscription, run: Run, digest: Digest) -> list[str]:
    """A nonce for each message that the run posts, of 24 characters, the same whenever it is asked for."""
    return [_nonce(subscription, run, number) for number in range(1, _message_count(digest, subscription.wish) + 1)]


def _message_count(digest: Digest, wish: Wish) -> int:
    """How many messages the digest takes. A list on which nothing passed is told of, if that is wanted."""
    if not digest.highlights:
        return 1 if wish.posting.quiet_line and digest.days else 0
    return len(digest.highlights) if wish.posting.discussion is Discussion.HIGHLIGHT else 1


def _nonce(subscription: Subscription, run: Run, number: int) -> str:
    name = f"{subscription.guild_id}:{subscription.wish.channel_id}:{subscription.id}:{run.date}:{number}"
    return hashlib.blake2b(name.encode(), digest_size=12).hexdigest()


class Courier:
    """Carries the digests that are due to the channels of `client`."""

    def __init__(
        self,
        client: discord.Client,
        storage: Storage,
        composer: Composer,
        *,
        messages_per_second: float = MESSAGES_PER_SECOND,
    ) -> None:
        self._client = client
        self._storage = storage
        self._composer = composer
        self._limiter = AsyncLimiter(1, 1 / messages_per_second)  # evenly: a larger bucket lets bursts through
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._composing: set[asyncio.Task[Digest]] = set()
        self._sending: dict[int, asyncio.Task[Arrived]] = {}  # by delivery, until Discord has answered
        self._in_hand: set[int] = set()  # deliveries that somebody carries just now
        self._hurried: set[int] = set()  # deliveries that an admin waits for
        self._publishing: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)  # by channel: they are counted
        self._closing = False

    async def tick(self, now: datetime) -> None:
        """Bring home what is under way, then deliver what is due."""
        clock = _running(now)
        await self._run_all(self._resume(each, clock) for each in await self._storage.deliveries.under_way(now))
        due = await self._storage.subscriptions.due(now)
        for recaps in (False, True):  # which look back at the dailies of the same minute too
            await self._run_all(self._deliver(each, clock) for each in due if is_recap(each.wish) is recaps)

    async def send_now(self, subscription: Subscription, now: datetime, *, by: int) -> Delivery:
        """Deliver the coming run before its time, for the admin `by`; gives what became of it.

        Raises `NothingToSend` and `PapersUnavailable`.
        """
        waiting = subscription.next_run.at <= now
        run = latest_run(subscription.wish.timetable, now) if waiting else subscription.next_run
        digest = await self._composed(subscription, now)
        if digest.reason:
            raise NothingToSend(digest.reason)
        delivery = await self._plan(subscription, run, digest, now, by=by)
        if delivery is None:
            raise NothingToSend(Reason(ReasonKind.RUN_TAKEN))
        self._hurried.add(delivery.id)
        try:
            await self._run_all([self._carry(delivery.id, _running(now))], slots=nullcontext())
        finally:
            self._hurried.discard(delivery.id)
        return await self._storage.deliveries.get(delivery.id) or delivery

    async def undo(self, delivery: Delivery, now: datetime, *, by: int) -> bool:
        """Delete what was posted, and release its papers for the next digest; False where threads stay behind.

        Raises `DeliveryFailed`, and may be called again.
        """
        everything_gone = True
        try:
            for message in delivery.messages:
                everything_gone &= await self._delete(delivery, message)
        except UNREACHED as error:
            raise classified(error) from error
        await self._storage.deliveries.undo(delivery, by=by, now=now)
        return everything_gone

    async def _delete(self, delivery: Delivery, message: Message) -> bool:
        if not (message.place_id and message.message_id):
            return True
        try:
            channel = await self._channel(delivery)
        except discord.NotFound:  # the channel is gone, and all that was in it
            return True
        deletion = destination.delete(channel, message.place_id, message.message_id, threaded=message.threaded)
        return await in_time(deletion, ANSWER_SECONDS)

    async def drain(self) -> None:
        """Begin no other delivery, and let the sends in flight finish; a run not planned yet stays due."""
        self._closing = True
        for composing in self._composing:
            composing.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=DRAIN_SECONDS)

    async def _run_all(
        self, works: Iterable[Coroutine[Any, Any, None]], slots: AbstractAsyncContextManager[Any] | None = None
    ) -> None:
        tasks = [asyncio.create_task(self._guarded(work, slots or self._slots)) for work in works]
        self._tasks.update(tasks)
        try:
            await asyncio.gather(*tasks, return_exceptions=True)  # a drained one is cancelled
        finally:
            self._tasks.difference_update(tasks)

    async def _guarded(self, work: Coroutine[Any, Any, None], slots: AbstractAsyncContextManager[Any]) -> None:
        """One guild's failure never costs another its digest."""
        async with slots:
            if self._closing:
                work.close()
                return
            try:
                await work
            except Exception:
                log.exception("a delivery met a bug; it is tried again at the next tick")

    async def _deliver(self, subscription: Subscription, clock: Clock) -> None:
        now = clock()
        run = latest_run(subscription.wish.timetable, now)  # the runs missed before it collapse into it
        try:
            digest = await self._composed(subscription, now)
        except PapersUnavailable as error:
            if subscription.reason != error.reason:
                await self._storage.subscriptions.wait(subscription.id, error.reason)
            return
        delivery = await self._plan(subscription, run, digest, now)
        if delivery and delivery.state is DeliveryState.PLANNED:
            await self._carry(delivery.id, clock)

    async def _composed(self, subscription: Subscription, now: datetime) -> Digest:
        """What the run highlights; the papers API may take minutes, which `drain` does not wait for."""
        composing = asyncio.create_task(self._composer.digest_for(subscription, now))
        self._composing.add(composing)
        composing.add_done_callback(self._composing.discard)
        return await composing

    async def _plan(
        self, subscription: Subscription, run: Run, digest: Digest, now: datetime, *, by: int | None = None
    ) -> Delivery | None:
        taken = await self._storage.deliveries.taken(subscription.id, run.date)
        following = first_run(subscription.wish.timetable, now, after=run.date, taken=taken)
        nonces = delivery_nonces(subscription, run, digest)
        return await self._storage.deliveries.plan(subscription, run, following, digest, nonces=nonces, now=now, by=by)

    async def _resume(self, delivery: Delivery, clock: Clock) -> None:
        """Take up a delivery that an earlier tick, or an earlier life, left under way."""
        subscription = await self._storage.subscriptions.get(delivery.subscription_id)
        if subscription is None:
            return
        moved = subscription.wish.channel_id != delivery.channel_id
        superseded = moved or latest_run(subscription.wish.timetable, clock()).date > delivery.run_date
        await self._carry(delivery.id, clock, superseded=superseded)

    async def _carry(self, delivery_id: int, clock: Clock, *, superseded: bool = False) -> None:
        """Bring a planned delivery home, unless somebody is at it; what is known of it is read here, not before."""
        if delivery_id in self._in_hand:
            return
        self._in_hand.add(delivery_id)
        try:
            delivery = await self._storage.deliveries.get(delivery_id)
            if delivery and delivery.state is DeliveryState.PLANNED:
                await self._send_and_record(delivery, clock, superseded=superseded)
        finally:
            self._in_hand.discard(delivery_id)

    async def _send_and_record(self, delivery: Delivery, clock: Clock, *, superseded: bool) -> None:
        """Send and record each message; a superseded delivery is only looked for, then given up to the next digest."""
        places: list[Arrived] = []
        try:
            if delivery.id in self._sending:
                raise Passing(Reason(ReasonKind.DISCORD_SILENT))
            async for arrived in self._arriving(delivery, clock, superseded=superseded):
                places.append(arrived)  # noqa: PERF401  # what arrived before a failure counts
            left_undone = await self._follow_up_all(delivery, places, clock, last=superseded)
            if len(places) < len(delivery.messages):
                await self._give_up(delivery, delivery.reason or Reason(ReasonKind.SUPERSEDED), clock())
            else:
                await self._storage.deliveries.complete(delivery, left_undone)
        except _Stopped:
            log.info("delivery %d: stopped", delivery.id)
        except DeliveryFailed as failure:
            if not isinstance(failure, Passing):
                await self._follow_up_all(delivery, places, clock, last=True)
            await self._failed(delivery.id, failure, clock())

    async def _arriving(self, delivery: Delivery, clock: Clock, *, superseded: bool) -> AsyncIterator[Arrived]:
        """The messages as they stand in their channel, up to one that does not and must not."""
        for message in delivery.messages:
            arrived = await self._arrived(delivery, message, clock, superseded=superseded)
            if arrived is None:
                return
            yield arrived

    async def _follow_up_all(
        self, delivery: Delivery, places: list[Arrived], clock: Clock, *, last: bool
    ) -> Reason | None:
        """Threads and publishing come when all messages are there; gives why some of it cannot be, if it cannot."""
        follow_up = self._last_follow_up if last else self._follow_up
        left_undone = None
        for message, arrived in zip(delivery.messages, places, strict=False):
            left_undone = await follow_up(delivery, message, arrived, clock) or left_undone
        return left_undone

    async def _arrived(self, delivery: Delivery, message: Message, clock: Clock, *, superseded: bool) -> Arrived | None:
        """The message as it stands in its channel, sent if it is not there yet; None if it is not and must not be."""
        if message.place_id and message.message_id and message.sent_at:
            return Arrived(message.place_id, message.message_id, message.sent_at)
        arrived = await self._find(delivery, message) if message.attempted_at else None
        if arrived is None and superseded:
            return None
        arrived = arrived or await self._send(delivery, message, clock)
        await self._storage.deliveries.arrived(
            delivery.id, message.number, arrived.place_id, arrived.message_id, arrived.sent_at
        )
        log.info("delivery %d: message %d in %d", delivery.id, arrived.message_id, arrived.place_id)
        return arrived

    async def _failed(self, delivery_id: int, failure: DeliveryFailed, now: datetime) -> None:
        """Record what became of an attempt. While in doubt, what an attempt did stays unknown."""
        deliveries = self._storage.deliveries
        traced = isinstance(failure, Rejected)
        log.warning("delivery %d: %s", delivery_id, failure, exc_info=traced, extra={"reason": failure.reason.kind})
        delivery = await deliveries.get(delivery_id)
        if delivery is None:
            return
        match failure:
            case Blocked() if await self._has_moved(delivery):
                await deliveries.fail(delivery.id, failure.reason, now)
            case Blocked() if delivery.in_doubt:  # it waits, planned, until the channel can be searched
                await self._storage.subscriptions.suspend(delivery.subscription_id, failure.reason, now)
                await self._tell(delivery, replies.suspended(delivery.channel_id, failure.reason), now)
            case Blocked():
                await deliveries.fail(delivery.id, failure.reason, now, suspending=True)
                await self._tell(delivery, replies.suspended(delivery.channel_id, failure.reason), now)
            case Rejected():
                await self._give_up(delivery, failure.reason, now)
            case _:
                retry_at = now + min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(delivery.attempts, 10))
                await deliveries.postpone(delivery.id, failure.reason, retry_at)

    async def _give_up(self, delivery: Delivery, reason: Reason, now: datetime) -> None:
        """Leave what has not arrived to the next digest; the second time in a row the server is told."""
        deliveries = self._storage.deliveries
        await deliveries.fail(delivery.id, reason, now)
        again = await deliveries.failures_in_a_row(delivery.subscription_id) >= TOLD_AFTER
        if again and not await self._has_moved(delivery):
            await self._tell(delivery, replies.failing(delivery.channel_id, reason), now)

    async def _has_moved(self, delivery: Delivery) -> bool:
        """Whether an admin has moved the subscription since: what its old channel refuses matters no more."""
        subscription = await self._storage.subscriptions.get(delivery.subscription_id)
        return subscription is not None and subscription.wish.channel_id != delivery.channel_id

    async def _find(self, delivery: Delivery, message: Message) -> Arrived | None:
        """The message of an earlier attempt, if it is in the channel; without it, there is no doubt any more."""
        assert message.attempted_at is not None
        assert self._client.user is not None
        try:
            channel = await self._channel(delivery)
            _check_history_is_readable(channel)
            name, around = _name(delivery, message), message.attempted_at
            searching = destination.find(
                channel, self._client.user, message.nonce, name, around, partial(self._pace, delivery)
            )
            found = await in_time(searching, SEARCH_SECONDS)
        except UNREACHED as error:
            raise classified(error) from error
        if found is None:
            await self._storage.deliveries.not_arrived(delivery.id, message.number)
        return found

    async def _send(self, delivery: Delivery, message: Message, clock: Clock) -> Arrived:
        try:
            channel = await self._channel(delivery)
            if reason := destination.obstacle(channel, _me(channel), delivery.wish.posting):
                raise Blocked(reason)
            await self._pace(delivery)
            if not await self._storage.deliveries.attempt(delivery.id, message.number, clock()):
                raise _Stopped
            self._sending[delivery.id] = sending = asyncio.create_task(_request(channel, delivery, message))
            sending.add_done_callback(lambda _: self._sending.pop(delivery.id))
            return await in_time(sending, ANSWER_SECONDS)
        except UNREACHED as error:
            failure = classified(error)
            if not isinstance(failure, Passing):  # a plain refusal: there is no message
                await self._storage.deliveries.not_arrived(delivery.id, message.number)
            raise failure from error

    async def _last_follow_up(
        self, delivery: Delivery, message: Message, arrived: Arrived, clock: Clock
    ) -> Reason | None:
        """The follow-up of a delivery that must not hold up the next: what cannot be now will not be."""
        try:
            return await self._follow_up(delivery, message, arrived, clock)
        except DeliveryFailed as failure:
            return failure.reason

    async def _follow_up(self, delivery: Delivery, message: Message, arrived: Arrived, clock: Clock) -> Reason | None:
        """Open the thread of a message that has arrived, and publish it; gives why that cannot be, if it cannot.

        Raises `DeliveryFailed` where it may be later.
        """
        try:
            channel = await self._channel(delivery)
            if isinstance(channel, discord.TextChannel):
                await self._open_thread(channel, delivery, message, arrived)
                await self._publish(channel, delivery, message, arrived, clock)
        except UNREACHED as error:
            failure = classified(error)
            if isinstance(failure, Passing):
                raise failure from error
            log.warning("delivery %d: %s", delivery.id, failure, extra={"reason": failure.reason.kind})
            return failure.reason
        return None

    async def _open_thread(
        self, channel: discord.TextChannel, delivery: Delivery, message: Message, arrived: Arrived
    ) -> None:
        posting = delivery.wish.posting
        if posting.discussion is Discussion.NONE or message.threaded or not delivery.digest.highlights:
            return
        await self._pace(delivery)
        opening = destination.give_thread(channel, arrived.message_id, _name(delivery, message), posting)
        await in_time(opening, ANSWER_SECONDS)
        await self._storage.deliveries.threaded(delivery.id, message.number)

    async def _publish(
        self, channel: discord.TextChannel, delivery: Delivery, message: Message, arrived: Arrived, clock: Clock
    ) -> None:
        wanted = delivery.wish.posting.publish and channel.is_news() and delivery.digest.highlights
        if not wanted or message.published_at:
            return
        deliveries = self._storage.deliveries
        async with self._publishing[channel.id]:
            if await deliveries.published_since(channel.id, clock() - HOUR) >= PUBLISHED_AN_HOUR:
                raise Passing(Reason(ReasonKind.PUBLISH_LIMIT_REACHED, number=PUBLISHED_AN_HOUR))
            await self._pace(delivery)
            await in_time(destination.publish(channel, arrived.message_id), ANSWER_SECONDS)
            await deliveries.published(delivery.id, message.number, clock())

    async def _pace(self, delivery: Delivery) -> None:
        """Wait for the next request's turn; the few that an admin waits for do not queue behind all that is due."""
        if delivery.id not in self._hurried:
            await self._limiter.acquire()

    async def _channel(self, delivery: Delivery) -> Channel:
        channel = self._client.get_channel(delivery.channel_id)
        if channel is None:
            await self._pace(delivery)
            channel = await in_time(self._client.fetch_channel(delivery.channel_id), ANSWER_SECONDS)
        if not isinstance(channel, Channel):
            raise Blocked(Reason(ReasonKind.CHANNEL_KIND_UNSUPPORTED))
        return channel

    async def _tell(self, delivery: Delivery, text: str, now: datetime) -> None:
        """Tell the server, once until a digest of the subscription gets through again."""
        guild = self._client.get_guild(delivery.guild_id)
        first = self._storage.notices.first
        if guild and await first(delivery.guild_id, delivery.subscription_id, delivery.channel_id, now):
            await tell(self._client, guild, text)


def _running(now: datetime) -> Clock:
    """A clock that is at `now`, and goes on from there."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    return lambda: now + timedelta(seconds=loop.time() - began)


async def _request(channel: Channel, delivery: Delivery, message: Message) -> Arrived:
    role = _pinged(channel, delivery, message)
    return await destination.send(
        channel,
        _rendered(delivery, message, role.id if role else None),
        nonce=message.nonce,
        name=_name(delivery, message),
        posting=delivery.wish.posting,
        papers=[each.paper for each in delivery.highlights_in(message)],
        role=role,
    )


def _rendered(delivery: Delivery, message: Message, ping: int | None) -> LayoutView:
    digest, wish = delivery.digest, delivery.wish
    if not digest.highlights:
        return quiet_message(digest.reason, wish.timetable.cadence, message.nonce)
    if wish.posting.discussion is Discussion.HIGHLIGHT:
        return highlight_message(digest, message.number, wish, message.nonce, ping=ping)
    return digest_message(digest, wish, message.nonce, ping=ping)


def _name(delivery: Delivery, message: Message) -> str:
    apart = delivery.wish.posting.discussion is Discussion.HIGHLIGHT
    return thread_name(delivery.digest, delivery.wish, message.number if apart else None)


def _pinged(channel: Channel, delivery: Delivery, message: Message) -> discord.Role | None:
    """The role that the first message pings, if a highlight has the upvotes for it."""
    posting = delivery.wish.posting
    enough = any(each.upvotes >= posting.ping_upvotes for each in delivery.digest.highlights)
    return destination.pinged_role(channel.guild, posting) if message.number == 1 and enough else None


def _me(channel: Channel) -> discord.Member:
    if channel.guild.me is None:
        raise Passing(Reason(ReasonKind.SERVER_UNAVAILABLE))
    return channel.guild.me


def _check_history_is_readable(channel: Channel) -> None:
    """Without the permission Discord answers an empty history, not an error."""
    granted = channel.permissions_for(_me(channel))
    if not granted.view_channel:
        raise Blocked(Reason(ReasonKind.CHANNEL_HIDDEN))
    if not granted.read_message_history:
        raise Blocked(Reason(ReasonKind.HISTORY_HIDDEN))
