"""Dispatch: when deliveries start or resume, and how many run at once."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, nullcontext
from contextvars import Context
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import discord

from bot.channels import Channels
from bot.channels.inboxes import Inboxes
from bot.channels.requests import DeliveryFailed
from bot.claims import Claims
from bot.clock import Clock
from bot.composing.composer import Composer
from bot.delivery.failures import FailureHandler
from bot.delivery.follow_ups import FollowUps
from bot.delivery.notices import NoticeSender
from bot.delivery.planning import Planner, get_next_or_due_run
from bot.delivery.recovery import Recovery
from bot.delivery.restored_channels import RestoredChannels
from bot.delivery.sending import MESSAGES_PER_SECOND, Sender
from bot.delivery.turns import Turns
from bot.following.at_once import AtOnce
from bot.following.composer import PersonalComposer
from bot.keyed_semaphores import KeyedSemaphores
from bot.layouts.commands import CommandMentions
from bot.refusals import Refusal, Refused
from bot.share import Share
from bot.storage import ClaimLost, DatabaseBusy, Delivery, DeliveryState, Storage, Subscription, SubscriptionState
from bot.subscription.schedule import Run, find_latest_run

log = logging.getLogger(__name__)

SHUTDOWN_SECONDS = 20
MAX_PLANNING = 3  # few, because people wait for answers on the same event loop
# Limits on memory: deliveries to servers that are being sent, and people's that are being planned or sent. Those that
# wait for Discord cost the others nothing.
MAX_SENDING, MAX_FOR_PEOPLE = 500, 500
PEOPLE_READ = 100  # at a time
MAX_PER_OWNER, MAX_PER_CHANNEL = 3, 1  # deliveries at once, so a slow channel delays only itself


class Dispatcher:
    """Lets `sender` send what `planner` plans, for the servers and people of `share`."""

    def __init__(
        self,
        storage: Storage,
        share: Share,
        planner: Planner,
        sender: Sender,
        recovery: Recovery,
        restored: RestoredChannels,
    ) -> None:
        self.sender = sender
        self.recovery = recovery
        self._restored = restored
        self._storage = storage
        self._share = share
        self._planner = planner
        self._planning_slots = asyncio.Semaphore(MAX_PLANNING)
        self._planning_turns = Turns()
        self._sending_slots, self._people_slots = asyncio.Semaphore(MAX_SENDING), asyncio.Semaphore(MAX_FOR_PEOPLE)
        self._owner_slots, self._channel_slots = KeyedSemaphores(MAX_PER_OWNER), KeyedSemaphores(MAX_PER_CHANNEL)
        self._tasks: dict[int, asyncio.Task[None]] = {}  # by subscription id
        self._feeders: dict[str, asyncio.Task[None]] = {}  # by name; each starts tasks for people as slots become free
        self._urgent_tasks: set[asyncio.Task[None]] = set()  # digests that an admin sends early
        self._is_closing = False

    async def run_due(self, now: datetime) -> None:
        """Start what is due, and wait until all of it has ended."""
        await self.start_due_deliveries(now)
        await self.wait_until_idle()

    async def wait_until_idle(self) -> None:
        """Wait until no delivery is under way."""
        if self._feeders:
            await asyncio.wait(self._feeders.values())
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    async def start_due_deliveries(self, now: datetime) -> None:
        """Resume deliveries that are under way and start those that are due, without waiting for any.

        What an earlier tick has started and not finished is left alone.
        """
        clock = _build_running_clock(now)
        if await self._restored.add_channels(now):
            self._start_feeder("restored", self._restored.search_waiting(clock))
        await self.recovery.recover_after_time_outs(now)
        for delivery in await self._storage.deliveries.list_under_way(self._share, now):
            self._start_task(delivery.subscription_id, self._resume_delivery(delivery, clock))
        self._start_due_subscriptions(await self._storage.subscriptions.list_due(self._share, now), clock)
        self._start_feeder("under way", self._resume_for_people(clock))
        self._start_feeder("due", self._start_due_people(clock))

    def _start_feeder(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Start the work, unless that of an earlier tick goes on, which will come to what is due now."""
        if self._is_closing or name in self._feeders:
            work.close()
            return
        self._feeders[name] = task = asyncio.create_task(_run_and_log_failure(work))
        task.add_done_callback(lambda _: self._feeders.pop(name))

    async def _resume_for_people(self, clock: Clock) -> None:
        """Resume people's deliveries. Thousands may be under way after an outage, so they are read bit by bit."""
        list_ids = partial(self._storage.deliveries.list_under_way_to_people, self._share, limit=PEOPLE_READ)
        last = 0
        while found := await list_ids(clock(), after=last):
            for last, delivery_id in found:
                await self._start_task_for_person(last, partial(self._resume_delivery_by_id, delivery_id, clock))

    async def _start_due_people(self, clock: Clock) -> None:
        """Start people's subscriptions that are due, those first that were due first."""
        list_due = partial(self._storage.subscriptions.list_due_people, self._share, limit=PEOPLE_READ)
        last: Subscription | None = None
        while found := await list_due(clock(), after=last):
            for last in found:
                plan_and_send = partial(self._plan_and_send, last, clock, asyncio.Event(), [])
                await self._start_task_for_person(last.id, plan_and_send)

    async def _start_task_for_person(
        self, subscription_id: int, build_work: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Start the work when a slot for people is free, unless this subscription has a task already."""
        if subscription_id in self._tasks:
            return
        await self._people_slots.acquire()
        if self._start_task(subscription_id, build_work()):
            self._tasks[subscription_id].add_done_callback(lambda _: self._people_slots.release())
        else:
            self._people_slots.release()

    def _start_due_subscriptions(self, due: list[Subscription], clock: Clock) -> None:
        """Start due subscriptions. A recap looks back at the server's daily digests, so these are planned first."""
        dailies: defaultdict[int, list[asyncio.Event]] = defaultdict(list)  # by server, set once planned
        recaps = [each for each in due if each.settings.schedule.is_recap]
        for each in due:
            if not each.settings.schedule.is_recap:
                is_planned = asyncio.Event()
                if self._start_task(each.id, self._plan_and_send(each, clock, is_planned, [])):
                    dailies[each.guild_id].append(is_planned)
        for each in recaps:
            self._start_task(each.id, self._plan_and_send(each, clock, asyncio.Event(), dailies[each.guild_id]))

    def _start_task(self, subscription_id: int, work: Coroutine[Any, Any, None]) -> bool:
        """Start the work, unless this subscription has a task already; returns whether it was started."""
        if self._is_closing or subscription_id in self._tasks:
            work.close()
            return False
        self._tasks[subscription_id] = task = asyncio.create_task(_run_and_log_failure(work))
        task.add_done_callback(lambda _: self._tasks.pop(subscription_id))
        return True

    async def _resume_delivery_by_id(self, delivery_id: int, clock: Clock) -> None:
        if delivery := await self._storage.deliveries.get(delivery_id):
            await self._resume_delivery(delivery, clock)

    async def _resume_delivery(self, delivery: Delivery, clock: Clock) -> None:
        """Resume a delivery that an earlier tick or process left under way; then send what is due by now."""
        subscription = await self._storage.subscriptions.get(delivery.subscription_id)
        if subscription is None:
            return
        has_moved = subscription.settings.channel_id != delivery.channel_id and subscription.user_id is None
        is_superseded = has_moved or _has_later_run(delivery, find_latest_run(subscription.settings.schedule, clock()))
        await self._send_when_free(delivery, clock, is_superseded=is_superseded)
        if due := await self._storage.subscriptions.get_if_due(subscription.id, clock()):
            await self._plan_and_send(due, clock, asyncio.Event(), [])

    async def _plan_and_send(
        self, subscription: Subscription, clock: Clock, planned: asyncio.Event, before: list[asyncio.Event]
    ) -> None:
        """Plan the run that is due, once those in `before` are planned, and send it."""
        try:
            for each in before:
                await each.wait()
            async with self._planner.get_planning_slot(subscription), self._hold_planning_slot(subscription):
                delivery = None if self._is_closing else await self._planner.plan_due_run(subscription, clock())
        finally:
            planned.set()
        if delivery and delivery.state is DeliveryState.PLANNED:
            await self._send_when_free(delivery, clock)

    @asynccontextmanager
    async def _hold_planning_slot(self, subscription: Subscription) -> AsyncIterator[None]:
        async with self._planning_turns.get(subscription):
            await self._planning_slots.acquire()
        try:
            yield
        finally:
            self._planning_slots.release()

    async def _send_when_free(self, delivery: Delivery, clock: Clock, *, is_superseded: bool = False) -> None:
        """Send a delivery when its channel and its owner have a free slot. A task for a person has its slot already."""
        async with (
            self._channel_slots.get(delivery.channel_id),
            self._owner_slots.get(delivery.owner_id),
            nullcontext() if delivery.user_id else self._sending_slots,
        ):
            if not self._is_closing:
                await self.sender.send_delivery(delivery.id, clock, is_superseded=is_superseded)

    def count_running(self) -> int:
        """How many subscriptions have a task that plans or sends."""
        return len(self._tasks) + len(self._urgent_tasks)

    async def plan_at_once(self, at_once: AtOnce, now: datetime) -> None:
        """Plan what has to be sent to people at once, which the next tick sends. Raises `PapersUnavailable`."""
        if not self._is_closing and (planned := await self._planner.plan_at_once(at_once, now)):
            log.info("%d digests are sent at once", planned)

    async def find_early_run(self, subscription: Subscription, now: datetime) -> tuple[Run, Run]:
        """The run that a digest sent now would stand in for, and the run after it."""
        run = get_next_or_due_run(subscription, now)
        return run, await self._planner.find_following_run(subscription, run, now)

    async def send_digest_now(self, subscription: Subscription, run_date: date, now: datetime, *, by: int) -> Delivery:
        """Send early the run of `run_date`, for the admin `by`; returns the delivery as it is afterwards.

        Raises `Refused` and `PapersUnavailable`.
        """
        await self._check_searched(subscription)
        planned = await self._planner.plan_run_early(subscription, run_date, now, by=by)
        return await self._send_at_once(planned, now)

    async def send_extra_digest(self, subscription: Subscription, now: datetime, *, by: int, number: int) -> Delivery:
        """Send the day's extra digest with this `number`, for the admin `by`; all runs stay as they are.

        Returns the delivery as it is afterwards. Raises `Refused` and `PapersUnavailable`.
        """
        await self._check_searched(subscription)
        planned = await self._planner.plan_extra_digest(subscription, now, by=by, number=number)
        return await self._send_at_once(planned, now)

    async def _check_searched(self, subscription: Subscription) -> None:
        """Raises `Refused` while it is not known what the subscription has posted since a backup."""
        if not await self._storage.restored.is_searched(subscription):
            raise Refused(Refusal.RESTORING, number=subscription.id)

    async def _send_at_once(self, delivery: Delivery, now: datetime) -> Delivery:
        if not self._is_closing:
            sending = asyncio.create_task(
                _run_and_log_failure(self.sender.send_delivery(delivery.id, _build_running_clock(now), is_urgent=True)),
                context=Context(),  # without the user being answered: its writes must not give up after a moment
            )
            self._urgent_tasks.add(sending)
            sending.add_done_callback(self._urgent_tasks.discard)
            await asyncio.wait({sending})
        sent = await self._storage.deliveries.get(delivery.id)
        known = await self._storage.subscriptions.get(delivery.subscription_id)
        is_planned = sent and sent.state is DeliveryState.PLANNED
        if sent is None or known is None or (is_planned and known.state is SubscriptionState.PAUSED):
            raise Refused(Refusal.CHANGED_MEANWHILE)  # it was removed or paused before the digest was sent
        return sent

    async def find_undoable_digest(self, subscription: Subscription) -> Delivery:
        """The last digest, if it may be undone. Raises `Refused`.

        One whose messages have passing may be undone even if it still waits to be published.
        """
        await self._check_searched(subscription)
        under_way = await self._storage.deliveries.get_under_way(subscription.id)
        if under_way and not under_way.may_be_undone:
            raise Refused(Refusal.STILL_ON_ITS_WAY, number=subscription.id)
        delivery = under_way or await self._storage.deliveries.get_last_posted(subscription.id)
        if delivery is None or delivery.state is DeliveryState.UNDONE:
            raise Refused(Refusal.NOTHING_TO_UNDO, number=subscription.id)
        return delivery

    async def undo_digest(
        self, subscription: Subscription, delivery_id: int, now: datetime, *, by: int
    ) -> tuple[Delivery, bool]:
        """Undo the last digest, if that is `delivery_id`, for the admin `by`; returns it, and whether all is deleted.

        Raises `Refused`. If Discord did only a part of it, it may be called again.
        """
        delivery = await self.find_undoable_digest(subscription)
        if delivery.id != delivery_id:
            raise Refused(Refusal.NOT_LAST_DIGEST)
        try:
            undoing = asyncio.create_task(self.sender.undo_delivery(delivery, now, by=by), context=Context())
            return delivery, await undoing
        except DeliveryFailed as failure:
            raise Refused(Refusal.NOT_UNDONE, reason=failure.reason, number=subscription.id) from failure

    async def shut_down(self) -> None:
        """Start no more deliveries, and let those under way finish. A run that is not planned yet stays due."""
        self._is_closing = True
        self._planner.cancel_composing()
        for feeder in self._feeders.values():
            feeder.cancel()
        if running := {*self._feeders.values(), *self._tasks.values(), *self._urgent_tasks}:
            await asyncio.wait(running, timeout=SHUTDOWN_SECONDS)


async def _run_and_log_failure(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` and log what it raises: one server's failure never costs another its digest."""
    try:
        await work
    except ClaimLost:
        log.debug("a delivery was left to the process that has its shard now")
    except DatabaseBusy:
        log.warning("a delivery waits, as somebody else has kept the database for too long: the next tick goes on")
    except Exception:
        log.exception("a delivery ran into a bug; it will be tried again at the next tick")


def build_dispatcher(
    client: discord.Client,
    channels: Channels,
    inboxes: Inboxes,
    storage: Storage,
    composer: Composer,
    personal_composer: PersonalComposer,
    *,
    claims: Claims,
    mentions: CommandMentions | None = None,
    messages_per_second: float = MESSAGES_PER_SECOND,
) -> Dispatcher:
    """A dispatcher with everything that it works with. Without `mentions`, its notices name commands as code.

    `messages_per_second` are those of all processes together.
    """
    notices = NoticeSender(client, storage, mentions or CommandMentions())
    follow_ups, failures = FollowUps(storage, channels), FailureHandler(storage, notices)
    sender = Sender(storage, claims, channels, inboxes, follow_ups, failures, messages_per_second=messages_per_second)
    share = claims.share
    restored = RestoredChannels(storage, share, channels, inboxes, notices, sender.get_pace)
    planner = Planner(storage, composer, personal_composer)
    return Dispatcher(storage, share, planner, sender, Recovery(storage, share, channels), restored)


def _has_later_run(delivery: Delivery, latest: Run) -> bool:
    """Whether the `latest` run of a subscription comes after a delivery. An extra digest must not hold up any run."""
    return latest.at > delivery.planned_at if delivery.extra else latest.date > delivery.run_date


def _build_running_clock(now: datetime) -> Clock:
    """A clock that shows `now` and keeps running from there."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    return lambda: now + timedelta(seconds=loop.time() - start)
