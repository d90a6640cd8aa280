"""The past runs: old deliveries, seven to a row, compressed to what is still needed of them.

That is the days that a run covered, its settings, its highlights with their upvotes, and their messages. Besides, each
row has two plain columns, `since` and `until`: the first and last day that have to do with its papers. A search for a
paper then reads only the rows around the days on which that paper was listed or first seen, however many rows there
are. This is complete: digests take papers only from lists, and a paper's first snapshot is never deleted, even if it is
taken off its list.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from bot.storage.connection import Connection, Row

_ROWS = (
    "SELECT past_runs.subscription_id, guild_id, runs FROM past_runs"
    " JOIN subscriptions ON subscriptions.id = past_runs.subscription_id WHERE past_runs.id IN"
)
_AROUND = (  # reads each day's rows once: hundreds of papers share a few days
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
    """A message that arrived. `number` is its number in the delivery, `place_id` the channel or post that it is in."""

    number: int
    place_id: int
    message_id: int
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class PastHighlight:
    """A paper, the upvotes it had then, and the number of its message."""

    paper_id: str
    upvotes: int
    message_number: int


@dataclass(frozen=True, slots=True)
class PastRun:
    """What is kept of a delivery. `settings_version` is a version of its subscription's settings.

    A failed one covers no days, but has the highlights that had arrived.
    """

    id: int
    run_date: date
    planned_at: datetime
    channel_id: int
    settings_version: int
    days: tuple[date, ...]
    highlights: tuple[PastHighlight, ...]
    messages: tuple[PastMessage, ...]
    subscription_id: int = 0  # stored beside the packed run, like the next
    guild_id: int = 0

    def get_message_of(self, highlight: PastHighlight) -> PastMessage | None:
        return next((each for each in self.messages if each.number == highlight.message_number), None)


def insert_past_runs(connection: Connection, subscription_id: int, runs: Sequence[PastRun]) -> None:
    """Within the transaction that deletes their deliveries: store runs of one subscription as one row."""
    instants = [run.planned_at for run in runs] + [each.sent_at for run in runs for each in run.messages]
    until = max(instants).astimezone(UTC).date().isoformat()
    listed = connection.execute(
        "SELECT max(day) FROM listings WHERE paper_id IN (SELECT value FROM json_each(:ids)) AND day <= :until"
        " GROUP BY paper_id UNION ALL SELECT substr(min(taken_at), 1, 10) FROM upvote_snapshots"
        " WHERE paper_id IN (SELECT value FROM json_each(:ids)) GROUP BY paper_id",
        {"ids": json.dumps([each.paper_id for run in runs for each in run.highlights]), "until": until},
    )
    days = [day for (day,) in listed] + [day.isoformat() for run in runs for day in run.days]
    packed = zlib.compress(json.dumps([_run_to_array(run) for run in runs], separators=(",", ":")).encode(), 9)
    connection.execute(
        "INSERT INTO past_runs (subscription_id, since, until, runs) VALUES (?, ?, ?, ?)",
        (subscription_id, min(days, default=until), until, packed),
    )


def select_runs_with_papers(connection: Connection, subscription_id: int, ids: Iterable[str]) -> list[PastRun]:
    """The past runs in which a subscription may have highlighted one of these papers."""
    return _select_runs(connection, _AROUND.format(papers=_THESE, whose="(?)"), json.dumps(list(ids)), subscription_id)


def select_highlighted_long_ago(connection: Connection, subscription_id: int, ids: Iterable[str]) -> frozenset[str]:
    """Those of these papers that a subscription highlighted in past runs."""
    wanted = list(ids)
    around = _AROUND.format(papers=_THESE, whose="(?)")
    rows = connection.execute(f"{_ROWS} {around}", (json.dumps(wanted), subscription_id))
    return _collect_paper_ids(rows).intersection(wanted)


def select_listed_highlighted_long_ago(
    connection: Connection, subscription_id: int, first: date, last: date
) -> frozenset[str]:
    """Those of the papers listed from `first` to `last` that a subscription highlighted in past runs."""
    span = (first.isoformat(), last.isoformat())
    rows = connection.execute(f"{_ROWS} {_AROUND.format(papers=_LISTED, whose='(?)')}", (*span, subscription_id))
    listed = connection.execute(
        "SELECT paper_id FROM listings WHERE paper_id IN (SELECT value FROM json_each(?)) AND day BETWEEN ? AND ?",
        (json.dumps(list(_collect_paper_ids(rows))), *span),
    )
    return frozenset(paper_id for (paper_id,) in listed)


def _collect_paper_ids(rows: Iterable[Row]) -> frozenset[str]:
    """The highlighted papers in these rows, without building the runs: every digest asks for them."""
    arrays = (array for row in rows for array in json.loads(zlib.decompress(row["runs"])))
    # Highlights are stored as columns, the ids first; a run without highlights has no columns.
    return frozenset(paper_id for *_, highlights, _ in arrays if highlights for paper_id in highlights[0])


def select_server_runs_with_papers(connection: Connection, guild_id: int, ids: Iterable[str]) -> list[PastRun]:
    """The past runs in which a server may have seen one of these papers."""
    return _select_runs(connection, _AROUND.format(papers=_THESE, whose=_OF_GUILD), json.dumps(list(ids)), guild_id)


def select_runs_covering(connection: Connection, subscription_id: int, day: date) -> list[PastRun]:
    """A subscription's past runs that covered the list of `day`, oldest first."""
    around = "(SELECT id FROM past_runs WHERE subscription_id = ? AND until >= ? AND since <= ?)"
    runs = _select_runs(connection, around, subscription_id, day.isoformat(), day.isoformat())
    return sorted((run for run in runs if day in run.days), key=lambda run: run.run_date)


def select_runs_since(connection: Connection, guild_id: int, day: date) -> list[PastRun]:
    """A server's past runs that posted something on `day` or later, and perhaps some earlier ones."""
    later = f"(SELECT id FROM past_runs WHERE until >= ? AND subscription_id IN {_OF_GUILD})"
    return _select_runs(connection, later, day.isoformat(), guild_id)


def select_all_runs(connection: Connection, subscription_id: int) -> list[PastRun]:
    """All past runs of a subscription."""
    return _select_runs(connection, "(SELECT id FROM past_runs WHERE subscription_id = ?)", subscription_id)


def _select_runs(connection: Connection, which: str, *values: object) -> list[PastRun]:
    rows = connection.execute(f"{_ROWS} {which}", values)
    return [_run_from_array(array, row) for row in rows for array in json.loads(zlib.decompress(row["runs"]))]


def _run_to_array(run: PastRun) -> list[Any]:
    """A run as JSON values. Small differences and columns of similar values compress best."""
    planned = int(run.planned_at.timestamp())
    messages, last_id = [], 0
    for each in run.messages:
        seconds = int(each.sent_at.timestamp()) - planned
        messages.append((each.number, each.place_id - run.channel_id, each.message_id - last_id, seconds))
        last_id = each.message_id
    highlights = [(each.paper_id, each.upvotes, each.message_number) for each in run.highlights]
    days = [day.isoformat() for day in run.days]
    return [
        *(run.id, run.run_date.isoformat(), planned, run.channel_id, run.settings_version, days),
        *(_rows_to_columns(highlights), _rows_to_columns(messages)),
    ]


def _rows_to_columns(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True))


def _run_from_array(array: Sequence[Any], row: Row) -> PastRun:
    run_id, run_date, planned, channel_id, settings_version, days, highlights, messages = array
    return PastRun(
        run_id,
        date.fromisoformat(run_date),
        datetime.fromtimestamp(planned, UTC),
        channel_id,
        settings_version,
        tuple(date.fromisoformat(day) for day in days),
        tuple(PastHighlight(*each) for each in zip(*highlights, strict=True)),
        tuple(_messages_from_columns(channel_id, planned, zip(*messages, strict=True))),
        row["subscription_id"],
        row["guild_id"] or 0,
    )


def _messages_from_columns(channel_id: int, planned: int, rows: Iterable[tuple[int, ...]]) -> Iterator[PastMessage]:
    """Undo the differences that `_run_to_array` made."""
    message_id = 0
    for number, place, id_step, seconds in rows:
        message_id += id_step
        yield PastMessage(number, channel_id + place, message_id, datetime.fromtimestamp(planned + seconds, UTC))
