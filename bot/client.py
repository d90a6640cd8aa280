"""PaperBot: the discord.py client, handed its collaborators ready-made."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import discord
import yarl
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from discord.ui import LayoutView
from filelock import FileLock, Timeout

from bot.archive import Archive
from bot.completing import Completer
from bot.composing import Composer
from bot.delivery import Courier
from bot.destination import NEEDED, unrepeated_posts
from bot.explaining import Explainer
from bot.filtering import Filter
from bot.finding import Finder
from bot.layouts import replies
from bot.papers.api import PapersAPI
from bot.search import MODEL, Encoder, Meaning, Search
from bot.storage import DatabaseRefused, Storage, open_storage

log = logging.getLogger(__name__)

COGS = ("fetching", "ranking", "posting", "lookup", "subscriptions", "guilds")


def system_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class House:
    """What the bot works with. `clock` is read by ticks and interactions alone, which hand `now` down."""

    storage: Storage
    search: Search
    archive: Archive
    scheduler: AsyncIOScheduler
    backfill_days: int
    clock: Callable[[], datetime] = system_clock

    @property
    def finder(self) -> Finder:
        return Finder(self.storage, self.search)

    @property
    def explainer(self) -> Explainer:
        return Explainer(self.storage, Filter(self.storage, self.archive, self.search))

    @property
    def completer(self) -> Completer:
        return Completer(self.storage, self.search)


@asynccontextmanager
async def open_house(
    database: Path,
    api: PapersAPI,
    *,
    backfill_days: int = 0,
    clock: Callable[[], datetime] = system_clock,
    encoder: Encoder | None = None,
) -> AsyncIterator[House]:
    """The house over the SQLite file `database` and the index beside it, for one process at a time.

    With `encoder`, the extra `semantic`, papers are also found by what they mean.
    Raises `DatabaseRefused` and `IndexRefused`.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(_sole_use(database))  # before a newer version migrates what an older one works with
        storage = await stack.enter_async_context(open_storage(database))
        identity, last_change = await storage.papers.identity(), await storage.papers.last_change()
        meaning = await _meaning(encoder, storage) if encoder else None
        search = await asyncio.to_thread(Search, index_beside(database), identity, last_change, meaning)
        stack.push_async_callback(asyncio.to_thread, search.close)
        yield House(storage, search, Archive(api, storage, search), new_scheduler(), backfill_days, clock)


async def _meaning(encoder: Encoder, storage: Storage) -> Meaning:
    meaning = Meaning(encoder)
    async for vectors in storage.embeddings.all(MODEL):
        meaning.take_in(vectors)
    return meaning


@contextmanager
def _sole_use(database: Path) -> Iterator[None]:
    """Two bots on one database would both take up what is under way; the lock ends with the process."""
    if database.is_dir() or not database.absolute().parent.is_dir():
        yield  # opening it will say what is wrong
        return
    lock = FileLock(database.with_name(f"{database.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise DatabaseRefused(f"{database} is in use: another Paperboy is running on it.") from error
    except OSError as error:
        raise DatabaseRefused(f"{database} cannot be used as Paperboy's database: {error}") from error
    try:
        yield
    finally:
        lock.release()


def index_beside(database: Path) -> Path:
    """The folder of the search index over `database`."""
    return database.with_name(f"{database.name}.index")


class Mistake(app_commands.CheckFailure):
    """A person asked for what cannot be; the message tells them what can."""


async def reply(
    interaction: discord.Interaction["PaperBot"], message: str | LayoutView, *, ephemeral: bool = True
) -> None:
    """Answer with a text or a layout, whether the answer has been announced or not."""
    send = interaction.followup.send if interaction.response.is_done() else interaction.response.send_message
    if isinstance(message, str):
        await send(message, ephemeral=ephemeral)
    else:
        await send(view=message, ephemeral=ephemeral)


async def reply_to_error(interaction: discord.Interaction["PaperBot"], error: Exception) -> None:
    """Answer the one who asked, whatever happened, and log what was no mistake of theirs."""
    match error:
        case Mistake():
            text = str(error)
        case app_commands.TransformerError(type=discord.AppCommandOptionType.channel):
            text = replies.CHANNEL_UNSEEN
        case _:
            log.error("an interaction met a bug", exc_info=error)
            text = replies.BROKEN
    await reply(interaction, text)


class _Tree(app_commands.CommandTree["PaperBot"]):
    async def on_error(
        self, interaction: discord.Interaction["PaperBot"], error: app_commands.AppCommandError, /
    ) -> None:
        await reply_to_error(interaction, error)


class PaperBot(commands.AutoShardedBot):
    """The client. Sharded even with one shard: the plain one dies if the first gateway connection fails."""

    def __init__(self, house: House, *, shard_count: int | None = None) -> None:
        super().__init__(
            command_prefix=(),
            help_command=None,
            tree_cls=_Tree,
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            max_ratelimit_timeout=60,  # raise instead of sleeping for an hour
            shard_count=shard_count,
            http_trace=unrepeated_posts(),
        )
        self.house = house
        self.composer = Composer(house.storage, house.archive, house.search)
        self.courier = Courier(self, house.storage, self.composer)

    async def setup_hook(self) -> None:
        for name in COGS:
            await self.load_extension(f"cogs.{name}")
        await self.tree.sync()
        assert self.application_id is not None  # known since the login
        log.info("invite me with %s", discord.utils.oauth_url(self.application_id, permissions=NEEDED))

    async def close(self) -> None:
        await self.courier.drain()
        await super().close()


def new_scheduler() -> AsyncIOScheduler:
    """A scheduler that drops no late job and piles none up; whoever makes it starts it."""
    return AsyncIOScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    )


def use_discord_at(api_url: str, gateway_url: str) -> None:
    """Point discord.py at another Discord: a proxy, or a test server."""
    Route.BASE = api_url.rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
