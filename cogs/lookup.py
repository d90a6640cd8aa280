"""Look-ups: `/paper`, which finds a past paper again."""

import asyncio
import re
from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands
from discord.ui import Button, DynamicItem, Item, LayoutView

from bot.client import House, Mistake, PaperBot
from bot.layouts import replies
from bot.layouts.paper import details_card
from bot.layouts.results import PER_PAGE, found_message
from bot.layouts.text import MAX_CHOICE, MAX_CHOICES, plain
from bot.papers import paper_id
from bot.ranking import Period

Choices = list[app_commands.Choice[str]]


async def _found(house: House, query: str, page: int) -> LayoutView | None:
    """A page of what matches `query`, None when nothing does."""
    offset = (page - 1) * PER_PAGE
    found = await asyncio.to_thread(house.search.find, query, limit=PER_PAGE, offset=offset)
    papers = await house.storage.papers.get(found.ids)
    return found_message(query, papers, total=found.total, page=page) if papers else None


class FoundPageButton(DynamicItem[Button[LayoutView]], template=r"(?s:find:(?P<page>[1-9]\d{0,5}):(?P<query>.+))"):
    """Turns a page of results; the query travels in the custom_id."""

    def __init__(self, button: Button[LayoutView], query: str, page: int) -> None:
        super().__init__(button)
        self.query, self.page = query, page

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: Item[Any], match: re.Match[str], /
    ) -> Self:
        assert isinstance(item, Button)
        return cls(item, match["query"], int(match["page"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        view = await _found(interaction.client.house, self.query, self.page)
        if view:
            await interaction.response.edit_message(view=view)
        else:
            await interaction.response.send_message(replies.no_results(self.query), ephemeral=True)


class Lookup(commands.GroupCog, name="paper", description="Find past papers"):
    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        self.bot.add_dynamic_items(FoundPageButton)

    async def cog_unload(self) -> None:
        self.bot.remove_dynamic_items(FoundPageButton)

    @app_commands.command(name="search", description="Find papers by words of their title, abstract, authors or tags")
    @app_commands.describe(query='words, "phrases", -not')
    async def search(self, interaction: discord.Interaction[PaperBot], query: str) -> None:
        if not query.strip():
            raise Mistake(replies.NO_QUERY)
        view = await _found(self.bot.house, query, page=1)
        if view:
            await interaction.response.send_message(view=view, ephemeral=True)
        else:
            await interaction.response.send_message(replies.no_results(query), ephemeral=True)

    @app_commands.command(name="show", description="Everything known of one paper")
    @app_commands.describe(paper="type words of its title and pick it, or give its arXiv id or a link")
    async def show(self, interaction: discord.Interaction[PaperBot], paper: str) -> None:
        reference = paper_id(paper)
        papers = await self.bot.house.storage.papers.get([reference]) if reference else []
        if papers:
            await interaction.response.send_message(view=details_card(papers[0]), ephemeral=True)
        else:
            await interaction.response.send_message(replies.UNKNOWN_PAPER, ephemeral=True)

    @show.autocomplete("paper")
    async def complete_paper(self, interaction: discord.Interaction[PaperBot], typed: str) -> Choices:  # noqa: ARG002
        if typed.strip():
            found = await asyncio.to_thread(self.bot.house.search.suggest, typed, limit=MAX_CHOICES)
            papers = await self.bot.house.storage.papers.get(found.ids)
        else:
            first, last = Period.WEEK.span(self.bot.house.clock().date())
            papers, _ = await self.bot.house.storage.papers.top(first, last, limit=MAX_CHOICES)
        return [app_commands.Choice(name=plain(paper.title, MAX_CHOICE), value=paper.id) for paper in papers]


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Lookup(bot))
