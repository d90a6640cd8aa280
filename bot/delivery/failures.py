"""What becomes of a delivery that did not arrive: it is tried again, given up, or its subscription is suspended."""

import logging
from datetime import datetime, timedelta

from bot.channels.requests import Blocked, DeliveryFailed, Passing, Rejected
from bot.delivery.notices import Notices
from bot.reasons import Reason, ReasonKind
from bot.storage import Delivery, Storage

log = logging.getLogger(__name__)

FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(minutes=30)
DOUBT_ENDS = timedelta(days=1)  # after an attempt of unknown outcome, if it has been searched for
SEARCHES = 5  # that did not end
TOLD_AFTER = 2  # runs that failed in a row


class Failures:
    """Records failures in `storage`, and has `notices` tell the server where an admin has to do something."""

    def __init__(self, storage: Storage, notices: Notices) -> None:
        self._deliveries = storage.deliveries
        self._subscriptions = storage.subscriptions
        self._notices = notices

    async def record(self, delivery_id: int, failure: DeliveryFailed, now: datetime) -> None:
        """Record what became of an attempt. While in doubt, what an attempt did stays unknown."""
        log.warning("delivery %d: %s", delivery_id, failure, extra=failure.reason.log_fields)
        delivery = await self._deliveries.get(delivery_id)
        if delivery is None:
            return
        match failure:
            case Blocked() if await self._has_moved(delivery):
                await self._deliveries.fail(delivery.id, failure.reason, now)
            case Blocked() if delivery.in_doubt:  # it waits, planned, until the channel can be searched
                await self._subscriptions.suspend(delivery.subscription_id, failure.reason, now)
                await self._notices.tell_suspended(delivery, failure.reason, now)
            case Blocked():
                await self._deliveries.fail(delivery.id, failure.reason, now, suspending=True)
                await self._notices.tell_suspended(delivery, failure.reason, now)
            case Passing() if _has_lasted(delivery, now):
                await self._end_doubt(delivery, now)
            case Rejected():
                await self.give_up(delivery.id, failure.reason, now)
            case _:
                retry_at = now + min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(delivery.attempts, 10))
                await self._deliveries.postpone(delivery.id, failure.reason, retry_at)

    async def give_up(self, delivery_id: int, reason: Reason, now: datetime) -> None:
        """Leave what has not arrived to the next digest; the second time in a row the server is told.

        Papers that Discord refused are skipped from now on. But where it refused all there was, that may not be for
        the papers: then they have one more chance.
        """
        delivery = await self._deliveries.get(delivery_id)
        if delivery is None:
            return
        again = await self._deliveries.failures_in_a_row(delivery.subscription_id) >= TOLD_AFTER - 1
        alone = len(delivery.digest.highlights) == 1
        skipping = delivery.refused_messages if again or alone or delivery.has_arrived else ()
        await self._deliveries.fail(delivery.id, reason, now, skipping=skipping, keeping_doubtful=True)
        if again and not await self._has_moved(delivery):
            await self._notices.tell_failing(delivery, reason, now)

    async def _end_doubt(self, delivery: Delivery, now: datetime) -> None:
        """Whether the digest is there will not be known: its papers count as posted, lest they come twice."""
        reason = Reason(ReasonKind.IN_DOUBT)
        log.warning(
            "delivery %d: gave up looking for the message; it may or may not have arrived",
            delivery.id,
            extra=reason.log_fields,
        )
        await self._deliveries.fail(delivery.id, reason, now, keeping_doubtful=True)
        await self._notices.tell_doubtful(delivery, now)

    async def _has_moved(self, delivery: Delivery) -> bool:
        """Whether an admin has moved the subscription since: what its old channel refuses matters no more."""
        subscription = await self._subscriptions.get(delivery.subscription_id)
        return subscription is not None and subscription.wish.channel_id != delivery.channel_id


def _has_lasted(delivery: Delivery, now: datetime) -> bool:
    """Whether a delivery has been in doubt for too long, though it was searched for."""
    since = delivery.doubted_since
    return since is not None and now - since >= DOUBT_ENDS and delivery.attempts >= SEARCHES
