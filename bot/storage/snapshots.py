"""The upvotes over time, thinned as they get older."""

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from bot.storage.database import Database, to_iso

HOURLY_FOR, DAILY_FOR = timedelta(days=7), timedelta(days=92)  # then weekly
PAPERS_AT_ONCE = 200
DELETED_AT_ONCE = 500  # within some milliseconds

# All but the last of each hour, day or week, and but the first and the last of a paper. A week begins on a Monday:
# day 0 of the Julian calendar was one.
_NEEDLESS = """
    SELECT paper_id, taken_at FROM (
        SELECT paper_id, taken_at,
            lag(taken_at) OVER (PARTITION BY paper_id ORDER BY taken_at) AS earlier,
            lead(taken_at) OVER (PARTITION BY paper_id ORDER BY taken_at) AS later
        FROM upvote_snapshots WHERE paper_id BETWEEN :first AND :last
    ) WHERE earlier IS NOT NULL AND CASE
        WHEN taken_at >= :hourly THEN substr(taken_at, 1, 13) = substr(later, 1, 13)
        WHEN taken_at >= :daily THEN substr(taken_at, 1, 10) = substr(later, 1, 10)
        ELSE CAST((julianday(taken_at) + 0.5) / 7 AS INTEGER) = CAST((julianday(later) + 0.5) / 7 AS INTEGER)
    END
"""


class Snapshots:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def thin_snapshots(self, now: datetime) -> None:
        """Keep of a paper's snapshots the last of each hour for a week, of each day for a quarter, then of each week.

        Some papers at a time, latest first; where there is nothing to do, nothing is written. It may be stopped, and
        called again.
        """
        before = "~"  # after all ids
        while papers := await self._list_papers_before(before):
            before = papers[-1]
            await self._delete_batch(await self._list_needless(papers, now))

    async def _list_papers_before(self, paper_id: str) -> list[str]:
        rows = await self._database.fetch_rows(
            "SELECT id FROM papers WHERE id < ? ORDER BY id DESC LIMIT ?", paper_id, PAPERS_AT_ONCE
        )
        return [known for (known,) in rows]

    async def _list_needless(self, papers: Sequence[str], now: datetime) -> list[tuple[str, str]]:
        values = {"first": papers[-1], "last": papers[0]}
        values |= {"hourly": to_iso(now - HOURLY_FOR), "daily": to_iso(now - DAILY_FOR)}
        rows = await self._database.read(lambda connection: connection.execute(_NEEDLESS, values).fetchall())
        return [(paper_id, taken_at) for paper_id, taken_at in rows]

    async def _delete_batch(self, snapshots: Sequence[tuple[str, str]]) -> None:
        """A few at a time, as others are waiting to write."""
        for first in range(0, len(snapshots), DELETED_AT_ONCE):
            few = snapshots[first : first + DELETED_AT_ONCE]
            await self._database.write(partial(_delete_rows, snapshots=few))


def _delete_rows(connection: sqlite3.Connection, snapshots: Iterable[tuple[str, str]]) -> None:
    connection.executemany("DELETE FROM upvote_snapshots WHERE paper_id = ? AND taken_at = ?", snapshots)
