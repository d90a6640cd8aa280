"""What `paperboy backup` and `paperboy restore` print."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from bot.database_address import PostgresAddress
from bot.layouts.measures import format_instant, format_size
from bot.storage import Backup, BackupFailed, BackupProblem

_PROBLEMS: Mapping[BackupProblem, str] = {
    BackupProblem.NO_DATABASE: "{path} does not exist, so there is nothing to back up. Set PAPERBOY_DATABASE.",
    BackupProblem.EXISTS: "{path} exists already. Name another file.",
    BackupProblem.NO_FOLDER: "{folder} is not a folder. Create it, or name a file in another one.",
    BackupProblem.NO_ROOM: "The disk with {folder} has too little room ({detail}). Make room, or use another disk.",
    BackupProblem.UNDER_WAY: "Another Paperboy is writing to {folder} right now. Try again when it has finished.",
    BackupProblem.UNUSABLE: "{path} can't be used ({detail}). Check the path and its permissions.",
    BackupProblem.COPY_DAMAGED: (
        "The copy at {path} was damaged ({detail}), and is deleted. Check the disk, and the database with "
        "`paperboy doctor`."
    ),
    BackupProblem.IS_DATABASE: "{path} is the database itself. Name another file.",
    BackupProblem.MISSING: "{path} is not a file. Name a backup.",
    BackupProblem.EMPTY: "{path} is empty. Name another backup.",
    BackupProblem.FOREIGN: "{path} is not a database of Paperboy. Name another file.",
    BackupProblem.NEWER: "{path} was written by a newer Paperboy ({detail}). Update Paperboy, then restore it.",
    BackupProblem.DAMAGED: "{path} is damaged ({detail}). Nothing was changed. Restore an older backup.",
}
MAKING = "Backing up"
RESTORING = "Restoring"
STOPPED = "Stopped. Nothing was changed."
RESTORE = "Restore it?"
_HOW_TO_LOG_IN = "It asks for the password, unless PGPASSWORD or the file ~/.pgpass has it."


def describe_backup_problem(error: BackupFailed) -> str:
    return _PROBLEMS[error.problem].format(path=error.path, folder=error.path.parent, detail=error.detail)


def describe_postgres_backup(address: PostgresAddress, file: Path) -> str:
    """How to back up what Paperboy does not."""
    url, name = shlex.quote(address.url_without_password), shlex.quote(str(file))
    return (
        f"{address} is a PostgreSQL database, which its own tools back up while Paperboy runs:\n"
        f"  pg_dump --format=custom --file={name} {url}\n{_HOW_TO_LOG_IN}"
    )


def describe_postgres_restoring(address: PostgresAddress, file: Path) -> str:
    """How to restore what Paperboy does not."""
    url, name = shlex.quote(address.url_without_password), shlex.quote(str(file))
    return (
        f"{address} is a PostgreSQL database, which its own tools restore. Stop every process of the bot first, then:\n"
        f"  pg_restore --clean --if-exists --single-transaction --no-owner --dbname={url} {name}\n{_HOW_TO_LOG_IN} "
        "When the bot starts, it first looks in the channels for what it has posted since the backup, so that nothing "
        "comes twice."
    )


def describe_made_backup(path: Path) -> str:
    return f"Backed up to {path} ({format_size(path.stat().st_size)}), and checked it."


def describe_restoring(backup: Backup, database: Path) -> str:
    """What will happen, before it is asked whether it should."""
    if backup.made_at:
        what = f"{backup.path} was made on {format_instant(backup.made_at)}."
    else:
        what = f"{backup.path} is a copy that Paperboy did not make, so nothing in it says from when it is."
    if not database.exists():
        return f"{what} It becomes {database}."
    return f"{what} It replaces {database}, which is kept under another name."


def describe_restored(database: Path, replaced: Path | None) -> str:
    kept = f" The old one is now {replaced}: delete it when you no longer need it." if replaced else ""
    return (
        f"{database} is restored.{kept} When the bot starts, it first looks in the channels for what it has posted "
        "since the backup, so that nothing comes twice. Settings that were changed since then, and data that was "
        "deleted, are as they were. Start the bot now."
    )
