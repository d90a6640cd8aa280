"""Messages: the command in a message's *Apps* menu, which shows the papers that the message refers to."""

import re

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import PaperBot
from bot.layouts.commands import PAPERS_IN_MESSAGE
from bot.layouts.text import cut_bytes, remove_urls
from bot.papers import find_references
from cogs.helpers.controls import Interaction
from cogs.helpers.message_texts import list_texts
from cogs.helpers.references import reply_with_references

_WORDS = 60  # bytes of a message that are offered to search for
_TAG = re.compile(r"<[^<>\s]*>")  # a mention, an emoji, a time


class Messages(commands.Cog):
    """discord.py takes no method as such a command, so it is added and removed by hand."""

    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot
        self.command = app_commands.ContextMenu(
            name=PAPERS_IN_MESSAGE,
            callback=self.show_papers,
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True),
        )

    async def cog_load(self) -> None:
        self.bot.tree.add_command(self.command)

    async def cog_unload(self) -> None:
        self.bot.tree.remove_command(self.command.name, type=self.command.type)

    async def show_papers(self, interaction: Interaction, message: discord.Message) -> None:
        """Answer with the papers of a message, which comes with the interaction: no intent is needed to read it."""
        texts = list(list_texts(message))
        found = find_references("\n".join(texts), self.bot.services.clock().date())
        await reply_with_references(interaction, found, _take_words(message.content))


def _take_words(text: str) -> str:
    """The first words of a message, to search for: without links, and without signs that a query would obey."""
    words = re.findall(r"\w+(?:['\u2019-]\w+)*", _TAG.sub(" ", remove_urls(text)))
    return cut_bytes(" ".join(words), _WORDS).rstrip("…") if len(words) > 1 else ""


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Messages(bot))
