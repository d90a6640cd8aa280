"""Old finished deliveries become past runs: what is no longer needed of them is deleted."""

import json
from collections.abc import Iterable
from datetime import date, datetime

from bot.share import Share
from bot.storage.connection import Connection, Row, fetch_all
from bot.storage.deliveries.rows import POSTED
from bot.storage.past_runs import PastHighlight, PastMessage, PastRun, insert_past_runs
from bot.storage.subscriptions import OWNER

RUNS_PER_ROW = 7
LATEST_KEPT = 5  # latest runs of each subscription, which its status shows

# Never packed, however old: the latest runs, the last that covers its days, the last that can be undone, and those with
# papers that Discord rejected.
_LATEST = "(SELECT run_date FROM deliveries WHERE subscription_id = {0} ORDER BY run_date DESC LIMIT 1 OFFSET {1})"
_LAST = (
    "coalesce((SELECT run_date FROM deliveries WHERE subscription_id = {0} AND planned_at < :before AND {1}"
    " ORDER BY run_date DESC LIMIT 1), '9999')"
)
_COVERS = "extra = 0 AND state IN ('sent', 'quiet')"


def _old_deliveries_sql(owner: str) -> str:
    """The deliveries of a subscription that can be packed."""
    return (
        f"FROM deliveries AS old WHERE subscription_id = {owner} AND state != 'planned' AND planned_at < :before"
        f" AND run_date < min({_LATEST.format(owner, LATEST_KEPT - 1)}, {_LAST.format(owner, _COVERS)},"
        f" {_LAST.format(owner, POSTED)}) AND NOT EXISTS (SELECT 1 FROM rejected_papers WHERE delivery_id = old.id)"
    )


def find_packable_subscriptions(connection: Connection, share: Share, first: int, last: int, before: str) -> list[int]:
    """The subscriptions with ids from `first` to `last` that have enough old runs for a row."""
    rows = connection.execute(
        f"SELECT id FROM subscriptions WHERE id BETWEEN :first AND :last AND {share.build_condition(OWNER)}"
        f" AND (SELECT count(*) FROM (SELECT 1 {_old_deliveries_sql('subscriptions.id')}"
        f" LIMIT {RUNS_PER_ROW}) AS oldest)"
        f" = {RUNS_PER_ROW}",
        {"first": first, "last": last, "before": before},
    )
    return [subscription_id for (subscription_id,) in rows]


def pack_oldest_runs(connection: Connection, subscription_id: int, before: str) -> bool:
    """Within a transaction: pack a subscription's oldest runs into a row; False if they are too few."""
    deliveries = connection.execute(
        f"SELECT * {_old_deliveries_sql(':subscription')} ORDER BY run_date LIMIT {RUNS_PER_ROW}",
        {"subscription": subscription_id, "before": before},
    ).fetchall()
    if len(deliveries) < RUNS_PER_ROW:
        return False
    ids = json.dumps([row["id"] for row in deliveries])
    these = "WHERE delivery_id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))"
    messages = fetch_all(
        connection, f"SELECT * FROM messages {these} AND message_id IS NOT NULL ORDER BY number", (ids,)
    )
    highlights = fetch_all(connection, f"SELECT * FROM highlights {these} ORDER BY position", (ids,))
    runs = [_build_past_run(row, _rows_of(row, messages), _rows_of(row, highlights)) for row in deliveries]
    if kept := [run for run in runs if run.days or run.highlights]:
        insert_past_runs(connection, subscription_id, kept)
    connection.execute(f"DELETE FROM highlights {these}", (ids,))
    connection.execute(f"DELETE FROM messages {these}", (ids,))
    connection.execute("DELETE FROM deliveries WHERE id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))", (ids,))
    return True


def _rows_of(delivery: Row, rows: Iterable[Row]) -> list[Row]:
    return [row for row in rows if row["delivery_id"] == delivery["id"]]


def _build_past_run(delivery: Row, messages: list[Row], highlights: list[Row]) -> PastRun:
    """What is kept of a delivery."""
    covers = delivery["state"] in {"sent", "quiet"} and not delivery["extra"]
    return PastRun(
        delivery["id"],
        date.fromisoformat(delivery["run_date"]),
        datetime.fromisoformat(delivery["planned_at"]),
        delivery["channel_id"],
        delivery["settings_version"],
        tuple(date.fromisoformat(day) for day in json.loads(delivery["days"])) if covers else (),
        tuple(PastHighlight(row["paper_id"], row["upvotes"], row["message"]) for row in highlights),
        tuple(
            PastMessage(row["number"], row["place_id"], row["message_id"], datetime.fromisoformat(row["sent_at"]))
            for row in messages
        ),
    )
