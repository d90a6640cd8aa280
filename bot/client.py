"""PaperBot: the discord.py client, with what needs its connection, such as the dispatcher and the editors."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import discord
import yarl
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.about import Links
from bot.answering import AnsweringTree
from bot.app import Services
from bot.blocking import Blocklist
from bot.branding import find_status, give_brand_at_start
from bot.channels import Channels
from bot.channels.connecting import build_connector, confirm_requests
from bot.channels.discord_clock import DiscordClock
from bot.channels.forum import build_no_retry_trace
from bot.channels.inboxes import Inboxes
from bot.channels.request_counting import count_requests
from bot.command_access import COMMAND, CommandAccess
from bot.delivery.dispatcher import build_dispatcher
from bot.delivery.sending import MESSAGES_PER_SECOND
from bot.editing.drafts import DraftEditor
from bot.editing.editor import SubscriptionEditor
from bot.feed_addresses import FeedAddresses
from bot.identifying import Identifies, ShardQueue
from bot.identity import build_invite
from bot.layouts import terminal
from bot.layouts.brand import STATUS
from bot.layouts.commands import CommandMentions
from bot.registering import list_runnable_commands, register_commands
from bot.share import WHOLE

log = logging.getLogger(__name__)

# `controls` comes last: it registers the controls of all the others.
COGS = (
    *(
        "fetching",
        "ranking",
        "posting",
        "lookup",
        "messages",
        "subscriptions",
        "following",
        "saved",
        "guilds",
        "privacy",
        "help",
        "recovery",
        "maintenance",
        "sharing",
    ),
    "controls",
)


class PaperBot(commands.AutoShardedBot):
    """The client. It is sharded even with one shard: discord.py's plain client ends if its first connection fails."""

    def __init__(
        self,
        services: Services,
        *,
        links: Links | None = None,
        gives_brand: bool = False,
        proxy: str | None = None,
        feeds: FeedAddresses | None = None,
        blocked: Blocklist | None = None,
        shard_count: int | None = None,
        requests_per_second: float = MESSAGES_PER_SECOND,
    ) -> None:
        """`requests_per_second` are those of all processes together. Without a `shard_count`, Discord says how many."""
        share = services.share
        shards: dict[str, Any] = {"shard_count": shard_count}
        if share != WHOLE:
            shards = {"shard_ids": sorted(share.shards), "shard_count": share.count}
        trace = build_no_retry_trace()
        self.discord_clock = DiscordClock(services.clock)
        self.discord_clock.watch_answers(trace)
        confirm_requests(trace, services.claims)
        count_requests(trace)
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
            guild_ready_timeout=1,  # seconds for the next server; one that comes later is posted in a minute later
            **shards,
            http_trace=trace,
            proxy=proxy,
        )
        self.services = services
        self._identifies = Identifies(self, services.claims)
        self._links = links or Links()
        self._gives_brand = gives_brand
        self.feeds = feeds  # where people outside find them, if anywhere
        self.blocked = blocked or Blocklist()
        # The latest Share buttons that shared something, by their message and custom_id.
        self.shared_buttons: dict[tuple[int, str], None] = {}
        self._is_started = False
        self.command_ids: Mapping[str, int] = {}  # of the registered commands, by name
        self.mentions = CommandMentions()
        self.command_access = CommandAccess(self, lambda: self.command_ids.get(COMMAND))
        self.channels = Channels(self, self.discord_clock)
        self.inboxes = Inboxes(self, services.storage, share, services.clock)
        self.dispatcher = build_dispatcher(
            self,
            self.channels,
            self.inboxes,
            services.storage,
            services.composer,
            services.personal_composer,
            claims=services.claims,
            mentions=self.mentions,
            messages_per_second=requests_per_second,
        )
        self.recovery = self.dispatcher.recovery
        self.editor = SubscriptionEditor(services.storage, self.channels)
        self.drafts = DraftEditor(services.storage, self.channels, self.editor, services.composer, services.outlook)

    async def setup_hook(self) -> None:
        await self.blocked.apply(self.services.storage, self.services.share, self.services.clock())
        for name in COGS:
            await self.load_extension(f"cogs.{name}")
        assert self.application_id is not None  # known from the login
        await self._register_or_read_commands(self.application_id)
        status = STATUS if self._gives_brand else await find_status(self.services.storage, self.application_id)
        self.activity = discord.CustomActivity(name=status) if status else None

    async def _register_or_read_commands(self, application_id: int) -> None:
        services = self.services
        if services.share.leads:
            self._learn_commands(
                await register_commands(self.tree, application_id, services.storage, services.clock(), services.vitals)
            )
        else:
            await self.read_commands()

    async def read_commands(self) -> None:
        """Take over the ids of the commands as another process has registered them, if it has."""
        assert self.application_id is not None  # known from the login
        registered = await self.services.storage.commands.get(self.application_id)
        if registered and registered.ids != self.command_ids:
            self._learn_commands(registered.ids)

    def _learn_commands(self, ids: Mapping[str, int]) -> None:
        self.command_ids = ids
        self.mentions.learn_commands(list_runnable_commands(self.tree, ids))

    async def _async_setup_hook(self) -> None:
        await super()._async_setup_hook()
        self._AutoShardedClient__queue = ShardQueue()  # discord.py offers no other way in
        self.http.connector = build_connector()

    async def launch_shards(self) -> None:
        """Open the connections of all shards, each when it may identify."""
        if self.is_closed():
            return
        gateway = DiscordWebSocket.DEFAULT_GATEWAY
        if self.shard_count is None:
            self.shard_count, url, _ = await self.http.get_bot_gateway()
            gateway = yarl.URL(url)
        shard_ids = self.shard_ids or range(self.shard_count)
        self._connection.shard_count, self._connection.shard_ids = self.shard_count, shard_ids
        await self._identifies.wait_until_allowed(len(shard_ids))
        async with asyncio.TaskGroup() as launching:
            for bucket in self._identifies.group_by_bucket(shard_ids):
                launching.create_task(self._launch_in_turn(gateway, bucket))

    async def _launch_in_turn(self, gateway: yarl.URL, shard_ids: Sequence[int]) -> None:
        for shard_id in shard_ids:
            await self.launch_shard(gateway, shard_id)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:  # noqa: ARG002
        await self._identifies.wait_for_turn(shard_id or 0)

    async def on_ready(self) -> None:
        """Log that the start is over. discord.py calls this again whenever it has to begin a new session."""
        if self._is_started:
            return
        self._is_started = True
        assert self.user is not None
        name, share, servers = self.user.name, self.services.share, len(self.guilds)
        subscriptions = await self.services.storage.subscriptions.count_active(share)
        log.info("%s", terminal.describe_ready_bot(name, share, servers, subscriptions, self.invite))
        if self._gives_brand and share.leads:
            await give_brand_at_start(self, self.services.storage)

    @property
    def is_connected(self) -> bool:
        """Whether all connections to the gateway are open. If one is not, digests are sent, but nobody is heard."""
        return self.is_ready() and not any(shard.is_closed() for shard in self.shards.values())

    @property
    def server_count(self) -> int:
        """How many servers have the bot, those of other processes too; these as Discord counted them at the login."""
        if self.services.share.is_whole or self.application is None:
            return len(self.guilds)
        return max(len(self.guilds), self.application.approximate_guild_count)

    @property
    def invite(self) -> str:
        """Where a server's admins add the bot, with the permissions that it needs."""
        assert self.application_id is not None  # known from the login
        return build_invite(self.application_id)

    @property
    def is_public(self) -> bool:
        """Whether everyone may add the bot to a server, not only its owner."""
        return self.application is not None and self.application.bot_public

    @property
    def links(self) -> Links:
        """Where people read more; the portal may know the privacy policy."""
        policy = self.application.privacy_policy_url if self.application else None
        return replace(self._links, privacy=self._links.privacy or policy)

    async def hang_up(self) -> None:
        """Close all connections to the gateway at once, for good: nobody is heard any more."""
        for shard in self.shards.values():
            await shard.disconnect()

    async def close(self) -> None:
        await self.dispatcher.shut_down()
        await super().close()
        self._identifies.stop()


def connect_to_discord_at(api_url: str, gateway_url: str) -> None:
    """Point discord.py at another Discord: a proxy, or a test server."""
    Route.BASE = api_url.rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
