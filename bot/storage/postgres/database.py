"""A PostgreSQL database, which several processes may use at a time."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any

import psycopg

from bot.claims import Fence
from bot.database_address import PostgresAddress
from bot.refusals import Refused
from bot.storage import database
from bot.storage.connection import Answer, DatabaseWork
from bot.storage.database import (
    UNTIL_NEXT_INTERRUPT,
    ClaimLost,
    Database,
    DatabaseAway,
    DatabaseBusy,
    DiskFull,
    Outcome,
    ReadTooSlow,
)
from bot.storage.postgres.connection import PostgresConnection, Session
from bot.storage.postgres.schema import WRITER_LOCK, migrate

log = logging.getLogger(__name__)

_IDLE_TIMEOUT = 15_000  # milliseconds after which a stopped process no longer holds up the others' writes
STOP_LIMIT = 5.0  # seconds that a statement may take to stop
# Seconds that a batch of writes may take before its connection is given up: longer than it waits for a lock. It also
# ends writes that wait for a lock each, and a commit that waits for a replica.
WRITE_LIMIT = 75.0
CLOSE_LIMIT = 10.0  # the same at the end, when the process is to stop soon
_AWAY = {"08", "53", "57"}  # classes of errors: of the connection, too few resources, and an operator's intervention


class _Thread:
    """A connection with a thread of its own. With a `limit` in seconds, it is given up when work takes longer."""

    def __init__(
        self,
        address: PostgresAddress,
        prepare: Callable[[psycopg.Connection[Any]], None],
        limit: float | None = None,
    ) -> None:
        self._session = Session(address, prepare)
        self._limit = limit
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="postgres")

    async def run(self, work: Callable[[Any], Answer], /) -> Answer:
        def run_work() -> Answer:
            return work(self._session.get())

        loop = asyncio.get_running_loop()
        giving_up = loop.call_later(self._limit, self._session.hang_up) if self._limit is not None else None
        try:
            return await loop.run_in_executor(self._executor, run_work)
        finally:
            if giving_up:
                giving_up.cancel()

    def hurry(self, limit: float) -> None:
        """Give up what takes longer, from now on."""
        self._limit = limit
        asyncio.get_running_loop().call_later(limit, self._session.hang_up)

    async def stop_work(self) -> bool:
        free = asyncio.ensure_future(self._run_nothing())  # has its turn after the work
        given_up = asyncio.Event()
        giving_up = asyncio.get_running_loop().call_later(STOP_LIMIT, self._give_up, given_up)
        try:
            while not free.done():
                await asyncio.to_thread(self._cancel)
                await asyncio.wait({free}, timeout=UNTIL_NEXT_INTERRUPT)
        finally:
            giving_up.cancel()
        return not given_up.is_set()

    def _give_up(self, given_up: asyncio.Event) -> None:
        given_up.set()
        self._session.hang_up()

    async def _run_nothing(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._executor, lambda: None)

    def _cancel(self) -> None:
        with suppress(psycopg.Error):  # the database is away, so the work ends by itself
            self._session.cancel()

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._executor, self._session.close)
        self._executor.shutdown()


class PostgresDatabase(Database):
    """The connections to the database at `address`."""

    errors = (psycopg.Error,)

    def __init__(self, address: PostgresAddress, fence: Fence | None = None) -> None:
        """With a `fence`, every write raises `ClaimLost` once another process has taken shards of this one."""
        super().__init__()
        self._address = address
        self._fence = fence
        self._is_away = False

    @property
    def address(self) -> PostgresAddress:
        return self._address

    async def _prepare(self) -> None:
        await asyncio.to_thread(migrate, self._address)

    @asynccontextmanager
    async def _connect(self, *, reads_only: bool = False) -> AsyncIterator[_Thread]:
        thread = (
            _Thread(self._address, _prepare_reader)
            if reads_only
            else _Thread(self._address, _prepare_writer, WRITE_LIMIT)
        )
        try:
            yield thread
        finally:
            await thread.close()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert isinstance(self._writer, _Thread)
        self._writer.hurry(CLOSE_LIMIT)
        await super().__aexit__(kind, error, trace)

    def _run_transaction(
        self, works: Sequence[DatabaseWork[Any]], owners: Collection[int], connection: psycopg.Connection[Any]
    ) -> list[Outcome]:
        try:
            self._begin_to_write(connection, owners)
            outcomes = _run_works(works, connection)
            connection.execute("COMMIT")
        except BaseException as error:  # noqa: BLE001  # each caller gets it
            _roll_back(connection)
            return [(None, error)] * len(works)
        return outcomes

    def _begin_to_write(self, connection: psycopg.Connection[Any], owners: Collection[int]) -> None:
        """In one round trip. What is asked for the fence has to see what was committed while it waited for the lock."""
        epoch, shards = (self._fence.epoch, self._fence.shards) if self._fence else ("NULL", 0)
        sorted_owners = ", ".join(map(str, sorted(owners)))
        asked = f"begin_to_write({WRITER_LOCK}, '{{{sorted_owners}}}', {epoch}, {shards})"
        cursor = connection.execute(f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT {asked}".encode())
        cursor.nextset()
        ((stands,),) = cursor.fetchall()
        if not stands:
            raise ClaimLost

    def _run_read(self, work: DatabaseWork[Answer], connection: psycopg.Connection[Any]) -> Answer:
        _roll_back(connection)  # the last read may have been interrupted even in its own rollback
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            return work(PostgresConnection(connection))
        finally:
            _roll_back(connection)

    def _translate_error(self, error: BaseException) -> BaseException:
        """What `_classify` makes of it, if anything."""
        translated = _classify(error)
        if translated is None:
            return error
        translated.__cause__ = error
        return translated

    def _note_error(self, error: BaseException | None) -> None:
        translated = _classify(error)
        if isinstance(translated, DatabaseAway):
            self._note_silence()
        if isinstance(translated, DiskFull) and not self._is_full:
            log.error("the database's disk is full: nothing is stored and no digest is sent until there is room")
            self._is_full = True

    def _note_silence(self) -> None:
        if not self._is_away:
            log.error("the database at %s does not answer: nothing is stored and no digest is sent", self._address)
            self._is_away = True

    def _note_success(self, *, has_written: bool) -> None:
        if self._is_away:
            self._is_away = False
            log.warning("the database answers again: everything continues")
        if self._is_full and has_written:
            self._is_full = False
            log.warning("the database's disk has room again: everything continues")

    @property
    def is_away(self) -> bool:
        return self._is_away

    def raise_if_damaged(self) -> None:
        """PostgreSQL looks after its files itself."""

    async def measure(self) -> int:
        ((size,),) = await self.fetch_rows("SELECT pg_database_size(current_database())")
        return int(size)

    async def check_integrity(self) -> None:
        """PostgreSQL looks after its files itself."""

    async def clear_deleted(self, *, just_deleted: bool = True) -> None:
        """PostgreSQL reuses the room of deleted rows by itself; its log ages with its backups."""

    async def rewrite(self) -> None:
        """Nothing: to rewrite tables would stop all processes. PostgreSQL's vacuum reuses the room of deleted rows."""
        await self.execute("DELETE FROM traces")


def _classify(error: BaseException | None) -> Refused | None:
    """What an error of PostgreSQL means for whoever has asked; None for one that should not happen."""
    match error:
        case psycopg.errors.DiskFull():
            return DiskFull()
        case psycopg.errors.QueryCanceled():
            return ReadTooSlow()
        case psycopg.errors.LockNotAvailable():
            return DatabaseBusy()
        case psycopg.errors.IdleInTransactionSessionTimeout():  # this process was stopped for a while
            return DatabaseAway()
    if not isinstance(error, psycopg.Error):
        return None
    is_lost = error.sqlstate is None and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return DatabaseAway() if is_lost or (error.sqlstate or "")[:2] in _AWAY else None


def _prepare_writer(connection: psycopg.Connection[Any]) -> None:
    timeouts = (("lock_timeout", database.LOCK_TIMEOUT * 1000), ("idle_in_transaction_session_timeout", _IDLE_TIMEOUT))
    for name, milliseconds in timeouts:
        connection.execute("SELECT set_config(%s, %s, false)", (name, str(milliseconds)))


def _prepare_reader(connection: psycopg.Connection[Any]) -> None:
    connection.execute("SELECT set_config('statement_timeout', %s, false)", (str(database.READ_TIMEOUT * 2000),))


def _run_works(works: Sequence[DatabaseWork[Any]], connection: psycopg.Connection[Any]) -> list[Outcome]:
    """Each statement is a round trip, so one work alone has no savepoint, and none is released before the commit."""
    if len(works) == 1:
        return [(works[0](PostgresConnection(connection)), None)]
    return [_run_savepoint(work, connection) for work in works]


def _run_savepoint(work: DatabaseWork[Any], connection: psycopg.Connection[Any]) -> Outcome:
    connection.execute("SAVEPOINT work")  # hides the one before
    try:
        return work(PostgresConnection(connection)), None
    except BaseException as error:  # noqa: BLE001  # its caller gets it
        connection.execute("ROLLBACK TO work")  # raises if the connection is lost: then all fail
        return None, error


def _roll_back(connection: psycopg.Connection[Any]) -> None:
    with suppress(psycopg.Error):  # a lost connection has rolled back already
        connection.rollback()
