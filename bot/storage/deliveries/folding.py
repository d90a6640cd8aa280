"""Finished deliveries of long ago become the past: what nobody asks for any more is deleted."""

import json
import sqlite3
from collections.abc import Iterable
from datetime import date, datetime

from bot.storage.database import fetched
from bot.storage.deliveries.rows import POSTED
from bot.storage.past import PastHighlight, PastMessage, PastRun, insert_past

RUNS = 7  # that become a row of the past
KEPT = 5  # latest runs of each subscription, which its status shows

# What stays, however old: the latest runs, the last that covers its days, the last that can be undone, and those whose
# papers Discord refused.
_LATEST = "(SELECT run_date FROM deliveries WHERE subscription_id = {0} ORDER BY run_date DESC LIMIT 1 OFFSET {1})"
_LAST = (
    "coalesce((SELECT run_date FROM deliveries WHERE subscription_id = {0} AND planned_at < :before AND {1}"
    " ORDER BY run_date DESC LIMIT 1), '9999')"
)
_COVERS = "state IN ('sent', 'quiet')"


def _old(owner: str) -> str:
    """The deliveries of a subscription that become the past."""
    return (
        f"FROM deliveries AS old WHERE subscription_id = {owner} AND state != 'planned' AND planned_at < :before"
        f" AND run_date < min({_LATEST.format(owner, KEPT - 1)}, {_LAST.format(owner, _COVERS)},"
        f" {_LAST.format(owner, POSTED)}) AND NOT EXISTS (SELECT 1 FROM refused_papers WHERE delivery_id = old.id)"
    )


def owners_of_old(connection: sqlite3.Connection, first: int, last: int, before: str) -> list[int]:
    """Those of the subscriptions from `first` to `last` that have enough old runs for a row."""
    rows = connection.execute(
        "SELECT id FROM subscriptions WHERE id BETWEEN :first AND :last"
        f" AND (SELECT count(*) FROM (SELECT 1 {_old('subscriptions.id')} LIMIT {RUNS})) = {RUNS}",
        {"first": first, "last": last, "before": before},
    )
    return [subscription_id for (subscription_id,) in rows]


def fold_oldest(connection: sqlite3.Connection, subscription_id: int, before: str) -> bool:
    """Within a transaction: make a subscription's oldest runs the past; False where they are too few."""
    deliveries = connection.execute(
        f"SELECT * {_old(':subscription')} ORDER BY run_date LIMIT {RUNS}",
        {"subscription": subscription_id, "before": before},
    ).fetchall()
    if len(deliveries) < RUNS:
        return False
    ids = json.dumps([row["id"] for row in deliveries])
    these = "WHERE delivery_id IN (SELECT value FROM json_each(?))"
    messages = fetched(connection, f"SELECT * FROM messages {these} AND message_id IS NOT NULL ORDER BY number", (ids,))
    highlights = fetched(connection, f"SELECT * FROM highlights {these} ORDER BY position", (ids,))
    runs = [_run(row, _of(row, messages), _of(row, highlights)) for row in deliveries]
    if worth := [run for run in runs if run.days or run.highlights]:
        insert_past(connection, subscription_id, worth)
    connection.execute(f"DELETE FROM highlights {these}", (ids,))
    connection.execute(f"DELETE FROM messages {these}", (ids,))
    connection.execute("DELETE FROM deliveries WHERE id IN (SELECT value FROM json_each(?))", (ids,))
    return True


def _of(delivery: sqlite3.Row, rows: Iterable[sqlite3.Row]) -> list[sqlite3.Row]:
    return [row for row in rows if row["delivery_id"] == delivery["id"]]


def _run(delivery: sqlite3.Row, messages: list[sqlite3.Row], highlights: list[sqlite3.Row]) -> PastRun:
    """What is remembered of a delivery."""
    covers = delivery["state"] in {"sent", "quiet"}
    return PastRun(
        delivery["id"],
        date.fromisoformat(delivery["run_date"]),
        datetime.fromisoformat(delivery["planned_at"]),
        delivery["channel_id"],
        delivery["wish"],
        tuple(date.fromisoformat(day) for day in json.loads(delivery["days"])) if covers else (),
        tuple(PastHighlight(row["paper_id"], row["upvotes"], row["message"]) for row in highlights),
        tuple(
            PastMessage(row["number"], row["place_id"], row["message_id"], datetime.fromisoformat(row["sent_at"]))
            for row in messages
        ),
    )
