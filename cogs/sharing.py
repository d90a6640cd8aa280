"""Sharing: what a process that does not lead takes over, through the database, from the one that does."""

import logging
import time
from datetime import UTC, datetime

from apscheduler.triggers.cron import CronTrigger
from discord.ext import commands

from bot.client import PaperBot
from bot.papers.api import PapersUnavailable

log = logging.getLogger(__name__)

FOLLOW = "sharing.follow"
AGAIN_AFTER = 900  # seconds, as often as the leader looks: whose digest was on its way was left out
VECTORS = "sharing.vectors"


class Sharing(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot
        self.services = bot.services
        self._planned_change = -1  # of the archive, when it was last looked at for what people want at once
        self._planned_at = 0.0

    async def cog_load(self) -> None:
        if self.services.share.leads:
            return
        scheduler, now = self.services.scheduler, datetime.now(UTC)
        scheduler.add_job(self.follow_leader, CronTrigger(second=25, timezone=UTC), id=FOLLOW, next_run_time=now)
        scheduler.add_job(
            self.services.archive.read_vectors_of_others, CronTrigger(minute="*/5", second=50, timezone=UTC), id=VECTORS
        )

    async def cog_unload(self) -> None:
        for job in (FOLLOW, VECTORS):
            if self.services.scheduler.get_job(job):
                self.services.scheduler.remove_job(job)

    async def follow_leader(self) -> None:
        """Every minute: the commands that were registered, and the lists that were read."""
        if self.bot.application_id is not None:  # logged in
            await self.bot.read_commands()
        change, now = await self.services.storage.papers.get_last_change(), time.monotonic()
        if change == self._planned_change and now - self._planned_at < AGAIN_AFTER:
            return
        await self.services.archive.update_index()
        try:
            await self.bot.dispatcher.plan_at_once(self.services.at_once, self.services.clock())
        except PapersUnavailable as error:
            log.warning("what people follow at once waits: %s", error, extra=error.reason.log_fields)
        else:
            self._planned_change, self._planned_at = change, now


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Sharing(bot))
