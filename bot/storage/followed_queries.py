"""What people follow, and what they want to see less of."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.storage.connection import Connection, Row, fetch_all
from bot.storage.database import Database, assignments_for, to_iso
from bot.storage.deliveries.reading import select_planned_dates
from bot.storage.deliveries.recording import fail_unsent
from bot.storage.digest_settings import settings_to_columns
from bot.storage.reasons import dump_reason
from bot.storage.subscriptions import Subscription, SubscriptionState, run_to_columns, subscription_from_row
from bot.subscription.schedule import Cadence, Run, Schedule, find_next_run
from bot.subscription.settings import DigestSettings

EditSettings = Callable[[DigestSettings | None], DigestSettings]  # None: the person has no subscription yet

MAX_FOLLOWED = 25  # queries of a person, besides the inbox
MAX_MUTED = 100  # of a person
INBOX = ""  # the query of the inbox, which every paper matches


class How(StrEnum):
    """When the papers of a followed query come: with the next digest of the day or of the week, or at once."""

    DAILY = "daily"
    WEEKLY = "weekly"
    AT_ONCE = "at once"


@dataclass(frozen=True, slots=True)
class FollowedQuery:
    """A query that a person follows, as typed; the empty one is their inbox.

    Papers that were listed only before `first_day` don't come.
    """

    id: int
    user_id: int
    query: str
    how: How
    first_day: date

    @property
    def is_inbox(self) -> bool:
        return self.query == INBOX


class MutedKind(StrEnum):
    """What a person can see less of: papers with a tag, by an author or an organisation, or like a paper."""

    TAG = "tag"
    AUTHOR = "author"
    ORG = "org"
    PAPER = "paper"


@dataclass(frozen=True, slots=True)
class Muted:
    """What a person wants to see less of: a name, or for `MutedKind.PAPER` the id of a paper."""

    kind: MutedKind
    value: str


@dataclass(frozen=True, slots=True)
class Following:
    """What a person follows, the inbox among it, and wants to see less of, each oldest first.

    `subscription` brings it. It is None if they never followed anything, *paused* if they follow nothing any more, and
    *suspended* for a reason while it cannot be sent. If they stopped all meanwhile, it is paused with that reason.
    """

    subscription: Subscription | None
    followed: tuple[FollowedQuery, ...] = ()
    muted: tuple[Muted, ...] = ()

    @property
    def inbox(self) -> FollowedQuery | None:
        return next((each for each in self.followed if each.is_inbox), None)

    @property
    def queries(self) -> tuple[FollowedQuery, ...]:
        """What is followed besides the inbox."""
        return tuple(each for each in self.followed if not each.is_inbox)


class FollowedQueries:
    """Changes what people follow, and with it their subscriptions, each change in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_following(self, user_id: int) -> Following:
        """All that is known of what a person follows."""
        return await self._database.read(lambda connection: select_following(connection, user_id))

    async def list_for_person(self, user_id: int) -> list[FollowedQuery]:
        """What a person follows, oldest first."""
        return await self._database.read(lambda connection: list(select_followed(connection, user_id)))

    async def follow(
        self,
        user_id: int,
        query: str,
        how: How,
        first_day: date,
        now: datetime,
        *,
        edit: EditSettings | None = None,
        obstacle: Reason | None = None,
    ) -> FollowedQuery:
        """Follow a query, or change how it is followed. Raises `Refused` if a person follows too many.

        `edit` makes or changes the settings of their subscription, which is active from now on; with an `obstacle`, it
        is suspended. Without `edit`, it is left as it is.
        """

        def insert(connection: Connection) -> FollowedQuery:
            ((count,),) = connection.execute(
                "SELECT count(*) FROM followed_queries WHERE user_id = ? AND query NOT IN (?, ?)",
                (user_id, query, INBOX),
            )
            if query != INBOX and count >= MAX_FOLLOWED:
                raise Refused(Refusal.TOO_MANY_FOLLOWED, number=MAX_FOLLOWED)
            # What passes a minimum at once may all match daily: without a new first day, a week of it would come.
            (row,) = fetch_all(
                connection,
                "INSERT INTO followed_queries (user_id, query, how, first_day, created_at) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (user_id, query) DO UPDATE SET how = excluded.how, first_day = CASE"
                " WHEN followed_queries.how = 'at once' AND excluded.how != 'at once'"
                " THEN max(followed_queries.first_day, excluded.first_day)"
                " ELSE followed_queries.first_day END RETURNING *",
                (user_id, query, how.value, first_day.isoformat(), to_iso(now)),
            )
            if edit:
                _update_subscription(connection, user_id, now, edit, obstacle=obstacle, wakes=True)
            return _followed_query_from_row(row)

        return await self._database.write(insert)

    async def unfollow(self, user_id: int, followed_id: int, now: datetime) -> FollowedQuery | None:
        """Stop following a query, which is returned; None if the person does not follow it.

        If it was the last one, their subscription is paused. A digest that only this has brought is not sent any more.
        """

        def delete(connection: Connection) -> FollowedQuery | None:
            deleted = fetch_all(
                connection,
                "DELETE FROM followed_queries WHERE id = ? AND user_id = ? RETURNING *",
                (followed_id, user_id),
            )
            if deleted:
                _withdraw_planned(connection, user_id)
                _update_subscription(connection, user_id, now)
            return _followed_query_from_row(deleted[0]) if deleted else None

        return await self._database.write(delete)

    async def unfollow_all(self, user_id: int, now: datetime) -> tuple[FollowedQuery, ...]:
        """Stop following anything, and pause the subscription; returns what was followed. Nothing planned is sent.

        What is muted, and which papers have been shown, is kept for the next time.
        """

        def delete_all(connection: Connection) -> tuple[FollowedQuery, ...]:
            deleted = fetch_all(connection, "DELETE FROM followed_queries WHERE user_id = ? RETURNING *", (user_id,))
            if deleted:
                _withdraw_planned(connection, user_id)
                _update_subscription(connection, user_id, now)
            return tuple(sorted(map(_followed_query_from_row, deleted), key=lambda each: each.id))

        return await self._database.write(delete_all)

    async def change_settings(
        self,
        user_id: int,
        now: datetime,
        edit: EditSettings,
        *,
        obstacle: Reason | None = None,
        wakes: bool = False,
    ) -> Following:
        """Change the settings of a person's subscription. The cadence follows from what they follow.

        With `wakes`, a suspended one is active again, or with an `obstacle` suspended for that.
        """

        def change(connection: Connection) -> Following:
            _update_subscription(connection, user_id, now, edit, obstacle=obstacle, wakes=wakes)
            return select_following(connection, user_id)

        return await self._database.write(change)

    async def count_brought(self, subscription_id: int, since: date) -> Mapping[str, int]:
        """How many papers each followed query has brought, in a person's digests since this date."""
        rows = await self._database.fetch_rows(
            "SELECT brought.value AS query, count(*) AS papers FROM deliveries"
            " CROSS JOIN highlights ON highlights.delivery_id = deliveries.id"
            " CROSS JOIN json_each(followed) AS brought"
            " WHERE deliveries.subscription_id = ? AND run_date >= ? GROUP BY brought.value",
            *(subscription_id, since.isoformat()),
        )
        return {row["query"]: row["papers"] for row in rows}

    async def list_muted(self, user_id: int) -> list[Muted]:
        """What a person sees less of, oldest first."""
        return await self._database.read(lambda connection: list(select_muted(connection, user_id)))

    async def mute(self, user_id: int, muted: Muted, now: datetime) -> None:
        """Let a person see less of something; of more than `MAX_MUTED`, the oldest are forgotten."""

        def insert(connection: Connection) -> None:
            connection.execute(
                "INSERT INTO muted (user_id, kind, value, muted_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (user_id, muted.kind.value, muted.value, to_iso(now)),
            )
            connection.execute(
                "DELETE FROM muted WHERE user_id = :user AND (kind, value) IN (SELECT kind, value FROM muted"
                " WHERE user_id = :user ORDER BY muted_at DESC LIMIT 1000 OFFSET :kept)",
                {"user": user_id, "kept": MAX_MUTED},
            )
            _invalidate_composed_digests(connection, user_id)

        await self._database.write(insert)

    async def unmute(self, user_id: int, muted: Muted) -> bool:
        """Undo that; False if it was undone before."""

        def delete(connection: Connection) -> bool:
            deleted = connection.execute(
                "DELETE FROM muted WHERE user_id = ? AND kind = ? AND value = ?",
                (user_id, muted.kind.value, muted.value),
            )
            if deleted.rowcount:
                _invalidate_composed_digests(connection, user_id)
            return deleted.rowcount > 0

        return await self._database.write(delete)


def _invalidate_composed_digests(connection: Connection, user_id: int) -> None:
    """Invalidate a digest that is being composed from what the person wanted until now."""
    connection.execute("UPDATE subscriptions SET revision = revision + 1 WHERE user_id = ?", (user_id,))


def _withdraw_planned(connection: Connection, user_id: int) -> None:
    """Give up digests that nothing has brought which the person still follows; following it again brings none back.

    What may have arrived already counts as shown.
    """
    unwanted = connection.execute(
        "SELECT deliveries.id FROM subscriptions JOIN deliveries ON subscription_id = subscriptions.id"
        " WHERE user_id = :user AND deliveries.state = 'planned' AND NOT EXISTS (SELECT 1 FROM highlights"
        " CROSS JOIN json_each(followed) AS brought CROSS JOIN followed_queries"
        " ON user_id = :user AND followed_queries.query = brought.value WHERE delivery_id = deliveries.id)",
        {"user": user_id},
    )
    for (delivery_id,) in unwanted.fetchall():
        fail_unsent(connection, delivery_id, Reason(ReasonKind.NOT_FOLLOWED), keeping_doubtful=True)


def _update_subscription(
    connection: Connection,
    user_id: int,
    now: datetime,
    edit: EditSettings | None = None,
    *,
    obstacle: Reason | None = None,
    wakes: bool = False,
) -> None:
    """Within a transaction: bring a person's subscription in line with what they follow, or create it by `edit`."""
    known = select_subscription_of_person(connection, user_id)
    if known is None and edit is None:
        return
    followed = select_followed(connection, user_id)
    settings = edit(known.settings if known else None) if edit else known.settings  # type: ignore[union-attr]
    settings = replace(settings, schedule=replace(settings.schedule, cadence=get_cadence(followed)))
    state, reason = _decide_state(known, followed, obstacle, wakes=wakes)
    next_run = _find_next_run(connection, known, settings.schedule, state, now)
    values = settings_to_columns(settings) | run_to_columns(next_run)
    values |= {"state": state.value, "reason": dump_reason(reason)}
    if known:
        connection.execute(
            f"UPDATE subscriptions SET {assignments_for(values)}, revision = revision + 1 WHERE id = ?",
            (*values.values(), known.id),
        )
        return
    values |= {"user_id": user_id, "created_by": user_id, "created_at": to_iso(now)}
    connection.execute(
        f"INSERT INTO subscriptions ({', '.join(values)}) VALUES ({', '.join('?' for _ in values)})",
        tuple(values.values()),
    )


def _decide_state(
    known: Subscription | None, followed: Collection[FollowedQuery], obstacle: Reason | None, *, wakes: bool
) -> tuple[SubscriptionState, Reason | None]:
    if not followed:  # that the inbox was closed is still known when something is followed again
        return SubscriptionState.PAUSED, known.reason if known and known.state is not SubscriptionState.ACTIVE else None
    if obstacle:
        return SubscriptionState.SUSPENDED, obstacle
    if known is None or wakes:
        return SubscriptionState.ACTIVE, None
    return known.state, known.reason


def _find_next_run(
    connection: Connection,
    known: Subscription | None,
    schedule: Schedule,
    state: SubscriptionState,
    now: datetime,
) -> Run:
    """The next run by `schedule`, on a date that has had no run yet. A run that is waiting stays the next one."""
    if known is None:
        return find_next_run(schedule, now)
    if schedule == known.settings.schedule and state is known.state is SubscriptionState.ACTIVE:
        return known.next_run
    yesterday = now.date() - timedelta(days=1)  # which may still be today in the schedule's time zone
    return find_next_run(schedule, now, planned_dates=select_planned_dates(connection, known.id, yesterday))


def get_cadence(followed: Iterable[FollowedQuery]) -> Cadence:
    """How often a person's digest runs. What could not come at once comes with the next daily one."""
    hows = {each.how for each in followed}
    return Cadence.WEEKLY if hows == {How.WEEKLY} else Cadence.DAILY


def select_following(connection: Connection, user_id: int) -> Following:
    return Following(
        select_subscription_of_person(connection, user_id),
        select_followed(connection, user_id),
        select_muted(connection, user_id),
    )


def select_subscription_of_person(connection: Connection, user_id: int) -> Subscription | None:
    rows = fetch_all(connection, "SELECT * FROM subscriptions WHERE user_id = ?", (user_id,))
    return subscription_from_row(rows[0]) if rows else None


def select_followed(connection: Connection, user_id: int) -> tuple[FollowedQuery, ...]:
    """What a person follows, oldest first."""
    rows = connection.execute("SELECT * FROM followed_queries WHERE user_id = ? ORDER BY id", (user_id,))
    return tuple(map(_followed_query_from_row, rows))


def select_muted(connection: Connection, user_id: int) -> tuple[Muted, ...]:
    """What a person sees less of, oldest first."""
    rows = connection.execute("SELECT * FROM muted WHERE user_id = ? ORDER BY muted_at, kind, value", (user_id,))
    return tuple(Muted(MutedKind(row["kind"]), row["value"]) for row in rows)


def _followed_query_from_row(row: Row) -> FollowedQuery:
    return FollowedQuery(row["id"], row["user_id"], row["query"], How(row["how"]), date.fromisoformat(row["first_day"]))
