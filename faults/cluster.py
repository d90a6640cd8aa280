"""The cluster: three processes with two shards each on one PostgreSQL, killed, moved and cut off all the time.

Digests of many servers are due every day. A process is killed at a step of a delivery, when a request arrives, or at
any moment; it moves to another machine, where one with the same shards waits before the old one is told to stop; it
loses the session that holds its shards, or all of the database for a while; and all of them lose their power. The seed
chooses which; the exact time depends on the machine.
"""

import asyncio
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from rich.table import Table

from faults.services import ids, lists, noted_errors
from faults.storm import CHOSEN, DUE, LATER, MOST_DAYS, Results
from tests.support.cluster import Cluster, Member
from tests.support.crashing import RunningClock
from tests.support.database_proxy import DatabaseProxy
from tests.support.delivery_rig import DESTINATIONS
from tests.support.postgres import create_database, run_postgres
from tests.support.wire import Fault
from tests.support.wire_rates import Rates

SHARDS, COUNT = ("0-1/6", "2-3/6", "4-5/6"), 6
SLOWNESS = (0.0, 0.1, 0.5, 3.0)  # seconds until a message is made
LONGEST_AWAY, LONGEST_MOVE, LONGEST_CALM = 3.0, 2.0, 3.0  # seconds
SPACING = 0.1  # seconds, from one identify to the next
FINE_CODES = (None, 0, 1, -9, -15)  # 15: before it could listen to the signal
LIMIT = 180  # seconds in which a day's digests are there once calm has come
STEPS = tuple(each for each in CHOSEN if not each.startswith("amid"))  # which only SQLite can be watched for
EVENTS = {"moment": 5, "step": 4, "request": 3, "move": 3, "claims cut": 2, "database away": 2, "power cut": 1}

Killed = Callable[[int], object]
Tell = Callable[[str], object]


@dataclass
class Tally(Results):
    """The results of a storm over several processes."""

    servers: int = 0
    moves: int = 0
    cuts: int = 0
    outages: int = 0
    days: int = 0
    repeats: int = 0


class _Machine:
    """Where the process with some shards runs, with a way of its own to the database."""

    def __init__(self, cluster: Cluster, shards: str) -> None:
        self.shards = shards
        self.proxy = DatabaseProxy(cluster.url)
        self._cluster = cluster
        self._moves = 0
        self.member: Member | None = None

    def start(self, step: str = "") -> None:
        """The process, again if there was one, which may kill itself at a step."""
        if self.member:
            self.member.restart(PAPERBOY_TEST_KILL=step)
        else:
            self.member = self._cluster.start(self.shards, at=f"{self._moves}-", url=self.proxy.proxied_url)

    def move(self) -> None:
        """The process is somewhere else from now on; the old one still runs."""
        self._moves += 1
        self.member = None
        self.start()


class _Storm:
    def __init__(self, seed: int, cluster: Cluster, kills: int, tally: Tally, killed: Killed, tell: Tell) -> None:
        self._chance = random.Random(f"cluster {seed}")
        self._cluster = cluster
        self._kills_left = kills
        self._tally = tally
        self._killed, self._tell = killed, tell
        self._machines = [_Machine(cluster, shards) for shards in SHARDS]
        self._is_amid = False  # work of the day

    async def last(self) -> None:
        """Runs until all kills have happened and every digest of the days until then is there."""
        wire = self._cluster.wire
        async with AsyncExitStack() as stack:
            for machine in self._machines:
                await stack.enter_async_context(machine.proxy.serve())
            await self._cluster.subscribe()
            wire.rates, wire.gateway.identify_seconds = Rates(), SPACING
            while self._kills_left > 0 and self._tally.days < MOST_DAYS:
                wire.clock = RunningClock(DUE + timedelta(days=self._tally.days))
                self._tally.days += 1
                await self._pass_day()
        self._cluster.days = self._tally.days
        await self._judge()

    async def _pass_day(self) -> None:
        for machine in self._machines:
            machine.start()
        while self._kills_left > 0 and not await self._cluster.is_done():
            await self._calm()
            event = self._chance.choices([*EVENTS], [*EVENTS.values()])[0]
            self._is_amid = not await self._cluster.is_done()
            machine = self._chance.choice(self._machines)
            self._cluster.wire.slowness = self._chance.choice(SLOWNESS)
            await self._say(f"{event} ({machine.shards})")
            await self._happen(event, machine)
            await self._revive()
        self._forget_faults()
        await self._finish_day()

    async def _finish_day(self) -> None:
        """Calm comes, and all of the day's digests."""
        try:
            async with asyncio.timeout(LIMIT):
                while not await self._cluster.is_done():
                    await self._revive()
                    await asyncio.sleep(0.1)
        except TimeoutError:
            self._tally.wrong.append(f"{LIMIT} s were not enough for day {self._tally.days}")
            self._kills_left = 0
        await self._cluster.stop_all()

    async def _calm(self) -> None:
        """Wait a moment, or until some more messages are made."""
        made = len(self._cluster.wire.bodies) + self._chance.randint(1, 30)
        until = asyncio.get_running_loop().time() + self._chance.uniform(0, LONGEST_CALM)
        while len(self._cluster.wire.bodies) < made and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.02)

    async def _happen(self, event: str, machine: _Machine) -> None:
        assert machine.member
        match event:
            case "moment":
                await machine.member.kill()
            case "step":
                await machine.member.stop()
                machine.start(self._chance.choice(STEPS))
            case "request":
                self._plant_kill(machine)
            case "move":
                await self._move(machine, machine.member)
            case "claims cut":
                self._tally.cuts += await self._cluster.cut_claims(self._chance)
            case "database away":
                await self._take_database_away(machine)
            case "power cut":
                await self._cut_power()

    def _plant_kill(self, machine: _Machine) -> None:
        """Have the process killed when one of the next requests arrives, or is done but not yet answered."""

        async def kill() -> None:
            if machine.member:
                await machine.member.kill()

        faults = self._cluster.wire.post_faults
        faults.extend([Fault(200, created=True)] * self._chance.randint(0, 5))
        faults.append(Fault(created=self._chance.random() < 0.5, meanwhile=kill))

    async def _move(self, machine: _Machine, old: Member) -> None:
        """The process is started on another machine; then the old one is told to stop, or is killed."""
        machine.move()
        self._tally.moves += 1
        await asyncio.sleep(self._chance.uniform(0, LONGEST_MOVE))
        if not old.is_over:
            await (old.kill() if self._chance.random() < 0.3 else old.stop())
        self._count(old)

    async def _take_database_away(self, machine: _Machine) -> None:
        machine.proxy.cut()
        self._tally.outages += 1
        await asyncio.sleep(self._chance.uniform(0, LONGEST_AWAY))
        machine.proxy.mend()

    async def _cut_power(self) -> None:
        """All are killed at once, and are back later: the nonces are still valid then, or not."""
        for machine in self._machines:
            if machine.member and not machine.member.is_over:
                await machine.member.kill()
        later = self._cluster.wire.clock() + self._chance.choice(LATER)
        self._cluster.wire.clock = RunningClock(later)

    async def _revive(self) -> None:
        """Start again whoever was killed."""
        for machine in self._machines:
            if machine.member and machine.member.is_over and machine.member.exit_code != 1:
                self._count(machine.member)
                machine.start()

    async def _say(self, event: str) -> None:
        sent = f"{await self._cluster.count_sent()} of {len(self._cluster.guilds)}"
        self._tell(f"day {self._tally.days}, {sent} digests sent: {event}")

    def _forget_faults(self) -> None:
        self._cluster.wire.post_faults.clear()

    def _count(self, member: Member) -> None:
        if member.exit_code == -9:
            self._kills_left -= 1
            self._tally.kills += 1
            self._tally.amid += self._is_amid
            self._killed(1)
        elif member.exit_code not in FINE_CODES:
            self._tally.wrong.append(f"{member.shards} ended with {member.exit_code}: {member.log[-2000:]}")

    async def _judge(self) -> None:
        tally, days = self._tally, lists(self._tally.days)
        tally.servers = len(self._cluster.guilds)
        tally.expected = tally.days * tally.servers
        tally.repeats = self._cluster.wire.repeats
        tally.wrong += await self._cluster.judge()
        for guild in self._cluster.guilds:
            posted = Counter(paper for message in guild.papers.digests for paper in message.papers)
            times = [[posted[paper] for paper in ids({day: listed})] for day, listed in days.items()]
            tally.posted += sum(min(each) > 0 for each in times)
            tally.twice += sum(max(each) > 1 for each in times)


async def measure(seed: int, servers: int, kills: int, killed: Killed, tell: Tell) -> Tally:
    """A storm of at least so many kills over that many servers, and some people."""
    tally = Tally()
    counts = {name: servers // (len(DESTINATIONS) - 1) + 1 for name in DESTINATIONS}
    with (
        tempfile.TemporaryDirectory() as folder,
        noted_errors() as errors,
        run_postgres(Path(folder) / "db") as server,
        create_database(server) as url,
    ):
        async with Cluster(url, Path(folder), COUNT, days=MOST_DAYS).serve() as cluster:
            await cluster.add(counts)
            await _Storm(seed, cluster, kills, tally, killed, tell).last()
    tally.wrong += [f"logged: {each}" for each in errors]
    return tally


def table(tally: Tally) -> Table:
    """The results as a table."""
    shown = Table(title=f"Cluster: {len(SHARDS)} processes are killed and moved, and each digest arrives once")
    for heading in (
        *("servers and people", "days", "kills", "amid digests", "moves", "claims cut", "database away"),
        *("digests due", "posted", "twice", "lost", "given back by nonce", "wrong"),
    ):
        shown.add_column(heading, justify="right")
    counts = (
        *(tally.servers, tally.days, tally.kills, tally.amid, tally.moves, tally.cuts, tally.outages),
        *(tally.expected, tally.posted, tally.twice, tally.lost, tally.repeats),
    )
    shown.add_row(*map(str, counts), str(len(tally.wrong) or "✓"))
    return shown
