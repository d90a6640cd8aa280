"""One SQLite file, and whether it can be used."""

import asyncio
import errno
import logging
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, closing
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import aiosqlite

from bot.database_address import DatabaseAddress
from bot.storage import database
from bot.storage.connection import Answer, DatabaseWork, fetch_all
from bot.storage.database import (
    UNTIL_NEXT_INTERRUPT,
    Database,
    DatabaseProblem,
    DatabaseUnusable,
    DiskFull,
    Outcome,
)

log = logging.getLogger(__name__)

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
ENOUGH_SPACE = 2**20  # free bytes, from which a disk no longer counts as full
# What reading a file may raise. The last comes of damage: bytes in place of text, which SQLite quotes in messages that
# Python then cannot decode.
UNREADABLE = (sqlite3.Error, OSError, ValueError)
FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}  # the second comes from a disk quota
FULL_AT_START = {*FULL, sqlite3.SQLITE_IOERR_SHMSIZE}  # the last where there is no room for the file beside the WAL
FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
APPLICATION_ID = 1346457683
_PRAGMAS = (
    "PRAGMA busy_timeout = 10000",
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",  # a recorded delivery must survive a power cut
    "PRAGMA temp_store = MEMORY",
    "PRAGMA secure_delete = ON",  # deleted data is overwritten, also where SQLite was built without that default
)


class SQLiteConnection(sqlite3.Connection):
    """SQLite's own connection, which also knows the ids that it gives."""

    def get_last_id(self, table: str, /) -> int:
        ((last,),) = self.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = ?", (table,))
        return int(last)

    def continue_after_id(self, table: str, last_id: int, /) -> None:
        self.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        self.execute("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, last_id))


def open_file(path: Path) -> SQLiteConnection:
    """A connection without settings, whose transactions begin where they are said to."""
    return sqlite3.connect(path, isolation_level=None, factory=SQLiteConnection)


class _Thread(aiosqlite.Connection):
    """A connection that runs a whole piece of work in one hop to its thread."""

    async def run(self, work: Callable[[SQLiteConnection], Answer], /) -> Answer:
        answer: Answer = await self._execute(work, self._conn)  # type: ignore[no-untyped-call]
        return answer

    async def stop_work(self) -> bool:
        """Interrupt the work that is running, and wait until the connection is free again."""
        free = asyncio.ensure_future(self.run(lambda _: None))  # has its turn after the work
        while not free.done():
            await self.interrupt()  # stops the current statement; the work may start another one
            await asyncio.wait({free}, timeout=UNTIL_NEXT_INTERRUPT)
        return True


class SQLiteDatabase(Database):
    """The connections to the SQLite file at `path`."""

    errors = (sqlite3.DatabaseError, UnicodeDecodeError)

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path.absolute()  # so `:memory:` is a file too, not a separate database per connection
        self._damage = ""  # a description; once set, nothing is read or written any more
        self._damaged = asyncio.Event()
        self._deletions = 0  # how often something was deleted for good
        self._cleared_deletions = 0  # how many of these are cleared from the WAL
        self._clear_lock = asyncio.Lock()

    @property
    def address(self) -> Path:
        """The file."""
        return self._path

    async def _prepare(self) -> None:
        await asyncio.to_thread(migrate_file, self._path)

    @asynccontextmanager
    async def _connect(self, *, reads_only: bool = False) -> AsyncIterator[_Thread]:
        connector = partial(open_file, self._path)
        connection = _Thread(connector, iter_chunk_size=64)
        async with connection:
            connection.row_factory = sqlite3.Row
            await connection.run(_set_pragmas)
            if reads_only:
                await connection.execute("PRAGMA query_only = ON")
            yield connection

    def _run_transaction(
        self,
        works: Sequence[DatabaseWork[Any]],
        owners: Collection[int],  # noqa: ARG002  # no other process writes into the file
        connection: SQLiteConnection,
    ) -> list[Outcome]:
        return _run_transaction(works, connection)

    def _run_read(self, work: DatabaseWork[Answer], connection: SQLiteConnection) -> Answer:
        return _run_read(work, connection)

    def _translate_error(self, error: BaseException) -> BaseException:
        """`DatabaseUnusable` for one of a damaged file, `DiskFull` for one of a full disk; any other as it is."""
        if self._damage:
            return self._build_damaged()
        cause: BaseException | None = error  # a rollback may have failed after the actual error
        while cause and getattr(cause, "sqlite_errorcode", None) not in FULL:
            cause = cause.__context__
        if cause is None:
            return error
        if not self._is_full:
            log.error("the disk is full (%s): nothing is stored and no digest is sent until there is room", cause)
        self._is_full = True
        disk_full = DiskFull()
        disk_full.__cause__ = error
        return disk_full

    def _note_error(self, error: BaseException | None) -> None:
        if error and is_damage(error):
            self._mark_damaged(describe_error(error))

    def _note_silence(self) -> None:
        """A file always answers."""

    def _note_success(self, *, has_written: bool) -> None:
        # A small write may fit on a full disk, so only the free space says that it has room again.
        if has_written and self._is_full and shutil.disk_usage(self._path.parent).free >= ENOUGH_SPACE:
            self._is_full = False
            log.warning("the disk has room again: everything continues")

    async def measure(self) -> int:
        return (await asyncio.to_thread(self._path.stat)).st_size

    async def check_integrity(self) -> None:
        """Check every page of the file, beside all other work; takes a second for half a gigabyte.

        Raises `DatabaseUnusable` if one is damaged.
        """
        check = partial(fetch_all, sql="PRAGMA quick_check(1)")
        async with self._connect() as connection:
            ((result,),) = await self._run_interruptibly(connection, check)
        if result != "ok":
            self._mark_damaged(result)
            self.raise_if_damaged()

    async def wait_for_damage(self) -> None:
        """Wait until damage is found in the file. From then on nothing is read or written."""
        await self._damaged.wait()

    @property
    def is_damaged(self) -> bool:
        return bool(self._damage)

    def _mark_damaged(self, damage: str) -> None:
        self._damage = self._damage or " ".join(damage.split())
        self._damaged.set()

    def raise_if_damaged(self) -> None:
        if self._damage:
            raise self._build_damaged()

    def _build_damaged(self) -> DatabaseUnusable:
        return DatabaseUnusable(DatabaseProblem.DAMAGED, self._path, self._damage)

    async def clear_deleted(self, *, just_deleted: bool = True) -> None:
        """Remove deleted data from the WAL too, by writing the WAL into the file and emptying it.

        While another connection reads or writes, this is left to the next call, or the next start. `just_deleted` says
        that something was deleted right before; without it, a call with nothing left to clear costs nothing.
        """
        if just_deleted:
            self._deletions += 1
        async with self._clear_lock:
            deletions = self._deletions
            if deletions > self._cleared_deletions and await self._empty_wal():
                self._cleared_deletions = deletions

    async def _empty_wal(self) -> bool:
        """Whether the WAL could be emptied, on a connection that never waits: waiting would hold up every writer."""
        async with self._connect() as connection:
            try:
                ((is_busy, *_),) = await self._run_interruptibly(connection, _truncate_wal)
            except sqlite3.OperationalError:  # such as a full disk
                return False
        return not is_busy

    async def rewrite(self) -> None:
        """Rewrite the file if something was deleted for good since the last time.

        SQLite overwrites deleted rows, but not every copy it left behind while moving rows to other pages.
        Writes wait meanwhile: some seconds for half a gigabyte. If it does not finish, the next call tries again.
        """
        ((last,),) = await self.fetch_rows("SELECT max(id) FROM traces")
        if last is None:
            return
        try:
            await self._run_interruptibly(self._writer, _vacuum_file)
        except sqlite3.OperationalError as error:
            log.warning(
                "%s could not be rewritten, so traces of deleted data stay until the next night: %s", self._path, error
            )
            return
        await self.execute("DELETE FROM traces WHERE id <= ?", last)
        await self.clear_deleted()


def _set_pragmas(connection: sqlite3.Connection) -> None:
    for pragma in _PRAGMAS:
        fetch_all(connection, pragma)  # reads every row: VACUUM is impossible while a statement is unfinished


def _run_read(work: DatabaseWork[Answer], connection: SQLiteConnection) -> Answer:
    connection.rollback()  # the last read may have been interrupted even in its own rollback
    connection.execute("BEGIN")
    try:
        return work(connection)
    finally:
        connection.rollback()


def _run_transaction(works: Sequence[DatabaseWork[Any]], connection: SQLiteConnection) -> list[Outcome]:
    """The answer of each work, or its error. Work that fails is rolled back alone; all share one commit.

    If that commit fails, all have failed.
    """
    try:
        _begin_immediate(connection)
        outcomes = [_run_savepoint(work, connection) for work in works]
        connection.execute("COMMIT")
    except BaseException as error:  # noqa: BLE001  # each caller gets it
        connection.rollback()
        return [(None, error)] * len(works)
    return outcomes


def _begin_immediate(connection: sqlite3.Connection) -> None:
    """Begin to write, waiting up to `LOCK_TIMEOUT` for another process that has locked the file, as `VACUUM` does."""
    deadline = time.monotonic() + database.LOCK_TIMEOUT
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        else:
            return


def _run_savepoint(work: DatabaseWork[Any], connection: SQLiteConnection) -> Outcome:
    connection.execute("SAVEPOINT work")
    try:
        answer, error = work(connection), None
    except BaseException as caught:
        if is_damage(caught):
            raise  # so that nothing more is written
        answer, error = None, caught
        connection.execute("ROLLBACK TO work")  # raises if SQLite has ended the whole transaction: then all fail
    connection.execute("RELEASE work")
    return answer, error


def is_damage(error: BaseException | None) -> bool:
    """Whether the file is damaged, if it was read when this was raised."""
    if isinstance(error, UnicodeDecodeError):
        return b"malformed" in error.object
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE  # the higher bits say where it was found


def describe_error(error: BaseException) -> str:
    """What SQLite or the system says, in as few words as they have."""
    if isinstance(error, UnicodeDecodeError):
        return error.object.decode(errors="replace")
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _truncate_wal(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    """One row: whether another connection prevented it, and two page counts."""
    connection.execute("PRAGMA busy_timeout = 0")
    return fetch_all(connection, "PRAGMA wal_checkpoint(TRUNCATE)")


def _vacuum_file(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA temp_store = FILE")  # VACUUM copies the whole file
    try:
        connection.execute("VACUUM")
    finally:
        connection.execute("PRAGMA temp_store = MEMORY")


def has_current_schema(path: Path) -> bool:
    """Whether the file at `path` has this version's schema. Raises `DatabaseUnusable`."""
    path = path.absolute()
    try:
        return check_schema_version(path) == get_current_schema()
    except UNREADABLE as error:
        raise build_unusable_error(path, error) from error


def build_unusable_error(path: Path, error: Exception) -> DatabaseUnusable:
    """What an error of SQLite or the system means for the file."""
    code = getattr(error, "sqlite_errorcode", 0)
    if code in FULL_AT_START or (isinstance(error, OSError) and error.errno in FULL_DISK):
        return DatabaseUnusable(DatabaseProblem.DISK_FULL, path)
    if code == sqlite3.SQLITE_NOTADB:
        return DatabaseUnusable(DatabaseProblem.NOT_A_DATABASE, path)
    is_damaged = isinstance(error, ValueError) or code & 0xFF == sqlite3.SQLITE_CORRUPT
    problem = DatabaseProblem.DAMAGED if is_damaged else DatabaseProblem.UNUSABLE
    return DatabaseUnusable(problem, path, describe_error(error))


def migrate_file(path: Path) -> None:
    """Create or migrate the file at `path`. Raises `DatabaseUnusable`, and leaves a foreign file untouched."""
    try:
        version = check_schema_version(path)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA secure_delete = ON")
            for number, script in enumerate(_load_migrations()[version:], version + 1):
                # The script and its version are one transaction: a kill leaves neither.
                connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
            _truncate_wal(connection)  # it may contain data that was deleted before the bot was killed
    except UNREADABLE as error:
        raise build_unusable_error(path, error) from error


def check_schema_version(path: Path) -> int:
    """The schema's version, 0 for a new file. Raises `DatabaseUnusable`, also if it is newer than ours."""
    version = read_schema_version(path)
    refuse_newer_schema(path, version)
    return version


def refuse_newer_schema(address: DatabaseAddress, version: int) -> None:
    """Raises `DatabaseUnusable`."""
    if version > get_current_schema():
        raise DatabaseUnusable(DatabaseProblem.NEWER, address, f"schema {version}, not {get_current_schema()}")


def read_schema_version(path: Path) -> int:
    """The schema's version, 0 for a new file. Reads without changing anything. Raises `DatabaseUnusable`."""
    if path.is_dir():
        raise DatabaseUnusable(DatabaseProblem.IS_FOLDER, path)
    if not path.exists() or path.stat().st_size == 0:
        return 0
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        version = select_schema_version(connection)
    if version is None:
        raise DatabaseUnusable(DatabaseProblem.FOREIGN, path)
    return version


def select_schema_version(connection: sqlite3.Connection) -> int | None:
    """The schema's version, 0 for an empty file, and None for another program's."""
    version, owner = read_number(connection, "user_version"), read_number(connection, "application_id")
    ((tables,),) = fetch_all(connection, "SELECT count(*) FROM sqlite_master")
    return None if (version or tables) and owner != APPLICATION_ID else version


def read_number(connection: sqlite3.Connection, pragma: str) -> int:
    """The number that a pragma gives."""
    ((number,),) = fetch_all(connection, f"PRAGMA {pragma}")
    return int(number)


def get_current_schema() -> int:
    """The schema's version of this version of the program."""
    return len(_load_migrations())


def create_schema(connection: sqlite3.Connection) -> None:
    """Make the current schema in a new database, such as one in memory."""
    for script in _load_migrations():
        connection.executescript(script)


def _load_migrations() -> list[str]:
    """The numbered scripts in order; script n makes version n."""
    folder = files("bot.storage") / "migrations"
    scripts = sorted((each for each in folder.iterdir() if each.name.endswith(".sql")), key=lambda each: each.name)
    return [script.read_text(encoding="utf-8") for script in scripts]
