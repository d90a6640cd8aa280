"""The kill storm: the real process is killed and started again and again, until every digest is there.

A world is a simulated Discord with a server for each kind of destination, whose digests are due every day. Its bot
runs until it is killed: at a step of a delivery, when a request arrives or is answered, or at any moment. The seed
chooses which; the exact time depends on the machine.
"""

import asyncio
import multiprocessing
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

from rich.table import Table

from bot.client import COGS
from bot.demo.papers_server import PapersServer
from bot.storage import Storage, Subscription, open_storage
from faults.child import LOG, live
from faults.judging import wrongs
from faults.services import COLUMNS, ids, lists, noted_errors, subscribe_in
from tests.support.builders import MORNING, query
from tests.support.crashing import RunningClock
from tests.support.delivery_rig import DESTINATIONS
from tests.support.wire import TOKEN, Fault, Guild, Wire

DUE = MORNING + timedelta(hours=1)
MOST_DAYS = 60
WORLDS = 3  # at once: a bot mostly waits
LIMIT = 30  # seconds that a run may take until all digests of a day are there
SLOWEST_ANSWER = 0.1  # seconds
LATEST_MOMENT = 1.0  # seconds after the bot has connected
LATER = (timedelta(seconds=10), timedelta(minutes=3), timedelta(minutes=10))  # the nonces are still valid, or not
STEPS = (
    "plan_delivery",
    "record_attempt",
    "record_arrival",
    "record_thread",
    "record_publication",
    "complete_delivery",
)
CHOSEN = (
    *(f"{when} Deliveries.{step}" for step in STEPS for when in ("before", "after")),
    "amid INSERT INTO highlights",
    "amid INSERT INTO messages",
    "amid COMMIT",
)
FORKING = multiprocessing.get_context("forkserver")


@dataclass
class Results:
    """What kills led to. A kill counts as `amid` work if a digest of the day was not yet recorded as sent."""

    kills: int = 0
    amid: int = 0
    expected: int = 0
    posted: int = 0
    twice: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def lost(self) -> int:
        return self.expected - self.posted


@dataclass
class Tally(Results):
    """The results of a storm."""

    restarts: int = 0


class Life:
    """A run of the bot in its own process, which `kill` may end at any moment."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.process: BaseProcess = FORKING.Process(target=live, args=(folder, environment), daemon=True)
        self.process.start()

    @property
    def is_over(self) -> bool:
        return self.process.exitcode is not None

    async def kill(self) -> None:
        """Sends SIGKILL, and waits until the process has ended."""
        self.process.kill()
        await self.end()

    async def end(self) -> None:
        while not self.is_over:
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Sends SIGTERM."""
        self.process.terminate()
        await self.end()


def build_environment(database: Path, wire: Wire, now: datetime, papers_url: str, step: str = "") -> dict[str, str]:
    """What a run of the bot finds: it starts at `now`, and kills itself at a `step`."""
    return {
        "DISCORD_TOKEN": TOKEN,
        "PAPERBOY_DATABASE": str(database),
        "PAPERBOY_PAPERS_URL": papers_url,
        "PAPERBOY_DISCORD_API_URL": wire.api_url,
        "PAPERBOY_DISCORD_GATEWAY_URL": wire.gateway.url,
        "PAPERBOY_BACKFILL_DAYS": "0",
        "PAPERBOY_TEST_NOW": now.isoformat(),
        "PAPERBOY_TEST_KILL": step,
    }


class World:
    """One Discord, one papers API, one database, and one bot after the other."""

    def __init__(self, name: str, folder: Path, kills: int, tally: Tally, killed: Callable[[int], object]) -> None:
        self.days = 0
        self._name = name
        self._folder = folder
        self._database = folder / "paperboy.db"
        self._kills_left = kills
        self._tally = tally
        self._killed = killed
        self._chance = random.Random(name)
        self._wire = Wire(RunningClock(DUE))
        self._papers = PapersServer(lists(MOST_DAYS))
        self._guilds: dict[str, Guild] = {}
        self._subscriptions: dict[str, Subscription] = {}

    async def last(self) -> None:
        """Runs until all kills have happened and every digest of the days until then is there."""
        async with open_storage(self._database) as storage:
            await self._subscribe(storage)
        async with self._wire.serve(), self._papers.serve() as papers_url:
            while self._kills_left > 0 and self.days < MOST_DAYS:
                await self._pass_day(papers_url)
        async with open_storage(self._database) as storage:
            await self._judge(storage)

    async def _subscribe(self, storage: Storage) -> None:
        for destination, (kind, posting) in DESTINATIONS.items():
            guild = self._wire.add_guild(kind)
            guild.papers.before = lambda: asyncio.sleep(self._chance.uniform(0, SLOWEST_ANSWER))
            self._guilds[destination] = guild
            self._subscriptions[destination] = await subscribe_in(storage, guild, posting)

    async def _pass_day(self, papers_url: str) -> None:
        now = DUE + timedelta(days=self.days)
        self.days += 1
        while not self._is_done(now.date()):
            self._wire.clock = RunningClock(now)
            await self._live(now, papers_url)
            now += self._chance.choice(LATER)

    def _is_done(self, day: date) -> bool:
        sql = f"SELECT count(*) FROM deliveries WHERE run_date = '{day}' AND state = 'sent'"
        return query(self._database, sql) == [(len(self._guilds),)]

    async def _live(self, now: datetime, papers_url: str) -> None:
        """A run that starts at `now`: it is killed, or, if no kill is left, finishes the work."""
        way = self._chance.choice(("step", "request", "moment", "start")) if self._kills_left > 0 else ""
        step = self._chance.choice(CHOSEN) if way == "step" else ""
        life = Life(self._folder, build_environment(self._database, self._wire, now, papers_url, step))
        if way == "request":
            self._plant(life)
        moment = {"moment": LATEST_MOMENT, "start": 0.0}.get(way)
        try:
            async with asyncio.timeout(LIMIT):
                await self._until_over(life, now.date(), moment)
        except TimeoutError:
            self._tally.wrong.append(f"{self._name}: a life of {LIMIT} seconds was not enough for {now.date()}")
            await life.kill()
        finally:
            self._forget_faults()
        self._count(life, now.date())

    def _plant(self, life: Life) -> None:
        """Have the process killed when one of its next requests arrives, or is done but not yet answered."""
        queues = (self._wire.post_faults, self._wire.thread_faults, self._wire.publish_faults)
        queue = self._chance.choice(queues)
        queue.extend([Fault(200, created=True)] * self._chance.randint(0, 5))
        queue.append(Fault(created=self._chance.random() < 0.5, meanwhile=life.kill))

    async def _until_over(self, life: Life, day: date, moment: float | None) -> None:
        """Wait until the process ends by itself, the `moment` after its login has come, or no work is left."""
        if moment == 0.0:
            await asyncio.sleep(self._chance.uniform(0, LATEST_MOMENT))
            await life.kill()
        elif moment:
            await self._until_connected(life)
            await asyncio.sleep(self._chance.uniform(0, moment))
            await life.kill()
        while not life.is_over:
            if self._is_done(day):
                await (life.kill() if self._kills_left > 0 else life.stop())
            await asyncio.sleep(0.02)

    async def _until_connected(self, life: Life) -> None:
        arrivals = self._wire.gateway.arrivals
        while arrivals.empty() and not life.is_over:
            await asyncio.sleep(0.01)

    def _forget_faults(self) -> None:
        for queue in (self._wire.post_faults, self._wire.thread_faults, self._wire.publish_faults):
            queue.clear()
        while not self._wire.gateway.arrivals.empty():
            self._wire.gateway.arrivals.get_nowait()

    def _count(self, life: Life, day: date) -> None:
        if life.process.exitcode == -9:
            self._kills_left -= 1
            self._tally.kills += 1
            self._tally.amid += not self._is_done(day)
            self._tally.restarts += 1  # another run always follows
            self._killed(1)
        elif life.process.exitcode:
            self._tally.wrong.append(f"{self._name}: ended with {life.process.exitcode}: {self._log()[-2000:]}")
        if "ran into a bug" in self._log() or "Traceback" in self._log():
            self._tally.wrong.append(f"{self._name}: logged {self._log()[-2000:]}")
        (self._folder / LOG).unlink(missing_ok=True)

    def _log(self) -> str:
        log = self._folder / LOG
        return log.read_text() if log.exists() else ""

    async def _judge(self, storage: Storage) -> None:
        days = lists(self.days)
        self._tally.expected += self.days * len(self._guilds)
        for destination, guild in self._guilds.items():
            deliveries = await storage.deliveries.list_latest(self._subscriptions[destination].id, MOST_DAYS)
            for each in wrongs(guild.papers, deliveries, ids(days)):
                self._tally.wrong.append(f"{self._name}, {COLUMNS[destination]}: {each}")
            posted = Counter(paper for message in guild.papers.digests for paper in message.papers)
            times = [[posted[paper] for paper in ids({day: listed})] for day, listed in days.items()]
            self._tally.posted += sum(min(each) > 0 for each in times)
            self._tally.twice += sum(max(each) > 1 for each in times)


async def measure(seed: int, kills: int, killed: Callable[[int], object]) -> Tally:
    """A storm of at least so many kills in several worlds at once; `killed` is called for each."""
    FORKING.set_forkserver_preload(["faults.__main__", "faults.child", *(f"cogs.{name}" for name in COGS)])
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder, noted_errors() as errors:
        async with asyncio.TaskGroup() as worlds:
            for number in range(WORLDS):
                place = Path(folder) / str(number)
                place.mkdir()
                share = kills // WORLDS + (number < kills % WORLDS)
                world = World(f"{seed}/{number}", place, share, tally, killed)
                worlds.create_task(world.last())
    tally.wrong += [f"logged: {each}" for each in errors]
    return tally


def table(tally: Tally) -> Table:
    """The results as a table."""
    shown = Table(title="Kills: the bot is started again, and each digest arrives once")
    for heading in ("kills", "amid a digest", "restarts", "digests due", "posted", "twice", "lost", "wrong"):
        shown.add_column(heading, justify="right")
    counts = (tally.kills, tally.amid, tally.restarts, tally.expected, tally.posted, tally.twice, tally.lost)
    shown.add_row(*map(str, counts), str(len(tally.wrong) or "✓"))
    return shown
