"""Send: one planned delivery, step by step, until all of it has arrived or is given up."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import discord
from aiolimiter import AsyncLimiter

from bot import metrics
from bot.channels import Channels
from bot.channels.destination import Destination, OutgoingMessage, Pace, SentMessage, SoughtMessage, do_not_wait
from bot.channels.inboxes import Inboxes
from bot.channels.requests import (
    ANSWER_TIMEOUT,
    REQUEST_ERRORS,
    SERVER_ERROR,
    ChannelBlocked,
    ContentRejected,
    DeliveryFailed,
    MessageRejected,
    TemporaryFailure,
    classify_error,
    wait_for_answer,
)
from bot.claims import Claims
from bot.clock import Clock
from bot.delivery.active_delivery import ActiveDelivery
from bot.delivery.failures import FailureHandler
from bot.delivery.follow_ups import FollowUps
from bot.delivery.simplifying import Simplifier
from bot.delivery.turns import Turns
from bot.layouts.digest import get_delivery_thread_name, render_delivery_message
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.share import Share
from bot.storage import (
    DatabaseAway,
    DatabaseBusy,
    Delivery,
    DeliveryState,
    DiskFull,
    Message,
    MessageForm,
    Storage,
    Subscription,
)
from bot.subscription.schedule import compute_run_time

log = logging.getLogger(__name__)

MESSAGES_PER_SECOND = 45  # Discord's global limit is 50; discord.py only reacts to its 429
BURST = 4  # requests at once, to make up for late timers; even so, no second has more than 49
# Discord locks out a bot, servers and all, for an hour if it refuses 10,000 requests within ten minutes. Thousands of
# inboxes close at once if a large server, through which people had the bot, removes it.
MAX_REFUSALS, REFUSALS_COUNT_FOR = 2000, 600  # by people; that many seconds
SEARCH_TIMEOUT = 60  # seconds; a search that takes longer goes on, and the next attempt waits for it
_REFUSALS = {ReasonKind.INBOX_CLOSED, ReasonKind.OPENED_TOO_FAST, ReasonKind.RATE_LIMITED}
_REFUSED_STATUSES = {401, 403, 429}


class _SubscriptionStopped(Exception):
    """The subscription was stopped while its delivery was under way."""


class Sender:
    """Sends planned deliveries to their channels and people, and undoes them."""

    def __init__(
        self,
        storage: Storage,
        claims: Claims,
        channels: Channels,
        inboxes: Inboxes,
        follow_ups: FollowUps,
        failures: FailureHandler,
        *,
        messages_per_second: float = MESSAGES_PER_SECOND,
    ) -> None:
        self._deliveries = storage.deliveries
        self._claims = claims
        self._channels = channels
        self._inboxes = inboxes
        self._simplifier = Simplifier(storage)
        self._follow_ups = follow_ups
        self._failure_handler = failures
        burst, own_per_second = split_rate(messages_per_second, claims.share)
        self._limiter = AsyncLimiter(burst, burst / own_per_second)
        self._refusals = AsyncLimiter(max(1, MAX_REFUSALS * claims.share.fraction), REFUSALS_COUNT_FOR)
        self._turns = Turns()
        self._requests: dict[int, asyncio.Task[SentMessage]] = {}  # by delivery id, until Discord has answered
        self._searches: dict[str, asyncio.Task[SentMessage | None]] = {}  # by nonce, those that exceeded the timeout
        self._active_ids: set[int] = set()  # deliveries that are being sent

    async def send_delivery(
        self, delivery_id: int, clock: Clock, *, is_superseded: bool = False, is_urgent: bool = False
    ) -> None:
        """Send a planned delivery, unless another task is sending it. It is read here, so that it is up to date.

        `is_urgent`: an admin is waiting, so its requests do not queue behind those of due deliveries.
        """
        if delivery_id in self._active_ids:
            return
        self._active_ids.add(delivery_id)
        try:
            delivery = await self._deliveries.get(delivery_id)
            if delivery and self._may_be_sent(delivery):
                pace = do_not_wait if is_urgent else self.get_pace(delivery)
                await self._send_and_record(ActiveDelivery(delivery, clock, pace, is_superseded))
        except (DiskFull, DatabaseAway, DatabaseBusy):
            raise  # a failure could not be recorded either; the next tick resumes from what is recorded
        except Exception:
            log.exception("delivery %d ran into a bug", delivery_id)
            bug = Reason(ReasonKind.BOT_FAILED)
            failure = MessageRejected(bug) if is_superseded else TemporaryFailure(bug)
            await self._failure_handler.handle_failure(delivery_id, failure, clock())
        finally:
            self._active_ids.discard(delivery_id)

    def _may_be_sent(self, delivery: Delivery) -> bool:
        """A message in doubt that another process has just sent may still come; then a later tick looks for it."""
        may_go_on = not delivery.is_in_doubt or self._claims.may_look_for_doubtful
        return delivery.state is DeliveryState.PLANNED and may_go_on

    def get_pace(self, waiting: Delivery | Subscription) -> Pace:
        """The pace of requests, at which servers and people take turns."""
        turn = self._turns.get(waiting)

        async def wait_for_turn() -> None:
            with metrics.time_pace():
                async with turn:
                    await self._limiter.acquire()

        return wait_for_turn

    async def _send_and_record(self, active: ActiveDelivery) -> None:
        """Send and record each message, then do the follow-ups. Failures are recorded with their reason."""
        delivery_id = active.delivery.id
        arrivals: list[tuple[Message, SentMessage]] = []
        try:
            if delivery_id in self._requests:
                raise TemporaryFailure(Reason(ReasonKind.DISCORD_SILENT))
            active = await self._send_messages(active, arrivals)
            delivery = active.delivery
            left_undone = await self._follow_ups.follow_up_messages(active, arrivals, is_last_try=active.is_superseded)
            if _get_next_message(delivery, arrivals):
                reason = delivery.reason or Reason(ReasonKind.SUPERSEDED)
                await self._failure_handler.give_up_delivery(delivery.id, reason, active.clock())
            elif arrivals:
                await self._deliveries.complete_delivery(delivery, left_undone)
                _observe_delay(delivery, active.clock())
                _log_posted(delivery, len(arrivals), left_undone)
            else:
                error_code = delivery.messages[0].error_code
                raise MessageRejected(Reason(ReasonKind.MESSAGE_REJECTED, number=error_code))
        except _SubscriptionStopped:
            fields = {"event": "stopped", **active.delivery.log_fields}
            log.info("delivery %d: stopped, because its subscription was", delivery_id, extra=fields)
        except DeliveryFailed as failure:
            if not isinstance(failure, TemporaryFailure):
                await self._follow_ups.follow_up_messages(active, arrivals, is_last_try=True)
            await self._failure_handler.handle_failure(delivery_id, failure, active.clock())
            if active.delivery.user_id is not None and _is_refusal(failure):
                await (
                    self._refusals.acquire()
                )  # if there are too many, this keeps a slot, and so other people's requests

    async def _send_messages(
        self, active: ActiveDelivery, arrivals: list[tuple[Message, SentMessage]]
    ) -> ActiveDelivery:
        """Send each message, in a simpler form where Discord rejects it; returns the delivery as it is then.

        Messages that have arrived are added to `arrivals`, also if a later one raises `DeliveryFailed`.
        """
        has_moved = False
        while message := _get_next_message(active.delivery, arrivals):
            try:
                arrived = await self._ensure_message_sent(active, message)
            except ContentRejected as rejection:
                simplified = await self._simplifier.simplify_message(active.delivery, message, rejection)
                active = replace(active, delivery=simplified)
                continue
            except ChannelBlocked as blocked:
                if has_moved or not _is_person_elsewhere(active.delivery, blocked):
                    raise
                active = replace(active, delivery=await self._follow_person(active.delivery, blocked))
                has_moved = True
                continue
            if arrived is None:
                break
            arrivals.append((message, arrived))
        return active

    async def _follow_person(self, delivery: Delivery, blocked: ChannelBlocked) -> Delivery:
        """The delivery once the direct messages with its person, whose channel is unknown to Discord, are open anew."""
        assert delivery.user_id is not None
        await self._inboxes.reopen_inbox(delivery.user_id, delivery.moved_to or delivery.channel_id)
        moved = await self._deliveries.get(delivery.id)
        if moved is None:  # the person's data was deleted meanwhile
            raise blocked
        return moved

    async def _ensure_message_sent(self, active: ActiveDelivery, message: Message) -> SentMessage | None:
        """Find the message in its channel, or send it; None if it is not there and must no longer be sent."""
        if message.place_id and message.message_id and message.sent_at:
            return SentMessage(message.place_id, message.message_id, message.sent_at)
        arrived = None
        if message.search_around:
            arrived = await self._find_earlier_attempt(active, message, message.search_around)
        if arrived is None and active.is_superseded:
            return None
        if arrived is None and message.keeps_failing and not _is_last_message_to_try(active.delivery, message):
            raise ContentRejected(Reason(ReasonKind.MESSAGE_REJECTED, number=SERVER_ERROR))
        arrived = arrived or await self._send_message(active, message)
        delivery_id = active.delivery.id
        await self._deliveries.record_arrival(
            delivery_id,
            message.number,
            arrived.place_id,
            arrived.message_id,
            arrived.sent_at,
            owner_id=active.delivery.owner_id,
        )
        log.debug("delivery %d: message %d in %d", delivery_id, arrived.message_id, arrived.place_id)
        return arrived

    async def _find_earlier_attempt(
        self, active: ActiveDelivery, message: Message, around: datetime
    ) -> SentMessage | None:
        """Search the channel for the message of an earlier attempt. If it is not there, it is no longer in doubt."""
        delivery = active.delivery
        try:
            destination = await self._channels.fetch_destination(delivery, active.pace)
            if reason := destination.find_search_obstacle():
                raise ChannelBlocked(reason)
            save_progress = partial(self._deliveries.record_search, delivery.id, message.number)
            thread_name = get_delivery_thread_name(delivery, message)
            sought = SoughtMessage(message.nonce, thread_name, around, message.searched_until, save_progress)
            found = await self._search_channel(destination, sought, active)
        except REQUEST_ERRORS as error:
            raise _classify_error(error, delivery) from error
        if found is None:
            await self._deliveries.record_absence(delivery.id, message.number)
        return found

    async def _search_channel(
        self, destination: Destination, sought: SoughtMessage, active: ActiveDelivery
    ) -> SentMessage | None:
        """Search, or wait for the search that an earlier attempt has left running. Raises `TimeoutError`."""
        search = self._searches.pop(sought.nonce, None)
        if search is None:
            search = asyncio.create_task(destination.find_message(sought, active.pace))
        try:
            return await wait_for_answer(search, SEARCH_TIMEOUT)
        finally:
            if not search.done():
                self._searches[sought.nonce] = search

    async def _send_message(self, active: ActiveDelivery, message: Message) -> SentMessage:
        delivery = active.delivery
        attempted_at: datetime | None = None
        try:
            destination = await self._channels.fetch_destination(delivery, active.pace)
            if reason := destination.find_obstacle(delivery.settings.posting):
                raise ChannelBlocked(reason)
            outgoing = _build_outgoing_message(destination, delivery, message)
            await active.pace()
            discord_now = await self._channels.get_discord_time()
            now = active.clock()
            recording = self._deliveries.record_attempt(
                delivery.id, message.number, now, discord_now, owner_id=delivery.owner_id
            )
            if not await recording:
                raise _SubscriptionStopped
            attempted_at = discord_now or now
            request = asyncio.create_task(destination.send_message(outgoing))
            self._requests[delivery.id] = request
            request.add_done_callback(lambda _: self._requests.pop(delivery.id))
            return await wait_for_answer(request, ANSWER_TIMEOUT)
        except REQUEST_ERRORS as error:
            failure = _classify_error(error, delivery)
            if isinstance(failure, MessageRejected) and attempted_at:
                # discord.py repeats a request after a server error. The first one may have created the message.
                if found := await self._find_earlier_attempt(active, message, attempted_at):
                    return found
            elif not isinstance(failure, TemporaryFailure):  # Discord certainly created no message
                await self._deliveries.record_absence(delivery.id, message.number)
            elif failure.reason.number == SERVER_ERROR:
                await self._deliveries.record_server_error(delivery.id, message.number)
            raise failure from error

    async def undo_delivery(self, delivery: Delivery, now: datetime, *, by: int) -> bool:
        """Delete what was posted, and release its papers for the next digest; False if threads are left.

        Raises `Refused` while a task is sending it, and `DeliveryFailed`; it may then be called again.
        """
        if delivery.state is not DeliveryState.PLANNED:
            return await self._delete_and_record(delivery, now, by=by)
        if delivery.id in self._active_ids:
            raise Refused(Refusal.STILL_ON_ITS_WAY, number=delivery.subscription_id)
        self._active_ids.add(delivery.id)  # so that no tick sends the rest of it meanwhile
        try:
            current = await self._deliveries.get(delivery.id)
            if current is None or not current.may_be_undone:
                raise Refused(Refusal.STILL_ON_ITS_WAY, number=delivery.subscription_id)
            return await self._delete_and_record(current, now, by=by)
        finally:
            self._active_ids.discard(delivery.id)

    async def _delete_and_record(self, delivery: Delivery, now: datetime, *, by: int) -> bool:
        try:
            deleted = [await self._delete_message(delivery, message) for message in delivery.messages]
        except REQUEST_ERRORS as error:
            raise _classify_error(error, delivery) from error
        await self._deliveries.undo_delivery(delivery, by=by, now=now)
        log.info("delivery %d: undone", delivery.id, extra={"event": "undone", **delivery.log_fields})
        return all(deleted)

    async def _delete_message(self, delivery: Delivery, message: Message) -> bool:
        if not (message.place_id and message.message_id):
            return True
        try:
            destination = await self._channels.fetch_destination(delivery, self.get_pace(delivery))
        except discord.NotFound:  # the channel was deleted with everything in it
            return True
        deletion = destination.delete_message(message.place_id, message.message_id, has_thread=message.has_thread)
        return await wait_for_answer(deletion, ANSWER_TIMEOUT)


def split_rate(per_second: float, share: Share) -> tuple[float, float]:
    """How many requests a process may begin at once, and how many a second, of those that all processes may together.

    All processes begin at the same minute, so their bursts add up. Each needs one request at least, so in a small share
    that comes off the rate: no second has more than in a single process.
    """
    burst = max(1.0, BURST * share.fraction)
    return burst, max((per_second + BURST) * share.fraction - burst, per_second * share.fraction / 2)


def _log_posted(delivery: Delivery, messages: int, left_undone: Reason | None) -> None:
    """The line of a delivery that has arrived, perhaps without what was `left_undone`."""
    papers = len(delivery.digest.highlights) - sum(len(each.positions) for each in delivery.rejected_messages)
    event = "posted" if papers else "quiet"
    reason = left_undone or delivery.digest.reason
    log.info(
        "delivery %d: %s, messages: %d, papers: %d%s",
        *(delivery.id, event, messages, papers, f" ({reason})" if reason else ""),
        extra={
            "event": event,
            "messages": messages,
            "papers": papers,
            **delivery.log_fields,
            **(reason.log_fields if reason else {}),
        },
    )


def _get_next_message(delivery: Delivery, arrivals: Iterable[tuple[Message, SentMessage]]) -> Message | None:
    """The first message that has not arrived and should be sent or searched for; those set aside come last."""
    arrived = {message.number for message, _ in arrivals}
    missing = [each for each in delivery.messages if each.number not in arrived]
    for each in missing:
        if each.form is not MessageForm.SET_ASIDE:
            return each
    for each in missing:
        if each.attempted_at or (arrived and each.may_be_retried):
            return each
    return None


def _observe_delay(delivery: Delivery, now: datetime) -> None:
    """Measure how late a run's digest was. Extra digests have no time, and those sent early are not late."""
    schedule = delivery.settings.schedule
    delay = now - compute_run_time(delivery.run_date, schedule.time, schedule.timezone)
    if not delivery.extra and delay >= timedelta():
        metrics.observe_delay(delay.total_seconds())


def _is_last_message_to_try(delivery: Delivery, message: Message) -> bool:
    """Whether all other messages are set aside, so that Discord may fail for a reason that is not this message."""
    others = (each for each in delivery.messages if each.number != message.number)
    return message.is_hopeless and all(each.form is MessageForm.SET_ASIDE for each in others)


def _classify_error(error: Exception, delivery: Delivery) -> DeliveryFailed:
    return classify_error(error, to_person=delivery.user_id is not None)


def _is_refusal(failure: DeliveryFailed) -> bool:
    """Whether Discord counts the request as one that the bot should not have made."""
    return failure.reason.kind in _REFUSALS or failure.reason.number in _REFUSED_STATUSES


def _is_person_elsewhere(delivery: Delivery, blocked: ChannelBlocked) -> bool:
    """Whether Discord does not know the channel of the direct messages with a person."""
    return delivery.user_id is not None and blocked.reason.kind is ReasonKind.CHANNEL_GONE


def _build_outgoing_message(destination: Destination, delivery: Delivery, message: Message) -> OutgoingMessage:
    posting = delivery.settings.posting
    is_worth_ping = any(each.upvotes >= posting.ping_upvotes for each in delivery.digest.highlights)
    role = destination.get_pinged_role(posting) if delivery.is_first_message(message) and is_worth_ping else None
    return OutgoingMessage(
        render_delivery_message(delivery, message, ping=role.id if role else None),
        nonce=message.nonce,
        thread_name=get_delivery_thread_name(delivery, message),
        posting=posting,
        papers=tuple(each.paper for each in delivery.get_highlights(message)),
        role=role,
    )
