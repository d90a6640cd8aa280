"""Plan: what a run posts, in which messages; a run that has been planned cannot be planned again."""

import asyncio
import hashlib
import logging
from datetime import datetime

from bot.composing.composer import Composer
from bot.digest import Digest
from bot.papers.api import PapersUnavailable
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.storage import Delivery, Storage, Subscription
from bot.subscription.schedule import Run, first_run, latest_run
from bot.subscription.settings import Wish
from bot.turns import Turns

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
        self._turns = Turns(1)  # by channel and cadence: the papers of one digest there are not those of the next

    async def plan_due(self, subscription: Subscription, now: datetime) -> Delivery | None:
        """The delivery of the run that is due, in its turn; None where it has to wait, or is planned already."""
        run = latest_run(subscription.wish.timetable, now)  # the runs missed before it collapse into it
        try:
            digest = await self._compose(subscription, now)
        except PapersUnavailable as error:
            if subscription.reason != error.reason:
                log.warning("subscription %d waits: %s", subscription.id, error, extra=error.reason.log_fields)
                await self._storage.subscriptions.wait(subscription.id, error.reason)
            return None
        return await self._plan(subscription, run, digest, now)

    async def plan_early(self, subscription: Subscription, now: datetime, *, by: int) -> Delivery:
        """The delivery of the coming run, before its time, for the admin `by`.

        Raises `NothingToSend` and `PapersUnavailable`.
        """
        waiting = subscription.next_run.at <= now
        run = latest_run(subscription.wish.timetable, now) if waiting else subscription.next_run
        async with self.turn_of(subscription):
            digest = await self._compose(subscription, now)
            if digest.reason:
                raise NothingToSend(digest.reason)
            delivery = await self._plan(subscription, run, digest, now, by=by)
        if delivery is None:
            raise NothingToSend(Reason(ReasonKind.RUN_TAKEN))
        return delivery

    def turn_of(self, subscription: Subscription) -> asyncio.Semaphore:
        """To be held while one is planned: digests of one channel share its papers."""
        return self._turns.of((subscription.wish.channel_id, subscription.wish.timetable.cadence))

    async def _compose(self, subscription: Subscription, now: datetime) -> Digest:
        """What the run highlights; the papers API may take minutes, which a stop does not wait for."""
        composing = asyncio.create_task(self._composer.digest_for(subscription, now))
        self._composing.add(composing)
        composing.add_done_callback(self._composing.discard)
        return await composing

    async def _plan(
        self, subscription: Subscription, run: Run, digest: Digest, now: datetime, *, by: int | None = None
    ) -> Delivery | None:
        taken = await self._storage.deliveries.taken(subscription.id, run.date)
        following = first_run(subscription.wish.timetable, now, after=run.date, taken=taken)
        nonces = delivery_nonces(subscription, run, digest)
        return await self._storage.deliveries.plan(subscription, run, following, digest, nonces=nonces, now=now, by=by)

    def stop(self) -> None:
        """Give up what is being composed: a run that is not planned yet stays due."""
        for composing in self._composing:
            composing.cancel()


def delivery_nonces(subscription: Subscription, run: Run, digest: Digest) -> list[str]:
    """A nonce for each message that the run posts, of 24 characters, the same whenever it is asked for."""
    return [_nonce(subscription, run, number) for number in range(1, _message_count(digest, subscription.wish) + 1)]


def _message_count(digest: Digest, wish: Wish) -> int:
    """How many messages the digest takes. A list on which nothing passed is told of, if that is wanted."""
    if not digest.highlights:
        return 1 if wish.posting.quiet_line and digest.days else 0
    return len(digest.highlights) if wish.posting.one_message_each else 1


def _nonce(subscription: Subscription, run: Run, number: int) -> str:
    name = f"{subscription.guild_id}:{subscription.wish.channel_id}:{subscription.id}:{run.date}:{number}"
    return hashlib.blake2b(name.encode(), digest_size=12).hexdigest()
