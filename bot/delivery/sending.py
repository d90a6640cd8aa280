"""Send: one planned delivery, step by step, until all of it is there or it is given up."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial

import discord
from aiolimiter import AsyncLimiter

from bot.channels import Channels
from bot.channels.destination import Arrived, Destination, Lost, Outgoing
from bot.channels.requests import (
    ANSWER_SECONDS,
    SERVER_ERROR,
    UNREACHED,
    Blocked,
    ContentRefused,
    DeliveryFailed,
    Passing,
    Rejected,
    classified,
    in_time,
)
from bot.clock import Clock
from bot.delivery.errand import Errand
from bot.delivery.failures import Failures
from bot.delivery.follow_ups import FollowUps
from bot.delivery.simplifying import Simplifier
from bot.layouts.digest import delivery_message, delivery_thread_name
from bot.reasons import Reason, ReasonKind
from bot.storage import Delivery, DeliveryState, DiskFull, Form, Message, Storage

log = logging.getLogger(__name__)

MESSAGES_PER_SECOND = 45  # Discord's global limit is 50; discord.py only reacts to its 429
BURST = 4  # requests at once, to make up for timers that are late: with them no second has more than 49
SEARCH_SECONDS = 60


class _Stopped(Exception):
    """An admin has stopped the subscription while its delivery was under way."""


class Sender:
    """Takes what is planned in `storage` to its `channels`, and takes it back."""

    def __init__(
        self,
        storage: Storage,
        channels: Channels,
        follow_ups: FollowUps,
        failures: Failures,
        *,
        messages_per_second: float = MESSAGES_PER_SECOND,
    ) -> None:
        self._deliveries = storage.deliveries
        self._channels = channels
        self._simplifier = Simplifier(storage)
        self._follow_ups = follow_ups
        self._failures = failures
        self._limiter = AsyncLimiter(BURST, BURST / messages_per_second)
        self._requests: dict[int, asyncio.Task[Arrived]] = {}  # by delivery, until Discord has answered
        self._searches: dict[str, asyncio.Task[Arrived | None]] = {}  # by nonce, those that take long
        self._in_hand: set[int] = set()  # deliveries that somebody carries just now

    async def carry(self, delivery_id: int, clock: Clock, *, superseded: bool = False, hurried: bool = False) -> None:
        """Bring a planned delivery home, unless somebody is at it; what is known of it is read here, not before.

        A `hurried` one, for which an admin waits, does not queue behind all that is due.
        """
        if delivery_id in self._in_hand:
            return
        self._in_hand.add(delivery_id)
        try:
            delivery = await self._deliveries.get(delivery_id)
            if delivery and delivery.state is DeliveryState.PLANNED:
                pace = _no_pace if hurried else self._limiter.acquire
                await self._send_and_record(Errand(delivery, clock, pace, superseded))
        except DiskFull:
            raise  # what became of it cannot be recorded: the next tick goes on from what is
        except Exception:
            log.exception("delivery %d ran into a bug", delivery_id)
            bug = Reason(ReasonKind.BOT_FAILED)
            await self._failures.record(delivery_id, Rejected(bug) if superseded else Passing(bug), clock())
        finally:
            self._in_hand.discard(delivery_id)

    async def _send_and_record(self, errand: Errand) -> None:
        """Send and record each message, then their threads and publishing; what cannot be done is recorded as why."""
        delivery_id = errand.delivery.id
        places: list[tuple[Message, Arrived]] = []
        try:
            if delivery_id in self._requests:
                raise Passing(Reason(ReasonKind.DISCORD_SILENT))
            errand = await self._send_messages(errand, places)
            delivery = errand.delivery
            left_undone = await self._follow_ups.do_all(errand, places, last=errand.superseded)
            if _next_message(delivery, places):
                reason = delivery.reason or Reason(ReasonKind.SUPERSEDED)
                await self._failures.give_up(delivery.id, reason, errand.clock())
            elif places:
                await self._deliveries.complete(delivery, left_undone)
            else:
                refusal = delivery.messages[0].refusal
                raise Rejected(Reason(ReasonKind.MESSAGE_REFUSED, number=refusal))
        except _Stopped:
            log.info("delivery %d: stopped", delivery_id)
        except DeliveryFailed as failure:
            if not isinstance(failure, Passing):
                await self._follow_ups.do_all(errand, places, last=True)
            await self._failures.record(delivery_id, failure, errand.clock())

    async def _send_messages(self, errand: Errand, places: list[tuple[Message, Arrived]]) -> Errand:
        """Bring each message to its place, in a simpler form where Discord refuses it; gives what became of them.

        What has arrived is added to `places`.
        """
        while message := _next_message(errand.delivery, places):
            try:
                arrived = await self._arrived(errand, message)
            except ContentRefused as refused:
                simplified = await self._simplifier.simplify(errand.delivery, message, refused)
                errand = replace(errand, delivery=simplified)
                continue
            if arrived is None:
                break
            places.append((message, arrived))
        return errand

    async def _arrived(self, errand: Errand, message: Message) -> Arrived | None:
        """The message as it stands in its channel, sent if it is not there yet; None if it is not and must not be."""
        if message.place_id and message.message_id and message.sent_at:
            return Arrived(message.place_id, message.message_id, message.sent_at)
        arrived = await self._find(errand, message, message.sought_around) if message.sought_around else None
        if arrived is None and errand.superseded:
            return None
        if arrived is None and message.is_tried_enough and not _is_last_hope(errand.delivery, message):
            raise ContentRefused(Reason(ReasonKind.MESSAGE_REFUSED, number=SERVER_ERROR))
        arrived = arrived or await self._send(errand, message)
        delivery_id = errand.delivery.id
        await self._deliveries.arrived(
            delivery_id, message.number, arrived.place_id, arrived.message_id, arrived.sent_at
        )
        log.info("delivery %d: message %d in %d", delivery_id, arrived.message_id, arrived.place_id)
        return arrived

    async def _find(self, errand: Errand, message: Message, around: datetime) -> Arrived | None:
        """The message of an earlier attempt, if it is in the channel; without it, there is no doubt any more."""
        delivery = errand.delivery
        try:
            destination = await self._channels.fetch(delivery.guild_id, delivery.channel_id, errand.pace)
            if reason := destination.obstacle_to_finding():
                raise Blocked(reason)
            mark = partial(self._deliveries.searched, delivery.id, message.number)
            name = delivery_thread_name(delivery, message)
            lost = Lost(message.nonce, name, around, message.searched_until, mark)
            found = await self._search(destination, lost, errand)
        except UNREACHED as error:
            raise classified(error) from error
        if found is None:
            await self._deliveries.not_arrived(delivery.id, message.number)
        return found

    async def _search(self, destination: Destination, lost: Lost, errand: Errand) -> Arrived | None:
        """What is found; a search of a busy channel that takes too long goes on, for the next attempt to wait for."""
        search = self._searches.pop(lost.nonce, None) or asyncio.create_task(destination.find(lost, errand.pace))
        try:
            return await in_time(search, SEARCH_SECONDS)
        finally:
            if not search.done():
                self._searches[lost.nonce] = search

    async def _send(self, errand: Errand, message: Message) -> Arrived:
        delivery = errand.delivery
        try:
            destination = await self._channels.fetch(delivery.guild_id, delivery.channel_id, errand.pace)
            if reason := destination.obstacle(delivery.wish.posting):
                raise Blocked(reason)
            outgoing = _outgoing(destination, delivery, message)
            await errand.pace()
            there = await self._channels.now()
            if not await self._deliveries.attempt(delivery.id, message.number, errand.clock(), there):
                raise _Stopped
            request = asyncio.create_task(destination.send(outgoing))
            self._requests[delivery.id] = request
            request.add_done_callback(lambda _: self._requests.pop(delivery.id))
            return await in_time(request, ANSWER_SECONDS)
        except UNREACHED as error:
            failure = classified(error)
            if not isinstance(failure, Passing):  # a plain refusal: there is no message
                await self._deliveries.not_arrived(delivery.id, message.number)
            elif failure.reason.number == SERVER_ERROR:
                await self._deliveries.note_server_error(delivery.id, message.number)
            raise failure from error

    async def undo(self, delivery: Delivery, now: datetime, *, by: int) -> bool:
        """Delete what was posted, and release its papers for the next digest; False where threads stay behind.

        Raises `DeliveryFailed`, and may be called again.
        """
        try:
            gone = [await self._delete(delivery, message) for message in delivery.messages]
        except UNREACHED as error:
            raise classified(error) from error
        await self._deliveries.undo(delivery, by=by, now=now)
        return all(gone)

    async def _delete(self, delivery: Delivery, message: Message) -> bool:
        if not (message.place_id and message.message_id):
            return True
        try:
            destination = await self._channels.fetch(delivery.guild_id, delivery.channel_id, self._limiter.acquire)
        except discord.NotFound:  # the channel is gone, and all that was in it
            return True
        deletion = destination.delete(message.place_id, message.message_id, threaded=message.threaded)
        return await in_time(deletion, ANSWER_SECONDS)


def _next_message(delivery: Delivery, places: Iterable[tuple[Message, Arrived]]) -> Message | None:
    """The first message that has no place yet, and is to have one."""
    there = {message.number for message, _ in places}
    left = [each for each in delivery.messages if each.number not in there]
    due = [each for each in left if each.form is not Form.REFUSED]
    again = [each for each in left if each.attempted_at or (there and each.has_another_chance)]
    return next(iter([*due, *again]), None)


def _is_last_hope(delivery: Delivery, message: Message) -> bool:
    """Whether nothing else of the delivery shows that it is this message, and not Discord, that fails."""
    others = (each for each in delivery.messages if each.number != message.number)
    return message.is_hopeless and all(each.form is Form.REFUSED for each in others)


async def _no_pace() -> None:
    """The few that an admin waits for."""


def _outgoing(destination: Destination, delivery: Delivery, message: Message) -> Outgoing:
    posting, highlights = delivery.wish.posting, delivery.digest.highlights
    enough = any(each.upvotes >= posting.ping_upvotes for each in highlights)
    role = destination.pinged_role(posting) if delivery.opens(message) and enough else None
    return Outgoing(
        delivery_message(delivery, message, ping=role.id if role else None),
        nonce=message.nonce,
        name=delivery_thread_name(delivery, message),
        posting=posting,
        papers=tuple(each.paper for each in delivery.highlights_in(message)),
        role=role,
    )
