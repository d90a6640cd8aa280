"""The tables that move from one database to another, and whether all of a table has arrived."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import Enum, auto
from graphlib import TopologicalSorter
from hashlib import blake2b
from typing import Any, Protocol

from bot.database_address import DatabaseAddress
from bot.storage.connection import fetch_all
from bot.storage.sqlite import create_schema

BATCH = 500  # rows that are in memory at a time; an abstract has some two thousand letters
_SUM = 2**64

Rows = Sequence[tuple[Any, ...]]


class MoveProblem(Enum):
    """Why a database cannot be moved. The comments say what `MoveFailed.detail` then contains."""

    NO_SOURCE = auto()
    SAME = auto()
    NOT_EMPTY = auto()
    NO_FOLDER = auto()
    NO_ROOM = auto()  # how much it needs, and how much is free
    BAD_ROW = auto()  # what the target says of it
    DIFFERS = auto()  # the table


class MoveFailed(Exception):
    """A database could not be moved. The target is as it was, and so is the source. `address` is what it is about."""

    def __init__(self, problem: MoveProblem, address: DatabaseAddress, detail: str = "") -> None:
        super().__init__(f"{address}: {problem.name.lower().replace('_', ' ')} {detail}".rstrip())
        self.problem = problem
        self.address = address
        self.detail = detail


@dataclass(frozen=True, slots=True)
class MovedTable:
    """A table, with SQLite's types of its columns."""

    name: str
    columns: Mapping[str, str]

    @property
    def column_list(self) -> str:
        return ", ".join(self.columns)


class Source(Protocol):
    """A database as of one moment, which nobody else uses."""

    def count_rows(self, table: MovedTable) -> int: ...

    def read_rows(self, table: MovedTable) -> Iterator[Rows]:
        """All rows, some at a time."""

    def get_last_id(self, table: str) -> int:
        """The last id that the table has given, or was made to continue after; 0 if there is none."""

    @property
    def grace(self) -> int:
        """Seconds in which messages may still arrive that were sent by whoever used it before."""


class Target(Protocol):
    """A database that gets all of its rows in one transaction, without its triggers."""

    def write_rows(self, table: MovedTable, batches: Iterable[Rows]) -> None: ...

    def read_rows(self, table: MovedTable) -> Iterator[Rows]:
        """All rows, some at a time."""

    def list_tables_with_ids(self) -> list[str]:
        """The tables that give ids."""

    def continue_after_id(self, table: str, last_id: int) -> None: ...

    def adapt_rows(self, rows: Rows) -> Rows:
        """Rows as this database can hold them."""

    @property
    def changed_texts(self) -> int:
        """How many texts that took a change."""


def list_moved_tables() -> tuple[MovedTable, ...]:
    """All tables of the current schema, each after those that it refers to."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        create_schema(connection)
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        names = [name for (name,) in fetch_all(connection, query)]
        tables = {name: MovedTable(name, _list_columns(connection, name)) for name in names}
        order: TopologicalSorter[str] = TopologicalSorter({name: _list_parents(connection, name) for name in names})
        return tuple(tables[name] for name in order.static_order())


def _list_columns(connection: sqlite3.Connection, table: str) -> dict[str, str]:
    return {name: kind for _, name, kind, *_ in fetch_all(connection, f"PRAGMA table_info({table})")}


def _list_parents(connection: sqlite3.Connection, table: str) -> set[str]:
    return {parent for _, _, parent, *_ in fetch_all(connection, f"PRAGMA foreign_key_list({table})")} - {table}


class Tally:
    """How many rows there are, and a sum over all of them, in any order."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tally) and (self.count, self._sum) == (other.count, other._sum)

    __hash__ = None  # type: ignore[assignment]

    def add(self, rows: Rows) -> None:
        self.count += len(rows)
        for row in rows:
            digest = blake2b(repr(row).encode(errors="surrogatepass"), digest_size=8).digest()
            self._sum = (self._sum + int.from_bytes(digest)) % _SUM
