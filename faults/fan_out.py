"""The fan-out: thousands of people are due in the same minute, beside some servers, and the bot is killed repeatedly.

Each kill comes after so many messages, before or after the next one is made. The last run finishes the work. Everyone
has one digest then, and no server has waited until all people had theirs.
"""

import asyncio
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rich.table import Table

from bot.client import COGS
from bot.demo.papers_server import PapersServer
from bot.storage import Storage, open_storage
from faults.judging import wrongs
from faults.services import ids, lists, noted_errors, subscribe_in
from faults.storm import DUE, FORKING, Life, build_environment
from tests.support.builders import query
from tests.support.crashing import RunningClock
from tests.support.wire import Channel, Fault, Guild, Posted, Thread, Wire

LIMIT = 300  # seconds that all of it may take, besides the pace
PACE = 20  # messages a second that the slowest machine sends
LATER = timedelta(seconds=10), timedelta(minutes=3)  # after a kill: the nonces are still valid, or not
FINE = Fault(200, created=True)


class CountingWire(Wire):
    """A Discord that notes in which channels messages were made, in order."""

    def __init__(self, clock: RunningClock) -> None:
        super().__init__(clock)
        self.made: list[int] = []

    def _create(self, place: Channel | Thread, body: dict[str, Any]) -> Posted:
        before = len(place.messages)
        message = super()._create(place, body)
        if len(place.messages) > before:  # otherwise the nonce was known
            self.made.append(place.id)
        return message


@dataclass(frozen=True, slots=True)
class FanOut:
    """How it went; `last_server` is how many people had their digest before the last server had its own."""

    people: int
    servers: int
    kills: int
    made: int
    last_server: int
    wrong: list[str] = field(default_factory=list)


async def measure(seed: int, people: int, servers: int, kills: int, killed: Callable[[int], object]) -> FanOut:
    FORKING.set_forkserver_preload(["faults.__main__", "faults.child", *(f"cogs.{name}" for name in COGS)])
    with tempfile.TemporaryDirectory() as folder, noted_errors() as errors:
        fan = _World(seed, Path(folder), people, servers)
        result = await fan.run(kills, killed)
    return replace(result, wrong=[*result.wrong, *(f"logged: {each}" for each in errors)])


class _World:
    def __init__(self, seed: int, folder: Path, people: int, servers: int) -> None:
        self._chance = random.Random(f"fan-out {seed}")
        self._folder = folder
        self._database = folder / "paperboy.db"
        self._wire = CountingWire(RunningClock(DUE))
        self._people: list[Guild] = [self._wire.add_person() for _ in range(people)]
        self._servers = [self._wire.add_guild() for _ in range(servers)]
        self._papers = PapersServer(lists(1))
        self._wrong: list[str] = []

    @property
    def _all(self) -> list[Guild]:
        return [*self._people, *self._servers]

    async def run(self, kills: int, killed: Callable[[int], object]) -> FanOut:
        async with open_storage(self._database) as storage:
            subscriptions = {each.id: (await subscribe_in(storage, each, {})).id for each in self._all}
        now, share = DUE, len(self._all) // (kills + 1)
        async with self._wire.serve(), self._papers.serve() as url:
            for _ in range(kills):
                await self._live(now, url, self._chance.randint(0, share))
                now += self._chance.choice(LATER)
                killed(1)
            await self._live(now, url, None)
        async with open_storage(self._database) as storage:
            await self._judge(storage, subscriptions)
        return self._count(kills)

    async def _live(self, now: datetime, url: str, messages: int | None) -> None:
        """A run of the bot that is killed after so many messages, or finishes the work."""
        self._wire.clock = RunningClock(now)
        life = Life(self._folder, build_environment(self._database, self._wire, now, url))
        if messages is not None:
            kill = Fault(created=self._chance.random() < 0.5, meanwhile=life.kill)
            self._wire.post_faults.extend([*[FINE] * messages, kill])
        try:
            async with asyncio.timeout(LIMIT + len(self._all) / PACE):
                while not life.is_over:
                    if messages is None and self._is_done():
                        await life.stop()
                    await asyncio.sleep(0.05)
        except TimeoutError:
            self._wrong.append("it took too long")
            await life.kill()
        self._wire.post_faults.clear()

    def _is_done(self) -> bool:
        return query(self._database, "SELECT count(*) FROM deliveries WHERE state = 'sent'") == [(len(self._all),)]

    async def _judge(self, storage: Storage, subscriptions: dict[int, int]) -> None:
        listed = ids(lists(1))
        for each in self._all:
            deliveries = await storage.deliveries.list_latest(subscriptions[each.id], 9)
            self._wrong += [f"{each.id}: {wrong}" for wrong in wrongs(each.papers, deliveries, listed)]

    def _count(self, kills: int) -> FanOut:
        made, servers = self._wire.made, {each.papers.id for each in self._servers}
        last = max((number for number, channel in enumerate(made) if channel in servers), default=0)
        before = sum(channel not in servers for channel in made[:last])
        if before > len(self._people) / 2:
            self._wrong.append(f"a server waited for {before} people")
        return FanOut(len(self._people), len(self._servers), kills, len(made), before, self._wrong)


def table(fan_out: FanOut) -> Table:
    shown = Table(title="Fan-out: everyone has one digest, and no server waits for all people")
    for heading in ("people", "servers", "kills", "messages", "people before the last server", "wrong"):
        shown.add_column(heading, justify="right")
    counts = (fan_out.people, fan_out.servers, fan_out.kills, fan_out.made, fan_out.last_server)
    shown.add_row(*map(str, counts), str(len(fan_out.wrong) or "✓"))
    return shown
