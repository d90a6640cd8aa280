"""A connection to the database, as the work of the storage sees it: the same for SQLite and for PostgreSQL."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

Answer = TypeVar("Answer")
Values = Sequence[object] | Mapping[str, object]


class Row(Protocol):
    """A row, whose values are found by column name or position."""

    def __getitem__(self, column: str | int, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def keys(self) -> Iterable[str]: ...


class Cursor(Protocol):
    """What a statement has selected, or how many rows it has changed."""

    @property
    def rowcount(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class Executes(Protocol):
    """What runs a statement."""

    def execute(self, sql: str, values: Any = ..., /) -> Cursor: ...


class Connection(Executes, Protocol):
    """A connection within a transaction.

    Statements are written once, for both engines: `bot/storage/postgres/connection.py` says what that takes.
    """

    def executemany(self, sql: str, values: Any, /) -> Cursor: ...

    def get_last_id(self, table: str, /) -> int:
        """The last id that a table has given, or was made to continue after."""

    def continue_after_id(self, table: str, last_id: int, /) -> None:
        """Make the table's next id greater than this one."""


DatabaseWork = Callable[[Connection], Answer]
"""Runs on the connection's own thread, all in one go: switching threads costs more than a digest's statements."""


def fetch_all(connection: Executes, sql: str, values: Values = ()) -> list[Any]:
    """All rows that a statement selects or returns."""
    return connection.execute(sql, values).fetchall()
