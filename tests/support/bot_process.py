"""The real bot in a process of its own, and the world that outlives it."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from bot.storage import Delivery, DeliveryState, open_storage
from bot.subscription.schedule import find_next_run
from tests.support.builders import MORNING, build_settings, entries
from tests.support.crashing import TICKED, RunningClock
from tests.support.delivery_rig import assert_holds, save_subscription
from tests.support.papers_server import FrailPapers
from tests.support.paths import ROOT
from tests.support.wire import TOKEN, Channel, Person, Wire

LIMIT = 120  # seconds that anything may take, on the busiest machine
QUICKLY = 30
CRASHING = "tests.support.crashing"
DUE = MORNING + timedelta(hours=1)


@dataclass
class Child:
    """A running bot."""

    process: Process

    async def tick(self) -> None:
        """Wait until a tick of its posting has ended."""
        assert self.process.stdout
        line = (await self.process.stdout.readline()).decode().strip()
        assert line == TICKED, (await self.end())[1]

    async def end(self) -> tuple[int, str]:
        """Wait for its end: the exit code, and all it said."""
        output, errors = await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode, output.decode() + errors.decode()

    async def stop(self) -> str:
        """SIGTERM, which it obeys quickly; gives all it said."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(QUICKLY):
            code, said = await self.end()
        assert code == 0, said
        return said

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


@dataclass
class World:
    """What outlives the process: Discord, the papers API, and the database with a subscription due at nine."""

    wire: Wire
    channel: Channel
    database: Path
    papers: FrailPapers
    papers_url: str
    subscription_id: int

    @asynccontextmanager
    async def child(
        self, now: datetime, kill: str = "", token: str = TOKEN, *, program: str = CRASHING, **environment: str
    ) -> AsyncIterator[Child]:
        """The bot in a process of its own, its clock and Discord's set to `now`, with more `environment`."""
        self.wire.clock = RunningClock(now)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", program, "run"),
            env=self._environment(now, kill, token) | environment,
            cwd=self.database.parent,
            stdout=PIPE,
            stderr=PIPE,
            limit=2**24,
        )
        try:
            async with asyncio.timeout(LIMIT):
                yield Child(process)
        finally:
            if process.returncode is None:
                process.kill()
            _, errors = await process.communicate()
            sys.stderr.write(errors.decode())  # shown where a test fails

    def _environment(self, now: datetime, kill: str, token: str) -> dict[str, str]:
        return os.environ | {
            "PYTHONPATH": str(ROOT),
            "DISCORD_TOKEN": token,
            "PAPERBOY_DATABASE": str(self.database),
            "PAPERBOY_PAPERS_URL": self.papers_url,
            "PAPERBOY_DISCORD_API_URL": self.wire.api_url,
            "PAPERBOY_DISCORD_GATEWAY_URL": self.wire.gateway.url,
            "PAPERBOY_BACKFILL_DAYS": "0",
            "PAPERBOY_TEST_NOW": now.isoformat(),
            "PAPERBOY_TEST_KILL": kill,
        }

    async def add_people(self, count: int) -> list[Person]:
        """So many people who want their inbox at nine."""
        people = [self.wire.add_person() for _ in range(count)]
        async with open_storage(self.database) as storage:
            for person in people:
                settings = build_settings(person.papers.id)
                await save_subscription(storage, person, settings, find_next_run(settings.schedule, MORNING))
        return people

    async def assert_each_got_one(self, people: Iterable[Person]) -> None:
        """Each of them has one message, and one delivery which names it."""
        async with open_storage(self.database) as storage:
            for person in people:
                known = await storage.subscriptions.get_for_person(person.id)
                assert known
                (delivery,) = await storage.deliveries.list_latest(known.id, 9)
                assert delivery.state is DeliveryState.SENT, delivery.reason
                assert_holds(person.papers.digests, delivery)

    async def deliveries(self) -> tuple[list[Delivery], frozenset[str]]:
        """All deliveries, and the papers they highlight."""
        async with open_storage(self.database) as storage:
            deliveries = await storage.deliveries.list_latest(self.subscription_id, 100)
            listed = [each["paper"]["id"] for each in entries(20)]
            return deliveries, await storage.deliveries.find_highlighted(self.subscription_id, listed)

    async def assert_arrived_once(self) -> None:
        """One message, one delivery which names it, and no paper twice."""
        (message,) = self.channel.messages
        (delivery,), highlighted = await self.deliveries()
        assert (delivery.state, [each.message_id for each in delivery.messages]) == (DeliveryState.SENT, [message.id])
        assert len(message.papers) == 5
        assert sorted(message.papers) == sorted(highlighted)
