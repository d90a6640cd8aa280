"""Digests at the pace that Discord allows, compared with the earliest time for the last one at that pace.

Once with bad neighbours: some channels hang, and one server wants a thread for every highlight of many subscriptions.
Once with slow answers. Discord is simulated by its own process on loopback.
"""

import asyncio
import json
import random
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.figures import Figure
from bench.sends import subscribe
from bot.app import Services, open_services
from bot.client import PaperBot, connect_to_discord_at
from bot.delivery.sending import MESSAGES_PER_SECOND
from bot.digest import get_closing_time
from bot.papers import Paper
from bot.papers.api import PapersAPI
from bot.storage import Storage
from bot.subscription.schedule import Schedule, find_next_run
from bot.subscription.settings import DigestSettings, PostingOptions, Selection, Threads
from tests.support.dispatchers import build_dispatcher_for
from tests.support.wire import TOKEN

OTHERS, HANGING = 900, 100
GREEDY = 25  # subscriptions of one server
SLOW, SLOW_SECONDS = 2_000, 0.3
PATIENCE = 10  # times the floor; what has not arrived by then counts as lost
DAYS = 8  # that a digest looks at, for risers

Place = tuple[int, int]  # a server and its channel


@dataclass(frozen=True, slots=True)
class Discord:
    """The process that simulates Discord; `made` are the times at which messages were made, by channel."""

    process: Process
    api_url: str
    gateway_url: str
    channels: Sequence[Place]
    made: dict[int, list[float]] = field(default_factory=dict)

    async def listen(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            channel, moment = line.split()
            self.made.setdefault(int(channel), []).append(float(moment))

    def end_hanging(self) -> None:
        assert self.process.stdin
        self.process.stdin.write(b"enough\n")


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How many of the due digests arrived, and the seconds until the last one."""

    due: int
    came: int
    seconds: float

    @property
    def floor(self) -> float:
        return self.due / MESSAGES_PER_SECOND


@dataclass
class Neighbourhood:
    """Servers with due digests (some of them a minute `later`), next to servers that hang and a greedy one."""

    services: Services
    others: int
    hanging: int
    later: int = 0
    wanted: dict[int, int] = field(default_factory=dict)  # digests, by channel
    made: dict[int, int] = field(default_factory=dict)  # messages, by channel

    async def deliver(self) -> Arrivals:
        """Measures the digests of the normal servers; then nothing hangs any more, and all digests arrive."""
        now = self.services.clock()
        async with _discord(now, 1 + self.others + self.hanging, self.hanging) as discord:
            greedy, soon, later, slow = self._shared_out(discord.channels)
            await _subscribe_greedily(self.services.storage, greedy, now - timedelta(hours=1))
            mixed = [*soon, *slow]
            random.Random(1).shuffle(mixed)  # so that the hanging servers can be anywhere
            await subscribe(self.services.storage, mixed, now - timedelta(hours=1))
            await subscribe(self.services.storage, later, now)
            ticks = [now, now + timedelta(minutes=1)] if later else [now]
            arrivals = await _deliver(self.services, discord, ticks, [*soon, *later])
            self.made = {channel: len(moments) for channel, moments in discord.made.items()}
        self.wanted = {channel: 1 for _, channel in (*soon, *later, *slow)} | {greedy[1]: GREEDY}
        return arrivals

    def _shared_out(self, places: Sequence[Place]) -> tuple[Place, list[Place], list[Place], list[Place]]:
        """The greedy server, those due now, those due later, and those that hang, which are the last ones."""
        greedy, *others = places
        soon = self.others - self.later
        return greedy, others[:soon], others[soon : self.others], others[self.others :]


async def _subscribe_greedily(storage: Storage, place: Place, then: datetime) -> None:
    """Many subscriptions for one channel, each with a thread for every highlight."""
    guild_id, channel_id = place
    schedule = Schedule((then + timedelta(minutes=1)).time(), ZoneInfo("UTC"))
    settings = DigestSettings(
        channel_id, schedule, Selection(allow_repeats=True), PostingOptions(threads=Threads.PER_PAPER)
    )
    for _ in range(GREEDY):
        await storage.subscriptions.add(guild_id, settings, by=1, now=then, next_run=find_next_run(schedule, then))


async def answered_slowly(services: Services, guilds: int, seconds: float) -> Arrivals:
    """Measures digests while every answer takes so many seconds."""
    now = services.clock()
    async with _discord(now, guilds, seconds=seconds) as discord:
        await subscribe(services.storage, discord.channels, now - timedelta(hours=1))
        return await _deliver(services, discord, [now], discord.channels)


async def list_arrivals(services: Services, guilds: int, show: Callable[[PaperBot], None]) -> list[float]:
    """The seconds from the tick until each digest was posted, of a bot that is shown to its port."""
    now = services.clock()
    async with _discord(now, guilds) as discord:
        await subscribe(services.storage, discord.channels, now - timedelta(hours=1))
        connect_to_discord_at(discord.api_url, discord.gateway_url)
        async with PaperBot(services, shard_count=1) as bot:
            connection = asyncio.create_task(bot.start(TOKEN))
            await bot.wait_until_ready()
            show(bot)
            began = time.monotonic()
            await build_dispatcher_for(bot).run_due(now)
            await bot.close()
            await connection
        await asyncio.sleep(0.2)  # until it has printed the last
        assert len(discord.made) == guilds
        return [moments[0] - began for moments in discord.made.values()]


@asynccontextmanager
async def _discord(now: datetime, guilds: int, hanging: int = 0, seconds: float = 0.0) -> AsyncIterator[Discord]:
    program = (sys.executable, "-m", "bench.timed", now.isoformat(), str(guilds), str(hanging), str(seconds))
    process = await asyncio.create_subprocess_exec(*program, stdin=PIPE, stdout=PIPE, limit=2**24)
    assert process.stdout
    discord = Discord(process, **json.loads(await process.stdout.readline()))
    listening = asyncio.create_task(discord.listen())
    try:
        yield discord
    finally:
        process.kill()
        await process.wait()
        with suppress(asyncio.CancelledError):
            await listening


async def _deliver(
    services: Services, discord: Discord, ticks: Sequence[datetime], others: Sequence[Place]
) -> Arrivals:
    """Start these ticks and wait for the digests of `others`; then nothing hangs any more, and all digests arrive."""
    connect_to_discord_at(discord.api_url, discord.gateway_url)
    async with PaperBot(services, shard_count=1) as bot:
        connection = asyncio.create_task(bot.start(TOKEN))
        await bot.wait_until_ready()
        dispatcher = build_dispatcher_for(bot)
        began = time.monotonic()
        for now in ticks:
            await dispatcher.start_due_deliveries(now)
        arrivals = await _arrivals(discord, {channel for _, channel in others}, began)
        discord.end_hanging()
        await dispatcher.wait_until_idle()
        await bot.close()
        await connection
    return arrivals


async def _arrivals(discord: Discord, wanted: set[int], began: float) -> Arrivals:
    """Wait until all of these channels have their digest, or give up after much more time than it should take."""
    latest = began + PATIENCE * len(wanted) / MESSAGES_PER_SECOND
    while not wanted <= discord.made.keys() and time.monotonic() < latest:  # noqa: ASYNC110  # there is no event for it
        await asyncio.sleep(0.01)
    came = [discord.made[channel][0] - began for channel in wanted if channel in discord.made]
    return Arrivals(len(wanted), len(came), max(came, default=0.0))


async def measure(folder: Path, papers: dict[date, list[Paper]]) -> list[Figure]:
    async with open_services_for(folder / "neighbours.db", papers) as services:
        neighbours = await Neighbourhood(services, OTHERS, HANGING).deliver()
    async with open_services_for(folder / "slow.db", papers) as services:
        slow = await answered_slowly(services, SLOW, SLOW_SECONDS)
    assert (neighbours.came, slow.came) == (neighbours.due, slow.due)
    pace = f"{MESSAGES_PER_SECOND} a second"
    crowd = f"{OTHERS} digests at {pace}, {HANGING} channels hang, one server is greedy: the last"
    late = f"{SLOW:,} digests at {pace}, answered after {1000 * SLOW_SECONDS:.0f} ms: the last"
    return [
        Figure(crowd, neighbours.seconds, neighbours.floor, "s", "the pace", "≤ 1.2 ×"),
        Figure(late, slow.seconds, slow.floor + SLOW_SECONDS, "s", "the pace, and an answer", "≤ 1.15 ×"),
    ]


@asynccontextmanager
async def open_services_for(database: Path, papers: dict[date, list[Paper]]) -> AsyncIterator[Services]:
    """The bot's services, two hours after the last of these days has closed. Only that day has papers."""
    day, listed = list(papers.items())[-1]
    now = get_closing_time(day) + timedelta(hours=2)
    async with PapersAPI("http://127.0.0.1:9") as api, open_services(database, api, clock=lambda: now) as services:
        for before in range(DAYS):
            await services.storage.papers.record_list(day - timedelta(days=before), [] if before else listed, now)
        yield services
