"""Deliveries as rows: inserted when planned, and read into values."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import partial

from bot.digest import Digest, Highlight, Likeness
from bot.papers import Paper
from bot.storage.connection import Connection, Row
from bot.storage.database import from_iso, read_or_log
from bot.storage.deliveries.values import Delivery, DeliveryState, Message, MessageForm, RejectedPaper
from bot.storage.digest_settings import settings_from_columns
from bot.storage.papers import SELECT_PAPERS, paper_from_row, select_papers
from bot.storage.past_runs import PastRun
from bot.storage.reasons import load_reason

POSTED = (  # a condition: the delivery highlighted something in a message that arrived, even if it was undone later
    "quiet_reason IS NULL AND (deliveries.state = 'undone' OR EXISTS (SELECT 1 FROM messages"
    " WHERE delivery_id = deliveries.id AND message_id IS NOT NULL))"
)


def insert_messages(connection: Connection, delivery_id: int, nonces: Sequence[str]) -> None:
    connection.executemany(
        "INSERT INTO messages (delivery_id, number, nonce) VALUES (?, ?, ?)",
        [(delivery_id, number, nonce) for number, nonce in enumerate(nonces, 1)],
    )


def insert_highlights(
    connection: Connection,
    delivery_id: int,
    subscription_id: int,
    highlights: Iterable[Highlight],
    *,
    apart: bool,
) -> None:
    """Insert highlights: `apart` puts each into a message of its own, otherwise all are in the first."""
    connection.executemany(
        "INSERT INTO highlights (delivery_id, subscription_id, position, paper_id, upvotes, comments, riser,"
        " seen_on, missed, followed, like_example, likeness, message)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                delivery_id,
                subscription_id,
                each.position,
                each.paper.id,
                each.upvotes,
                each.comments,
                each.is_riser,
                each.seen_on and each.seen_on.isoformat(),
                each.is_missed,
                json.dumps(each.followed, ensure_ascii=False) if each.followed else None,
                each.likeness and each.likeness.example,
                each.likeness and each.likeness.value,
                each.position if apart else 1,
            )
            for each in highlights
        ],
    )


def select_highlights(connection: Connection, delivery_ids: list[int]) -> defaultdict[int, tuple[Highlight, ...]]:
    rows = connection.execute(
        "SELECT paper.*, delivery_id, position, highlights.upvotes AS upvotes_then,"
        " highlights.comments AS comments_then, riser, seen_on, missed, followed, like_example, likeness"
        f" FROM highlights JOIN ({SELECT_PAPERS}) AS paper"
        " ON paper.id = paper_id WHERE delivery_id IN (SELECT CAST(value AS BIGINT) FROM json_each(?))"
        " ORDER BY position",
        (json.dumps(delivery_ids),),
    )
    found: defaultdict[int, tuple[Highlight, ...]] = defaultdict(tuple)
    for row in rows:
        found[row["delivery_id"]] += (
            Highlight(
                row["position"],
                paper_from_row(row),
                row["upvotes_then"],
                row["comments_then"],
                bool(row["riser"]),
                date.fromisoformat(row["seen_on"]) if row["seen_on"] else None,
                bool(row["missed"]),
                tuple(json.loads(row["followed"] or "[]")),
                Likeness(row["like_example"], row["likeness"]) if row["like_example"] else None,
            ),
        )
    return found


def select_messages(connection: Connection, delivery_ids: list[int]) -> defaultdict[int, tuple[Message, ...]]:
    rows = connection.execute(
        "SELECT *, (SELECT json_group_array(position) FROM highlights"
        " WHERE highlights.delivery_id = messages.delivery_id AND message = number) AS positions"
        " FROM messages WHERE delivery_id IN (SELECT CAST(value AS BIGINT) FROM json_each(?)) ORDER BY number",
        (json.dumps(delivery_ids),),
    )
    found: defaultdict[int, tuple[Message, ...]] = defaultdict(tuple)
    for row in rows:
        found[row["delivery_id"]] += (
            Message(
                row["number"],
                row["nonce"],
                from_iso(row["attempted_at"]),
                row["place_id"],
                row["message_id"],
                from_iso(row["sent_at"]),
                bool(row["has_thread"]),
                from_iso(row["published_at"]),
                MessageForm(row["form"]),
                row["error_code"],
                row["server_errors"],
                tuple(sorted(json.loads(row["positions"]))),
                row["searched_until"],
                from_iso(row["attempted_at_discord"]),
            ),
        )
    return found


def delivery_from_row(row: Row, highlights: tuple[Highlight, ...], messages: tuple[Message, ...]) -> Delivery:
    def sort_key(message: Message) -> tuple[int, int]:
        """By what it shows, so the second half of a split message follows the first."""
        return (message.positions[0] if message.positions else message.number, message.number)

    return Delivery(
        id=row["id"],
        subscription_id=row["subscription_id"],
        guild_id=row["guild_id"] or 0,
        channel_id=row["channel_id"],
        run_date=date.fromisoformat(row["run_date"]),
        state=DeliveryState(row["state"]),
        reason=load_reason(row["reason"]),
        settings=settings_from_columns(json.loads(row["settings_json"])),
        digest=Digest(
            date.fromisoformat(row["covered_until"]),
            tuple(date.fromisoformat(day) for day in json.loads(row["days"])),
            row["listed"],
            highlights,
            load_reason(row["quiet_reason"]),
            row["left_count"],
        ),
        messages=tuple(sorted(messages, key=sort_key)),
        planned_at=datetime.fromisoformat(row["planned_at"]),
        attempts=row["attempts"],
        rejected_papers=tuple(RejectedPaper(paper_id, code) for paper_id, code in json.loads(row["rejected"])),
        extra=row["extra"],
        user_id=row["user_id"],
        moved_to=row["moved_to"],
    )


def delivery_from_past_run(connection: Connection, run: PastRun) -> Delivery | None:
    """A past run as a delivery, with what is kept of it; None if its settings cannot be read."""
    ((settings,),) = connection.execute(
        "SELECT settings FROM digest_settings WHERE subscription_id = ? AND version = ?",
        (run.subscription_id, run.settings_version),
    )
    papers = select_papers(connection, [each.paper_id for each in run.highlights])
    return read_or_log("delivery", run.id, partial(_build_past_delivery, run, settings, papers))


def _build_past_delivery(run: PastRun, settings: str, papers: Mapping[str, Paper]) -> Delivery:
    return Delivery(
        id=run.id,
        subscription_id=run.subscription_id,
        guild_id=run.guild_id,
        channel_id=run.channel_id,
        run_date=run.run_date,
        state=DeliveryState.SENT if run.highlights else DeliveryState.QUIET,
        reason=None,
        settings=settings_from_columns(json.loads(settings)),
        digest=Digest(
            max(run.days, default=run.run_date),
            run.days,
            highlights=tuple(
                Highlight(position, papers[each.paper_id], each.upvotes, comments=0)
                for position, each in enumerate(run.highlights, 1)
            ),
        ),
        messages=tuple(
            Message(each.number, "", None, each.place_id, each.message_id, each.sent_at) for each in run.messages
        ),
        planned_at=run.planned_at,
        attempts=0,
    )
