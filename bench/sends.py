"""Deliveries to a Discord on loopback without pacing, compared with bare aiohttp posting the same bodies.

Also: what a delivery costs apart from Discord, compared with bare sqlite3 writing the same rows in
as many transactions.
"""

import asyncio
import json
import sqlite3
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import aiohttp
import discord
from discord.ui import LayoutView

from bench.figures import Figure
from bot.app import Services, open_services
from bot.client import PaperBot, connect_to_discord_at
from bot.digest import get_closing_time
from bot.papers import Paper
from bot.papers.api import PapersAPI
from bot.storage import Storage
from bot.subscription.schedule import Schedule, find_next_run
from bot.subscription.settings import DigestSettings
from tests.support.dispatchers import build_dispatcher_for
from tests.support.wire import TOKEN, Wire

GUILDS = 400
UNPACED = 1_000_000
AT_ONCE = 10  # bare requests


async def measure(folder: Path, papers: dict[date, list[Paper]]) -> Figure:
    async with _due(folder / "sends.db", papers) as (services, wire):
        ours = await _deliver(services)
        floor = await _bare(wire)
    assert len(wire.bodies) == 2 * GUILDS
    return Figure(
        "digests through the wire, planned and recorded",
        GUILDS / ours,
        GUILDS / floor,
        "sends/s",
        "bare aiohttp, the same bodies",
    )


async def measure_whole(folder: Path, papers: dict[date, list[Paper]]) -> Figure:
    """Whole deliveries, from composing to complete, with a Discord that answers at once."""
    database = folder / "whole.db"
    with patch.object(discord.TextChannel, "send", _answered):
        async with _due(database, papers) as (services, _):
            ours = await _deliver(services, cpu=True)
    return Figure(
        "a digest from compose to complete, but Discord, CPU each",
        ours * 1000 / GUILDS,
        _bare_rows(database) * 1000 / GUILDS,
        "ms",
        "bare sqlite3, the same rows",
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    """The parts of a message that delivery uses."""

    id: int
    created_at: datetime


_ids = count(10**18)


async def _answered(_: discord.TextChannel, *, view: LayoutView, **__: Any) -> _Answer:
    json.dumps(view.to_components())  # type: ignore[no-untyped-call]
    await asyncio.sleep(0)
    return _Answer(next(_ids), datetime.now(UTC))


@asynccontextmanager
async def _due(database: Path, papers: dict[date, list[Paper]]) -> AsyncIterator[tuple[Services, Wire]]:
    """One subscription per server of a Discord on loopback, all of them due."""
    day, listed = list(papers.items())[-1]
    now = get_closing_time(day) + timedelta(hours=2)
    wire = Wire(lambda: now)
    for _ in range(GUILDS):
        wire.add_guild()
    async with (
        wire.serve(),
        PapersAPI("http://127.0.0.1:9") as api,
        open_services(database, api, clock=lambda: now) as services,
    ):
        for before in range(8):
            await services.storage.papers.record_list(day - timedelta(days=before), [] if before else listed, now)
        channels = [(guild.id, guild.papers.id) for guild in wire.guilds.values()]
        await subscribe(services.storage, channels, now - timedelta(hours=1))
        connect_to_discord_at(wire.api_url, wire.gateway.url)
        yield services, wire


async def subscribe(storage: Storage, channels: Iterable[tuple[int, int]], then: datetime) -> None:
    """One subscription per server, for its channel, first due a minute after `then`."""
    schedule = Schedule((then + timedelta(minutes=1)).time(), ZoneInfo("UTC"))
    run = find_next_run(schedule, then)
    add = storage.subscriptions.add
    for guild_id, channel_id in channels:
        await add(guild_id, DigestSettings(channel_id, schedule), by=1, now=then, next_run=run)


async def _deliver(services: Services, *, cpu: bool = False) -> float:
    """Seconds from the tick to the last record: CPU time of all threads, or wall time."""
    clock = time.process_time if cpu else time.perf_counter
    async with PaperBot(services, shard_count=1) as bot:
        connection = asyncio.create_task(bot.start(TOKEN))
        await bot.wait_until_ready()
        began = clock()
        dispatcher = build_dispatcher_for(bot, UNPACED)
        await dispatcher.run_due(services.clock())
        taken = clock() - began
        await bot.close()
        await connection
    return taken


def _bare_rows(database: Path) -> float:
    """CPU seconds to write the rows of all deliveries once more, each in four transactions as durable as ours."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        planned = defaultdict[int, list[tuple[str, list[Any]]]](list)  # by delivery
        for table, key in (("deliveries", "id"), ("messages", "delivery_id"), ("highlights", "delivery_id")):
            for delivery_id, *values in connection.execute(f"SELECT {key}, * FROM {table} ORDER BY {key}"):
                planned[delivery_id].append((f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values))
        assert len(planned) == GUILDS
        for table in ("highlights", "messages", "deliveries"):
            connection.execute(f"DELETE FROM {table}")
        began = time.process_time()
        for delivery_id, inserts in planned.items():
            connection.execute("BEGIN")
            for statement, values in inserts:
                connection.execute(statement, values)
            connection.execute("COMMIT")
            for step in ("attempted_at = 'now'", "attempted_at = NULL, message_id = 1"):
                connection.execute(f"UPDATE messages SET {step} WHERE delivery_id = ?", (delivery_id,))
            connection.execute("UPDATE deliveries SET state = 'sent' WHERE id = ?", (delivery_id,))
        return time.process_time() - began


async def _bare(wire: Wire) -> float:
    """Seconds to post the same bodies, with as many requests at once."""
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
