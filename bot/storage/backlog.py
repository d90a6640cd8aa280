"""What waits to be done, and how current the archive is, for whoever watches the bot."""

from dataclasses import dataclass
from datetime import datetime

from bot.share import Share
from bot.storage.connection import Connection
from bot.storage.database import Database, from_iso, to_iso
from bot.storage.subscriptions import OWNER

_OWNER_OF_DELIVERY = f"SELECT {OWNER} FROM subscriptions WHERE id = subscription_id"


@dataclass(frozen=True, slots=True)
class Backlog:
    """Runs that are `due` and not planned yet, deliveries `under_way`, and servers' subscriptions `suspended`.

    `last_capture` is when the list of the latest day was last read, and `last_change` the newest change number.
    """

    due: int
    oldest_due: datetime | None
    under_way: int
    suspended: int
    captured_days: int
    last_capture: datetime | None
    last_change: int


class Backlogs:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, share: Share, now: datetime) -> Backlog:
        """Cheap at any size: each part is read from an index that holds only what waits, or one row a day."""

        def select_backlog(connection: Connection) -> Backlog:
            due = f"FROM subscriptions WHERE state = 'active' AND next_run_at <= ? AND {share.build_condition(OWNER)}"
            ((count, oldest),) = connection.execute(f"SELECT count(*), min(next_run_at) {due}", (to_iso(now),))
            last = connection.execute("SELECT captured_at FROM captures ORDER BY day DESC LIMIT 1").fetchone()
            return Backlog(
                count,
                from_iso(oldest),
                _count(
                    connection, f"deliveries WHERE state = 'planned' AND {share.build_condition(_OWNER_OF_DELIVERY)}"
                ),
                _count(
                    connection,
                    "subscriptions WHERE state = 'suspended' AND guild_id IS NOT NULL"
                    f" AND {share.build_condition('guild_id')}",
                ),
                _count(connection, "captures"),
                from_iso(last["captured_at"]) if last else None,
                connection.execute("SELECT coalesce(max(change), 0) FROM papers").fetchone()[0],
            )

        return await self._database.read(select_backlog)


def _count(connection: Connection, what: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {what}").fetchone()[0])
