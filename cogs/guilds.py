"""Guilds: the servers that the bot joins and leaves, and the data stored about them."""

import logging
import re
from datetime import UTC

import discord
from apscheduler.triggers.cron import CronTrigger
from discord.ext import commands

from bot.answering import reply
from bot.channels.requests import REQUEST_ERRORS
from bot.client import PaperBot
from bot.delivery.notices import tell_server
from bot.layouts.digest_foot import render_settings_refusal
from bot.layouts.notices import render_welcome
from bot.layouts.privacy import DELETED
from bot.refusals import Refused
from bot.storage import SubscriptionState
from cogs.helpers import admins, panel
from cogs.helpers.controls import Control, Interaction

log = logging.getLogger(__name__)

JOB = "guilds.forget"
MAX_UNLISTED = 20  # servers that are fetched one by one


class SetUpButton(Control, kind="setup", pattern=r"(?:new|(?P<subscription>\d{1,19}))"):
    """Opens the panel: for a new subscription, or for an existing one if the button names it."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        await admins.check_admin(interaction)
        if match["subscription"]:
            await open_settings(interaction, int(match["subscription"]))
        else:
            await panel.open_panel(interaction)


class SettingsButton(Control, kind="settings", pattern=r"(?P<subscription>\d{1,19})"):
    """Under a digest: opens its subscription for those who may change it, and tells others what they can do."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        try:
            await admins.check_admin(interaction)
        except Refused as refused:
            await reply(interaction, render_settings_refusal(refused))
        else:
            await open_settings(interaction, int(match["subscription"]))


async def open_settings(interaction: Interaction, subscription_id: int) -> None:
    """Open the panel for a subscription of the server. Raises `Refused`."""
    guild_id = admins.get_guild(interaction).id
    await panel.open_panel(interaction, await interaction.client.editor.get_subscription(guild_id, subscription_id))


class DeleteEverythingButton(Control, kind="forget", pattern="everything"):
    """Permanently deletes everything stored about the server where it is clicked."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:  # noqa: ARG002
        await admins.check_admin(interaction)
        await interaction.client.editor.delete_server_data(admins.get_guild(interaction).id)
        await reply(interaction, DELETED)


class Guilds(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot
        self.guilds = bot.services.storage.guilds
        self.known_ids: set[int] | None = None  # the servers the bot is in, once they are known

    async def cog_load(self) -> None:
        share = self.bot.services.share
        minute = 60 * min(share.shards) // share.count  # each process lists all servers, so not all at once
        self.bot.services.scheduler.add_job(
            self.clean_up_servers, CronTrigger(hour=4, minute=minute, timezone=UTC), id=JOB
        )

    async def cog_unload(self) -> None:
        if self.bot.services.scheduler.get_job(JOB):
            self.bot.services.scheduler.remove_job(JOB)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Servers may have added or removed the bot while it was away."""
        blocked = [guild for guild in self.bot.guilds if guild.id in self.bot.blocked.servers]
        present = {guild.id: guild for guild in self.bot.guilds if guild not in blocked}
        new = await self.guilds.reconcile_servers(self.bot.services.share, present, self.bot.services.clock())
        self.known_ids = set(present)
        for guild_id in new:
            await self._welcome_server(present[guild_id])
        for guild in blocked:
            await self._leave_blocked(guild)

    @commands.Cog.listener("on_guild_join")
    @commands.Cog.listener("on_guild_available")
    async def on_guild_present(self, guild: discord.Guild) -> None:
        """Welcome a new server. Until all servers are known, it may be one that the bot has known for years."""
        if self.known_ids is None or guild.id in self.known_ids:
            return
        if guild.id in self.bot.blocked.servers:
            await self._leave_blocked(guild)
            return
        self.known_ids.add(guild.id)
        if await self.guilds.record_join(guild.id, self.bot.services.clock()):
            await self._welcome_server(guild)

    async def _leave_blocked(self, guild: discord.Guild) -> None:
        """Leave a server that the operator blocks. Until that works, nothing is posted or answered there."""
        try:
            await guild.leave()
        except REQUEST_ERRORS as error:
            log.warning("server %d is blocked, but could not be left: %s", guild.id, error)
        else:
            log.info("server %d is blocked: left it", guild.id)

    async def _welcome_server(self, guild: discord.Guild) -> None:
        if guild.me is None:  # so far, Discord has only sent its id
            return
        known = await self.bot.services.storage.subscriptions.list_for_server(guild.id)
        paused = sum(1 for each in known if each.state is SubscriptionState.PAUSED)
        await tell_server(self.bot, guild, render_welcome(paused), self.bot.mentions)

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Stop posting there, but keep the data for a while, in case an admin removed the bot by mistake."""
        if self.known_ids:
            self.known_ids.discard(guild.id)
        is_blocked = guild.id in self.bot.blocked.servers
        await self.guilds.record_leave(guild.id, self.bot.services.clock(), counting=is_blocked)

    async def clean_up_servers(self) -> None:
        """Every day: delete the data of servers that the bot left long ago, and old drafts that were never saved."""
        if self.bot.services.share.leads:
            await self.bot.services.storage.drafts.delete_old(self.bot.services.clock())
        await self._reconcile_servers()
        await self.guilds.delete_left_servers(self.bot.services.share, self.bot.services.clock())

    async def _reconcile_servers(self) -> None:
        """Find servers that removed the bot while the gateway was down, which discord.py does not notice.

        Before a server that Discord does not list counts as left, it is fetched on its own to make sure.
        """
        try:
            present = {guild.id async for guild in self.bot.fetch_guilds(limit=None, with_counts=False)}
            unlisted = [guild.id for guild in self.bot.guilds if guild.id not in present]
            if len(unlisted) > MAX_UNLISTED:
                log.warning(
                    "Discord listed %d servers fewer than the bot knows: it checks again tomorrow", len(unlisted)
                )
                return
            present |= {guild_id for guild_id in unlisted if await self._is_member_of(guild_id)}
        except REQUEST_ERRORS as error:
            log.warning("the list of servers could not be read: %s", error)
            return
        for guild in self.bot.guilds:
            if guild.id in self.bot.blocked.servers:
                await self._leave_blocked(guild)
        present -= self.bot.blocked.servers
        await self.guilds.reconcile_servers(self.bot.services.share, present, self.bot.services.clock(), counting=True)

    async def _is_member_of(self, guild_id: int) -> bool:
        try:
            await self.bot.fetch_guild(guild_id, with_counts=False)
        except (discord.Forbidden, discord.NotFound):
            return False
        return True


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Guilds(bot))
