"""Upkeep of the database file: shrinks old data, removes every trace of deleted data, and finds damage."""

from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from discord.ext import commands

from bot.client import PaperBot

JOBS = SHRINK, REWRITE, CLEAR, CHECK = ("upkeep.shrink", "upkeep.rewrite", "upkeep.clear", "upkeep.check")


class Upkeep(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.house = bot.house

    async def cog_load(self) -> None:
        scheduler = self.house.scheduler
        scheduler.add_job(self.shrink, CronTrigger(hour=3, minute=37, timezone=UTC), id=SHRINK)
        scheduler.add_job(self.rewrite, CronTrigger(hour=4, minute=37, timezone=UTC), id=REWRITE)
        scheduler.add_job(self.clear, CronTrigger(second=45, timezone=UTC), id=CLEAR)
        daily = IntervalTrigger(days=1, timezone=UTC)
        scheduler.add_job(self.check, daily, id=CHECK, next_run_time=datetime.now(UTC))

    async def cog_unload(self) -> None:
        for job in JOBS:
            if self.house.scheduler.get_job(job):
                self.house.scheduler.remove_job(job)

    async def shrink(self) -> None:
        """Thin out the history of upvotes, and reduce old finished deliveries to what is still needed."""
        storage, now = self.house.storage, self.house.clock()
        await storage.snapshots.thin(now)
        await storage.deliveries.fold(now - timedelta(days=self.house.keep_details_days))

    async def rewrite(self) -> None:
        """Every night, if something was permanently deleted; it runs after old servers have been forgotten."""
        await self.house.storage.database.rewrite()

    async def clear(self) -> None:
        """Every minute: clear what could not be cleared immediately because of a running read."""
        await self.house.storage.database.clear_deleted(again=False)

    async def check(self) -> None:
        """At the start, and once a day; the bot stops if the file is damaged."""
        await self.house.storage.database.check()


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Upkeep(bot))
