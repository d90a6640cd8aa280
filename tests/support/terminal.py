"""A terminal from which `paperboy` is started, and a papers API that watches what it asks."""

import asyncio
import sqlite3
import sys
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from aiohttp import web

from bot.demo.papers_server import PapersServer
from tests.support.builders import DAY, entries

FIRST = DAY - timedelta(days=9)
LIMIT = 300  # seconds that anything may take, on the busiest machine
PROGRAM = str(Path(sys.executable).with_name("paperboy"))


class WatchedServer(PapersServer):
    """The papers API; remembers the days it was asked for, may leave the fifth unanswered or be down."""

    def __init__(self) -> None:
        days = [FIRST + timedelta(days=number) for number in range(10)]
        super().__init__({day: entries(3, day, first=10 * number) for number, day in enumerate(days)})
        self.fifth, self.free = asyncio.Event(), asyncio.Event()
        self.free.set()
        self.asked: list[date] = []
        self.status = 200

    async def answer_list(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(date.fromisoformat(request.query["date"]))
        if len(self.asked) == 5:
            self.fifth.set()
            await self.free.wait()
        if self.status != 200:
            return web.Response(status=self.status, text="<html>down", headers={"Retry-After": "0"})
        return await super().answer_list(request)


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    def is_mistake_in_usage(self, command: str) -> bool:
        said = "Traceback" not in self.err and f"Usage: {command}" in self.err
        return (self.code, self.out) == (2, "") and said


@dataclass
class Terminal:
    """A terminal in an empty folder, from which `paperboy` is started."""

    folder: Path
    environment: dict[str, str]
    program: str = PROGRAM

    async def start(self, *words: str, stdin: int | None = asyncio.subprocess.DEVNULL) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            self.program,
            *words,
            cwd=self.folder,
            env=self.environment,
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *words: str) -> Ended:
        process = await self.start(*words)
        out, err = await asyncio.wait_for(process.communicate(), LIMIT)
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())

    async def run_all(self, commands: Iterable[tuple[str, ...]]) -> list[Ended]:
        """Side by side: a process takes most of a second to start."""
        return await asyncio.gather(*(self.run(*words) for words in commands))

    def count(self, table: str) -> int:
        with closing(sqlite3.connect(self.folder / "paperboy.db")) as connection:
            ((number,),) = connection.execute(f"SELECT count(*) FROM {table}")
        return int(number)


def is_one_clear_line(ended: Ended) -> bool:
    """Whether the last line says it, after a progress bar at most."""
    *before, last = ended.err.strip().splitlines()
    return "Traceback" not in ended.err and "topsecret" not in ended.err and len(before) <= 1 and last.endswith(".")
