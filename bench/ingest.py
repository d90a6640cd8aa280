"""Recording lists day by day (parse, compare, upsert, list, snapshot), compared with a bare insert of the rows."""

import math
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bench.corpus import Lists
from bench.figures import Figure
from bot.papers.entry import read_list_entry
from bot.storage import open_storage

NOW = datetime(2026, 9, 1, tzinfo=UTC)


async def measure(folder: Path, lists: Lists) -> Figure:
    path = folder / "ingest.db"
    entries = sum(len(each) for each in lists.values())
    async with open_storage(path) as storage:
        began = time.perf_counter()
        for day, raw in lists.items():
            await storage.papers.record_list(day, [read_list_entry(entry, day) for entry in raw], NOW)
        ours = time.perf_counter() - began
    floor = _bare(path, folder / "bare.db")
    return Figure(
        "ingest of the archive", entries / ours, entries / floor, "papers/s", "executemany of the same rows, unparsed"
    )


def _bare(source: Path, path: Path) -> float:
    """Seconds to insert the rows of `source`, in their order, with one transaction per day."""
    with closing(sqlite3.connect(source)) as connection:
        (schema,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'papers'").fetchone()
        rows = connection.execute("SELECT * FROM papers ORDER BY change").fetchall()
        (days,) = connection.execute("SELECT count(*) FROM captures").fetchone()
    step = math.ceil(len(rows) / days)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(schema)
        marks = ", ".join("?" * len(rows[0]))
        began = time.perf_counter()
        for start in range(0, len(rows), step):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(f"INSERT INTO papers VALUES ({marks})", rows[start : start + step])
            connection.execute("COMMIT")
        return time.perf_counter() - began
