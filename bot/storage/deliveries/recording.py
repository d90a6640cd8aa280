"""Recording each step of a delivery, in a transaction of its own."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from bot import metrics
from bot.digest import Digest
from bot.reasons import Reason
from bot.share import Share
from bot.storage.audit_log import Action, record_action
from bot.storage.connection import Connection, fetch_all
from bot.storage.database import assignments_for, to_iso
from bot.storage.deliveries.packing import find_packable_subscriptions, pack_oldest_runs
from bot.storage.deliveries.reading import DeliveryReader, select_highlighted, select_sharing_subscriptions
from bot.storage.deliveries.rejections import simplify_message, skip_papers, split_message
from bot.storage.deliveries.rows import insert_highlights, insert_messages
from bot.storage.deliveries.values import Delivery, DeliveryState, Message, MessageForm
from bot.storage.digest_settings import save_settings_version
from bot.storage.notices import delete_notice
from bot.storage.past_runs import select_highlighted_long_ago
from bot.storage.reasons import dump_reason
from bot.storage.subscriptions import OWNER, SEARCHED, Subscription, run_to_columns, suspend_subscription
from bot.subscription.schedule import Run

PACK_BATCH = 200  # subscriptions that are searched for old deliveries at once


class Deliveries(DeliveryReader):
    """Reads deliveries and records their steps."""

    async def plan_delivery(
        self,
        subscription: Subscription,
        run: Run,
        next_run: Run | None,
        digest: Digest,
        *,
        nonces: Sequence[str],
        now: datetime,
        by: int | None = None,
        extra: int = 0,
    ) -> Delivery | None:
        """Record, in one transaction, what a run delivers, in which messages, and the next run if that changes.

        None if an admin changed the subscription since it was read, if the run has its delivery already, or if another
        delivery is under way. `by` is the admin who sends it early, or who posts the date's `extra`-th extra digest.
        """

        def plan(connection: Connection) -> int:
            _check_unchanged(connection, subscription)
            if next_run:
                _set_next_run(connection, subscription.id, next_run)
            delivery_id = _insert_delivery(connection, subscription, run, digest, nonces, now, extra)
            if by:
                action = Action.EXTRA if extra else Action.SENT
                record_action(connection, subscription.id, action, by=by, now=now)
            return delivery_id

        try:
            delivery_id = await self._database.write(plan, owner_id=subscription.owner_id)
        except _PlanInvalid:
            return None
        if not nonces:
            metrics.count_delivery(DeliveryState.QUIET, digest.reason.kind if digest.reason else "")
        return _build_planned_delivery(delivery_id, subscription, run, digest, nonces, now, extra)

    async def record_attempt(
        self,
        delivery_id: int,
        number: int,
        now: datetime,
        discord_now: datetime | None = None,
        *,
        owner_id: int | None = None,
    ) -> bool:
        """Record, before a send, that the message is in doubt from now on; False if it must no longer be sent.

        `discord_now` is the time by Discord's clock, if known. Of several attempts in doubt, the first one counts. With
        the delivery's `owner_id`, other processes may write meanwhile.
        """
        noted = await self._database.execute(
            "UPDATE messages SET attempted_at = coalesce(attempted_at, ?),"
            " attempted_at_discord = CASE WHEN attempted_at IS NULL THEN ? ELSE attempted_at_discord END"
            " WHERE delivery_id = ? AND number = ?"
            " AND EXISTS (SELECT 1 FROM deliveries JOIN subscriptions ON subscriptions.id = subscription_id"
            f" WHERE deliveries.id = ? AND deliveries.state = 'planned' AND subscriptions.state = 'active'"
            f" AND {SEARCHED})",
            *(to_iso(now), discord_now and to_iso(discord_now), delivery_id, number, delivery_id),
            owner_id=owner_id,
        )
        return noted > 0

    async def record_absence(self, delivery_id: int, number: int) -> None:
        """Record that the message is known not to exist."""
        await self._update_message(delivery_id, number, "attempted_at = NULL, searched_until = NULL")

    async def record_search(self, delivery_id: int, number: int, until: int) -> None:
        """Record that the search for the message has reached the message `until`, where the next one continues."""
        await self._update_message(delivery_id, number, "searched_until = ?", until)

    async def record_arrival(
        self,
        delivery_id: int,
        number: int,
        place_id: int,
        message_id: int,
        sent_at: datetime,
        *,
        owner_id: int | None = None,
    ) -> None:
        """Record that a message has arrived. Only its follow-ups are left to do. `owner_id` is as for an attempt."""
        await self._update_message(
            delivery_id,
            number,
            "attempted_at = NULL, place_id = ?, message_id = ?, sent_at = ?, form = coalesce(nullif(form, ?), ?)",
            place_id,
            message_id,
            to_iso(sent_at),
            MessageForm.SET_ASIDE,
            MessageForm.PLAIN,
            owner_id=owner_id,
        )
        metrics.count_message()

    async def record_server_error(self, delivery_id: int, number: int) -> None:
        """Record that Discord answered with a server error. A message in doubt stays in doubt."""
        await self._update_message(delivery_id, number, "server_errors = server_errors + 1")

    async def simplify_message(self, delivery_id: int, number: int, form: MessageForm, error_code: int) -> None:
        """Record that Discord rejected the message with this error code, so that it is sent in another form."""
        await self._database.write(
            lambda connection: simplify_message(connection, delivery_id, number, form, error_code)
        )

    async def split_message(self, delivery_id: int, message: Message, nonce: str, error_code: int) -> None:
        """Record the same, so that the second half of what it shows is sent in a message of its own, with `nonce`."""

        def split(connection: Connection) -> None:
            simplify_message(connection, delivery_id, message.number, MessageForm.FULL, error_code)
            split_message(connection, delivery_id, message, nonce)

        await self._database.write(split)

    async def record_thread(self, delivery_id: int, number: int) -> None:
        await self._update_message(delivery_id, number, "has_thread = 1")

    async def record_publication(self, delivery_id: int, number: int, now: datetime) -> None:
        await self._update_message(delivery_id, number, "published_at = ?", to_iso(now))

    async def complete_delivery(self, delivery: Delivery, reason: Reason | None = None) -> None:
        """Record that all messages but the rejected ones have arrived; `reason` says which follow-ups failed.

        The papers of rejected messages are skipped from now on. The next failure is worth a notice again.
        """

        def complete(connection: Connection) -> None:
            skip_papers(connection, delivery.id, delivery.rejected_messages)
            connection.execute(
                "UPDATE deliveries SET state = CASE WHEN quiet_reason IS NULL THEN 'sent' ELSE 'quiet' END,"
                " reason = ?, retry_at = NULL WHERE id = ?",
                (dump_reason(reason), delivery.id),
            )
            delete_notice(connection, delivery.subscription_id)

        await self._database.write(complete, owner_id=delivery.owner_id)
        quiet_reason = delivery.digest.reason
        outcome = DeliveryState.QUIET if quiet_reason else DeliveryState.SENT
        metrics.count_delivery(outcome, quiet_reason.kind if quiet_reason else "")

    async def postpone_delivery(self, delivery_id: int, reason: Reason, retry_at: datetime) -> None:
        """Have the delivery tried again at `retry_at`. Messages in doubt stay in doubt."""
        await self._database.execute(
            "UPDATE deliveries SET attempts = attempts + 1, reason = ?, retry_at = ? WHERE id = ?",
            *(dump_reason(reason), to_iso(retry_at), delivery_id),
        )
        metrics.count_retry(reason.kind)

    async def fail_delivery(
        self,
        delivery_id: int,
        reason: Reason,
        now: datetime,
        *,
        suspending: bool = False,
        skipping: Iterable[Message] = (),
        keeping_doubtful: bool = False,
    ) -> None:
        """Give up the messages that have not arrived, and release their papers for the next digest.

        With `suspending`, the subscription is suspended for the same reason. The papers of the rejected messages in
        `skipping` are not released but skipped from now on. With `keeping_doubtful`, the papers of messages in doubt
        count as posted.
        """

        def fail(connection: Connection) -> bool:
            skip_papers(connection, delivery_id, skipping)
            failed = fail_unsent(connection, delivery_id, reason, keeping_doubtful=keeping_doubtful)
            is_suspended = False
            for subscription_id in failed:  # none if the server's data was deleted meanwhile
                _invalidate_composed_digests(connection, subscription_id)
                is_suspended = suspending and suspend_subscription(connection, subscription_id, reason, now)
            return is_suspended

        if await self._database.write(fail):
            metrics.count_suspension(reason.kind)
        metrics.count_delivery(DeliveryState.FAILED, reason.kind)

    async def undo_delivery(self, delivery: Delivery, *, by: int, now: datetime) -> None:
        """Record that a delivery's messages were deleted, and release its papers; a second call changes nothing."""

        def undo(connection: Connection) -> bool:
            undone = connection.execute(
                "UPDATE deliveries SET state = 'undone' WHERE id = ? AND state != 'undone'", (delivery.id,)
            )
            if not undone.rowcount:
                return False
            connection.execute("DELETE FROM highlights WHERE delivery_id = ?", (delivery.id,))
            connection.execute(
                "UPDATE messages SET place_id = NULL, message_id = NULL WHERE delivery_id = ?", (delivery.id,)
            )
            if not delivery.extra:
                _reopen_days(connection, delivery)
            _invalidate_composed_digests(connection, delivery.subscription_id)
            record_action(connection, delivery.subscription_id, Action.UNDONE, by=by, now=now)
            return True

        if await self._database.write(undo):
            metrics.count_delivery(DeliveryState.UNDONE)

    async def pack_old_runs(self, share: Share, before: datetime) -> None:
        """Pack finished deliveries that were planned before `before` into past runs.

        Each row is a transaction of its own, so others get a turn in between. It may be stopped and called again.
        """
        select_ids = f"SELECT id FROM subscriptions WHERE id > ? AND {share.build_condition(OWNER)} ORDER BY id LIMIT ?"
        last = 0
        while rows := await self._database.fetch_rows(select_ids, last, PACK_BATCH):
            first, last = rows[0]["id"], rows[-1]["id"]
            find = partial(find_packable_subscriptions, share=share, first=first, last=last, before=to_iso(before))
            for subscription_id in await self._database.read(find):
                pack = partial(pack_oldest_runs, subscription_id=subscription_id, before=to_iso(before))
                while await self._database.write(pack):
                    pass

    async def _update_message(
        self, delivery_id: int, number: int, assignments: str, *values: object, owner_id: int | None = None
    ) -> None:
        statement = f"UPDATE messages SET {assignments} WHERE delivery_id = ? AND number = ?"
        await self._database.execute(statement, *values, delivery_id, number, owner_id=owner_id)


def fail_unsent(connection: Connection, delivery_id: int, reason: Reason, *, keeping_doubtful: bool) -> list[int]:
    """Within a transaction: give up what has not arrived; returns its subscription, unless that is deleted."""
    failed = fetch_all(
        connection,
        "UPDATE deliveries SET state = 'failed', reason = ?, retry_at = NULL WHERE id = ? RETURNING subscription_id",
        (dump_reason(reason), delivery_id),
    )
    connection.execute(
        "DELETE FROM highlights WHERE delivery_id = ? AND message IN"
        " (SELECT number FROM messages WHERE delivery_id = ? AND message_id IS NULL"
        " AND (attempted_at IS NULL OR ? = 0))",
        (delivery_id, delivery_id, int(keeping_doubtful)),
    )
    connection.execute("UPDATE messages SET attempted_at = NULL WHERE delivery_id = ?", (delivery_id,))
    return [subscription_id for (subscription_id,) in failed]


def _invalidate_composed_digests(connection: Connection, subscription_id: int) -> None:
    """Invalidate a digest that is being composed: it was read before some days were open again."""
    connection.execute("UPDATE subscriptions SET revision = revision + 1 WHERE id = ?", (subscription_id,))


def _reopen_days(connection: Connection, undone: Delivery) -> None:
    """Let the next digest cover the days of `undone` again, even if other runs have come since."""
    if undone.digest.days:
        before = undone.digest.days[0] - timedelta(days=1)
        connection.execute(
            "UPDATE deliveries SET covered_until = min(covered_until, ?)"
            " WHERE subscription_id = ? AND run_date > ? AND state NOT IN ('failed', 'undone')",
            (before.isoformat(), undone.subscription_id, undone.run_date.isoformat()),
        )


class _PlanInvalid(Exception):
    """The plan must not be recorded: its transaction is rolled back."""


def _insert_delivery(
    connection: Connection,
    subscription: Subscription,
    run: Run,
    digest: Digest,
    nonces: Sequence[str],
    now: datetime,
    extra: int,
) -> int:
    """The new delivery's id. Raises `_PlanInvalid` if the run has its delivery already, or one is under way."""
    inserted = fetch_all(
        connection,
        "INSERT INTO deliveries (subscription_id, run_date, extra, channel_id, state, quiet_reason, settings_version,"
        " covered_until, days, listed, left_count, planned_at) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
        " WHERE NOT EXISTS (SELECT 1 FROM deliveries WHERE subscription_id = ? AND state = 'planned')"
        " ON CONFLICT DO NOTHING RETURNING id",
        (
            subscription.id,
            run.date.isoformat(),
            extra,
            subscription.settings.channel_id,
            DeliveryState.PLANNED if nonces else DeliveryState.QUIET,
            dump_reason(digest.reason),
            save_settings_version(connection, subscription.id, subscription.settings),
            digest.covered_until.isoformat(),
            json.dumps([day.isoformat() for day in digest.days]),
            digest.listed_count,
            digest.left_count,
            to_iso(now),
            subscription.id,
        ),
    )
    for row in inserted:
        _check_no_repeats(connection, subscription, digest)
        insert_messages(connection, row["id"], nonces)
        insert_highlights(connection, row["id"], subscription.id, digest.highlights, apart=len(nonces) > 1)
        return int(row["id"])
    raise _PlanInvalid


def _check_no_repeats(connection: Connection, subscription: Subscription, digest: Digest) -> None:
    """Raises `_PlanInvalid` for repeated papers that no unique key prevents.

    A past run may have had one, or another digest of the channel that is due at the same time. The keys do prevent that
    of the two digests that a person may get at the same moment, their run and what comes at once; then one is to be
    composed again.
    """
    ids = [each.paper.id for each in digest.highlights]
    if select_highlighted_long_ago(connection, subscription.id, ids):
        raise _PlanInvalid
    if subscription.user_id and select_highlighted(connection, subscription.id, ids, own=False):
        raise _PlanInvalid
    for other in select_sharing_subscriptions(
        connection, subscription.guild_id, subscription.settings, but=subscription.id
    ):
        if select_highlighted(connection, other, ids, own=False):
            raise _PlanInvalid


def _build_planned_delivery(
    delivery_id: int,
    subscription: Subscription,
    run: Run,
    digest: Digest,
    nonces: Sequence[str],
    now: datetime,
    extra: int,
) -> Delivery:
    """The new delivery, as reading it would give."""
    positions = tuple(each.position for each in digest.highlights)
    return Delivery(
        id=delivery_id,
        subscription_id=subscription.id,
        guild_id=subscription.guild_id,
        channel_id=subscription.settings.channel_id,
        run_date=run.date,
        state=DeliveryState.PLANNED if nonces else DeliveryState.QUIET,
        reason=None,
        settings=subscription.settings,
        digest=digest,
        messages=tuple(
            Message(number, nonce, positions=(number,) if len(nonces) > 1 else positions)
            for number, nonce in enumerate(nonces, 1)
        ),
        planned_at=datetime.fromisoformat(to_iso(now)),
        attempts=0,
        extra=extra,
        user_id=subscription.user_id,
    )


def _check_unchanged(connection: Connection, subscription: Subscription) -> None:
    """Raises `_PlanInvalid` if an admin changed the subscription since it was read, or if it was restored."""
    if not fetch_all(
        connection,
        f"SELECT 1 FROM subscriptions WHERE id = ? AND revision = ? AND state = 'active' AND {SEARCHED}",
        (subscription.id, subscription.revision),
    ):
        raise _PlanInvalid


def _set_next_run(connection: Connection, subscription_id: int, next_run: Run) -> None:
    values = run_to_columns(next_run)
    connection.execute(
        f"UPDATE subscriptions SET {assignments_for(values)}, reason = NULL WHERE id = ?",
        (*values.values(), subscription_id),
    )
