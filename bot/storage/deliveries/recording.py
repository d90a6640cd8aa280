"""The steps of a delivery, each recorded in a transaction of its own."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from bot.digest import Digest
from bot.reasons import Reason
from bot.storage.changes import Action, record_change
from bot.storage.database import assigned, fetched, iso
from bot.storage.deliveries.folding import fold_oldest, owners_of_old
from bot.storage.deliveries.reading import DeliveryReader, select_highlighted, select_others
from bot.storage.deliveries.refusals import simplify, skip, split
from bot.storage.deliveries.rows import insert_highlights, insert_messages
from bot.storage.deliveries.values import Delivery, DeliveryState, Form, Message
from bot.storage.notices import forget_notice
from bot.storage.past import highlighted_long_ago
from bot.storage.reasons import reason_json
from bot.storage.subscriptions import Subscription, run_row, suspend
from bot.storage.wishes import wish_number
from bot.subscription.schedule import Run

LOOKED_AT_ONCE = 200  # subscriptions, for what has become old of theirs


class Deliveries(DeliveryReader):
    """Knows the deliveries, and takes each through its steps."""

    async def plan(
        self,
        subscription: Subscription,
        run: Run,
        next_run: Run,
        digest: Digest,
        *,
        nonces: Sequence[str],
        now: datetime,
        by: int | None = None,
    ) -> Delivery | None:
        """Record what `run` is to deliver, in which messages, and the next run, in one transaction.

        None when an admin changed the subscription since it was read, the run has its delivery already, or another
        delivery is under way. `by` is the admin who has it sent before its time.
        """

        def plan(connection: sqlite3.Connection) -> int:
            _move_on(connection, subscription, next_run)
            delivery_id = _insert(connection, subscription, run, digest, nonces, now)
            if by:
                record_change(connection, subscription.id, Action.SENT, by=by, now=now)
            return delivery_id

        try:
            delivery_id = await self._database.write(plan)
        except _Void:
            return None
        return _planned(delivery_id, subscription, run, digest, nonces, now)

    async def attempt(self, delivery_id: int, number: int, now: datetime, there: datetime | None = None) -> bool:
        """Note, before a send, that its outcome is about to be unknown; False where it is not to be sent any more.

        `there` is Discord's time, if it is known. Of several attempts in doubt, the first is the one that counts.
        """
        noted = await self._database.execute(
            "UPDATE messages SET attempted_at = coalesce(attempted_at, ?),"
            " attempted_at_discord = CASE WHEN attempted_at IS NULL THEN ? ELSE attempted_at_discord END"
            " WHERE delivery_id = ? AND number = ?"
            " AND EXISTS (SELECT 1 FROM deliveries JOIN subscriptions ON subscriptions.id = subscription_id"
            " WHERE deliveries.id = ? AND deliveries.state = 'planned' AND subscriptions.state = 'active')",
            *(iso(now), there and iso(there), delivery_id, number, delivery_id),
        )
        return noted > 0

    async def not_arrived(self, delivery_id: int, number: int) -> None:
        """The message is known not to exist."""
        await self._note(delivery_id, number, "attempted_at = NULL, searched_until = NULL")

    async def searched(self, delivery_id: int, number: int, until: int) -> None:
        """A search for the message has looked at the channel's messages until this one; the next goes on from there."""
        await self._note(delivery_id, number, "searched_until = ?", until)

    async def arrived(self, delivery_id: int, number: int, place_id: int, message_id: int, sent_at: datetime) -> None:
        """A message is there; what is left to do is its thread, and to publish it."""
        await self._note(
            delivery_id,
            number,
            "attempted_at = NULL, place_id = ?, message_id = ?, sent_at = ?, form = coalesce(nullif(form, ?), ?)",
            place_id,
            message_id,
            iso(sent_at),
            Form.REFUSED,
            Form.PLAIN,
        )

    async def note_server_error(self, delivery_id: int, number: int) -> None:
        """Discord has answered with an error of its own; whether the message exists stays as unknown as it is."""
        await self._note(delivery_id, number, "server_errors = server_errors + 1")

    async def simplify(self, delivery_id: int, number: int, form: Form, refusal: int) -> None:
        """Discord has refused the message with this error code: it is sent in another form from now on."""
        await self._database.write(lambda connection: simplify(connection, delivery_id, number, form, refusal))

    async def split(self, delivery_id: int, message: Message, nonce: str, refusal: int) -> None:
        """… the second half of what it shows is sent in a message of its own, with this nonce, from now on."""

        def in_two(connection: sqlite3.Connection) -> None:
            simplify(connection, delivery_id, message.number, Form.FULL, refusal)
            split(connection, delivery_id, message, nonce)

        await self._database.write(in_two)

    async def threaded(self, delivery_id: int, number: int) -> None:
        await self._note(delivery_id, number, "threaded = 1")

    async def published(self, delivery_id: int, number: int, now: datetime) -> None:
        await self._note(delivery_id, number, "published_at = ?", iso(now))

    async def complete(self, delivery: Delivery, reason: Reason | None = None) -> None:
        """All messages are there but the refused; `reason` says what else could not be done.

        A failure is worth telling again. Papers that Discord refuses are skipped from now on.
        """

        def complete(connection: sqlite3.Connection) -> None:
            skip(connection, delivery.id, delivery.refused_messages)
            connection.execute(
                "UPDATE deliveries SET state = CASE WHEN quiet IS NULL THEN 'sent' ELSE 'quiet' END,"
                " reason = ?, retry_at = NULL WHERE id = ?",
                (reason_json(reason), delivery.id),
            )
            forget_notice(connection, delivery.subscription_id)

        await self._database.write(complete)

    async def postpone(self, delivery_id: int, reason: Reason, retry_at: datetime) -> None:
        """Try again at `retry_at`; whether a message exists stays as unknown as it is."""
        await self._database.execute(
            "UPDATE deliveries SET attempts = attempts + 1, reason = ?, retry_at = ? WHERE id = ?",
            *(reason_json(reason), iso(retry_at), delivery_id),
        )

    async def fail(
        self,
        delivery_id: int,
        reason: Reason,
        now: datetime,
        *,
        suspending: bool = False,
        skipping: Iterable[Message] = (),
        keeping_doubtful: bool = False,
    ) -> None:
        """Give up what has not arrived of a delivery and release its papers for the next.

        With `suspending`, its subscription is suspended for the same reason. The papers of the refused messages in
        `skipping` are not released, but skipped from now on; with `keeping_doubtful`, neither are those of messages
        that may have arrived.
        """

        def fail(connection: sqlite3.Connection) -> None:
            skip(connection, delivery_id, skipping)
            failed = fetched(
                connection,
                "UPDATE deliveries SET state = 'failed', reason = ?, retry_at = NULL WHERE id = ?"
                " RETURNING subscription_id",
                (reason_json(reason), delivery_id),
            )
            connection.execute(
                "DELETE FROM highlights WHERE delivery_id = ? AND message IN"
                " (SELECT number FROM messages WHERE delivery_id = ? AND message_id IS NULL"
                " AND (attempted_at IS NULL OR NOT ?))",
                (delivery_id, delivery_id, keeping_doubtful),
            )
            connection.execute("UPDATE messages SET attempted_at = NULL WHERE delivery_id = ?", (delivery_id,))
            for (subscription_id,) in failed:  # none, when it was forgotten meanwhile
                _void_plans(connection, subscription_id)
                if suspending:
                    suspend(connection, subscription_id, reason, now)

        await self._database.write(fail)

    async def undo(self, delivery: Delivery, *, by: int, now: datetime) -> None:
        """Record that the messages of a delivery were deleted, and release its papers for the next; once."""

        def undo(connection: sqlite3.Connection) -> None:
            undone = connection.execute(
                "UPDATE deliveries SET state = 'undone' WHERE id = ? AND state != 'undone'", (delivery.id,)
            )
            if not undone.rowcount:
                return
            connection.execute("DELETE FROM highlights WHERE delivery_id = ?", (delivery.id,))
            connection.execute(
                "UPDATE messages SET place_id = NULL, message_id = NULL WHERE delivery_id = ?", (delivery.id,)
            )
            _reopen(connection, delivery)
            _void_plans(connection, delivery.subscription_id)
            record_change(connection, delivery.subscription_id, Action.UNDONE, by=by, now=now)

        await self._database.write(undo)

    async def fold(self, before: datetime) -> None:
        """Make finished deliveries that were planned before then the past, a row at a time.

        Each is a transaction of its own, between which others have their turn; it may be stopped, and called again.
        """
        last = 0
        while ids := await self._subscriptions_after(last):
            first, last = ids[0], ids[-1]
            owners = partial(owners_of_old, first=first, last=last, before=iso(before))
            for subscription_id in await self._database.read(owners):
                oldest = partial(fold_oldest, subscription_id=subscription_id, before=iso(before))
                while await self._database.write(oldest):
                    pass

    async def _subscriptions_after(self, subscription_id: int) -> list[int]:
        """Some of the subscriptions, in order."""
        rows = await self._database.rows(
            "SELECT id FROM subscriptions WHERE id > ? ORDER BY id LIMIT ?", subscription_id, LOOKED_AT_ONCE
        )
        return [known for (known,) in rows]

    async def _note(self, delivery_id: int, number: int, assignments: str, *values: object) -> None:
        await self._database.execute(
            f"UPDATE messages SET {assignments} WHERE delivery_id = ? AND number = ?", *values, delivery_id, number
        )


def _void_plans(connection: sqlite3.Connection, subscription_id: int) -> None:
    """Whatever is being composed does not know yet which days are open again."""
    connection.execute("UPDATE subscriptions SET revision = revision + 1 WHERE id = ?", (subscription_id,))


def _reopen(connection: sqlite3.Connection, undone: Delivery) -> None:
    """Have the next digest look at the days of `undone` again, though other runs have come since."""
    if undone.digest.days:
        before = undone.digest.days[0] - timedelta(days=1)
        connection.execute(
            "UPDATE deliveries SET covered_until = min(covered_until, ?)"
            " WHERE subscription_id = ? AND run_date > ? AND state NOT IN ('failed', 'undone')",
            (before.isoformat(), undone.subscription_id, undone.run_date.isoformat()),
        )


class _Void(Exception):
    """A plan that must not be: the transaction is taken back."""


def _insert(
    connection: sqlite3.Connection,
    subscription: Subscription,
    run: Run,
    digest: Digest,
    nonces: Sequence[str],
    now: datetime,
) -> int:
    """The new delivery's id; raises `_Void` when the run has its delivery already, or one is under way."""
    inserted = fetched(
        connection,
        "INSERT INTO deliveries (subscription_id, run_date, channel_id, state, quiet, wish,"
        " covered_until, days, listed, planned_at) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
        " WHERE NOT EXISTS (SELECT 1 FROM deliveries WHERE subscription_id = ? AND state = 'planned')"
        " ON CONFLICT DO NOTHING RETURNING id",
        (
            subscription.id,
            run.date.isoformat(),
            subscription.wish.channel_id,
            DeliveryState.PLANNED if nonces else DeliveryState.QUIET,
            reason_json(digest.reason),
            wish_number(connection, subscription.id, subscription.wish),
            digest.covered_until.isoformat(),
            json.dumps([day.isoformat() for day in digest.days]),
            digest.listed,
            iso(now),
            subscription.id,
        ),
    )
    for row in inserted:
        _check_past(connection, subscription.id, digest)
        _check_others(connection, subscription, digest)
        insert_messages(connection, row["id"], nonces)
        insert_highlights(connection, row["id"], subscription.id, digest.highlights, apart=len(nonces) > 1)
        return int(row["id"])
    raise _Void


def _check_past(connection: sqlite3.Connection, subscription_id: int, digest: Digest) -> None:
    """Raises `_Void` where a paper was highlighted long ago: no key of the database holds those apart any more."""
    if highlighted_long_ago(connection, subscription_id, (each.paper.id for each in digest.highlights)):
        raise _Void


def _check_others(connection: sqlite3.Connection, subscription: Subscription, digest: Digest) -> None:
    """Raises `_Void` where another digest of the channel has had a paper meanwhile: both may be due in one minute."""
    ids = [each.paper.id for each in digest.highlights]
    for other in select_others(connection, subscription.guild_id, subscription.wish, but=subscription.id):
        if select_highlighted(connection, other, ids, own=False):
            raise _Void


def _planned(
    delivery_id: int, subscription: Subscription, run: Run, digest: Digest, nonces: Sequence[str], now: datetime
) -> Delivery:
    """The new delivery, as it would be read."""
    positions = tuple(each.position for each in digest.highlights)
    return Delivery(
        id=delivery_id,
        subscription_id=subscription.id,
        guild_id=subscription.guild_id,
        channel_id=subscription.wish.channel_id,
        run_date=run.date,
        state=DeliveryState.PLANNED if nonces else DeliveryState.QUIET,
        reason=None,
        wish=subscription.wish,
        digest=digest,
        messages=tuple(
            Message(number, nonce, positions=(number,) if len(nonces) > 1 else positions)
            for number, nonce in enumerate(nonces, 1)
        ),
        planned_at=datetime.fromisoformat(iso(now)),
        attempts=0,
    )


def _move_on(connection: sqlite3.Connection, subscription: Subscription, next_run: Run) -> None:
    """Set the next run; raises `_Void` when an admin changed the subscription since it was read."""
    values = run_row(next_run)
    moved = connection.execute(
        f"UPDATE subscriptions SET {assigned(values)}, reason = NULL"
        " WHERE id = ? AND revision = ? AND state = 'active'",
        (*values.values(), subscription.id, subscription.revision),
    )
    if not moved.rowcount:
        raise _Void
