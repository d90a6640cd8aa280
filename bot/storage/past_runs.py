"""The past: runs of long ago, a week's to a row, packed, with what is still asked of them.

Kept are the days that a run covered and by which settings, which papers it highlighted with how many upvotes, and the
messages they stand in. A row says in clear, `since` and `until`, on which days its papers were listed and first seen.
So a paper is looked for in the few rows around those days of its own, however many rows there are. A digest takes its
papers from lists alone, and even of one that is taken off its list the first of its upvotes over time is kept.
"""

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

_ROWS = (
    "SELECT past_runs.subscription_id, guild_id, runs FROM past_runs"
    " JOIN subscriptions ON subscriptions.id = past_runs.subscription_id WHERE past_runs.id IN"
)
_AROUND = (  # of hundreds of papers, nearly all have the same few days
    "(WITH wanted (id) AS ({papers}), known (day) AS ("
    "SELECT day FROM wanted CROSS JOIN listings ON paper_id = id UNION"
    " SELECT (SELECT substr(min(taken_at), 1, 10) FROM upvote_snapshots WHERE paper_id = id) FROM wanted)"
    " SELECT past_runs.id FROM known CROSS JOIN past_runs"
    " ON past_runs.subscription_id IN {whose} AND until >= known.day AND since <= known.day)"
)
_THESE, _LISTED = "SELECT value FROM json_each(?)", "SELECT DISTINCT paper_id FROM listings WHERE day BETWEEN ? AND ?"
_OF_GUILD = "(SELECT id FROM subscriptions WHERE guild_id = ?)"


@dataclass(frozen=True, slots=True)
class PastMessage:
    """A message that arrived, with its number in its delivery; `place_id` is where it stands."""

    number: int
    place_id: int
    message_id: int
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class PastHighlight:
    """A paper, the upvotes it had, and the number of its message."""

    paper_id: str
    upvotes: int
    message: int


@dataclass(frozen=True, slots=True)
class PastRun:
    """A delivery as it is remembered; `settings` is the number of its subscription's settings.

    One that failed covers no days; what had arrived of it is highlighted all the same.
    """

    id: int
    run_date: date
    planned_at: datetime
    channel_id: int
    settings_version: int
    days: tuple[date, ...]
    highlights: tuple[PastHighlight, ...]
    messages: tuple[PastMessage, ...]
    subscription_id: int = 0  # these two are its row's
    guild_id: int = 0

    def get_message(self, highlight: PastHighlight) -> PastMessage | None:
        return next((each for each in self.messages if each.number == highlight.message), None)


def insert_past_runs(connection: sqlite3.Connection, subscription_id: int, runs: Sequence[PastRun]) -> None:
    """Within the transaction that deletes their deliveries: remember runs of a subscription in a row."""
    until = max(_get_last_day(run) for run in runs)
    listed = connection.execute(
        "SELECT max(day) FROM listings WHERE paper_id IN (SELECT value FROM json_each(?1)) AND day <= ?2"
        " GROUP BY paper_id UNION ALL SELECT substr(min(taken_at), 1, 10) FROM upvote_snapshots"
        " WHERE paper_id IN (SELECT value FROM json_each(?1)) GROUP BY paper_id",
        (json.dumps([each.paper_id for run in runs for each in run.highlights]), until),
    )
    days = [day for (day,) in listed] + [day.isoformat() for run in runs for day in run.days]
    connection.execute(
        "INSERT INTO past_runs (subscription_id, since, until, runs) VALUES (?, ?, ?, ?)",
        (subscription_id, min(days, default=until), until, _pack_runs(runs)),
    )


def _get_last_day(run: PastRun) -> str:
    """The last day that has to do with a run."""
    instants = [run.planned_at, *(each.sent_at for each in run.messages)]
    return max(instant.astimezone(UTC).date() for instant in instants).isoformat()


def select_runs_with_papers(connection: sqlite3.Connection, subscription_id: int, ids: Iterable[str]) -> list[PastRun]:
    """The runs of long ago in which a subscription may have highlighted one of these papers."""
    return _select_runs(connection, _AROUND.format(papers=_THESE, whose="(?)"), json.dumps(list(ids)), subscription_id)


def select_highlighted_long_ago(
    connection: sqlite3.Connection, subscription_id: int, ids: Iterable[str]
) -> frozenset[str]:
    """Those of these papers that a subscription highlighted long ago."""
    among = json.dumps(list(ids))
    rows = connection.execute(f"{_ROWS} {_AROUND.format(papers=_THESE, whose='(?)')}", (among, subscription_id))
    return _collect_paper_ids(rows).intersection(json.loads(among))


def select_listed_highlighted_long_ago(
    connection: sqlite3.Connection, subscription_id: int, first: date, last: date
) -> frozenset[str]:
    """Those of the papers listed from `first` to `last` that a subscription highlighted long ago."""
    span = (first.isoformat(), last.isoformat())
    rows = connection.execute(f"{_ROWS} {_AROUND.format(papers=_LISTED, whose='(?)')}", (*span, subscription_id))
    listed = connection.execute(
        "SELECT paper_id FROM listings WHERE paper_id IN (SELECT value FROM json_each(?)) AND day BETWEEN ? AND ?",
        (json.dumps(list(_collect_paper_ids(rows))), *span),
    )
    return frozenset(paper_id for (paper_id,) in listed)


def _collect_paper_ids(rows: Iterable[sqlite3.Row]) -> frozenset[str]:
    """The papers in these rows, without the rest of them, as each digest asks."""
    arrays = (array for row in rows for array in json.loads(zlib.decompress(row["runs"])))
    return frozenset(paper_id for *_, highlights, _ in arrays for ids in highlights[:1] for paper_id in ids)


def select_server_runs_with_papers(connection: sqlite3.Connection, guild_id: int, ids: Iterable[str]) -> list[PastRun]:
    """The runs of long ago in which a server may have been shown one of these papers."""
    return _select_runs(connection, _AROUND.format(papers=_THESE, whose=_OF_GUILD), json.dumps(list(ids)), guild_id)


def select_runs_covering(connection: sqlite3.Connection, subscription_id: int, day: date) -> list[PastRun]:
    """The runs of long ago that covered a day's list, in order."""
    around = "(SELECT id FROM past_runs WHERE subscription_id = ? AND until >= ? AND since <= ?)"
    runs = _select_runs(connection, around, subscription_id, day.isoformat(), day.isoformat())
    return sorted((run for run in runs if day in run.days), key=lambda run: run.run_date)


def select_runs_since(connection: sqlite3.Connection, guild_id: int, day: date) -> list[PastRun]:
    """The runs of long ago of a server that posted something on `day` or later, and maybe some before."""
    later = f"(SELECT id FROM past_runs WHERE until >= ? AND subscription_id IN {_OF_GUILD})"
    return _select_runs(connection, later, day.isoformat(), guild_id)


def _select_runs(connection: sqlite3.Connection, which: str, *values: object) -> list[PastRun]:
    rows = connection.execute(f"{_ROWS} {which}", values)
    return [run for row in rows for run in _unpack_runs(row)]


def _pack_runs(runs: Iterable[PastRun]) -> bytes:
    """Runs as JSON of arrays, compressed: small numbers, and like beside like."""
    return zlib.compress(json.dumps([_to_array(run) for run in runs], separators=(",", ":")).encode(), 9)


def _to_array(run: PastRun) -> list[Any]:
    planned = int(run.planned_at.timestamp())
    messages, last = [], 0
    for each in run.messages:
        later = int(each.sent_at.timestamp()) - planned
        messages.append((each.number, each.place_id - run.channel_id, each.message_id - last, later))
        last = each.message_id
    highlights = [(each.paper_id, each.upvotes, each.message) for each in run.highlights]
    days = [day.isoformat() for day in run.days]
    return [
        *(run.id, run.run_date.isoformat(), planned, run.channel_id, run.settings_version, days),
        *(_to_columns(highlights), _to_columns(messages)),
    ]


def _to_columns(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True))


def _unpack_runs(row: sqlite3.Row) -> list[PastRun]:
    return [_from_array(array, row) for array in json.loads(zlib.decompress(row["runs"]))]


def _from_array(array: Sequence[Any], row: sqlite3.Row) -> PastRun:
    known, run_date, planned, channel_id, settings, days, highlights, messages = array
    return PastRun(
        known,
        date.fromisoformat(run_date),
        datetime.fromtimestamp(planned, UTC),
        channel_id,
        settings,
        tuple(date.fromisoformat(day) for day in days),
        tuple(PastHighlight(*each) for each in zip(*highlights, strict=True)),
        tuple(_read_messages(channel_id, planned, zip(*messages, strict=True))),
        row["subscription_id"],
        row["guild_id"],
    )


def _read_messages(channel_id: int, planned: int, rows: Iterable[tuple[int, ...]]) -> Iterator[PastMessage]:
    """What `_to_array` made differences of."""
    message_id = 0
    for number, place, further, later in rows:
        message_id += further
        yield PastMessage(number, channel_id + place, message_id, datetime.fromtimestamp(planned + later, UTC))
