"""Several processes of the bot on one PostgreSQL, on a Discord with as many shards, and what outlives them."""

import asyncio
import os
import random
import re
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import discord
import psycopg

from bot.client import COGS
from bot.database_address import read_address
from bot.demo.papers_server import PapersServer
from bot.share import parse_shards
from bot.storage import open_storage
from bot.storage.postgres import claims
from faults.child import LOG
from faults.judging import wrongs
from faults.services import ids, lists, subscribe_in
from faults.storm import FORKING, Life, build_environment
from tests.support import builders
from tests.support.builders import MORNING
from tests.support.crashing import RunningClock
from tests.support.delivery_rig import DESTINATIONS
from tests.support.paths import ROOT
from tests.support.wire import Guild, Kind, Wire

DUE = MORNING + timedelta(hours=1)
LIMIT = 120  # seconds that anything may take, on the busiest machine
FIRST_SERVER = datetime(2021, 3, 4, 5, 6, 7).astimezone()
HURRY = {"PAPERBOY_TEST_SPACING": "0.2", "PAPERBOY_TEST_GRACE": "5"}  # seconds; in real life 5 and 45
POLL = 0.05  # seconds
MIXED = {
    "a text channel": 10,
    "a thread": 5,
    "announcements": 5,
    "a forum": 8,
    "a post for each highlight": 4,
    "a person": 8,
}
_BUG = re.compile(r"[^\n]*\n[^\n]*(ran into a bug|Traceback).*", re.DOTALL)
_LOCKS = (  # of shards in this database
    "SELECT DISTINCT pid FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE datname = current_database()"
    f" AND locktype = 'advisory' AND objsubid = 2 AND classid = {claims.SHARD_LOCK}"
)


class Member:
    """A process with some shards, in a folder of its own; `build` says what it finds when it is started."""

    def __init__(self, shards: str, folder: Path, build: Callable[[], dict[str, str]]) -> None:
        self.shards = shards
        self.folder = folder
        self.gave_up = 0  # how often it ended with 1, which has it started again
        self._build = build
        self._life = Life(folder, build())

    def restart(self, **environment: str) -> None:
        """Start it again where it was, once it has ended."""
        assert self.is_over
        self._life = Life(self.folder, self._build() | environment)

    @property
    def exit_code(self) -> int | None:
        return self._life.process.exitcode

    @property
    def is_over(self) -> bool:
        return self._life.is_over

    @property
    def log(self) -> str:
        """All that was said here."""
        file = self.folder / LOG
        return file.read_text() if file.exists() else ""

    async def kill(self) -> None:
        await self._life.kill()

    async def stop(self) -> None:
        """SIGTERM, and wait for its end."""
        await self._life.stop()

    async def end(self) -> int | None:
        """Wait until it ends by itself."""
        async with asyncio.timeout(LIMIT):
            await self._life.end()
        return self.exit_code


class Cluster:
    """A Discord with `count` shards, the papers API, a database with subscriptions due at nine, and processes."""

    def __init__(self, url: str, folder: Path, count: int, *, days: int = 1) -> None:
        self.url = url
        self.database = url  # or the path of a file, to and from which everything can be moved
        self.wire = Wire(RunningClock(DUE))
        self.wire.gateway.shards = count
        self.members: list[Member] = []
        self.papers = PapersServer(lists(days))
        self._folder = folder
        self.days = days  # that have passed at the end
        self._papers_url = ""
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._postings: dict[int, Mapping[str, Any]] = {}  # by server or person
        self._subscriptions: dict[int, int] = {}

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["Cluster"]:
        """Discord and the papers API answer; at the end, all processes are killed."""
        FORKING.set_forkserver_preload(["faults.child", *(f"cogs.{name}" for name in COGS)])
        async with (
            self.wire.serve(),
            self.papers.serve() as self._papers_url,
            await psycopg.AsyncConnection.connect(self.url, autocommit=True) as self._connection,
        ):
            supervising = asyncio.create_task(self._supervise())
            try:
                yield self
            finally:
                supervising.cancel()
                await self.kill_all()

    def show_logs(self) -> None:
        """What the processes have said, where a test fails."""
        for member in self.members:
            sys.stderr.write(f"--- {member.shards} in {member.folder}, ended with {member.exit_code}\n{member.log}")

    async def add(self, counts: Mapping[str, int]) -> list[Guild]:
        """So many servers, or people, for each of these destinations; they have been welcomed."""
        chance = random.Random(7)
        number = discord.utils.time_snowflake(FIRST_SERVER)
        async with open_storage(read_address(self.database)) as storage:
            for name in _take_turns(counts):
                number += chance.randrange(2**22, 2**32)
                kind, posting = DESTINATIONS[name]
                guild = self.wire.add_guild(kind, number)
                if kind is not Kind.PERSON:
                    await storage.guilds.record_join(guild.id, MORNING)
                self._postings[guild.id] = posting
        return self.guilds

    async def subscribe(self) -> None:
        """All of them want their digest at nine, which it is: it is sent while the next subscribes."""
        async with open_storage(read_address(self.database)) as storage:
            for guild in self.guilds:
                subscription = await subscribe_in(storage, guild, self._postings[guild.id])
                self._subscriptions[guild.id] = subscription.id

    @property
    def guilds(self) -> list[Guild]:
        """All servers and people."""
        return [*self.wire.guilds.values(), *self.wire.people.values()]

    async def move(self, to: str) -> None:
        """`paperboy move --to …`: everything is there from now on."""
        told = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "move", "--to", to),
            env=os.environ | {"PYTHONPATH": str(ROOT), "PAPERBOY_DATABASE": self.database},
            cwd=self._folder,
            stdout=PIPE,
            stderr=STDOUT,
        )
        said, _ = await told.communicate()
        assert told.returncode == 0, said.decode()
        self.database = to

    def start(self, shards: str, *, at: str = "", url: str = "", **environment: str) -> Member:
        """A process with these shards, perhaps on another machine `at`; one started there again has the same folder."""
        folder = self._folder / f"{at}{shards.replace('/', '-of-')}"
        folder.mkdir(exist_ok=True)

        def build() -> dict[str, str]:
            known = build_environment(Path(), self.wire, self.wire.clock(), self._papers_url)
            return known | {
                "PAPERBOY_DATABASE": url or self.database,
                "PAPERBOY_SHARDS": shards,
                **HURRY,
                **environment,
            }

        member = Member(shards, folder, build)
        self.members.append(member)
        return member

    async def _supervise(self) -> None:
        """Start again who ended with 1, as systemd and Docker do."""
        while True:
            for member in self.members:
                if member.exit_code == 1:
                    member.gave_up += 1
                    member.restart()
            await asyncio.sleep(POLL)

    async def kill_all(self) -> None:
        for member in self.members:
            if not member.is_over:
                await member.kill()

    async def stop_all(self) -> None:
        """SIGTERM to all; each ends as if nothing was wrong."""
        running = [member for member in self.members if not member.is_over]
        await asyncio.gather(*(member.stop() for member in running))
        for member in running:  # 1: it could not go on anyway; 15: it could not listen yet
            assert member.exit_code in {0, 1, -15}, (member.shards, member.exit_code)

    def list_guilds(self, member: Member) -> list[Guild]:
        """The servers and people of a process."""
        share = parse_shards(member.shards)
        return [guild for guild in self.guilds if share.has(guild.id)]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(LIMIT):
            while not condition():  # noqa: ASYNC110  # it is about other processes
                await asyncio.sleep(POLL)

    async def until_waiting(self, member: Member) -> None:
        """Wait until it waits for its shards, which another has."""
        waiting = f"{_LOCKS} AND NOT granted AND application_name = 'paperboy {member.shards}'"
        async with asyncio.timeout(LIMIT):
            while not await self.query(waiting):  # noqa: ASYNC110  # it is in the database
                await asyncio.sleep(POLL)

    async def until_identified(self, count: int) -> None:
        """Wait until so many sessions have begun in all."""
        await self.until(lambda: len(self.wire.gateway.identifies) >= count)

    async def until_ready(self, count: int) -> None:
        """Wait until so many sessions have been greeted, and all who have them are ready."""
        await self.until_identified(count)
        await self.until(lambda: all("invite" in member.log for member in self.members))

    async def cut_claims(self, chance: random.Random | None = None) -> int:
        """The database ends the sessions that hold shards, or one that is chosen; gives their number."""
        held = [pid for (pid,) in await self.query(f"{_LOCKS} AND granted")]
        if chance and held:
            held = [chance.choice(held)]
        for pid in held:
            await self.query(f"SELECT pg_terminate_backend({pid})")
        return len(held)

    async def until_posted(self, count: int) -> None:
        """Wait until so many of the servers and people have a message."""
        await self.until(lambda: self.count_posted() >= count)

    def count_posted(self) -> int:
        return sum(bool(guild.papers.digests) for guild in self.guilds)

    async def until_done(self) -> None:
        """Wait until every run of today is recorded as sent."""
        async with asyncio.timeout(LIMIT):
            while not await self.is_done():  # noqa: ASYNC110  # it is in the database
                await asyncio.sleep(POLL)

    async def is_done(self) -> bool:
        return await self.count_sent() == len(self.guilds)

    async def count_sent(self) -> int:
        """How many runs of today are recorded as sent."""
        day = self.wire.clock().date()
        ((count,),) = await self.query(f"SELECT count(*) FROM deliveries WHERE run_date = '{day}' AND state = 'sent'")
        return int(count)

    async def query(self, sql: str) -> list[tuple[Any, ...]]:
        """What the database answers, whatever lies between it and the processes."""
        if self.database != self.url:
            return builders.query(Path(self.database), sql)
        assert self._connection
        cursor = await self._connection.execute(sql.encode())
        return await cursor.fetchall()

    async def judge(self) -> list[str]:
        """What is wrong: in a channel, in the record of it, in what the processes have said, or at the gateway."""
        listed = ids(lists(self.days))
        async with open_storage(read_address(self.database)) as storage:
            wrong = [
                f"{guild.papers.kind.name} {guild.id}: {each}"
                for guild in self.guilds
                for each in wrongs(
                    guild.papers, await storage.deliveries.list_latest(self._subscriptions[guild.id], 99), listed
                )
            ]
        logs = {member.folder: member.log for member in self.members}.values()
        found = (_BUG.search(log) for log in logs)
        return wrong + [f"logged: {each[0][:5000]}" for each in found if each]

    async def assert_each_once(self) -> None:
        """One message per run, one record."""
        wrong = await self.judge()
        assert not wrong, "\n".join(wrong)


def _take_turns(counts: Mapping[str, int]) -> Iterator[str]:
    """The names, each as often as its count says, mixed."""
    left = dict(counts)
    while left:
        for name in list(left):
            yield name
            left[name] -= 1
            if not left[name]:
                del left[name]
