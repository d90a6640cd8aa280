"""Fetching: keeps the archive current."""

import logging
from collections.abc import Iterable
from datetime import UTC, date, timedelta

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from discord.ext import commands

from bot.archive import days_between
from bot.client import PaperBot
from bot.papers.api import PapersUnavailable

log = logging.getLogger(__name__)

SETTLING_DAYS = 14  # after two weeks hardly anybody votes


class Fetching(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.house = bot.house

    async def cog_load(self) -> None:
        scheduler = self.house.scheduler
        scheduler.add_job(self.catch_up, DateTrigger(timezone=UTC), id="fetching.catch_up")
        scheduler.add_job(self.refresh_current, CronTrigger(minute="*/15", timezone=UTC), id="fetching.current")
        scheduler.add_job(
            self.refresh_settling, CronTrigger(hour="4,10,16,22", minute=7, timezone=UTC), id="fetching.settling"
        )
        scheduler.add_job(
            self.house.archive.embed,
            CronTrigger(minute="*/5", second=30, timezone=UTC),
            id="fetching.embed",
            max_instances=2,  # the first, which has years to catch up with, sends the others away
        )

    async def cog_unload(self) -> None:
        for name in ("catch_up", "current", "settling", "embed"):
            if self.house.scheduler.get_job(f"fetching.{name}"):
                self.house.scheduler.remove_job(f"fetching.{name}")

    async def catch_up(self) -> None:
        """At the start: what is current, then what the archive lacks of the last weeks."""
        today = self.house.clock().date()
        await self.house.archive.index()
        await self.refresh_current()
        first, last = today - timedelta(days=self.house.backfill_days), today - timedelta(days=2)
        await self._refresh(await self.house.archive.missing(first, last))
        await self.house.archive.embed()

    async def refresh_current(self) -> None:
        today = self.house.clock().date()
        await self._refresh([today, today - timedelta(days=1)])

    async def refresh_settling(self) -> None:
        today = self.house.clock().date()
        await self._refresh(days_between(today - timedelta(days=SETTLING_DAYS), today))

    async def _refresh(self, days: Iterable[date]) -> None:
        """Read the lists of `days`; with the API down, the next job goes on."""
        try:
            async for day, failure in self.house.archive.refresh_each(days, self.house.clock):
                if failure:
                    log.warning("the list of %s is not up to date: %s", day, failure)
        except PapersUnavailable as error:
            log.warning("the archive is not up to date: %s", error)
        await self.house.archive.index()


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Fetching(bot))
