"""PaperBot: the discord.py client, with what needs its connection: the courier and the editors."""

import logging

import discord
import yarl
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.answering import AnsweringTree
from bot.app import House
from bot.channels import Channels
from bot.channels.discord_clock import DiscordClock
from bot.channels.forum import unrepeated_posts
from bot.channels.server_channel import NEEDED
from bot.delivery.courier import build_courier
from bot.editing.drafts import DraftEditor
from bot.editing.editor import Editor
from bot.layouts import terminal
from bot.registering import register_commands

log = logging.getLogger(__name__)

# The last one registers the controls that the others bring along.
COGS = ("fetching", "ranking", "posting", "lookup", "subscriptions", "guilds", "recovery", "upkeep", "controls")


class PaperBot(commands.AutoShardedBot):
    """The client. Sharded even with one shard: the plain one dies if the first gateway connection fails."""

    def __init__(self, house: House, *, shard_count: int | None = None) -> None:
        self.discord_clock, trace = DiscordClock(house.clock), unrepeated_posts()
        self.discord_clock.listen_to(trace)
        super().__init__(
            command_prefix=(),
            help_command=None,
            tree_cls=AnsweringTree,
            intents=discord.Intents(guilds=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            max_ratelimit_timeout=60,  # raise instead of sleeping for an hour
            shard_count=shard_count,
            http_trace=trace,
        )
        self.house = house
        self._is_started = False
        self.channels = Channels(self, self.discord_clock)
        self.courier = build_courier(self, self.channels, house.storage, house.composer)
        self.recovery = self.courier.recovery
        self.editor = Editor(house.storage, self.channels)
        self.drafts = DraftEditor(house.storage, self.channels, self.editor, house.composer)

    async def setup_hook(self) -> None:
        for name in COGS:
            await self.load_extension(f"cogs.{name}")
        assert self.application_id is not None  # known since the login
        await register_commands(self.tree, self.application_id, self.house.storage, self.house.clock())

    async def on_ready(self) -> None:
        """The start is over. discord.py says so again after each session that it could not take up."""
        if self._is_started:
            return
        self._is_started = True
        assert self.user is not None
        assert self.application_id is not None
        subscriptions = await self.house.storage.subscriptions.count_active()
        invite = discord.utils.oauth_url(self.application_id, permissions=NEEDED)
        log.info("%s", terminal.ready(self.user.name, len(self.guilds), subscriptions, invite))

    async def close(self) -> None:
        await self.courier.drain()
        await super().close()


def use_discord_at(api_url: str, gateway_url: str) -> None:
    """Point discord.py at another Discord: a proxy, or a test server."""
    Route.BASE = api_url.rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
