"""A set-up as the real bot leaves it, in which tests plant faults for the doctor."""

import asyncio
import hashlib
import json
import os
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
from aiohttp import web

from bot.app import get_index_path
from bot.client import connect_to_discord_at
from bot.clock import system_clock
from bot.database_address import PostgresAddress
from bot.demo.papers_server import PapersServer
from bot.doctor import CHECKS, Case, Check, examine, read_what_is_readable
from bot.findings import Examined, Finding, Kind, Severity
from bot.layouts.doctor import describe_examined, list_for_json
from bot.search import IndexUnusable, inspect_index
from bot.search.index import MARKER
from bot.settings import BotSettings
from bot.storage import BackupKind, back_up, name_backup, open_storage
from bot.subscription.schedule import Schedule, find_next_run
from bot.subscription.settings import DigestSettings
from tests.support.builders import entries, query
from tests.support.paths import ROOT
from tests.support.wire import TOKEN, Guild, Payload, Wire

HEARTBEAT_WORD = "beat-5f2c1a90-of-this-bot"  # in the address, which is a secret
HF_TOKEN = "hf_which_nobody_may_read"
LIMIT = 120  # seconds that anything may take, on the busiest machine


class DatedPapers(PapersServer):
    """The papers API with papers on each of the last days; `status` is answered to everything unless it is 200."""

    def __init__(self) -> None:
        today = system_clock().date()
        days = [today - timedelta(days=number) for number in range(4)]
        super().__init__({day: entries(3, day, first=10 * number + 1) for number, day in enumerate(days)})
        self.status = 200
        self.page: str | None = None  # in place of JSON
        self.ahead = timedelta()  # of its clock

    async def answer_list(self, request: web.Request) -> web.StreamResponse:
        headers = {"Date": f"{system_clock() + self.ahead:%a, %d %b %Y %H:%M:%S GMT}"}
        if self.status != 200:
            return web.json_response({"error": "no"}, status=self.status, headers=headers)
        if self.page:
            return web.Response(text=self.page, headers=headers)
        if "date" not in request.query:
            return web.json_response([], headers=headers)
        answer = await super().answer_list(request)
        answer.headers["Date"] = headers["Date"]
        return answer


@dataclass
class SetUp:
    """A folder with a database that the bot has used, its Discord, and its papers API. `guild` is its only server."""

    folder: Path
    wire: Wire
    papers: DatedPapers
    guild: Guild
    environment: dict[str, str] = field(default_factory=dict)
    url: str = ""  # of PostgreSQL, if the database is there

    @property
    def database(self) -> Path:
        return self.folder / "paperboy.db"

    def set(self, name: str, value: object) -> None:
        """A setting, in the file `.env`."""
        self.environment[name] = str(value)
        lines = [f"{name}={value}\n" for name, value in self.environment.items()]
        file = self.folder / ".env"
        file.write_text("".join(lines))
        file.chmod(0o600)

    def change(self, sql: str) -> None:
        """Change the database, as nobody but a test does."""
        if self.url:
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute(sql.encode())
        else:
            query(self.database, sql)

    async def examine(self, checks: Sequence[Check] = CHECKS, *, is_still: bool = True) -> tuple[Examined, ...]:
        """What `paperboy doctor` finds in this folder. Where it `is_still`, nothing must have changed there."""
        before = hash_folder(self.folder)
        settings, problem = read_what_is_readable()
        if isinstance(settings, BotSettings):
            connect_to_discord_at(*settings.discord_urls)
        async with Case(settings, problem) as case:
            examined = await examine(case, checks)
        assert not is_still or hash_folder(self.folder) == before
        assert_nothing_secret(examined)
        return examined

    def _freeze(self, process: Process) -> bool:
        """Whether it stands still now; amid a write, it goes on."""
        process.send_signal(signal.SIGSTOP)
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(self.database, timeout=0)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            if (get_index_path(self.database) / MARKER).exists():
                return True
        process.send_signal(signal.SIGCONT)
        return False

    def back_up(self, days_ago: int = 0) -> Path:
        """A daily backup, as the bot makes it."""
        made_at = system_clock() - timedelta(days=days_ago)
        target = self.folder / "backups" / name_backup(self.database, BackupKind.DAILY, made_at)
        target.parent.mkdir(exist_ok=True)
        back_up(self.database, target, BackupKind.DAILY, made_at)
        return target

    async def run_command(self, *words: str) -> tuple[int, str, str]:
        """The exit code of `paperboy` with these words, and what it printed on both streams."""
        process = await start_command(self.folder, *words)
        out, errors = await asyncio.wait_for(process.communicate(), LIMIT)
        assert process.returncode is not None
        return process.returncode, out.decode(), errors.decode()

    @asynccontextmanager
    async def running_bot(self, *, frozen: bool = True) -> AsyncIterator[Process]:
        """The real bot, connected, in a process of its own; it stands still unless it is not `frozen`."""
        process = await start_bot(self.folder)
        try:
            async with asyncio.timeout(LIMIT):
                await self.wire.gateway.arrivals.get()
                while frozen and not self._freeze(process):  # noqa: ASYNC110  # it is another process that writes
                    await asyncio.sleep(0.1)
                yield process
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            await stop_bot(process)


@asynccontextmanager
async def serve_set_up(folder: Path, commands: Sequence[Payload], url: str = "") -> AsyncIterator[SetUp]:
    """Discord and the papers API around a folder, on loopback; `url` is that of the database, if it is no file."""
    wire, papers = Wire(system_clock), DatedPapers()
    guild = wire.add_guild()
    wire.commands = list(commands)
    async with wire.serve(), papers.serve() as papers_url:
        set_up = SetUp(folder, wire, papers, guild, url=url)
        if url:
            set_up.set("PAPERBOY_DATABASE", url)
            set_up.set("PAPERBOY_INDEX", get_index_path(set_up.database))
        set_up.set("DISCORD_TOKEN", TOKEN)
        set_up.set("HF_TOKEN", HF_TOKEN)
        set_up.set("PAPERBOY_PAPERS_URL", papers_url)
        set_up.set("PAPERBOY_DISCORD_API_URL", wire.api_url)
        set_up.set("PAPERBOY_DISCORD_GATEWAY_URL", wire.gateway.url)
        set_up.set("PAPERBOY_BACKFILL_DAYS", 2)
        set_up.set("PAPERBOY_HEARTBEAT_URL", f"{papers_url}/{HEARTBEAT_WORD}")
        yield set_up


async def make_healthy(folder: Path, url: str = "") -> list[Payload]:
    """Let the real bot run in the folder until it has read papers and registered its commands; returns these."""
    async with serve_set_up(folder, [], url) as set_up:
        now, schedule = system_clock(), Schedule(time(23, 59), ZoneInfo("UTC"))
        async with open_storage(PostgresAddress(url) if url else set_up.database) as storage:
            await storage.subscriptions.add(
                set_up.guild.id,
                DigestSettings(set_up.guild.papers.id, schedule),
                by=1,
                now=now,
                next_run=find_next_run(schedule, now + timedelta(days=1)),
            )
        process = await start_bot(folder)
        try:
            async with asyncio.timeout(LIMIT):
                while not _has_read_all(set_up):  # noqa: ASYNC110  # it is another process that gets there
                    await asyncio.sleep(0.1)
        finally:
            await stop_bot(process)
        return set_up.wire.commands


def _has_read_all(set_up: SetUp) -> bool:
    sql = "SELECT (SELECT count(*) FROM captures), (SELECT max(change) FROM papers)"
    if set_up.url:
        with psycopg.connect(set_up.url) as connection:
            ((captured, change),) = connection.execute(sql.encode()).fetchall()
    else:
        ((captured, change),) = query(set_up.database, sql)
    try:
        return bool(captured >= 3 and inspect_index(get_index_path(set_up.database)).change == change)
    except (OSError, IndexUnusable):
        return False


async def start_bot(folder: Path) -> Process:
    return await start_command(folder, "run")


async def start_command(folder: Path, *words: str) -> Process:
    """`paperboy` with these words, in the folder, and with no other settings than those in its `.env`."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *words),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdout=PIPE,
        stderr=PIPE,
        limit=2**24,
    )


async def stop_bot(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    _, errors = await asyncio.wait_for(process.communicate(), LIMIT)
    sys.stderr.write(errors.decode())  # shown where a test fails


def list_problems(examined: Sequence[Examined]) -> dict[Kind, Finding]:
    """The warnings and errors, by kind."""
    found = [finding for each in examined for finding in each.findings]
    return {each.kind: each for each in found if each.severity >= Severity.WARNING}


def assert_nothing_secret(examined: Sequence[Examined]) -> None:
    """Neither the text nor the JSON has a token or the address of the heartbeat."""
    said = "\n".join(map(describe_examined, examined)) + json.dumps(list_for_json(examined))
    for secret in (TOKEN, HF_TOKEN, HEARTBEAT_WORD):
        assert secret not in said, said


def hash_folder(folder: Path) -> Mapping[str, tuple[str, int, int]]:
    """Each file in the folder, by its content, its size and the time of its last change."""
    return {str(path.relative_to(folder)): _hash_file(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def _hash_file(path: Path) -> tuple[str, int, int]:
    with path.open("rb") as file:
        content = file.read(2**24)  # what comes after that is empty, where a test makes a file large
    return hashlib.sha256(content).hexdigest(), path.stat().st_size, path.stat().st_mtime_ns
