"""Plan: what a run posts, and in which messages. A run cannot be planned twice."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import date, datetime

from bot.composing.composer import Composer
from bot.delivery.nonces import make_nonce
from bot.digest import Digest
from bot.following.at_once import AtOnce, AtOnceDigest
from bot.following.composer import PersonalComposer
from bot.keyed_semaphores import KeyedSemaphores
from bot.papers.api import PapersUnavailable
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.storage import Delivery, DeliveryState, Storage, Subscription
from bot.subscription.schedule import Run, find_latest_run, find_next_run
from bot.subscription.settings import DigestSettings

log = logging.getLogger(__name__)

MAX_EXTRA_DIGESTS = 3  # of a subscription on one date
PLANNED_TOGETHER = 3  # digests that come at once, so that they share a commit


class NothingToSend(Refused):
    """There is nothing to send early, for a `reason`."""

    def __init__(self, reason: Reason, subscription: Subscription) -> None:
        super().__init__(Refusal.NOTHING_TO_SEND, reason=reason, number=subscription.id)


class Planner:
    """Records in `storage` what `composer` composes for servers, and `personal_composer` for people."""

    def __init__(self, storage: Storage, composer: Composer, personal_composer: PersonalComposer) -> None:
        self._storage = storage
        self._composer = composer
        self._personal_composer = personal_composer
        self._composing: set[asyncio.Task[Digest]] = set()
        # By channel and cadence, one at a time: each digest there must know the papers of the one before.
        self._slots = KeyedSemaphores(1)

    async def plan_due_run(self, subscription: Subscription, now: datetime) -> Delivery | None:
        """Plan the run that is due, while holding its turn; None if it has to wait or is planned already."""
        run = find_latest_run(subscription.settings.schedule, now)  # covers the days of earlier missed runs too
        try:
            digest = await self._compose_digest(subscription, now)
        except PapersUnavailable as error:
            if subscription.reason != error.reason:
                fields = {"event": "waiting", **subscription.log_fields, **error.reason.log_fields}
                log.warning("subscription %d waits: %s", subscription.id, error, extra=fields)
                await self._storage.subscriptions.set_waiting_reason(subscription.id, error.reason)
            return None
        delivery = await self._plan_run(subscription, run, digest, now)
        if delivery and delivery.state is DeliveryState.QUIET and digest.reason:
            fields = {"event": "quiet", **delivery.log_fields, **digest.reason.log_fields}
            log.info("delivery %d: quiet (%s)", delivery.id, digest.reason, extra=fields)
        return delivery

    async def plan_extra_digest(self, subscription: Subscription, now: datetime, *, by: int, number: int) -> Delivery:
        """Plan the extra digest with this `number`, from 1, of the day. It changes no run.

        Raises `NothingToSend` and `PapersUnavailable`.
        """
        if not 1 <= number <= MAX_EXTRA_DIGESTS:
            raise Refused(Refusal.TOO_MANY_EXTRA_DIGESTS, number=MAX_EXTRA_DIGESTS)
        run = Run(now.astimezone(subscription.settings.schedule.timezone).date(), now)
        async with self.get_planning_slot(subscription):
            digest = await self._compose_digest(subscription, now, is_extra=True)
            if digest.reason:
                raise NothingToSend(digest.reason, subscription)
            delivery = await self._storage.deliveries.plan_delivery(
                subscription,
                run,
                None,
                digest,
                nonces=make_message_nonces(subscription, run, digest, extra=number),
                now=now,
                by=by,
                extra=number,
            )
        if delivery is None:
            raise NothingToSend(Reason(ReasonKind.RUN_ALREADY_PLANNED), subscription)
        return delivery

    async def plan_run_early(self, subscription: Subscription, run_date: date, now: datetime, *, by: int) -> Delivery:
        """Plan early the run of `run_date`, if that is the next one, for the admin `by`.

        Raises `Refused` and `PapersUnavailable`.
        """
        run = get_next_or_due_run(subscription, now)
        if run.date != run_date:
            raise Refused(Refusal.RUN_ALREADY_SENT)
        async with self.get_planning_slot(subscription):
            digest = await self._compose_digest(subscription, now)
            if digest.reason:
                raise NothingToSend(digest.reason, subscription)
            delivery = await self._plan_run(subscription, run, digest, now, by=by)
        if delivery is None:
            raise NothingToSend(Reason(ReasonKind.RUN_ALREADY_PLANNED), subscription)
        return delivery

    async def plan_at_once(self, at_once: AtOnce, now: datetime) -> int:
        """Plan what has to be sent to people at once; returns how many digests these are. Raises `PapersUnavailable`.

        No run changes. What another scan or the person's run has planned meanwhile is left out, and a person whose
        subscription has changed meanwhile waits for the next scan.
        """
        planned = 0
        async for batch in _take_batches(at_once.find_digests(now), PLANNED_TOGETHER):
            deliveries = await asyncio.gather(*(self._plan_at_once_digest(each, now) for each in batch))
            planned += sum(1 for each in deliveries if each)
        return planned

    async def _plan_at_once_digest(self, composed: AtOnceDigest, now: datetime) -> Delivery | None:
        subscription, run, digest = composed.subscription, composed.run, composed.digest
        nonces = make_message_nonces(subscription, run, digest, extra=composed.number)
        return await self._storage.deliveries.plan_delivery(
            subscription, run, None, digest, nonces=nonces, now=now, extra=composed.number
        )

    async def find_following_run(self, subscription: Subscription, run: Run, now: datetime) -> Run:
        """The run after `run`, if that one is planned now."""
        planned_dates = await self._storage.deliveries.list_planned_dates(subscription.id, run.date)
        return find_next_run(subscription.settings.schedule, now, after=run.date, planned_dates=planned_dates)

    def get_planning_slot(self, subscription: Subscription) -> asyncio.Semaphore:
        """Hold this while planning, so that two digests of a channel are not planned with the same papers."""
        return self._slots.get((subscription.settings.channel_id, subscription.settings.schedule.cadence))

    async def _compose_digest(self, subscription: Subscription, now: datetime, *, is_extra: bool = False) -> Digest:
        """What the run highlights. The papers API may take minutes, so `cancel_composing` can stop this."""
        if subscription.user_id:
            composing = asyncio.create_task(self._personal_composer.compose_digest(subscription, now))
        else:
            composing = asyncio.create_task(self._composer.compose_digest(subscription, now, is_extra=is_extra))
        self._composing.add(composing)
        composing.add_done_callback(self._composing.discard)
        return await composing

    async def _plan_run(
        self, subscription: Subscription, run: Run, digest: Digest, now: datetime, *, by: int | None = None
    ) -> Delivery | None:
        next_run = await self.find_following_run(subscription, run, now)
        nonces = make_message_nonces(subscription, run, digest)
        return await self._storage.deliveries.plan_delivery(
            subscription, run, next_run, digest, nonces=nonces, now=now, by=by
        )

    def cancel_composing(self) -> None:
        """Cancel what is being composed; those runs stay due."""
        for composing in self._composing:
            composing.cancel()


async def _take_batches(found: AsyncIterator[AtOnceDigest], size: int) -> AsyncIterator[list[AtOnceDigest]]:
    batch: list[AtOnceDigest] = []
    async for each in found:
        batch.append(each)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def get_next_or_due_run(subscription: Subscription, now: datetime) -> Run:
    """The run that a digest sent now stands in for: the next one, or the latest of those that are overdue."""
    is_due = subscription.next_run.at <= now
    return find_latest_run(subscription.settings.schedule, now) if is_due else subscription.next_run


def make_message_nonces(subscription: Subscription, run: Run, digest: Digest, *, extra: int = 0) -> list[str]:
    """The nonces of the messages that a run or extra digest posts."""
    count, channel_id = _count_messages(digest, subscription.settings), subscription.settings.channel_id
    return [make_nonce(subscription, channel_id, run.date, number, extra=extra) for number in range(1, count + 1)]


def _count_messages(digest: Digest, settings: DigestSettings) -> int:
    """How many messages the digest takes: none or, if the settings want it, a line for a quiet run."""
    if not digest.highlights:
        return 1 if settings.posting.quiet_line and digest.days else 0
    return len(digest.highlights) if settings.posting.has_message_per_paper else 1
