"""The audit log: what was done to a server's subscriptions, when, and by whom."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.reasons import Reason
from bot.storage.connection import Connection
from bot.storage.database import Database, to_iso
from bot.storage.reasons import dump_reason, load_reason

DELETED_PERSON = 0  # the id of everyone who deleted their data


class Action(StrEnum):
    ADDED = "added"
    EDITED = "edited"
    PAUSED = "paused"
    RESUMED = "resumed"
    REMOVED = "removed"
    SENT = "sent"  # the next digest, early
    EXTRA = "extra"  # a digest posted beside the runs
    UNDONE = "undone"  # the last digest
    SUSPENDED = "suspended"  # by the bot
    RECOVERED = "recovered"  # by the bot, because the obstacle is gone
    LEFT = "left"  # paused because the bot was removed from the server
    RETURNED = "returned"  # resumed because the bot had not been removed after all


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An action on a subscription. `user_id` is None if the bot itself did it, or `DELETED_PERSON`.

    `details` are the settings that were edited: (before, after), by column name.
    """

    subscription_id: int
    user_id: int | None
    action: Action
    details: Mapping[str, tuple[Any, Any]]
    reason: Reason | None
    made_at: datetime


class AuditLog:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_latest(self, guild_id: int, limit: int) -> list[AuditEntry]:
        """A server's latest entries, newest first."""
        rows = await self._database.fetch_rows(
            "SELECT * FROM audit_log WHERE guild_id = ? ORDER BY id DESC LIMIT ?", guild_id, limit
        )
        return [
            AuditEntry(
                row["subscription_id"],
                row["user_id"],
                Action(row["action"]),
                {name: (before, after) for name, (before, after) in json.loads(row["details"]).items()},
                load_reason(row["reason"]),
                datetime.fromisoformat(row["made_at"]),
            )
            for row in rows
        ]


def record_action(
    connection: Connection,
    subscription_id: int,
    action: Action,
    *,
    by: int | None,
    now: datetime,
    details: Mapping[str, object] | None = None,
    reason: Reason | None = None,
) -> None:
    """Within the transaction that makes a change: record it. What people do to their own digests is not recorded."""
    connection.execute(
        "INSERT INTO audit_log (guild_id, subscription_id, user_id, action, details, reason, made_at)"
        " SELECT guild_id, id, CAST(? AS BIGINT), ?, ?, ?, ? FROM subscriptions WHERE id = ? AND guild_id IS NOT NULL",
        (
            by,
            action.value,
            json.dumps(details or {}, ensure_ascii=False),
            dump_reason(reason),
            to_iso(now),
            subscription_id,
        ),
    )
