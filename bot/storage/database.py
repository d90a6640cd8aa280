"""One SQLite file: a writer whose transactions are whole functions, and readers that never wait for it."""

import asyncio
import logging
import shutil
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
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
"""What is done with a connection, on its own thread: a hop there costs more than the statements of a digest."""
log = logging.getLogger(__name__)

LOCK_TIMEOUT = 60  # that the bot's own work waits for another process; people are told after `WRITE_TIMEOUT`
READ_TIMEOUT = 10  # that a look-up may take
WRITE_TIMEOUT = 1.5  # that a person's transaction may wait for its turn: Discord waits three seconds for an answer
DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
READERS = 2  # a point read behind a slow query costs seconds with one, a third of a millisecond with two
MAX_PER_COMMIT = 3  # transactions in a commit: all who waited for it go on in one turn of the loop, people between them
ENOUGH_SPACE = 2**20  # bytes, with which a disk is not full any more
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE}  # the other is a quota
APPLICATION_ID = 1346457683
_UNTIL_NEXT_INTERRUPT = 0.05  # seconds
_PRAGMAS = (
    "PRAGMA busy_timeout = 10000",
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",  # a delivery once recorded must outlive a power cut
    "PRAGMA temp_store = MEMORY",
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten, however this SQLite was built
)


answering_user: ContextVar[int | None] = ContextVar("answering_user", default=None)  # the user that is being answered


class LookupTooSlow(Refused):
    """A look-up took too long, and was interrupted."""

    def __init__(self) -> None:
        super().__init__(Refusal.LOOKUP_TOO_SLOW)


class DatabaseBusy(Refused):
    """Another process has locked the file for too long: what a person wanted written is not, nor will it be."""

    def __init__(self) -> None:
        super().__init__(Refusal.DATABASE_BUSY)


class DiskFull(Refused):
    """Nothing can be written just now; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(Refusal.DISK_FULL)


class DatabaseProblem(Enum):
    """What is wrong with a file; in brackets what the detail says."""

    IN_USE = auto()
    IS_FOLDER = auto()
    FOREIGN = auto()
    NEWER = auto()  # its schema and ours
    UNUSABLE = auto()  # the system's error
    DAMAGED = auto()  # what is wrong in it
    OLDER = auto()  # its schema and ours, while a bot is running on it


class DatabaseUnusable(Exception):
    """The file is no database of ours, or one from a newer version, or damaged; it was left as it is."""

    def __init__(self, problem: DatabaseProblem, path: Path, detail: str = "") -> None:
        super().__init__(f"{path}: {problem.name.lower()} {detail}".rstrip())
        self.problem = problem
        self.path = path
        self.detail = detail


class _Connection(aiosqlite.Connection):
    """One that does a whole piece of work in one hop to its thread."""

    async def run(self, work: DatabaseWork[Answer]) -> Answer:
        answer: Answer = await self._execute(work, self._conn)  # type: ignore[no-untyped-call]
        return answer

    async def stop_work(self) -> None:
        """Have the thread give up what nobody waits for any more; until it has, its connection is not free."""
        free = asyncio.ensure_future(self.run(_do_nothing))
        while not free.done():
            await self.interrupt()  # the statement that runs now, of which there may be others to come
            await asyncio.wait({free}, timeout=_UNTIL_NEXT_INTERRUPT)


@dataclass(slots=True, eq=False)
class _PendingWrite:
    """A transaction that somebody waits for; when it is `done`, with its answer and the error it met, if it did.

    Whoever has its `turn` says what becomes of it: that it is done, or that it is withdrawn.
    """

    work: DatabaseWork[Any]
    done: asyncio.Future[tuple[Any, BaseException | None]]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def do(self, connection: sqlite3.Connection) -> Any:
        if not self.lock.acquire(blocking=False):
            raise DatabaseBusy
        return self.work(connection)

    def withdraw(self) -> bool:
        """Have it never done, unless it is under way already; gives whether that was so."""
        return self.lock.acquire(blocking=False)


class Database:
    """The connections to the SQLite file at `path`; use it as an async context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()  # lest `:memory:` mean a database per connection
        self._pending: list[_PendingWrite] = []
        self._writing: asyncio.Task[None] | None = None
        self._readers: asyncio.Queue[_Connection] = asyncio.Queue()
        self._person_slots = KeyedSemaphores(1)
        self._own_slots = asyncio.Semaphore(READERS - 1)  # whatever digests look up, a connection is left for people
        self._is_full = False  # which is said when it begins and when it ends
        self._damage = ""  # what was met of it; from then on nothing is read or written
        self._damaged = asyncio.Event()
        self._deletions = self._cleared_deletions = (
            0  # how often something was deleted for good, and how much of that is cleared
        )
        self._clear_lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await asyncio.to_thread(_migrate, self._path)
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
        """Do `work` in a transaction: the whole of it or nothing, one at a time; it has lasted when this returns.

        Some that are asked for while others are under way share the next commit. While another process has locked the
        file, nobody who is being answered is kept waiting for long: raises `DatabaseBusy`. What is nobody's waits.
        Raises `DiskFull`.
        """
        self.raise_if_damaged()
        asked = _PendingWrite(work, asyncio.get_running_loop().create_future())
        self._pending.append(asked)
        self._writing = self._writing or asyncio.create_task(self._write_pending())
        try:
            answer, error = await self._wait_for(asked)
        except asyncio.CancelledError:
            if asked in self._pending:
                self._pending.remove(asked)
            else:
                await asyncio.wait({asked.done})  # whoever was cancelled finds the whole of it or nothing
            raise
        if error:
            self.raise_if_damaged()
            raise self._translate_error(error)
        self._note_free_space()
        return answer  # type: ignore[no-any-return]

    async def _wait_for(self, asked: _PendingWrite) -> tuple[Any, BaseException | None]:
        if answering_user.get():
            done, _ = await asyncio.wait({asked.done}, timeout=WRITE_TIMEOUT)
            if not done and asked.withdraw():
                log.warning("the database is locked: a user was asked to try again later")
                raise DatabaseBusy
        return await asyncio.shield(asked.done)

    def _translate_error(self, error: BaseException) -> BaseException:
        """What those who wait for a transaction hear of its error."""
        full = _find_disk_full(error)
        if full is None:
            return error
        if not self._is_full:
            log.error("the disk is full (%s): nothing is stored and no digest is sent until there is room", full)
        self._is_full = True
        refused = DiskFull()
        refused.__cause__ = error
        return refused

    def _note_free_space(self) -> None:
        """A small write may fit where the next does not: on a disk that is full it says nothing."""
        if self._is_full and shutil.disk_usage(self._path.parent).free >= ENOUGH_SPACE:
            self._is_full = False
            log.warning("the disk has room again: everything continues")

    async def _write_pending(self) -> None:
        """Whatever is asked for, until nothing is."""
        try:
            while self._pending:
                together, self._pending = self._pending[:MAX_PER_COMMIT], self._pending[MAX_PER_COMMIT:]
                try:
                    self.raise_if_damaged()
                    outcomes = await self._writer.run(partial(_run_transaction, [each.do for each in together]))
                except (sqlite3.DatabaseError, DatabaseUnusable) as error:
                    outcomes = [(None, error)] * len(together)
                except BaseException as error:
                    outcomes = [(None, error)] * len(together)
                    raise
                finally:
                    for each, outcome in zip(together, outcomes, strict=True):
                        self._note_damage(outcome[1])
                        each.done.set_result(outcome)
        except BaseException as error:
            for each in self._pending:  # nobody is left waiting
                each.done.set_result((None, error))
            self._pending = []
            raise
        finally:
            self._writing = None

    async def execute(self, sql: str, *values: object) -> int:
        """One statement as a transaction; gives how many rows it changed."""
        return await self.write(lambda connection: connection.execute(sql, values).rowcount)

    async def read(self, work: DatabaseWork[Answer]) -> Answer:
        """Do `work`, a look-up, free of whatever is being written: all that it asks is answered as of one moment.

        Nobody has two done at a time, and none for long: raises `LookupTooSlow`.
        """
        self.raise_if_damaged()
        person = answering_user.get()
        async with self._person_slots.get(person) if person else self._own_slots:
            reader = await self._readers.get()
            try:
                async with asyncio.timeout(READ_TIMEOUT):
                    return await self._run_lookup(reader, partial(_look_up, work))
            except TimeoutError as error:
                raise LookupTooSlow from error
            finally:
                self._readers.put_nowait(reader)

    async def _run_lookup(self, connection: _Connection, work: DatabaseWork[Answer]) -> Answer:
        """What the look-up `work` finds; one that nobody waits for any more is interrupted."""
        try:
            return await connection.run(work)
        except sqlite3.DatabaseError as error:
            self._note_damage(error)
            self.raise_if_damaged()
            raise
        except asyncio.CancelledError:
            await connection.stop_work()
            raise

    async def fetch_rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """What one statement finds."""
        return await self.read(lambda connection: fetch_all(connection, sql, values))

    async def check_integrity(self) -> None:
        """Look at every page of the file, beside all other work: a second for half a gigabyte.

        Raises `DatabaseUnusable` for one that is damaged.
        """
        async with self._connect() as connection:
            ((found,),) = await self._run_lookup(connection, lambda known: fetch_all(known, "PRAGMA quick_check(1)"))
        if found != "ok":
            self._mark_damaged(found)
            self.raise_if_damaged()

    async def wait_for_damage(self) -> None:
        """Wait until a page of the file is met that is damaged: from then on nothing is read or written."""
        await self._damaged.wait()

    def _note_damage(self, error: BaseException | None) -> None:
        if _is_damage(error):
            self._mark_damaged(str(error))

    def _mark_damaged(self, found: str) -> None:
        self._damage = self._damage or " ".join(found.split())
        self._damaged.set()

    def raise_if_damaged(self) -> None:
        """Raise `DatabaseUnusable` once damage was met."""
        if self._damage:
            raise DatabaseUnusable(DatabaseProblem.DAMAGED, self._path, self._damage)

    async def clear_deleted(self, *, again: bool = True) -> None:
        """Leave nothing of what was deleted in the WAL, which is written into the file and emptied.

        While somebody reads or writes that is not done: then the next call does it, or the next start. With `again`
        something has been deleted just now; without, and with nothing left to clear, it costs nothing.
        """
        self._deletions += again
        async with self._clear_lock:
            forgotten = self._deletions
            if forgotten > self._cleared_deletions and await self._empty_wal():
                self._cleared_deletions = forgotten

    async def _empty_wal(self) -> bool:
        """On a connection of its own, which waits for nobody: it would hold back all who write."""
        async with self._connect() as connection:
            try:
                ((busy, *_),) = await self._run_lookup(connection, _truncate_wal)
            except sqlite3.OperationalError:  # such as a full disk
                return False
        return not busy

    async def rewrite_file(self) -> None:
        """Write the file anew, if something was deleted for good since the last time.

        SQLite overwrites what is deleted, but not all copies that it left behind as it moved rows to other pages.
        Whoever writes waits for it: some seconds for half a gigabyte. It is done again until it has come to its end.
        """
        ((last,),) = await self.fetch_rows("SELECT max(id) FROM traces")
        if last is None:
            return
        try:
            await self._run_lookup(self._writer, _vacuum_file)
        except sqlite3.OperationalError as error:
            log.warning(
                "%s could not be rewritten, so traces of deleted data stay until the next night: %s", self._path, error
            )
            return
        await self.execute("DELETE FROM traces WHERE id <= ?", last)
        await self.clear_deleted()


def _set_pragmas(connection: sqlite3.Connection) -> None:
    for pragma in _PRAGMAS:
        fetch_all(connection, pragma)  # to its end: no VACUUM beside a statement that is not


def _do_nothing(_: sqlite3.Connection) -> None:
    """The least work."""


def _look_up(work: DatabaseWork[Answer], connection: sqlite3.Connection) -> Answer:
    connection.rollback()  # where the last look-up was interrupted even in that
    connection.execute("BEGIN")
    try:
        return work(connection)
    finally:
        connection.rollback()


def _run_transaction(
    works: Sequence[DatabaseWork[Any]], connection: sqlite3.Connection
) -> list[tuple[Any, BaseException | None]]:
    """What each of the works answers, or the error it met: one that fails is taken back, and no other with it.

    Nothing of any is there until all are committed; without that, all have failed.
    """
    try:
        _begin_immediate(connection)
        outcomes = [_run_savepoint(work, connection) for work in works]
        connection.execute("COMMIT")
    except BaseException as error:  # noqa: BLE001  # those who wait get it
        connection.rollback()
        return [(None, error)] * len(works)
    return outcomes


def _begin_immediate(connection: sqlite3.Connection) -> None:
    """Begin to write; where another process has locked the file, as `VACUUM` does, once that has ended."""
    until = time.monotonic() + LOCK_TIMEOUT
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        else:
            return


def _run_savepoint(work: DatabaseWork[Any], connection: sqlite3.Connection) -> tuple[Any, BaseException | None]:
    connection.execute("SAVEPOINT work")
    try:
        answer, error = work(connection), None
    except BaseException as met:
        if _is_damage(met):
            raise  # so that nothing more is written
        answer, error = None, met
        connection.execute("ROLLBACK TO work")  # SQLite may have ended the whole transaction: then all fail
    connection.execute("RELEASE work")
    return answer, error


def fetch_all(connection: sqlite3.Connection, sql: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
    """All that a statement finds, or returns of what it changed."""
    return connection.execute(sql, values).fetchall()


def _find_disk_full(error: BaseException | None) -> BaseException | None:
    """The error that says that a disk is full, of those that led to this one: the first may end the transaction."""
    while error and getattr(error, "sqlite_errorcode", None) not in _FULL:
        error = error.__context__
    return error


def _is_damage(error: BaseException | None) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGE  # the higher bits say where it was met


def _truncate_wal(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    """Whether somebody was in the way, who is not waited for; and two numbers."""
    connection.execute("PRAGMA busy_timeout = 0")
    return fetch_all(connection, "PRAGMA wal_checkpoint(TRUNCATE)")


def _vacuum_file(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA temp_store = FILE")  # it makes a copy of the whole
    try:
        connection.execute("VACUUM")
    finally:
        connection.execute("PRAGMA temp_store = MEMORY")


def is_current(path: Path) -> bool:
    """Whether the file at `path` has the schema that this version works with; raises `DatabaseUnusable`."""
    path = path.absolute()
    try:
        return _check_version(path) == len(_load_migrations())
    except (sqlite3.Error, OSError) as error:
        raise _explain_error(path, error) from error


def _explain_error(path: Path, error: Exception) -> DatabaseUnusable:
    torn = getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_CORRUPT  # any other file is no database
    return DatabaseUnusable(DatabaseProblem.DAMAGED if torn else DatabaseProblem.UNUSABLE, path, str(error))


def _migrate(path: Path) -> None:
    """Make or migrate the file at `path`; raises `DatabaseUnusable` and leaves a foreign file untouched."""
    try:
        version = _check_version(path)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA secure_delete = ON")
            for number, script in enumerate(_load_migrations()[version:], version + 1):
                # The script and its version are one transaction: a kill leaves neither.
                connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
            _truncate_wal(connection)  # it may hold what was deleted before the bot was killed
    except (sqlite3.Error, OSError) as error:
        raise _explain_error(path, error) from error


def _check_version(path: Path) -> int:
    version, ours = _read_version(path), len(_load_migrations())
    if version > ours:
        raise DatabaseUnusable(DatabaseProblem.NEWER, path, f"schema {version}, not {ours}")
    return version


def _read_version(path: Path) -> int:
    """The schema's version, 0 for a new file; read without changing anything."""
    if path.is_dir():
        raise DatabaseUnusable(DatabaseProblem.IS_FOLDER, path)
    if not path.exists() or path.stat().st_size == 0:
        return 0
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        owner: int = connection.execute("PRAGMA application_id").fetchone()[0]
        tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if (version or tables) and owner != APPLICATION_ID:
        raise DatabaseUnusable(DatabaseProblem.FOREIGN, path)
    return version


def _load_migrations() -> list[str]:
    """The numbered scripts, in order; the n-th makes version n."""
    folder = files("bot.storage") / "migrations"
    scripts = sorted((each for each in folder.iterdir() if each.name.endswith(".sql")), key=lambda each: each.name)
    return [script.read_text(encoding="utf-8") for script in scripts]


def to_iso(instant: datetime) -> str:
    """An instant as stored: UTC, whole seconds, so that text compares as time does."""
    return instant.astimezone(UTC).isoformat(timespec="seconds")


def from_iso(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None


def assignments_for(values: Iterable[str]) -> str:
    """What sets the columns of these names, for a statement with their values."""
    return ", ".join(f"{name} = ?" for name in values)


def read_or_log(kind: str, row_id: int, read: Callable[[], Answer]) -> Answer | None:
    """What `read` makes of a row; None for one that it cannot read, which must not cost the others their digests."""
    try:
        return read()
    except (ValueError, KeyError) as error:  # such as a time zone that this machine does not know
        log.error("%s %d cannot be read: %s", kind, row_id, error)
        return None
