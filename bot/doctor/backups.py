"""The check of the backups, and what they tell of the database's growth."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.backups import get_backup_folder
from bot.doctor.case import CannotCheck, Case, run_in_thread
from bot.findings import Finding, Kind, find
from bot.settings import ArchiveSettings
from bot.storage import BackupFailed, DatabaseUnusable
from bot.storage.backup import inspect_backup
from bot.storage.examination import MONTH, check_every_page

OLD = timedelta(hours=50)  # a daily backup that failed once is made on the next day


@dataclass(frozen=True, slots=True)
class _NamedFile:
    """A file with the name of a backup, whatever is in it."""

    path: Path
    made_at: datetime
    size: int


def list_backups(settings: ArchiveSettings) -> list[_NamedFile]:
    """The backups, oldest first; none if there is no folder. Raises `OSError` if it cannot be read."""
    try:
        found = list(find_folder(settings).iterdir())
    except FileNotFoundError:
        return []
    name = re.compile(rf"{re.escape(settings.database.stem)}-(\d{{4}}-\d\d-\d\dT\d{{4}}Z)(-schema-\d+|-by-hand)?\.db")
    matches = [(each, name.fullmatch(each.name)) for each in sorted(found)]
    return [
        _NamedFile(path, datetime.strptime(match[1], "%Y-%m-%dT%H%MZ").replace(tzinfo=UTC), path.stat().st_size)
        for path, match in matches
        if match
    ]


def find_folder(settings: ArchiveSettings) -> Path:
    """The folder of the backups, which may not be there yet."""
    return get_backup_folder(settings.database, settings.backup_folder).absolute()


def find_existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there and can be seen."""
    for each in (folder, *folder.parents):
        with suppress(OSError):
            if each.exists():
                return each
    return Path(folder.anchor)


def _can_write(folder: Path) -> bool:
    """Whether a backup can be written there; the folder itself may have to be made first."""
    there = find_existing(folder)
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def measure_growth(settings: ArchiveSettings) -> int | None:
    """Bytes that the database grows by in a month, by the sizes of its backups; None if they don't tell."""
    try:
        backups = list_backups(settings)
    except OSError:
        return None
    if not backups or backups[-1].made_at - backups[0].made_at < timedelta(days=1):
        return None
    first, last = backups[0], backups[-1]
    return max(0, round((last.size - first.size) * (MONTH / (last.made_at - first.made_at))))


async def check_backups(case: Case) -> AsyncIterator[Finding]:
    """Whether there is a recent backup that can be restored."""
    settings = case.bot_settings
    folder = find_folder(settings)
    try:
        backups = await run_in_thread(lambda: list_backups(settings))
    except OSError:  # such as a file in its place
        yield find(Kind.BACKUP_FOLDER_UNUSABLE, path=folder)
        return
    backups = await _leave_out_others(case, backups)
    if not settings.backups:
        yield find(Kind.BACKUPS_OFF)
    elif not _can_write(folder):
        yield find(Kind.BACKUP_FOLDER_UNUSABLE, path=folder)
    elif not backups:
        contents = await case.get_contents()
        is_new = contents.first_used is None or case.clock() - contents.first_used < OLD
        yield find(Kind.BACKUPS_TO_COME) if is_new else find(Kind.BACKUPS_MISSING, path=folder)
    else:
        yield await _judge_newest(case, backups)


async def _leave_out_others(case: Case, backups: list[_NamedFile]) -> list[_NamedFile]:
    """Without those of another bot, which may have its backups in the same folder."""
    try:
        archive = (await case.get_contents()).archive_id
    except CannotCheck:
        return backups

    def may_be_ours(file: _NamedFile) -> bool:
        try:
            return inspect_backup(file.path).archive == archive
        except BackupFailed:
            return True

    return await run_in_thread(lambda: [each for each in backups if may_be_ours(each)])


async def _judge_newest(case: Case, backups: list[_NamedFile]) -> Finding:
    """Also a file that can't be used counts as the newest, by its name."""
    newest = backups[-1]
    try:
        await run_in_thread(lambda: inspect_backup(newest.path))
        await run_in_thread(lambda: check_every_page(newest.path))
    except (BackupFailed, DatabaseUnusable) as error:
        detail = error.detail or error.problem.name.lower()
        return find(Kind.BACKUP_DAMAGED, path=newest.path, detail=detail)
    age = case.clock() - newest.made_at
    if age > OLD:
        return find(Kind.BACKUPS_OLD, path=newest.path.parent, age=age)
    return find(Kind.BACKUPS_FINE, number=len(backups), age=age)
