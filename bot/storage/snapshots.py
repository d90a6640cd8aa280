"""The snapshots of upvotes, thinned as they get older."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from bot.storage.connection import Connection
from bot.storage.database import Database, to_iso

HOURLY_FOR, DAILY_FOR = timedelta(days=7), timedelta(days=92)  # after that, weekly
READ_BATCH = 200
DELETE_BATCH = 500  # takes some milliseconds

# All snapshots but a paper's first and last, and the last of each hour, day or week. Weeks begin on Monday, because
# day 0 of the Julian calendar was a Monday.
_REDUNDANT = """
    SELECT paper_id, taken_at FROM (
        SELECT paper_id, taken_at,
            lag(taken_at) OVER (PARTITION BY paper_id ORDER BY taken_at) AS earlier,
            lead(taken_at) OVER (PARTITION BY paper_id ORDER BY taken_at) AS later
        FROM upvote_snapshots WHERE paper_id BETWEEN :first AND :last
    ) AS spaced WHERE earlier IS NOT NULL AND CASE
        WHEN taken_at >= :hourly THEN substr(taken_at, 1, 13) = substr(later, 1, 13)
        WHEN taken_at >= :daily THEN substr(taken_at, 1, 10) = substr(later, 1, 10)
        ELSE CAST(julianday(substr(taken_at, 1, 10)) + 0.5 AS BIGINT) / 7
            = CAST(julianday(substr(later, 1, 10)) + 0.5 AS BIGINT) / 7
    END
"""


class Snapshots:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def thin_snapshots(self, now: datetime) -> None:
        """Delete snapshots, keeping the last of each hour for a week, of each day for a quarter, then of each week.

        Works in small transactions, newest papers first, and may be stopped and called again at any time. Where
        nothing is to delete, nothing is written.
        """
        select_papers = "SELECT id FROM papers WHERE id < ? ORDER BY id DESC LIMIT ?"
        lowest_id = "~"  # sorts after all ids
        while rows := await self._database.fetch_rows(select_papers, lowest_id, READ_BATCH):
            highest_id, lowest_id = rows[0]["id"], rows[-1]["id"]
            redundant = await self._list_redundant(lowest_id, highest_id, now)
            for start in range(0, len(redundant), DELETE_BATCH):  # other writes get a turn in between
                await self._database.write(partial(_delete_rows, snapshots=redundant[start : start + DELETE_BATCH]))

    async def _list_redundant(self, first_id: str, last_id: str, now: datetime) -> list[tuple[str, str]]:
        values = {
            "first": first_id,
            "last": last_id,
            "hourly": to_iso(now - HOURLY_FOR),
            "daily": to_iso(now - DAILY_FOR),
        }
        rows = await self._database.read(lambda connection: connection.execute(_REDUNDANT, values).fetchall())
        return [(paper_id, taken_at) for paper_id, taken_at in rows]


def _delete_rows(connection: Connection, snapshots: Iterable[tuple[str, str]]) -> None:
    connection.executemany("DELETE FROM upvote_snapshots WHERE paper_id = ? AND taken_at = ?", snapshots)
