"""Claims of several processes on one PostgreSQL: a lock for each shard, and a fence for every write.

A session of its own holds the locks, so that they fall when the process ends, or when the database no longer hears
of it. Whoever takes shards raises their epoch; a write of whoever had them before then fails. In between, requests
begin only while the session has just answered (`confirm`), so that what a lost process may still send has an end.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import psycopg

from bot.claims import GRACE, Fence
from bot.database_address import PostgresAddress
from bot.share import Share
from bot.storage.database import ClaimLost, DatabaseProblem, DatabaseUnusable, to_iso
from bot.storage.postgres.connection import CONNECT_TIMEOUT, OPTIONS, SET_IF_KNOWN
from bot.storage.postgres.refusing import build_unusable_error
from bot.storage.postgres.schema import WRITER_LOCK, migrate

log = logging.getLogger(__name__)

CHECK_EVERY = 2.0  # seconds
CONFIRMED_FOR = 10.0  # seconds that an answer of the session's counts
# Seconds in which a lost session may be had again. Meanwhile nothing is sent, and people who are answered are told to
# try again; if the database is only away for this process, another one may be answering them too.
REGAIN_LIMIT = 120.0
RETRY_EVERY = 1.0
LOCK_PATIENCE = 1.0  # seconds to wait for a lock that may be about to fall, while others are held
# Seconds that a standby waits in one statement. A longer one would keep PostgreSQL from clearing away old rows.
WAIT_PIECE = 30.0
POLITENESS = 15.0  # seconds that a standby lets whoever had the shards have them again, after the database was away
LOST = (psycopg.Error, OSError, TimeoutError)  # what a session that ended raises

# Classes of advisory locks, which have two numbers
CLUSTER_LOCK = 0x5041_0001  # of 0: shared by all processes; alone, one may change the number of shards
SHARD_LOCK = 0x5041_0002  # of a shard: whoever has it, for life
_IDENTIFY = 0x5041_0003  # of a bucket: whoever has just identified

# How the database notices that a process is gone, as far as it knows these settings. None of its limits ends what has
# to be held for life.
_SETTINGS = {
    "tcp_keepalives_idle": 5,
    "tcp_keepalives_interval": 2,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 11_000,
    "client_connection_check_interval": 5000,
    "idle_session_timeout": 0,
    "statement_timeout": 0,
    "lock_timeout": 0,
}

Session = psycopg.AsyncConnection[tuple[object, ...]]


def read_steady_clock() -> float:
    """Seconds that also pass while the machine sleeps, where the system counts those."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class PostgresClaims:
    """The claims of a process on its share, once they are taken. `is_lost` is for good."""

    def __init__(self, address: PostgresAddress, share: Share, steady: Callable[[], float] = read_steady_clock) -> None:
        self._address = address
        self._share = share
        self._steady = steady
        self._confirmed_at = -math.inf
        self._grace_ends_at = math.inf
        self._news = asyncio.Event()  # set after every check, and when the shards are lost
        self._lost = asyncio.Event()

    @property
    def share(self) -> Share:
        return self._share

    @property
    def fence(self) -> Fence:
        return self._fence

    @property
    def may_look_for_doubtful(self) -> bool:
        return self._steady() >= self._grace_ends_at

    @property
    def is_lost(self) -> bool:
        return self._lost.is_set()

    async def wait_for_loss(self) -> None:
        await self._lost.wait()

    async def confirm(self) -> None:
        while self.is_lost or self._steady() - self._confirmed_at >= CONFIRMED_FOR:
            if self.is_lost:
                raise ClaimLost
            self._news.clear()
            await self._news.wait()

    async def take(self, now: Callable[[], datetime], tell_waiting: Callable[[int], None]) -> None:
        """Take the shards, as soon as no other process has one of them. Before each wait, `tell_waiting` hears which.

        Raises `DatabaseUnusable`: if other processes have another number of shards, or if there is no database at
        first. One that goes away later is waited for.
        """
        try:
            session = await self._open_session()
        except psycopg.Error as error:
            raise build_unusable_error(self._address, error) from error
        while True:
            try:
                await self._take_in(session, now, tell_waiting)
            except LOST as error:
                log.warning("the database is away (%s): it is asked again and again", type(error).__name__)
                await session.close()
                session = await self._reopen_session()
                await asyncio.sleep(POLITENESS)
            except BaseException:
                await session.close()
                raise
            else:
                self._session = session
                return

    async def _take_in(
        self, session: Session, now: Callable[[], datetime], tell_waiting: Callable[[int], None]
    ) -> None:
        await self._join_cluster(session)
        had: list[int] = []
        while (held := await self._lock_shards(session, had)) is not None:
            # All or nothing: whoever waits holds none, so that nobody waits for somebody who only waits.
            tell_waiting(held)
            await _set_patience(session, WAIT_PIECE)
            while not await _lock_shard(session, held):
                pass
            had = [held]
        started = self._steady()
        epoch = await self._raise_epoch(session, now())
        self._fence = Fence(len(self._share.shards), epoch)
        self._confirmed_at, self._grace_ends_at = started, self._steady() + GRACE

    async def watch(self) -> None:
        """Watch over the shards until they are lost."""
        try:
            while True:
                try:
                    await self._check()
                    async for _ in self._session.notifies(timeout=CHECK_EVERY):  # raises as soon as the session ends
                        pass
                except LOST as error:
                    await self._regain(error)
        except ClaimLost:
            pass
        except Exception:
            log.exception("watching over the shards ran into a bug")
        self._lost.set()
        self._news.set()

    async def _check(self) -> None:
        """Ask the session whether all stands. Meanwhile time passes, so if it does not answer, nothing is sent."""
        asked_at = self._steady()
        try:
            async with asyncio.timeout(REGAIN_LIMIT):
                await self._check_epoch(self._session)
        except TimeoutError as error:
            raise ClaimLost from error
        self._confirmed_at = asked_at
        self._news.set()

    async def _check_epoch(self, session: Session) -> None:
        query = "SELECT count(*) FROM claims WHERE epoch = %s"
        if await _fetch_one(session, query, (self._fence.epoch,)) != (self._fence.shards,):
            raise ClaimLost

    async def _regain(self, error: BaseException) -> None:
        """Have the shards again, unless another process has taken some. Raises `ClaimLost`."""
        kind = type(error).__name__
        log.warning("the session that holds the shards has ended (%s): nothing is sent until it is had again", kind)
        self._confirmed_at = -math.inf
        deadline = self._steady() + REGAIN_LIMIT
        await self._session.close()
        while self._steady() < deadline:
            with suppress(*LOST):
                async with asyncio.timeout(deadline - self._steady()):
                    session = await self._open_session()
                    if await self._lock_again(session):
                        self._session = session
                        log.warning("the shards are held again, and nobody has taken one meanwhile: all goes on")
                        return
            await asyncio.sleep(RETRY_EVERY)
        raise ClaimLost

    async def _lock_again(self, session: Session) -> bool:
        """Whether a new session has all locks; if it hasn't, it is closed. Raises `ClaimLost`."""
        has_all = False
        try:
            await self._check_epoch(session)
            await self._join_cluster(session)
            if await self._lock_shards(session) is None:
                await self._check_epoch(session)
                has_all = True
        except DatabaseUnusable as error:
            raise ClaimLost from error
        finally:
            if not has_all:
                await session.close()
        return has_all

    async def _open_session(self) -> Session:
        session = await psycopg.AsyncConnection.connect(
            self._address.url,
            autocommit=True,
            connect_timeout=CONNECT_TIMEOUT,
            application_name=f"paperboy {self._share}",
            **OPTIONS,
        )
        try:
            for name, value in _SETTINGS.items():
                await session.execute(SET_IF_KNOWN, (str(value), name))
        except BaseException:
            await session.close()
            raise
        return session

    async def _reopen_session(self) -> Session:
        """A session as soon as there is a database."""
        while True:
            with suppress(*LOST):
                return await self._open_session()
            await asyncio.sleep(RETRY_EVERY)

    async def _join_cluster(self, session: Session) -> None:
        """Agree with all processes on the number of shards; whoever is alone decides. Raises `DatabaseUnusable`."""
        while True:
            (is_alone,) = await _fetch_one(session, "SELECT pg_try_advisory_lock(%s, 0)", (CLUSTER_LOCK,))
            if is_alone:
                await session.execute(
                    "INSERT INTO cluster (one, shard_count, last_epoch) VALUES (1, %s, 0)"
                    " ON CONFLICT (one) DO UPDATE SET shard_count = excluded.shard_count",
                    (self._share.count,),
                )
            await session.execute("SELECT pg_advisory_lock_shared(%s, 0)", (CLUSTER_LOCK,))
            if is_alone:
                await session.execute("SELECT pg_advisory_unlock(%s, 0)", (CLUSTER_LOCK,))
            (count,) = await _fetch_one(session, "SELECT shard_count FROM cluster")
            assert isinstance(count, int)
            if count == self._share.count:
                return
            await session.execute("SELECT pg_advisory_unlock_shared(%s, 0)", (CLUSTER_LOCK,))
            # Whoever decided it may have ended meanwhile.
            (is_alone,) = await _fetch_one(session, "SELECT pg_try_advisory_lock(%s, 0)", (CLUSTER_LOCK,))
            if not is_alone:
                raise DatabaseUnusable(DatabaseProblem.OTHER_SHARD_COUNT, self._address, str(count))
            await session.execute("SELECT pg_advisory_unlock(%s, 0)", (CLUSTER_LOCK,))

    async def _lock_shards(self, session: Session, had: Iterable[int] = ()) -> int | None:
        """Lock all shards, of which it has some; or none, and then returns the one that another process holds."""
        await _set_patience(session, LOCK_PATIENCE)
        locked = [*had]
        for shard in sorted(self._share.shards.difference(had)):
            if not await _lock_shard(session, shard):
                for each in locked:
                    await _unlock_shard(session, each)
                return shard
            locked.append(shard)
        await _set_patience(session, 0)
        return None

    async def _raise_epoch(self, session: Session, now: datetime) -> int:
        """Raise the epoch of all shards. Writes of whoever had them before are over by then, or will fail."""
        async with session.transaction():
            await session.execute("SELECT pg_advisory_xact_lock(%s)", (WRITER_LOCK,))
            (epoch,) = await _fetch_one(session, "UPDATE cluster SET last_epoch = last_epoch + 1 RETURNING last_epoch")
            assert isinstance(epoch, int)
            await session.execute(
                "INSERT INTO claims (shard, epoch, taken_at) SELECT shard, %s, %s FROM unnest(%s::bigint[]) AS shard"
                " ON CONFLICT (shard) DO UPDATE SET epoch = excluded.epoch, taken_at = excluded.taken_at",
                (epoch, to_iso(now), sorted(self._share.shards)),
            )
        return epoch

    @asynccontextmanager
    async def hold_bucket(self, bucket: int) -> AsyncIterator[None]:
        session = await self._lock_bucket(bucket)
        try:
            yield
        finally:
            await session.close()

    async def _lock_bucket(self, bucket: int) -> Session:
        while not self.is_lost:
            with suppress(*LOST):
                session = await self._open_session()
                try:
                    await session.execute("SELECT pg_advisory_lock(%s, %s)", (_IDENTIFY, bucket))
                    await self.confirm()
                except BaseException:
                    await session.close()
                    raise
                return session
            await asyncio.sleep(RETRY_EVERY)
        raise ClaimLost

    async def close(self) -> None:
        """Release everything."""
        await self._session.close()


async def _set_patience(session: Session, seconds: float) -> None:
    """How long a statement waits for a lock; 0 is for ever."""
    await session.execute("SELECT set_config('lock_timeout', %s, false)", (str(round(seconds * 1000)),))


async def _lock_shard(session: Session, shard: int) -> bool:
    """Whether it could be locked soon enough."""
    try:
        await session.execute("SELECT pg_advisory_lock(%s, %s)", (SHARD_LOCK, shard))
    except psycopg.errors.LockNotAvailable:
        return False
    return True


async def _unlock_shard(session: Session, shard: int) -> None:
    await session.execute("SELECT pg_advisory_unlock(%s, %s)", (SHARD_LOCK, shard))


async def _fetch_one(session: Session, sql: str, values: tuple[object, ...] = ()) -> tuple[object, ...]:
    row = await (await session.execute(sql.encode(), values)).fetchone()
    assert row
    return row


@asynccontextmanager
async def open_claims(
    address: PostgresAddress, share: Share, now: Callable[[], datetime], tell_waiting: Callable[[int], None]
) -> AsyncIterator[PostgresClaims]:
    """The share, as soon as no other process has a shard of it, until this ends.

    Creates or migrates the schema first. Raises `DatabaseUnusable`.
    """
    claims = PostgresClaims(address, share)
    await asyncio.to_thread(migrate, address)
    await claims.take(now, tell_waiting)
    watching = asyncio.create_task(claims.watch())
    try:
        yield claims
    finally:
        watching.cancel()
        await asyncio.wait({watching})
        await claims.close()
