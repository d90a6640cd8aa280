"""The bot over a file that was kept from an earlier schema, some hours after a bot of its time has stopped."""

import logging
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import discord
import pytest
import simcord

from bot.app import Services
from bot.client import PaperBot
from bot.storage import Storage, open_storage
from tests.support.builders import Clock, entry, query
from tests.support.kept_schemas import VERSIONS, Kept, add_reader, build_channels, unpack
from tests.support.papers_server import Papers
from tests.support.server import GUILD_ID, Server


@pytest.fixture(params=VERSIONS, ids=str)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    return unpack(request.param, tmp_path)


@pytest.fixture
async def storage(kept: Kept) -> AsyncIterator[Storage]:
    async with open_storage(kept.path) as opened:
        await opened.database._writer.run(lambda connection: connection.execute("PRAGMA synchronous = OFF"))
        await opened.database.execute("DELETE FROM commands")  # the simulated Discord does not have them
        yield opened


@pytest.fixture
def clock(kept: Kept) -> Clock:
    """Two hours after the last run that the old bot planned."""
    ((planned,),) = query(kept.path, "SELECT max(planned_at) FROM deliveries")
    return Clock(datetime.fromisoformat(planned).astimezone(UTC) + timedelta(hours=2))


@pytest.fixture
def papers_server(kept: Kept) -> Papers:
    """The papers API, which still has the lists that the file was made from."""
    lists: dict[date, list[object]] = {}
    for day, paper_id, title, upvotes in query(
        kept.path,
        "SELECT day, id, title, upvotes FROM listings JOIN papers ON papers.id = listings.paper_id ORDER BY day, id",
    ):
        known = entry(paper_id, date.fromisoformat(day), title=title, upvotes=upvotes)
        lists.setdefault(date.fromisoformat(day), []).append(known)
    return Papers(lists)


@pytest.fixture
def channels() -> dict[int, simcord.ChannelHandle]:
    """The channel of each subscription whose channel still exists; `server` makes them."""
    return {}


@pytest.fixture
async def server(
    services: Services,
    kept: Kept,
    clock: Clock,
    channels: dict[int, simcord.ChannelHandle],
    caplog: pytest.LogCaptureFixture,
) -> AsyncIterator[Server]:
    """Today's bot in the server that the old bot was in."""
    bot = PaperBot(services, shard_count=1)
    env = simcord.Env(bot)
    guild = env.create_guild("Paper Club", id=GUILD_ID)
    channels |= build_channels(env, guild, kept)
    admins = guild.create_role("Admins", permissions=discord.Permissions(manage_guild=True))
    papers, general = guild.create_text_channel("papers"), guild.create_text_channel("general")
    admin = guild.add_member(env.create_user("ada"), roles=[admins])
    member = guild.add_member(add_reader(env, kept) or env.create_user("grace"))
    await env.start()
    await env.advance_time((clock.now - env.now()).total_seconds())
    yield Server(env, bot, guild, papers, general, admin, member, clock, kept.path)
    await env.shutdown()
    env.raise_errors()
    assert not [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
