"""What follows the messages of a delivery once all are there: their threads, and publishing them."""

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
from bot.layouts.digest import get_thread_name
from bot.reasons import Reason, ReasonKind
from bot.storage import Message, Storage
from bot.subscription.settings import Threads

log = logging.getLogger(__name__)

HOUR = timedelta(hours=1)


class FollowUps:
    """Opens threads and publishes in `channels`, and records both in `storage`."""

    def __init__(self, storage: Storage, channels: Channels) -> None:
        self._deliveries = storage.deliveries
        self._channels = channels
        self._publish_locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)  # by channel: they are counted

    async def follow_up_messages(
        self, active: ActiveDelivery, places: Iterable[tuple[Message, SentMessage]], *, last: bool
    ) -> Reason | None:
        """Follow up each message that is in its place; gives why some of it cannot be.

        With `last`, of a delivery that must not hold up the next, what cannot be now will not be. Else raises
        `DeliveryFailed` where it may be later.
        """
        left_undone = None
        for message, arrived in places:
            try:
                left_undone = await self._follow_up_message(active, message, arrived) or left_undone
            except DeliveryFailed as failure:
                if not last:
                    raise
                left_undone = failure.reason
        return left_undone

    async def _follow_up_message(self, active: ActiveDelivery, message: Message, arrived: SentMessage) -> Reason | None:
        delivery = active.delivery
        if not delivery.digest.highlights:
            return None
        try:
            destination = await self._channels.fetch(delivery.guild_id, delivery.channel_id, active.pace)
            await self._open_thread(destination, active, message, arrived)
            await self._publish_message(destination, active, message, arrived)
        except REQUEST_ERRORS as error:
            failure = classify_error(error)
            if isinstance(failure, TemporaryFailure):
                raise failure from error
            log.warning("delivery %d: %s", delivery.id, failure, extra=failure.reason.log_fields)
            return failure.reason
        return None

    async def _open_thread(
        self, destination: Destination, active: ActiveDelivery, message: Message, arrived: SentMessage
    ) -> None:
        delivery, posting = active.delivery, active.delivery.settings.posting
        wanted = posting.threads is not Threads.NONE and not destination.abilities.is_forum
        if not wanted or message.has_thread:
            return
        await active.pace()
        opening = destination.open_thread(arrived.message_id, get_thread_name(delivery, message), posting)
        await wait_for_answer(opening, ANSWER_TIMEOUT)
        await self._deliveries.record_thread(delivery.id, message.number)

    async def _publish_message(
        self, destination: Destination, active: ActiveDelivery, message: Message, arrived: SentMessage
    ) -> None:
        delivery = active.delivery
        most = destination.abilities.publish_limit
        wanted = delivery.settings.posting.publish and most > 0
        if not wanted or message.published_at:
            return
        async with self._publish_locks[destination.id]:
            since = active.clock() - HOUR
            if await self._deliveries.count_published_since(destination.id, since) >= most:
                raise TemporaryFailure(Reason(ReasonKind.PUBLISH_LIMIT_REACHED, number=most))
            await active.pace()
            await wait_for_answer(destination.publish_message(arrived.message_id), ANSWER_TIMEOUT)
            await self._deliveries.record_publication(delivery.id, message.number, active.clock())
