"""One SQLite file: a writer whose transactions are whole functions, and readers that never wait for it."""

import asyncio
import errno
import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from functools import partial
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import aiosqlite

from bot.keyed_semaphores import KeyedSemaphores
from bot.refusals import Refusal, Refused

Answer = TypeVar("Answer")
DatabaseWork = Callable[[sqlite3.Connection], Answer]
"""Runs on the connection's own thread, all in one go: switching threads costs more than a digest's statements."""
log = logging.getLogger(__name__)

LOCK_TIMEOUT = 60  # seconds that the bot's own work waits for another process; people wait `WRITE_TIMEOUT`
READ_TIMEOUT = 10  # seconds that a read may take
WRITE_TIMEOUT = 1.5  # seconds that a person's write may wait for its turn: Discord wants an answer within three
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
READERS = 2  # with one, a short read behind a slow query takes seconds; with two, a third of a millisecond
MAX_PER_COMMIT = 3  # transactions; after a commit all of them continue in one turn of the loop, so people get one soon
ENOUGH_SPACE = 2**20  # free bytes, from which a disk no longer counts as full
# What reading a file may raise. The last comes of damage: bytes in place of text, which SQLite quotes in messages that
# Python then cannot decode.
UNREADABLE = (sqlite3.Error, OSError, ValueError)
FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}  # the second comes from a disk quota
FULL_AT_START = {*FULL, sqlite3.SQLITE_IOERR_SHMSIZE}  # the last where there is no room for the file beside the WAL
FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
APPLICATION_ID = 1346457683
_UNTIL_NEXT_INTERRUPT = 0.05  # seconds
_PRAGMAS = (
    "PRAGMA busy_timeout = 10000",
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",  # a recorded delivery must survive a power cut
    "PRAGMA temp_store = MEMORY",
    "PRAGMA secure_delete = ON",  # deleted data is overwritten, also where SQLite was built without that default
)


answering_user: ContextVar[int | None] = ContextVar("answering_user", default=None)  # whose request is being answered


class ReadTooSlow(Refused):
    """A read took too long, and was interrupted."""

    def __init__(self) -> None:
        super().__init__(Refusal.READ_TOO_SLOW)


class DatabaseBusy(Refused):
    """Another process has locked the file for too long. What a person wanted to write was dropped."""

    def __init__(self) -> None:
        super().__init__(Refusal.DATABASE_BUSY)


class DiskFull(Refused):
    """The disk has no room. Nothing was changed."""

    def __init__(self) -> None:
        super().__init__(Refusal.DISK_FULL)


class DatabaseProblem(Enum):
    """What is wrong with a file. The comments say what `DatabaseUnusable.detail` then contains."""

    IN_USE = auto()
    IS_FOLDER = auto()
    FOREIGN = auto()
    NOT_A_DATABASE = auto()
    DISK_FULL = auto()
    NEWER = auto()  # its schema version and ours
    UNUSABLE = auto()  # the system's error
    DAMAGED = auto()  # SQLite's description of the damage
    OLDER = auto()  # its schema version and ours; a bot is running on it
    NOT_BACKED_UP = auto()  # why there is no backup, without which it is not migrated


class DatabaseUnusable(Exception):
    """The file cannot be used, because of `problem`. It was not changed."""

    def __init__(self, problem: DatabaseProblem, path: Path, detail: str = "") -> None:
        super().__init__(f"{path}: {problem.name.lower()} {detail}".rstrip())
        self.problem = problem
        self.path = path
        self.detail = detail
        self.backup: Path | None = None  # the one that could not be made, or that can be restored


class _Connection(aiosqlite.Connection):
    """A connection that runs a whole piece of work in one hop to its thread."""

    async def run(self, work: DatabaseWork[Answer]) -> Answer:
        answer: Answer = await self._execute(work, self._conn)  # type: ignore[no-untyped-call]
        return answer

    async def stop_work(self) -> None:
        """Interrupt the work that is running, and wait until the connection is free again."""
        free = asyncio.ensure_future(self.run(lambda _: None))  # has its turn after the work
        while not free.done():
            await self.interrupt()  # stops the current statement; the work may start another one
            await asyncio.wait({free}, timeout=_UNTIL_NEXT_INTERRUPT)


@dataclass(slots=True, eq=False)
class _PendingWrite:
    """A transaction waiting for its turn. `done` gets its answer, and the error if it failed.

    The first to take `lock` decides what happens: the writer, which runs it, or the waiting task, which withdraws it.
    """

    work: DatabaseWork[Any]
    done: asyncio.Future[tuple[Any, BaseException | None]]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run_once(self, connection: sqlite3.Connection) -> Any:
        if not self.lock.acquire(blocking=False):
            raise DatabaseBusy
        return self.work(connection)

    def withdraw(self) -> bool:
        """Prevent it from being run; False if it is running already."""
        return self.lock.acquire(blocking=False)


class Database:
    """The connections to the SQLite file at `path`; use it as an async context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()  # so `:memory:` is a file too, not a separate database per connection
        self._pending: list[_PendingWrite] = []
        self._writing: asyncio.Task[None] | None = None
        self._readers: asyncio.Queue[_Connection] = asyncio.Queue()
        self._user_slots = KeyedSemaphores(1)
        self._bot_slots = asyncio.Semaphore(READERS - 1)  # the bot's own reads always leave a connection for people
        self._write_began: float | None = None  # loop time, while a batch is being written
        self._is_full = False  # remembered so that the log says only when it starts and ends
        self._damage = ""  # a description; once set, nothing is read or written any more
        self._damaged = asyncio.Event()
        self._deletions = 0  # how often something was deleted for good
        self._cleared_deletions = 0  # how many of these are cleared from the WAL
        self._clear_lock = asyncio.Lock()

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await asyncio.to_thread(migrate_file, self._path)
            self._writer = await stack.enter_async_context(self._connect())
            for _ in range(READERS):
                reader = await stack.enter_async_context(self._connect())
                await reader.execute("PRAGMA query_only = ON")
                self._readers.put_nowait(reader)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writing:
            await self._writing
        await self._stack.aclose()

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[_Connection]:
        connector = partial(sqlite3.connect, self._path, isolation_level=None)
        connection = _Connection(connector, iter_chunk_size=64)
        async with connection:
            connection.row_factory = sqlite3.Row
            await connection.run(_set_pragmas)
            yield connection

    async def write(self, work: DatabaseWork[Answer]) -> Answer:
        """Run `work` in a transaction, one at a time; when this returns, the result is safely on disk.

        Writes that arrive while another one is running share the next commit. While another process locks the file,
        a write for a user being answered raises `DatabaseBusy` after a moment; the bot's own writes wait longer.
        Raises `DiskFull`.
        """
        self.raise_if_damaged()
        pending = _PendingWrite(work, asyncio.get_running_loop().create_future())
        self._pending.append(pending)
        self._writing = self._writing or asyncio.create_task(self._write_pending())
        try:
            answer, error = await self._wait_for_write(pending)
        except asyncio.CancelledError:
            if pending in self._pending:
                self._pending.remove(pending)
            else:
                await asyncio.wait({pending.done})  # so the caller, though cancelled, finds all of it or nothing
            raise
        if error:
            self.raise_if_damaged()
            raise self._translate_error(error)
        # A small write may fit on a full disk, so only the free space says that it has room again.
        if self._is_full and shutil.disk_usage(self._path.parent).free >= ENOUGH_SPACE:
            self._is_full = False
            log.warning("the disk has room again: everything continues")
        return answer  # type: ignore[no-any-return]

    async def _wait_for_write(self, pending: _PendingWrite) -> tuple[Any, BaseException | None]:
        if answering_user.get():
            done, _ = await asyncio.wait({pending.done}, timeout=WRITE_TIMEOUT)
            if not done and pending.withdraw():
                log.warning("the database is locked: a user was asked to try again later")
                raise DatabaseBusy
        return await asyncio.shield(pending.done)

    def _translate_error(self, error: BaseException) -> BaseException:
        """`DiskFull` for an error that a full disk caused; any other error as it is."""
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

    async def _write_pending(self) -> None:
        """Run pending writes until none is left."""
        try:
            while self._pending:
                batch, self._pending = self._pending[:MAX_PER_COMMIT], self._pending[MAX_PER_COMMIT:]
                try:
                    self.raise_if_damaged()
                    self._write_began = asyncio.get_running_loop().time()
                    outcomes = await self._writer.run(partial(_run_transaction, [each.run_once for each in batch]))
                except (sqlite3.DatabaseError, UnicodeDecodeError, DatabaseUnusable) as error:
                    outcomes = [(None, error)] * len(batch)
                except BaseException as error:
                    outcomes = [(None, error)] * len(batch)
                    raise
                finally:
                    self._write_began = None
                    for each, outcome in zip(batch, outcomes, strict=True):
                        self._note_damage(outcome[1])
                        each.done.set_result(outcome)
        except BaseException as error:
            for each in self._pending:  # otherwise their callers would wait forever
                each.done.set_result((None, error))
            self._pending = []
            raise
        finally:
            self._writing = None

    @property
    def is_full(self) -> bool:
        """Whether the disk had no room at the last write."""
        return self._is_full

    @property
    def write_seconds(self) -> float:
        """How long the current write has been at it; 0 if there is none."""
        return asyncio.get_running_loop().time() - self._write_began if self._write_began is not None else 0.0

    def count_waiting_writes(self) -> int:
        return len(self._pending)

    async def execute(self, sql: str, *values: object) -> int:
        """Run one statement as a transaction; returns how many rows it changed."""
        return await self.write(lambda connection: connection.execute(sql, values).rowcount)

    async def read(self, work: DatabaseWork[Answer]) -> Answer:
        """Run `work`, which only reads, beside any writes; it sees the database as of one moment.

        Each user has one read at a time. Raises `ReadTooSlow` after `READ_TIMEOUT`.
        """
        self.raise_if_damaged()
        user = answering_user.get()
        async with self._user_slots.get(user) if user else self._bot_slots:
            reader = await self._readers.get()
            try:
                async with asyncio.timeout(READ_TIMEOUT):
                    return await self._run_interruptibly(reader, partial(_run_read, work))
            except TimeoutError as error:
                raise ReadTooSlow from error
            finally:
                self._readers.put_nowait(reader)

    async def _run_interruptibly(self, connection: _Connection, work: DatabaseWork[Answer]) -> Answer:
        """Run `work`; if this is cancelled, interrupt it."""
        try:
            return await connection.run(work)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            self._note_damage(error)
            self.raise_if_damaged()
            raise
        except asyncio.CancelledError:
            await connection.stop_work()
            raise

    async def fetch_rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """The rows that one statement selects."""
        return await self.read(lambda connection: fetch_all(connection, sql, values))

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

    def _note_damage(self, error: BaseException | None) -> None:
        if error and is_damage(error):
            self._mark_damaged(describe_error(error))

    def _mark_damaged(self, damage: str) -> None:
        self._damage = self._damage or " ".join(damage.split())
        self._damaged.set()

    def raise_if_damaged(self) -> None:
        """Raise `DatabaseUnusable` if damage was found."""
        if self._damage:
            raise DatabaseUnusable(DatabaseProblem.DAMAGED, self._path, self._damage)

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

    async def rewrite_file(self) -> None:
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


def _run_read(work: DatabaseWork[Answer], connection: sqlite3.Connection) -> Answer:
    connection.rollback()  # the last read may have been interrupted even in its own rollback
    connection.execute("BEGIN")
    try:
        return work(connection)
    finally:
        connection.rollback()


def _run_transaction(
    works: Sequence[DatabaseWork[Any]], connection: sqlite3.Connection
) -> list[tuple[Any, BaseException | None]]:
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
    deadline = time.monotonic() + LOCK_TIMEOUT
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        else:
            return


def _run_savepoint(work: DatabaseWork[Any], connection: sqlite3.Connection) -> tuple[Any, BaseException | None]:
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


def fetch_all(
    connection: sqlite3.Connection, sql: str, values: Sequence[object] | Mapping[str, object] = ()
) -> list[sqlite3.Row]:
    """All rows that a statement selects or returns."""
    return connection.execute(sql, values).fetchall()


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
    version, ours = read_schema_version(path), get_current_schema()
    if version > ours:
        raise DatabaseUnusable(DatabaseProblem.NEWER, path, f"schema {version}, not {ours}")
    return version


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


def _load_migrations() -> list[str]:
    """The numbered scripts in order; script n makes version n."""
    folder = files("bot.storage") / "migrations"
    scripts = sorted((each for each in folder.iterdir() if each.name.endswith(".sql")), key=lambda each: each.name)
    return [script.read_text(encoding="utf-8") for script in scripts]


def to_iso(instant: datetime) -> str:
    """An instant as it is stored: in UTC and whole seconds, so that sorting the texts sorts the times."""
    return instant.astimezone(UTC).isoformat(timespec="seconds")


def from_iso(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None


def assignments_for(values: Iterable[str]) -> str:
    """The assignments of an UPDATE statement to these columns."""
    return ", ".join(f"{name} = ?" for name in values)


def read_or_log(kind: str, row_id: int, read: Callable[[], Answer]) -> Answer | None:
    """The result of `read` for a row, or None if the row cannot be read: the others must still get their digests."""
    try:
        return read()
    except (ValueError, KeyError) as error:  # such as a time zone that this machine does not know
        log.error("%s %d cannot be read: %s", kind, row_id, error)
        return None
