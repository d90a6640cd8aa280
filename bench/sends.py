"""Deliveries through a Discord on loopback, unpaced; against bare aiohttp posting the same bodies."""

import asyncio
import time
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp

from bench.figures import Figure
from bot.app import House, open_house
from bot.client import PaperBot, use_discord_at
from bot.delivery.courier import build_courier
from bot.digest import closed_at
from bot.papers import Paper
from bot.papers.api import PapersAPI
from bot.storage import Storage
from bot.subscription.schedule import Timetable, first_run
from bot.subscription.settings import Wish
from tests.wire import TOKEN, Wire

GUILDS = 400
UNPACED = 1_000_000
AT_ONCE = 10  # bare requests


async def measure(folder: Path, papers: dict[date, list[Paper]]) -> Figure:
    day, listed = list(papers.items())[-1]
    now = closed_at(day) + timedelta(hours=2)
    wire = Wire(lambda: now)
    for _ in range(GUILDS):
        wire.add_guild()
    async with (
        wire.serve(),
        PapersAPI("http://127.0.0.1:9") as api,
        open_house(folder / "sends.db", api, clock=lambda: now) as house,
    ):
        for before in range(8):
            await house.storage.papers.record(day - timedelta(days=before), [] if before else listed, now)
        channels = [(guild.id, guild.papers.id) for guild in wire.guilds.values()]
        await subscribe(house.storage, channels, now - timedelta(hours=1))
        use_discord_at(wire.api_url, wire.gateway.url)
        ours = await _deliver(house, wire)
        floor = await _bare(wire)
    return Figure(
        "digests through the wire, planned and recorded",
        GUILDS / ours,
        GUILDS / floor,
        "sends/s",
        "bare aiohttp, the same bodies",
    )


async def subscribe(storage: Storage, channels: Iterable[tuple[int, int]], then: datetime) -> None:
    """A subscription of each server for its channel, first due a minute after `then`."""
    timetable = Timetable((then + timedelta(minutes=1)).time(), ZoneInfo("UTC"))
    run = first_run(timetable, then)
    add = storage.subscriptions.add
    for guild_id, channel_id in channels:
        await add(guild_id, Wish(channel_id, timetable), by=1, now=then, next_run=run)


async def _deliver(house: House, wire: Wire) -> float:
    """Seconds from the tick to the last record."""
    async with PaperBot(house, shard_count=1) as bot:
        connection = asyncio.create_task(bot.start(TOKEN))
        await bot.wait_until_ready()
        began = time.perf_counter()
        courier = build_courier(bot, house.storage, house.composer, messages_per_second=UNPACED)
        await courier.tick(house.clock())
        taken = time.perf_counter() - began
        await bot.close()
        await connection
    assert len(wire.bodies) == GUILDS
    return taken


async def _bare(wire: Wire) -> float:
    """Seconds to post the same bodies, as many at once."""
    places = asyncio.Semaphore(AT_ONCE)
    channels = [guild.papers.id for guild in wire.guilds.values()]
    headers = {"Authorization": f"Bot {TOKEN}"}
    async with aiohttp.ClientSession(headers=headers) as session:

        async def post(channel: int, body: object) -> None:
            async with places, session.post(f"{wire.api_url}/channels/{channel}/messages", json=body) as response:
                await response.read()

        began = time.perf_counter()
        await asyncio.gather(*map(post, channels, list(wire.bodies)))
        return time.perf_counter() - began
