"""Posting: posts what is due."""

from datetime import UTC

from apscheduler.triggers.cron import CronTrigger
from discord.ext import commands

from bot.client import PaperBot

JOB = "posting.tick"


class Posting(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot

    async def cog_load(self) -> None:
        self.bot.services.scheduler.add_job(self.post_due_digests, CronTrigger(second=0, timezone=UTC), id=JOB)
        self.bot.services.vitals.expect_ticks()

    async def cog_unload(self) -> None:
        self.bot.services.vitals.expect_no_ticks()
        if self.bot.services.scheduler.get_job(JOB):
            self.bot.services.scheduler.remove_job(JOB)

    async def post_due_digests(self) -> None:
        """Every minute. The clock is read here, once, and passed on."""
        is_good = False
        try:
            if self.bot.is_ready():
                await self.bot.dispatcher.start_due_deliveries(self.bot.services.clock())
                database = self.bot.services.storage.database
                is_good = self.bot.is_connected and not database.is_full and not database.is_away
        finally:
            self.bot.services.vitals.end_tick(is_good=is_good)


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Posting(bot))
