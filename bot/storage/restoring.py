"""Restoring: a backup takes the place of the database, whole, or nothing changes."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from glob import escape
from pathlib import Path

from bot.storage.backup import (
    Backup,
    BackupFailed,
    BackupKind,
    BackupProblem,
    Watch,
    back_up,
    check_copy,
    check_room,
    copy_into,
    delete_sidecars,
    inspect_backup,
    list_backups,
    make_partial,
    name_backup,
    open_at_rest,
    open_live,
    read_note,
    sync,
    translate_backup_error,
)
from bot.storage.connection import fetch_all
from bot.storage.database import DatabaseProblem, DatabaseUnusable, from_iso
from bot.storage.restored import LAST_EVENT, mark_restored
from bot.storage.sqlite import (
    FULL,
    UNREADABLE,
    SQLiteConnection,
    build_unusable_error,
    check_schema_version,
    get_current_schema,
    is_damage,
    migrate_file,
    open_file,
    read_schema_version,
)

_IN_USE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def check_backup(database: Path, file: Path) -> Backup:
    """What `file` is, if it may be restored as `database`. Raises `BackupFailed` and `DatabaseUnusable`."""
    with suppress(OSError):  # what is missing or closed to us is refused below
        _reject_folder(database)
        if file.samefile(database):
            raise BackupFailed(BackupProblem.IS_DATABASE, file)
    backup, ours = inspect_backup(file), get_current_schema()
    if backup.schema > ours:
        raise BackupFailed(BackupProblem.NEWER, file, f"schema {backup.schema}, not {ours}")
    return backup


def restore(
    database: Path,
    file: Path,
    now: datetime,
    watch: Watch = lambda _: None,
    before_replacing: Callable[[], None] = lambda: None,
) -> Path | None:
    """Put a copy of the backup `file` in the place of the database. The caller has locked it against other bots.

    A kill at any moment leaves the old database or the new one. Returns where the old one is now, if there was one.
    Raises `BackupFailed`, `BackupStopped`, and `DatabaseUnusable` if another program uses the database or owns it.
    """
    database = database.resolve()  # so that a link stays one
    backup = check_backup(database, file)
    try:
        like = database if database.is_file() else database.parent
        with make_partial(_get_partial(database), like=like) as partial:
            with closing(open_at_rest(file)) as source:
                copy_into(source, partial, watch)
            _make_current(partial, backup, now, watch)
            sync(partial)
            replaced = _keep_old(database, now) if database.exists() else None
            before_replacing()
            partial.replace(database)
            sync(database.parent)
    except UNREADABLE as error:
        raise translate_backup_error(file, error) from error
    return replaced


def _get_partial(database: Path) -> Path:
    return database.with_name(f".{database.name}.restoring")


def _make_current(partial: Path, backup: Backup, now: datetime, watch: Watch) -> None:
    """Check a copy of the backup, migrate it, and mark it as restored. It stays one file."""
    try:
        check_copy(partial, "integrity_check", watch)
        migrate_file(partial)
    except BackupFailed as error:
        raise BackupFailed(BackupProblem.DAMAGED, backup.path, error.detail) from error
    except DatabaseUnusable as error:
        is_full = getattr(error.__cause__, "sqlite_errorcode", 0) in FULL
        problem = BackupProblem.NO_ROOM if is_full else BackupProblem.UNUSABLE
        raise BackupFailed(problem, backup.path, error.detail) from error
    with closing(open_file(partial)) as connection:
        _mark(connection, backup.made_at, now)
        fetch_all(connection, "PRAGMA journal_mode = DELETE")  # from the WAL into the file


def _mark(connection: SQLiteConnection, made_at: datetime | None, now: datetime) -> None:
    """Mark a database with the current schema as restored, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        # A copy that somebody made has no note; it knows of nothing that happened after the last it has recorded.
        moment = made_at or from_iso(fetch_all(connection, LAST_EVENT)[0][0]) or now
        mark_restored(connection, min(moment, now), now)
        connection.execute("DROP TABLE IF EXISTS backup_note")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _keep_old(database: Path, now: datetime) -> Path:
    """Give the old database a second name, and have all of it in one file. Raises `DatabaseUnusable`."""
    for each in database.parent.glob(f"{escape(database.name)}.replaced-*"):
        if each.samefile(database):
            each.unlink()  # a restore was killed before it replaced anything
    replaced = database.with_name(f"{database.name}.replaced-{now:%Y-%m-%dT%H%M%SZ}")
    if replaced.exists():
        raise BackupFailed(BackupProblem.EXISTS, replaced)
    if _close(database):
        _give_second_name(database, replaced)
    else:
        _give_second_name(database, replaced)
        for ending in ("-wal", "-journal"):
            with suppress(FileNotFoundError):
                database.with_name(database.name + ending).replace(replaced.with_name(replaced.name + ending))
        delete_sidecars(database)
    return replaced


def _close(database: Path) -> bool:
    """Move what is in the WAL into the file, and delete the WAL, which SQLite would apply to the new file.

    Returns False if the file is so damaged that SQLite can't. Raises `DatabaseUnusable` if anything has it open, which
    SQLite notices because this needs the whole file.
    """
    try:
        read_schema_version(database)  # raises if it is another program's
        with closing(sqlite3.connect(database, isolation_level=None, timeout=0)) as connection:
            ((mode,),) = fetch_all(connection, "PRAGMA journal_mode = DELETE")
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _IN_USE:
            raise DatabaseUnusable(DatabaseProblem.IN_USE, database) from error
        if is_damage(error):
            return False
        raise
    if mode != "delete":
        raise DatabaseUnusable(DatabaseProblem.IN_USE, database)
    return True


def _give_second_name(database: Path, replaced: Path) -> None:
    try:
        os.link(database, replaced)
    except OSError:  # a file system without hard links
        check_room(replaced, database.stat().st_size)
        shutil.copy2(database, replaced)
        sync(replaced)


def _reject_folder(database: Path) -> None:
    if database.is_dir():
        raise DatabaseUnusable(DatabaseProblem.IS_FOLDER, database)


def is_backup(database: Path) -> bool:
    """Whether somebody has copied a backup into the place of the database. Raises `DatabaseUnusable`."""
    _reject_folder(database)
    try:
        if _has_foreign_wal(database):
            return True
        if not read_schema_version(database):
            return False
        with closing(open_live(database)) as connection:
            return read_note(connection) is not None
    except UNREADABLE as error:
        raise build_unusable_error(database, error) from error


def prepare_file(database: Path, folder: Path, now: datetime, before_adopting: Callable[[], None]) -> None:
    """Before a locked database is opened: back it up if it will be migrated.

    If it is a backup that somebody has copied into its place, do what `restore` would have done. Raises
    `DatabaseUnusable`.
    """
    _reject_folder(database)
    try:
        left = _get_partial(database.resolve())  # by a restore that was killed: whoever restores has the lock
        left.unlink(missing_ok=True)
        delete_sidecars(left)
        if _has_foreign_wal(database):
            for ending in ("-wal", "-shm"):
                database.with_name(database.name + ending).unlink(missing_ok=True)
        schema = check_schema_version(database)
        if 0 < schema < get_current_schema():
            _back_up_before_migration(database, folder, now, schema)
        if not is_backup(database):
            return
        before_adopting()
        migrate_file(database)
        with closing(open_file(database)) as connection:
            note = read_note(connection)
            _mark(connection, note[0] if note else None, now)
    except UNREADABLE as error:
        raise build_unusable_error(database, error) from error


def _has_foreign_wal(database: Path) -> bool:
    """Whether the WAL beside the database is that of another file, which SQLite would not notice.

    A backup says in its header that it has no WAL, until it is opened for the first time.
    """
    wal = database.with_name(f"{database.name}-wal")
    if not database.is_file() or not wal.is_file() or not wal.stat().st_size:
        return False
    with database.open("rb") as file:
        header = file.read(20)
    return header.startswith(b"SQLite format 3\0") and header[18:] == b"\1\1"


def _back_up_before_migration(database: Path, folder: Path, now: datetime, schema: int) -> None:
    """Of each schema, the latest such backup is kept. Raises `DatabaseUnusable` if there can be none."""
    target = folder / name_backup(database, BackupKind.MIGRATION, now, schema)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        made = [each for each in list_backups(database, folder) if each.kind is BackupKind.MIGRATION]
        earlier = [each.path for each in made if each.schema == schema]
        if target not in earlier:  # else a migration failed a moment ago
            back_up(database, target, BackupKind.MIGRATION, now)
            for each in earlier:
                each.unlink()
    except (BackupFailed, OSError) as error:
        detail = str(error) if isinstance(error, OSError) else error.detail or error.problem.name.lower()
        unusable = DatabaseUnusable(DatabaseProblem.NOT_BACKED_UP, database, detail)
        unusable.backup = target
        raise unusable from error
