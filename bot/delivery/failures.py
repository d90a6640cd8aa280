"""What happens to a delivery that failed: it is tried again or given up, or its subscription is suspended."""

import logging
from datetime import datetime, timedelta

from bot.channels.requests import ChannelBlocked, DeliveryFailed, MessageRejected, TemporaryFailure
from bot.delivery.notices import NoticeSender
from bot.reasons import Reason, ReasonKind
from bot.storage import Delivery, Storage

log = logging.getLogger(__name__)

FIRST_RETRY = timedelta(minutes=1)
MAX_RETRY_DELAY = timedelta(minutes=30)
MAX_DOUBT = timedelta(days=1)  # then a delivery in doubt is given up, after at least `MIN_SEARCHES`
MIN_SEARCHES = 5  # searches that failed
FAILURES_TO_TELL = 2  # failed runs in a row, then the server is told


class FailureHandler:
    """Records failures in `storage`, and lets `notices` tell the server if an admin has to do something.

    A person is told at their next command, as `storage` records it: a message is what they can't be sent.
    """

    def __init__(self, storage: Storage, notices: NoticeSender) -> None:
        self._deliveries = storage.deliveries
        self._subscriptions = storage.subscriptions
        self._notices = notices

    async def handle_failure(self, delivery_id: int, failure: DeliveryFailed, now: datetime) -> None:
        """Record a failure, and decide what happens next. Messages in doubt stay in doubt."""
        delivery = await self._deliveries.get(delivery_id)
        if delivery is None:
            return
        match failure:
            case ChannelBlocked() if await self._has_subscription_moved(delivery):
                await self._deliveries.fail_delivery(delivery.id, failure.reason, now)
                _log_outcome("failed", delivery, failure)
            case ChannelBlocked() if delivery.is_in_doubt:  # it stays planned until the channel can be searched
                await self._subscriptions.suspend(delivery.subscription_id, failure.reason, now)
                _log_outcome("suspended", delivery, failure)
                await self._notices.tell_suspended(delivery, failure.reason, now)
            case ChannelBlocked():
                await self._deliveries.fail_delivery(delivery.id, failure.reason, now, suspending=True)
                _log_outcome("suspended", delivery, failure)
                await self._notices.tell_suspended(delivery, failure.reason, now)
            case TemporaryFailure() if _was_in_doubt_too_long(delivery, now):
                await self._give_up_in_doubt(delivery, now)
            case MessageRejected():
                await self.give_up_delivery(delivery.id, failure.reason, now)
            case _:
                retry_at = now + min(MAX_RETRY_DELAY, FIRST_RETRY * 2 ** min(delivery.attempts, 10))
                await self._deliveries.postpone_delivery(delivery.id, failure.reason, retry_at)
                _log_outcome("postponed", delivery, failure)

    async def give_up_delivery(self, delivery_id: int, reason: Reason, now: datetime) -> None:
        """Leave what has not arrived to the next digest; the server is told after `FAILURES_TO_TELL` runs in a row.

        Rejected papers are skipped from now on. But if Discord rejected everything, the papers may not be the cause:
        then they have one more chance.
        """
        delivery = await self._deliveries.get(delivery_id)
        if delivery is None:
            return
        earlier_failures = await self._deliveries.count_failures_in_a_row(delivery.subscription_id)
        fails_again = earlier_failures >= FAILURES_TO_TELL - 1
        is_single_paper = len(delivery.digest.highlights) == 1
        skipping = delivery.rejected_messages if fails_again or is_single_paper or delivery.has_arrived else ()
        await self._deliveries.fail_delivery(delivery.id, reason, now, skipping=skipping, keeping_doubtful=True)
        _log_outcome("failed", delivery, DeliveryFailed(reason))
        if fails_again and not await self._has_subscription_moved(delivery):
            await self._notices.tell_failing(delivery, reason, now)

    async def _give_up_in_doubt(self, delivery: Delivery, now: datetime) -> None:
        """Stop searching. The digest may be there or not, so its papers count as posted and never come twice."""
        reason = Reason(ReasonKind.IN_DOUBT)
        await self._deliveries.fail_delivery(delivery.id, reason, now, keeping_doubtful=True)
        _log_outcome("failed", delivery, DeliveryFailed(reason))
        await self._notices.tell_doubtful(delivery, now)

    async def _has_subscription_moved(self, delivery: Delivery) -> bool:
        """Whether an admin has moved the subscription since, so that trouble in its old channel no longer matters."""
        if delivery.user_id is not None:
            return False  # the delivery follows the person
        subscription = await self._subscriptions.get(delivery.subscription_id)
        return subscription is not None and subscription.settings.channel_id != delivery.channel_id


def _log_outcome(event: str, delivery: Delivery, failure: DeliveryFailed) -> None:
    """The line of a delivery that did not arrive. An event may concern its subscription too."""
    fields = {"event": event, **delivery.log_fields, **failure.reason.log_fields}
    log.warning("delivery %d: %s: %s", delivery.id, event, failure, extra=fields)


def _was_in_doubt_too_long(delivery: Delivery, now: datetime) -> bool:
    """Whether a delivery has been in doubt for `MAX_DOUBT`, and enough searches have failed."""
    since = delivery.in_doubt_since
    return since is not None and now - since >= MAX_DOUBT and delivery.attempts >= MIN_SEARCHES
