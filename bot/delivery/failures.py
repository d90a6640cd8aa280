"""What becomes of a delivery that did not arrive: it is tried again, given up, or its subscription is suspended."""

import logging
from datetime import datetime, timedelta

from bot.channels.requests import ChannelBlocked, DeliveryFailed, MessageRejected, TemporaryFailure
from bot.delivery.notices import NoticeSender
from bot.reasons import Reason, ReasonKind
from bot.storage import Delivery, Storage

log = logging.getLogger(__name__)

FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(minutes=30)
LONGEST_DOUBT = timedelta(days=1)  # after an attempt of unknown outcome, if it has been searched for
LEAST_SEARCHES = 5  # that did not end
FAILURES_TO_TELL = 2  # runs that failed in a row


class FailureHandler:
    """Records failures in `storage`, and has `notices` tell the server where an admin has to do something."""

    def __init__(self, storage: Storage, notices: NoticeSender) -> None:
        self._deliveries = storage.deliveries
        self._subscriptions = storage.subscriptions
        self._notices = notices

    async def handle_failure(self, delivery_id: int, failure: DeliveryFailed, now: datetime) -> None:
        """Record what became of an attempt. While in doubt, what an attempt did stays unknown."""
        log.warning("delivery %d: %s", delivery_id, failure, extra=failure.reason.log_fields)
        delivery = await self._deliveries.get(delivery_id)
        if delivery is None:
            return
        match failure:
            case ChannelBlocked() if await self._has_moved(delivery):
                await self._deliveries.fail_delivery(delivery.id, failure.reason, now)
            case ChannelBlocked() if delivery.is_in_doubt:  # it waits, planned, until the channel can be searched
                await self._subscriptions.suspend(delivery.subscription_id, failure.reason, now)
                await self._notices.tell_suspended(delivery, failure.reason, now)
            case ChannelBlocked():
                await self._deliveries.fail_delivery(delivery.id, failure.reason, now, suspending=True)
                await self._notices.tell_suspended(delivery, failure.reason, now)
            case TemporaryFailure() if _is_doubt_over(delivery, now):
                await self._give_up_in_doubt(delivery, now)
            case MessageRejected():
                await self.give_up(delivery.id, failure.reason, now)
            case _:
                retry_at = now + min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(delivery.attempts, 10))
                await self._deliveries.postpone_delivery(delivery.id, failure.reason, retry_at)

    async def give_up(self, delivery_id: int, reason: Reason, now: datetime) -> None:
        """Leave what has not arrived to the next digest; the second time in a row the server is told.

        Papers that Discord refused are skipped from now on. But where it refused all there was, that may not be for
        the papers: then they have one more chance.
        """
        delivery = await self._deliveries.get(delivery_id)
        if delivery is None:
            return
        again = await self._deliveries.count_failures_in_a_row(delivery.subscription_id) >= FAILURES_TO_TELL - 1
        alone = len(delivery.digest.highlights) == 1
        skipping = delivery.rejected_messages if again or alone or delivery.has_arrived else ()
        await self._deliveries.fail_delivery(delivery.id, reason, now, skipping=skipping, keeping_doubtful=True)
        if again and not await self._has_moved(delivery):
            await self._notices.tell_failing(delivery, reason, now)

    async def _give_up_in_doubt(self, delivery: Delivery, now: datetime) -> None:
        """Whether the digest is there will not be known: its papers count as posted, lest they come twice."""
        reason = Reason(ReasonKind.IN_DOUBT)
        log.warning(
            "delivery %d: gave up looking for the message; it may or may not have arrived",
            delivery.id,
            extra=reason.log_fields,
        )
        await self._deliveries.fail_delivery(delivery.id, reason, now, keeping_doubtful=True)
        await self._notices.tell_doubtful(delivery, now)

    async def _has_moved(self, delivery: Delivery) -> bool:
        """Whether an admin has moved the subscription since: what its old channel refuses matters no more."""
        subscription = await self._subscriptions.get(delivery.subscription_id)
        return subscription is not None and subscription.settings.channel_id != delivery.channel_id


def _is_doubt_over(delivery: Delivery, now: datetime) -> bool:
    """Whether a delivery has been in doubt for too long, though it was searched for."""
    since = delivery.in_doubt_since
    return since is not None and now - since >= LONGEST_DOUBT and delivery.attempts >= LEAST_SEARCHES
