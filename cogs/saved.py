"""Saved papers: `/saved`, which finds papers among those that a person saved. Everyone has it, everywhere."""

from discord import app_commands
from discord.ext import commands

from bot.client import PaperBot
from bot.layouts.text import MAX_CHOICE, MAX_CHOICES
from bot.lookups.saved_query import SAVED_LAST, SHOWN, find_own_part, parse_saved_query_with_options
from bot.search import Sort
from cogs.helpers import saving  # noqa: F401  # so that Save works wherever a paper is shown
from cogs.helpers.controls import Choices, Interaction, build_choices
from cogs.helpers.saved import show_saved
from cogs.helpers.suggestions import suggest_queries

ORDERS = (SAVED_LAST, *(order.value for order in Sort))


class Saved(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot

    @app_commands.command(name="saved", description="Find papers you saved, by their words or by your notes and tags")
    @app_commands.describe(
        query="As in /paper search, or words of your notes; also is:unread, has:note, my:thesis (default: all)",
        show="Only those you have read, or not yet (default: all)",
        tag="Only papers with this tag of yours",
        sort="Which papers come first (default: relevance, or without words what you saved last)",
    )
    @app_commands.choices(show=build_choices(SHOWN), sort=build_choices(ORDERS))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def show_saved(
        self, interaction: Interaction, query: str = "", show: str = SHOWN[0], tag: str = "", sort: str = ""
    ) -> None:
        today = self.bot.services.clock().date()
        parsed = parse_saved_query_with_options(query, today, shown=show, own_tag=tag, sort=sort)
        await show_saved(interaction, parsed)

    @show_saved.autocomplete("query")
    async def complete_query(self, interaction: Interaction, typed: str) -> Choices:
        head, beginning, is_tag = find_own_part(typed)
        tags = await self._list_tags(interaction, beginning) if beginning or is_tag else []
        own = [f'{head}my:"{tag}"' for tag in tags]
        others = [] if is_tag else await suggest_queries(interaction, typed)
        choices = [*build_choices(each for each in own if len(each) <= MAX_CHOICE), *others]
        return choices[:MAX_CHOICES]

    @show_saved.autocomplete("tag")
    async def complete_tag(self, interaction: Interaction, typed: str) -> Choices:
        return build_choices(await self._list_tags(interaction, typed))

    async def _list_tags(self, interaction: Interaction, beginning: str) -> list[str]:
        return await self.bot.services.saved_finder.complete_own_tags(interaction.user.id, beginning)


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Saved(bot))
