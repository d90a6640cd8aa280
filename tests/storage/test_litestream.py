"""Beside litestream, which copies the WAL elsewhere: what it needs of us, and what we can't do while it runs.

It keeps a read transaction open, so that nobody else starts the WAL anew; writes into two tables of its own; and moves
the WAL into the file by itself. The last tests run the real one, where it is installed.
"""

import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bot.storage import BackupKind, DatabaseUnusable, back_up, open_storage, restore
from tests.support.builders import DAY, MORNING, paper, query
from tests.support.terminal import LIMIT

A, B, C = (paper(f"2601.0000{number}") for number in range(3))
TABLES = """
    CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER);
    CREATE TABLE _litestream_lock (id INTEGER);
"""


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A stand-in that does to the database what litestream does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(TABLES)
        connection.execute("INSERT INTO _litestream_seq VALUES (1, 1)")
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM _litestream_seq").fetchall()
        yield connection


def read_wal(path: Path) -> bytes:
    return path.with_name(f"{path.name}-wal").read_bytes()


async def test_nothing_of_the_wal_is_lost_to_litestream_before_it_has_copied_it(path: Path) -> None:
    async with open_storage(path) as storage:
        with reading(path):
            before = read_wal(path)
            for each in (A, B, C):
                await storage.papers.record_list(DAY, [each], MORNING)
                await storage.guilds.record_join(1, MORNING)
                await storage.guilds.record_leave(1, MORNING)
                await storage.guilds.delete_server(1)  # empties the WAL, if nobody reads
            await storage.database.rewrite()
            assert read_wal(path).startswith(before)
            assert len(read_wal(path)) > len(before)
        await storage.database.clear_deleted(just_deleted=False)
        assert read_wal(path) == b""  # what was deleted is in it until litestream is stopped


async def test_its_own_checkpoints_and_tables_get_in_nobodys_way(path: Path, tmp_path: Path) -> None:
    async with open_storage(path) as storage:
        with reading(path), closing(sqlite3.connect(path, isolation_level=None)) as checkpointing:
            for each in (A, B):
                await storage.papers.record_list(DAY, [A, each], MORNING)
                checkpointing.execute("PRAGMA wal_checkpoint(PASSIVE)")
                checkpointing.execute("UPDATE _litestream_seq SET seq = seq + 1")
    async with open_storage(path) as storage:
        assert await storage.papers.get([B.id]) == [B]
    back_up(path, tmp_path / "copy.db", BackupKind.BY_HAND, MORNING)
    restore(path, tmp_path / "copy.db", MORNING)
    async with open_storage(path) as storage:
        assert await storage.papers.get([B.id]) == [B]


async def test_a_bot_starts_and_stops_beside_it(path: Path) -> None:
    async with open_storage(path) as storage:
        await storage.papers.record_list(DAY, [A], MORNING)
    with reading(path):
        for each in (B, C):
            async with open_storage(path) as storage:
                await storage.papers.record_list(DAY, [A, each], MORNING)
        assert query(path, "PRAGMA integrity_check") == [("ok",)]
        assert read_wal(path)


@contextmanager
def litestream(path: Path, replica: Path) -> Iterator[None]:
    """The real one; when it is stopped, it copies what it has not copied yet."""
    program = shutil.which("litestream")
    if not program:
        pytest.skip("litestream is not installed")
    with (replica.with_suffix(".log")).open("wb") as log:
        process = subprocess.Popen([program, "replicate", str(path), f"file://{replica}"], stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + LIMIT
            while not list(replica.rglob("*.ltx")) and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait(LIMIT)


def fetch(replica: Path, target: Path) -> None:
    subprocess.run(["litestream", "restore", "-o", str(target), f"file://{replica}"], check=True, capture_output=True)


async def test_what_the_real_one_has_copied_can_be_restored(path: Path, tmp_path: Path) -> None:
    async with open_storage(path) as storage:
        await storage.papers.record_list(DAY, [A], MORNING)
    replica, copied = tmp_path / "replica", tmp_path / "copied.db"
    with litestream(path, replica):
        async with open_storage(path) as storage:
            await storage.papers.record_list(DAY, [A, B], MORNING)
            await storage.guilds.record_join(1, MORNING)
            await storage.guilds.record_leave(1, MORNING)
            await storage.guilds.delete_server(1)
            await storage.database.rewrite()
            await storage.papers.record_list(DAY, [A, B, C], MORNING)
        back_up(path, tmp_path / "ours.db", BackupKind.BY_HAND, MORNING)
        with pytest.raises(DatabaseUnusable, match="in_use"):
            restore(path, tmp_path / "ours.db", MORNING)
    fetch(replica, copied)
    assert restore(path, copied, MORNING)
    async with open_storage(path) as storage:
        assert [each.id for each in await storage.papers.get([A.id, B.id, C.id])] == [A.id, B.id, C.id]
