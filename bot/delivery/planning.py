"""Plan: what a run posts, in which messages; a run that has been planned cannot be planned again."""

import asyncio
import hashlib
import logging
from datetime import datetime

from bot.composing.composer import Composer
from bot.digest import Digest
from bot.keyed_semaphores import KeyedSemaphores
from bot.papers.api import PapersUnavailable
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.storage import Delivery, Storage, Subscription
from bot.subscription.schedule import Run, find_latest_run, find_next_run
from bot.subscription.settings import DigestSettings

log = logging.getLogger(__name__)


class NothingToSend(Refused):
    """There is nothing to send before its time, for a `reason`."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(Refusal.NOTHING_TO_SEND, reason=reason)


class Planner:
    """Plans in `storage` what `composer` composes."""

    def __init__(self, storage: Storage, composer: Composer) -> None:
        self._storage = storage
        self._composer = composer
        self._composing: set[asyncio.Task[Digest]] = set()
        self._turns = KeyedSemaphores(
            1
        )  # by channel and cadence: the papers of one digest there are not those of the next

    async def plan_due(self, subscription: Subscription, now: datetime) -> Delivery | None:
        """The delivery of the run that is due, in its turn; None where it has to wait, or is planned already."""
        run = find_latest_run(subscription.settings.schedule, now)  # the runs missed before it collapse into it
        try:
            digest = await self._compose_digest(subscription, now)
        except PapersUnavailable as error:
            if subscription.reason != error.reason:
                log.warning("subscription %d waits: %s", subscription.id, error, extra=error.reason.log_fields)
                await self._storage.subscriptions.set_waiting_reason(subscription.id, error.reason)
            return None
        return await self._plan_run(subscription, run, digest, now)

    async def plan_early(self, subscription: Subscription, now: datetime, *, by: int) -> Delivery:
        """The delivery of the coming run, before its time, for the admin `by`.

        Raises `NothingToSend` and `PapersUnavailable`.
        """
        waiting = subscription.next_run.at <= now
        run = find_latest_run(subscription.settings.schedule, now) if waiting else subscription.next_run
        async with self.get_turn(subscription):
            digest = await self._compose_digest(subscription, now)
            if digest.reason:
                raise NothingToSend(digest.reason)
            delivery = await self._plan_run(subscription, run, digest, now, by=by)
        if delivery is None:
            raise NothingToSend(Reason(ReasonKind.RUN_ALREADY_PLANNED))
        return delivery

    def get_turn(self, subscription: Subscription) -> asyncio.Semaphore:
        """To be held while one is planned: digests of one channel share its papers."""
        return self._turns.get((subscription.settings.channel_id, subscription.settings.schedule.cadence))

    async def _compose_digest(self, subscription: Subscription, now: datetime) -> Digest:
        """What the run highlights; the papers API may take minutes, which a stop does not wait for."""
        composing = asyncio.create_task(self._composer.compose_digest(subscription, now))
        self._composing.add(composing)
        composing.add_done_callback(self._composing.discard)
        return await composing

    async def _plan_run(
        self, subscription: Subscription, run: Run, digest: Digest, now: datetime, *, by: int | None = None
    ) -> Delivery | None:
        taken = await self._storage.deliveries.list_planned_dates(subscription.id, run.date)
        following = find_next_run(subscription.settings.schedule, now, after=run.date, planned_dates=taken)
        nonces = make_nonces(subscription, run, digest)
        return await self._storage.deliveries.plan_delivery(
            subscription, run, following, digest, nonces=nonces, now=now, by=by
        )

    def cancel_composing(self) -> None:
        """Give up what is being composed: a run that is not planned yet stays due."""
        for composing in self._composing:
            composing.cancel()


def make_nonces(subscription: Subscription, run: Run, digest: Digest) -> list[str]:
    """A nonce for each message that the run posts, of 24 characters, the same whenever it is asked for."""
    return [
        _make_nonce(subscription, run, number)
        for number in range(1, _count_messages(digest, subscription.settings) + 1)
    ]


def _count_messages(digest: Digest, settings: DigestSettings) -> int:
    """How many messages the digest takes. A list on which nothing passed is told of, if that is wanted."""
    if not digest.highlights:
        return 1 if settings.posting.quiet_line and digest.days else 0
    return len(digest.highlights) if settings.posting.has_message_per_paper else 1


def _make_nonce(subscription: Subscription, run: Run, number: int) -> str:
    name = f"{subscription.guild_id}:{subscription.settings.channel_id}:{subscription.id}:{run.date}:{number}"
    return hashlib.blake2b(name.encode(), digest_size=12).hexdigest()
