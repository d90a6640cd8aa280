"""Restored files: what was posted after the backup is not in the file, so it is looked for before anything is sent."""

import sqlite3
from datetime import datetime

from bot.reasons import Reason, ReasonKind
from bot.storage.database import to_iso
from bot.storage.reasons import dump_reason

# Ids that are left out at least, of tables whose ids are in buttons and nonces; admins see those of subscriptions.
LEFT_OUT = {"subscriptions": 1000, "followed_queries": 10_000, "deliveries": 100_000}


def mark_restored(connection: sqlite3.Connection, backup_at: datetime, now: datetime) -> None:
    """Within a transaction: mark a file, which has the current schema, as restored `now` from a backup of `backup_at`.

    Until the bot has looked for what each subscription has posted since, nothing is planned or sent for it. Ids that
    were given since are not given again. A file that is marked already stays to be searched from the earlier backup on.
    """
    backup, reason = to_iso(backup_at), dump_reason(Reason(ReasonKind.SEARCHING_AFTER_RESTORE))
    connection.execute(
        "INSERT INTO restored_subscriptions (subscription_id, channel_id, backup_at, restored_at)"
        " SELECT id, channel_id, ?, ? FROM subscriptions WHERE state != 'removed'"
        " ON CONFLICT (subscription_id) DO UPDATE SET backup_at = min(backup_at, excluded.backup_at),"
        " restored_at = excluded.restored_at",
        (backup, to_iso(now)),
    )
    connection.execute("UPDATE subscriptions SET reason = ? WHERE state = 'active'", (reason,))
    # A delivery to a channel that its subscription has left is not sent any more, but looked for if in doubt.
    connection.execute(
        "UPDATE messages SET attempted_at = ? WHERE message_id IS NULL AND attempted_at IS NULL AND delivery_id IN"
        " (SELECT deliveries.id FROM deliveries JOIN subscriptions ON subscriptions.id = subscription_id"
        " WHERE deliveries.state = 'planned' AND deliveries.channel_id != subscriptions.channel_id"
        " AND user_id IS NULL)",
        (backup,),
    )
    connection.execute("DELETE FROM commands")  # another version may have registered others since
    for table, least in LEFT_OUT.items():
        _leave_out_ids(connection, table, least)


def _leave_out_ids(connection: sqlite3.Connection, table: str, least: int) -> None:
    """Continue with ids so much greater that the file cannot have had as many since the backup."""
    known = connection.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?", (table,))
    ((last,),) = known.fetchall()
    connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
    connection.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, last + max(least, last)))
