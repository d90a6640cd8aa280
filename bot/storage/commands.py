"""The slash commands as they were last registered with Discord."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.storage.database import Database, to_iso


@dataclass(frozen=True, slots=True)
class RegisteredCommands:
    """A fingerprint of all registered commands, and the id of each by its name."""

    fingerprint: str
    ids: Mapping[str, int]


class Commands:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, application_id: int) -> RegisteredCommands | None:
        rows = await self._database.fetch_rows(
            "SELECT fingerprint, ids FROM commands WHERE application_id = ?", application_id
        )
        for row in rows:
            return RegisteredCommands(row["fingerprint"], json.loads(row["ids"]))
        return None

    async def save(self, application_id: int, registered: RegisteredCommands, now: datetime) -> None:
        await self._database.execute(
            "INSERT INTO commands (application_id, fingerprint, ids, registered_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (application_id) DO UPDATE SET fingerprint = excluded.fingerprint, ids = excluded.ids,"
            " registered_at = excluded.registered_at",
            application_id,
            registered.fingerprint,
            json.dumps(dict(registered.ids)),
            to_iso(now),
        )
