"""A SQLite file as the source or the target of a move."""

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from bot.storage.backup import BackupFailed, has_sidecars, make_partial, sync
from bot.storage.connection import fetch_all
from bot.storage.database import DatabaseProblem, DatabaseUnusable
from bot.storage.moved_tables import BATCH, MovedTable, MoveFailed, MoveProblem, Rows, Source, Target
from bot.storage.sqlite import (
    UNREADABLE,
    SQLiteConnection,
    build_unusable_error,
    check_schema_version,
    migrate_file,
    open_file,
    read_schema_version,
)


class _File:
    """What the source and the target have in common. Errors are translated where they arise, as two ends are open."""

    changed_texts = 0
    grace = 0  # the lock on the file proves that whoever used it is gone

    def __init__(self, connection: SQLiteConnection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def _fetch_number(self, query: str) -> int:
        with _translating(self._path):
            ((number,),) = fetch_all(self._connection, query)
            return int(number)

    def count_rows(self, table: MovedTable) -> int:
        return self._fetch_number(f"SELECT count(*) FROM {table.name}")

    def read_rows(self, table: MovedTable) -> Iterator[Rows]:
        with _translating(self._path):
            cursor = self._connection.execute(f"SELECT {table.column_list} FROM {table.name}")
            while rows := cursor.fetchmany(BATCH):
                yield rows

    def get_last_id(self, table: str) -> int:
        given = f"SELECT max(seq) FROM sqlite_sequence WHERE name = '{table}'"
        return self._fetch_number(f"SELECT max(coalesce(({given}), 0), coalesce((SELECT max(id) FROM {table}), 0))")

    def write_rows(self, table: MovedTable, batches: Iterable[Rows]) -> None:
        places = ", ".join("?" * len(table.columns))
        statement = f"INSERT INTO {table.name} ({table.column_list}) VALUES ({places})"
        with _translating(self._path):
            try:
                self._connection.executemany(statement, (row for rows in batches for row in rows))
            except sqlite3.IntegrityError as error:
                raise MoveFailed(MoveProblem.BAD_ROW, self._path, str(error)) from error

    def list_tables_with_ids(self) -> list[str]:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'"
        with _translating(self._path):
            return [name for (name,) in fetch_all(self._connection, query)]

    def continue_after_id(self, table: str, last_id: int) -> None:
        with _translating(self._path):
            self._connection.continue_after_id(table, last_id)

    def adapt_rows(self, rows: Rows) -> Rows:
        return rows


@contextmanager
def _translating(path: Path) -> Iterator[None]:
    try:
        yield
    except UNREADABLE as error:
        raise build_unusable_error(path, error) from error


def check_file_source(path: Path) -> None:
    """Raise `MoveFailed` if there is no database in the file, or `DatabaseUnusable`."""
    with _translating(path):
        if not read_schema_version(path):
            raise MoveFailed(MoveProblem.NO_SOURCE, path)


@contextmanager
def open_file_source(path: Path) -> Iterator[Source]:
    """A file of the current schema, as of one moment. Raises `DatabaseUnusable`."""
    with _translating(path), closing(open_file(path)) as connection:
        connection.execute("PRAGMA query_only = ON")  # not `mode=ro`, which would leave the WAL's files behind
        connection.execute("BEGIN")
        yield _File(connection, path)


@contextmanager
def open_file_target(path: Path, like: Path | None) -> Iterator[Target]:
    """A new file, which gets its name at the end, with the mode and owner of the file `like`, if there is one.

    Raises `DatabaseUnusable` and `MoveFailed`.
    """
    path = path.resolve()
    with _translating(path):
        _check_is_empty(path)
        with _make_partial(path, like) as partial:
            with closing(open_file(partial)) as connection:
                triggers = _prepare(connection)
                yield _File(connection, path)
                _finish(connection, triggers, path)
            sync(partial)
            _publish(partial, path)


@contextmanager
def _make_partial(path: Path, like: Path | None) -> Iterator[Path]:
    """A file with the current schema and no name that anybody knows."""
    with ExitStack() as stack:
        try:
            partial = stack.enter_context(make_partial(path.with_name(f".{path.name}.moving"), like or path.parent))
        except BackupFailed as error:
            raise DatabaseUnusable(DatabaseProblem.IN_USE, path) from error
        if like is None:
            partial.chmod(0o600)
        try:
            migrate_file(partial)
        except DatabaseUnusable as error:
            raise DatabaseUnusable(error.problem, path, error.detail) from error
        yield partial


def _check_is_empty(path: Path) -> None:
    is_there = False
    with suppress(OSError):  # in a folder that is closed to us: writing to it says so
        if not path.parent.is_dir():
            raise MoveFailed(MoveProblem.NO_FOLDER, path)
        is_there = path.is_dir() or (path.exists() and path.stat().st_size > 0)
    if is_there:
        check_schema_version(path)
    if is_there or has_sidecars(path):
        raise MoveFailed(MoveProblem.NOT_EMPTY, path)


def _prepare(connection: SQLiteConnection) -> list[str]:
    """Begin the transaction; returns the triggers, which are left out of it."""
    # Nobody knows the file yet, so nothing has to wait for the disk.
    for pragma in ("journal_mode = DELETE", "synchronous = OFF", "foreign_keys = OFF", "secure_delete = OFF"):
        fetch_all(connection, f"PRAGMA {pragma}")
    connection.execute("BEGIN EXCLUSIVE")
    triggers = fetch_all(connection, "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    for name, _ in triggers:
        connection.execute(f"DROP TRIGGER {name}")
    for table in ("archive", "traces"):  # have a row from the start
        connection.execute(f"DELETE FROM {table}")
    return [sql for _, sql in triggers]


def _finish(connection: SQLiteConnection, triggers: Iterable[str], path: Path) -> None:
    for sql in triggers:
        connection.execute(sql)
    orphans: list[Any] = fetch_all(connection, "PRAGMA foreign_key_check")
    if orphans:
        raise MoveFailed(MoveProblem.BAD_ROW, path, f"{orphans[0][0]} row {orphans[0][1]} → {orphans[0][2]}")
    connection.execute("COMMIT")


def _publish(partial: Path, path: Path) -> None:
    """Give a whole file its name, unless something else has that name meanwhile."""
    if path.exists() and path.stat().st_size == 0:
        path.unlink()  # the caller has locked it
    try:
        os.link(partial, path)
    except FileExistsError:
        raise MoveFailed(MoveProblem.NOT_EMPTY, path) from None
    except OSError:  # a file system without hard links
        if path.exists():
            raise MoveFailed(MoveProblem.NOT_EMPTY, path) from None
        partial.rename(path)
    sync(path.parent)
