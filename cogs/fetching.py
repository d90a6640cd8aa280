"""Fetching: the timers that keep the archive current, in the process that leads."""

import logging
from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from discord.ext import commands

from bot.client import PaperBot
from bot.papers.api import PapersUnavailable
from bot.vitals import Fault

log = logging.getLogger(__name__)

CATCH_UP = "fetching.catch_up"
AGAIN_AFTER = timedelta(minutes=10)


class Fetching(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.bot = bot
        self.services = bot.services
        self.archive = bot.services.archive

    async def cog_load(self) -> None:
        if not self.services.share.leads:
            return
        scheduler = self.services.scheduler
        scheduler.add_job(self.read_missing_lists, DateTrigger(timezone=UTC), id=CATCH_UP)
        scheduler.add_job(self.refresh_current_lists, CronTrigger(minute="*/15", timezone=UTC), id="fetching.current")
        scheduler.add_job(
            self.refresh_settling_lists, CronTrigger(hour="4,10,16,22", minute=7, timezone=UTC), id="fetching.settling"
        )
        scheduler.add_job(
            self.archive.embed_papers,
            CronTrigger(minute="*/5", second=30, timezone=UTC),
            id="fetching.embed",
            max_instances=2,  # the first may have years to catch up on; later ones then do nothing
        )

    async def cog_unload(self) -> None:
        for name in ("catch_up", "current", "settling", "embed"):
            if self.services.scheduler.get_job(f"fetching.{name}"):
                self.services.scheduler.remove_job(f"fetching.{name}")

    async def read_missing_lists(self) -> None:
        """At the start, and again until it succeeds: the database may be locked, or the papers API down."""
        is_done = False
        try:
            is_done = await self.archive.read_missing_lists(self.services.clock, self.services.backfill_days)
            await self.plan_at_once()
        finally:
            if not is_done:
                later = DateTrigger(datetime.now(UTC) + AGAIN_AFTER, timezone=UTC)
                self.services.scheduler.add_job(self.read_missing_lists, later, id=CATCH_UP, replace_existing=True)
        if is_done:
            await self.archive.embed_papers()  # last, as it may take hours after a change of the encoder

    async def refresh_current_lists(self) -> None:
        """Every quarter of an hour."""
        is_current = await self.archive.refresh_current_lists(self.services.clock)
        self.services.vitals.report(Fault.PAPERS_UNAVAILABLE, is_present=not is_current)
        await self.plan_at_once()

    async def refresh_settling_lists(self) -> None:
        """A few times a day."""
        await self.archive.refresh_settling_lists(self.services.clock)
        await self.plan_at_once()

    async def plan_at_once(self) -> None:
        """After lists were read: what people want at once."""
        try:
            await self.bot.dispatcher.plan_at_once(self.services.at_once, self.services.clock())
        except PapersUnavailable as error:
            log.warning("what people follow at once waits: %s", error, extra=error.reason.log_fields)


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Fetching(bot))
