"""The subscriptions: what admins set up, when each is due, and who changed what."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import partial

from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.storage.audit_log import Action, record_action
from bot.storage.database import Database, assignments_for, fetch_all, read_or_log, to_iso
from bot.storage.digest_settings import diff_settings, read_settings, to_columns
from bot.storage.reasons import dump_reason, load_reason
from bot.subscription.schedule import Run
from bot.subscription.settings import DigestSettings

_Record = Callable[[sqlite3.Connection, int], None]  # notes what was done to which subscription
MAX_PER_SERVER = 25  # as many as a select or an autocomplete can show


class SubscriptionState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"  # by an admin
    SUSPENDED = "suspended"  # by us: the channel or our access to it is gone
    REMOVED = "removed"  # kept for the record of what it was sent


@dataclass(frozen=True, slots=True)
class Subscription:
    """A channel's standing settings.

    `reason` says why it is suspended, or what its run waits for.

    `revision` grows with every change by an admin: a plan made from an older one is void.
    """

    id: int
    guild_id: int
    settings: DigestSettings
    state: SubscriptionState
    reason: Reason | None
    next_run: Run
    revision: int

    @property
    def is_recoverable(self) -> bool:
        """Whether it goes on by itself once what is in its way is gone."""
        return self.state is SubscriptionState.SUSPENDED and self.reason is not None and self.reason.is_recoverable


class TooManySubscriptions(Refused):
    """The server has as many subscriptions as it may."""

    def __init__(self) -> None:
        super().__init__(Refusal.TOO_MANY_SUBSCRIPTIONS)


class DuplicateDigest(Refused):
    """The channel has a digest like that already: the one of `known`."""

    def __init__(self, existing: Subscription) -> None:
        super().__init__(Refusal.SAME_DIGEST, number=existing.id)
        self.existing = existing


class ChangedMeanwhile(Refused):
    """Somebody else has changed or removed the subscription since it was read; nothing was done."""

    def __init__(self) -> None:
        super().__init__(Refusal.CHANGED_MEANWHILE)


class Subscriptions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, guild_id: int, settings: DigestSettings, *, by: int, now: datetime, next_run: Run, another: bool = True
    ) -> Subscription:
        """Raises `TooManySubscriptions`, and `DuplicateDigest` for one like it, unless `another` is wanted."""
        known = to_columns(settings) | to_run_columns(next_run)
        known |= {"guild_id": guild_id, "created_by": by, "created_at": to_iso(now), "state": "active"}

        def insert(connection: sqlite3.Connection) -> Subscription:
            ((count,),) = connection.execute(
                "SELECT count(*) FROM subscriptions WHERE guild_id = ? AND state != 'removed'", (guild_id,)
            )
            if count >= MAX_PER_SERVER:
                raise TooManySubscriptions
            if not another:
                _check_not_duplicate(connection, known)
            (row,) = connection.execute(
                f"INSERT INTO subscriptions ({', '.join(known)}) VALUES ({', '.join('?' for _ in known)}) RETURNING *",
                tuple(known.values()),
            )
            added = _read_subscription(row)
            record_action(connection, added.id, Action.ADDED, by=by, now=now)
            return added

        return await self._database.write(insert)

    async def list_for_server(self, guild_id: int) -> list[Subscription]:
        """A server's subscriptions, oldest first."""
        return await self._select_where("guild_id = ? AND state != 'removed' ORDER BY id", guild_id)

    async def get(self, subscription_id: int) -> Subscription | None:
        found = await self._select_where("id = ? AND state != 'removed'", subscription_id)
        return found[0] if found else None

    async def count_active(self) -> int:
        """How many subscriptions of all servers are active."""
        ((number,),) = await self._database.fetch_rows("SELECT count(*) FROM subscriptions WHERE state = 'active'")
        return int(number)

    async def list_due(self, now: datetime, only: int | None = None) -> list[Subscription]:
        """Active subscriptions whose next run has come and who have no delivery under way; of all, or `only` one."""
        due = (
            "state = 'active' AND next_run_at <= ? AND NOT EXISTS (SELECT 1 FROM deliveries"
            " WHERE subscription_id = subscriptions.id AND deliveries.state = 'planned')"
        )
        if only is None:
            return await self._select_where(f"{due} ORDER BY next_run_at", to_iso(now))
        return await self._select_where(f"{due} AND id = ?", to_iso(now), only)

    async def list_suspended(
        self, guild_id: int | None = None, *, only: ReasonKind | None = None
    ) -> list[Subscription]:
        """The suspended subscriptions: of all servers or of one, for any reason or `only` one."""
        conditions, values = ["state = 'suspended'"], list[object]()
        if guild_id is not None:
            conditions, values = [*conditions, "guild_id = ?"], [*values, guild_id]
        if only is not None:
            conditions, values = [*conditions, "reason ->> 'kind' = ?"], [*values, only.value]
        return await self._select_where(f"{' AND '.join(conditions)} ORDER BY id", *values)

    async def recover(self, subscription_id: int, now: datetime) -> None:
        """Have a suspended subscription go on, and say so in the server's log."""

        def recover(connection: sqlite3.Connection) -> None:
            recovered = connection.execute(
                "UPDATE subscriptions SET state = 'active', reason = NULL WHERE id = ? AND state = 'suspended'",
                (subscription_id,),
            )
            if recovered.rowcount:
                record_action(connection, subscription_id, Action.RECOVERED, by=None, now=now)

        await self._database.write(recover)

    async def _select_where(self, condition: str, *values: object) -> list[Subscription]:
        def look_up(connection: sqlite3.Connection) -> list[Subscription]:
            rows = connection.execute(f"SELECT * FROM subscriptions WHERE {condition}", values)
            found = (read_or_log("subscription", row["id"], partial(_read_subscription, row)) for row in rows)
            return [subscription for subscription in found if subscription]

        return await self._database.read(look_up)

    async def edit(
        self, known: Subscription, settings: DigestSettings, next_run: Run, *, by: int, now: datetime
    ) -> Subscription:
        """Change the settings; a suspended subscription is active again. Raises `ChangedMeanwhile`."""
        values = to_columns(settings) | to_run_columns(next_run)
        mended = "reason = NULL, state = CASE state WHEN 'suspended' THEN 'active' ELSE state END"
        edited = partial(
            record_action, action=Action.EDITED, by=by, now=now, details=diff_settings(known.settings, settings)
        )
        return await self._apply_change(known, edited, f"{assignments_for(values)}, {mended}", *values.values())

    async def pause(self, known: Subscription, *, by: int, now: datetime) -> Subscription:
        """Raises `ChangedMeanwhile`."""
        paused = partial(record_action, action=Action.PAUSED, by=by, now=now)
        return await self._apply_change(known, paused, "state = 'paused', reason = NULL")

    async def resume(self, known: Subscription, next_run: Run, *, by: int, now: datetime) -> Subscription:
        """Raises `ChangedMeanwhile`."""
        values = to_run_columns(next_run)
        resumed = partial(record_action, action=Action.RESUMED, by=by, now=now)
        return await self._apply_change(
            known, resumed, f"state = 'active', reason = NULL, {assignments_for(values)}", *values.values()
        )

    async def remove(self, known: Subscription, *, by: int, now: datetime) -> None:
        """Raises `ChangedMeanwhile`."""
        removed = partial(record_action, action=Action.REMOVED, by=by, now=now)
        await self._apply_change(known, removed, "state = 'removed', reason = NULL")

    async def _apply_change(
        self, known: Subscription, record: _Record, assignments: str, *values: object
    ) -> Subscription:
        """A change by an admin and its record, of which there is neither without the other."""

        def change(connection: sqlite3.Connection) -> Subscription:
            changed = fetch_all(
                connection,
                f"UPDATE subscriptions SET {assignments}, revision = revision + 1"
                " WHERE id = ? AND revision = ? AND state != 'removed' RETURNING *",
                (*values, known.id, known.revision),
            )
            for row in changed:
                record(connection, known.id)
                return _read_subscription(row)
            raise ChangedMeanwhile

        return await self._database.write(change)

    async def suspend(self, subscription_id: int, reason: Reason, now: datetime) -> None:
        """Stop until what `reason` names is over, or an admin resumes it."""
        await self._database.write(lambda connection: suspend_subscription(connection, subscription_id, reason, now))

    async def set_waiting_reason(self, subscription_id: int, reason: Reason) -> None:
        """Note what a due run waits for; the plan that follows clears it."""
        await self._database.execute(
            "UPDATE subscriptions SET reason = ? WHERE id = ? AND state = 'active'",
            dump_reason(reason),
            subscription_id,
        )


def suspend_subscription(connection: sqlite3.Connection, subscription_id: int, reason: Reason, now: datetime) -> None:
    """Within a transaction: stop an active subscription, and say so in the server's log."""
    stopped = connection.execute(
        "UPDATE subscriptions SET state = 'suspended', reason = ? WHERE id = ? AND state = 'active'",
        (dump_reason(reason), subscription_id),
    )
    if stopped.rowcount:
        record_action(connection, subscription_id, Action.SUSPENDED, by=None, now=now, reason=reason)


def _check_not_duplicate(connection: sqlite3.Connection, new: dict[str, object]) -> None:
    """Raises `DuplicateDigest` where the channel has one of the same cadence, days, time and filter."""
    alike = connection.execute(
        "SELECT * FROM subscriptions WHERE guild_id = :guild_id AND channel_id = :channel_id AND state != 'removed'"
        " AND cadence = :cadence AND filter = :filter"
        " AND weekdays = :weekdays AND (next_run_at = :next_run_at OR time = :time AND timezone = :timezone)"
        " ORDER BY id LIMIT 1",
        new,
    )
    for row in alike:
        raise DuplicateDigest(_read_subscription(row))


def to_run_columns(run: Run) -> dict[str, object]:
    return {"next_run_date": run.date.isoformat(), "next_run_at": to_iso(run.at)}


def _read_subscription(row: sqlite3.Row) -> Subscription:
    return Subscription(
        id=row["id"],
        guild_id=row["guild_id"],
        settings=read_settings(dict(row)),
        state=SubscriptionState(row["state"]),
        reason=load_reason(row["reason"]),
        next_run=Run(date.fromisoformat(row["next_run_date"]), datetime.fromisoformat(row["next_run_at"])),
        revision=row["revision"],
    )
