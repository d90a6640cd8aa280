"""Carry: when deliveries begin and go on, and how many at once."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime, timedelta
from typing import Any

import discord

from bot.channels import Channels
from bot.channels.requests import DeliveryFailed
from bot.clock import Clock
from bot.composing.composer import Composer
from bot.delivery.failures import Failures
from bot.delivery.follow_ups import FollowUps
from bot.delivery.notices import Notices
from bot.delivery.planning import Planner
from bot.delivery.sending import MESSAGES_PER_SECOND, Sender
from bot.refusals import Refusal, Refused
from bot.storage import Delivery, DeliveryState, Storage, Subscription
from bot.subscription.schedule import latest_run

log = logging.getLogger(__name__)

AT_ONCE = 10
DRAIN_SECONDS = 20


class Courier:
    """Has what `planner` plans carried by `sender`."""

    def __init__(self, storage: Storage, planner: Planner, sender: Sender) -> None:
        self.sender = sender
        self._storage = storage
        self._planner = planner
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    async def tick(self, now: datetime) -> None:
        """Bring home what is under way, then deliver what is due."""
        clock = _running(now)
        await self._run_all(self._resume(each, clock) for each in await self._storage.deliveries.under_way(now))
        due = await self._storage.subscriptions.due(now)
        dailies = [each for each in due if not each.wish.timetable.is_recap]
        recaps = [each for each in due if each.wish.timetable.is_recap]
        for each_kind in (dailies, recaps):  # recaps look back at the dailies of the same minute too
            await self._run_all(self._deliver(each, clock) for each in each_kind)

    async def _resume(self, delivery: Delivery, clock: Clock) -> None:
        """Take up a delivery that an earlier tick, or an earlier life, left under way."""
        subscription = await self._storage.subscriptions.get(delivery.subscription_id)
        if subscription is None:
            return
        moved = subscription.wish.channel_id != delivery.channel_id
        superseded = moved or latest_run(subscription.wish.timetable, clock()).date > delivery.run_date
        await self.sender.carry(delivery.id, clock, superseded=superseded)

    async def _deliver(self, subscription: Subscription, clock: Clock) -> None:
        delivery = await self._planner.plan_due(subscription, clock())
        if delivery and delivery.state is DeliveryState.PLANNED:
            await self.sender.carry(delivery.id, clock)

    async def send_now(self, subscription: Subscription, now: datetime, *, by: int) -> Delivery:
        """Deliver the coming run before its time, for the admin `by`; gives what became of it.

        Raises `NothingToSend` and `PapersUnavailable`.
        """
        delivery = await self._planner.plan_early(subscription, now, by=by)
        await self._run_all([self.sender.carry(delivery.id, _running(now), hurried=True)], slots=nullcontext())
        return await self._storage.deliveries.get(delivery.id) or delivery

    async def undo_last(self, subscription: Subscription, now: datetime, *, by: int) -> tuple[Delivery, bool]:
        """Take the last digest back, for the admin `by`; gives it, and whether nothing of it stays behind.

        Raises `Refused`; where Discord did not do all of it, it may be called again.
        """
        if await self._storage.deliveries.is_under_way(subscription.id):
            raise Refused(Refusal.STILL_ON_ITS_WAY)
        delivery = await self._storage.deliveries.last_posted(subscription.id)
        if delivery is None or delivery.state is DeliveryState.UNDONE:
            raise Refused(Refusal.NOTHING_TO_UNDO)
        try:
            return delivery, await self.sender.undo(delivery, now, by=by)
        except DeliveryFailed as failure:
            raise Refused(Refusal.NOT_UNDONE, reason=failure.reason) from failure

    async def drain(self) -> None:
        """Begin no other delivery, and let the sends in flight finish; a run not planned yet stays due."""
        self._closing = True
        self._planner.stop()
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


def build_courier(
    client: discord.Client,
    storage: Storage,
    composer: Composer,
    *,
    messages_per_second: float = MESSAGES_PER_SECOND,
) -> Courier:
    """A courier to the channels of `client`, with all that it works with."""
    channels = Channels(client)
    follow_ups, failures = FollowUps(storage, channels), Failures(storage, Notices(client, storage))
    sender = Sender(storage, channels, follow_ups, failures, messages_per_second=messages_per_second)
    return Courier(storage, Planner(storage, composer), sender)


def _running(now: datetime) -> Clock:
    """A clock that is at `now`, and goes on from there."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    return lambda: now + timedelta(seconds=loop.time() - began)
