"""A PostgreSQL as the source or the target of a move."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from bot.claims import GRACE
from bot.database_address import PostgresAddress
from bot.storage.database import DatabaseProblem, DatabaseUnusable
from bot.storage.moved_tables import (
    BATCH,
    MovedTable,
    MoveFailed,
    MoveProblem,
    Rows,
    Source,
    Target,
    list_moved_tables,
)
from bot.storage.postgres.claims import CLUSTER_LOCK
from bot.storage.postgres.connection import SET_IF_KNOWN, PostgresConnection, connect, remove_nul
from bot.storage.postgres.refusing import build_unusable_error, check_server, check_sessions, describe_error
from bot.storage.postgres.schema import MIGRATION_LOCK, WRITER_LOCK, check_version, migrate, run_scripts
from bot.storage.sqlite import get_current_schema

_PATIENCE = "10s"  # for a lock that is about to fall
_LIMITS = {  # which a server or a user may have, and a move of an hour may not
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "transaction_timeout": "0",
    "lock_timeout": _PATIENCE,
}
_TYPES = {"INTEGER": "int8", "TEXT": "text", "REAL": "float8", "BLOB": "bytea"}
_DOUBTFUL = "SELECT count(*) FROM messages WHERE message_id IS NULL AND attempted_at IS NOT NULL"
_BAD_ROW = (psycopg.IntegrityError, psycopg.DataError, psycopg.errors.ProgramLimitExceeded)
_FILLED = {"archive", "traces"}  # have a row from the start


class _Database:
    """What the source and the target have in common. Errors are translated where they arise, as two ends are open."""

    def __init__(self, raw: psycopg.Connection[Any], address: PostgresAddress) -> None:
        self._raw = raw
        self._address = address
        self.changed_texts = 0

    def _fetch_one(self, query: str) -> Any:
        with _translating(self._address):
            ((value,),) = self._raw.execute(query.encode()).fetchall()
            return value

    def count_rows(self, table: MovedTable) -> int:
        return int(self._fetch_one(f"SELECT count(*) FROM {table.name}"))

    def read_rows(self, table: MovedTable) -> Iterator[Rows]:
        cursor = self._raw.cursor(name="moved", row_factory=tuple_row)  # of the server's: COPY gives row after row
        with _translating(self._address), cursor:
            cursor.execute(f"SELECT {table.column_list} FROM {table.name}".encode(), binary=True)
            while rows := cursor.fetchmany(BATCH):
                yield rows

    def get_last_id(self, table: str) -> int:
        with _translating(self._address):
            given = PostgresConnection(self._raw).get_last_id(table)
        return max(given, int(self._fetch_one(f"SELECT coalesce(max(id), 0) FROM {table}")))

    @property
    def grace(self) -> int:
        return GRACE if self._fetch_one(_DOUBTFUL) else 0

    def write_rows(self, table: MovedTable, batches: Iterable[Rows]) -> None:
        statement = f"COPY {table.name} ({table.column_list}) FROM STDIN (FORMAT BINARY)"
        with _translating(self._address):
            try:
                self._copy_in(statement, table, batches)
            except _BAD_ROW as error:
                detail = f"{table.name}: {describe_error(self._address, error)}"
                raise MoveFailed(MoveProblem.BAD_ROW, self._address, detail) from error

    def _copy_in(self, statement: str, table: MovedTable, batches: Iterable[Rows]) -> None:
        with self._raw.cursor().copy(statement.encode()) as copy:
            copy.set_types([_TYPES[kind] for kind in table.columns.values()])
            for rows in batches:
                for row in rows:
                    copy.write_row(row)

    def list_tables_with_ids(self) -> list[str]:
        query = (
            "SELECT table_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND column_name = 'id' AND is_identity = 'YES'"
        )
        with _translating(self._address):
            return [str(name) for (name,) in self._raw.execute(query)]

    def continue_after_id(self, table: str, last_id: int) -> None:
        with _translating(self._address):  # not `setval`, which a rollback would leave as it is
            self._raw.execute(f"ALTER TABLE {table} ALTER COLUMN id RESTART WITH {last_id + 1}".encode())

    def adapt_rows(self, rows: Rows) -> Rows:
        """Without NUL characters, as the bot itself would have stored them here."""
        adapted = [tuple(remove_nul(each) if type(each) is str else each for each in row) for row in rows]
        for new, old in zip(adapted, rows, strict=True):
            self.changed_texts += sum(now != before for now, before in zip(new, old, strict=True))
        return adapted


@contextmanager
def open_source(address: PostgresAddress) -> Iterator[Source]:
    """A database as of one moment, in which nobody writes meanwhile; an older schema is migrated before.

    Raises `DatabaseUnusable` and `MoveFailed`.
    """
    with _connect_alone(address) as raw:
        version = check_version(address, raw)
        if not version:
            raise MoveFailed(MoveProblem.NO_SOURCE, address)
        if version < get_current_schema():
            migrate(address)
        raw.execute(f"SELECT pg_advisory_lock({WRITER_LOCK})".encode())
        raw.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield _Database(raw, address)


@contextmanager
def open_target(address: PostgresAddress) -> Iterator[Target]:
    """An empty database, which gets its schema and its rows in one transaction.

    Raises `DatabaseUnusable` and `MoveFailed`.
    """
    with _connect_alone(address) as raw:
        raw.execute("BEGIN")
        for lock in (MIGRATION_LOCK, WRITER_LOCK):
            raw.execute(f"SELECT pg_advisory_xact_lock({lock})".encode())
        version = check_version(address, raw)
        if version and not _is_empty(raw):
            raise MoveFailed(MoveProblem.NOT_EMPTY, address)
        run_scripts(raw, version)
        tables = list_moved_tables()
        for table in tables:
            raw.execute(f"ALTER TABLE {table.name} DISABLE TRIGGER USER".encode())
            if table.name in _FILLED:
                raw.execute(f"DELETE FROM {table.name}".encode())
        yield _Database(raw, address)
        for table in tables:
            raw.execute(f"ALTER TABLE {table.name} ENABLE TRIGGER USER".encode())
            raw.execute(f"ANALYZE {table.name}".encode())  # else the first queries know nothing of what is there
        raw.execute("COMMIT")


@contextmanager
def _connect_alone(address: PostgresAddress) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database that no process of the bot uses or can use meanwhile. Raises `DatabaseUnusable`."""
    with _translating(address), closing(connect(address)) as raw:
        for name, value in _LIMITS.items():
            raw.execute(SET_IF_KNOWN, (value, name))
        check_server(address, raw)
        check_sessions(address, raw)
        if not _try_lock(raw, CLUSTER_LOCK, 0):
            raise DatabaseUnusable(DatabaseProblem.IN_USE, address)
        yield raw


@contextmanager
def _translating(address: PostgresAddress) -> Iterator[None]:
    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise DatabaseUnusable(DatabaseProblem.IN_USE, address) from error
    except psycopg.Error as error:
        raise build_unusable_error(address, error) from error


def _is_empty(raw: psycopg.Connection[Any]) -> bool:
    """Whether nothing is in the tables. One that a newer schema brings is not there yet."""
    names = [table.name for table in list_moved_tables() if table.name not in _FILLED]
    query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename = ANY(%s)"
    there = [name for (name,) in raw.execute(query, (names,))]
    return not any(raw.execute(f"SELECT 1 FROM {name} LIMIT 1".encode()).fetchall() for name in there)


def _try_lock(raw: psycopg.Connection[Any], *key: int) -> bool:
    places = ", ".join(["%s::int"] * len(key)) if len(key) > 1 else "%s"
    ((is_locked,),) = raw.execute(f"SELECT pg_try_advisory_lock({places})".encode(), key).fetchall()
    return bool(is_locked)


def are_same(one: PostgresAddress, other: PostgresAddress) -> bool:
    """Whether two addresses, which may be written differently, lead to one database. Raises `DatabaseUnusable`."""
    with _translating(one), closing(connect(one)) as first, _translating(other), closing(connect(other)) as second:
        key = secrets.randbits(62)
        return _try_lock(first, key) and not _try_lock(second, key)
