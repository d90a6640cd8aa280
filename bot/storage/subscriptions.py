"""The subscriptions: what admins set up, when each is due, and who changed what."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import partial

from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.storage.changes import Action, record_change
from bot.storage.database import Database, assigned, fetched, iso, readable
from bot.storage.reasons import read_reason, reason_json
from bot.storage.wishes import difference, read_wish, wish_row
from bot.subscription.schedule import Run
from bot.subscription.settings import Wish

_Record = Callable[[sqlite3.Connection, int], None]  # notes what was done to which subscription
PER_GUILD = 25  # as many as a select or an autocomplete can show


class SubscriptionState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"  # by an admin
    SUSPENDED = "suspended"  # by us: the channel or our access to it is gone
    REMOVED = "removed"  # kept for the record of what it was sent


@dataclass(frozen=True, slots=True)
class Subscription:
    """A channel's standing wish.

    `reason` says why it is suspended, or what its run waits for.

    `revision` grows with every change by an admin: a plan made from an older one is void.
    """

    id: int
    guild_id: int
    wish: Wish
    state: SubscriptionState
    reason: Reason | None
    next_run: Run
    revision: int

    @property
    def recovers(self) -> bool:
        """Whether it goes on by itself once what is in its way is gone."""
        return self.state is SubscriptionState.SUSPENDED and self.reason is not None and self.reason.recovers


class TooManySubscriptions(Refused):
    """The server has as many subscriptions as it may."""

    def __init__(self) -> None:
        super().__init__(Refusal.TOO_MANY_SUBSCRIPTIONS)


class SameDigest(Refused):
    """The channel has a digest like that already: the one of `known`."""

    def __init__(self, known: Subscription) -> None:
        super().__init__(Refusal.SAME_DIGEST, number=known.id)
        self.known = known


class ChangedMeanwhile(Refused):
    """Somebody else has changed or removed the subscription since it was read; nothing was done."""

    def __init__(self) -> None:
        super().__init__(Refusal.CHANGED_MEANWHILE)


class Subscriptions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, guild_id: int, wish: Wish, *, by: int, now: datetime, next_run: Run, another: bool = True
    ) -> Subscription:
        """A new subscription; raises `TooManySubscriptions`, and `SameDigest` unless it may be `another` like one."""
        known = wish_row(wish) | run_row(next_run)
        known |= {"guild_id": guild_id, "created_by": by, "created_at": iso(now), "state": "active"}

        def insert(connection: sqlite3.Connection) -> Subscription:
            ((count,),) = connection.execute(
                "SELECT count(*) FROM subscriptions WHERE guild_id = ? AND state != 'removed'", (guild_id,)
            )
            if count >= PER_GUILD:
                raise TooManySubscriptions
            if not another:
                _check_unlike(connection, known)
            (row,) = connection.execute(
                f"INSERT INTO subscriptions ({', '.join(known)}) VALUES ({', '.join('?' for _ in known)}) RETURNING *",
                tuple(known.values()),
            )
            added = _subscription(row)
            record_change(connection, added.id, Action.ADDED, by=by, now=now)
            return added

        return await self._database.write(insert)

    async def of_guild(self, guild_id: int) -> list[Subscription]:
        """A server's subscriptions, oldest first."""
        return await self._where("guild_id = ? AND state != 'removed' ORDER BY id", guild_id)

    async def get(self, subscription_id: int) -> Subscription | None:
        found = await self._where("id = ? AND state != 'removed'", subscription_id)
        return found[0] if found else None

    async def count_active(self) -> int:
        """How many subscriptions of all servers are active."""
        ((number,),) = await self._database.rows("SELECT count(*) FROM subscriptions WHERE state = 'active'")
        return int(number)

    async def due(self, now: datetime, only: int | None = None) -> list[Subscription]:
        """Active subscriptions whose next run has come and who have no delivery under way; of all, or `only` one."""
        due = (
            "state = 'active' AND next_run_at <= ? AND NOT EXISTS (SELECT 1 FROM deliveries"
            " WHERE subscription_id = subscriptions.id AND deliveries.state = 'planned')"
        )
        if only is None:
            return await self._where(f"{due} ORDER BY next_run_at", iso(now))
        return await self._where(f"{due} AND id = ?", iso(now), only)

    async def suspended(self, guild_id: int | None = None, *, only: ReasonKind | None = None) -> list[Subscription]:
        """The suspended subscriptions: of all servers or of one, for any reason or `only` one."""
        conditions, values = ["state = 'suspended'"], list[object]()
        if guild_id is not None:
            conditions, values = [*conditions, "guild_id = ?"], [*values, guild_id]
        if only is not None:
            conditions, values = [*conditions, "reason ->> 'kind' = ?"], [*values, only.value]
        return await self._where(f"{' AND '.join(conditions)} ORDER BY id", *values)

    async def recover(self, subscription_id: int, now: datetime) -> None:
        """Have a suspended subscription go on, and say so in the server's log."""

        def recover(connection: sqlite3.Connection) -> None:
            recovered = connection.execute(
                "UPDATE subscriptions SET state = 'active', reason = NULL WHERE id = ? AND state = 'suspended'",
                (subscription_id,),
            )
            if recovered.rowcount:
                record_change(connection, subscription_id, Action.RECOVERED, by=None, now=now)

        await self._database.write(recover)

    async def _where(self, condition: str, *values: object) -> list[Subscription]:
        def look_up(connection: sqlite3.Connection) -> list[Subscription]:
            rows = connection.execute(f"SELECT * FROM subscriptions WHERE {condition}", values)
            found = (readable("subscription", row["id"], partial(_subscription, row)) for row in rows)
            return [subscription for subscription in found if subscription]

        return await self._database.read(look_up)

    async def edit(self, known: Subscription, wish: Wish, next_run: Run, *, by: int, now: datetime) -> Subscription:
        """Change the wish; a suspended subscription is active again. Raises `ChangedMeanwhile`."""
        values = wish_row(wish) | run_row(next_run)
        mended = "reason = NULL, state = CASE state WHEN 'suspended' THEN 'active' ELSE state END"
        edited = partial(record_change, action=Action.EDITED, by=by, now=now, details=difference(known.wish, wish))
        return await self._change(known, edited, f"{assigned(values)}, {mended}", *values.values())

    async def pause(self, known: Subscription, *, by: int, now: datetime) -> Subscription:
        """Raises `ChangedMeanwhile`."""
        paused = partial(record_change, action=Action.PAUSED, by=by, now=now)
        return await self._change(known, paused, "state = 'paused', reason = NULL")

    async def resume(self, known: Subscription, next_run: Run, *, by: int, now: datetime) -> Subscription:
        """Raises `ChangedMeanwhile`."""
        values = run_row(next_run)
        resumed = partial(record_change, action=Action.RESUMED, by=by, now=now)
        return await self._change(
            known, resumed, f"state = 'active', reason = NULL, {assigned(values)}", *values.values()
        )

    async def remove(self, known: Subscription, *, by: int, now: datetime) -> None:
        """Raises `ChangedMeanwhile`."""
        removed = partial(record_change, action=Action.REMOVED, by=by, now=now)
        await self._change(known, removed, "state = 'removed', reason = NULL")

    async def _change(self, known: Subscription, record: _Record, assignments: str, *values: object) -> Subscription:
        """A change by an admin and its record, of which there is neither without the other."""

        def change(connection: sqlite3.Connection) -> Subscription:
            changed = fetched(
                connection,
                f"UPDATE subscriptions SET {assignments}, revision = revision + 1"
                " WHERE id = ? AND revision = ? AND state != 'removed' RETURNING *",
                (*values, known.id, known.revision),
            )
            for row in changed:
                record(connection, known.id)
                return _subscription(row)
            raise ChangedMeanwhile

        return await self._database.write(change)

    async def suspend(self, subscription_id: int, reason: Reason, now: datetime) -> None:
        """Stop until what `reason` names is over, or an admin resumes it."""
        await self._database.write(lambda connection: suspend(connection, subscription_id, reason, now))

    async def wait(self, subscription_id: int, reason: Reason) -> None:
        """Note what a due run waits for; the plan that follows clears it."""
        await self._database.execute(
            "UPDATE subscriptions SET reason = ? WHERE id = ? AND state = 'active'",
            reason_json(reason),
            subscription_id,
        )


def suspend(connection: sqlite3.Connection, subscription_id: int, reason: Reason, now: datetime) -> None:
    """Within a transaction: stop an active subscription, and say so in the server's log."""
    stopped = connection.execute(
        "UPDATE subscriptions SET state = 'suspended', reason = ? WHERE id = ? AND state = 'active'",
        (reason_json(reason), subscription_id),
    )
    if stopped.rowcount:
        record_change(connection, subscription_id, Action.SUSPENDED, by=None, now=now, reason=reason)


def _check_unlike(connection: sqlite3.Connection, new: dict[str, object]) -> None:
    """Raises `SameDigest` where the channel has one of the same cadence, days, time and filter."""
    alike = connection.execute(
        "SELECT * FROM subscriptions WHERE guild_id = :guild_id AND channel_id = :channel_id AND state != 'removed'"
        " AND cadence = :cadence AND query = :query"
        " AND weekdays = :weekdays AND (next_run_at = :next_run_at OR at = :at AND zone = :zone) ORDER BY id LIMIT 1",
        new,
    )
    for row in alike:
        raise SameDigest(_subscription(row))


def run_row(run: Run) -> dict[str, object]:
    return {"next_run_date": run.date.isoformat(), "next_run_at": iso(run.at)}


def _subscription(row: sqlite3.Row) -> Subscription:
    return Subscription(
        id=row["id"],
        guild_id=row["guild_id"],
        wish=read_wish(dict(row)),
        state=SubscriptionState(row["state"]),
        reason=read_reason(row["reason"]),
        next_run=Run(date.fromisoformat(row["next_run_date"]), datetime.fromisoformat(row["next_run_at"])),
        revision=row["revision"],
    )
