"""Privacy: what is stored of a person, for themselves: to read, to take along, and to delete."""

import asyncio
import io
import re

import discord
from discord import app_commands
from discord.ext import commands

from bot.answering import reply
from bot.client import PaperBot
from bot.export import build_export_file
from bot.layouts import privacy as layouts
from bot.refusals import Refusal, Refused
from cogs.helpers.controls import Control, Interaction, may_attach_files


class DeletePersonButton(Control, kind="erase", pattern=r"(?P<user>\d{1,20})"):
    """Permanently deletes everything stored about the person who asked for it."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        if int(match["user"]) != interaction.user.id:
            raise Refused(Refusal.QUESTION_NOT_YOURS)
        await interaction.client.services.storage.people.delete_person(interaction.user.id)
        await reply(interaction, layouts.PERSON_DELETED)


class Privacy(commands.GroupCog, name="privacy", description="See, take along or delete what is stored about you"):
    __discord_app_commands_installation_types__ = app_commands.AppInstallationType(guild=True, user=True)
    __discord_app_commands_contexts__ = app_commands.AppCommandContext(
        guild=True, dm_channel=True, private_channel=True
    )

    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot
        self.people = bot.services.storage.people

    @app_commands.command(name="about", description="See what the bot stores, for how long, and who can see it")
    async def show_about(self, interaction: Interaction) -> None:
        await reply(interaction, layouts.render_about(self.bot.links, self.bot.services.backups.days))

    @app_commands.command(name="export", description="Get everything that is stored about you as a file")
    async def export_data(self, interaction: Interaction) -> None:
        if not may_attach_files(interaction):
            raise Refused(Refusal.FILES_NOT_ALLOWED)
        data = await self.people.read_data(interaction.user.id)
        if data.is_empty:
            await reply(interaction, layouts.NOTHING_STORED)
            return
        export = await asyncio.to_thread(build_export_file, data, self.bot.services.clock())
        file = discord.File(io.BytesIO(export.content), export.name)
        await reply(interaction, layouts.describe_export(is_compressed=export.is_compressed), file=file)

    @app_commands.command(name="delete", description="Delete everything that is stored about you; it asks first")
    async def ask_to_delete(self, interaction: Interaction) -> None:
        data = await self.people.read_data(interaction.user.id)
        days = self.bot.services.backups.days
        question = layouts.NOTHING_STORED if data.is_empty else layouts.render_delete_person_question(data, days)
        await reply(interaction, question)


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Privacy(bot))
