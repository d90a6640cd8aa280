"""Posting: posts what is due, and answers the buttons under digests."""

from datetime import UTC

from apscheduler.triggers.cron import CronTrigger
from discord.ext import commands

from bot.client import PaperBot
from cogs.details import DetailsButton
from cogs.pages import QuietButton

JOB = "posting.tick"
CONTROLS = (DetailsButton, QuietButton)


class Posting(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        self.bot.add_dynamic_items(*CONTROLS)
        self.bot.house.scheduler.add_job(self.tick, CronTrigger(second=0, timezone=UTC), id=JOB)

    async def cog_unload(self) -> None:
        self.bot.remove_dynamic_items(*CONTROLS)
        if self.bot.house.scheduler.get_job(JOB):
            self.bot.house.scheduler.remove_job(JOB)

    async def tick(self) -> None:
        """Every minute: the clock is read here, once, and handed down."""
        if self.bot.is_ready():
            await self.bot.courier.tick(self.bot.house.clock())


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Posting(bot))
