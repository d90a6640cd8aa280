"""Backups: verified copies of the database, each one file that knows when it was made."""

import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, StrEnum, auto
from pathlib import Path

from bot.storage.connection import fetch_all
from bot.storage.database import DatabaseProblem, DatabaseUnusable, from_iso, to_iso
from bot.storage.sqlite import (
    FULL_AT_START,
    FULL_DISK,
    UNREADABLE,
    build_unusable_error,
    describe_error,
    get_current_schema,
    is_damage,
    read_number,
    read_schema_version,
    select_schema_version,
)

Watch = Callable[[float], None]
"""Is told the share that is done, from 0 to 1. Whatever it raises stops the work, which then raises `BackupStopped`."""

SLACK = 2**20  # free bytes that must be left
_WATCH_EVERY = 2000  # of SQLite's instructions: a millisecond or so
_MOMENT = "%Y-%m-%dT%H%MZ"  # in names of backups
_SIDECARS = ("-wal", "-shm", "-journal")
_WRITE_NOTE = """
    DROP TABLE IF EXISTS backup_note;
    CREATE TABLE backup_note (made_at TEXT NOT NULL, kind TEXT NOT NULL) STRICT;
"""


class BackupKind(StrEnum):
    """What a backup was made for."""

    DAILY = auto()
    MIGRATION = auto()  # before the database was migrated
    BY_HAND = auto()


class BackupProblem(Enum):
    """What is wrong with a backup, or with making one. The comments say what `BackupFailed.detail` then contains."""

    NO_DATABASE = auto()
    EXISTS = auto()
    NO_FOLDER = auto()
    NO_ROOM = auto()  # how much it needs, and how much is free
    UNDER_WAY = auto()
    UNUSABLE = auto()  # the system's error
    COPY_DAMAGED = auto()  # SQLite's description of the damage
    IS_DATABASE = auto()
    MISSING = auto()
    EMPTY = auto()
    FOREIGN = auto()
    NEWER = auto()  # its schema version and ours
    DAMAGED = auto()  # SQLite's description of the damage


class BackupFailed(Exception):
    """No backup could be made at `path`, or the one that is there can't be used. Nothing was changed."""

    def __init__(self, problem: BackupProblem, path: Path, detail: str = "") -> None:
        super().__init__(f"{path}: {problem.name.lower().replace('_', ' ')} {detail}".rstrip())
        self.problem = problem
        self.path = path
        self.detail = detail


class BackupStopped(Exception):
    """Whoever watched the work has stopped it. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A database file that may be restored. `made_at` and `kind` are None if Paperboy did not make it.

    The `archive` tells whose it is: a copy has the same as its database.
    """

    path: Path
    archive: str
    schema: int
    size: int
    made_at: datetime | None
    kind: BackupKind | None


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file with the name of a backup that was made at `named_at`, whatever is in it."""

    path: Path
    named_at: datetime
    size: int


def name_backup(database: Path, kind: BackupKind, now: datetime, schema: int = 0) -> str:
    """The name of a backup in its folder, such as `paperboy-2026-11-26T0522Z.db`."""
    ends = {BackupKind.DAILY: "", BackupKind.MIGRATION: f"-schema-{schema}", BackupKind.BY_HAND: "-by-hand"}
    return f"{database.stem}-{now.astimezone(UTC):{_MOMENT}}{ends[kind]}.db"


def list_backups(database: Path, folder: Path) -> list[Backup]:
    """The backups of `database` that Paperboy has named and made in `folder`, the newest first.

    Raises `BackupFailed` if the database, which tells which are of another bot, cannot be read.
    """
    try:
        with closing(open_live(database)) as connection:
            archive = read_archive(connection)
    except UNREADABLE as error:
        raise translate_backup_error(database, error) from error
    return [each for each in _list_own_names(database, folder) if each.archive == archive]


def _list_own_names(database: Path, folder: Path) -> list[Backup]:
    found = []
    with suppress(OSError):
        for each in list_named_files(database, folder):
            with suppress(BackupFailed):
                found.append(inspect_backup(each.path))
    ours = [(each.made_at, each.path.name, each) for each in found if each.made_at and _has_own_name(each, database)]
    return [backup for *_, backup in sorted(ours, key=lambda each: each[:2], reverse=True)]


def _has_own_name(backup: Backup, database: Path) -> bool:
    """Whether it has the name that it was made with."""
    assert backup.made_at
    assert backup.kind
    return backup.path.name == name_backup(database, backup.kind, backup.made_at, backup.schema)


def list_named_files(database: Path, folder: Path) -> list[NamedFile]:
    """The files in `folder` that have names of backups of `database`, the newest first. Raises `OSError`."""
    name = re.compile(rf"{re.escape(database.stem)}-(\d{{4}}-\d\d-\d\dT\d{{4}}Z)(-schema-\d+|-by-hand)?\.db")
    found = []
    for path in sorted(folder.iterdir(), reverse=True):
        if (match := name.fullmatch(path.name)) and not path.is_symlink():
            with suppress(ValueError, FileNotFoundError):  # there is no such day; or it was deleted just now
                named_at = datetime.strptime(match[1], _MOMENT).replace(tzinfo=UTC)
                found.append(NamedFile(path, named_at, path.stat().st_size))
    return found


def find_usable_backup(database: Path, folder: Path) -> Path | None:
    """The newest backup that this version can restore."""
    ours = get_current_schema()
    try:
        backups = list_backups(database, folder)
    except BackupFailed:  # whoever cannot read the database needs one most
        backups = _list_own_names(database, folder)
    return next((each.path for each in backups if each.schema <= ours), None)


def inspect_backup(path: Path) -> Backup:
    """What the file at `path` is; reads only its first pages. Raises `BackupFailed`."""
    try:
        if not path.is_file():
            raise BackupFailed(BackupProblem.MISSING, path)
        size = path.stat().st_size
        if not size:
            raise BackupFailed(BackupProblem.EMPTY, path)
        with closing(open_at_rest(path)) as connection:
            schema = select_schema_version(connection)
            if not schema:
                raise BackupFailed(BackupProblem.FOREIGN, path)
            archive, (made_at, kind) = read_archive(connection), read_note(connection) or (None, None)
    except UNREADABLE as error:
        raise translate_backup_error(path, error) from error
    return Backup(path, archive, schema, size, made_at, kind)


def read_archive(connection: sqlite3.Connection) -> str:
    """The id of the archive in a database."""
    ((archive,),) = fetch_all(connection, "SELECT id FROM archive")
    return str(archive)


def read_note(connection: sqlite3.Connection) -> tuple[datetime | None, BackupKind] | None:
    """When a backup was made, and what for; None for any other database."""
    if not fetch_all(connection, "SELECT 1 FROM sqlite_master WHERE name = 'backup_note'"):
        return None
    ((made_at, kind),) = fetch_all(connection, "SELECT made_at, kind FROM backup_note")
    return from_iso(made_at), BackupKind(kind)


def write_note(path: Path, made_at: datetime, kind: BackupKind) -> None:
    """Have a copy of the database, which nobody else uses, know when it was made."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        fetch_all(connection, "PRAGMA journal_mode = MEMORY")
        connection.executescript(_WRITE_NOTE)
        connection.execute("INSERT INTO backup_note VALUES (?, ?)", (to_iso(made_at), kind))


def back_up(database: Path, target: Path, kind: BackupKind, now: datetime, watch: Watch = lambda _: None) -> None:
    """Copy the database, beside a bot that may be running, to the new file `target`, and verify the copy.

    Whenever this ends or is killed, the target is a whole backup, or is not there. Blocks: call it in a thread.
    Raises `BackupFailed`, `BackupStopped`, and `DatabaseUnusable` if there is something wrong with the database.
    """
    target = target.absolute()
    try:
        _check_target(database, target)
        if not _read_version(database):
            raise BackupFailed(BackupProblem.NO_DATABASE, database)
        with make_partial(target.parent / f".{database.name}.partial", like=database) as partial:
            with closing(open_live(database)) as source:
                copy_into(source, partial, watch)
            write_note(partial, now, kind)
            check_copy(partial, "quick_check", watch)
            sync(partial)
            _publish(partial, target)
    except UNREADABLE as error:
        if is_damage(error):
            raise DatabaseUnusable(DatabaseProblem.DAMAGED, database, describe_error(error)) from error
        raise translate_backup_error(target, error) from error


def _read_version(database: Path) -> int:
    try:
        return read_schema_version(database)
    except (OSError, sqlite3.OperationalError) as error:
        is_closed = isinstance(error, OSError) or error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_CANTOPEN
        if is_closed:  # it is not about the target
            raise build_unusable_error(database, error) from error
        raise


def _check_target(database: Path, target: Path) -> None:
    if target.exists() and database.exists() and target.samefile(database):
        raise BackupFailed(BackupProblem.IS_DATABASE, target)
    if target.exists() or target.is_symlink():
        raise BackupFailed(BackupProblem.EXISTS, target)
    if not target.parent.is_dir():
        raise BackupFailed(BackupProblem.NO_FOLDER, target)


@contextmanager
def make_partial(path: Path, like: Path) -> Iterator[Path]:
    """An empty file to write to, with the mode and owner of `like`. What is left at `path` in the end is deleted.

    Raises `BackupFailed` if another process writes to it.
    """
    file = _open_partial(path)
    try:
        try:
            delete_sidecars(path)
            os.ftruncate(file, 0)
            _adopt_owner(file, like)
            yield path
        finally:
            path.unlink(missing_ok=True)
            delete_sidecars(path)
    finally:
        os.close(file)  # last: closing any descriptor of a file ends the locks that SQLite has on it


def _open_partial(path: Path) -> int:
    """Open and lock the file at `path`; one that a killed process has left is used again."""
    import fcntl  # noqa: PLC0415  # not on Windows, where the demo runs

    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise BackupFailed(BackupProblem.UNDER_WAY, path) from None
        status = os.fstat(file)
        if status.st_nlink == 1 and path.exists() and os.path.samestat(status, path.stat()):
            return file
        if status.st_nlink > 1:
            path.unlink()  # it is a whole backup: a process was killed just after it had given it its name
        os.close(file)


def _adopt_owner(file: int, like: Path) -> None:
    """Give a file the mode and owner of another: whoever restores as root leaves it to the bot's user."""
    status = like.stat()
    with suppress(OSError):  # some file systems have neither
        os.fchmod(file, status.st_mode & 0o777)
        if os.geteuid() == 0:
            os.fchown(file, status.st_uid, status.st_gid)


def delete_sidecars(path: Path) -> None:
    """Delete what SQLite keeps beside a database, and would apply to any file of that name."""
    for ending in _SIDECARS:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def has_sidecars(path: Path) -> bool:
    """Whether a part of a database may be beside it, or somebody uses it."""
    return any(path.with_name(path.name + ending).exists() for ending in _SIDECARS)


def open_live(path: Path) -> sqlite3.Connection:
    """A connection that only reads a database, which others may use."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10)


def open_at_rest(path: Path) -> sqlite3.Connection:
    """A connection that only reads a database that nobody uses; leaves nothing beside it, on any disk."""
    path = path.resolve()
    if has_sidecars(path):  # then a part of it is in them
        return open_live(path)
    return sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)


def copy_into(source: sqlite3.Connection, copy: Path, watch: Watch) -> None:
    """Write a compact copy of a database, as of one moment, into an empty file. Others may go on writing to it."""
    pages = read_number(source, "page_count") - read_number(source, "freelist_count")
    size = max(pages, 1) * read_number(source, "page_size")
    check_room(copy, size)
    with _watched(source, lambda: watch(min(copy.stat().st_size / size, 1))):
        source.execute("VACUUM INTO ?", (str(copy),))  # the backup API would also copy what was deleted


def check_room(path: Path, size: int) -> None:
    """Raise `BackupFailed` if the disk of `path` has no room for `size` bytes more."""
    free = shutil.disk_usage(path.parent).free
    if free < size + SLACK:
        needed = -(-(size + SLACK) // 10**6)
        raise BackupFailed(BackupProblem.NO_ROOM, path, f"it needs {needed:,} MB, and {free // 10**6:,} MB are free")


def check_copy(path: Path, check: str, watch: Watch = lambda _: None) -> None:
    """Read a copy from end to end. Raises `BackupFailed` if it is damaged."""
    with closing(open_at_rest(path)) as connection, _watched(connection, lambda: watch(1)):
        ((result, *_), *_) = fetch_all(connection, f"PRAGMA {check}(1)")
    if result != "ok":
        raise BackupFailed(BackupProblem.COPY_DAMAGED, path, " ".join(result.split()))


@contextmanager
def _watched(connection: sqlite3.Connection, watch: Callable[[], None]) -> Iterator[None]:
    """Call `watch` now and then while statements run. What it raises ends them."""
    caught: list[BaseException] = []

    def look() -> bool:
        try:
            watch()
        except BaseException as error:  # noqa: BLE001  # SQLite would swallow it
            caught.append(error)
        return bool(caught)

    connection.set_progress_handler(look, _WATCH_EVERY)
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:  # also by Ctrl-C just before `look`
            raise BackupStopped from (caught or [error])[0]
        raise
    finally:
        connection.set_progress_handler(None, 0)
    if caught:  # at the very end
        raise BackupStopped from caught[0]


def sync(path: Path) -> None:
    """Have the disk keep a file's content, or a folder's list of files, through a power cut."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _publish(partial: Path, target: Path) -> None:
    """Give a whole file its name, unless something has that name meanwhile."""
    try:
        os.link(partial, target)
    except FileExistsError:
        raise BackupFailed(BackupProblem.EXISTS, target) from None
    except OSError:  # a file system without hard links
        _check_target(partial, target)
        partial.rename(target)
    sync(target.parent)


def translate_backup_error(path: Path, error: Exception) -> BackupFailed:
    """What an error of SQLite or of the system means for a backup."""
    if getattr(error, "sqlite_errorcode", 0) in FULL_AT_START or (
        isinstance(error, OSError) and error.errno in FULL_DISK
    ):
        return BackupFailed(BackupProblem.NO_ROOM, path, str(error))
    if is_damage(error) or isinstance(error, ValueError):
        is_database = getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_NOTADB
        return BackupFailed(
            BackupProblem.DAMAGED if is_database else BackupProblem.FOREIGN, path, describe_error(error)
        )
    return BackupFailed(BackupProblem.UNUSABLE, path, describe_error(error))
