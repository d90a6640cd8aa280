"""Ranking: `/top`, leaderboards by upvotes."""

import re
from datetime import date
from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands
from discord.ui import Button, DynamicItem, Item, LayoutView

from bot.client import House, Mistake, PaperBot
from bot.layouts import replies
from bot.layouts.results import PER_PAGE, leaderboard_message
from bot.ranking import Period


async def _leaderboard(house: House, period: Period, day: date, page: int) -> LayoutView | None:
    """A page of the leaderboard, None when it is empty."""
    first, last = period.span(day)
    papers, total = await house.storage.papers.top(first, last, limit=PER_PAGE, offset=(page - 1) * PER_PAGE)
    return leaderboard_message(period, day, papers, total=total, page=page) if papers else None


class TopPageButton(
    DynamicItem[Button[LayoutView]],
    template=r"top:(?P<period>[a-z ]+):(?P<day>\d{4}-\d\d-\d\d):(?P<page>[1-9]\d{0,5})",
):
    """Turns a leaderboard's page."""

    def __init__(self, button: Button[LayoutView], period: Period, day: date, page: int) -> None:
        super().__init__(button)
        self.period, self.day, self.page = period, day, page

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: Item[Any], match: re.Match[str], /
    ) -> Self:
        assert isinstance(item, Button)
        return cls(item, Period(match["period"]), date.fromisoformat(match["day"]), int(match["page"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        view = await _leaderboard(interaction.client.house, self.period, self.day, self.page)
        if view:
            await interaction.response.edit_message(view=view)
        else:
            await interaction.response.send_message(replies.NO_PAPERS, ephemeral=True)


class Ranking(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        self.bot.add_dynamic_items(TopPageButton)

    async def cog_unload(self) -> None:
        self.bot.remove_dynamic_items(TopPageButton)

    @app_commands.command(name="top", description="The most upvoted papers of a day, week, month, year or ever")
    @app_commands.describe(period="what the leaderboard covers (week)", date="a day in it, such as 2026-05-28 (today)")
    @app_commands.choices(period=[app_commands.Choice(name=each.value, value=each.value) for each in Period])
    async def top(
        self,
        interaction: discord.Interaction[PaperBot],
        period: str = Period.WEEK.value,
        date: str | None = None,
    ) -> None:
        try:
            day = _day(date) if date else self.bot.house.clock().date()
        except ValueError:
            raise Mistake(replies.BAD_DATE) from None
        view = await _leaderboard(self.bot.house, Period(period), day, page=1)
        if view is None:
            raise Mistake(replies.NO_PAPERS)
        await interaction.response.send_message(view=view, ephemeral=True)


def _day(text: str) -> date:
    return date.fromisoformat(text.strip())


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Ranking(bot))
