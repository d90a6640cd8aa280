"""Scheduled backups: one a day, of which the latest are kept."""

import asyncio
import logging
import threading
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from bot.storage import (
    Backup,
    BackupFailed,
    BackupKind,
    BackupStopped,
    DatabaseUnusable,
    Watch,
    back_up,
    list_backups,
    name_backup,
)

log = logging.getLogger(__name__)

DUE_TIME = time(5)  # UTC: after the night's maintenance, which deletes
LEAST_DAYS = 7  # a backup from before a migration is kept at least so long


def get_backup_folder(database: Path, configured: Path | None) -> Path:
    """The folder of the backups of `database`, which may not be there yet."""
    return configured or database.parent / "backups"


class NoBackups:
    """A database that others back up: PostgreSQL's own tools."""

    problem = ""
    last_made_at: datetime | None = None
    days: int | None = None

    async def make_due(self, now: datetime) -> None:
        """Nothing is due."""


class Backups:
    """The backups of `database` in `folder`; `keep` daily ones are kept, and with 0 none are made or deleted."""

    def __init__(self, database: Path, folder: Path, keep: int) -> None:
        self._database = database
        self._folder = folder
        self._keep = keep
        self.problem = ""  # why the latest could not be made
        self.last_made_at: datetime | None = None  # the latest daily one, once it was looked for

    @property
    def days(self) -> int:
        """How many days a backup may be kept."""
        return max(self._keep, LEAST_DAYS)

    async def make_due(self, now: datetime) -> None:
        """Make the backup of the day if it is due, and delete those that are too many or too old.

        If this is cancelled, the work is stopped. A failure is logged when it begins and when it ends.
        """
        is_stopped = threading.Event()
        work = asyncio.ensure_future(asyncio.to_thread(self._work, now, is_stopped))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            is_stopped.set()
            await asyncio.wait({work})
            raise

    def _work(self, now: datetime, is_stopped: threading.Event) -> None:
        def look(_share: float) -> None:
            if is_stopped.is_set():
                raise BackupStopped

        try:
            self._make_if_due(now, look)
            self._delete_old(now)
        except BackupStopped:
            return
        except (BackupFailed, DatabaseUnusable, OSError) as error:
            if not self.problem:
                log.error("no backup is made, and none deleted: %s", error)
            self.problem = str(error)
        else:
            if self.problem:
                log.warning("backups are made again")
            self.problem = ""

    def _make_if_due(self, now: datetime, watch: Watch) -> None:
        due = datetime.combine(now.astimezone(UTC), DUE_TIME, UTC)
        due = due if due <= now else due - timedelta(days=1)
        daily = self._list(BackupKind.DAILY)
        self.last_made_at = daily[0].made_at if self._keep and daily else None
        if not self._keep or any(each.made_at and due <= each.made_at <= now for each in daily):
            return
        self._folder.mkdir(mode=0o700, exist_ok=True)
        target = self._folder / name_backup(self._database, BackupKind.DAILY, now)
        back_up(self._database, target, BackupKind.DAILY, now, watch)
        self.last_made_at = now
        log.info("backed up to %s (%.1f MB)", target, target.stat().st_size / 10**6)

    def _delete_old(self, now: datetime) -> None:
        old = self._list(BackupKind.DAILY)[self._keep :] if self._keep else []
        last = now - timedelta(days=self.days)
        old += [each for each in self._list(BackupKind.MIGRATION) if each.made_at and each.made_at < last]
        for each in old:
            each.path.unlink(missing_ok=True)
            log.info("deleted the old backup %s", each.path)

    def _list(self, kind: BackupKind) -> list[Backup]:
        return [each for each in list_backups(self._database, self._folder) if each.kind is kind]
