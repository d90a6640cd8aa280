"""The deliveries: digests on their way or arrived. Unique keys make a repeat impossible."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial

import aiosqlite

from bot.digest import Digest, Highlight
from bot.reasons import Reason
from bot.storage.changes import Action, record_change
from bot.storage.database import Database, assigned, from_iso, iso, readable
from bot.storage.notices import forget_notice
from bot.storage.papers import SELECT_PAPERS, read_paper
from bot.storage.posts import Post
from bot.storage.reasons import read_reason, reason_json
from bot.storage.subscriptions import Subscription, run_row, suspend
from bot.storage.wishes import read_wish, wish_json
from bot.subscription.schedule import Run
from bot.subscription.settings import Discussion, Wish


class DeliveryState(StrEnum):
    PLANNED = "planned"
    SENT = "sent"
    QUIET = "quiet"
    FAILED = "failed"
    UNDONE = "undone"  # by an admin


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a delivery, numbered from 1.

    `attempted_at` is set while a send has begun whose outcome nobody has recorded. `place_id` is the channel, or the
    forum post, that it stands in. `threaded` and `published_at` say whether that was done, if it was wanted.
    """

    number: int
    nonce: str
    attempted_at: datetime | None = None
    place_id: int | None = None
    message_id: int | None = None
    sent_at: datetime | None = None
    threaded: bool = False
    published_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A digest on its way or arrived, as `wish` had it. `reason` says why it failed or is not sent yet."""

    id: int
    subscription_id: int
    guild_id: int
    channel_id: int
    run_date: date
    state: DeliveryState
    reason: Reason | None
    wish: Wish
    digest: Digest
    messages: tuple[Message, ...]
    planned_at: datetime
    attempts: int

    @property
    def in_doubt(self) -> bool:
        """Whether an earlier attempt may have made a message that is not recorded."""
        return any(message.attempted_at for message in self.messages)

    def highlights_in(self, message: Message) -> tuple[Highlight, ...]:
        """What a message shows: all highlights, or the one with its number where each has a message."""
        apart = self.wish.posting.discussion is Discussion.HIGHLIGHT
        return tuple(each for each in self.digest.highlights if not apart or each.position == message.number)

    @property
    def post(self) -> Post | None:
        """The first message, once it has arrived."""
        for message in self.messages[:1]:
            if message.place_id and message.message_id and message.sent_at:
                return Post(self.guild_id, self.channel_id, message.place_id, message.message_id, message.sent_at)
        return None


class Deliveries:
    def __init__(self, database: Database) -> None:
        self._database = database

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
        try:
            async with self._database.write() as connection:
                await _move_on(connection, subscription, next_run)
                delivery_id = await _insert(connection, subscription, run, digest, nonces, now)
                if by:
                    await record_change(connection, subscription.id, Action.SENT, by=by, now=now)
        except _Void:
            return None
        return await self.get(delivery_id)

    async def get(self, delivery_id: int) -> Delivery | None:
        return await self._only("deliveries.id = ?", delivery_id)

    async def with_nonce(self, nonce: str) -> Delivery | None:
        """The delivery that a message belongs to."""
        return await self._only("deliveries.id = (SELECT delivery_id FROM messages WHERE nonce = ?)", nonce)

    async def under_way(self, now: datetime) -> list[Delivery]:
        """Planned deliveries of active subscriptions that may be tried (again) now."""
        return await self._where(
            "deliveries.state = 'planned' AND subscriptions.state = 'active'"
            " AND (retry_at IS NULL OR retry_at <= ? OR next_run_at <= ?) ORDER BY deliveries.id",
            iso(now),
            iso(now),
        )

    async def latest(self, subscription_id: int, limit: int = 1) -> list[Delivery]:
        """A subscription's latest deliveries, latest run first."""
        return await self._where("subscription_id = ? ORDER BY run_date DESC LIMIT ?", subscription_id, limit)

    async def is_under_way(self, subscription_id: int) -> bool:
        """Whether a digest of the subscription is planned, and not there yet."""
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(
                "SELECT 1 FROM deliveries WHERE subscription_id = ? AND state = 'planned'", (subscription_id,)
            )
        return bool(rows)

    async def last_posted(self, subscription_id: int) -> Delivery | None:
        """The latest run that highlighted something in a message which is there, or was until it was undone."""
        return await self._only(
            "subscription_id = ? AND quiet IS NULL AND (deliveries.state = 'undone' OR EXISTS (SELECT 1 FROM messages"
            " WHERE delivery_id = deliveries.id AND message_id IS NOT NULL)) ORDER BY run_date DESC LIMIT 1",
            subscription_id,
        )

    async def taken(self, subscription_id: int, since: date) -> frozenset[date]:
        """The dates from `since` on that have had their run, or were sent before their time."""
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(
                "SELECT run_date FROM deliveries WHERE subscription_id = ? AND run_date >= ?",
                (subscription_id, since.isoformat()),
            )
        return frozenset(date.fromisoformat(day) for (day,) in rows)

    async def _where(self, condition: str, *values: object) -> list[Delivery]:
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(
                "SELECT deliveries.*, subscriptions.guild_id FROM deliveries"
                f" JOIN subscriptions ON subscriptions.id = subscription_id WHERE {condition}",
                values,
            )
            ids = [row["id"] for row in rows]
            highlights, messages = await _highlights(connection, ids), await _messages(connection, ids)
        found = (
            readable("delivery", row["id"], partial(_delivery, row, highlights[row["id"]], messages[row["id"]]))
            for row in rows
        )
        return [delivery for delivery in found if delivery]

    async def _only(self, condition: str, *values: object) -> Delivery | None:
        found = await self._where(condition, *values)
        return found[0] if found else None

    async def covered_until(self, subscription_id: int) -> date | None:
        """The last day a subscription need not look at again, None before its first run.

        A delivery that failed or was undone covers nothing: where there is no other, all of its days are open.
        """
        async with self._database.read() as connection:
            ((covered, first),) = await connection.execute_fetchall(
                "SELECT max(covered_until) FILTER (WHERE state NOT IN ('failed', 'undone')),"
                " min(json_extract(days, '$[0]')) FROM deliveries WHERE subscription_id = ?",
                (subscription_id,),
            )
        if covered:
            return date.fromisoformat(covered)
        return date.fromisoformat(first) - timedelta(days=1) if first else None

    async def highlighted(self, subscription_id: int) -> frozenset[str]:
        """The ids of the papers a subscription has highlighted."""
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(
                "SELECT paper_id FROM highlights WHERE subscription_id = ?", (subscription_id,)
            )
        return frozenset(row["paper_id"] for row in rows)

    async def of_paper(self, subscription_id: int, paper_id: str) -> Delivery | None:
        """The delivery in which a subscription highlighted a paper."""
        return await self._only(
            "deliveries.id = (SELECT delivery_id FROM highlights WHERE subscription_id = ? AND paper_id = ?)",
            subscription_id,
            paper_id,
        )

    async def covering(self, subscription_id: int, day: date) -> Delivery | None:
        """The delivery that covered a day's list for a subscription; one that failed or was undone covers nothing."""
        return await self._only(
            "subscription_id = ? AND deliveries.state NOT IN ('failed', 'undone')"
            " AND EXISTS (SELECT 1 FROM json_each(deliveries.days) WHERE value = ?) ORDER BY run_date LIMIT 1",
            subscription_id,
            day.isoformat(),
        )

    async def seen(self, guild_id: int, paper_ids: Iterable[str]) -> dict[str, date] | None:
        """When a server's daily digests first had each of these papers; None where it has had no daily digest."""
        daily = (  # of one that failed, only what had arrived is still highlighted
            "FROM highlights JOIN deliveries ON deliveries.id = delivery_id"
            " JOIN subscriptions ON subscriptions.id = deliveries.subscription_id WHERE guild_id = ?"
            " AND deliveries.state IN ('planned', 'sent', 'failed')"
            " AND json_extract(deliveries.wish, '$.cadence') = 'daily'"
        )
        async with self._database.read() as connection:
            if not await connection.execute_fetchall(f"SELECT 1 {daily} LIMIT 1", (guild_id,)):
                return None
            rows = await connection.execute_fetchall(
                f"SELECT paper_id, min(run_date) {daily} AND paper_id IN (SELECT value FROM json_each(?))"
                " GROUP BY paper_id",
                (guild_id, json.dumps(list(paper_ids))),
            )
        return {paper_id: date.fromisoformat(day) for paper_id, day in rows}

    async def attempt(self, delivery_id: int, number: int, now: datetime) -> bool:
        """Note, before a send, that its outcome is about to be unknown; False where it is not to be sent any more."""
        async with self._database.write() as connection:
            noted = await connection.execute(
                "UPDATE messages SET attempted_at = coalesce(attempted_at, ?) WHERE delivery_id = ? AND number = ?"
                " AND EXISTS (SELECT 1 FROM deliveries JOIN subscriptions ON subscriptions.id = subscription_id"
                " WHERE deliveries.id = ? AND deliveries.state = 'planned' AND subscriptions.state = 'active')",
                (iso(now), delivery_id, number, delivery_id),
            )
            return noted.rowcount > 0

    async def not_arrived(self, delivery_id: int, number: int) -> None:
        """The message is known not to exist."""
        await self._note(delivery_id, number, "attempted_at = NULL")

    async def arrived(self, delivery_id: int, number: int, place_id: int, message_id: int, sent_at: datetime) -> None:
        """A message is there; what is left to do is its thread, and to publish it."""
        await self._note(
            delivery_id,
            number,
            "attempted_at = NULL, place_id = ?, message_id = ?, sent_at = ?",
            place_id,
            message_id,
            iso(sent_at),
        )

    async def threaded(self, delivery_id: int, number: int) -> None:
        await self._note(delivery_id, number, "threaded = 1")

    async def published(self, delivery_id: int, number: int, now: datetime) -> None:
        await self._note(delivery_id, number, "published_at = ?", iso(now))

    async def published_since(self, place_id: int, instant: datetime) -> int:
        """How many messages of a channel were published from `instant` on."""
        async with self._database.read() as connection:
            ((count,),) = await connection.execute_fetchall(
                "SELECT count(*) FROM messages WHERE place_id = ? AND published_at >= ?", (place_id, iso(instant))
            )
        return int(count)

    async def complete(self, delivery: Delivery, reason: Reason | None = None) -> None:
        """All messages are there; `reason` says what else could not be done. A failure is worth telling again."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE deliveries SET state = CASE WHEN quiet IS NULL THEN 'sent' ELSE 'quiet' END,"
                " reason = ?, retry_at = NULL WHERE id = ?",
                (reason_json(reason), delivery.id),
            )
            await forget_notice(connection, delivery.subscription_id)

    async def postpone(self, delivery_id: int, reason: Reason, retry_at: datetime) -> None:
        """Try again at `retry_at`; whether a message exists stays as unknown as it is."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE deliveries SET attempts = attempts + 1, reason = ?, retry_at = ? WHERE id = ?",
                (reason_json(reason), iso(retry_at), delivery_id),
            )

    async def _note(self, delivery_id: int, number: int, assignments: str, *values: object) -> None:
        async with self._database.write() as connection:
            await connection.execute(
                f"UPDATE messages SET {assignments} WHERE delivery_id = ? AND number = ?",
                (*values, delivery_id, number),
            )

    async def fail(self, delivery_id: int, reason: Reason, now: datetime, *, suspending: bool = False) -> None:
        """Give up what has not arrived of a delivery and release its papers for the next.

        With `suspending`, its subscription is suspended for the same reason.
        """
        async with self._database.write() as connection:
            failed = await connection.execute_fetchall(
                "UPDATE deliveries SET state = 'failed', reason = ?, retry_at = NULL WHERE id = ?"
                " RETURNING subscription_id",
                (reason_json(reason), delivery_id),
            )
            await connection.execute(
                "DELETE FROM highlights WHERE delivery_id = ? AND message IN"
                " (SELECT number FROM messages WHERE delivery_id = ? AND message_id IS NULL)",
                (delivery_id, delivery_id),
            )
            await connection.execute("UPDATE messages SET attempted_at = NULL WHERE delivery_id = ?", (delivery_id,))
            for (subscription_id,) in failed:  # none, when it was forgotten meanwhile
                await _void_plans(connection, subscription_id)
                if suspending:
                    await suspend(connection, subscription_id, reason, now)

    async def undo(self, delivery: Delivery, *, by: int, now: datetime) -> None:
        """Record that the messages of a delivery were deleted, and release its papers for the next; once."""
        async with self._database.write() as connection:
            undone = await connection.execute(
                "UPDATE deliveries SET state = 'undone' WHERE id = ? AND state != 'undone'", (delivery.id,)
            )
            if not undone.rowcount:
                return
            await connection.execute("DELETE FROM highlights WHERE delivery_id = ?", (delivery.id,))
            await connection.execute(
                "UPDATE messages SET place_id = NULL, message_id = NULL WHERE delivery_id = ?", (delivery.id,)
            )
            await _reopen(connection, delivery)
            await _void_plans(connection, delivery.subscription_id)
            await record_change(connection, delivery.subscription_id, Action.UNDONE, by=by, now=now)

    async def failures_in_a_row(self, subscription_id: int) -> int:
        """How many of a subscription's latest runs failed, one after the other."""
        async with self._database.read() as connection:
            ((count,),) = await connection.execute_fetchall(
                "SELECT count(*) FROM deliveries WHERE subscription_id = ? AND state = 'failed' AND run_date >"
                " (SELECT coalesce(max(run_date), '') FROM deliveries"
                " WHERE subscription_id = ? AND state IN ('sent', 'quiet', 'undone'))",
                (subscription_id, subscription_id),
            )
        return int(count)


async def _void_plans(connection: aiosqlite.Connection, subscription_id: int) -> None:
    """Whatever is being composed does not know yet which days are open again."""
    await connection.execute("UPDATE subscriptions SET revision = revision + 1 WHERE id = ?", (subscription_id,))


async def _reopen(connection: aiosqlite.Connection, undone: Delivery) -> None:
    """Have the next digest look at the days of `undone` again, though other runs have come since."""
    if undone.digest.days:
        before = undone.digest.days[0] - timedelta(days=1)
        await connection.execute(
            "UPDATE deliveries SET covered_until = min(covered_until, ?)"
            " WHERE subscription_id = ? AND run_date > ? AND state NOT IN ('failed', 'undone')",
            (before.isoformat(), undone.subscription_id, undone.run_date.isoformat()),
        )


class _Void(Exception):
    """A plan that must not be: the transaction is taken back."""


async def _insert(
    connection: aiosqlite.Connection,
    subscription: Subscription,
    run: Run,
    digest: Digest,
    nonces: Sequence[str],
    now: datetime,
) -> int:
    """The new delivery's id; raises `_Void` when the run has its delivery already, or one is under way."""
    inserted = await connection.execute_fetchall(
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
            wish_json(subscription.wish),
            digest.covered_until.isoformat(),
            json.dumps([day.isoformat() for day in digest.days]),
            digest.listed,
            iso(now),
            subscription.id,
        ),
    )
    for row in inserted:
        await _insert_messages(connection, row["id"], nonces)
        await _insert_highlights(connection, row["id"], subscription.id, digest.highlights, apart=len(nonces) > 1)
        return int(row["id"])
    raise _Void


async def _move_on(connection: aiosqlite.Connection, subscription: Subscription, next_run: Run) -> None:
    """Set the next run; raises `_Void` when an admin changed the subscription since it was read."""
    values = run_row(next_run)
    moved = await connection.execute(
        f"UPDATE subscriptions SET {assigned(values)}, reason = NULL"
        " WHERE id = ? AND revision = ? AND state = 'active'",
        (*values.values(), subscription.id, subscription.revision),
    )
    if not moved.rowcount:
        raise _Void


async def _insert_messages(connection: aiosqlite.Connection, delivery_id: int, nonces: Sequence[str]) -> None:
    await connection.executemany(
        "INSERT INTO messages (delivery_id, number, nonce) VALUES (?, ?, ?)",
        [(delivery_id, number, nonce) for number, nonce in enumerate(nonces, 1)],
    )


async def _insert_highlights(
    connection: aiosqlite.Connection,
    delivery_id: int,
    subscription_id: int,
    highlights: Iterable[Highlight],
    *,
    apart: bool,
) -> None:
    """The highlights, each with its message `apart`, or all in the first."""
    await connection.executemany(
        "INSERT INTO highlights (delivery_id, subscription_id, position, paper_id, upvotes, comments, riser,"
        " seen_on, missed, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                delivery_id,
                subscription_id,
                each.position,
                each.paper.id,
                each.upvotes,
                each.comments,
                each.riser,
                each.seen_on and each.seen_on.isoformat(),
                each.missed,
                each.position if apart else 1,
            )
            for each in highlights
        ],
    )


async def _highlights(
    connection: aiosqlite.Connection, delivery_ids: list[int]
) -> defaultdict[int, tuple[Highlight, ...]]:
    rows = await connection.execute_fetchall(
        "SELECT paper.*, delivery_id, position, highlights.upvotes AS upvotes_then,"
        " highlights.comments AS comments_then, riser, seen_on, missed"
        f" FROM highlights JOIN ({SELECT_PAPERS}) AS paper"
        " ON paper.id = paper_id WHERE delivery_id IN (SELECT value FROM json_each(?)) ORDER BY position",
        (json.dumps(delivery_ids),),
    )
    found: defaultdict[int, tuple[Highlight, ...]] = defaultdict(tuple)
    for row in rows:
        found[row["delivery_id"]] += (
            Highlight(
                row["position"],
                read_paper(row),
                row["upvotes_then"],
                row["comments_then"],
                bool(row["riser"]),
                date.fromisoformat(row["seen_on"]) if row["seen_on"] else None,
                bool(row["missed"]),
            ),
        )
    return found


async def _messages(connection: aiosqlite.Connection, delivery_ids: list[int]) -> defaultdict[int, tuple[Message, ...]]:
    rows = await connection.execute_fetchall(
        "SELECT * FROM messages WHERE delivery_id IN (SELECT value FROM json_each(?)) ORDER BY number",
        (json.dumps(delivery_ids),),
    )
    found: defaultdict[int, tuple[Message, ...]] = defaultdict(tuple)
    for row in rows:
        found[row["delivery_id"]] += (
            Message(
                row["number"],
                row["nonce"],
                from_iso(row["attempted_at"]),
                row["place_id"],
                row["message_id"],
                from_iso(row["sent_at"]),
                bool(row["threaded"]),
                from_iso(row["published_at"]),
            ),
        )
    return found


def _delivery(row: sqlite3.Row, highlights: tuple[Highlight, ...], messages: tuple[Message, ...]) -> Delivery:
    return Delivery(
        id=row["id"],
        subscription_id=row["subscription_id"],
        guild_id=row["guild_id"],
        channel_id=row["channel_id"],
        run_date=date.fromisoformat(row["run_date"]),
        state=DeliveryState(row["state"]),
        reason=read_reason(row["reason"]),
        wish=read_wish(json.loads(row["wish"])),
        digest=Digest(
            date.fromisoformat(row["covered_until"]),
            tuple(date.fromisoformat(day) for day in json.loads(row["days"])),
            row["listed"],
            highlights,
            read_reason(row["quiet"]),
        ),
        messages=messages,
        planned_at=datetime.fromisoformat(row["planned_at"]),
        attempts=row["attempts"],
    )
