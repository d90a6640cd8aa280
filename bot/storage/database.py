"""The database as the storage uses it: a writer whose transactions are whole functions, and readers that never wait.

An engine is a subclass: SQLite in `bot.storage.sqlite`, PostgreSQL in `bot.storage.postgres`.
"""

import asyncio
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, auto
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from bot.database_address import DatabaseAddress
from bot.keyed_semaphores import KeyedSemaphores
from bot.refusals import Refusal, Refused
from bot.storage.connection import Answer, Connection, DatabaseWork, Row, fetch_all

log = logging.getLogger(__name__)

Outcome = tuple[Any, BaseException | None]
"""The answer of a work, or its error."""

LOCK_TIMEOUT = 60  # seconds that the bot's own work waits for another process; people wait `WRITE_TIMEOUT`
READ_TIMEOUT = 10  # seconds that a read may take
WRITE_TIMEOUT = 1.5  # seconds that a person's write may wait for its turn: Discord wants an answer within three
READERS = 2  # with one, a short read behind a slow query takes seconds; with two, a third of a millisecond
MAX_PER_COMMIT = 3  # transactions; after a commit all of them continue in one turn of the loop, so people get one soon
UNTIL_NEXT_INTERRUPT = 0.05  # seconds

answering_user: ContextVar[int | None] = ContextVar("answering_user", default=None)  # whose request is being answered


class ReadTooSlow(Refused):
    """A read took too long, and was interrupted."""

    def __init__(self) -> None:
        super().__init__(Refusal.READ_TOO_SLOW)


class DatabaseBusy(Refused):
    """Another process has kept the database for too long. What a person wanted to write was dropped."""

    def __init__(self) -> None:
        super().__init__(Refusal.DATABASE_BUSY)


class DiskFull(Refused):
    """The disk has no room. Nothing was changed."""

    def __init__(self) -> None:
        super().__init__(Refusal.DISK_FULL)


class DatabaseAway(Refused):
    """The database does not answer. What was to be written was dropped, or, if it was being committed, may be there."""

    def __init__(self) -> None:
        super().__init__(Refusal.DATABASE_AWAY)


CANNOT_STORE = (DiskFull, DatabaseBusy, DatabaseAway)  # for now; whatever can do without storing goes on


class ClaimLost(DatabaseAway):
    """Another process has taken shards of this one, or may have. Nothing was written: it could be done twice."""


class DatabaseProblem(Enum):
    """What is wrong with a database. The comments say what `DatabaseUnusable.detail` then contains."""

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
    OTHER_SHARD_COUNT = auto()  # the number of shards that the other processes have

    # Of PostgreSQL, for a while
    UNREACHABLE = auto()  # the system's error
    STARTING_UP = auto()
    NO_CONNECTION_LEFT = auto()
    IS_REPLICA = auto()

    # Of PostgreSQL, until a person fixes it
    DRIVER_MISSING = auto()  # Python's error
    LOGIN_REJECTED = auto()
    NO_SUCH_DATABASE = auto()
    NO_PERMISSION = auto()  # PostgreSQL's words
    SERVER_TOO_OLD = auto()  # its version and ours
    NOT_UTF8 = auto()  # its encoding
    POOLED = auto()


PASSING = frozenset(  # problems that may pass without anybody's help
    {
        DatabaseProblem.UNREACHABLE,
        DatabaseProblem.STARTING_UP,
        DatabaseProblem.NO_CONNECTION_LEFT,
        DatabaseProblem.IS_REPLICA,
        DatabaseProblem.DISK_FULL,
    }
)


class DatabaseUnusable(Exception):
    """The database cannot be used, because of `problem`. It was not changed."""

    def __init__(self, problem: DatabaseProblem, path: DatabaseAddress, detail: str = "") -> None:
        super().__init__(f"{path}: {problem.name.lower()} {detail}".rstrip())
        self.problem = problem
        self.path = path
        self.detail = detail
        self.backup: Path | None = None  # the one that could not be made, or that can be restored

    @property
    def may_pass(self) -> bool:
        """Whether it may be usable later, without anybody's help."""
        return self.problem in PASSING


@contextmanager
def explaining_missing_driver(address: DatabaseAddress) -> Iterator[None]:
    """Around the import of an engine that needs an extra. Raises `DatabaseUnusable`."""
    try:
        yield
    except ImportError as error:
        raise DatabaseUnusable(DatabaseProblem.DRIVER_MISSING, address, str(error)) from error


class ConnectionThread(Protocol):
    """A connection with a thread of its own."""

    async def run(self, work: DatabaseWork[Answer], /) -> Answer:
        """Run a whole piece of work in one hop to the thread."""

    async def stop_work(self) -> bool:
        """Interrupt the work that is running, and wait until the connection is free again.

        False if the database did not answer that either, so that the connection had to be given up.
        """


@dataclass(slots=True, eq=False)
class _PendingWrite:
    """A transaction waiting for its turn. `done` gets its outcome.

    The first to take `lock` decides what happens: the writer, which runs it, or the waiting task, which withdraws it.
    """

    work: DatabaseWork[Any]
    owner_id: int | None
    done: asyncio.Future[Outcome]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run_once(self, connection: Connection) -> Any:
        if not self.lock.acquire(blocking=False):
            raise DatabaseBusy
        return self.work(connection)

    def withdraw(self) -> bool:
        """Prevent it from being run; False if it is running already."""
        return self.lock.acquire(blocking=False)


def _list_owners(batch: Iterable[_PendingWrite]) -> Collection[int]:
    """Whom the batch concerns; nobody, if one of its writes may concern everybody."""
    owners = {each.owner_id for each in batch}
    return () if None in owners else {each for each in owners if each is not None}


class Database(ABC):
    """The connections to a database; use it as an async context manager."""

    errors: tuple[type[Exception], ...] = ()  # of the engine, which leave the connections usable

    def __init__(self) -> None:
        self._pending: list[_PendingWrite] = []
        self._writing: asyncio.Task[None] | None = None
        self._readers: asyncio.Queue[ConnectionThread] = asyncio.Queue()
        self._user_slots = KeyedSemaphores(1)
        self._bot_slots = asyncio.Semaphore(READERS - 1)  # the bot's own reads always leave a connection for people
        self._is_full = False  # remembered so that the log says only when it starts and ends
        self._write_began: float | None = None  # loop time, while a batch is being written

    @property
    def _expected_errors(self) -> tuple[type[Exception], ...]:
        return (*self.errors, DatabaseUnusable)

    @property
    @abstractmethod
    def address(self) -> DatabaseAddress:
        """Where it is."""

    @abstractmethod
    async def _prepare(self) -> None:
        """Create or migrate the database. Raises `DatabaseUnusable`."""

    @abstractmethod
    def _connect(self, *, reads_only: bool) -> AbstractAsyncContextManager[ConnectionThread]: ...

    @abstractmethod
    def _run_transaction(
        self, works: Sequence[DatabaseWork[Any]], owners: Collection[int], connection: Any
    ) -> list[Outcome]:
        """The outcome of each work. Work that fails is rolled back alone; all share one commit.

        If that commit fails, all have failed. They concern only `owners`, or may concern everybody if there are none.
        """

    @abstractmethod
    def _run_read(self, work: DatabaseWork[Answer], connection: Any) -> Answer:
        """The answer of a work that sees the database as of one moment."""

    @abstractmethod
    def _translate_error(self, error: BaseException) -> BaseException:
        """What an error of the engine means; any other error as it is."""

    @abstractmethod
    def _note_error(self, error: BaseException | None) -> None:
        """Remember what an error, if it is one, says about the database."""

    @abstractmethod
    def _note_silence(self) -> None:
        """Remember that the database does not answer."""

    @abstractmethod
    def _note_success(self, *, has_written: bool) -> None:
        """Remember that something was read or written."""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._prepare()
            self._writer = await stack.enter_async_context(self._connect(reads_only=False))
            for _ in range(READERS):
                self._readers.put_nowait(await stack.enter_async_context(self._connect(reads_only=True)))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writing:
            await self._writing
        await self._stack.aclose()

    async def write(self, work: DatabaseWork[Answer], *, owner_id: int | None = None) -> Answer:
        """Run `work` in a transaction, one at a time; when this returns, the result is safely on disk.

        Writes that arrive while another one is running share the next commit. While another process keeps the
        database, a write for a user being answered raises `DatabaseBusy` after a moment; the bot's own writes wait
        longer. Raises `DiskFull` and `DatabaseAway`.

        With `owner_id`, of a server or person, it may run beside such writes of other processes. So it must read and
        change nothing but that owner's subscriptions and deliveries; it may refer to papers.
        """
        self.raise_if_damaged()
        pending = _PendingWrite(work, owner_id, asyncio.get_running_loop().create_future())
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
            raise self._translate_error(error)
        self._note_success(has_written=True)
        return answer  # type: ignore[no-any-return]

    async def _wait_for_write(self, pending: _PendingWrite) -> tuple[Any, BaseException | None]:
        if answering_user.get():
            done, _ = await asyncio.wait({pending.done}, timeout=WRITE_TIMEOUT)
            if not done and pending.withdraw():
                log.warning("the database is locked: a user was asked to try again later")
                raise DatabaseBusy
        return await asyncio.shield(pending.done)

    async def _write_pending(self) -> None:
        """Run pending writes until none is left."""
        try:
            while self._pending:
                batch, self._pending = self._pending[:MAX_PER_COMMIT], self._pending[MAX_PER_COMMIT:]
                try:
                    self.raise_if_damaged()
                    self._write_began = asyncio.get_running_loop().time()
                    works, owners = [each.run_once for each in batch], _list_owners(batch)
                    outcomes = await self._writer.run(partial(self._run_transaction, works, owners))
                except self._expected_errors as error:
                    outcomes = [(None, error)] * len(batch)
                except BaseException as error:
                    outcomes = [(None, error)] * len(batch)
                    raise
                finally:
                    self._write_began = None
                    for each, outcome in zip(batch, outcomes, strict=True):
                        self._note_error(outcome[1])
                        each.done.set_result(outcome)
        except BaseException as error:
            for each in self._pending:  # otherwise their callers would wait forever
                each.done.set_result((None, error))
            self._pending = []
            raise
        finally:
            self._writing = None

    @property
    def write_seconds(self) -> float:
        """How long the current write has been at it; 0 if there is none."""
        return asyncio.get_running_loop().time() - self._write_began if self._write_began is not None else 0.0

    def count_waiting_writes(self) -> int:
        return len(self._pending)

    async def execute(self, sql: str, *values: object, owner_id: int | None = None) -> int:
        """Run one statement as a transaction, as `write` does; returns how many rows it changed."""
        return await self.write(lambda connection: connection.execute(sql, values).rowcount, owner_id=owner_id)

    async def read(self, work: DatabaseWork[Answer]) -> Answer:
        """Run `work`, which only reads, beside any writes; it sees the database as of one moment.

        Each user has one read at a time. Raises `ReadTooSlow` after `READ_TIMEOUT`, and
        `DatabaseAway`.
        """
        self.raise_if_damaged()
        user = answering_user.get()
        async with self._user_slots.get(user) if user else self._bot_slots:
            reader = await self._readers.get()
            try:
                async with asyncio.timeout(READ_TIMEOUT):
                    answer = await self._run_interruptibly(reader, partial(self._run_read, work))
            except TimeoutError as error:
                raise (DatabaseAway() if self.is_away else ReadTooSlow()) from error
            except self.errors as error:
                if (translated := self._translate_error(error)) is error:
                    raise
                raise translated from error
            finally:
                self._readers.put_nowait(reader)
        self._note_success(has_written=False)
        return answer

    async def _run_interruptibly(self, connection: ConnectionThread, work: Callable[[Any], Answer]) -> Answer:
        """Run `work`; if this is cancelled, interrupt it."""
        try:
            return await connection.run(work)
        except self.errors as error:
            self._note_error(error)
            self.raise_if_damaged()
            raise
        except asyncio.CancelledError:
            if not await connection.stop_work():
                self._note_silence()
            raise

    async def fetch_rows(self, sql: str, *values: object) -> list[Row]:
        """The rows that one statement selects."""
        return await self.read(lambda connection: fetch_all(connection, sql, values))

    @property
    def is_full(self) -> bool:
        """Whether the disk had no room at the last write."""
        return self._is_full

    @property
    def is_away(self) -> bool:
        """Whether the database did not answer the last time."""
        return False

    @property
    def is_damaged(self) -> bool:
        return False

    @abstractmethod
    def raise_if_damaged(self) -> None:
        """Raise `DatabaseUnusable` if damage was found."""

    async def wait_for_damage(self) -> None:
        """Wait until damage is found. From then on nothing is read or written."""
        await asyncio.Event().wait()

    @abstractmethod
    async def measure(self) -> int:
        """Its size in bytes, without the engine's log."""

    @abstractmethod
    async def check_integrity(self) -> None:
        """Check everything that is stored, beside all other work. Raises `DatabaseUnusable` if it is damaged."""

    @abstractmethod
    async def clear_deleted(self, *, just_deleted: bool = True) -> None:
        """Remove deleted data from the engine's log too, as far as it can be done without making others wait.

        `just_deleted` says that something was deleted right before; without it, a call with nothing left to clear costs
        nothing.
        """

    @abstractmethod
    async def rewrite(self) -> None:
        """Remove the traces of what was deleted for good since the last time. Writes may wait meanwhile."""


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
