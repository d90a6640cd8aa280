"""The servers: which the bot has joined and left, and forgetting them."""

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.storage.changes import Action, record_change
from bot.storage.database import Database, fetched, iso

KEPT_FOR = timedelta(days=30)  # after the bot was removed, lest a slip of an admin cost them everything
_OF_GUILD = "(SELECT id FROM subscriptions WHERE guild_id = ?)"
_DELIVERIES = f"(SELECT id FROM deliveries WHERE subscription_id IN {_OF_GUILD})"


class Guilds:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def join(self, guild_id: int, now: datetime) -> bool:
        """Note that the bot is in a server; False when that was known already."""
        joined = await self._database.execute(
            "INSERT INTO guilds (id, joined_at) VALUES (?, ?) ON CONFLICT (id) DO UPDATE"
            " SET joined_at = excluded.joined_at, left_at = NULL, counted_out = 0 WHERE left_at IS NOT NULL",
            guild_id,
            iso(now),
        )
        return joined > 0

    async def leave(self, guild_id: int, now: datetime) -> None:
        """Note that the bot is no longer in a server, and pause what was set up there."""
        await self._database.write(lambda connection: _leave(connection, guild_id, now))

    async def reconcile(self, present: Iterable[int], now: datetime, *, counting: bool = False) -> list[int]:
        """Note what happened while the bot was away, by the servers it is in now; gives those it has (again) joined.

        On the first count of all, none is new. With `counting`, nobody has said that the others were left: one that
        turns up again never was, and its subscriptions go on.
        """
        ids = json.dumps(list(present))
        return await self._database.write(lambda connection: _reconcile(connection, ids, now, counting=counting))

    async def forget_left(self, now: datetime) -> None:
        """Delete what is kept of servers that the bot left long ago."""
        for guild_id in await self.left_before(now - KEPT_FOR):
            await self.forget(guild_id, left_before=now - KEPT_FOR)

    async def left_before(self, instant: datetime) -> list[int]:
        """The servers that the bot has left before `instant`, and whose data is still kept."""
        rows = await self._database.rows("SELECT id FROM guilds WHERE left_at < ?", iso(instant))
        return [guild_id for (guild_id,) in rows]

    async def forget(self, guild_id: int, *, left_before: datetime | None = None) -> None:
        """Delete all that is kept of a server, if it was left by then; the archive of papers is nobody's."""
        await self._database.write(lambda connection: _forget(connection, guild_id, left_before))
        await self._database.clear_deleted()


def _reconcile(connection: sqlite3.Connection, ids: str, now: datetime, *, counting: bool) -> list[int]:
    """By the servers of these ids, as JSON; gives those that the bot has (again) joined."""
    counted = fetched(connection, "SELECT 1 FROM guilds LIMIT 1")
    _welcome_back(connection, ids, now)
    back = fetched(
        connection,
        "UPDATE guilds SET joined_at = ?, left_at = NULL"
        " WHERE left_at IS NOT NULL AND id IN (SELECT value FROM json_each(?)) RETURNING id",
        (iso(now), ids),
    )
    new = fetched(
        connection,
        "INSERT INTO guilds (id, joined_at) SELECT value, ? FROM json_each(?) WHERE true"
        " ON CONFLICT DO NOTHING RETURNING id",
        (iso(now), ids),
    )
    gone = fetched(
        connection,
        "SELECT id FROM guilds WHERE left_at IS NULL AND id NOT IN (SELECT value FROM json_each(?))"
        " UNION SELECT guild_id FROM subscriptions WHERE guild_id NOT IN (SELECT value FROM json_each(?))"
        " AND guild_id NOT IN (SELECT id FROM guilds WHERE left_at IS NOT NULL)",
        (ids, ids),
    )
    for (guild_id,) in gone:
        _leave(connection, guild_id, now, counting=counting)
    return [guild_id for (guild_id,) in (*back, *(new if counted else ()))]


def _forget(connection: sqlite3.Connection, guild_id: int, left_before: datetime | None) -> None:
    if left_before and not _left(connection, guild_id, left_before):
        return  # it has come back
    for statement in (
        f"DELETE FROM highlights WHERE subscription_id IN {_OF_GUILD}",
        f"DELETE FROM refused_papers WHERE subscription_id IN {_OF_GUILD}",
        f"DELETE FROM messages WHERE delivery_id IN {_DELIVERIES}",
        f"DELETE FROM deliveries WHERE subscription_id IN {_OF_GUILD}",
        f"DELETE FROM past WHERE subscription_id IN {_OF_GUILD}",
        f"DELETE FROM wishes WHERE subscription_id IN {_OF_GUILD}",
        "DELETE FROM drafts WHERE guild_id = ?",
        "DELETE FROM changes WHERE guild_id = ?",
        "DELETE FROM subscriptions WHERE guild_id = ?",
        "DELETE FROM notices WHERE guild_id = ?",
        "DELETE FROM guilds WHERE id = ? AND left_at IS NOT NULL",  # else it would be welcomed again
    ):
        connection.execute(statement, (guild_id,))
    connection.execute("INSERT INTO traces DEFAULT VALUES")


def _left(connection: sqlite3.Connection, guild_id: int, before: datetime) -> bool:
    rows = fetched(connection, "SELECT 1 FROM guilds WHERE id = ? AND left_at < ?", (guild_id, iso(before)))
    return bool(rows)


def _welcome_back(connection: sqlite3.Connection, ids: str, now: datetime) -> None:
    """Servers of these ids that were only counted out: what leaving had paused goes on."""
    back = fetched(
        connection,
        "UPDATE guilds SET left_at = NULL, counted_out = 0"
        " WHERE counted_out = 1 AND id IN (SELECT value FROM json_each(?)) RETURNING id",
        (ids,),
    )
    for (guild_id,) in back:
        resumed = fetched(
            connection,
            "UPDATE subscriptions SET state = 'active', revision = revision + 1 WHERE guild_id = ? AND state = 'paused'"
            " AND (SELECT action FROM changes WHERE subscription_id = subscriptions.id ORDER BY id DESC LIMIT 1)"
            " = 'left' RETURNING id",
            (guild_id,),
        )
        for (subscription_id,) in resumed:
            record_change(connection, subscription_id, Action.RETURNED, by=None, now=now)


def _leave(connection: sqlite3.Connection, guild_id: int, now: datetime, *, counting: bool = False) -> None:
    connection.execute(
        "INSERT INTO guilds (id, left_at, counted_out) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE"
        " SET left_at = coalesce(left_at, excluded.left_at), counted_out = excluded.counted_out"
        " AND (left_at IS NULL OR counted_out)",
        (guild_id, iso(now), int(counting)),
    )
    paused = fetched(
        connection,
        "UPDATE subscriptions SET state = 'paused', reason = NULL, revision = revision + 1"
        " WHERE guild_id = ? AND state IN ('active', 'suspended') RETURNING id",
        (guild_id,),
    )
    for (subscription_id,) in paused:
        record_change(connection, subscription_id, Action.LEFT, by=None, now=now)
