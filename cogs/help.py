"""Help: what the bot is and does, for everyone and everywhere."""

from discord import app_commands
from discord.ext import commands

from bot.about import read_version
from bot.answering import is_in_server, reply
from bot.client import PaperBot
from bot.layouts.help import render_help
from cogs.helpers.controls import Interaction


class Help(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot

    @app_commands.command(name="help", description="See what Paperboy does, and where to read more")
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def show_help(self, interaction: Interaction) -> None:
        view = render_help(
            version=read_version(),
            servers=self.bot.server_count,
            invite=self.bot.invite if self.bot.is_public else None,
            links=self.bot.links,
            in_server=is_in_server(interaction),
        )
        await reply(interaction, view)


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Help(bot))
