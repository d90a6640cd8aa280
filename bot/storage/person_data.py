"""All that is stored of one person, read at one moment."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from bot.reasons import Reason
from bot.storage.audit_log import Action
from bot.storage.connection import Connection, Row, fetch_all
from bot.storage.followed_queries import How, MutedKind
from bot.storage.past_runs import PastRun, select_all_runs
from bot.storage.reasons import load_reason

Settings = Mapping[str, Any]
_NO_SETTINGS = {  # the columns of a subscription that are no settings
    *("id", "guild_id", "user_id", "state", "reason", "next_run_date", "next_run_at", "revision"),
    *("created_by", "created_at", "has_notice"),
}
_THESE = "WHERE delivery_id IN (SELECT id FROM deliveries WHERE subscription_id = ?)"
PACKED = "past"  # the state of a delivery of long ago


@dataclass(frozen=True, slots=True)
class PersonalDigest:
    """A person's subscription: its settings and earlier ones by column name, and when a problem was told.

    With `has_notice`, they are still to be told of one.
    """

    state: str
    reason: Reason | None
    settings: Settings
    created_at: datetime
    next_run_at: datetime
    earlier_settings: tuple[Settings, ...]
    notices: tuple[datetime, ...]
    has_notice: bool


@dataclass(frozen=True, slots=True)
class FollowedSince:
    query: str
    how: How
    first_day: date
    since: datetime


@dataclass(frozen=True, slots=True)
class MutedSince:
    kind: MutedKind
    value: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved paper. One with `removed_at` is deleted a day later."""

    paper: str
    saved_at: datetime
    read_at: datetime | None
    note: str
    own_tags: tuple[str, ...]
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveredPaper:
    """A paper with the upvotes and comments it had then, the number of its message, and which queries brought it."""

    paper: str
    message: int
    upvotes: int
    comments: int | None = None
    followed: tuple[str, ...] = ()
    like_example: str | None = None
    likeness: float | None = None


@dataclass(frozen=True, slots=True)
class DeliveredMessage:
    number: int
    channel_id: int | None
    message_id: int | None
    sent_at: datetime | None
    error_code: int | None = None


@dataclass(frozen=True, slots=True)
class RejectedByDiscord:
    """A paper that Discord did not let us send, with its error code."""

    paper: str
    error_code: int


@dataclass(frozen=True, slots=True)
class PersonalDelivery:
    """What came to a person, or was to come; `left_count` papers were left for the next one.

    Of one of long ago, less is kept, and its state is `PACKED`.
    """

    run_date: date
    extra: int | None
    state: str
    reason: Reason | None
    planned_at: datetime
    days: tuple[date, ...]
    papers: tuple[DeliveredPaper, ...]
    messages: tuple[DeliveredMessage, ...]
    rejected_papers: tuple[RejectedByDiscord, ...] = ()
    left_count: int | None = None


@dataclass(frozen=True, slots=True)
class OpenPanel:
    """Settings that a person is editing; `server_id` is 0 for their own."""

    server_id: int
    subscription: int | None
    settings: Settings
    mistyped: Mapping[str, str]
    guessed_from: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ServerAction:
    """What a person did to a server's subscription, with the settings they changed: [before, after] by column name."""

    server_id: int
    subscription: int
    action: Action
    changes: Mapping[str, Any]
    made_at: datetime


@dataclass(frozen=True, slots=True)
class ServerSubscription:
    """A server's subscription that a person set up."""

    server_id: int
    subscription: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PersonData:
    user_id: int
    digest: PersonalDigest | None
    followed: tuple[FollowedSince, ...]
    muted: tuple[MutedSince, ...]
    saved: tuple[Saved, ...]
    deliveries: tuple[PersonalDelivery, ...]
    open_panels: tuple[OpenPanel, ...]
    server_actions: tuple[ServerAction, ...]
    server_subscriptions: tuple[ServerSubscription, ...]
    idle_since: datetime | None

    @property
    def is_empty(self) -> bool:
        kinds = (self.followed, self.muted, self.saved, self.deliveries, self.open_panels)
        return not (self.digest or any(kinds) or self.server_actions or self.server_subscriptions)


def read_person_data(connection: Connection, user_id: int) -> PersonData:
    """Within a transaction: all that is stored of a person, oldest first."""
    subscriptions = fetch_all(connection, "SELECT * FROM subscriptions WHERE user_id = ?", (user_id,))
    idle = fetch_all(connection, "SELECT since FROM idle_people WHERE user_id = ?", (user_id,))
    return PersonData(
        user_id,
        _read_digest(connection, subscriptions[0]) if subscriptions else None,
        tuple(
            FollowedSince(row["query"], How(row["how"]), date.fromisoformat(row["first_day"]), _time(row["created_at"]))
            for row in _select(connection, "followed_queries WHERE user_id = ? ORDER BY id", user_id)
        ),
        tuple(
            MutedSince(MutedKind(row["kind"]), row["value"], _time(row["muted_at"]))
            for row in _select(connection, "muted WHERE user_id = ? ORDER BY muted_at", user_id)
        ),
        tuple(
            Saved(
                row["paper_id"],
                _time(row["saved_at"]),
                _time(row["read_at"]) if row["read_at"] else None,
                row["note"],
                tuple(json.loads(row["own_tags"])),
                _time(row["removed_at"]) if row["removed_at"] else None,
            )
            for row in _select(connection, "saved_papers WHERE user_id = ? ORDER BY saved_at, paper_id", user_id)
        ),
        tuple(each for row in subscriptions for each in _read_deliveries(connection, row["id"])),
        tuple(
            OpenPanel(
                row["guild_id"],
                row["subscription_id"],
                json.loads(row["settings"]),
                json.loads(row["mistyped"]),
                row["guessed_from"],
                _time(row["updated_at"]),
            )
            for row in _select(connection, "drafts WHERE user_id = ? ORDER BY updated_at", user_id)
        ),
        tuple(
            ServerAction(
                row["guild_id"],
                row["subscription_id"],
                Action(row["action"]),
                json.loads(row["details"]),
                _time(row["made_at"]),
            )
            for row in _select(connection, "audit_log WHERE user_id = ? ORDER BY id", user_id)
        ),
        tuple(
            ServerSubscription(row["guild_id"], row["id"], _time(row["created_at"]))
            for row in _select(
                connection, "subscriptions WHERE created_by = ? AND guild_id IS NOT NULL ORDER BY id", user_id
            )
        ),
        _time(idle[0]["since"]) if idle else None,
    )


def _select(connection: Connection, what: str, owner_id: int) -> list[Row]:
    return fetch_all(connection, f"SELECT * FROM {what}", (owner_id,))


def _time(stored: str) -> datetime:
    return datetime.fromisoformat(stored)


def _read_digest(connection: Connection, row: Row) -> PersonalDigest:
    versions = _select(connection, "digest_settings WHERE subscription_id = ? ORDER BY version", row["id"])
    notices = _select(connection, "notices WHERE subscription_id = ? ORDER BY told_at", row["id"])
    settings = {name: value for name, value in dict(row).items() if name not in _NO_SETTINGS}
    return PersonalDigest(
        row["state"],
        load_reason(row["reason"]),
        settings,
        _time(row["created_at"]),
        _time(row["next_run_at"]),
        tuple(each for each in (json.loads(version["settings"]) for version in versions) if each != settings),
        tuple(_time(notice["told_at"]) for notice in notices),
        bool(row["has_notice"]),
    )


def _read_deliveries(connection: Connection, subscription_id: int) -> Iterable[PersonalDelivery]:
    yield from map(_past_delivery, sorted(select_all_runs(connection, subscription_id), key=lambda run: run.planned_at))
    papers = _by_delivery(_select(connection, f"highlights {_THESE} ORDER BY position", subscription_id))
    messages = _by_delivery(_select(connection, f"messages {_THESE} ORDER BY number", subscription_id))
    rejected = _by_delivery(_select(connection, "rejected_papers WHERE subscription_id = ?", subscription_id))
    for row in _select(connection, "deliveries WHERE subscription_id = ? ORDER BY planned_at, id", subscription_id):
        yield PersonalDelivery(
            date.fromisoformat(row["run_date"]),
            row["extra"],
            row["state"],
            load_reason(row["reason"] or row["quiet_reason"]),
            _time(row["planned_at"]),
            tuple(date.fromisoformat(day) for day in json.loads(row["days"])),
            tuple(_delivered_paper(each) for each in papers[row["id"]]),
            tuple(_delivered_message(each) for each in messages[row["id"]]),
            tuple(RejectedByDiscord(each["paper_id"], each["error_code"]) for each in rejected[row["id"]]),
            row["left_count"],
        )


def _by_delivery(rows: Iterable[Row]) -> defaultdict[int, list[Row]]:
    found: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["delivery_id"]].append(row)
    return found


def _delivered_paper(row: Row) -> DeliveredPaper:
    followed = tuple(json.loads(row["followed"] or "[]"))
    return DeliveredPaper(
        *(row["paper_id"], row["message"], row["upvotes"], row["comments"], followed),
        *(row["like_example"], row["likeness"]),
    )


def _delivered_message(row: Row) -> DeliveredMessage:
    sent_at = _time(row["sent_at"]) if row["sent_at"] else None
    return DeliveredMessage(row["number"], row["place_id"], row["message_id"], sent_at, row["error_code"])


def _past_delivery(run: PastRun) -> PersonalDelivery:
    return PersonalDelivery(
        *(run.run_date, None, PACKED, None, run.planned_at, run.days),
        tuple(DeliveredPaper(each.paper_id, each.message_number, each.upvotes) for each in run.highlights),
        tuple(DeliveredMessage(each.number, each.place_id, each.message_id, each.sent_at) for each in run.messages),
    )
