"""A connection to PostgreSQL that takes the statements of SQLite.

The storage's statements are written once, in what both engines understand. The schema defines functions that PostgreSQL
lacks (`json_each`, `julianday`, scalar `min` and `max`, …), and `translate` does the rest. Everything else is a matter
of writing the statements so that they mean the same: integers taken out of JSON are cast to BIGINT, columns in DO
UPDATE are qualified, conditions are not used as numbers, and each selected column is grouped by or aggregated.
"""

import os
import re
import select
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import psycopg
from psycopg import sql
from psycopg.adapt import Dumper
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumper

from bot.database_address import PostgresAddress

CONNECT_TIMEOUT = 3  # seconds for each of its hosts
OPTIONS: dict[str, Any] = {  # of libpq: a dead peer is noticed within a quarter of a minute
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
SET_IF_KNOWN = "SELECT set_config(name, %s, false) FROM pg_settings WHERE name = %s"  # not every version has all


class PostgresRow(tuple[Any, ...]):
    """A row, whose values are found by column name or position."""

    __slots__ = ()
    columns: dict[str, int]

    def __getitem__(self, column: Any) -> Any:
        return tuple.__getitem__(self, self.columns[column] if isinstance(column, str) else column)

    def keys(self) -> Sequence[str]:
        return tuple(self.columns)


@lru_cache(maxsize=1024)
def _build_row_class(names: tuple[str, ...]) -> type[PostgresRow]:
    columns = {name: position for position, name in reversed(list(enumerate(names)))}  # of equal names, the first
    return type("Row", (PostgresRow,), {"__slots__": (), "columns": columns})


def _make_rows(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], Any]:
    return _build_row_class(tuple(each.name for each in cursor.description or ()))


class _BoolDumper(Int8Dumper):
    """A truth value is 0 or 1, as in SQLite."""

    def dump(self, obj: Any) -> Any:
        return super().dump(int(obj))


_NUL = re.compile(r"\0|(?<!\\)((?:\\\\)*)\\u0000")  # itself, or escaped in JSON


def remove_nul(text: str) -> str:
    """Text without NUL characters, which strangers may send and PostgreSQL cannot store."""
    return _NUL.sub(r"\1", text) if "\0" in text or "\\u0000" in text else text


class _TextDumper(StrDumper):
    def dump(self, obj: str) -> Any:
        return super().dump(remove_nul(obj))


_DUMPERS: tuple[tuple[type, type[Dumper]], ...] = (
    (str, _TextDumper),  # as text; psycopg would leave the type to PostgreSQL, which cannot always tell
    (int, Int8Dumper),
    (bool, _BoolDumper),
)

_PLACEHOLDER = re.compile(r"'[^']*'|\?|(?<![:\w]):([a-z_]\w*)|%|CROSS JOIN (\w+(?: AS \w+)?) ON|IS NOT \?")


@lru_cache(maxsize=2048)
def translate(statement: str) -> bytes:
    """A statement with PostgreSQL's placeholders.

    `CROSS JOIN … ON` is how SQLite is told the order of a join; PostgreSQL finds it by itself.
    """

    def replace(found: re.Match[str]) -> str:
        match found[0]:
            case "?":
                return "%s"
            case "%":
                return "%%"
            case "IS NOT ?":
                return "IS DISTINCT FROM %s"
        if found[1]:
            return f"%({found[1]})s"
        return f"JOIN {found[2]} ON" if found[2] else found[0].replace("%", "%%")

    return _PLACEHOLDER.sub(replace, statement).encode()


class PostgresConnection:
    """What the storage's work needs of a connection, within a transaction."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self._raw = raw

    def execute(self, statement: str, values: Any = (), /) -> psycopg.Cursor[Any]:
        return self._raw.execute(translate(statement), values)

    def executemany(self, statement: str, values: Any, /) -> psycopg.Cursor[Any]:
        cursor = self._raw.cursor()
        cursor.executemany(translate(statement), list(values))
        return cursor

    def get_last_id(self, table: str, /) -> int:
        """The last id that a table has given, or was made to continue after."""
        sequence = self._name_sequence(table)
        query = sql.SQL("SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM {}")
        ((last,),) = self._raw.execute(query.format(sequence)).fetchall()
        return int(last)

    def continue_after_id(self, table: str, last_id: int, /) -> None:
        """Make the table's next id greater than this one."""
        self._raw.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", (table, last_id))

    def _name_sequence(self, table: str) -> sql.Composable:
        ((name,),) = self._raw.execute("SELECT pg_get_serial_sequence(%s, 'id')", (table,)).fetchall()
        return sql.Identifier(*name.split("."))


def connect(address: PostgresAddress, **options: object) -> psycopg.Connection[Any]:
    """A new connection, whose transactions begin where they are said to. Raises `psycopg.OperationalError`."""
    settings: dict[str, Any] = {
        "connect_timeout": CONNECT_TIMEOUT,
        "application_name": "paperboy",
        **OPTIONS,
        **options,
    }
    raw = psycopg.connect(address.url, autocommit=True, row_factory=_make_rows, **settings)
    for kind, dumper in _DUMPERS:
        raw.adapters.register_dumper(kind, dumper)
    return raw


def _is_alive(raw: psycopg.Connection[Any]) -> bool:
    """Whether an idle connection can still be used, as far as this end has heard. Costs no round trip."""
    if raw.closed or raw.broken:
        return False
    waiting = select.poll()
    waiting.register(raw.fileno(), select.POLLIN)
    return not waiting.poll(0)  # a message that nobody asked for, as a rule that the server stops, or the end of it all


def hang_up(raw: psycopg.BaseConnection[Any]) -> None:
    """End a connection that may be in use: whoever waits for its answer gets `psycopg.OperationalError` at once.

    A database that stands still, as its disk or machine may, answers neither statements nor requests to stop them, and
    its system says that all is well.
    """
    with suppress(psycopg.Error, OSError), socket.socket(fileno=os.dup(raw.fileno())) as shared:
        shared.shutdown(socket.SHUT_RDWR)


class Session:
    """A connection that is made when it is first needed, and again after it was lost. Belongs to one thread."""

    def __init__(self, address: PostgresAddress, prepare: Callable[[psycopg.Connection[Any]], None]) -> None:
        self._address = address
        self._prepare = prepare
        self._raw: psycopg.Connection[Any] | None = None

    def get(self) -> psycopg.Connection[Any]:
        """The connection. Raises `psycopg.OperationalError`."""
        if self._raw is None or not _is_alive(self._raw):
            self.close()
            self._raw = connect(self._address)
            try:
                self._prepare(self._raw)
            except BaseException:
                self.close()
                raise
        return self._raw

    def cancel(self) -> None:
        """Stop the statement that is running."""
        if self._raw is not None and not self._raw.closed:
            self._raw.cancel_safe(timeout=CONNECT_TIMEOUT)

    def hang_up(self) -> None:
        """End the connection, whatever is running; the next one is made when it is needed."""
        if self._raw is not None:
            hang_up(self._raw)

    def close(self) -> None:
        if self._raw is not None:
            self._raw.close()
