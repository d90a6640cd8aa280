"""The deliveries: digests on their way or arrived. Two unique keys make a repeat impossible."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import aiosqlite

from bot.digest import Digest, Highlight
from bot.papers import Paper
from bot.schedule import Run
from bot.storage.database import Database, from_iso, iso
from bot.storage.papers import SELECT_PAPERS, read_paper
from bot.storage.subscriptions import Subscription, run_row


class DeliveryState(StrEnum):
    PLANNED = "planned"
    SENT = "sent"
    QUIET = "quiet"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Post:
    """A message in which a server was shown papers."""

    guild_id: int
    channel_id: int
    message_id: int
    sent_at: datetime

    @property
    def url(self) -> str:
        return f"https://discord.com/channels/{self.guild_id}/{self.channel_id}/{self.message_id}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A digest on its way or arrived. `reason` says why it is quiet, failed or not sent yet.

    `attempted_at` is set while a send has begun whose outcome nobody has recorded.
    """

    id: int
    subscription_id: int
    guild_id: int
    channel_id: int
    run_date: date
    state: DeliveryState
    reason: str | None
    nonce: str
    digest: Digest
    attempts: int
    attempted_at: datetime | None
    message_id: int | None
    sent_at: datetime | None

    @property
    def post(self) -> Post | None:
        """The message, once it has arrived."""
        if self.message_id is None or self.sent_at is None:
            return None
        return Post(self.guild_id, self.channel_id, self.message_id, self.sent_at)


_POST = "guild_id, deliveries.channel_id AS posted_in, message_id, sent_at"
_POSTED = (
    "FROM highlights JOIN deliveries ON deliveries.id = delivery_id"
    " JOIN subscriptions ON subscriptions.id = deliveries.subscription_id"
    " WHERE deliveries.channel_id IN (SELECT value FROM json_each(?))"
    " AND deliveries.state = 'sent' AND message_id IS NOT NULL"
)


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
        nonce: str,
        now: datetime,
    ) -> Delivery | None:
        """Record what `run` is to deliver, and the next run, in one transaction.

        None when an admin changed the subscription since it was read, or the run has its delivery already.
        """
        async with self._database.write() as connection:
            if not await _move_on(connection, subscription, next_run):
                return None
            delivery_id = await _insert(connection, subscription, run, digest, nonce, now)
            if delivery_id is None:
                return None
            await _insert_highlights(connection, delivery_id, subscription.id, digest.highlights)
        (delivery,) = await self._where("deliveries.id = ?", delivery_id)
        return delivery

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

    async def _where(self, condition: str, *values: object) -> list[Delivery]:
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(
                "SELECT deliveries.*, subscriptions.guild_id FROM deliveries"
                f" JOIN subscriptions ON subscriptions.id = subscription_id WHERE {condition}",
                values,
            )
            highlights = await _highlights(connection, [row["id"] for row in rows])
        return [_delivery(row, highlights[row["id"]]) for row in rows]

    async def covered_until(self, subscription_id: int) -> date | None:
        """The last day a subscription need not look at again; a failed delivery covers nothing."""
        async with self._database.read() as connection:
            ((day,),) = await connection.execute_fetchall(
                "SELECT max(covered_until) FROM deliveries WHERE subscription_id = ? AND state != 'failed'",
                (subscription_id,),
            )
        return date.fromisoformat(day) if day else None

    async def highlighted(self, subscription_id: int) -> frozenset[str]:
        """The ids of the papers a subscription has highlighted."""
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(
                "SELECT paper_id FROM highlights WHERE subscription_id = ?", (subscription_id,)
            )
        return frozenset(row["paper_id"] for row in rows)

    async def channels(self, guild_id: int) -> list[int]:
        """The channels of a server in which something was posted."""
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(
                "SELECT DISTINCT deliveries.channel_id FROM deliveries"
                " JOIN subscriptions ON subscriptions.id = subscription_id"
                " WHERE guild_id = ? AND deliveries.state = 'sent' ORDER BY deliveries.channel_id",
                (guild_id,),
            )
        return [channel for (channel,) in rows]

    async def posts(self, channels: Iterable[int], paper_ids: Iterable[str]) -> dict[str, Post]:
        """Where these channels were last shown each of these papers; one they never were shown is not in it."""
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(
                f"SELECT paper_id, {_POST} {_POSTED} AND paper_id IN (SELECT value FROM json_each(?))"
                " ORDER BY sent_at, deliveries.id",
                (json.dumps(list(channels)), json.dumps(list(paper_ids))),
            )
        return {row["paper_id"]: _post(row) for row in rows}

    async def posted(
        self, channels: Iterable[int], since: datetime, *, limit: int, offset: int = 0
    ) -> tuple[list[tuple[Paper, Post]], int]:
        """What these channels were shown from `since` on, and how much that is in all.

        The newest message comes first, its papers in their order there.
        """
        span = f"{_POSTED} AND sent_at >= ?"
        values = (json.dumps(list(channels)), iso(since))
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(
                f"SELECT paper.*, posted.* FROM (SELECT paper_id, delivery_id, position, {_POST} {span}"
                " ORDER BY sent_at DESC, delivery_id DESC, position LIMIT ? OFFSET ?) AS posted"
                f" JOIN ({SELECT_PAPERS}) AS paper ON paper.id = paper_id"
                " ORDER BY sent_at DESC, delivery_id DESC, position",
                (*values, limit, offset),
            )
            ((total,),) = await connection.execute_fetchall(f"SELECT count(*) {span}", values)
        return [(read_paper(row), _post(row)) for row in rows], total

    async def attempt(self, delivery_id: int, now: datetime) -> None:
        """Note, before a send, that its outcome is about to be unknown."""
        await self._update(delivery_id, "attempted_at = coalesce(attempted_at, ?)", iso(now))

    async def not_arrived(self, delivery_id: int) -> None:
        """The message is known not to exist."""
        await self._update(delivery_id, "attempted_at = NULL")

    async def sent(self, delivery_id: int, message_id: int, sent_at: datetime) -> None:
        await self._update(
            delivery_id,
            "state = 'sent', reason = NULL, attempted_at = NULL, retry_at = NULL, message_id = ?, sent_at = ?",
            message_id,
            iso(sent_at),
        )

    async def postpone(self, delivery_id: int, reason: str, retry_at: datetime) -> None:
        """Try again at `retry_at`; whether a message exists stays as unknown as it is."""
        await self._update(delivery_id, "attempts = attempts + 1, reason = ?, retry_at = ?", reason, iso(retry_at))

    async def _update(self, delivery_id: int, assignments: str, *values: object) -> None:
        async with self._database.write() as connection:
            await connection.execute(f"UPDATE deliveries SET {assignments} WHERE id = ?", (*values, delivery_id))

    async def fail(self, delivery_id: int, reason: str, *, suspend: bool = False) -> None:
        """Give a delivery up and release its papers for the next; `suspend` its subscription with it."""
        async with self._database.write() as connection:
            await connection.execute(
                "UPDATE deliveries SET state = 'failed', reason = ?, attempted_at = NULL, retry_at = NULL WHERE id = ?",
                (reason, delivery_id),
            )
            await connection.execute("DELETE FROM highlights WHERE delivery_id = ?", (delivery_id,))
            if suspend:
                await connection.execute(
                    "UPDATE subscriptions SET state = 'suspended', reason = ? WHERE state = 'active'"
                    " AND id = (SELECT subscription_id FROM deliveries WHERE id = ?)",
                    (reason, delivery_id),
                )


async def _move_on(connection: aiosqlite.Connection, subscription: Subscription, next_run: Run) -> bool:
    """Set the next run; False when an admin changed the subscription since it was read."""
    moved = await connection.execute(
        "UPDATE subscriptions SET next_run_date = ?, next_run_at = ?, reason = NULL"
        " WHERE id = ? AND revision = ? AND state = 'active'",
        (*run_row(next_run), subscription.id, subscription.revision),
    )
    return moved.rowcount > 0


async def _insert(
    connection: aiosqlite.Connection, subscription: Subscription, run: Run, digest: Digest, nonce: str, now: datetime
) -> int | None:
    """The new delivery's id; None when the run has its delivery already."""
    inserted = await connection.execute_fetchall(
        "INSERT INTO deliveries (subscription_id, run_date, channel_id, state, reason, nonce,"
        " covered_until, days, listed, planned_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (subscription_id, run_date) DO NOTHING RETURNING id",
        (
            subscription.id,
            run.date.isoformat(),
            subscription.channel_id,
            DeliveryState.PLANNED if digest.highlights else DeliveryState.QUIET,
            digest.reason,
            nonce,
            digest.covered_until.isoformat(),
            json.dumps([day.isoformat() for day in digest.days]),
            digest.listed,
            iso(now),
        ),
    )
    return next((row["id"] for row in inserted), None)


async def _insert_highlights(
    connection: aiosqlite.Connection, delivery_id: int, subscription_id: int, highlights: Iterable[Highlight]
) -> None:
    await connection.executemany(
        "INSERT INTO highlights (delivery_id, subscription_id, position, paper_id, upvotes, comments, riser)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (
                delivery_id,
                subscription_id,
                each.position,
                each.paper.id,
                each.upvotes,
                each.comments,
                each.riser,
            )
            for each in highlights
        ],
    )


async def _highlights(
    connection: aiosqlite.Connection, delivery_ids: list[int]
) -> defaultdict[int, tuple[Highlight, ...]]:
    rows = await connection.execute_fetchall(
        f"SELECT paper.*, delivery_id, position, highlights.upvotes AS upvotes_then,"
        f" highlights.comments AS comments_then, riser FROM highlights JOIN ({SELECT_PAPERS}) AS paper"
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
            ),
        )
    return found


def _post(row: sqlite3.Row) -> Post:
    return Post(row["guild_id"], row["posted_in"], row["message_id"], datetime.fromisoformat(row["sent_at"]))


def _delivery(row: sqlite3.Row, highlights: tuple[Highlight, ...]) -> Delivery:
    state = DeliveryState(row["state"])
    return Delivery(
        id=row["id"],
        subscription_id=row["subscription_id"],
        guild_id=row["guild_id"],
        channel_id=row["channel_id"],
        run_date=date.fromisoformat(row["run_date"]),
        state=state,
        reason=row["reason"],
        nonce=row["nonce"],
        digest=Digest(
            date.fromisoformat(row["covered_until"]),
            tuple(date.fromisoformat(day) for day in json.loads(row["days"])),
            row["listed"],
            highlights,
            row["reason"] if state is DeliveryState.QUIET else None,
        ),
        attempts=row["attempts"],
        attempted_at=from_iso(row["attempted_at"]),
        message_id=row["message_id"],
        sent_at=from_iso(row["sent_at"]),
    )
