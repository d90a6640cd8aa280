"""Upkeep: every night, what is old takes less room."""

from datetime import UTC, timedelta

from apscheduler.triggers.cron import CronTrigger
from discord.ext import commands

from bot.client import PaperBot

JOB = "upkeep.shrink"


class Upkeep(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.house = bot.house

    async def cog_load(self) -> None:
        self.house.scheduler.add_job(self.shrink, CronTrigger(hour=3, minute=37, timezone=UTC), id=JOB)

    async def cog_unload(self) -> None:
        if self.house.scheduler.get_job(JOB):
            self.house.scheduler.remove_job(JOB)

    async def shrink(self) -> None:
        """Thin the upvotes over time, and make finished deliveries the past."""
        storage, now = self.house.storage, self.house.clock()
        await storage.snapshots.thin(now)
        await storage.deliveries.fold(now - timedelta(days=self.house.keep_details_days))


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Upkeep(bot))
