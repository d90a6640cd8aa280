"""Which papers are on which daily list. A new reading of a list replaces the old one, unless it looks faulty."""

import logging
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta

from bot.storage.connection import Connection, fetch_all
from bot.storage.database import from_iso, to_iso

log = logging.getLogger(__name__)

SHORT_FOR = timedelta(hours=6)  # a list that has lost over half of its papers is believed after so long
MAX_READING = timedelta(hours=1)  # a capture further in the future comes from a clock that was wrong


def has_later_capture(connection: Connection, day: date, now: datetime) -> bool:
    """Whether another process has stored a reading of the list of `day` from after `now`."""
    captured_at, _ = _read_capture(connection, day)
    return captured_at is not None and timedelta() < captured_at - now <= MAX_READING


def store_list(
    connection: Connection,
    day: date,
    listed: Mapping[str, date],
    ids: Collection[str] | None,
    now: datetime,
) -> None:
    """Store the list of `day` as read at `now`: the ids of its papers, each with the day it is filed under.

    `ids` are those of all its entries. With them, papers that are no longer on the list are taken off it.
    """
    _, short_since = _read_capture(connection, day)
    if ids is not None:
        known = _read_listed_papers(connection, day)
        short_since = _find_short_since(short_since, day, {paper_id for paper_id, _ in known}, ids, now)
        if short_since is None or now - short_since >= SHORT_FOR:
            short_since = None
            gone = [(each, filed) for each, filed in known if each not in ids or listed.get(each, filed) != filed]
            _remove_from_list(connection, day, gone)
    connection.executemany(
        "INSERT INTO listings (day, paper_id, read_from) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [
            (filed.isoformat(), paper_id, None if filed == day else day.isoformat())
            for paper_id, filed in listed.items()
        ],
    )
    connection.execute(
        "INSERT INTO captures (day, captured_at, short_since) VALUES (?, ?, ?) ON CONFLICT (day)"
        " DO UPDATE SET captured_at = excluded.captured_at, short_since = excluded.short_since",
        (day.isoformat(), to_iso(now), to_iso(short_since) if short_since else None),
    )


def _find_short_since(
    before: datetime | None, day: date, known: Collection[str], ids: Collection[str], now: datetime
) -> datetime | None:
    """Since when the list of `day` has fewer than half of the papers known to be on it; None if it has more."""
    if 2 * len(ids) >= len(known):
        return None
    if before is None:
        log.warning(
            "%s: the list has %d entries instead of %d; nothing is removed unless it stays like that for %s",
            *(day, len(ids), len(known), SHORT_FOR),
        )
    return before or now


def _read_capture(connection: Connection, day: date) -> tuple[datetime | None, datetime | None]:
    """When the list of `day` was last read, and since when it has been short."""
    rows = fetch_all(connection, "SELECT captured_at, short_since FROM captures WHERE day = ?", (day.isoformat(),))
    for captured_at, short_since in rows:
        return from_iso(captured_at), from_iso(short_since)
    return None, None


def _read_listed_papers(connection: Connection, day: date) -> list[tuple[str, date]]:
    """The list of `day` as stored: ids of papers, with the days they are filed under."""
    a_day = timedelta(days=1)
    rows = fetch_all(
        connection,
        "SELECT paper_id, day FROM listings WHERE day BETWEEN :first AND :last AND coalesce(read_from, day) = :day",
        {name: each.isoformat() for name, each in (("first", day - a_day), ("day", day), ("last", day + a_day))},
    )
    return [(paper_id, date.fromisoformat(filed)) for paper_id, filed in rows]


def _remove_from_list(connection: Connection, day: date, gone: Collection[tuple[str, date]]) -> None:
    if gone:
        log.info("%s: removed from the list: %s", day, ", ".join(paper_id for paper_id, _ in gone))
    connection.executemany(
        "DELETE FROM listings WHERE paper_id = ? AND day = ?",
        [(paper_id, filed.isoformat()) for paper_id, filed in gone],
    )
