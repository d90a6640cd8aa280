"""Follow-ups: once all messages of a delivery are there, their threads are opened, and they are published."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from bot.channels import Channels
from bot.channels.destination import Destination, SentMessage
from bot.channels.requests import (
    ANSWER_TIMEOUT,
    REQUEST_ERRORS,
    DeliveryFailed,
    TemporaryFailure,
    classify_error,
    wait_for_answer,
)
from bot.delivery.active_delivery import ActiveDelivery
from bot.layouts.digest import get_delivery_thread_name
from bot.reasons import Reason, ReasonKind
from bot.storage import Message, Storage
from bot.subscription.settings import Threads

log = logging.getLogger(__name__)

HOUR = timedelta(hours=1)


class FollowUps:
    """Opens threads and publishes messages in `channels`, and records both in `storage`."""

    def __init__(self, storage: Storage, channels: Channels) -> None:
        self._deliveries = storage.deliveries
        self._channels = channels
        self._publish_locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)  # by channel, for its limit

    async def follow_up_messages(
        self, active: ActiveDelivery, arrivals: Iterable[tuple[Message, SentMessage]], *, is_last_try: bool
    ) -> Reason | None:
        """Follow up each message that has arrived; returns why some follow-up cannot be done, or None.

        Raises `DeliveryFailed` if it may work later. With `is_last_try`, that counts as impossible too, so that a
        delivery does not hold up the next one.
        """
        reason = None
        for message, arrived in arrivals:
            try:
                reason = await self._follow_up_message(active, message, arrived) or reason
            except DeliveryFailed as failure:
                if not is_last_try:
                    raise
                reason = failure.reason
        return reason

    async def _follow_up_message(self, active: ActiveDelivery, message: Message, arrived: SentMessage) -> Reason | None:
        delivery = active.delivery
        if not delivery.digest.highlights:
            return None
        try:
            destination = await self._channels.fetch_destination(delivery, active.pace)
            await self._open_thread(destination, active, message, arrived)
            await self._publish_message(destination, active, message, arrived)
        except REQUEST_ERRORS as error:
            failure = classify_error(error, to_person=delivery.user_id is not None)
            if isinstance(failure, TemporaryFailure):
                raise failure from error
            fields = {"event": "left_undone", **delivery.log_fields, **failure.reason.log_fields}
            log.warning("delivery %d: %s", delivery.id, failure, extra=fields)
            return failure.reason
        return None

    async def _open_thread(
        self, destination: Destination, active: ActiveDelivery, message: Message, arrived: SentMessage
    ) -> None:
        delivery, posting = active.delivery, active.delivery.settings.posting
        abilities = destination.abilities
        wanted = posting.threads in abilities.threads and posting.threads is not Threads.NONE and not abilities.is_forum
        if not wanted or message.has_thread:
            return
        await active.pace()
        opening = destination.open_thread(arrived.message_id, get_delivery_thread_name(delivery, message), posting)
        await wait_for_answer(opening, ANSWER_TIMEOUT)
        await self._deliveries.record_thread(delivery.id, message.number)

    async def _publish_message(
        self, destination: Destination, active: ActiveDelivery, message: Message, arrived: SentMessage
    ) -> None:
        delivery = active.delivery
        limit = destination.abilities.publish_limit
        wanted = delivery.settings.posting.publish and limit > 0
        if not wanted or message.published_at:
            return
        async with self._publish_locks[destination.id]:
            since = active.clock() - HOUR
            if await self._deliveries.count_published_since(destination.id, since) >= limit:
                raise TemporaryFailure(Reason(ReasonKind.PUBLISH_LIMIT_REACHED, number=limit))
            await active.pace()
            await wait_for_answer(destination.publish_message(arrived.message_id), ANSWER_TIMEOUT)
            await self._deliveries.record_publication(delivery.id, message.number, active.clock())
