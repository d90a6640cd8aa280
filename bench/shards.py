"""Several processes of the bot on one PostgreSQL, on a Discord that shards: memory, start, and a minute with many due.

Each is the real command line in a process of its own, started at the same moment as the others; Discord and the papers
API are simulated on loopback by another process, the servers being as large as those of `bench.hosting`. What costs
the bot nothing is shortened: the time between two identifies. All figures come from one run, and are also taken of as
many processes without a server.
"""

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from rich.table import Table

from bench.engines import durable
from bench.figures import Figure, table
from bench.sends import subscribe
from bench.shards_discord import ANSWER_SECONDS, IDENTIFY_SECONDS
from bench.starting import READY, read_processor_seconds
from bot.clock import system_clock
from bot.database_address import PostgresAddress
from bot.delivery.sending import MESSAGES_PER_SECOND
from bot.storage import open_storage
from tests.support.paths import ROOT
from tests.support.postgres import create_database, run_postgres
from tests.support.wire import TOKEN

SPACING = 0.25  # seconds between two identifies
LIMIT = 1200  # seconds that a start may take
PATIENCE = 5  # times the floor; what has not arrived by then counts as lost
SUBSCRIBING = 100  # a second, at least
CALM = timedelta(seconds=30)  # after the start, until digests are due
HEADINGS = (
    "shards",
    "servers",
    "RSS when ready",
    "RSS at the end",
    "PSS",
    "at its peak",
    "to ready",
    "of the processor",
)


@dataclass(frozen=True, slots=True)
class Size:
    processes: int
    shards: int  # of each
    servers: int  # of each
    digests: int  # of all together

    @property
    def all_shards(self) -> int:
        return self.processes * self.shards

    def __str__(self) -> str:
        return f"{self.processes} processes × {self.shards} shards × {self.servers:,} servers"


SMALL = Size(4, 5, 2_500, 2_000)
FULL = Size(4, 25, 25_000, 10_000)


@dataclass
class Bot:
    """A process with some shards, and what is known of it."""

    shards: str
    process: Process
    began: float
    is_ready: asyncio.Event = field(default_factory=asyncio.Event)
    start: float = 0.0  # seconds of the clock until it was ready
    processor: float = 0.0  # seconds until then
    at_ready: dict[str, float] = field(default_factory=dict)  # megabytes
    at_end: dict[str, float] = field(default_factory=dict)

    async def listen(self) -> None:
        """Read all that it says. Raises if it ends before it is ready."""
        assert self.process.stderr
        said = deque[bytes](maxlen=100)
        async for line in self.process.stderr:
            said.append(line)
            if READY in line:
                self.start, self.processor = time.perf_counter() - self.began, read_processor_seconds(self.process.pid)
                self.at_ready = _read_memory(self.process.pid)
                self.is_ready.set()
        if not self.is_ready.is_set():
            raise RuntimeError(b"".join(said).decode())

    def cells(self, servers: str) -> tuple[str, ...]:
        sizes = (self.at_ready["Rss"], self.at_end["Rss"], self.at_end["Pss"], self.at_end["VmHWM"])
        megabytes = (f"{each:,.0f} MB" for each in sizes)
        return (self.shards, servers, *megabytes, f"{self.start:,.1f} s", f"{self.processor:,.1f} s")


@dataclass
class Discord:
    """The process that simulates Discord; `made` are the times at which messages were made, by channel."""

    process: Process
    api_url: str
    gateway_url: str
    papers_url: str
    channels: Sequence[tuple[int, int]]
    made: list[tuple[int, float]] = field(default_factory=list)
    refused: asyncio.Queue[dict[str, int]] = field(default_factory=asyncio.Queue)

    async def listen(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            if line.startswith(b"{"):
                self.refused.put_nowait(json.loads(line))
            else:
                channel, moment = line.split()
                self.made.append((int(channel), float(moment)))

    async def ask_for_refused(self) -> dict[str, int]:
        assert self.process.stdin
        self.process.stdin.write(b"\n")
        return await self.refused.get()


@dataclass(frozen=True, slots=True)
class Minute:
    """The digests that were due at once: seconds to the last one, and of the processor."""

    last: float
    bots: float
    postgres: float  # 0 where the server is not ours
    refused: int  # requests that went beyond Discord's limits
    too_fast: int  # identifies, since the start


async def measure(folder: Path, size: Size = SMALL) -> list[Table]:
    with run_postgres(folder / "postgres") as server:
        postgres = folder / "postgres" / "data" / "postmaster.pid"
        with create_database(server) as url:
            async with _run(folder / "empty", url, Size(size.processes, size.shards, 0, 0)) as (empty, _):
                pass
        with create_database(server) as url:
            async with _run(folder / "full", url, size) as (bots, discord):
                due = await _subscribe(url, discord)
                with durable(server, True) as kind:
                    minute = await _pass_minute(url, due, bots, discord, postgres)
    return [
        _show_processes(size, bots, empty),
        table(f"All of them; {kind}", _list_figures(size, bots, empty, minute)),
    ]


def _show_processes(size: Size, bots: Sequence[Bot], empty: Sequence[Bot]) -> Table:
    shown = Table(title=f"{size}, on one PostgreSQL; identifies {SPACING} s apart")
    for heading in HEADINGS:
        shown.add_column(heading, justify="right")
    for bot in bots:
        shown.add_row(*bot.cells(f"{size.servers:,}"))
    shown.add_section()
    for bot in empty:
        shown.add_row(*bot.cells("none"))
    return shown


def _list_figures(size: Size, bots: Sequence[Bot], empty: Sequence[Bot], minute: Minute) -> Iterator[Figure]:
    without = "without a server"
    largest, smallest = (max(each.at_end["Rss"] for each in group) for group in (bots, empty))
    together, empties = (sum(each.at_end["Pss"] for each in group) for group in (bots, empty))
    yield Figure("memory of the largest process, RSS", largest, smallest, "MB", without)
    yield Figure("· for each of its servers", (largest - smallest) * 1000 / size.servers, None, "kB")
    yield Figure("memory of all, PSS", together, empties, "MB", without)
    identifies = (size.all_shards - 1) * IDENTIFY_SECONDS
    slowest, processor = max(each.start for each in bots), sum(each.processor for each in bots)
    yield Figure(
        "start to ready, the slowest of all at once", slowest, identifies, "s", "real identifies alone", "< 1 ×"
    )
    yield Figure("· of the processor, all", processor, sum(each.processor for each in empty), "s", without)
    floor, due = size.digests / MESSAGES_PER_SECOND, f"{size.digests:,} digests due at one minute"
    pace = f"{MESSAGES_PER_SECOND} a second"
    yield Figure(f"{due}, each came once: the last", minute.last, floor, "s", f"{pace} over all processes", "≤ 1.15 ×")
    core = 1000 / MESSAGES_PER_SECOND
    yield Figure("· CPU of the bot for each", minute.bots * 1000 / size.digests, core, "ms", f"one core at {pace}")
    if minute.postgres:
        each = minute.postgres * 1000 / size.digests
        yield Figure("· CPU of PostgreSQL for each", each, core, "ms", f"one core at {pace}")
    yield Figure(f"· refused by Discord, which answers after {ANSWER_SECONDS} s", minute.refused, None, "")
    yield Figure("· turned away for identifying too fast", minute.too_fast, None, "")


@asynccontextmanager
async def _run(folder: Path, url: str, size: Size) -> AsyncIterator[tuple[list[Bot], Discord]]:
    """All processes, ready; at the end their memory is looked at, and they are stopped."""
    async with _open_discord(size) as discord, asyncio.TaskGroup() as listening:
        listening.create_task(discord.listen())
        bots = [await _start(folder / str(number), url, discord, size, number) for number in range(size.processes)]
        try:
            for each in bots:
                listening.create_task(each.listen())
            async with asyncio.timeout(LIMIT):
                for each in bots:
                    await each.is_ready.wait()
            yield bots, discord
            for each in bots:
                each.at_end = _read_memory(each.process.pid)
                each.process.terminate()
                await each.process.wait()
        finally:
            for process in (discord.process, *(each.process for each in bots)):
                if process.returncode is None:
                    process.kill()


@asynccontextmanager
async def _open_discord(size: Size) -> AsyncIterator[Discord]:
    arguments = (size.processes * size.servers, size.all_shards, SPACING, size.digests)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.shards_discord", *map(str, arguments)), stdin=PIPE, stdout=PIPE, limit=2**24
    )
    try:
        assert process.stdout
        yield Discord(process, **json.loads(await process.stdout.readline()))
    finally:
        await process.wait()


async def _start(folder: Path, url: str, discord: Discord, size: Size, number: int) -> Bot:
    first = number * size.shards
    shards = f"{first}-{first + size.shards - 1}/{size.all_shards}"
    environment = _furnish(folder, url, discord, shards)
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.sharded", str(SPACING)),
        env=environment,
        cwd=folder,
        stdout=DEVNULL,
        stderr=PIPE,
    )
    return Bot(shards, process, began)


def _furnish(folder: Path, url: str, discord: Discord, shards: str) -> dict[str, str]:
    """The folder of a process, and its environment."""
    folder.mkdir(parents=True)
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "DISCORD_TOKEN": TOKEN,
        "PAPERBOY_DATABASE": url,
        "PAPERBOY_SHARDS": shards,
        "PAPERBOY_PAPERS_URL": discord.papers_url,
        "PAPERBOY_DISCORD_API_URL": discord.api_url,
        "PAPERBOY_DISCORD_GATEWAY_URL": discord.gateway_url,
        "PAPERBOY_BACKFILL_DAYS": "0",
    }


async def _subscribe(url: str, discord: Discord) -> datetime:
    """Subscribe in all the channels for a minute that is still to come, which is given."""
    due = _find_minute(system_clock() + CALM + timedelta(seconds=len(discord.channels) / SUBSCRIBING))
    async with open_storage(PostgresAddress(url)) as storage:
        await subscribe(storage, discord.channels, due - timedelta(minutes=1))
    assert system_clock() < due, "the machine is too busy"
    return due


async def _pass_minute(url: str, due: datetime, bots: Sequence[Bot], discord: Discord, postgres: Path) -> Minute:
    """Wait until all digests that are due then are there and recorded, each once."""
    wanted = Counter(channel for _, channel in discord.channels)
    await asyncio.sleep((due - system_clock()).total_seconds())
    refused = (await discord.ask_for_refused())["refused"]
    before, postgres_before = _read_seconds(bots), _read_postgres_seconds(postgres)
    latest = due + timedelta(seconds=PATIENCE * len(wanted) / MESSAGES_PER_SECOND)
    with psycopg.connect(url, autocommit=True) as connection:
        while _count_sent(connection) < len(wanted) and system_clock() < latest:  # noqa: ASYNC110  # in the database
            await asyncio.sleep(0.5)
        after, postgres_after = _read_seconds(bots), _read_postgres_seconds(postgres)
        sent = _count_sent(connection)
    made = Counter(channel for channel, _ in discord.made)
    twice, lost = (made - wanted).total(), (wanted - made).total()
    assert made == wanted, f"{twice} came twice, {lost} did not come"
    assert sent == len(wanted), f"{sent} of {len(wanted)} are recorded as sent"
    last = max(moment for _, moment in discord.made) - due.timestamp()
    told = await discord.ask_for_refused()
    processor = after - before, postgres_after - postgres_before
    return Minute(last, *processor, told["refused"] - refused, told["too_fast"])


def _find_minute(now: datetime) -> datetime:
    return datetime.fromtimestamp((now.timestamp() // 60 + 1) * 60, UTC)


def _count_sent(connection: psycopg.Connection[Any]) -> int:
    ((count,),) = connection.execute("SELECT count(*) FROM deliveries WHERE state = 'sent'").fetchall()
    return int(count)


def _read_seconds(bots: Sequence[Bot]) -> float:
    return sum(read_processor_seconds(each.process.pid) for each in bots)


def _read_postgres_seconds(pid_file: Path) -> float:
    """The seconds that the processor has spent on the server, with the sessions that have ended; 0 if it isn't ours."""
    if not pid_file.exists():
        return 0.0
    pid = int(pid_file.read_text(encoding="utf-8").split()[0])
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return read_processor_seconds(pid, ended=True) + sum(read_processor_seconds(int(each)) for each in children)


def _read_memory(pid: int) -> dict[str, float]:
    """Megabytes by Linux's name."""
    lines = [
        line.split()
        for name in ("smaps_rollup", "status")
        for line in Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8").splitlines()
        if line.endswith(" kB")
    ]
    return {line[0].rstrip(":"): int(line[1]) / 1000 for line in lines}
