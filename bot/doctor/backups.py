"""The check of the backups, and what they tell of the database's growth."""

import os
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from bot.backups import get_backup_folder
from bot.database_address import PostgresAddress
from bot.doctor.case import CannotCheck, Case, run_in_thread
from bot.findings import Finding, Kind, find
from bot.settings import ArchiveSettings
from bot.storage import BackupFailed, DatabaseUnusable
from bot.storage.backup import NamedFile, inspect_backup, list_named_files
from bot.storage.examination import MONTH, check_every_page

OLD = timedelta(hours=50)  # a daily backup that failed once is made on the next day


def list_backup_files(settings: ArchiveSettings) -> list[NamedFile]:
    """The files named as backups, the newest first; none without a folder. Raises `OSError` if it cannot be read."""
    if isinstance(settings.database, PostgresAddress):
        return []
    try:
        return list_named_files(settings.database, find_folder(settings.database, settings.backup_folder))
    except FileNotFoundError:
        return []


def find_folder(database: Path, configured: Path | None) -> Path:
    """The folder of the backups, which may not be there yet."""
    return get_backup_folder(database, configured).absolute()


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
        backups = list_backup_files(settings)
    except OSError:
        return None
    if not backups:
        return None
    last, first = backups[0], backups[-1]
    elapsed = last.named_at - first.named_at
    return max(0, round((last.size - first.size) * (MONTH / elapsed))) if elapsed >= timedelta(days=1) else None


async def check_backups(case: Case) -> AsyncIterator[Finding]:
    """Whether there is a recent backup that can be restored."""
    settings = case.bot_settings
    if isinstance(settings.database, PostgresAddress):
        yield find(Kind.BACKUPS_ELSEWHERE)
        return
    folder = find_folder(settings.database, settings.backup_folder)
    try:
        backups = await run_in_thread(lambda: list_backup_files(settings))
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


async def _leave_out_others(case: Case, backups: list[NamedFile]) -> list[NamedFile]:
    """Without those of another bot, which may have its backups in the same folder."""
    try:
        archive = (await case.get_contents()).archive_id
    except CannotCheck:
        return backups

    def may_be_ours(file: NamedFile) -> bool:
        try:
            return inspect_backup(file.path).archive == archive
        except BackupFailed:
            return True

    return await run_in_thread(lambda: [each for each in backups if may_be_ours(each)])


async def _judge_newest(case: Case, backups: list[NamedFile]) -> Finding:
    """Also a file that can't be used counts as the newest, by its name."""
    newest = backups[0]
    try:
        await run_in_thread(lambda: inspect_backup(newest.path))
        await run_in_thread(lambda: check_every_page(newest.path))
    except (BackupFailed, DatabaseUnusable) as error:
        detail = error.detail or error.problem.name.lower()
        return find(Kind.BACKUP_DAMAGED, path=newest.path, detail=detail)
    age = case.clock() - newest.named_at
    if age > OLD:
        return find(Kind.BACKUPS_OLD, path=newest.path.parent, age=age)
    return find(Kind.BACKUPS_FINE, number=len(backups), age=age)
