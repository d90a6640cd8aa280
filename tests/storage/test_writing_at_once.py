"""Writes of two processes on one PostgreSQL: those of different owners' deliveries side by side, all others alone."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack

import psycopg
import pytest

from bot.database_address import PostgresAddress
from bot.storage.connection import Connection
from bot.storage.postgres.database import PostgresDatabase

LIMIT = 60  # seconds that anything may take, on the busiest machine
ROUNDS = 40
Databases = Sequence[PostgresDatabase]


@pytest.fixture
async def databases(postgres_address: PostgresAddress) -> AsyncIterator[Databases]:
    """As two processes have them."""
    async with asyncio.timeout(LIMIT), AsyncExitStack() as stack:
        yield [await stack.enter_async_context(PostgresDatabase(postgres_address)) for _ in range(2)]


@pytest.fixture
def held() -> Iterator[threading.Event]:
    """What a work waits for; even a test that fails lets it go."""
    event = threading.Event()
    yield event
    event.set()


async def start_holding(database: PostgresDatabase, held: threading.Event, owner_id: int | None) -> asyncio.Task[str]:
    """Start a write that goes on until `held` is set, and wait until it has begun."""
    began = threading.Event()

    def wait(_: Connection) -> str:
        began.set()
        held.wait(LIMIT)
        return "held"

    task = asyncio.create_task(database.write(wait, owner_id=owner_id))
    await asyncio.to_thread(began.wait, LIMIT)
    return task


async def wait_for_blocked_writer(address: PostgresAddress) -> None:
    """Wait until some process waits for a lock."""
    waits = b"SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    async with await psycopg.AsyncConnection.connect(address.url, autocommit=True) as admin:
        while not await (await admin.execute(waits)).fetchall():
            pass


@pytest.mark.parametrize(
    ("first", "second"), [(None, 1), (1, None), (1, 1)], ids=["any, delivery", "delivery, any", "same owner"]
)
async def test_what_might_concern_the_same_rows_waits_for_the_other_process(
    postgres_address: PostgresAddress,
    databases: Databases,
    held: threading.Event,
    first: int | None,
    second: int | None,
) -> None:
    done: list[str] = []
    holding = await start_holding(databases[0], held, first)
    waiting = asyncio.create_task(databases[1].write(lambda _: done.append("second"), owner_id=second))
    await wait_for_blocked_writer(postgres_address)
    assert not done
    held.set()
    await asyncio.gather(holding, waiting)
    assert done


async def test_a_delivery_is_recorded_while_another_process_records_one_of_another_server(
    databases: Databases, held: threading.Event
) -> None:
    holding = await start_holding(databases[0], held, 1)
    assert await databases[1].write(lambda _: "at once", owner_id=2) == "at once"
    assert not holding.done()
    held.set()
    await holding


async def test_processes_that_record_deliveries_of_the_same_servers_at_once_never_wait_in_a_circle(
    databases: Databases,
) -> None:
    def write(database: PostgresDatabase, owner_id: int | None) -> asyncio.Task[object]:
        return asyncio.create_task(database.write(lambda connection: connection.execute("SELECT 1"), owner_id=owner_id))

    for _ in range(ROUNDS):  # each in batches of three that name the same servers in another order
        await asyncio.gather(
            *(write(databases[0], owner) for owner in (1, 2, 3)),
            *(write(databases[1], owner) for owner in (3, 2, 1)),
            *(write(database, None) for database in databases),
        )


async def test_of_writes_that_share_a_commit_only_the_failing_one_is_undone(databases: Databases) -> None:
    database, _ = databases

    def note(text: str, *, fails: bool = False) -> asyncio.Task[None]:
        def work(connection: Connection) -> None:
            connection.execute("INSERT INTO stored_queries (key, query, used_at) VALUES (?, ?, '2026')", (text, text))
            if fails:
                raise LookupError(text)

        return asyncio.create_task(database.write(work, owner_id=1))

    failing = {"b", "d"}
    outcomes = await asyncio.gather(*(note(each, fails=each in failing) for each in "abcd"), return_exceptions=True)
    assert [type(each) for each in outcomes] == [type(None), LookupError, type(None), LookupError]
    assert [key for (key,) in await database.fetch_rows("SELECT key FROM stored_queries ORDER BY key")] == ["a", "c"]
