"""PostgreSQL in trouble: stopped, cut off, locked by a process that hangs, or asked too much."""

import asyncio
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest

from bot.database_address import PostgresAddress
from bot.storage import (
    MAX_PER_SERVER,
    DatabaseBusy,
    ReadTooSlow,
    Storage,
    answering_user,
    database,
    open_storage,
)
from bot.storage.connection import Connection
from bot.storage.database import DatabaseAway
from bot.storage.postgres import database as postgres
from bot.storage.postgres.connection import connect
from bot.storage.postgres.schema import WRITER_LOCK
from tests.support.builders import DAY, MORNING, paper, query
from tests.support.postgres import start, start_again, stop

HOLD = f"BEGIN; SELECT pg_advisory_xact_lock({WRITER_LOCK}); INSERT INTO guilds (id) VALUES (99)"
SLOW = "SELECT pg_sleep(60)"

WRITER = """
import asyncio, sys
from bot.database_address import PostgresAddress
from bot.storage import open_storage
from tests.support.builders import DAY, MORNING, paper, subscribe

async def write(number):
    async with open_storage(PostgresAddress(sys.argv[1])) as storage:
        for n in range(30):
            await asyncio.gather(
                storage.papers.record_list(DAY, [paper(f"26{number:02}.{n:05}"), paper("2501.00001")], MORNING),
                storage.guilds.record_join(n, MORNING),
                subscribe(storage, guild_id=1),
                return_exceptions=True,
            )

asyncio.run(write(int(sys.argv[2])))
"""


@pytest.fixture
async def storage(postgres_address: PostgresAddress) -> AsyncIterator[Storage]:
    async with open_storage(postgres_address) as opened:
        yield opened


@pytest.fixture
def other(postgres_address: PostgresAddress) -> Iterator[psycopg.Connection[object]]:
    """Another process's connection."""
    with closing(connect(postgres_address)) as connection:
        yield connection


async def joins(storage: Storage, guild_id: int, user: int | None = None) -> bool:
    answering_user.set(user)
    return await storage.guilds.record_join(guild_id, MORNING)


def end_sessions(address: PostgresAddress) -> None:
    """As an operator does, or a restart."""
    ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
    query(address, f"{ended} AND pid <> pg_backend_pid()")


@pytest.fixture
def folder() -> Iterator[Path]:
    """For a server of one's own. Not one of pytest's: where this is root, PostgreSQL runs as somebody else."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made:
        Path(made).chmod(0o755)
        yield Path(made)


async def test_a_database_that_is_away_is_said_once_and_all_goes_on_when_it_is_back(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    address = PostgresAddress(start(folder / "data"))
    try:
        async with open_storage(address) as storage:
            await storage.papers.record_list(DAY, [paper("2601.00001")], MORNING)
            query(address, "CHECKPOINT")  # as commits of tests do not wait for the disk
            stop(folder / "data")
            for _ in range(3):
                with pytest.raises(DatabaseAway):
                    await storage.papers.get(["2601.00001"])
                with pytest.raises(DatabaseAway):
                    await joins(storage, 1)
            assert storage.database.is_away
            start_again(folder / "data")
            assert await storage.papers.get(["2601.00001"]) == [paper("2601.00001")]
            assert await joins(storage, 1)
            assert not storage.database.is_away
    finally:
        with suppress(OSError):
            stop(folder / "data")
    said = [record.message for record in caplog.records if record.name == postgres.__name__]
    assert [text.partition(": ")[0].rpartition(" ")[2] for text in said] == ["answer", "again"]


async def test_sessions_that_were_ended_while_nothing_happened_are_replaced_unnoticed(
    storage: Storage, postgres_address: PostgresAddress
) -> None:
    assert await joins(storage, 1)
    await asyncio.gather(*(storage.papers.count() for _ in range(5)))
    end_sessions(postgres_address)
    assert await joins(storage, 2)
    assert await asyncio.gather(*(storage.papers.count() for _ in range(5))) == [0] * 5
    assert not storage.database.is_away


async def test_a_transaction_that_is_cut_off_leaves_nothing_and_the_next_one_succeeds(
    storage: Storage, postgres_address: PostgresAddress
) -> None:
    def cut(connection: Connection) -> None:
        connection.execute("INSERT INTO guilds (id) VALUES (5)")
        end_sessions(postgres_address)
        connection.execute("INSERT INTO guilds (id) VALUES (6)")

    outcomes = await asyncio.gather(
        storage.database.write(cut), joins(storage, 7), joins(storage, 8), return_exceptions=True
    )
    assert [type(each) for each in outcomes] == [DatabaseAway, bool, bool] or {type(each) for each in outcomes} == {
        DatabaseAway
    }, "one commit, one fate"
    assert await joins(storage, 5)
    assert query(postgres_address, "SELECT id FROM guilds WHERE id IN (5, 6)") == [(5,)]


async def test_while_another_process_writes_people_are_refused_and_the_bot_waits(
    storage: Storage, other: psycopg.Connection[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "WRITE_TIMEOUT", 0.1)
    other.execute(HOLD.encode())
    waiting = asyncio.create_task(joins(storage, 5))
    with pytest.raises(DatabaseBusy):
        await asyncio.create_task(joins(storage, 6, user=7))
    assert not waiting.done()
    assert await storage.papers.count() == 0, "readers wait for nobody"
    other.execute(b"COMMIT")
    assert await waiting
    assert await joins(storage, 6), "what was refused is not done later"


async def test_the_bots_own_writes_do_not_wait_for_ever(
    postgres_address: PostgresAddress, other: psycopg.Connection[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_TIMEOUT", 0.2)
    async with open_storage(postgres_address) as storage:
        other.execute(HOLD.encode())
        with pytest.raises(DatabaseBusy):
            await joins(storage, 5)
        other.execute(b"COMMIT")
        assert await joins(storage, 5)


async def test_a_process_that_is_stopped_within_a_write_holds_up_no_other_for_ever(
    postgres_address: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "import sys, time; from bot.database_address import PostgresAddress;"
        "from bot.storage.postgres import connection, database; database._IDLE_TIMEOUT = 500;"
        "raw = connection.connect(PostgresAddress(sys.argv[1])); database._prepare_writer(raw);"
        f"raw.execute({HOLD.encode()!r}); print('holds', flush=True); time.sleep(600)"
    )
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, postgres_address.url, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout
        assert await holder.stdout.readline() == b"holds\n"
        holder.send_signal(signal.SIGSTOP)
        async with open_storage(postgres_address) as storage:
            assert await joins(storage, 99), "what it had not committed is undone"
    finally:
        holder.kill()
        await holder.wait()


async def test_who_was_stopped_within_a_write_is_told_that_it_is_lost(
    postgres_address: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_IDLE_TIMEOUT", 100)

    def sleep(connection: Connection) -> None:
        connection.execute("INSERT INTO guilds (id) VALUES (5)")
        while query(postgres_address, "SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction'"):
            time.sleep(0.01)
        connection.execute("INSERT INTO guilds (id) VALUES (6)")

    async with open_storage(postgres_address) as storage:
        with pytest.raises(DatabaseAway):
            await storage.database.write(sleep)
        assert await joins(storage, 5)


async def test_a_read_that_takes_too_long_is_stopped_at_the_database_too(
    storage: Storage, postgres_address: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as hurried:
        hurried.setattr(database, "READ_TIMEOUT", 0.2)
        for _ in range(database.READERS):
            with pytest.raises(ReadTooSlow):
                await storage.database.fetch_rows(SLOW)
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep%'"
    assert query(postgres_address, f"{asleep} AND pid <> pg_backend_pid()") == [(0,)]
    assert await asyncio.gather(*(storage.papers.count() for _ in range(5))) == [0] * 5


async def test_a_read_whose_task_is_cancelled_leaves_its_connection_usable(storage: Storage) -> None:
    for _ in range(2 * database.READERS):
        task = asyncio.create_task(storage.database.fetch_rows(SLOW))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await asyncio.gather(*(storage.papers.count() for _ in range(5))) == [0] * 5


async def test_two_processes_that_write_at_once_lose_nothing(postgres_address: PostgresAddress) -> None:
    writers = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, postgres_address.url, str(number))
        for number in (1, 2)
    ]
    seen: list[int] = []
    async with open_storage(postgres_address) as storage:
        while any(each.returncode is None for each in writers):
            seen.extend(change for change, _ in await storage.papers.list_changed_since(max(seen, default=0), 1000))
            await asyncio.sleep(0.01)
        seen.extend(change for change, _ in await storage.papers.list_changed_since(max(seen, default=0), 1000))
    assert [each.returncode for each in writers] == [0, 0]
    missed = {change for (change,) in query(postgres_address, "SELECT change FROM papers")} - set(seen)
    assert missed == set(), "whoever follows the changes in order sees each"
    assert query(postgres_address, "SELECT count(*), count(DISTINCT change) FROM papers") == [(61, 61)]
    assert query(postgres_address, "SELECT count(*) FROM guilds") == [(30,)]
    assert query(postgres_address, "SELECT count(*) FROM subscriptions") == [(MAX_PER_SERVER,)]


@pytest.mark.parametrize("rest", ["127.0.0.1:1/papers?sslpassword=s3cret", "%2Fnowhere/papers"])
async def test_no_error_and_no_log_shows_the_password(rest: str, caplog: pytest.LogCaptureFixture) -> None:
    address = PostgresAddress(f"postgresql://ada:s3cret@{rest}")
    with pytest.raises(Exception, match="unreachable") as refused:
        async with open_storage(address):
            pass
    assert "s3cret" not in "".join(traceback.format_exception(refused.value))
    assert "s3cret" not in repr(refused.value) + repr(address) + caplog.text


@pytest.fixture(autouse=True)
def _in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that processes of their own import it."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
