"""The real process, killed at every step of a delivery and started again: one message, one record."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.storage import Delivery, DeliveryState, open_storage
from bot.subscription.schedule import Timetable, first_run
from bot.subscription.settings import Wish
from tests.builders import DAY, MORNING, entries
from tests.crashing import TICKED, RunningClock
from tests.wire import TOKEN, Channel, Fault, FrailPapers, Wire

LIMIT = 120  # seconds that anything may take, on the busiest machine
QUICKLY = 30
ROOT = Path(__file__).parent.parent
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
    async def child(self, now: datetime, kill: str = "", token: str = TOKEN) -> AsyncIterator[Child]:
        """The bot in a process of its own, its clock and Discord's set to `now`."""
        self.wire.clock = RunningClock(now)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.crashing", "run"),
            env=self._environment(now, kill, token),
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

    async def deliveries(self) -> tuple[list[Delivery], frozenset[str]]:
        """All deliveries, and the papers they highlight."""
        async with open_storage(self.database) as storage:
            deliveries = await storage.deliveries.latest(self.subscription_id, 100)
            listed = [each["paper"]["id"] for each in entries(20)]
            return deliveries, await storage.deliveries.highlighted(self.subscription_id, listed)

    async def assert_arrived_once(self) -> None:
        """One message, one delivery which names it, and no paper twice."""
        (message,) = self.channel.messages
        (delivery,), highlighted = await self.deliveries()
        assert (delivery.state, [each.message_id for each in delivery.messages]) == (DeliveryState.SENT, [message.id])
        assert len(message.papers) == 5
        assert sorted(message.papers) == sorted(highlighted)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    papers = FrailPapers({DAY: entries(7)})
    wire, database = Wire(RunningClock(DUE)), tmp_path / "paperboy.db"
    guild, timetable = wire.add_guild(), Timetable(time(9), ZoneInfo("UTC"))
    async with open_storage(database) as storage:
        subscription = await storage.subscriptions.add(
            guild.id, Wish(guild.papers.id, timetable), by=1, now=MORNING, next_run=first_run(timetable, MORNING)
        )
    async with wire.serve(), papers.serve() as papers_url:
        yield World(wire, guild.papers, database, papers, papers_url, subscription.id)


WITHIN_THE_BOT = {
    "before the plan": "before Deliveries.plan",
    "amid the plan": "amid INSERT INTO highlights",
    "after the plan": "after Deliveries.plan",
    "before the attempt is noted": "before Deliveries.attempt",
    "after the attempt is noted": "after Deliveries.attempt",
    "after the answer": "before Deliveries.arrived",
    "after the record": "after Deliveries.arrived",
    "before its completion": "before Deliveries.complete",
    "after its completion": "after Deliveries.complete",
}
ON_THE_WAY = {"when the request has arrived": False, "when the message exists": True}
LATER = {"at once": timedelta(seconds=10), "after the nonce has expired": timedelta(minutes=10)}


@pytest.mark.parametrize("later", LATER.values(), ids=LATER.keys())
@pytest.mark.parametrize("step", [*WITHIN_THE_BOT, *ON_THE_WAY])
async def test_a_bot_killed_at_any_step_and_started_again_posts_one_digest(
    world: World, step: str, later: timedelta
) -> None:
    async with world.child(DUE, kill=WITHIN_THE_BOT.get(step, "")) as child:
        if step in ON_THE_WAY:
            world.wire.post_faults.append(Fault(created=ON_THE_WAY[step], meanwhile=child.kill))
        code, said = await child.end()
        assert code == -signal.SIGKILL, said
    async with world.child(DUE + later) as child:
        await child.tick()
        await child.tick()
        assert "Traceback" not in await child.stop()
    await world.assert_arrived_once()


async def test_a_bot_killed_again_and_again_posts_one_digest(world: World) -> None:
    for number, kill in enumerate(WITHIN_THE_BOT.values()):
        async with world.child(DUE + number * timedelta(minutes=3), kill=kill) as child:
            assert (await child.end())[0] == -signal.SIGKILL
    await world.assert_arrived_once()


async def test_a_stop_while_a_digest_is_sent_lets_it_arrive_and_records_it(world: World) -> None:
    async with world.child(DUE) as child:

        async def stop_and_keep_waiting() -> None:
            child.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(1)  # Discord takes its time to answer

        world.wire.post_faults.append(Fault(200, created=True, meanwhile=stop_and_keep_waiting))
        code, said = await child.end()
    assert (code, "Traceback" in said) == (0, False), said
    await world.assert_arrived_once()


async def test_a_stop_of_an_idle_bot_is_quick(world: World) -> None:
    async with world.child(DUE) as child:
        await child.tick()
        await child.tick()
        assert "Traceback" not in await child.stop()
    await world.assert_arrived_once()


async def test_a_stop_while_discord_does_not_answer_the_login_is_quick(world: World) -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        asked.set()
        await answered.wait()

    world.wire.login_faults.append(Fault(200, meanwhile=hold))
    async with world.child(DUE) as child:
        try:
            await asked.wait()
            assert "Traceback" not in await child.stop()
        finally:
            answered.set()


async def test_a_stop_while_the_gateway_is_closed_is_quick(world: World) -> None:
    world.wire.gateway.open = False
    async with world.child(DUE) as child:
        await world.wire.gateway.refused.wait()
        await child.stop()


async def test_a_stop_while_the_papers_api_does_not_answer_is_quick(world: World) -> None:
    asked, answered = asyncio.Semaphore(0), asyncio.Event()

    async def hold() -> None:
        asked.release()
        await answered.wait()

    world.papers.meanwhile = hold
    async with world.child(DUE) as child:
        try:
            for _ in ("the archive", "the digest that is due"):
                await asked.acquire()
            assert "Traceback" not in await child.stop()
        finally:
            answered.set()


FINAL = {
    4004: "Copy it again from the developer portal",
    4010: "Start Paperboy again",
    4011: "Start Paperboy again",
    4012: "Update Paperboy",
    4013: "Update Paperboy",
    4014: "Paperboy needs no privileged intent",
}


@pytest.mark.parametrize("code", FINAL)
async def test_a_gateway_that_closes_for_good_ends_the_start_with_one_clear_line(world: World, code: int) -> None:
    world.wire.gateway.final_code = code
    async with world.child(DUE) as child:
        assert_says_what_to_do(*await child.end(), code)


async def test_a_gateway_that_closes_for_good_later_on_ends_the_bot_with_one_clear_line(world: World) -> None:
    async with world.child(DUE) as child:
        await child.tick()
        await world.wire.gateway.drop(code=4004)
        assert_says_what_to_do(*await child.end(), 4004)


def assert_says_what_to_do(ended: int, said: str, code: int) -> None:
    assert ended == 2, said
    assert "Traceback" not in said
    (line,) = [line for line in said.splitlines() if FINAL[code] in line]
    assert line == said.splitlines()[-1]


async def test_a_token_that_discord_does_not_know_ends_the_start_with_one_clear_line(world: World) -> None:
    token = "a-token.that-is.wrong"
    async with world.child(DUE, token=token) as child:
        code, said = await child.end()
    assert code == 2
    (line,) = [line for line in said.splitlines() if "DISCORD_TOKEN" in line]
    assert line == said.splitlines()[-1]
    assert "Discord does not know this token" in line
    assert token not in said
    assert "Traceback" not in said
