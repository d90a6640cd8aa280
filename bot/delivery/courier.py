"""Carry: when deliveries begin and go on, and how many at once."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Coroutine
from contextvars import Context
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
from bot.delivery.recovery import Recovery
from bot.delivery.sending import MESSAGES_PER_SECOND, Sender
from bot.refusals import Refusal, Refused
from bot.storage import Delivery, DeliveryState, Storage, Subscription
from bot.subscription.schedule import latest_run
from bot.turns import Turns

log = logging.getLogger(__name__)

DRAIN_SECONDS = 20
PLANNED_AT_ONCE = 3  # the loop is shared with people who wait for an answer
SENT_AT_ONCE = 500  # deliveries in memory; those that wait for Discord cost the others nothing
PER_SERVER, PER_CHANNEL = 3, 1  # deliveries at once, so that lateness is a property of one channel


class Courier:
    """Has what `planner` plans carried by `sender`."""

    def __init__(self, storage: Storage, planner: Planner, sender: Sender, recovery: Recovery) -> None:
        self.sender = sender
        self.recovery = recovery
        self._storage = storage
        self._planner = planner
        self._plans = asyncio.Semaphore(PLANNED_AT_ONCE)
        self._sends = asyncio.Semaphore(SENT_AT_ONCE)
        self._servers, self._channels = Turns(PER_SERVER), Turns(PER_CHANNEL)
        self._busy: dict[int, asyncio.Task[None]] = {}  # by subscription
        self._hurried: set[asyncio.Task[None]] = set()  # what admins wait for
        self._closing = False

    async def tick(self, now: datetime) -> None:
        """Begin, and wait until all of it has ended."""
        await self.begin(now)
        await self.idle()

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        if self._busy:
            await asyncio.wait(self._busy.values())

    async def begin(self, now: datetime) -> None:
        """Take up what is under way, and begin what is due; none of it is waited for.

        What an earlier tick began and has not ended goes on, and is not begun again.
        """
        clock = _running(now)
        await self.recovery.recover_timed_out(now)
        for delivery in await self._storage.deliveries.under_way(now):
            self._start(delivery.subscription_id, self._resume(delivery, clock))
        self._begin_due(await self._storage.subscriptions.due(now), clock)

    def _begin_due(self, due: list[Subscription], clock: Clock) -> None:
        """Recaps look back at the dailies of the same minute, so these are planned before."""
        planned: defaultdict[int, list[asyncio.Event]] = defaultdict(list)  # the dailies, by server
        for each in sorted(due, key=lambda subscription: subscription.wish.timetable.is_recap):
            is_planned, recap = asyncio.Event(), each.wish.timetable.is_recap
            before = planned[each.guild_id] if recap else []
            if self._start(each.id, self._deliver(each, clock, is_planned, before)) and not recap:
                planned[each.guild_id].append(is_planned)

    def _start(self, subscription_id: int, work: Coroutine[Any, Any, None]) -> bool:
        """Begin the work, unless there is some for this subscription already; gives whether it has begun."""
        if self._closing or subscription_id in self._busy:
            work.close()
            return False
        self._busy[subscription_id] = task = asyncio.create_task(_guarded(work))
        task.add_done_callback(lambda _: self._busy.pop(subscription_id))
        return True

    async def _resume(self, delivery: Delivery, clock: Clock) -> None:
        """Take up a delivery that an earlier tick, or an earlier life, left under way; then what is due by now."""
        subscription = await self._storage.subscriptions.get(delivery.subscription_id)
        if subscription is None:
            return
        moved = subscription.wish.channel_id != delivery.channel_id
        superseded = moved or latest_run(subscription.wish.timetable, clock()).date > delivery.run_date
        await self._carry(delivery, clock, superseded=superseded)
        for each in await self._storage.subscriptions.due(clock(), subscription.id):
            await self._deliver(each, clock, asyncio.Event(), [])

    async def _deliver(
        self, subscription: Subscription, clock: Clock, planned: asyncio.Event, before: list[asyncio.Event]
    ) -> None:
        """Plan the run that is due, once those `before` it are planned, and carry it."""
        try:
            for each in before:
                await each.wait()
            async with self._planner.turn_of(subscription), self._plans:
                delivery = None if self._closing else await self._planner.plan_due(subscription, clock())
        finally:
            planned.set()
        if delivery and delivery.state is DeliveryState.PLANNED:
            await self._carry(delivery, clock)

    async def _carry(self, delivery: Delivery, clock: Clock, *, superseded: bool = False) -> None:
        """Carry a delivery when it is its channel's turn, and its server's."""
        async with self._channels.of(delivery.channel_id), self._servers.of(delivery.guild_id), self._sends:
            if not self._closing:
                await self.sender.carry(delivery.id, clock, superseded=superseded)

    async def send_now(self, subscription: Subscription, now: datetime, *, by: int) -> Delivery:
        """Deliver the coming run before its time, for the admin `by`; gives what became of it.

        Raises `NothingToSend` and `PapersUnavailable`.
        """
        delivery = await self._planner.plan_early(subscription, now, by=by)
        if not self._closing:
            carrying = asyncio.create_task(
                _guarded(self.sender.carry(delivery.id, _running(now), hurried=True)),
                context=Context(),  # nobody's: what was done at Discord is recorded, however long that has to wait
            )
            self._hurried.add(carrying)
            carrying.add_done_callback(self._hurried.discard)
            await asyncio.wait({carrying})
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
            undoing = asyncio.create_task(self.sender.undo(delivery, now, by=by), context=Context())
            return delivery, await undoing
        except DeliveryFailed as failure:
            raise Refused(Refusal.NOT_UNDONE, reason=failure.reason) from failure

    async def drain(self) -> None:
        """Begin no other delivery, and let the sends in flight finish; a run not planned yet stays due."""
        self._closing = True
        self._planner.stop()
        if running := {*self._busy.values(), *self._hurried}:
            await asyncio.wait(running, timeout=DRAIN_SECONDS)


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    """One server's failure never costs another its digest."""
    try:
        await work
    except Exception:
        log.exception("a delivery ran into a bug; it will be tried again at the next tick")


def build_courier(
    client: discord.Client,
    channels: Channels,
    storage: Storage,
    composer: Composer,
    *,
    messages_per_second: float = MESSAGES_PER_SECOND,
) -> Courier:
    """A courier to the `channels` of `client`, with all that it works with."""
    follow_ups, failures = FollowUps(storage, channels), Failures(storage, Notices(client, storage))
    sender = Sender(storage, channels, follow_ups, failures, messages_per_second=messages_per_second)
    return Courier(storage, Planner(storage, composer), sender, Recovery(storage, channels))


def _running(now: datetime) -> Clock:
    """A clock that is at `now`, and goes on from there."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    return lambda: now + timedelta(seconds=loop.time() - began)
