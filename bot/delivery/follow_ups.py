"""What follows the messages of a delivery once all are there: their threads, and publishing them."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from bot.channels import Channels
from bot.channels.destination import Arrived, Destination
from bot.channels.requests import ANSWER_SECONDS, UNREACHED, DeliveryFailed, Passing, classified, in_time
from bot.delivery.errand import Errand
from bot.layouts.digest import delivery_thread_name
from bot.reasons import Reason, ReasonKind
from bot.storage import Message, Storage
from bot.subscription.settings import Discussion

log = logging.getLogger(__name__)

HOUR = timedelta(hours=1)


class FollowUps:
    """Opens threads and publishes in `channels`, and records both in `storage`."""

    def __init__(self, storage: Storage, channels: Channels) -> None:
        self._deliveries = storage.deliveries
        self._channels = channels
        self._publishing: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)  # by channel: they are counted

    async def do_all(self, errand: Errand, places: Iterable[tuple[Message, Arrived]], *, last: bool) -> Reason | None:
        """Follow up each message that is in its place; gives why some of it cannot be.

        With `last`, of a delivery that must not hold up the next, what cannot be now will not be. Else raises
        `DeliveryFailed` where it may be later.
        """
        left_undone = None
        for message, arrived in places:
            try:
                left_undone = await self._do(errand, message, arrived) or left_undone
            except DeliveryFailed as failure:
                if not last:
                    raise
                left_undone = failure.reason
        return left_undone

    async def _do(self, errand: Errand, message: Message, arrived: Arrived) -> Reason | None:
        delivery = errand.delivery
        if not delivery.digest.highlights:
            return None
        try:
            destination = await self._channels.fetch(delivery.guild_id, delivery.channel_id, errand.pace)
            await self._open_thread(destination, errand, message, arrived)
            await self._publish(destination, errand, message, arrived)
        except UNREACHED as error:
            failure = classified(error)
            if isinstance(failure, Passing):
                raise failure from error
            log.warning("delivery %d: %s", delivery.id, failure, extra=failure.reason.log_fields)
            return failure.reason
        return None

    async def _open_thread(self, destination: Destination, errand: Errand, message: Message, arrived: Arrived) -> None:
        delivery, posting = errand.delivery, errand.delivery.wish.posting
        wanted = posting.discussion is not Discussion.NONE and not destination.abilities.in_posts
        if not wanted or message.threaded:
            return
        await errand.pace()
        opening = destination.open_thread(arrived.message_id, delivery_thread_name(delivery, message), posting)
        await in_time(opening, ANSWER_SECONDS)
        await self._deliveries.threaded(delivery.id, message.number)

    async def _publish(self, destination: Destination, errand: Errand, message: Message, arrived: Arrived) -> None:
        delivery = errand.delivery
        most = destination.abilities.published_an_hour
        wanted = delivery.wish.posting.publish and most > 0
        if not wanted or message.published_at:
            return
        async with self._publishing[destination.id]:
            since = errand.clock() - HOUR
            if await self._deliveries.published_since(destination.id, since) >= most:
                raise Passing(Reason(ReasonKind.PUBLISH_LIMIT_REACHED, number=most))
            await errand.pace()
            await in_time(destination.publish(arrived.message_id), ANSWER_SECONDS)
            await self._deliveries.published(delivery.id, message.number, errand.clock())
