"""What it takes to host the bot: memory, processor and disk, for some numbers of servers (`docs/hosting.md`).

A day is added up from its parts, each measured in the whole bot on a Discord on loopback; a month on disk from how much
the file grows for each subscription, and for each paper. Each server has one subscription of five papers a day; the
digests of some hundred are sent.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from bench import corpus
from bench.filled_index import NOW, FilledIndex, fill_index
from bench.hosted import SEARCH
from bench.queries import asked
from bot.app import get_index_path
from bot.papers import Paper
from tests.support.year import KINDS, Year

SERVERS = (10, 1_000, 10_000)
SEARCHES = 10  # a day in each server, or what is as much work
TIMES = {"idle minute": 1440, "current": 96, "settling": 4, "night": 1}  # a day
SUBSCRIPTIONS, FIRST_DAYS, MONTH = 50, 15, 30
HEADINGS = ("servers", "memory", "at its peak", "processor a day", "of that digests", "of one core", "disk a month")


@dataclass(frozen=True, slots=True)
class Need:
    """What a number of servers takes: memory in megabytes, seconds of the processor a day, megabytes a month."""

    servers: int
    memory: float
    peak: float
    parts: dict[str, float]
    """Seconds of the processor for one of each part."""
    disk: float

    @property
    def digests(self) -> float:
        return self.servers * self.parts["digest"]

    @property
    def day(self) -> float:
        regular = sum(times * self.parts[part] for part, times in TIMES.items())
        return regular + self.digests + self.servers * SEARCHES * self.parts["search"]

    def cells(self) -> tuple[str, ...]:
        return (
            f"{self.servers:,}",
            f"{self.memory:,.0f} MB",
            f"{self.peak:,.0f} MB",
            f"{self.day:,.0f} s",
            f"{self.digests:,.0f} s",
            f"{self.day / 864:,.2f} %",
            f"{self.disk:,.1f} MB",
        )


async def measure(folder: Path, real: Sequence[Paper], sizes: Sequence[int] = SERVERS) -> list[Table]:
    """The table for each number of servers, and one of what its figures are made of."""
    filled = await fill_index(folder, real, len(real), None)
    papers = await _grow_by_papers(filled)
    subscription = await _grow_by_subscription(folder)
    needs = [await _measure(folder / f"hosting-{size}", filled, size, papers + size * subscription) for size in sizes]
    whole, parts = Table(title="Hosting"), Table(title="Milliseconds of the processor for each")
    for heading in HEADINGS:
        whole.add_column(heading, justify="right")
    for heading in ("servers", *needs[0].parts):
        parts.add_column(heading, justify="right")
    for need in needs:
        whole.add_row(*need.cells())
        parts.add_row(f"{need.servers:,}", *(f"{seconds * 1000:,.1f}" for seconds in need.parts.values()))
    parts.caption = f"On disk: {papers:.1f} MB a month for papers, {subscription * 1000:.1f} kB for a subscription."
    return [whole, parts]


async def _measure(folder: Path, filled: FilledIndex, servers: int, disk: float) -> Need:
    database, texts = filled.copied(folder).database, [each.ours for each in asked(filled.real)]
    discord = await _start("bench.hosting_discord", str(servers), NOW.isoformat())
    try:
        known = json.loads(await _read_line(discord))
        bot = await _start("bench.hosted", str(database), NOW.isoformat())
        await _write_line(bot, known | {"searches": len(texts)})
        while (line := await _read_line(bot)) == SEARCH:
            await _write_line(discord, texts)
            await _read_line(discord)
            await _write_line(bot, None)
        await bot.wait()
    finally:
        discord.kill()
        await discord.wait()
    told = json.loads(line)
    memory = told["memory"]["used"]
    return Need(servers, memory["VmRSS"], memory["VmHWM"], told["seconds"], disk)


async def _read_line(process: Process) -> str:
    assert process.stdout
    return (await process.stdout.readline()).decode().strip()


async def _write_line(process: Process, known: object) -> None:
    assert process.stdin
    process.stdin.write(json.dumps(known).encode() + b"\n")
    await process.stdin.drain()


async def _start(module: str, *arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdin=PIPE, stdout=PIPE, limit=2**26
    )


async def _grow_by_papers(filled: FilledIndex) -> float:
    """Megabytes of a month's papers: in the database and in the index, as many as in the corpus's latest month."""
    files = [filled.database, *(each for each in get_index_path(filled.database).iterdir() if each.is_file())]
    each = sum(file.stat().st_size for file in files) / filled.size
    _, lists = corpus.lists()
    return each * sum(len(entries) for _, entries in sorted(lists.items())[-MONTH:]) / 1e6


async def _grow_by_subscription(folder: Path) -> float:
    """Megabytes of a subscription's month, after the first days, whose details are kept whole."""
    sizes = []
    for days in (FIRST_DAYS, FIRST_DAYS + MONTH):
        for count in (0, SUBSCRIPTIONS):
            year = Year(folder / f"growth-{days}-{count}.db", [KINDS["five a day"]] * count, days=days)
            await year.live()
            sizes.append(year.kilobytes)
    alone, together, alone_later, together_later = sizes
    return ((together_later - alone_later) - (together - alone)) / SUBSCRIPTIONS / 1000
