"""Posting: posts what is due, and answers the Details buttons under papers."""

import re
from datetime import UTC
from typing import Any, Self

import discord
from apscheduler.triggers.cron import CronTrigger
from discord.ext import commands
from discord.ui import Button, DynamicItem, Item, LayoutView

from bot.client import PaperBot
from bot.layouts import replies
from bot.layouts.paper import details_card

JOB = "posting.tick"


class DetailsButton(DynamicItem[Button[LayoutView]], template=r"details:(?P<paper_id>[\d.]{1,12})(?::[0-9a-f]+)?"):
    """Answers only to the one who clicked; knows its paper from its custom_id, so a restart does not matter."""

    def __init__(self, button: Button[LayoutView], paper_id: str) -> None:
        super().__init__(button)
        self.paper_id = paper_id

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: Item[Any], match: re.Match[str], /
    ) -> Self:
        assert isinstance(item, Button)
        return cls(item, match["paper_id"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        papers = await interaction.client.house.storage.papers.get([self.paper_id])
        if papers:
            await interaction.response.send_message(view=details_card(papers[0]), ephemeral=True)
        else:
            await interaction.response.send_message(replies.UNKNOWN_PAPER, ephemeral=True)


class Posting(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        self.bot.add_dynamic_items(DetailsButton)
        self.bot.house.scheduler.add_job(self.tick, CronTrigger(second=0, timezone=UTC), id=JOB)

    async def cog_unload(self) -> None:
        self.bot.remove_dynamic_items(DetailsButton)
        if self.bot.house.scheduler.get_job(JOB):
            self.bot.house.scheduler.remove_job(JOB)

    async def tick(self) -> None:
        """Every minute: the clock is read here, once, and handed down."""
        if self.bot.is_ready():
            await self.bot.courier.tick(self.bot.house.clock())


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Posting(bot))
