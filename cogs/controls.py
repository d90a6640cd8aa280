"""Controls: registers every button and select with discord.py, answers modals, and hears who may use them."""

import discord
from discord.ext import commands

from bot.client import PaperBot
from cogs.helpers.controls import Control, Interaction, ModalHandler


class Controls(commands.Cog):
    """Loaded last, because it registers the controls that the other cogs define."""

    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        self.bot.add_dynamic_items(*Control.registry.values())

    async def cog_unload(self) -> None:
        self.bot.remove_dynamic_items(*Control.registry.values())

    @commands.Cog.listener()
    async def on_raw_app_command_permissions_update(self, event: discord.RawAppCommandPermissionsUpdateEvent) -> None:
        self.bot.command_access.forget_server(event.guild.id)

    @commands.Cog.listener("on_ready")
    @commands.Cog.listener("on_resumed")
    async def on_connected_again(self) -> None:
        """While the connection was lost, Discord told nobody about changes."""
        self.bot.command_access.forget_all()

    @commands.Cog.listener()
    async def on_interaction(self, interaction: Interaction) -> None:
        if interaction.type is discord.InteractionType.modal_submit:
            await ModalHandler.handle_submission(interaction)


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Controls(bot))
