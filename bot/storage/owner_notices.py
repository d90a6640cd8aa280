"""The faults that are present, and which of them the application's owner was told of."""

from dataclasses import dataclass
from datetime import datetime

from bot.storage.connection import Row
from bot.storage.database import Database, from_iso, to_iso
from bot.vitals import Fault


@dataclass(frozen=True, slots=True)
class OwnerNotice:
    """Since when there is a fault, and when the owner was told; None if they were not yet."""

    began_at: datetime
    told_at: datetime | None = None


class OwnerNotices:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_all(self) -> dict[Fault, OwnerNotice]:
        rows = await self._database.fetch_rows("SELECT fault, began_at, told_at FROM owner_notices")
        return {Fault(row["fault"]): _build_notice(row) for row in rows}

    async def save(self, fault: Fault, notice: OwnerNotice) -> None:
        await self._database.execute(
            "INSERT INTO owner_notices (fault, began_at, told_at) VALUES (?, ?, ?)"
            " ON CONFLICT (fault) DO UPDATE SET began_at = excluded.began_at, told_at = excluded.told_at",
            *(fault, to_iso(notice.began_at), to_iso(notice.told_at) if notice.told_at else None),
        )

    async def delete(self, fault: Fault) -> None:
        """The fault is over."""
        await self._database.execute("DELETE FROM owner_notices WHERE fault = ?", fault)


def _build_notice(row: Row) -> OwnerNotice:
    return OwnerNotice(datetime.fromisoformat(row["began_at"]), from_iso(row["told_at"]))
