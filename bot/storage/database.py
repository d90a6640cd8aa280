"""One SQLite file: a writer whose transactions are whole functions, and readers that never wait for it."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, closing, nullcontext
from contextvars import ContextVar
from datetime import UTC, datetime
from enum import Enum, auto
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import aiosqlite

from bot.refusals import Refusal, Refused
from bot.turns import Turns

Read = TypeVar("Read")
log = logging.getLogger(__name__)

READ_SECONDS = 10  # that a look-up may take
READERS = 2  # a point read behind a slow query costs seconds with one, a third of a millisecond with two
APPLICATION_ID = 1346457683
_PRAGMAS = (
    "PRAGMA busy_timeout = 10000",
    "PRAGMA foreign_keys = ON",
    "PRAGMA synchronous = FULL",  # a delivery once recorded must outlive a power cut
    "PRAGMA temp_store = MEMORY",
)


reading_for: ContextVar[int | None] = ContextVar("reading_for", default=None)  # the user that is being answered


class LookupTooSlow(Refused):
    """A look-up took too long, and was interrupted."""

    def __init__(self) -> None:
        super().__init__(Refusal.LOOKUP_TOO_SLOW)


class DatabaseProblem(Enum):
    """What is wrong with a file; in brackets what the detail says."""

    IN_USE = auto()
    IS_FOLDER = auto()
    FOREIGN = auto()
    NEWER = auto()  # its schema and ours
    UNUSABLE = auto()  # the system's error


class DatabaseRefused(Exception):
    """The file is no database of ours, or one from a newer version; it was left as it is."""

    def __init__(self, problem: DatabaseProblem, path: Path, detail: str = "") -> None:
        super().__init__(f"{path}: {problem.name.lower()} {detail}".rstrip())
        self.problem = problem
        self.path = path
        self.detail = detail


class Database:
    """The connections to the SQLite file at `path`; use it as an async context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()  # lest `:memory:` mean a database per connection
        self._lock = asyncio.Lock()
        self._readers: asyncio.Queue[aiosqlite.Connection] = asyncio.Queue()
        self._people = Turns(1)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await asyncio.to_thread(_prepare, self._path)
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
        await self._stack.aclose()

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[aiosqlite.Connection]:
        async with aiosqlite.connect(self._path, isolation_level=None) as connection:
            connection.row_factory = sqlite3.Row
            for pragma in _PRAGMAS:
                await connection.execute(pragma)
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[aiosqlite.Connection]:
        """A transaction: the whole block or nothing of it, one at a time."""
        async with self._lock:
            try:
                await self._writer.execute("BEGIN IMMEDIATE")
                yield self._writer
                await self._writer.commit()
            except BaseException:
                await self._writer.rollback()
                raise

    @asynccontextmanager
    async def read(self) -> AsyncIterator[aiosqlite.Connection]:
        """A connection for look-ups, free of whatever is being written.

        Nobody holds two at a time, and none for long: raises `LookupTooSlow`.
        """
        person = reading_for.get()
        async with self._people.of(person) if person else nullcontext():
            reader = await self._readers.get()
            try:
                async with asyncio.timeout(READ_SECONDS):
                    yield reader
            except TimeoutError as error:
                raise LookupTooSlow from error
            finally:
                await reader.interrupt()  # its thread would work on for nobody
                self._readers.put_nowait(reader)


def _prepare(path: Path) -> None:
    """Make or migrate the file at `path`; raises `DatabaseRefused` and leaves a foreign file untouched."""
    try:
        version = _version(path)
        migrations = _migrations()
        if version > len(migrations):
            raise DatabaseRefused(DatabaseProblem.NEWER, path, f"schema {version}, not {len(migrations)}")
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            for number, script in enumerate(migrations[version:], version + 1):
                # The script and its version are one transaction: a kill leaves neither.
                connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
    except (sqlite3.Error, OSError) as error:
        raise DatabaseRefused(DatabaseProblem.UNUSABLE, path, str(error)) from error


def _version(path: Path) -> int:
    """The schema's version, 0 for a new file; read without changing anything."""
    if path.is_dir():
        raise DatabaseRefused(DatabaseProblem.IS_FOLDER, path)
    if not path.exists() or path.stat().st_size == 0:
        return 0
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        owner: int = connection.execute("PRAGMA application_id").fetchone()[0]
        tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if (version or tables) and owner != APPLICATION_ID:
        raise DatabaseRefused(DatabaseProblem.FOREIGN, path)
    return version


def _migrations() -> list[str]:
    """The numbered scripts, in order; the n-th makes version n."""
    folder = files("bot.storage") / "migrations"
    scripts = sorted((each for each in folder.iterdir() if each.name.endswith(".sql")), key=lambda each: each.name)
    return [script.read_text(encoding="utf-8") for script in scripts]


def iso(instant: datetime) -> str:
    """An instant as stored: UTC, whole seconds, so that text compares as time does."""
    return instant.astimezone(UTC).isoformat(timespec="seconds")


def from_iso(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None


def assigned(values: Iterable[str]) -> str:
    """What sets the columns of these names, for a statement with their values."""
    return ", ".join(f"{name} = ?" for name in values)


def readable(kind: str, row_id: int, read: Callable[[], Read]) -> Read | None:
    """What `read` makes of a row; None for one that it cannot read, which must not cost the others their digests."""
    try:
        return read()
    except (ValueError, KeyError) as error:  # such as a zone that this machine does not know
        log.error("%s %d cannot be read: %s", kind, row_id, error)
        return None
