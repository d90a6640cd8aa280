"""Maintenance of the database file: shrinks old data, removes every trace of deleted data, finds damage, backs up."""

from datetime import UTC, datetime, timedelta

from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from discord.ext import commands

from bot.client import PaperBot
from bot.vitals import Fault

PACK = "maintenance.pack"
PEOPLE = "maintenance.people"
REWRITE = "maintenance.rewrite"
CLEAR = "maintenance.clear"
CHECK = "maintenance.check"
BACK_UP = "maintenance.back_up"


class Maintenance(commands.Cog):
    def __init__(self, bot: PaperBot) -> None:
        self.services = bot.services

    async def cog_load(self) -> None:
        scheduler = self.services.scheduler
        scheduler.add_job(self.pack_old_rows, CronTrigger(hour=3, minute=37, timezone=UTC), id=PACK)
        scheduler.add_job(self.delete_old_people, CronTrigger(hour=4, minute=7, timezone=UTC), id=PEOPLE)
        if not self.services.share.leads:
            return
        scheduler.add_job(self.rewrite_file, CronTrigger(hour=4, minute=37, timezone=UTC), id=REWRITE)
        scheduler.add_job(self.clear_deleted, CronTrigger(second=45, timezone=UTC), id=CLEAR)
        # Every hour, so that a backup that failed, or was due while the bot did not run, is soon made.
        scheduler.add_job(self.back_up, CronTrigger(minute=22, timezone=UTC), id=BACK_UP)
        daily = IntervalTrigger(days=1, timezone=UTC)
        scheduler.add_job(self.check_integrity, daily, id=CHECK, next_run_time=datetime.now(UTC))

    async def cog_unload(self) -> None:
        for job in (PACK, PEOPLE, REWRITE, CLEAR, CHECK, BACK_UP):
            if self.services.scheduler.get_job(job):
                self.services.scheduler.remove_job(job)

    async def pack_old_rows(self) -> None:
        """Every night: thin the snapshots, pack old deliveries into past runs, and delete searches nobody uses."""
        storage, now = self.services.storage, self.services.clock()
        if self.services.share.leads:
            await storage.stored_queries.delete_old(now)
            await storage.snapshots.thin_snapshots(now)
        await storage.deliveries.pack_old_runs(
            self.services.share, now - timedelta(days=self.services.keep_details_days)
        )

    async def delete_old_people(self) -> None:
        """Every night: delete what was sent to people long ago, and all of those to whom nothing comes any more.

        What they saved stays, but for what they have removed.
        """
        storage, share, now = self.services.storage, self.services.share, self.services.clock()
        await storage.saved_papers.delete_removed(share, now)
        await storage.people.delete_old(share, now)

    async def rewrite_file(self) -> None:
        """Every night, if data was permanently deleted; it runs after the data of old servers is deleted."""
        await self.services.storage.database.rewrite()

    async def clear_deleted(self) -> None:
        """Every minute: clear what could not be cleared immediately because of a running read."""
        await self.services.storage.database.clear_deleted(just_deleted=False)

    async def check_integrity(self) -> None:
        """At the start, and once a day; the bot stops if the file is damaged."""
        await self.services.storage.database.check_integrity()

    async def back_up(self) -> None:
        """Every hour: make the backup of the day if it is due, and delete old ones."""
        backups, is_failing = self.services.backups, True  # also if a bug ends it
        try:
            await backups.make_due(self.services.clock())
            is_failing = bool(backups.problem)
        finally:
            self.services.vitals.report(Fault.BACKUP_FAILING, is_present=is_failing)


async def setup(bot: PaperBot) -> None:
    await bot.add_cog(Maintenance(bot))
