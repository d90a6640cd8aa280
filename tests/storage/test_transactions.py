"""Transactions: each is written whole or not at all, even if tasks are cancelled, fail or write at the same time."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.storage import Storage, database, open_storage
from bot.storage.connection import Connection
from bot.storage.sqlite import SQLiteDatabase
from tests.support.builders import DAY, MORNING, paper

pytestmark = pytest.mark.usefixtures("the_file_is_sound")

NEXT_DAY = DAY + timedelta(days=1)
A, B, C = (paper(f"2601.0000{number}", upvotes=number) for number in (1, 2, 3))


async def write_capture(opened: SQLiteDatabase, day: date, failure: BaseException | None = None) -> None:
    def write(connection: Connection) -> None:
        connection.execute("INSERT INTO captures (day, captured_at) VALUES (?, 'now')", (day.isoformat(),))
        if failure:
            raise failure

    await opened.write(write)


async def captures(opened: SQLiteDatabase) -> int:
    ((number,),) = await opened.fetch_rows("SELECT count(*) FROM captures")
    return int(number)


@asynccontextmanager
async def transaction(opened: SQLiteDatabase) -> AsyncIterator[None]:
    """One that has written, and is not committed until the block ends."""
    written, free = threading.Event(), threading.Event()

    def write(connection: Connection) -> None:
        connection.execute("INSERT INTO captures (day, captured_at) VALUES ('2026-01-15', 'now')")
        written.set()
        free.wait()

    writing = asyncio.create_task(opened.write(write))
    await asyncio.to_thread(written.wait)
    try:
        yield
    finally:
        free.set()
        await writing


class TestTransactions:
    @pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, asyncio.CancelledError])
    async def test_a_failed_transaction_leaves_nothing_and_the_writer_usable(
        self, opened: SQLiteDatabase, failure: type[BaseException]
    ) -> None:
        with pytest.raises(failure):
            await write_capture(opened, DAY, failure())
        assert await captures(opened) == 0
        await write_capture(opened, DAY)
        assert await captures(opened) == 1

    async def test_a_statement_that_fails_undoes_the_whole_transaction(self, opened: SQLiteDatabase) -> None:
        def twice(connection: Connection) -> None:
            connection.execute("INSERT INTO captures (day, captured_at) VALUES ('2026-01-15', 'now')")
            connection.execute("INSERT INTO captures (day, captured_at) VALUES ('2026-01-15', 'now')")

        with pytest.raises(sqlite3.IntegrityError):
            await opened.write(twice)
        assert await captures(opened) == 0

    @pytest.mark.parametrize("steps", range(12))
    async def test_a_task_cancelled_at_any_moment_leaves_all_or_nothing(self, storage: Storage, steps: int) -> None:
        for attempt in range(8):
            task = asyncio.create_task(storage.papers.record_list(DAY, [replace(A, upvotes=attempt), B], MORNING))
            for _ in range(steps):
                await asyncio.sleep(0.0003 * attempt)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            known = await storage.papers.get([A.id, B.id])
            assert len(known) in {0, 2}
            assert (await storage.papers.get_capture_times([DAY]) == {}) == (known == [])
        assert await storage.papers.record_list(DAY, [replace(A, upvotes=99)], MORNING) == 1

    async def test_a_task_cancelled_while_it_waits_for_its_turn_does_not_disturb_others(
        self, opened: SQLiteDatabase
    ) -> None:
        async with transaction(opened):
            waiting = asyncio.create_task(write_capture(opened, NEXT_DAY))
            await asyncio.sleep(0.01)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert await captures(opened) == 1

    async def test_a_task_that_fails_undoes_nothing_of_another(self, opened: SQLiteDatabase) -> None:
        days = [DAY + timedelta(days=number) for number in range(40)]
        works = [write_capture(opened, day, ValueError() if n % 2 else None) for n, day in enumerate(days)]
        outcomes = await asyncio.gather(*works, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [type(None), ValueError] * 20
        assert await captures(opened) == 20

    async def test_writes_that_wait_share_a_commit(self, opened: SQLiteDatabase, path: Path) -> None:
        async with transaction(opened):
            works = [write_capture(opened, DAY + timedelta(days=n), ValueError() if n == 7 else None) for n in range(9)]
            waiting = asyncio.gather(*works, return_exceptions=True)
            await asyncio.sleep(0)
            log = path.with_name(f"{path.name}-wal")
            before = log.stat().st_size
        assert [type(outcome) for outcome in await waiting] == [
            *(sqlite3.IntegrityError, *[type(None)] * 6),  # the first day was written already
            *(ValueError, type(None)),
        ]
        assert await captures(opened) == 8
        pages = (log.stat().st_size - before) / (4096 + 24)  # one for each commit
        assert round(pages) == 1 + 9 / database.MAX_PER_COMMIT

    async def test_all_writes_that_share_a_failed_commit_fail(self, opened: SQLiteDatabase) -> None:
        def lacking(connection: Connection) -> None:
            connection.execute("PRAGMA defer_foreign_keys = ON")
            connection.execute("INSERT INTO listings (day, paper_id) VALUES ('2026-01-15', '2601.00010')")

        async with transaction(opened):
            works = [write_capture(opened, NEXT_DAY), opened.write(lacking)]
            waiting = asyncio.gather(*works, return_exceptions=True)
            await asyncio.sleep(0)
        assert [type(outcome) for outcome in await waiting] == [sqlite3.IntegrityError] * 2
        assert await captures(opened) == 1
        await write_capture(opened, NEXT_DAY)
        assert await captures(opened) == 2

    async def test_readers_do_not_wait_for_an_open_transaction(self, opened: SQLiteDatabase) -> None:
        async with transaction(opened):
            assert await asyncio.wait_for(captures(opened), 60) == 0
        assert await captures(opened) == 1

    async def test_more_readers_than_connections_take_turns(self, opened: SQLiteDatabase) -> None:
        assert await asyncio.gather(*(captures(opened) for _ in range(50))) == [0] * 50

    async def test_a_cancelled_reader_leaves_its_connection_usable(self, opened: SQLiteDatabase) -> None:
        for _ in range(2 * database.READERS):
            task = asyncio.create_task(captures(opened))
            await asyncio.sleep(0.0005)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        assert await asyncio.gather(*(captures(opened) for _ in range(5))) == [0] * 5

    async def test_a_reader_cannot_write(self, opened: SQLiteDatabase) -> None:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await opened.fetch_rows("INSERT INTO captures (day, captured_at) VALUES ('2026-01-15', 'now')")

    async def test_two_processes_on_one_file_wait_for_each_other(self, storage: Storage, path: Path) -> None:
        async with open_storage(path) as other:
            both = [
                each.papers.record_list(DAY, [paper(f"2601.{n:05}")], MORNING)
                for n in range(20)
                for each in (storage, other)
            ]
            await asyncio.gather(*both)
            assert len(await other.papers.list_candidates(DAY, DAY)) == 20
