"""The subscriptions: what admins set up, and when each is due."""

import logging
import sqlite3
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.digest import Taste
from bot.schedule import Run, Timetable
from bot.storage.database import Database, iso

log = logging.getLogger(__name__)

PER_GUILD = 25  # as many as a select or an autocomplete can show


class SubscriptionState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"  # by an admin
    SUSPENDED = "suspended"  # by us: the channel or our access to it is gone
    REMOVED = "removed"  # kept for the record of what it was sent


@dataclass(frozen=True, slots=True)
class Subscription:
    """A channel's standing wish: when, by its timetable, and what, by its taste.

    `reason` says why it is suspended, or what its run waits for.

    `revision` grows with every change by an admin: a plan made from an older one is void.
    """

    id: int
    guild_id: int
    channel_id: int
    timetable: Timetable
    taste: Taste
    state: SubscriptionState
    reason: str | None
    next_run: Run
    revision: int


class TooManySubscriptions(Exception):
    """The server has as many subscriptions as it may."""


class Subscriptions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        guild_id: int,
        channel_id: int,
        timetable: Timetable,
        taste: Taste,
        *,
        created_by: int,
        now: datetime,
        next_run: Run,
    ) -> Subscription:
        """A new subscription; raises `TooManySubscriptions`."""
        wish = (channel_id, *_timetable_row(timetable), *_taste_row(taste), *run_row(next_run))
        async with self._database.write() as connection:
            ((count,),) = await connection.execute_fetchall(
                "SELECT count(*) FROM subscriptions WHERE guild_id = ? AND state != 'removed'", (guild_id,)
            )
            if count >= PER_GUILD:
                raise TooManySubscriptions
            (row,) = await connection.execute_fetchall(
                "INSERT INTO subscriptions (guild_id, channel_id, at, zone, weekdays, size, min_upvotes, risers,"
                " next_run_date, next_run_at, created_by, created_at, state)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'active') RETURNING *",
                (guild_id, *wish, created_by, iso(now)),
            )
        return _subscription(row)

    async def of_guild(self, guild_id: int) -> list[Subscription]:
        """A server's subscriptions, oldest first."""
        return await self._where("guild_id = ? AND state != 'removed' ORDER BY id", guild_id)

    async def get(self, subscription_id: int) -> Subscription | None:
        found = await self._where("id = ? AND state != 'removed'", subscription_id)
        return found[0] if found else None

    async def due(self, now: datetime) -> list[Subscription]:
        """Active subscriptions whose next run has come and who have no delivery under way."""
        return await self._where(
            "state = 'active' AND next_run_at <= ? AND NOT EXISTS (SELECT 1 FROM deliveries"
            " WHERE subscription_id = subscriptions.id AND deliveries.state = 'planned') ORDER BY next_run_at",
            iso(now),
        )

    async def _where(self, condition: str, *values: object) -> list[Subscription]:
        async with self._database.read() as connection:
            rows = await connection.execute_fetchall(f"SELECT * FROM subscriptions WHERE {condition}", values)
        return [subscription for row in rows if (subscription := _readable(row))]

    async def edit(
        self, subscription_id: int, channel_id: int, timetable: Timetable, taste: Taste, next_run: Run
    ) -> None:
        """Change the wish; a suspended subscription is active again."""
        await self._change(
            subscription_id,
            "channel_id = ?, at = ?, zone = ?, weekdays = ?, size = ?, min_upvotes = ?, risers = ?,"
            " next_run_date = ?, next_run_at = ?, reason = NULL,"
            " state = CASE state WHEN 'suspended' THEN 'active' ELSE state END",
            channel_id,
            *_timetable_row(timetable),
            *_taste_row(taste),
            *run_row(next_run),
        )

    async def pause(self, subscription_id: int) -> None:
        await self._change(subscription_id, "state = 'paused', reason = NULL")

    async def resume(self, subscription_id: int, next_run: Run) -> None:
        await self._change(
            subscription_id,
            "state = 'active', reason = NULL, next_run_date = ?, next_run_at = ?",
            *run_row(next_run),
        )

    async def remove(self, subscription_id: int) -> None:
        await self._change(subscription_id, "state = 'removed', reason = NULL")

    async def _change(self, subscription_id: int, assignments: str, *values: object) -> None:
        async with self._database.write() as connection:
            await connection.execute(
                f"UPDATE subscriptions SET {assignments}, revision = revision + 1 WHERE id = ? AND state != 'removed'",
                (*values, subscription_id),
            )

    async def suspend(self, subscription_id: int, reason: str) -> None:
        """Stop until an admin has mended what `reason` says."""
        await self._note(subscription_id, "state = 'suspended', reason = ?", reason)

    async def wait(self, subscription_id: int, reason: str) -> None:
        """Note what a due run waits for; the plan that follows clears it."""
        await self._note(subscription_id, "reason = ?", reason)

    async def _note(self, subscription_id: int, assignments: str, reason: str) -> None:
        async with self._database.write() as connection:
            await connection.execute(
                f"UPDATE subscriptions SET {assignments} WHERE id = ? AND state = 'active'", (reason, subscription_id)
            )


def _timetable_row(timetable: Timetable) -> tuple[str, str, str]:
    weekdays = "".join(str(number) for number in sorted(timetable.weekdays))
    return timetable.at.isoformat(timespec="minutes"), timetable.zone.key, weekdays


def _taste_row(taste: Taste) -> tuple[int, int, int]:
    return taste.size, taste.min_upvotes, taste.risers


def run_row(run: Run) -> tuple[str, str]:
    return run.date.isoformat(), iso(run.at)


def _readable(row: sqlite3.Row) -> Subscription | None:
    """A subscription; None for a row that cannot be read, which must not cost the others their digests."""
    try:
        return _subscription(row)
    except (ValueError, KeyError) as error:  # such as a zone that this machine does not know
        log.error("subscription %d cannot be read: %s", row["id"], error)
        return None


def _subscription(row: sqlite3.Row) -> Subscription:
    return Subscription(
        id=row["id"],
        guild_id=row["guild_id"],
        channel_id=row["channel_id"],
        timetable=Timetable(
            time.fromisoformat(row["at"]),
            ZoneInfo(row["zone"]),
            frozenset(int(number) for number in row["weekdays"]),
        ),
        taste=Taste(row["size"], row["min_upvotes"], row["risers"]),
        state=SubscriptionState(row["state"]),
        reason=row["reason"],
        next_run=Run(date.fromisoformat(row["next_run_date"]), datetime.fromisoformat(row["next_run_at"])),
        revision=row["revision"],
    )
