"""Restored files: what was posted after the backup is not in the file, so it is looked for before anything is sent."""

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial

from bot.reasons import Reason, ReasonKind
from bot.share import WHOLE, Share
from bot.storage.connection import Connection, Row, fetch_all
from bot.storage.database import Database, from_iso, read_or_log, to_iso
from bot.storage.found_runs import (
    FoundMessage,
    OwnMessage,
    ShownPaper,
    count_as_posted,
    move_next_run,
    record_found_runs,
)
from bot.storage.reasons import dump_reason
from bot.storage.subscriptions import OWNER, SEARCHED, Subscription, subscription_from_row

ABSENCE = timedelta(hours=1)  # lists are read every quarter of an hour
# Ids that are left out, at least and for each minute since the backup, of tables whose ids are in buttons and nonces.
# Admins see those of subscriptions.
LEFT_OUT = {"subscriptions": (1000, 1), "followed_queries": (10_000, 10), "deliveries": (100_000, 100)}
LAST_EVENT = """
    SELECT max(moment) FROM (
        SELECT max(captured_at) AS moment FROM captures
        UNION ALL SELECT max(planned_at) FROM deliveries
        UNION ALL SELECT max(sent_at) FROM messages
    ) AS events
"""
_IDENTITY = """
    SELECT identity, concat(CAST(CAST('papers' AS regclass) AS oid), '-', pg_database.oid),
        has_function_privilege('pg_control_checkpoint()', 'EXECUTE')
    FROM schema JOIN pg_database ON datname = current_database()
"""
_CHANNEL = (  # that is searched; the direct messages with a person may have moved since
    "CASE WHEN user_id IS NULL THEN restored_subscriptions.channel_id ELSE subscriptions.channel_id END"
)
_THESE = "subscription_id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))"


def mark_restored(
    connection: Connection, backup_at: datetime, now: datetime, *, is_certain: bool = True, share: Share = WHOLE
) -> None:
    """Within a transaction: mark a file, which has the current schema, as restored `now` from a backup of `backup_at`.

    Until the bot has looked for what each subscription has posted since, nothing is planned or sent for it. Ids that
    were given since are not given again. A file that is marked already stays to be searched from the earlier backup on.
    Unless it `is_certain` that the file was restored, ids go on as they are until something is found.
    """
    backup, reason = to_iso(backup_at), dump_reason(Reason(ReasonKind.SEARCHING_AFTER_RESTORE))
    is_shared = share.build_condition(OWNER)
    connection.execute(
        "INSERT INTO restored_subscriptions (subscription_id, channel_id, backup_at, restored_at)"
        f" SELECT id, channel_id, ?, ? FROM subscriptions WHERE id > 0 AND state != 'removed' AND {is_shared}"
        " ON CONFLICT (subscription_id) DO UPDATE"
        " SET backup_at = min(restored_subscriptions.backup_at, excluded.backup_at),"
        # if not certain, it is being searched since then
        " restored_at = CASE ? WHEN 1 THEN excluded.restored_at ELSE restored_subscriptions.restored_at END",
        (backup, to_iso(now), int(is_certain)),
    )
    connection.execute(f"UPDATE subscriptions SET reason = ? WHERE state = 'active' AND {is_shared}", (reason,))
    # A delivery to a channel that its subscription has left is not sent any more, but looked for if in doubt.
    connection.execute(
        "UPDATE messages SET attempted_at = ? WHERE message_id IS NULL AND attempted_at IS NULL AND delivery_id IN"
        " (SELECT deliveries.id FROM deliveries JOIN subscriptions ON subscriptions.id = subscription_id"
        " WHERE deliveries.state = 'planned' AND deliveries.channel_id != subscriptions.channel_id"
        f" AND user_id IS NULL AND {is_shared})",
        (backup,),
    )
    if share.leads:  # another version may have registered others since
        connection.execute("DELETE FROM commands")
    if is_certain:
        _leave_out_ids(connection, now - backup_at)


def _leave_out_ids(connection: Connection, elapsed: timedelta) -> None:
    """Continue with ids so much greater that the file cannot have had as many since the backup.

    Nor since it was restored before: then less time had elapsed.
    """
    for table, (least, each_minute) in LEFT_OUT.items():
        last = connection.get_last_id(table)
        next_id = last + max(least, last) + each_minute * int(elapsed / timedelta(minutes=1))
        connection.continue_after_id(table, next_id)


def _has_left_out_ids(connection: Connection) -> bool:
    ((last,),) = connection.execute("SELECT coalesce(max(id), 0) FROM subscriptions")
    return connection.get_last_id("subscriptions") > int(last)


@dataclass(frozen=True, slots=True)
class SearchedChannel:
    """A channel to search, or the direct messages with the person `user_id`.

    `is_active` if something would be posted there.
    """

    channel_id: int
    user_id: int | None
    is_active: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class RestoredSearch:
    """The search of a channel for what `subscriptions` have posted in it since `backup_at`.

    `searched_until` is the last message that it has looked at. `channel_ids` are the channels that nonces may name: a
    person's direct messages may have moved.
    """

    channel: SearchedChannel
    guild_id: int
    backup_at: datetime
    restored_at: datetime
    searched_until: int | None
    subscriptions: tuple[Subscription, ...]
    channel_ids: tuple[int, ...]


class Restored:
    """What is still to be searched in a file that was restored from a backup."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def mark_if_old(self, share: Share, now: datetime) -> bool:
        """Mark the file as restored if it was not written for `ABSENCE`; returns whether that is so.

        Who leads marks it for all: no other can tell any more once lists were read.

        Most often the bot was only away. But who puts an old file in place, or a snapshot of the machine, tells nobody,
        and to look costs one request for each channel.
        """

        def mark(connection: Connection) -> bool:
            # Today's list and yesterday's are read all the time.
            latest = "SELECT captured_at FROM captures WHERE day > '' ORDER BY day DESC LIMIT 2"
            last = max((datetime.fromisoformat(each) for (each,) in connection.execute(latest)), default=now)
            if now - last < ABSENCE:
                return False
            mark_restored(connection, last, now, is_certain=False, share=WHOLE if share.leads else share)
            return True

        return await self._database.write(mark)

    async def mark_if_replaced(self, now: datetime) -> bool:
        """Mark a database of PostgreSQL as restored if it is not the one last used; returns whether that is so.

        Whoever puts a dump in place makes its tables anew, with other numbers. A server that took over from another
        one, or went back to a moment, may lack the last that was written; then ids go on until something is found.
        """

        def mark(connection: Connection) -> bool:
            ((known, tables, may_ask),) = connection.execute(_IDENTITY)
            server = "SELECT timeline_id FROM pg_control_checkpoint()"
            timeline = fetch_all(connection, server)[0][0] if may_ask else 0
            identity = f"{tables} {timeline}"
            if known == identity:
                return False
            connection.execute("UPDATE schema SET identity = ?", (identity,))
            if known is None:
                return False
            is_certain = known.partition(" ")[0] != tables
            moment = from_iso(fetch_all(connection, LAST_EVENT)[0][0]) or now
            mark_restored(connection, min(moment, now), now, is_certain=is_certain)
            if is_certain:  # indexes go by change numbers, which other papers may have had
                connection.execute("UPDATE archive SET id = ?", (secrets.token_hex(16),))
            return True

        return await self._database.write(mark)

    async def list_channels(self, share: Share) -> list[SearchedChannel]:
        """All channels that are still to be searched, first those where something is due first."""
        rows = await self._database.fetch_rows(
            f"SELECT {_CHANNEL} AS channel, user_id, max(CASE state WHEN 'active' THEN 1 ELSE 0 END)"
            " AS is_active FROM restored_subscriptions"
            " CROSS JOIN subscriptions ON id = subscription_id"
            f" WHERE {_CHANNEL} != 0 AND {share.build_condition(OWNER)}"
            " GROUP BY channel, user_id ORDER BY min(next_run_at)"
        )
        return [SearchedChannel(row["channel"], row["user_id"], bool(row["is_active"])) for row in rows]

    async def is_searched(self, subscription: Subscription) -> bool:
        """Whether nothing is searched any more of what a subscription's channel has."""
        return bool(
            await self._database.fetch_rows(f"SELECT 1 FROM subscriptions WHERE id = ? AND {SEARCHED}", subscription.id)
        )

    async def read_search(self, channel: SearchedChannel) -> RestoredSearch | None:
        """The search of a channel; None if there is nothing to search any more."""

        def select_search(connection: Connection) -> RestoredSearch | None:
            rows = _select_subscriptions(connection, channel)
            if not rows:
                return None
            subscriptions = _read_subscriptions(rows)
            until = [row["searched_until"] for row in rows]
            earlier = connection.execute(
                "SELECT DISTINCT channel_id FROM deliveries WHERE subscription_id = ? AND state = 'planned'",
                (rows[0]["id"] if channel.user_id else None,),
            )
            return RestoredSearch(
                channel,
                rows[0]["guild_id"] or 0,
                datetime.fromisoformat(min(row["backup_at"] for row in rows)),
                datetime.fromisoformat(max(row["restored_at"] for row in rows)),
                None if None in until else min(until),
                subscriptions,
                tuple(dict.fromkeys([channel.channel_id, rows[0]["searched_channel"], *(each for (each,) in earlier)])),
            )

        return await self._database.read(select_search)

    async def list_recorded(self, nonces: Iterable[str]) -> frozenset[str]:
        """Those of these nonces whose messages are known to have arrived."""
        rows = await self._database.fetch_rows(
            "SELECT nonce FROM messages WHERE nonce IN (SELECT value FROM json_each(?)) AND message_id IS NOT NULL",
            json.dumps([*nonces]),
        )
        return frozenset(nonce for (nonce,) in rows)

    async def record_progress(self, search: RestoredSearch, until: int, found: Sequence[FoundMessage]) -> None:
        """Record that a search has looked at all messages up to the message `until`, and what it has found."""

        def record(connection: Connection) -> None:
            _insert_found(connection, found)
            ids = json.dumps([row["id"] for row in _select_subscriptions(connection, search.channel)])
            connection.execute(f"UPDATE restored_subscriptions SET searched_until = ? WHERE {_THESE}", (until, ids))

        await self._database.write(record)

    async def finish_search(
        self,
        search: RestoredSearch,
        found: Sequence[FoundMessage],
        now: datetime,
        *,
        giving_up: bool = False,
        only_moved: bool = False,
    ) -> int:
        """Record what was found in a channel, and let its subscriptions go on; returns how many runs were unknown.

        With `giving_up`, whatever else may have been posted counts as posted. With `only_moved`, only those go on that
        have another channel by now.
        """

        def finish(connection: Connection) -> int:
            _insert_found(connection, found)
            rows = _select_subscriptions(connection, search.channel)
            if only_moved:
                rows = [row for row in rows if row["channel_id"] != search.channel.channel_id]
            unknown, changed = 0, []
            for known in _read_subscriptions(rows):
                messages = _select_found(connection, known.id)
                found_runs = record_found_runs(connection, known, search.channel.channel_id, messages)
                unknown += found_runs
                if giving_up:
                    count_as_posted(connection, known, search.restored_at)
                has_moved = move_next_run(connection, known, now)
                if found_runs or giving_up or has_moved:
                    changed.append(known.id)
            ids = json.dumps([row["id"] for row in rows])
            connection.execute(
                "UPDATE subscriptions SET revision = revision +"
                " CASE WHEN id IN (SELECT CAST(value AS BIGINT) FROM json_each(?)) THEN 1 ELSE 0 END,"
                " reason = CASE state WHEN 'active' THEN NULL ELSE reason END"
                " WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))",
                (json.dumps(changed), ids),  # what admins are editing stays theirs where nothing was found
            )
            if unknown and not _has_left_out_ids(connection):  # so the file was restored
                _leave_out_ids(connection, now - search.backup_at)
            for table in ("found_messages", "restored_subscriptions"):
                connection.execute(f"DELETE FROM {table} WHERE {_THESE}", (ids,))
            return unknown

        return await self._database.write(finish)


def _select_subscriptions(connection: Connection, channel: SearchedChannel) -> list[Row]:
    """The rows of a channel's subscriptions, with those of their search."""
    whose = "user_id = ?" if channel.user_id else "restored_subscriptions.channel_id = ? AND user_id IS NULL"
    return fetch_all(
        connection,
        "SELECT subscriptions.*, backup_at, restored_at, searched_until, restored_subscriptions.channel_id"
        " AS searched_channel FROM restored_subscriptions JOIN subscriptions ON id = subscription_id"
        f" WHERE {whose} ORDER BY id",
        (channel.user_id or channel.channel_id,),
    )


def _read_subscriptions(rows: Iterable[Row]) -> tuple[Subscription, ...]:
    """Without those that cannot be read, which post nothing: the others of the channel need not wait for them."""
    read = (read_or_log("subscription", row["id"], partial(subscription_from_row, row)) for row in rows)
    return tuple(subscription for subscription in read if subscription)


def _insert_found(connection: Connection, found: Sequence[FoundMessage]) -> None:
    """Insert what was found, unless its subscription was deleted meanwhile."""
    connection.executemany(
        "INSERT INTO found_messages SELECT id, ?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS BIGINT), ?, ? FROM subscriptions"
        " WHERE id = ? ON CONFLICT DO NOTHING",
        [
            (
                each.message.message_id,
                each.message.place_id,
                to_iso(each.message.sent_at),
                each.message.nonce,
                each.run_date.isoformat(),
                each.extra,
                each.position,
                json.dumps([(paper.id, paper.title, paper.upvotes) for paper in each.message.papers]),
                each.message.highlighted,
                int(each.message.has_thread),
                int(each.message.is_published),
                each.subscription_id,
            )
            for each in found
        ],
    )


def _select_found(connection: Connection, subscription_id: int) -> list[FoundMessage]:
    rows = connection.execute("SELECT * FROM found_messages WHERE subscription_id = ?", (subscription_id,))
    return [
        FoundMessage(
            row["subscription_id"],
            date.fromisoformat(row["run_date"]),
            row["extra"],
            row["position"],
            OwnMessage(
                row["message_id"],
                row["place_id"],
                datetime.fromisoformat(row["sent_at"]),
                row["nonce"],
                tuple(ShownPaper(*each) for each in json.loads(row["papers"])),
                row["highlighted"],
                bool(row["has_thread"]),
                bool(row["is_published"]),
            ),
        )
        for row in rows
    ]
