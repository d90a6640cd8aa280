"""What tests of the storage share: a file, its database, and a subscription with three papers to post."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.database_address import DatabaseAddress, PostgresAddress
from bot.storage import Storage, Subscription, open_storage, sqlite
from bot.storage.sqlite import SQLiteDatabase
from tests.support.builders import DAY, MORNING, paper, query, subscribe

LIMIT = 300  # seconds that a test of two processes may take, on the busiest machine


@pytest.fixture
def path(tmp_path: Path, request: pytest.FixtureRequest) -> DatabaseAddress:
    """Where the storage is, if the test uses it; else a file that is not there yet."""
    is_open = "address" in request.fixturenames
    return request.getfixturevalue("address") if is_open else tmp_path / "paperboy.db"


@pytest.fixture
def the_file_is_sound(path: DatabaseAddress) -> Iterator[None]:
    """Whatever a test did, the file it leaves behind is whole."""
    yield
    if isinstance(path, Path) and path.is_file() and path.read_bytes()[:6] == b"SQLite":
        assert query(path, "PRAGMA integrity_check") == [("ok",)]
        assert query(path, "PRAGMA foreign_key_check") == []


@pytest.fixture
async def opened(path: Path) -> AsyncIterator[SQLiteDatabase]:
    async with SQLiteDatabase(path) as known:
        yield known


@pytest.fixture
async def subscription(storage: Storage) -> Subscription:
    papers = [paper(f"2601.0000{number}", upvotes=number) for number in (1, 2, 3)]
    await storage.papers.record_list(DAY, papers, MORNING)
    return await subscribe(storage)


@pytest.fixture(scope="module")
def unsynced() -> Iterator[None]:
    """No power cut is tested here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite, "_PRAGMAS", (*sqlite._PRAGMAS, "PRAGMA synchronous = OFF"))
        yield


@pytest.fixture
async def processes(postgres_address: PostgresAddress) -> AsyncIterator[Sequence[Storage]]:
    """What two processes have, each with a connection of its own to write on."""
    async with asyncio.timeout(LIMIT), AsyncExitStack() as stack:
        yield [await stack.enter_async_context(open_storage(postgres_address)) for _ in range(2)]
