"""Moving a database, whole, from SQLite to PostgreSQL or back: either all of it arrives, or nothing does."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from bot.database_address import DatabaseAddress, PostgresAddress
from bot.storage.backup import Watch
from bot.storage.database import explaining_missing_driver
from bot.storage.moved_files import open_file_source, open_file_target
from bot.storage.moved_tables import (
    MovedTable,
    MoveFailed,
    MoveProblem,
    Rows,
    Source,
    Tally,
    Target,
    list_moved_tables,
)

_PASSES = 2  # a table is written, and then read again


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved: how many rows of each table, and how many texts had a NUL character that is left out."""

    rows: dict[str, int]
    changed_texts: int


def move(
    source: DatabaseAddress,
    target: DatabaseAddress,
    prepare_source: Callable[[], object] = lambda: None,
    watch: Watch = lambda _: None,
    pause: Callable[[float], object] = time.sleep,
) -> Moved:
    """Copy all that is stored in `source` to the empty `target`, and compare it, in one transaction of the target.

    A kill at any moment leaves the target as it was, or complete. The source is only read, after `prepare_source` has
    brought it to the current schema, once it is known that the target will do. The caller has locked what is a file; a
    PostgreSQL is locked here. Raises `MoveFailed`, `DatabaseUnusable`, and whatever `watch` raises.
    """
    with _open_target(target, source) as writes:
        prepare_source()
        started = time.monotonic()
        with _open_source(source) as reads:
            moved = _Move(reads, writes, target, watch).run()
            if isinstance(target, Path):
                # A bot that starts on a file takes it for granted that nothing of an earlier one is still on its way.
                pause(max(started + reads.grace - time.monotonic(), 0))
    return moved


def check_different(source: DatabaseAddress, target: DatabaseAddress) -> None:
    """Raise `MoveFailed` if both are one database."""
    if isinstance(source, PostgresAddress) and isinstance(target, PostgresAddress):
        with explaining_missing_driver(target):
            from bot.storage.postgres.moving import are_same  # noqa: PLC0415  # it needs an extra that few have
        if are_same(source, target):
            raise MoveFailed(MoveProblem.SAME, target)
    if isinstance(source, Path) and isinstance(target, Path):
        with suppress(OSError):  # what is missing or closed to us is refused later
            if source.resolve() == target.resolve() or source.samefile(target):
                raise MoveFailed(MoveProblem.SAME, target)


class _Move:
    def __init__(self, source: Source, target: Target, address: DatabaseAddress, watch: Watch) -> None:
        self._source = source
        self._target = target
        self._address = address
        self._watch = watch
        self._done = 0
        self._total = 1

    def run(self) -> Moved:
        tables = list_moved_tables()
        counts = {each.name: self._source.count_rows(each) for each in tables}
        self._total = max(_PASSES * sum(counts.values()), 1)
        tallies = [self._move_table(each) for each in tables]
        for name in self._target.list_tables_with_ids():
            self._target.continue_after_id(name, self._source.get_last_id(name))
        for table, tally in zip(tables, tallies, strict=True):
            if tally.count != counts[table.name] or tally != self._read_again(table):
                raise MoveFailed(MoveProblem.DIFFERS, self._address, table.name)
        return Moved(counts, self._target.changed_texts)

    def _move_table(self, table: MovedTable) -> Tally:
        tally = Tally()

        def tell() -> Iterator[Rows]:
            for read in self._source.read_rows(table):
                rows = self._target.adapt_rows(read)
                tally.add(rows)
                yield rows
                self._advance(len(rows))

        self._target.write_rows(table, tell())
        return tally

    def _read_again(self, table: MovedTable) -> Tally:
        tally = Tally()
        for rows in self._target.read_rows(table):
            tally.add(rows)
            self._advance(len(rows))
        return tally

    def _advance(self, rows: int) -> None:
        self._done += rows
        self._watch(self._done / self._total)


def _open_source(address: DatabaseAddress) -> AbstractContextManager[Source]:
    if isinstance(address, Path):
        return open_file_source(address)
    with explaining_missing_driver(address):
        from bot.storage.postgres.moving import open_source  # noqa: PLC0415  # it needs an extra that few have
    return open_source(address)


def _open_target(address: DatabaseAddress, source: DatabaseAddress) -> AbstractContextManager[Target]:
    if isinstance(address, Path):
        return open_file_target(address, source if isinstance(source, Path) else None)
    with explaining_missing_driver(address):
        from bot.storage.postgres.moving import open_target  # noqa: PLC0415  # it needs an extra that few have
    return open_target(address)
