"""Several processes on one PostgreSQL: each shard has one process at a time, and whoever lost it writes nothing."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import psycopg
import pytest

from bot.claims import GRACE
from bot.database_address import PostgresAddress
from bot.share import parse_shards
from bot.storage import ClaimLost, DatabaseProblem, DatabaseUnusable
from bot.storage.postgres import claims as claims_module
from bot.storage.postgres.claims import PostgresClaims, open_claims
from bot.storage.postgres.database import PostgresDatabase
from bot.storage.postgres.schema import WRITER_LOCK
from tests.support.builders import MORNING

LIMIT = 60  # seconds that anything may take, on the busiest machine
Query = psycopg.AsyncConnection[tuple[object, ...]]


@dataclass
class Cluster:
    """A database, and the processes that use it."""

    address: PostgresAddress
    admin: Query
    stack: AsyncExitStack
    waiting: defaultdict[str, asyncio.Queue[int]] = field(default_factory=lambda: defaultdict(asyncio.Queue))

    async def open(self, shards: str) -> PostgresClaims:
        opened = open_claims(self.address, parse_shards(shards), lambda: MORNING, self.waiting[shards].put_nowait)
        return await self.stack.enter_async_context(opened)

    async def wait_for_standby(self, shards: str) -> int:
        """Wait until that process waits; gives the shard that another one holds."""
        return await self.waiting[shards].get()

    async def cut(self, claims: PostgresClaims) -> None:
        """End the session that holds the shards, as a server does that no longer hears of a client."""
        pid = claims._session.info.backend_pid
        await self.admin.execute("SELECT pg_terminate_backend(%s)", (pid,))

    async def write(self, claims: PostgresClaims) -> None:
        """A write transaction of that process. Raises `ClaimLost`."""
        async with PostgresDatabase(self.address, claims.fence) as database:
            await database.execute("DELETE FROM traces")

    async def wait_for_blocked_writer(self) -> None:
        """Wait until some process waits for the writer's lock."""
        waits = b"SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND NOT granted"
        while not await (await self.admin.execute(waits)).fetchall():
            pass


@pytest.fixture
async def cluster(postgres_address: PostgresAddress) -> AsyncIterator[Cluster]:
    async with (
        asyncio.timeout(LIMIT),
        await psycopg.AsyncConnection.connect(postgres_address.url, autocommit=True) as admin,
        AsyncExitStack() as stack,
    ):
        yield Cluster(postgres_address, admin, stack)


@asynccontextmanager
async def starting(cluster: Cluster, shards: str) -> AsyncIterator[asyncio.Task[PostgresClaims]]:
    task = asyncio.create_task(cluster.open(shards))
    yield task
    task.cancel()
    await asyncio.wait({task})


async def test_processes_with_different_shards_run_beside_each_other(cluster: Cluster) -> None:
    first, second = await cluster.open("0-1/4"), await cluster.open("2-3/4")
    await first.confirm()
    await second.confirm()
    await cluster.write(first)
    await cluster.write(second)
    assert not cluster.waiting["0-1/4"].qsize() + cluster.waiting["2-3/4"].qsize()


async def test_a_second_process_with_the_same_shards_waits_and_takes_over(cluster: Cluster) -> None:
    opened = open_claims(cluster.address, parse_shards("0-1/2"), lambda: MORNING, lambda _: None)
    async with opened as first, starting(cluster, "0,1/2") as second:
        assert await cluster.wait_for_standby("0,1/2") == 0
        await cluster.write(first)
        assert not second.done()
        await opened.__aexit__(None, None, None)
        await cluster.write(await second)
        with pytest.raises(ClaimLost):
            await cluster.write(first)


async def test_a_process_that_waits_holds_up_no_other(cluster: Cluster) -> None:
    """One that wants shards of two others gets none until it can have all."""
    middle = await cluster.open("1/4")
    async with starting(cluster, "0-2/4") as wants_all:
        assert await cluster.wait_for_standby("0-2/4") == 1
        await cluster.open("0/4")
        await cluster.open("2-3/4")
        await cluster.cut(middle)  # whoever waits for its shard gets it for a moment, and still not all
        middle._confirmed_at = float("-inf")
        await middle.confirm()
        await cluster.write(middle)
        assert not wants_all.done()


async def test_processes_whose_shards_overlap_all_get_their_turn(cluster: Cluster) -> None:
    shares = ["0-1/3", "1-2/3", "0,2/3"]

    async def run(shards: str) -> None:
        async with open_claims(cluster.address, parse_shards(shards), lambda: MORNING, lambda _: None) as claims:
            await cluster.write(claims)

    await asyncio.gather(*map(run, shares * 2))


async def test_another_number_of_shards_is_refused_while_a_process_runs(cluster: Cluster) -> None:
    opened = open_claims(cluster.address, parse_shards("0-1/2"), lambda: MORNING, lambda _: None)
    async with opened:
        with pytest.raises(DatabaseUnusable) as caught:
            await cluster.open("2/4")
        assert (caught.value.problem, caught.value.detail) == (DatabaseProblem.OTHER_SHARD_COUNT, "2")
        await opened.__aexit__(None, None, None)
        await cluster.write(await cluster.open("2/4"))


async def test_a_session_that_is_cut_is_had_again_if_nobody_took_the_shards(cluster: Cluster) -> None:
    claims = await cluster.open("0-1/2")
    await cluster.cut(claims)
    claims._confirmed_at = float("-inf")  # whoever asks now hears of the cut
    await claims.confirm()
    await cluster.write(claims)
    assert not claims.is_lost
    async with starting(cluster, "0,1/2"):
        assert await cluster.wait_for_standby("0,1/2") == 0


async def test_a_process_whose_shards_were_taken_meanwhile_is_told_and_writes_nothing(cluster: Cluster) -> None:
    first = await cluster.open("0-1/2")
    async with starting(cluster, "0,1/2") as second:
        await cluster.wait_for_standby("0,1/2")
        await cluster.cut(first)
        await cluster.write(await second)
        await first.wait_for_loss()
        with pytest.raises(ClaimLost):
            await first.confirm()
        with pytest.raises(ClaimLost):
            await cluster.write(first)


async def test_after_a_restart_of_the_database_whoever_had_the_shards_has_them_again(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise each restart of it would cost as many identifies as there are shards."""
    monkeypatch.setattr(claims_module, "POLITENESS", 2.0)
    claims = await cluster.open("0-1/2")
    async with starting(cluster, "0,1/2"):
        await cluster.wait_for_standby("0,1/2")
        end = b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'paperboy 0%'"
        await cluster.admin.execute(end)
        claims._confirmed_at = float("-inf")
        await claims.confirm()
        assert await cluster.wait_for_standby("0,1/2") == 0
        await cluster.write(claims)


async def test_a_process_cut_off_from_the_database_sends_nothing_and_stops(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims_module, "REGAIN_LIMIT", 0.5)
    claims = await cluster.open("0-1/2")
    claims._address = PostgresAddress("postgresql:///nothing?host=/nowhere")
    await cluster.cut(claims)
    await claims.wait_for_loss()
    with pytest.raises(ClaimLost):
        await claims.confirm()


async def test_a_write_that_began_before_the_shards_were_taken_ends_first(cluster: Cluster) -> None:
    """So what it did is known to whoever takes the shards."""
    opened = open_claims(cluster.address, parse_shards("0/1"), lambda: MORNING, lambda _: None)
    async with opened:
        await opened.__aexit__(None, None, None)
        async with await psycopg.AsyncConnection.connect(cluster.address.url) as writing:
            await writing.execute("SELECT pg_advisory_xact_lock(%s)", (WRITER_LOCK,))
            async with starting(cluster, "0/1") as second:
                await cluster.wait_for_blocked_writer()
                assert not second.done()
                await writing.commit()
                await second


async def test_a_write_that_waited_while_the_shards_were_taken_fails(cluster: Cluster) -> None:
    claims = await cluster.open("0-1/2")
    async with await psycopg.AsyncConnection.connect(cluster.address.url) as taking:
        await taking.execute("SELECT pg_advisory_xact_lock(%s)", (WRITER_LOCK,))
        await taking.execute("UPDATE claims SET epoch = epoch + 1 WHERE shard = 1")
        writing = asyncio.create_task(cluster.write(claims))
        await cluster.wait_for_blocked_writer()
        await taking.commit()
        with pytest.raises(ClaimLost):
            await writing


async def test_what_another_process_may_still_send_is_left_alone_for_a_while(postgres_address: PostgresAddress) -> None:
    now = 1000.0
    claims = PostgresClaims(postgres_address, parse_shards("0/1"), lambda: now)
    await claims.take(lambda: MORNING, lambda _: None)
    assert not claims.may_look_for_doubtful
    now += GRACE
    assert claims.may_look_for_doubtful
    await claims.close()


async def test_a_bucket_of_identifies_is_held_by_one_process_at_a_time(cluster: Cluster) -> None:
    first, second = await cluster.open("0/2"), await cluster.open("1/2")
    order: list[str] = []

    async def identify(claims: PostgresClaims, bucket: int) -> None:
        async with claims.hold_bucket(bucket):
            order.append("in")
            await asyncio.sleep(0.05)
            order.append("out")

    await asyncio.gather(*(identify(claims, 0) for claims in (first, second) * 3))
    assert order == ["in", "out"] * 6
    async with first.hold_bucket(0), second.hold_bucket(1):
        pass
