"""The real thing, small: SQLite on disk, the papers API on loopback, discord.py in a simulated Discord."""

import logging
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import discord
import pytest
import simcord
from aiohttp import web
from hypothesis import HealthCheck, settings
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType
from tenacity import wait_none

from bot import answering, archive
from bot.answering import unwrap
from bot.app import House, build_house, new_scheduler
from bot.client import PaperBot
from bot.demo.papers_server import PapersServer
from bot.editing import drafts
from bot.papers.api import PapersAPI, PapersUnavailable
from bot.refusals import Refused
from bot.search import Encoder, Search, load_encoder
from bot.storage import Storage, database, open_storage
from tests.builders import DAY, Clock, entries
from tests.discord_limits import check_body
from tests.wire import FrailPapers

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # machines are busy
settings.load_profile("unhurried")

GUILD_ID = 1461000000000000000
HURRIES = {
    answering: ("ANNOUNCED_AFTER", "COMPLETED_WITHIN"),
    archive: ("LOOKUP_SECONDS",),
    database: ("READ_SECONDS", "WRITE_SECONDS"),
    drafts: ("COUNT_SECONDS",),
}


@pytest.fixture(scope="session", autouse=True)
def unhurried() -> Iterator[None]:
    """Discord waits three seconds for an answer, a test on a busy machine longer; those of a limit set their own."""
    with pytest.MonkeyPatch.context() as patch:
        for module, names in HURRIES.items():
            for name in names:
                patch.setattr(module, name, 60)
        yield


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """The real model."""
    loaded = load_encoder()
    assert loaded, "the extra `semantic` is part of the extra `dev`"
    return loaded


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that the migrations have just made: to copy it costs a test far less than to run them."""
    path = tmp_path_factory.mktemp("new") / "paperboy.db"
    database._prepare(path)
    return path


@pytest.fixture
async def storage(tmp_path: Path, new_database: Path) -> AsyncIterator[Storage]:
    """A new one. No commit waits for the disk, as nobody cuts the power here; in a process that is killed each does."""
    async with open_storage(Path(shutil.copy(new_database, tmp_path))) as opened:
        await opened.database._writer.execute("PRAGMA synchronous = OFF")
        yield opened


class Papers(FrailPapers):
    """The papers API, which remembers the days it was asked for."""

    def __init__(self, lists: Mapping[date, list[Any]]) -> None:
        super().__init__(lists)
        self.asked: list[date] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(date.fromisoformat(request.query["date"]))
        return await super().answer(request)


@pytest.fixture
def papers_server() -> PapersServer:
    """The papers API with one list of seven papers; tests put others into `lists`."""
    return Papers({DAY: entries(7)})


@pytest.fixture
async def api(papers_server: PapersServer) -> AsyncIterator[PapersAPI]:
    async with papers_server.serve() as url, PapersAPI(url, backoff=wait_none()) as opened:
        yield opened


@pytest.fixture
async def house(tmp_path: Path, storage: Storage, api: PapersAPI, clock: Clock) -> AsyncIterator[House]:
    search = Search(tmp_path / "paperboy.index", await storage.papers.identity(), last_change=0)
    yield build_house(storage, search, api, backfill_days=3, clock=clock)
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

    clock: Clock
    database: Path

    async def subscribe(self, **options: Any) -> simcord.InteractionResult:
        """`/digest add` for `#papers` at 9:00 UTC every day, or as `options` say."""
        wanted = {"channel": self.papers, "time": "9:00", "timezone": "UTC"} | options
        return await self.admin.slash(self.general, "digest add", **wanted)

    async def ask(self, command: str, /, **options: Any) -> str:
        """What the admin reads after a command, and nobody else."""
        return answer(await self.admin.slash(self.general, command, **options))

    async def tick(self) -> None:
        """A minute's tick of posting, at the clock's time."""
        await self.bot.courier.tick(self.bot.house.clock())
        await self.env.settle()

    async def later(self, **amount: float) -> None:
        """Time passes, for the bot and for Discord; then comes a tick."""
        self.clock.advance(**amount)
        await self.env.advance_time(timedelta(**amount).total_seconds())
        await self.tick()

    async def read_lists(self) -> None:
        """What the fetching jobs do in the course of a day."""
        await self.bot.get_cog("Fetching").refresh_settling()  # type: ignore[union-attr]

    async def restart(self) -> None:
        """The bot ends, and another begins in the same house."""
        self.bot = PaperBot(replace(self.bot.house, scheduler=new_scheduler()), shard_count=1)
        await self.env.restart_bot(self.bot)

    @property
    def posted(self) -> list[str]:
        """The texts of what stands in `#papers`."""
        return [read_texts(message) for message in self.papers.history()]

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything the database holds."""
        with closing(sqlite3.connect(self.database)) as connection:
            names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in names}


@pytest.fixture
async def server(house: House, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Server]:
    """The real bot, logged in to a simulated Discord whose time is the clock's."""
    bot = PaperBot(house, shard_count=1)
    env = simcord.Env(bot)
    await env.start()
    await env.advance_time((clock.now - env.now()).total_seconds())
    await house.storage.guilds.join(GUILD_ID, clock.now)  # it has been welcomed
    guild = env.create_guild("Paper Club", id=GUILD_ID)
    admins = guild.create_role("Admins", permissions=discord.Permissions(manage_guild=True))
    yield Server(
        env,
        bot,
        guild,
        papers=guild.create_text_channel("papers"),
        general=guild.create_text_channel("general"),
        admin=guild.add_member(env.create_user("ada"), roles=[admins]),
        member=guild.add_member(env.create_user("grace")),
        clock=clock,
        database=tmp_path / "paperboy.db",
    )
    await env.shutdown()
    _assert_no_bug(env, caplog)
    for request in env.http_requests:
        check_body(request.method, request.path, request.json)


def _assert_no_bug(env: simcord.Env, caplog: pytest.LogCaptureFixture) -> None:
    """What the bot swallowed fails the test; a person's mistake is none of the bot's."""
    bugs = [error for error in env.errors if not isinstance(unwrap(error), Refused | PapersUnavailable)]
    if bugs:
        raise BaseExceptionGroup("the bot met errors", bugs)
    logged = [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert not logged, [record.getMessage() for record in logged]


def forbid_everybody(server: Server, channel: simcord.ChannelHandle, permission: str) -> None:
    denied = discord.Permissions(**{permission: True}).value
    overwrite = Overwrite(target_id=server.guild.id, type=OverwriteType.ROLE, allow=0, deny=denied)
    server.env.backend.edit_channel(channel.id, {}, overwrites=[overwrite])


def answer(result: simcord.InteractionResult) -> str:
    """The text of an answer that only the one who asked can see."""
    assert result.response
    assert result.response.ephemeral
    return read_texts(result.response.message)


def custom_ids(message: discord.Message | simcord.ResponseMessage) -> list[str]:
    """The custom_ids of a message's buttons and selects, in reading order."""
    found = message.message if isinstance(message, simcord.ResponseMessage) else message
    return [each.custom_id for each in _all(found.components) if getattr(each, "custom_id", None)]


def paper_ids(message: discord.Message | simcord.ResponseMessage) -> list[str]:
    """The ids of the papers whose details a message offers, by buttons or in a select, in its order."""
    buttons = [each.split(":")[1] for each in custom_ids(message) if each.startswith("details:")]
    return buttons + options(message, "pick")


def options(message: discord.Message | simcord.ResponseMessage, custom_id: str) -> list[str]:
    """The values that a select of a message offers."""
    found = message.message if isinstance(message, simcord.ResponseMessage) else message
    known = [each for each in _all(found.components) if getattr(each, "options", None)]
    selects = [each for each in known if each.custom_id == custom_id or each.custom_id.startswith(f"{custom_id}:")]
    return [option.value for select in selects for option in select.options]


def _all(components: Any) -> Iterator[Any]:
    for component in components:
        yield component
        yield from _all(getattr(component, "children", ()))
        yield from _all([component.accessory] if hasattr(component, "accessory") else [])


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
