"""How long the bot takes from its start as a process until it is ready, on a Discord on loopback.

Ready means: the database and the index are open, the vectors read, the commands registered and the servers known.
The processor time until then counts all threads; unlike the time on the clock it does not depend on what else the
machine does.
"""

import asyncio
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure
from bench.filled_index import NOW, FilledIndex
from bench.used import NOWHERE
from tests.support.paths import ROOT
from tests.support.wire import TOKEN, Wire

READY = b"ready: "
GOAL = "< 3"
LIMIT = 300  # seconds


@dataclass(frozen=True, slots=True)
class Start:
    """What a start took: seconds on the clock, and of the processor."""

    clock: float
    processor: float


async def measure(folder: Path, filled: FilledIndex) -> list[Figure]:
    """A start over the archive, beside one over an empty database."""
    ours = await _start(filled.copied(folder).database)
    floor = await _start(folder / "empty.db")
    beside = "an empty database"
    return [
        Figure(f"start to ready over {filled.name} papers", ours.clock, floor.clock, "s", beside, GOAL),
        Figure("· of the processor", ours.processor, floor.processor, "s", beside, GOAL),
    ]


async def _start(database: Path) -> Start:
    """The second start, as the first one registers the commands and reads the files from the disk."""
    wire = Wire(lambda: NOW)
    wire.add_guild()
    async with wire.serve():
        await _start_once(database, wire)
        return await _start_once(database, wire)


async def _start_once(database: Path, wire: Wire) -> Start:
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run"),
        env=os.environ | _settings(database, wire),
        cwd=database.parent,
        stdout=DEVNULL,
        stderr=PIPE,
    )
    try:
        async with asyncio.timeout(LIMIT):
            await _wait_until_ready(process)
        return Start(time.perf_counter() - began, read_processor_seconds(process.pid))
    finally:
        process.terminate()
        await process.communicate()


async def _wait_until_ready(process: Process) -> None:
    assert process.stderr
    said = []
    async for line in process.stderr:
        said.append(line)
        if READY in line:
            return
    raise RuntimeError(b"".join(said).decode())


def read_processor_seconds(pid: int, *, ended: bool = False) -> float:
    """The seconds that the processor has spent on a process, and its `ended` children, as Linux counts them."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11 : 15 if ended else 13])) / os.sysconf("SC_CLK_TCK")


def _settings(database: Path, wire: Wire) -> dict[str, str]:
    return {
        "PYTHONPATH": str(ROOT),
        "DISCORD_TOKEN": TOKEN,
        "PAPERBOY_DATABASE": str(database),
        "PAPERBOY_PAPERS_URL": NOWHERE,
        "PAPERBOY_DISCORD_API_URL": wire.api_url,
        "PAPERBOY_DISCORD_GATEWAY_URL": wire.gateway.url,
        "PAPERBOY_BACKFILL_DAYS": "0",
    }
