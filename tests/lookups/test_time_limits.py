"""Look-ups: one that takes too long is stopped and says so, and no person's look-ups hold up those of others."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage import ReadTooSlow, answering_user, database
from bot.storage.connection import Connection
from bot.storage.database import READERS
from bot.storage.sqlite import SQLiteDatabase

ENDLESS = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT count(*) FROM numbers"


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[SQLiteDatabase]:
    async with SQLiteDatabase(tmp_path / "paperboy.db") as found:
        yield found


async def ask(opened: SQLiteDatabase, sql: str) -> object:
    return [tuple(row) for row in await opened.fetch_rows(sql)]


async def test_a_look_up_that_takes_too_long_is_stopped_and_its_connection_still_works(
    opened: SQLiteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "READ_TIMEOUT", 0.2)
    endless = (ask(opened, ENDLESS) for _ in range(2 * READERS))
    stopped = await asyncio.gather(*endless, return_exceptions=True)
    assert [type(each) for each in stopped] == [ReadTooSlow] * 2 * READERS
    monkeypatch.setattr(database, "READ_TIMEOUT", 60)
    assert [await ask(opened, "SELECT 1") for _ in range(2 * READERS)] == [[(1,)]] * 2 * READERS


async def test_a_look_up_is_also_stopped_between_its_statements(
    opened: SQLiteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "READ_TIMEOUT", 0.1)
    began = threading.Event()

    def work(connection: Connection) -> None:
        time.sleep(0.2)
        began.set()
        connection.execute(ENDLESS)

    with pytest.raises(ReadTooSlow):
        await opened.read(work)
    assert began.is_set()
    monkeypatch.setattr(database, "READ_TIMEOUT", 60)
    assert [await ask(opened, "SELECT 1") for _ in range(2 * READERS)] == [[(1,)]] * 2 * READERS


async def test_other_database_errors_are_raised_unchanged(opened: SQLiteDatabase) -> None:
    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await ask(opened, "SELECT * FROM nowhere_table")


async def test_one_person_uses_one_connection_and_others_are_served_meanwhile(opened: SQLiteDatabase) -> None:
    free, held = threading.Event(), threading.Semaphore(0)

    def wait(_: Connection) -> None:
        held.release()
        free.wait()

    async def hold(person: int) -> None:
        answering_user.set(person)  # in a task of its own, as every interaction is
        await opened.read(wait)

    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(hold(7))
        await asyncio.to_thread(held.acquire)
        assert [await ask(opened, "SELECT 1") for _ in range(3)] == [[(1,)]] * 3
        assert not held.acquire(blocking=False)
        free.set()
