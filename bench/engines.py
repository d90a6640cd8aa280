"""The storage on PostgreSQL, compared with SQLite: the same work on both in turn, in one process.

Also how many digests several processes record in a second on one PostgreSQL, which has one writer at a time: compared
with what Discord lets a bot send.
"""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from rich.table import Table

from bench.figures import Figure, forget_the_past, table
from bench.recorded import DAY, NOW, Steps, open_filled
from bot.database_address import DatabaseAddress, PostgresAddress
from bot.delivery.sending import MESSAGES_PER_SECOND
from bot.papers import Paper
from bot.share import WHOLE
from bot.storage import Storage
from tests.support.postgres import create_database, run_postgres

DIGESTS, WARMING = 400, 50
LISTED = 60  # papers of the day
PROCESSES = (1, 2, 4)
CONTENDED = 2_000  # digests
WHOLE_PATH = "a digest from covered_until to complete"

Work = Callable[[], Awaitable[object]]


class _Spent:
    """Milliseconds by operation: of the clock, and of this process's processor time."""

    def __init__(self) -> None:
        self.wall, self.cpu = defaultdict[str, float](float), defaultdict[str, float](float)

    async def spend(self, name: str, work: Work) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        await work()
        self.wall[name] += (time.perf_counter() - wall) * 1000
        self.cpu[name] += (time.process_time() - cpu) * 1000


async def measure(folder: Path, papers: Sequence[Paper]) -> list[Table]:
    listed = papers[:LISTED]
    with run_postgres(folder / "postgres") as server:
        with create_database(server) as url:
            compared = await _compare({"sqlite": folder / "engines.db", "postgres": PostgresAddress(url)}, listed)
        contended = [each async for each in _contend(server, listed)]
    return [
        table("The storage on PostgreSQL, beside SQLite in the same process", compared),
        table("Digests that processes record at once on one PostgreSQL", contended),
    ]


async def _compare(addresses: dict[str, DatabaseAddress], papers: Sequence[Paper]) -> list[Figure]:
    spent = {name: _Spent() for name in addresses}
    async with AsyncExitStack() as stack:
        storages = {
            name: await stack.enter_async_context(open_filled(address, papers, DIGESTS + WARMING))
            for name, address in addresses.items()
        }
        due = {name: await storage.subscriptions.list_due(WHOLE, NOW) for name, storage in storages.items()}
        forget_the_past()
        names = list(addresses)
        for number in range(DIGESTS + WARMING):
            for name in names if number % 2 else reversed(names):
                counted = spent[name] if number >= WARMING else _Spent()
                for what, work in _list_operations(storages[name], due[name][number], papers):
                    await counted.spend(what, work)
    return [
        Figure(
            f"{what}, {kind}", getattr(ours, short)[what] / DIGESTS, getattr(floor, short)[what] / DIGESTS, "ms", beside
        )
        for ours, floor in [(spent["postgres"], spent["sqlite"])]
        for what in _sum_up(ours, floor)
        for short, kind, beside in [("cpu", "CPU of the bot", "SQLite"), ("wall", "clock", "SQLite")]
    ]


def _sum_up(*spent: _Spent) -> list[str]:
    """Add the whole path to each, and name all operations."""
    path = ("covered_until", "plan", "attempt", "arrive", "complete")
    for each in spent:
        for times in (each.wall, each.cpu):
            times[WHOLE_PATH] = sum(times[name] for name in path)
    return [*path, WHOLE_PATH, "ten papers of a look-up", "the candidates of a day"]


def _list_operations(storage: Storage, subscription: Any, papers: Sequence[Paper]) -> Iterator[tuple[str, Work]]:
    steps = Steps(storage, subscription, papers)
    yield "covered_until", lambda: storage.deliveries.get_covered_until(subscription.id)
    yield "plan", steps.plan
    yield "attempt", steps.attempt
    yield "arrive", steps.arrive
    yield "complete", steps.complete
    yield "ten papers of a look-up", lambda: storage.papers.list_top_papers(DAY, DAY, limit=10)
    yield "the candidates of a day", lambda: storage.papers.list_candidates(DAY, DAY)


async def _contend(server: str, papers: Sequence[Paper]) -> Any:
    for is_durable in (True, False):
        with durable(server, is_durable) as kind:
            for processes in PROCESSES:
                with create_database(server) as url:
                    async with open_filled(PostgresAddress(url), papers, CONTENDED):
                        pass
                    told = await _record_at_once(url, processes)
                what = f"{processes} process{'es' if processes > 1 else ''}, {kind}"
                rate = CONTENDED / max(each["wall"] for each in told)
                yield Figure(what, rate, MESSAGES_PER_SECOND, "digests/s", "what Discord takes", "≤ 0.33 ×")


@contextmanager
def durable(server: str, is_durable: bool) -> Iterator[str]:
    """Whether a commit waits for the disk, as far as the server may be told."""
    wanted = "on" if is_durable else "off"
    with closing(psycopg.connect(server, autocommit=True)) as connection:
        ((is_superuser,),) = connection.execute("SELECT usesuper FROM pg_user WHERE usename = current_user").fetchall()
        settings = ("fsync", "synchronous_commit") if is_superuser else ()
        before = {name: connection.execute(f"SHOW {name}".encode()).fetchall()[0][0] for name in settings}
        _change(connection, dict.fromkeys(settings, wanted))
        try:
            yield f"commits {'wait' if is_durable else 'do not wait'} for the disk" if settings else "as the server is"
        finally:
            _change(connection, before)


def _change(connection: psycopg.Connection[Any], settings: dict[str, str]) -> None:
    for name, value in settings.items():
        connection.execute(f"ALTER SYSTEM SET {name} = {value}".encode())
    connection.execute("SELECT pg_reload_conf()")


async def _record_at_once(url: str, count: int) -> list[dict[str, float]]:
    programs = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.recorded", url, f"{number}/{count}", stdin=PIPE, stdout=PIPE
        )
        for number in range(count)
    ]
    for each in programs:
        assert each.stdout
        await each.stdout.readline()
    for each in programs:
        assert each.stdin
        each.stdin.write(b"go\n")
    return [await _read_answer(each) for each in programs]


async def _read_answer(process: Process) -> dict[str, float]:
    output, _ = await process.communicate()
    told: dict[str, float] = json.loads(output)
    return told
