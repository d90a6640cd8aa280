"""The real thing, small: SQLite on disk, the papers API on loopback, discord.py in a simulated Discord."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
import pytest
import simcord
from tenacity import wait_none

from bot.archive import Archive
from bot.client import House, PaperBot, new_scheduler
from bot.demo.papers_server import PapersServer
from bot.papers import PapersAPI
from bot.search import Search
from bot.storage import Storage, open_storage
from tests.builders import DAY, Clock, entries


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    async with open_storage(tmp_path / "paperboy.db") as opened:
        yield opened


@pytest.fixture
def papers_server() -> PapersServer:
    """The papers API with one list of seven papers; tests put others into `lists`."""
    return PapersServer({DAY: entries(7)})


@pytest.fixture
async def api(papers_server: PapersServer) -> AsyncIterator[PapersAPI]:
    async with papers_server.serve() as url, PapersAPI(url, backoff=wait_none()) as opened:
        yield opened


@pytest.fixture
async def house(tmp_path: Path, storage: Storage, api: PapersAPI, clock: Clock) -> AsyncIterator[House]:
    search = Search(tmp_path / "paperboy.index", await storage.papers.identity(), last_change=0)
    yield House(storage, search, Archive(api, storage, search), new_scheduler(), backfill_days=3, clock=clock)
    search.close()


@dataclass
class Server:
    """A Discord server with the bot, an admin (Manage Server), a member, and a channel `papers`."""

    env: simcord.Env
    bot: PaperBot
    guild: simcord.GuildHandle
    papers: simcord.ChannelHandle
    general: simcord.ChannelHandle
    admin: simcord.MemberActor
    member: simcord.MemberActor

    async def subscribe(self, **options: Any) -> simcord.InteractionResult:
        """`/digest add` for `#papers` at 9:00 UTC every day, or as `options` say."""
        wanted = {"channel": self.papers, "time": "9:00", "timezone": "UTC"} | options
        return await self.admin.slash(self.general, "digest add", **wanted)

    async def tick(self) -> None:
        """A minute's tick of posting, at the clock's time."""
        await self.bot.courier.tick(self.bot.house.clock())
        await self.env.settle()


@pytest.fixture
async def server(house: House, clock: Clock) -> AsyncIterator[Server]:
    """The real bot, logged in to a simulated Discord whose time is the clock's."""
    bot = PaperBot(house, shard_count=1)
    env = simcord.Env(bot)
    await env.start()
    await env.advance_time((clock.now - env.now()).total_seconds())
    guild = env.create_guild("Paper Club")
    admins = guild.create_role("Admins", permissions=discord.Permissions(manage_guild=True))
    yield Server(
        env,
        bot,
        guild,
        papers=guild.create_text_channel("papers"),
        general=guild.create_text_channel("general"),
        admin=guild.add_member(env.create_user("ada"), roles=[admins]),
        member=guild.add_member(env.create_user("grace")),
    )
    await env.shutdown()
    env.raise_errors()  # what the bot swallowed fails the test


def read_texts(message: discord.Message) -> str:
    """All text of a Components V2 message, in reading order; the content where there is any."""
    return "\n".join([message.content, *_texts(message.components)]).strip()


def _texts(components: Any) -> list[str]:
    found = []
    for component in components:
        if hasattr(component, "content"):
            found.append(component.content)
        found += _texts(getattr(component, "children", ()))
    return found
