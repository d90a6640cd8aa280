"""A look into a database that changes nothing in it: beside a running bot, or after one was killed.

Of a file, no byte of its folder is changed.
"""

import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.database_address import DatabaseAddress, PostgresAddress
from bot.storage.commands import RegisteredCommands
from bot.storage.connection import Answer, Connection, DatabaseWork, Row
from bot.storage.database import DatabaseProblem, DatabaseUnusable, explaining_missing_driver, from_iso, to_iso
from bot.storage.sqlite import SQLiteConnection, build_unusable_error, refuse_newer_schema, select_schema_version
from bot.storage.subscriptions import Subscription, subscription_from_row

MONTH = timedelta(days=30)
_TRIES = 3
_PAUSE = 0.2  # seconds; a writer's frames can be read by others once anybody has read them
_ACTIVE = (
    "state = 'active' AND coalesce(guild_id, 0) NOT IN (SELECT CAST(value AS BIGINT) FROM json_each(?))"
    " AND coalesce(user_id, 0) NOT IN (SELECT CAST(value AS BIGINT) FROM json_each(?))"
)


@dataclass(frozen=True, slots=True)
class Contents:
    """What the doctor wants to know of an archive and its subscriptions."""

    archive_id: str
    last_change: int
    papers: int
    papers_of_month: int  # listed in the last thirty days
    latest_capture: datetime | None
    first_used: datetime | None
    active: int
    overdue: int
    overdue_since: datetime | None
    unreadable: tuple[int, ...]  # ids of subscriptions

    def estimate_growth(self, size: int) -> int:
        """Bytes a month of a database of `size`, as if all that is stored grew like its papers."""
        return size * self.papers_of_month // self.papers if self.papers else 0


@dataclass(frozen=True, slots=True)
class FileSize:
    """In bytes."""

    database: int
    wal: int


@dataclass(frozen=True, slots=True)
class Server:
    """What the doctor wants to know of a PostgreSQL, and of the database on it."""

    version: str
    size: int  # of the database, in bytes
    connections_left: int
    offset: timedelta  # of our clock, ahead of the server's
    not_ours: str  # tables that belong to another user
    shard_count: int | None  # that the processes of the bot have agreed on


def examine_server(address: PostgresAddress) -> Server:
    """Raises `DatabaseUnusable`."""
    with explaining_missing_driver(address):
        from bot.storage.postgres import looking  # noqa: PLC0415  # it needs an extra
    return Server(*looking.examine_server(address))


def is_claimed(address: PostgresAddress, shards: Collection[int]) -> bool:
    """Whether a process of the bot has one of these shards; without any, whether it has one at all."""
    with explaining_missing_driver(address):
        from bot.storage.postgres import looking  # noqa: PLC0415  # it needs an extra
    return looking.is_claimed(address, shards)


def examine_schema(path: DatabaseAddress) -> int:
    """The version of the schema; 0 for a database without one. Raises `DatabaseUnusable` and `FileNotFoundError`."""
    if isinstance(path, PostgresAddress):
        with explaining_missing_driver(path):
            from bot.storage.postgres.looking import examine_version  # noqa: PLC0415  # it needs an extra
        return examine_version(path)
    if path.is_dir():
        raise DatabaseUnusable(DatabaseProblem.IS_FOLDER, path)
    version = _look_into_file(path, select_schema_version)
    if version is None:
        raise DatabaseUnusable(DatabaseProblem.FOREIGN, path)
    refuse_newer_schema(path, version)
    return version


def check_every_page(path: Path) -> None:
    """Check all pages, all indexes and all references. Takes seconds for half a gigabyte. Raises `DatabaseUnusable`."""

    def find_damage(connection: SQLiteConnection) -> str:
        ((result, *_),) = connection.execute("PRAGMA integrity_check(1)").fetchall()
        if result != "ok":
            return str(result)
        orphans = connection.execute("PRAGMA foreign_key_check").fetchmany(1)
        return " ".join(f"{table} row {row} → {parent}" for table, row, parent, _ in orphans)

    if damage := _look_into_file(path, find_damage):
        raise DatabaseUnusable(DatabaseProblem.DAMAGED, path, " ".join(damage.split()))


def measure_file(path: Path) -> FileSize:
    wal = path.with_name(f"{path.name}-wal")
    return FileSize(path.stat().st_size, wal.stat().st_size if wal.exists() else 0)


def read_contents(
    path: DatabaseAddress, now: datetime, late: timedelta, blocked: tuple[Sequence[int], Sequence[int]]
) -> Contents:
    """What is in a database of this version's schema. A run is overdue if it is `late`, except those of the `blocked`
    servers and people. Raises `DatabaseUnusable`.
    """
    servers, people = map(json.dumps, blocked)

    def read(connection: Connection) -> Contents:
        ((archive_id,),) = connection.execute("SELECT id FROM archive")
        ((papers, last_change),) = connection.execute("SELECT count(*), coalesce(max(change), 0) FROM papers")
        ((of_month,),) = connection.execute(
            "SELECT count(*) FROM listings WHERE day >= ?", ((now - MONTH).date().isoformat(),)
        )
        ((first, latest),) = connection.execute("SELECT min(captured_at), max(captured_at) FROM captures")
        ((created,),) = connection.execute("SELECT min(created_at) FROM subscriptions")
        ((overdue, since),) = connection.execute(
            f"SELECT count(*), min(next_run_at) FROM subscriptions WHERE {_ACTIVE} AND next_run_at <= ?",
            (servers, people, to_iso(now - late)),
        )
        rows = connection.execute("SELECT * FROM subscriptions WHERE state = 'active'").fetchall()
        return Contents(
            archive_id,
            last_change,
            papers,
            of_month,
            from_iso(latest),
            from_iso(min(filter(None, (first, created)), default=None)),
            len(rows),
            overdue,
            from_iso(since),
            tuple(row["id"] for row in rows if _read_subscription(row) is None),
        )

    return _look(path, read)


def list_subscribed(path: DatabaseAddress, limit: int, blocked: Sequence[int]) -> tuple[list[Subscription], int]:
    """So many of the servers' active subscriptions, those due next first, and how many there are in all.

    Those of `blocked` servers are left out. Raises `DatabaseUnusable`.
    """
    condition = f"{_ACTIVE} AND guild_id IS NOT NULL"
    servers = json.dumps(blocked)

    def read(connection: Connection) -> tuple[list[Subscription], int]:
        ((number,),) = connection.execute(f"SELECT count(*) FROM subscriptions WHERE {condition}", (servers, "[]"))
        rows = connection.execute(
            f"SELECT * FROM subscriptions WHERE {condition} ORDER BY next_run_at LIMIT ?", (servers, "[]", limit)
        )
        return [known for row in rows if (known := _read_subscription(row))], number

    return _look(path, read)


def _read_subscription(row: Row) -> Subscription | None:
    try:
        return subscription_from_row(row)
    except (ValueError, KeyError):  # such as a time zone that this machine does not know
        return None


def get_registered(path: DatabaseAddress, application_id: int) -> RegisteredCommands | None:
    """The slash commands as the bot last registered them. Raises `DatabaseUnusable`."""

    def read(connection: Connection) -> RegisteredCommands | None:
        sql = "SELECT fingerprint, ids FROM commands WHERE application_id = ?"
        for row in connection.execute(sql, (application_id,)):
            return RegisteredCommands(row["fingerprint"], json.loads(row["ids"]))
        return None

    return _look(path, read)


def _look(path: DatabaseAddress, work: DatabaseWork[Answer]) -> Answer:
    """What `work` reads in the database, in one transaction. Raises `DatabaseUnusable` and `FileNotFoundError`."""
    if isinstance(path, PostgresAddress):
        with explaining_missing_driver(path):
            from bot.storage.postgres.looking import look  # noqa: PLC0415  # it needs an extra
        return look(path, work)
    return _look_into_file(path, work)


def _look_into_file(path: Path, work: Callable[[SQLiteConnection], Answer]) -> Answer:
    """The same for a file."""
    path.stat()  # tells a missing file from one that cannot be opened
    for remaining in reversed(range(_TRIES)):
        try:
            with _open_unchanged(path.absolute(), is_last_try=not remaining) as connection:
                return work(connection)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if not remaining:  # before that, a bot may have started or stopped meanwhile
                raise build_unusable_error(path, error) from error
            time.sleep(_PAUSE)
    raise AssertionError  # the last try returned or raised


@contextmanager
def _open_unchanged(path: Path, *, is_last_try: bool) -> Iterator[SQLiteConnection]:
    """A connection that writes nothing, not even into the WAL's index, `-shm`, unless nothing else works.

    A file that nobody has open, and whose WAL is empty, is read as it is. If it was copied with its WAL but without
    that index, a copy is read, because SQLite would make the index.
    """
    wal, shm = (path.with_name(f"{path.name}-{end}") for end in ("wal", "shm"))
    if shm.exists():
        with _connect(path, "mode=ro" if is_last_try else "mode=ro&readonly_shm=1") as connection:
            yield connection
    elif not wal.exists() or not wal.stat().st_size:
        with _connect(path, "mode=ro&immutable=1") as connection:
            yield connection
    else:
        with TemporaryDirectory(prefix="paperboy-") as folder:
            for each in (path, wal):
                shutil.copy(each, folder)
            with _connect(Path(folder) / path.name, "mode=ro") as connection:
                yield connection


@contextmanager
def _connect(path: Path, options: str) -> Iterator[SQLiteConnection]:
    with closing(
        sqlite3.connect(f"{path.as_uri()}?{options}", uri=True, isolation_level=None, factory=SQLiteConnection)
    ) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("BEGIN")
        yield connection
