"""Recovery: events after which a suspended subscription may be able to resume."""

import discord
from discord.ext import commands

from bot.client import PaperBot


class Recovery(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        await self.bot.recovery.recover_all_servers(self.bot.services.clock())

    @commands.Cog.listener()
    async def on_guild_channel_update(self, _: discord.abc.GuildChannel, after: discord.abc.GuildChannel) -> None:
        await self._recover_server(after.guild)

    @commands.Cog.listener()
    async def on_guild_role_update(self, _: discord.Role, after: discord.Role) -> None:
        await self._recover_server(after.guild)

    @commands.Cog.listener()
    async def on_member_update(self, _: discord.Member, after: discord.Member) -> None:
        """Without the members intent, Discord only reports changes of the bot itself."""
        await self._recover_server(after.guild)

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        await self._recover_server(guild)

    async def _recover_server(self, guild: discord.Guild) -> None:
        await self.bot.recovery.recover_server(guild.id, self.bot.services.clock())


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Recovery(bot))
