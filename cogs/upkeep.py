"""Upkeep of the file: what is old takes less room, and damage is found."""

from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from discord.ext import commands

from bot.client import PaperBot

JOBS = SHRINK, CHECK = ("upkeep.shrink", "upkeep.check")


class Upkeep(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.house = bot.house

    async def cog_load(self) -> None:
        scheduler = self.house.scheduler
        scheduler.add_job(self.shrink, CronTrigger(hour=3, minute=37, timezone=UTC), id=SHRINK)
        daily = IntervalTrigger(days=1, timezone=UTC)
        scheduler.add_job(self.check, daily, id=CHECK, next_run_time=datetime.now(UTC))

    async def cog_unload(self) -> None:
        for job in JOBS:
            if self.house.scheduler.get_job(job):
                self.house.scheduler.remove_job(job)

    async def shrink(self) -> None:
        """Thin the upvotes over time, and make finished deliveries the past."""
        storage, now = self.house.storage, self.house.clock()
        await storage.snapshots.thin(now)
        await storage.deliveries.fold(now - timedelta(days=self.house.keep_details_days))

    async def check(self) -> None:
        """At the start, and once a day; the bot stops where the file is damaged."""
        await self.house.storage.database.check()


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Upkeep(bot))
