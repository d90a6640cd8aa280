"""Runs that were found in a channel after a restore become deliveries, within a transaction.

A message tells which run it is of, and its papers. The rest is what it was most likely, and where that is unclear, what
neither repeats nor loses a paper: the next digest may look at a day again, but at no paper.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from bot.digest import get_latest_closed_day
from bot.reasons import Reason, ReasonKind
from bot.storage.connection import Connection, fetch_all
from bot.storage.database import assignments_for, to_iso
from bot.storage.deliveries.reading import select_covered_until, select_extra_count, select_planned_dates
from bot.storage.deliveries.recording import fail_unsent
from bot.storage.digest_settings import save_settings_version
from bot.storage.papers import select_last_change
from bot.storage.reasons import dump_reason
from bot.storage.subscriptions import Subscription, run_to_columns
from bot.subscription.schedule import compute_run_time, find_latest_run, find_next_run


@dataclass(frozen=True, slots=True)
class ShownPaper:
    """A paper as a message shows it: perhaps without a title, and without upvotes if they can't be read."""

    id: str
    title: str
    upvotes: int | None


@dataclass(frozen=True, slots=True)
class OwnMessage:
    """A message of a digest, as it stands in a channel.

    `highlighted` is how many papers its digest has, if the message says so. `place_id` is the channel or forum post.
    """

    message_id: int
    place_id: int
    sent_at: datetime
    nonce: str
    papers: tuple[ShownPaper, ...]
    highlighted: int | None = None
    has_thread: bool = False
    is_published: bool = False


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """A message of a run, or of the `extra`-th extra digest of a date; `position` is that of its first paper."""

    subscription_id: int
    run_date: date
    extra: int
    position: int
    message: OwnMessage


_Run = Sequence[FoundMessage]  # the messages of one run or extra digest, in their order


def record_found_runs(
    connection: Connection, subscription: Subscription, channel_id: int, found: Iterable[FoundMessage]
) -> int:
    """Record the runs that a subscription has posted in a channel since a backup; returns how many were unknown."""
    runs = _group_by_run(found)
    under_way = fetch_all(
        connection,
        "SELECT id, run_date, extra FROM deliveries WHERE subscription_id = ? AND state = 'planned'",
        (subscription.id,),
    )
    keys = {(date.fromisoformat(row["run_date"]), row["extra"]): int(row["id"]) for row in under_way}
    unknown = [run for run in runs if not _has_delivery(connection, run[0])]
    for key, delivery_id in keys.items():
        arrived = next((run for run in runs if (run[0].run_date, run[0].extra) == key), ())
        # A subscription has one delivery under way at a time: what came after it says that it was over.
        _record_arrivals(connection, subscription, delivery_id, arrived, is_over=bool(unknown))
    for run in unknown:
        _insert_run(connection, subscription, channel_id, run)
    return len(unknown)


def count_as_posted(connection: Connection, subscription: Subscription, restored_at: datetime) -> None:
    """Record that everything up to a restore may have been posted, so that nothing of it comes again."""
    under_way = fetch_all(
        connection, "SELECT id FROM deliveries WHERE subscription_id = ? AND state = 'planned'", (subscription.id,)
    )
    for (delivery_id,) in under_way:
        connection.execute(
            "UPDATE messages SET attempted_at = coalesce(attempted_at, ?) WHERE delivery_id = ?",
            (to_iso(restored_at), delivery_id),
        )
        fail_unsent(connection, delivery_id, Reason(ReasonKind.IN_DOUBT), keeping_doubtful=True)
    run_date, extra = find_latest_run(subscription.settings.schedule, restored_at).date, 0
    if select_planned_dates(connection, subscription.id, run_date):
        extra = select_extra_count(connection, subscription.id, run_date) + 1  # beside a run that was found
    closed = get_latest_closed_day(restored_at)
    reason = Reason(ReasonKind.NOT_FOUND_AFTER_RESTORE)
    _insert_delivery(connection, subscription, (run_date, extra), closed, restored_at, state="quiet", quiet=reason)
    if subscription.user_id:  # whose digests look back at days that earlier ones have covered
        connection.execute(
            "UPDATE followed_queries SET first_day = max(first_day, CASE WHEN EXISTS (SELECT 1 FROM followed_queries"
            " WHERE user_id = :user AND how = 'at once') THEN :open ELSE :closed END) WHERE user_id = :user",
            {
                "user": subscription.user_id,
                "open": (restored_at.date() + timedelta(days=1)).isoformat(),
                "closed": (closed + timedelta(days=1)).isoformat(),
            },
        )


def move_next_run(connection: Connection, subscription: Subscription, now: datetime) -> bool:
    """Set the next run, if the one that is stored has come already; returns whether it has."""
    schedule, due = subscription.settings.schedule, subscription.next_run
    if due.at <= now:
        due = find_latest_run(schedule, now)
    planned = select_planned_dates(connection, subscription.id, min(due.date, now.date() - timedelta(days=1)))
    if due.date in planned:
        values = run_to_columns(find_next_run(schedule, now, after=due.date, planned_dates=planned))
        connection.execute(
            f"UPDATE subscriptions SET {assignments_for(values)} WHERE id = ?", (*values.values(), subscription.id)
        )
    return due.date in planned


def _group_by_run(found: Iterable[FoundMessage]) -> list[_Run]:
    """The runs in the order in which they were posted."""

    def run_key(each: FoundMessage) -> tuple[date, int]:
        return (each.run_date, each.extra)

    ordered = sorted(found, key=lambda each: (*run_key(each), each.position, each.message.message_id))
    runs = [list(messages) for _, messages in groupby(ordered, run_key)]
    return sorted(runs, key=lambda run: min(each.message.message_id for each in run))


def _has_delivery(connection: Connection, of: FoundMessage) -> bool:
    key = (of.subscription_id, of.run_date.isoformat(), of.extra)
    known = "SELECT 1 FROM deliveries WHERE subscription_id = ? AND run_date = ? AND extra = ?"
    return bool(fetch_all(connection, known, key))


def _record_arrivals(
    connection: Connection, subscription: Subscription, delivery_id: int, run: _Run, *, is_over: bool
) -> None:
    """Record which messages of a delivery under way have arrived; what is missing is sent, unless it `is_over`."""
    planned = {
        row["nonce"]: json.loads(row["papers"])
        for row in fetch_all(
            connection,
            "SELECT nonce, (SELECT json_group_array(paper_id) FROM highlights"
            " WHERE highlights.delivery_id = messages.delivery_id AND message = number) AS papers"
            " FROM messages WHERE delivery_id = ?",
            (delivery_id,),
        )
    }
    arrived = {each.message.nonce: [paper.id for paper in each.message.papers] for each in run}
    if any(sorted(planned.get(nonce, ["?"])) != sorted(papers) for nonce, papers in arrived.items()):
        # It was split: what was sent is what there is.
        for table in ("highlights", "messages"):
            connection.execute(f"DELETE FROM {table} WHERE delivery_id = ?", (delivery_id,))
        _insert_messages(connection, subscription, delivery_id, run)
        state, reason = _judge_run(run)
        connection.execute(
            "UPDATE deliveries SET state = ?, reason = ?, retry_at = NULL WHERE id = ?",
            (state, dump_reason(reason), delivery_id),
        )
        return
    for each in run:
        connection.execute(
            "UPDATE messages SET attempted_at = NULL, place_id = ?, message_id = ?, sent_at = ?, has_thread = ?,"
            " published_at = ? WHERE delivery_id = ? AND nonce = ?",
            (*_describe_arrival(each.message), delivery_id, each.message.nonce),
        )
    if not is_over:
        return
    is_missing = "SELECT 1 FROM messages WHERE delivery_id = ? AND message_id IS NULL"
    if not fetch_all(connection, is_missing, (delivery_id,)):
        connection.execute(
            "UPDATE deliveries SET state = CASE WHEN quiet_reason IS NULL THEN 'sent' ELSE 'quiet' END, reason = NULL,"
            " retry_at = NULL WHERE id = ?",
            (delivery_id,),
        )
    else:
        fail_unsent(connection, delivery_id, Reason(ReasonKind.FOUND_AFTER_RESTORE), keeping_doubtful=False)


def _insert_run(connection: Connection, subscription: Subscription, channel_id: int, run: _Run) -> None:
    """Insert the delivery of a run that is not known."""
    first, sent_at = run[0], min(each.message.sent_at for each in run)
    state, reason = _judge_run(run)
    delivery_id = _insert_delivery(
        connection,
        subscription,
        (first.run_date, first.extra),
        _find_covered_day(connection, subscription, run, sent_at),
        sent_at,
        state=state,
        reason=reason if state == "failed" else None,
        quiet=reason if state == "quiet" else None,
        channel_id=channel_id,
    )
    _insert_messages(connection, subscription, delivery_id, run)


def _judge_run(run: _Run) -> tuple[str, Reason | None]:
    """Its state. One that lacks papers covers nothing, so that these come with the next digest."""
    shown = sum(len(each.message.papers) for each in run)
    highlighted = max((each.message.highlighted or 0 for each in run), default=0)
    reason = Reason(ReasonKind.FOUND_AFTER_RESTORE)
    if not shown:
        return "quiet", reason
    return ("failed", reason) if shown < highlighted else ("sent", None)


def _find_covered_day(connection: Connection, subscription: Subscription, run: _Run, sent_at: datetime) -> date:
    """The last day that a run has covered, at least: the last that had closed when it was due, or of its papers."""
    schedule, latest = subscription.settings.schedule, get_latest_closed_day(sent_at)
    due = compute_run_time(run[0].run_date, schedule.time, schedule.timezone)
    ids = json.dumps([paper.id for each in run for paper in each.message.papers])
    listed = connection.execute(
        "SELECT min(day) FROM listings WHERE paper_id IN (SELECT value FROM json_each(?)) GROUP BY paper_id", (ids,)
    )
    days = [date.fromisoformat(day) for (day,) in listed]
    return min(latest, max([get_latest_closed_day(min(due, sent_at)), *days]))


def _insert_delivery(
    connection: Connection,
    subscription: Subscription,
    key: tuple[date, int],
    covered: date,
    planned_at: datetime,
    *,
    state: str,
    reason: Reason | None = None,
    quiet: Reason | None = None,
    channel_id: int | None = None,
) -> int:
    """The id of a new delivery of the run, or extra digest, with this date and number."""
    run_date, extra = key
    before = select_covered_until(connection, subscription.id)
    days = connection.execute(
        "SELECT DISTINCT day FROM listings WHERE day > ? AND day <= ? ORDER BY day",
        ((before or covered - timedelta(days=1)).isoformat(), covered.isoformat()),
    )
    ((delivery_id,),) = fetch_all(
        connection,
        "INSERT INTO deliveries (subscription_id, run_date, extra, channel_id, state, reason, quiet_reason,"
        " settings_version, covered_until, days, listed, planned_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?) RETURNING id",
        (
            subscription.id,
            run_date.isoformat(),
            extra,
            channel_id or subscription.settings.channel_id,
            state,
            dump_reason(reason),
            dump_reason(quiet),
            save_settings_version(connection, subscription.id, subscription.settings),
            covered.isoformat(),
            json.dumps([day for (day,) in days]),
            to_iso(planned_at),
        ),
    )
    return int(delivery_id)


def _insert_messages(connection: Connection, subscription: Subscription, delivery_id: int, run: _Run) -> None:
    """Insert the messages of a delivery and their papers. A paper that had come before stays where it is recorded."""
    position = 0
    for number, each in enumerate(run, 1):
        message = each.message
        connection.execute(
            "INSERT INTO messages (delivery_id, number, nonce, place_id, message_id, sent_at, has_thread, published_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (delivery_id, number, message.nonce, *_describe_arrival(message)),
        )
        for paper in message.papers:
            position += 1
            _ensure_paper(connection, paper, message.sent_at)
            connection.execute(
                "INSERT INTO highlights (delivery_id, position, subscription_id, paper_id, upvotes, comments, riser,"
                " message) SELECT ?, ?, ?, id, coalesce(?, upvotes), 0, 0, ? FROM papers WHERE id = ?"
                " ON CONFLICT DO NOTHING",
                (delivery_id, position, subscription.id, paper.upvotes, number, paper.id),
            )


def _ensure_paper(connection: Connection, paper: ShownPaper, sent_at: datetime) -> None:
    """Store what the message says of a paper that the archive lacks; the rest comes when its list is read."""
    inserted = connection.execute(
        "INSERT INTO papers (id, title, abstract, upvotes, comments, authors, tags, media_urls, change)"
        " VALUES (?, ?, '', ?, 0, '[]', '[]', '[]', ?) ON CONFLICT (id) DO NOTHING",
        (paper.id, paper.title, paper.upvotes or 0, select_last_change(connection) + 1),
    )
    if inserted.rowcount:
        connection.execute(
            "INSERT INTO upvote_snapshots (paper_id, taken_at, upvotes) VALUES (?, ?, ?)",
            (paper.id, to_iso(sent_at), paper.upvotes or 0),
        )


def _describe_arrival(message: OwnMessage) -> tuple[object, ...]:
    sent_at = to_iso(message.sent_at)
    published_at = sent_at if message.is_published else None
    return (message.place_id, message.message_id, sent_at, int(message.has_thread), published_at)
