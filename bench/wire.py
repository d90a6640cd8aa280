"""The time from an interaction to the bot's answer on the wire, without other work and while digests are sent.

Discord is simulated by its own process on loopback. Interactions come at a steady pace, whether the last one was
answered or not: half of them are searches of every kind, half are clicks on *Next* below their results.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from bench.discord import SEARCHED
from bench.figures import Figure, Times, forget_the_past
from bench.filled_index import NOW, FilledIndex
from bench.queries import asked
from bench.sends import UNPACED, subscribe
from bot.app import Services
from bot.client import PaperBot, connect_to_discord_at
from bot.delivery.sending import MESSAGES_PER_SECOND
from bot.digest import RISER_DAYS, get_latest_closed_day
from tests.support.dispatchers import build_dispatcher_for
from tests.support.wire import TOKEN

GUILDS = 500
EVERY = 0.025  # seconds between two interactions
REST_SECONDS, FLOOR_SECONDS = 15, 4
UNPACED_DAYS = 4  # their digests are sent quickly
A_LIST = 50  # papers
NO_QUERY = " "  # is answered at once
GOAL = "< 50"

Waits = Mapping[str, Times]
"""The times to the answer, by what people did."""


@dataclass(frozen=True, slots=True)
class Discord:
    """The process that simulates Discord; `channels` are pairs of a server and its channel for digests."""

    process: Process
    api_url: str
    gateway_url: str
    channels: Sequence[tuple[int, int]]

    async def meanwhile(self, texts: Sequence[str], work: Awaitable[object], messages: int = 0) -> Waits:
        """How long people wait for answers during `work`, which has to make so many messages."""
        self._say({"texts": texts, "every": EVERY})
        await work
        self._say("enough")
        told = await _told(self.process)
        assert told["messages"] == messages
        return {name: Times(taken) for name, taken in told["taken"].items() if taken}

    def _say(self, known: object) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(known).encode() + b"\n")


async def measure(folder: Path, filled: FilledIndex) -> list[Figure]:
    texts = [query.ours for query in asked(filled.real)]
    copy = filled.copied(folder)
    async with _discord() as discord, copy.open() as services, _bot(services, discord) as bot:
        digests = _Digests(bot, filled)
        await digests.prepare(discord.channels)
        forget_the_past()
        await discord.meanwhile(texts, asyncio.sleep(FLOOR_SECONDS))  # warms the caches
        floor = await discord.meanwhile([NO_QUERY], asyncio.sleep(FLOOR_SECONDS))
        paced, unpaced = digests.send(MESSAGES_PER_SECOND), digests.send(UNPACED, UNPACED_DAYS)
        waits = {
            "at rest": await discord.meanwhile(texts, asyncio.sleep(REST_SECONDS)),
            f"while {GUILDS} digests go out": await discord.meanwhile(texts, paced, GUILDS),
            "while digests go out unpaced": await discord.meanwhile(texts, unpaced, UNPACED_DAYS * GUILDS),
        }
    return [
        Figure(
            f"{what} among {filled.name} {when}, p99", times.p99, floor[SEARCHED].p99, "ms", "no query's answer", GOAL
        )
        for when, by_what in waits.items()
        for what, times in by_what.items()
    ]


class _Digests:
    """500 subscriptions whose digests are sent for one day after the other."""

    def __init__(self, bot: PaperBot, filled: FilledIndex) -> None:
        self._bot = bot
        self._papers = bot.services.storage.papers
        self._real = filled.real
        self._now = NOW

    async def prepare(self, channels: Sequence[tuple[int, int]]) -> None:
        for before in range(RISER_DAYS + 1):
            await self._list(get_latest_closed_day(NOW) - timedelta(days=before))
        await subscribe(self._bot.services.storage, channels, NOW - timedelta(hours=1))

    async def send(self, messages_per_second: float, days: int = 1) -> None:
        dispatcher = build_dispatcher_for(self._bot, messages_per_second)
        for _ in range(days):
            await self._list(get_latest_closed_day(self._now))
            await dispatcher.run_due(self._now)
            self._now += timedelta(days=1)

    async def _list(self, day: date) -> None:
        """Records a list for `day`, with as many papers as a real one, and different papers each day."""
        first = day.toordinal() * A_LIST % (len(self._real) - A_LIST)
        papers = [replace(paper, day=day) for paper in self._real[first : first + A_LIST]]
        await self._papers.record_list(day, papers, self._now)


@asynccontextmanager
async def _discord() -> AsyncIterator[Discord]:
    program = (sys.executable, "-m", "bench.discord", str(GUILDS), NOW.isoformat())
    process = await asyncio.create_subprocess_exec(*program, stdin=PIPE, stdout=PIPE, limit=2**24)
    try:
        yield Discord(process, **await _told(process))
    finally:
        process.kill()
        await process.wait()


async def _told(process: Process) -> dict[str, Any]:
    assert process.stdout
    known: dict[str, Any] = json.loads(await process.stdout.readline())
    return known


@asynccontextmanager
async def _bot(services: Services, discord: Discord) -> AsyncIterator[PaperBot]:
    """The real bot, connected; its timers do not run."""
    connect_to_discord_at(discord.api_url, discord.gateway_url)
    async with PaperBot(services, shard_count=1) as bot:
        connection = asyncio.create_task(bot.start(TOKEN))
        await bot.wait_until_ready()
        yield bot
        await bot.close()
        await connection
