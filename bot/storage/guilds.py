"""The servers that the bot has joined and left, and deleting what is stored of them."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.share import Share
from bot.storage.audit_log import Action, record_action
from bot.storage.connection import Connection, fetch_all
from bot.storage.database import Database, to_iso
from bot.storage.deletion import delete_subscriptions, mark_for_rewriting

KEPT_FOR = timedelta(days=30)  # after the bot was removed, in case that was an admin's mistake


class Guilds:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def record_join(self, guild_id: int, now: datetime) -> bool:
        """Record that the bot is in a server; False if that was known.

        If no admin had removed it, its subscriptions resume, and then it does not count as joined either.
        """
        return await self._database.write(lambda connection: _join_server(connection, guild_id, now))

    async def record_leave(self, guild_id: int, now: datetime, *, counting: bool = False) -> None:
        """Record that the bot is no longer in a server, and pause its subscriptions.

        `counting` says that it was no admin who removed it. If it is in the server again later, they resume.
        """
        await self._database.write(lambda connection: _leave_server(connection, guild_id, now, counting=counting))

    async def leave_blocked(self, share: Share, blocked: Iterable[int], now: datetime) -> None:
        """Record that the bot leaves those of these servers that it is in, though no admin has removed it."""
        ids = json.dumps([*filter(share.has, blocked)])

        def leave(connection: Connection) -> None:
            present = fetch_all(
                connection,
                "SELECT blocked.id FROM (SELECT CAST(value AS BIGINT) AS id FROM json_each(?)) AS blocked"
                " LEFT JOIN guilds ON guilds.id = blocked.id WHERE left_at IS NULL"
                " AND (guilds.id IS NOT NULL OR EXISTS (SELECT 1 FROM subscriptions WHERE guild_id = blocked.id))",
                (ids,),
            )
            for (guild_id,) in present:
                _leave_server(connection, guild_id, now, counting=True)

        await self._database.write(leave)

    async def reconcile_servers(
        self, share: Share, present: Iterable[int], now: datetime, *, counting: bool = False
    ) -> list[int]:
        """Compare the stored servers with those the bot is in now; returns the servers joined or rejoined meanwhile.

        The very first time, no server counts as joined. `counting` says that Discord never told us that the missing
        servers were left. If such a server is present again later, the bot never left it: its subscriptions resume.
        """
        ids = json.dumps([*filter(share.has, present)])
        return await self._database.write(
            lambda connection: _reconcile_servers(connection, share, ids, now, counting=counting)
        )

    async def delete_left_servers(self, share: Share, now: datetime) -> None:
        """Delete the data of servers that the bot left over `KEPT_FOR` ago."""
        for guild_id in await self.list_servers_left_before(share, now - KEPT_FOR):
            await self.delete_server(guild_id, left_before=now - KEPT_FOR)

    async def list_servers_left_before(self, share: Share, instant: datetime) -> list[int]:
        """The servers that the bot left before `instant` and whose data is still stored."""
        rows = await self._database.fetch_rows(
            f"SELECT id FROM guilds WHERE left_at < ? AND {share.build_condition('id')}", to_iso(instant)
        )
        return [guild_id for (guild_id,) in rows]

    async def delete_server(self, guild_id: int, *, left_before: datetime | None = None) -> None:
        """Delete all data of a server, if given only if it was left before then. The archive's papers stay."""
        await self._database.write(lambda connection: _delete_server(connection, guild_id, left_before))
        await self._database.clear_deleted()


def _join_server(connection: Connection, guild_id: int, now: datetime) -> bool:
    if fetch_all(connection, "SELECT 1 FROM guilds WHERE id = ? AND counted_out = 1", (guild_id,)):
        return not _resume_never_left_servers(connection, json.dumps([guild_id]), now)
    joined = connection.execute(
        "INSERT INTO guilds (id, joined_at) VALUES (?, ?) ON CONFLICT (id) DO UPDATE"
        " SET joined_at = excluded.joined_at, left_at = NULL, counted_out = 0 WHERE guilds.left_at IS NOT NULL",
        (guild_id, to_iso(now)),
    )
    return joined.rowcount > 0


def _reconcile_servers(connection: Connection, share: Share, ids: str, now: datetime, *, counting: bool) -> list[int]:
    """`ids` are the servers that the bot is in now, as a JSON array. Returns those that it has joined or rejoined."""
    is_first_time = not fetch_all(connection, f"SELECT 1 FROM guilds WHERE {share.build_condition('id')} LIMIT 1")
    _resume_never_left_servers(connection, ids, now)
    rejoined = fetch_all(
        connection,
        "UPDATE guilds SET joined_at = ?, left_at = NULL"
        " WHERE left_at IS NOT NULL AND id IN (SELECT CAST(value AS BIGINT) FROM json_each(?)) RETURNING id",
        (to_iso(now), ids),
    )
    new = fetch_all(
        connection,
        "INSERT INTO guilds (id, joined_at) SELECT CAST(value AS BIGINT), ? FROM json_each(?) WHERE true"
        " ON CONFLICT DO NOTHING RETURNING id",
        (to_iso(now), ids),
    )
    gone = fetch_all(
        connection,
        "SELECT id FROM guilds WHERE left_at IS NULL AND id NOT IN (SELECT CAST(value AS BIGINT) FROM json_each(?))"
        f" AND {share.build_condition('id')}"
        " UNION SELECT guild_id FROM subscriptions"
        " WHERE guild_id IS NOT NULL AND guild_id NOT IN (SELECT CAST(value AS BIGINT) FROM json_each(?))"
        " AND guild_id NOT IN (SELECT id FROM guilds WHERE left_at IS NOT NULL)"
        f" AND {share.build_condition('guild_id')}",
        (ids, ids),
    )
    for (guild_id,) in gone:
        _leave_server(connection, guild_id, now, counting=counting)
    joined = rejoined if is_first_time else rejoined + new
    return [guild_id for (guild_id,) in joined]


def _delete_server(connection: Connection, guild_id: int, left_before: datetime | None) -> None:
    if left_before and not fetch_all(
        connection, "SELECT 1 FROM guilds WHERE id = ? AND left_at < ?", (guild_id, to_iso(left_before))
    ):
        return  # the bot has been added again
    delete_subscriptions(connection, "guild_id", guild_id)
    for statement in (
        "DELETE FROM drafts WHERE guild_id = ?",
        "DELETE FROM audit_log WHERE guild_id = ?",
        "DELETE FROM notices WHERE guild_id = ?",
        "DELETE FROM server_feeds WHERE guild_id = ?",
        "DELETE FROM guilds WHERE id = ? AND left_at IS NOT NULL",  # else the bot would greet the server again
    ):
        connection.execute(statement, (guild_id,))
    mark_for_rewriting(connection)


def _resume_never_left_servers(connection: Connection, ids: str, now: datetime) -> bool:
    """Resume what was paused in those of these servers from which no admin had removed the bot; whether anything was.

    They were missing from Discord's list, or blocked by the operator.
    """
    has_resumed = False
    never_left = fetch_all(
        connection,
        "UPDATE guilds SET left_at = NULL, counted_out = 0"
        " WHERE counted_out = 1 AND id IN (SELECT CAST(value AS BIGINT) FROM json_each(?)) RETURNING id",
        (ids,),
    )
    for (guild_id,) in never_left:
        resumed = fetch_all(
            connection,
            "UPDATE subscriptions SET state = 'active', revision = revision + 1 WHERE guild_id = ? AND state = 'paused'"
            " AND (SELECT action FROM audit_log WHERE subscription_id = subscriptions.id ORDER BY id DESC LIMIT 1)"
            " = 'left' RETURNING id",
            (guild_id,),
        )
        for (subscription_id,) in resumed:
            record_action(connection, subscription_id, Action.RETURNED, by=None, now=now)
        has_resumed |= bool(resumed)
    return has_resumed


def _leave_server(connection: Connection, guild_id: int, now: datetime, *, counting: bool = False) -> None:
    connection.execute(
        "INSERT INTO guilds (id, left_at, counted_out) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE"
        " SET left_at = coalesce(guilds.left_at, excluded.left_at), counted_out = CASE"
        " WHEN guilds.left_at IS NULL OR guilds.counted_out = 1 THEN excluded.counted_out ELSE 0 END",
        (guild_id, to_iso(now), int(counting)),
    )
    paused = fetch_all(
        connection,
        "UPDATE subscriptions SET state = 'paused', reason = NULL, revision = revision + 1"
        " WHERE guild_id = ? AND state IN ('active', 'suspended') RETURNING id",
        (guild_id,),
    )
    for (subscription_id,) in paused:
        record_action(connection, subscription_id, Action.LEFT, by=None, now=now)
