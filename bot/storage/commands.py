"""The slash commands as Discord has them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.storage.database import Database, iso


@dataclass(frozen=True, slots=True)
class Registered:
    """The commands that were registered last: a fingerprint of all, and the id of each by its name."""

    fingerprint: str
    ids: Mapping[str, int]


class Commands:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, application_id: int) -> Registered | None:
        rows = await self._database.rows(
            "SELECT fingerprint, ids FROM commands WHERE application_id = ?", application_id
        )
        for row in rows:
            return Registered(row["fingerprint"], json.loads(row["ids"]))
        return None

    async def save(self, application_id: int, registered: Registered, now: datetime) -> None:
        await self._database.execute(
            "INSERT INTO commands (application_id, fingerprint, ids, registered_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (application_id) DO UPDATE SET fingerprint = excluded.fingerprint, ids = excluded.ids,"
            " registered_at = excluded.registered_at",
            application_id,
            registered.fingerprint,
            json.dumps(dict(registered.ids)),
            iso(now),
        )
