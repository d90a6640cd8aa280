"""The subscriptions: what admins set up, and when each is due."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import partial

from bot import metrics
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.share import Share
from bot.storage.audit_log import Action, record_action
from bot.storage.connection import Connection, Row, fetch_all
from bot.storage.database import Database, assignments_for, read_or_log, to_iso
from bot.storage.digest_settings import diff_settings, settings_from_columns, settings_to_columns
from bot.storage.reasons import dump_reason, load_reason
from bot.subscription.schedule import Run
from bot.subscription.settings import DigestSettings

_Record = Callable[[Connection, int], None]  # adds an audit log entry for a subscription
MAX_PER_SERVER = 25  # as many options as a select or an autocomplete can show
SEARCHED = (  # a condition: it is known what it and the others of its channel have posted; see `bot.storage.restored`
    "NOT EXISTS (SELECT 1 FROM restored_subscriptions WHERE subscription_id = subscriptions.id)"
    " AND NOT EXISTS (SELECT 1 FROM restored_subscriptions WHERE channel_id = subscriptions.channel_id)"
)
OWNER = "coalesce(guild_id, user_id)"  # as SQL
_SUSPENDED = "state = 'suspended' AND guild_id IS NOT NULL"
_DUE = (
    "state = 'active' AND next_run_at <= ? AND NOT EXISTS (SELECT 1 FROM deliveries"
    f" WHERE subscription_id = subscriptions.id AND deliveries.state = 'planned') AND {SEARCHED}"
)


class SubscriptionState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"  # by an admin
    SUSPENDED = "suspended"  # by the bot: the channel or our access to it is gone
    REMOVED = "removed"  # the row stays, for its deliveries and the audit log


@dataclass(frozen=True, slots=True)
class Subscription:
    """Regular digests in one channel, as an admin set them up; or in the direct messages with a person, `user_id`.

    `guild_id` is 0 for a person's. There is at most one for each person.

    `reason` says why it is suspended, or what its run waits for. `revision` grows with every change by an admin, and a
    plan made from an older revision is invalid.
    """

    id: int
    guild_id: int
    settings: DigestSettings
    state: SubscriptionState
    reason: Reason | None
    next_run: Run
    revision: int
    user_id: int | None = None

    @property
    def owner_id(self) -> int:
        """The id of the server or of the person."""
        return self.user_id or self.guild_id

    @property
    def log_fields(self) -> dict[str, int]:
        """What it is about, as fields for `extra` of a log line. A person is not named."""
        return {"subscription": self.id} if self.user_id else {"subscription": self.id, "guild": self.guild_id}

    @property
    def is_recoverable(self) -> bool:
        """Whether it recovers by itself once the obstacle is gone."""
        return self.state is SubscriptionState.SUSPENDED and self.reason is not None and self.reason.is_recoverable


class TooManySubscriptions(Refused):
    """The server has as many subscriptions as allowed."""

    def __init__(self) -> None:
        super().__init__(Refusal.TOO_MANY_SUBSCRIPTIONS)


class DuplicateDigest(Refused):
    """The channel has a digest like that already, from the subscription `existing`."""

    def __init__(self, existing: Subscription) -> None:
        super().__init__(Refusal.SAME_DIGEST, number=existing.id)
        self.existing = existing


class ChangedMeanwhile(Refused):
    """The subscription was changed or removed after it was read. Nothing was done."""

    def __init__(self) -> None:
        super().__init__(Refusal.CHANGED_MEANWHILE)


class Subscriptions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, guild_id: int, settings: DigestSettings, *, by: int, now: datetime, next_run: Run, another: bool = True
    ) -> Subscription:
        """Create a subscription. Raises `TooManySubscriptions`.

        Unless `another` one like it is wanted, raises `DuplicateDigest` if the channel has one.
        """
        values = settings_to_columns(settings) | run_to_columns(next_run)
        values |= {"guild_id": guild_id, "created_by": by, "created_at": to_iso(now), "state": "active"}

        def insert(connection: Connection) -> Subscription:
            ((count,),) = connection.execute(
                "SELECT count(*) FROM subscriptions WHERE guild_id = ? AND state != 'removed'", (guild_id,)
            )
            if count >= MAX_PER_SERVER:
                raise TooManySubscriptions
            if not another:
                _check_not_duplicate(connection, values)
            placeholders = ", ".join("?" for _ in values)
            (row,) = connection.execute(
                f"INSERT INTO subscriptions ({', '.join(values)}) VALUES ({placeholders}) RETURNING *",
                tuple(values.values()),
            )
            added = subscription_from_row(row)
            record_action(connection, added.id, Action.ADDED, by=by, now=now)
            return added

        return await self._database.write(insert)

    async def list_for_server(self, guild_id: int) -> list[Subscription]:
        """A server's subscriptions, oldest first."""
        return await self._select_where("guild_id = ? AND state != 'removed' ORDER BY id", guild_id)

    async def get(self, subscription_id: int) -> Subscription | None:
        found = await self._select_where("id = ? AND state != 'removed'", subscription_id)
        return found[0] if found else None

    async def add_for_person(
        self, user_id: int, settings: DigestSettings, *, now: datetime, next_run: Run
    ) -> Subscription:
        """The subscription of a person, created with these settings, or with the channel that is in them."""
        values = settings_to_columns(settings) | run_to_columns(next_run)
        values |= {"user_id": user_id, "created_by": user_id, "created_at": to_iso(now), "state": "active"}
        placeholders = ", ".join("?" for _ in values)

        def insert(connection: Connection) -> Subscription:
            (row,) = fetch_all(
                connection,
                f"INSERT INTO subscriptions ({', '.join(values)}) VALUES ({placeholders})"
                " ON CONFLICT (user_id) WHERE user_id IS NOT NULL DO UPDATE SET channel_id = excluded.channel_id"
                " RETURNING *",
                tuple(values.values()),
            )
            return subscription_from_row(row)

        return await self._database.write(insert)

    async def get_for_person(self, user_id: int) -> Subscription | None:
        found = await self._select_where("user_id = ?", user_id)
        return found[0] if found else None

    async def move_for_person(self, user_id: int, channel_id: int) -> None:
        """Record that the direct messages with a person are in another channel."""
        await self._database.execute("UPDATE subscriptions SET channel_id = ? WHERE user_id = ?", channel_id, user_id)

    async def take_closed_inbox_notice(self, user_id: int) -> Reason | None:
        """Why a person's digests are suspended, if they have to be told; each suspension is told once."""
        untold = "user_id = ? AND state = 'suspended' AND has_notice = 1"
        if not await self._database.fetch_rows(f"SELECT 1 FROM subscriptions WHERE {untold}", user_id):
            return None  # nearly always: what is only read waits for nothing

        def take(connection: Connection) -> Reason | None:
            taken = fetch_all(
                connection, f"UPDATE subscriptions SET has_notice = 0 WHERE {untold} RETURNING reason", (user_id,)
            )
            return load_reason(taken[0]["reason"]) if taken else None

        return await self._database.write(take)

    async def count_active(self, share: Share) -> int:
        """How many subscriptions are active, of servers and people."""
        ((number,),) = await self._database.fetch_rows(
            f"SELECT count(*) FROM subscriptions WHERE state = 'active' AND {share.build_condition(OWNER)}"
        )
        return int(number)

    async def list_due(self, share: Share, now: datetime) -> list[Subscription]:
        """Servers' subscriptions that are due: active ones whose next run has come, with no delivery under way."""
        return await self._select_where(
            f"{_DUE} AND user_id IS NULL AND {share.build_condition('guild_id')} ORDER BY next_run_at", to_iso(now)
        )

    async def get_if_due(self, subscription_id: int, now: datetime) -> Subscription | None:
        """A subscription, of a server or a person, if it is due in the same sense."""
        found = await self._select_where(f"{_DUE} AND id = ?", to_iso(now), subscription_id)
        return found[0] if found else None

    async def list_due_people(
        self, share: Share, now: datetime, *, limit: int, after: Subscription | None = None
    ) -> list[Subscription]:
        """So many of the people's subscriptions that are due, in the order in which they fell due, `after` that one."""
        last = (to_iso(after.next_run.at), after.id) if after else ("", 0)
        return await self._select_where(
            f"{_DUE} AND user_id IS NOT NULL AND {share.build_condition('user_id')}"
            " AND (next_run_at, id) > (?, ?) ORDER BY next_run_at, id LIMIT ?",
            *(to_iso(now), *last, limit),
        )

    async def list_suspended(self, share: Share, *, only: ReasonKind | None = None) -> list[Subscription]:
        """The suspended subscriptions of servers, for any kind of reason or `only` one."""
        condition = f"{_SUSPENDED} AND {share.build_condition('guild_id')}"
        order = "ORDER BY +id"  # the sign keeps SQLite from walking all subscriptions in their order
        if only is None:
            return await self._select_where(f"{condition} {order}")
        return await self._select_where(f"{condition} AND reason ->> 'kind' = ? {order}", only.value)

    async def list_suspended_in_server(self, guild_id: int) -> list[Subscription]:
        """The suspended subscriptions of one server."""
        return await self._select_where(f"{_SUSPENDED} AND guild_id = ? ORDER BY id", guild_id)

    async def recover(self, subscription_id: int, now: datetime) -> None:
        """Make a suspended subscription active again, with an entry in the audit log."""

        def recover(connection: Connection) -> bool:
            recovered = connection.execute(
                "UPDATE subscriptions SET state = 'active', reason = NULL WHERE id = ? AND state = 'suspended'",
                (subscription_id,),
            )
            if recovered.rowcount:
                record_action(connection, subscription_id, Action.RECOVERED, by=None, now=now)
            return recovered.rowcount > 0

        if await self._database.write(recover):
            metrics.count_recovery()

    async def _select_where(self, condition: str, *values: object) -> list[Subscription]:
        def select_subscriptions(connection: Connection) -> list[Subscription]:
            rows = connection.execute(f"SELECT * FROM subscriptions WHERE {condition}", values)
            found = (read_or_log("subscription", row["id"], partial(subscription_from_row, row)) for row in rows)
            return [subscription for subscription in found if subscription]

        return await self._database.read(select_subscriptions)

    async def edit(
        self, known: Subscription, settings: DigestSettings, next_run: Run, *, by: int, now: datetime
    ) -> Subscription:
        """Change the settings; a suspended subscription becomes active again. Raises `ChangedMeanwhile`."""
        values = settings_to_columns(settings) | run_to_columns(next_run)
        end_suspension = "reason = NULL, state = CASE state WHEN 'suspended' THEN 'active' ELSE state END"
        details = diff_settings(known.settings, settings)
        record = partial(record_action, action=Action.EDITED, by=by, now=now, details=details)
        return await self._apply_change(known, record, f"{assignments_for(values)}, {end_suspension}", *values.values())

    async def pause(self, known: Subscription, *, by: int, now: datetime) -> Subscription:
        """Raises `ChangedMeanwhile`."""
        record = partial(record_action, action=Action.PAUSED, by=by, now=now)
        return await self._apply_change(known, record, "state = 'paused', reason = NULL")

    async def resume(self, known: Subscription, next_run: Run, *, by: int, now: datetime) -> Subscription:
        """Raises `ChangedMeanwhile`."""
        values = run_to_columns(next_run)
        record = partial(record_action, action=Action.RESUMED, by=by, now=now)
        return await self._apply_change(
            known, record, f"state = 'active', reason = NULL, {assignments_for(values)}", *values.values()
        )

    async def remove(self, known: Subscription, *, by: int, now: datetime) -> None:
        """Raises `ChangedMeanwhile`."""
        record = partial(record_action, action=Action.REMOVED, by=by, now=now)
        await self._apply_change(known, record, "state = 'removed', reason = NULL")

    async def _apply_change(
        self, known: Subscription, record: _Record, assignments: str, *values: object
    ) -> Subscription:
        """Make an admin's change and its audit log entry in one transaction. Raises `ChangedMeanwhile`."""

        def change(connection: Connection) -> Subscription:
            changed = fetch_all(
                connection,
                f"UPDATE subscriptions SET {assignments}, revision = revision + 1"
                " WHERE id = ? AND revision = ? AND state != 'removed' RETURNING *",
                (*values, known.id, known.revision),
            )
            for row in changed:
                record(connection, known.id)
                return subscription_from_row(row)
            raise ChangedMeanwhile

        return await self._database.write(change)

    async def suspend(self, subscription_id: int, reason: Reason, now: datetime) -> None:
        """Suspend an active subscription until the obstacle is gone, or an admin resumes it."""
        if await self._database.write(
            lambda connection: suspend_subscription(connection, subscription_id, reason, now)
        ):
            metrics.count_suspension(reason.kind)

    async def suspend_blocked(self, share: Share, people: Iterable[int]) -> None:
        """Suspend the subscriptions of these people, whom the operator blocks, and resume those of all others.

        What was under way to them is not sent. Whoever is not blocked any more gets one digest with what is new.
        """
        ids, reason = json.dumps([*filter(share.has, people)]), dump_reason(Reason(ReasonKind.BLOCKED))

        def suspend(connection: Connection) -> None:
            connection.execute(
                "UPDATE subscriptions SET state = 'active', reason = NULL, revision = revision + 1"
                " WHERE user_id IS NOT NULL AND state = 'suspended' AND reason ->> 'kind' = 'blocked'"
                " AND user_id NOT IN (SELECT CAST(value AS BIGINT) FROM json_each(?))"
                f" AND {share.build_condition('user_id')}",
                (ids,),
            )
            connection.execute(
                "UPDATE subscriptions SET state = 'suspended', reason = ?, has_notice = 0, revision = revision + 1"
                " WHERE user_id IN (SELECT CAST(value AS BIGINT) FROM json_each(?)) AND state = 'active'",
                (reason, ids),
            )

        await self._database.write(suspend)

    async def set_waiting_reason(self, subscription_id: int, reason: Reason) -> None:
        """Record what a due run waits for; planning it clears this."""
        await self._database.execute(
            "UPDATE subscriptions SET reason = ? WHERE id = ? AND state = 'active'",
            dump_reason(reason),
            subscription_id,
        )


def suspend_subscription(connection: Connection, subscription_id: int, reason: Reason, now: datetime) -> bool:
    """Within a transaction: suspend an active subscription, with an entry in the audit log or a notice for a person.

    Returns whether it was active.
    """
    suspended = connection.execute(
        "UPDATE subscriptions SET state = 'suspended', reason = ?, has_notice ="
        " CASE WHEN user_id IS NOT NULL THEN 1 ELSE 0 END"
        " WHERE id = ? AND state = 'active'",
        (dump_reason(reason), subscription_id),
    )
    if suspended.rowcount:
        record_action(connection, subscription_id, Action.SUSPENDED, by=None, now=now, reason=reason)
    return suspended.rowcount > 0


def _check_not_duplicate(connection: Connection, new: dict[str, object]) -> None:
    """Raises `DuplicateDigest` if the channel has one with the same cadence, weekdays, time and filter."""
    alike = connection.execute(
        "SELECT * FROM subscriptions WHERE guild_id = :guild_id AND channel_id = :channel_id AND state != 'removed'"
        " AND cadence = :cadence AND filter = :filter"
        " AND weekdays = :weekdays AND (next_run_at = :next_run_at OR time = :time AND timezone = :timezone)"
        " ORDER BY id LIMIT 1",
        new,
    )
    for row in alike:
        raise DuplicateDigest(subscription_from_row(row))


def run_to_columns(run: Run) -> dict[str, object]:
    return {"next_run_date": run.date.isoformat(), "next_run_at": to_iso(run.at)}


def subscription_from_row(row: Row) -> Subscription:
    return Subscription(
        id=row["id"],
        guild_id=row["guild_id"] or 0,
        settings=settings_from_columns(dict(row)),
        state=SubscriptionState(row["state"]),
        reason=load_reason(row["reason"]),
        next_run=Run(date.fromisoformat(row["next_run_date"]), datetime.fromisoformat(row["next_run_at"])),
        revision=row["revision"],
        user_id=row["user_id"],
    )
