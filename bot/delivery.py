"""Deliver: plan → send → record, exactly once.

The crash between any two steps, and what makes it harmless:

    before plan       nothing happened; the run is still due
    plan → attempt    the delivery is planned and no message exists; it is sent
    attempt → record  a message may exist: before anything is sent again, the channel's history is searched
                      for our button with the nonce; should the first request still be on its way then,
                      Discord's own check of the nonce gives back its message
    after record      the unique key (subscription, run date) makes a second plan impossible
"""

import asyncio
import hashlib
import logging
from collections.abc import Coroutine, Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import aiohttp
import discord
from aiolimiter import AsyncLimiter
from discord.ui import LayoutView

from bot.composing import Composer
from bot.digest import Digest
from bot.layouts import replies
from bot.layouts.digest import digest_message
from bot.papers.api import PapersUnavailable
from bot.schedule import Run, first_run, latest_run
from bot.storage import Delivery, DeliveryState, Storage, Subscription

log = logging.getLogger(__name__)

MESSAGES_PER_SECOND = 45  # Discord's global limit is 50; discord.py only reacts to its 429
AT_ONCE = 10
ANSWER_SECONDS = 30  # then what became of a request is unknown
SEARCH_SECONDS = 60
SEARCH_MARGIN = timedelta(hours=1)  # before and after an attempt: clocks differ, and ticks may take their time
PAGE = 100  # messages in a page of a channel's history
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(minutes=30)
DRAIN_SECONDS = 20

_GONE = {10003: "the channel is gone", 10004: "the server is gone", 50001: "I cannot see the channel"}
_FORBIDDEN = 50013
NEEDED = discord.Permissions(view_channel=True, send_messages=True, read_message_history=True)
Answer = TypeVar("Answer")
_UNREACHED = (discord.DiscordException, aiohttp.ClientError, OSError)  # what a request to Discord may raise


class DeliveryFailed(Exception):
    """A digest did not reach its channel; the message is the reason, in words for an admin."""


class _Blocked(DeliveryFailed):
    """Permanent until an admin changes something: the channel, or access to it, is gone."""


class _Rejected(DeliveryFailed):
    """Discord does not take this message, and never will; no message exists."""


class _Passing(DeliveryFailed):
    """Worth another try; whether this try, or one before it, made the message is unknown."""


def missing_permissions(channel: discord.abc.GuildChannel, me: discord.Member) -> list[str]:
    """The names, as Discord shows them, of the permissions a digest needs and `me` lacks in `channel`."""
    granted = channel.permissions_for(me)
    needed = [name for name, wanted in NEEDED if wanted]
    if not granted.view_channel:  # it implies the others, which may well be granted
        needed = ["view_channel"]
    return [name.replace("_", " ").title() for name in needed if not getattr(granted, name)]


def delivery_nonce(subscription: Subscription, run: Run) -> str:
    """At most 25 characters, the same for the same run whenever it is asked for."""
    run_name = f"{subscription.guild_id}:{subscription.channel_id}:{subscription.id}:{run.date}"
    return hashlib.blake2b(run_name.encode(), digest_size=12).hexdigest()


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
        self._sending: dict[int, asyncio.Task[discord.Message]] = {}  # by delivery, until Discord has answered
        self._told: set[tuple[int, str]] = set()  # channels and reasons that this tick has told of
        self._closing = False

    async def tick(self, now: datetime) -> None:
        """Bring home what is under way, then deliver what is due."""
        self._told.clear()
        self._tick_began = asyncio.get_running_loop().time()
        await self._run_all(self._resume(each, now) for each in await self._storage.deliveries.under_way(now))
        await self._run_all(self._deliver(each, now) for each in await self._storage.subscriptions.due(now))

    async def drain(self) -> None:
        """Begin no other delivery, and let the sends in flight finish; a run not planned yet stays due."""
        self._closing = True
        for composing in self._composing:
            composing.cancel()  # the papers API may take minutes to answer
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=DRAIN_SECONDS)

    async def _run_all(self, works: Iterable[Coroutine[Any, Any, None]]) -> None:
        tasks = [asyncio.create_task(self._guarded(work)) for work in works]
        self._tasks.update(tasks)
        try:
            await asyncio.gather(*tasks, return_exceptions=True)  # a drained one is cancelled
        finally:
            self._tasks.difference_update(tasks)

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """One guild's failure never costs another its digest."""
        async with self._slots:
            if self._closing:
                work.close()
                return
            try:
                await work
            except Exception:
                log.exception("a delivery met a bug; it is tried again at the next tick")

    async def _deliver(self, subscription: Subscription, now: datetime) -> None:
        run = latest_run(subscription.timetable, now)  # the runs missed before it collapse into it
        composing = asyncio.create_task(self._composer.digest_for(subscription, now))
        self._composing.add(composing)
        composing.add_done_callback(self._composing.discard)
        try:
            digest = await composing
        except PapersUnavailable as error:
            if subscription.reason != str(error):
                await self._storage.subscriptions.wait(subscription.id, str(error))
            return
        following = first_run(subscription.timetable, now, after=run.date)
        nonce = delivery_nonce(subscription, run)
        delivery = await self._storage.deliveries.plan(subscription, run, following, digest, nonce=nonce, now=now)
        if delivery and delivery.state is DeliveryState.PLANNED:
            await self._send_and_record(delivery, now)

    async def _resume(self, delivery: Delivery, now: datetime) -> None:
        """Take up a delivery that an earlier tick, or an earlier life, left under way."""
        subscription = await self._storage.subscriptions.get(delivery.subscription_id)
        if subscription is None:
            return
        moved = subscription.channel_id != delivery.channel_id
        superseded = moved or latest_run(subscription.timetable, now).date > delivery.run_date
        await self._send_and_record(delivery, now, superseded=superseded)

    async def _send_and_record(self, delivery: Delivery, now: datetime, *, superseded: bool = False) -> None:
        """Send and record; a superseded delivery is only looked for, then given up to the next digest."""
        deliveries = self._storage.deliveries
        in_doubt = delivery.attempted_at is not None  # an earlier attempt may have made the message
        try:
            if delivery.id in self._sending:
                raise _Passing("Discord has not answered yet")
            message = await self._find(delivery) if in_doubt else None
            in_doubt = False
            if message is None and superseded:
                await deliveries.fail(delivery.id, delivery.reason or "something newer took its place")
                return
            message = message or await self._send(delivery, now)
            await deliveries.sent(delivery.id, message.id, message.created_at)
            log.info("delivery %d: message %d in channel %d", delivery.id, message.id, delivery.channel_id)
        except DeliveryFailed as failure:
            await self._failed(delivery, failure, now, in_doubt=in_doubt)

    async def _failed(self, delivery: Delivery, failure: DeliveryFailed, now: datetime, *, in_doubt: bool) -> None:
        """Record what became of an attempt. While in doubt, what the earlier attempt did stays unknown."""
        deliveries = self._storage.deliveries
        log.warning("delivery %d: %s", delivery.id, failure, exc_info=isinstance(failure, _Rejected))
        match failure:
            case _Blocked() if await self._has_moved(delivery):
                await deliveries.fail(delivery.id, str(failure))
            case _Blocked():
                if in_doubt:  # the delivery waits, planned, until the channel can be searched
                    await self._storage.subscriptions.suspend(delivery.subscription_id, str(failure))
                else:
                    await deliveries.fail(delivery.id, str(failure), suspend=True)
                await self._tell(delivery, str(failure))
            case _Rejected():
                await deliveries.fail(delivery.id, str(failure))
            case _:
                retry_at = now + min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(delivery.attempts, 10))
                await deliveries.postpone(delivery.id, str(failure), retry_at)

    async def _has_moved(self, delivery: Delivery) -> bool:
        """Whether an admin has moved the subscription since: what its old channel refuses matters no more."""
        subscription = await self._storage.subscriptions.get(delivery.subscription_id)
        return subscription is not None and subscription.channel_id != delivery.channel_id

    async def _find(self, delivery: Delivery) -> discord.Message | None:
        """The message of an earlier attempt, if it is in the channel; without it, the delivery is in no doubt."""
        assert delivery.attempted_at is not None
        try:
            channel = await self._channel(delivery)
            _check_history_is_readable(channel)
            searching = self._search(channel, delivery.nonce, around=delivery.attempted_at)
            message = await _in_time(searching, SEARCH_SECONDS)
        except _UNREACHED as error:
            raise _classified(error) from error
        if message is None:
            await self._storage.deliveries.not_arrived(delivery.id)
        return message

    async def _search(self, channel: discord.TextChannel, nonce: str, around: datetime) -> discord.Message | None:
        seen = 0
        await self._limiter.acquire()
        async for message in channel.history(after=around - SEARCH_MARGIN, oldest_first=True, limit=None):
            if message.author == self._client.user and _holds_nonce(message, nonce):
                return message
            if message.created_at > around + SEARCH_MARGIN:
                break
            seen += 1
            if seen % PAGE == 0:
                await self._limiter.acquire()
        return None

    async def _send(self, delivery: Delivery, now: datetime) -> discord.Message:
        view = digest_message(delivery.digest, delivery.nonce)
        try:
            channel = await self._channel(delivery)
            await self._limiter.acquire()
            waited = asyncio.get_running_loop().time() - self._tick_began
            await self._storage.deliveries.attempt(delivery.id, now + timedelta(seconds=waited))
            request = channel.send(view=view, nonce=delivery.nonce, allowed_mentions=discord.AllowedMentions.none())
            self._sending[delivery.id] = sending = asyncio.create_task(request)
            sending.add_done_callback(lambda _: self._sending.pop(delivery.id))
            return await _in_time(sending, ANSWER_SECONDS)
        except _UNREACHED as error:
            raise _classified(error) from error

    async def _channel(self, delivery: Delivery) -> discord.TextChannel:
        channel = self._client.get_channel(delivery.channel_id)
        if channel is None:
            await self._limiter.acquire()
            channel = await _in_time(self._client.fetch_channel(delivery.channel_id), ANSWER_SECONDS)
        if not isinstance(channel, discord.TextChannel):
            raise _Blocked("the channel is not one I can write in")
        return channel

    async def _tell(self, delivery: Delivery, reason: str) -> None:
        """Tell the server once that its subscription is suspended, where it wants to hear such things."""
        log.warning("subscription %d is suspended: %s", delivery.subscription_id, reason)
        if (delivery.channel_id, reason) in self._told:
            return
        self._told.add((delivery.channel_id, reason))
        guild = self._client.get_guild(delivery.guild_id)
        channel = guild.system_channel if guild else None
        if guild is None or channel is None or missing_permissions(channel, guild.me):
            return
        try:
            await _in_time(channel.send(replies.suspended(delivery.channel_id, reason)), ANSWER_SECONDS)
        except _UNREACHED as error:
            log.warning("server %d could not be told: %s", delivery.guild_id, error)


async def _in_time(request: Coroutine[Any, Any, Answer] | asyncio.Task[Answer], seconds: float) -> Answer:
    """The answer to a request, if it comes in time; else raises `TimeoutError`.

    The request itself goes on: cancelled while it sleeps through a global rate limit, discord.py would let
    no other request pass for the rest of its life.
    """
    running = asyncio.ensure_future(request)
    running.add_done_callback(lambda ended: ended.cancelled() or ended.exception())  # it may end unheard
    done, _ = await asyncio.wait({running}, timeout=seconds)
    if not done:
        raise TimeoutError
    return running.result()


def _check_history_is_readable(channel: discord.TextChannel) -> None:
    """Without the permission Discord answers an empty history, not an error."""
    if channel.guild.me is None:
        raise _Passing("the server is not available")
    granted = channel.permissions_for(channel.guild.me)
    if not granted.view_channel:
        raise _Blocked(_GONE[50001])
    if not granted.read_message_history:
        raise _Blocked("I lack Read Message History, without which I cannot tell whether the digest arrived")


def _classified(error: Exception) -> DeliveryFailed:
    """What a failed request to Discord means, decided here and nowhere else."""
    if isinstance(error, discord.RateLimited):
        return _Passing("Discord asked me to slow down")
    if not isinstance(error, discord.HTTPException):
        return _Passing(f"Discord did not answer ({type(error).__name__})")
    if error.code in _GONE:
        return _Blocked(_GONE[error.code])
    if error.code == _FORBIDDEN:
        return _Blocked("I lack a permission in the channel")
    if error.status == 400:  # noqa: PLR2004
        return _Rejected(f"Discord did not take the message (error {error.code})")
    # Even a 429 says nothing of the message: an earlier try, ours or discord.py's own after a 500, may have made it.
    return _Passing(f"Discord answered {error.status}")


def _holds_nonce(message: discord.Message, nonce: str) -> bool:
    items = LayoutView.from_message(message).walk_children()
    return any(nonce in (getattr(item, "custom_id", None) or "") for item in items)
