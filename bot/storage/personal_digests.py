"""What the digests of people are composed from."""

import json
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.digest import list_days_between
from bot.share import Share
from bot.storage.connection import Connection
from bot.storage.database import Database
from bot.storage.deliveries.reading import (
    select_covered_until,
    select_extra_count,
    select_highlighted,
    select_listed_highlighted,
)
from bot.storage.followed_queries import (
    FollowedQuery,
    How,
    Muted,
    select_followed,
    select_muted,
    select_subscription_of_person,
)
from bot.storage.papers import select_capture_times, select_last_change
from bot.storage.subscriptions import SEARCHED, Subscription, SubscriptionState

AFTER_FLOOD = timedelta(days=13)  # in which a person may still have to be shown what did not fit
PAGE = 1000  # followed queries that are read at once


@dataclass(frozen=True, slots=True)
class PersonalInputs:
    """What a person's next digest is composed from, all read at one moment.

    Days up to `covered_until` are done (None before the first run), and `last_run` is the local date of the last run
    that did not fail. `is_behind` if lately papers did not fit. `shown` are the papers since `first_day` that the
    person has been shown, or that Discord does not let us send. `captured_at` says when each list since then was read,
    and `change` is the archive's last change.
    """

    followed: tuple[FollowedQuery, ...]
    muted: tuple[Muted, ...]
    covered_until: date | None
    last_run: date | None
    is_behind: bool
    first_day: date
    shown: frozenset[str]
    captured_at: Mapping[date, datetime]
    change: int


@dataclass(frozen=True, slots=True)
class AtOnceInputs:
    """What a digest beside the runs is composed from: the subscription, what is muted, and the papers shown before.

    `queries` are followed at once. `extra_count` is how many such digests there were on the person's date, `day`.
    """

    subscription: Subscription
    queries: frozenset[str]
    muted: tuple[Muted, ...]
    shown: frozenset[str]
    day: date
    extra_count: int


class PersonalDigests:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def read_inputs(
        self, subscription_id: int, user_id: int, closed: date, look_back: timedelta, max_look_back: timedelta
    ) -> PersonalInputs:
        """What a person's next digest, for days up to `closed`, is composed from.

        What they were shown is read from the days of `look_back`, or if more days are not covered, from these; if
        papers are left, from `max_look_back`. Before the first run, no day is covered.
        """

        def select_inputs(connection: Connection) -> PersonalInputs:
            covered = select_covered_until(connection, subscription_id)
            last_run, is_behind = _select_last_run(connection, subscription_id, closed - AFTER_FLOOD)
            followed = select_followed(connection, user_id)
            first = closed - (max_look_back if is_behind else look_back)
            begins = (
                covered + timedelta(days=1) if covered else min([each.first_day for each in followed], default=first)
            )
            first = max(min(first, begins), closed - max_look_back)
            return PersonalInputs(
                followed,
                select_muted(connection, user_id),
                covered,
                last_run,
                is_behind,
                first,
                select_listed_highlighted(connection, subscription_id, first, closed, own=True),
                select_capture_times(connection, list_days_between(first, closed)),
                select_last_change(connection),
            )

        return await self._database.read(select_inputs)

    async def list_at_once_queries(self, share: Share) -> AsyncIterator[list[str]]:
        """The queries that somebody follows at once, each once, in pages."""
        last = ""
        while True:
            rows = await self._database.fetch_rows(
                "SELECT DISTINCT query FROM followed_queries WHERE how = 'at once' AND query > ?"
                f" AND {share.build_condition('user_id')} ORDER BY query LIMIT ?",
                *(last, PAGE),
            )
            if rows:
                yield [query for (query,) in rows]
            if len(rows) < PAGE:
                return
            ((last,),) = rows[-1:]

    async def find_waiting_people(
        self, share: Share, passing: Collection[tuple[str, str, date]]
    ) -> dict[int, dict[str, list[str]]]:
        """The people who follow one of these queries at once and were not shown its paper: by paper, the queries.

        `passing` are queries, each with a paper that it brings, and the last day on which that was listed. People whose
        digest is on its way are left out.
        """

        def select_people(connection: Connection) -> dict[int, dict[str, list[str]]]:
            rows = connection.execute(
                "SELECT followed_queries.user_id, wanted.value ->> 1, query FROM json_each(?) AS wanted"
                " CROSS JOIN followed_queries ON how = 'at once' AND query = wanted.value ->> 0"
                f" AND first_day <= wanted.value ->> 2 AND {share.build_condition('followed_queries.user_id')}"
                " CROSS JOIN subscriptions ON subscriptions.user_id = followed_queries.user_id AND state = 'active'"
                f" WHERE {SEARCHED} AND NOT EXISTS (SELECT 1 FROM highlights"
                " WHERE subscription_id = subscriptions.id AND paper_id = wanted.value ->> 1)"
                " AND NOT EXISTS (SELECT 1 FROM rejected_papers"
                " WHERE subscription_id = subscriptions.id AND paper_id = wanted.value ->> 1)"
                " AND NOT EXISTS (SELECT 1 FROM deliveries"
                " WHERE subscription_id = subscriptions.id AND deliveries.state = 'planned')"
                " ORDER BY followed_queries.id",
                (json.dumps([(query, paper_id, day.isoformat()) for query, paper_id, day in passing]),),
            )
            people: defaultdict[int, dict[str, list[str]]] = defaultdict(dict)
            for user_id, paper_id, query in rows:
                people[user_id].setdefault(paper_id, []).append(query)
            return people

        return await self._database.read(select_people)

    async def read_at_once_inputs(self, user_id: int, paper_ids: Collection[str], now: datetime) -> AtOnceInputs | None:
        """What a digest beside the runs is composed from; None if it must not be sent any more."""

        def select_inputs(connection: Connection) -> AtOnceInputs | None:
            known = select_subscription_of_person(connection, user_id)
            if known is None or known.state is not SubscriptionState.ACTIVE:
                return None
            day = now.astimezone(known.settings.schedule.timezone).date()
            return AtOnceInputs(
                known,
                frozenset(each.query for each in select_followed(connection, user_id) if each.how is How.AT_ONCE),
                select_muted(connection, user_id),
                select_highlighted(connection, known.id, list(paper_ids), own=True),
                day,
                select_extra_count(connection, known.id, day),
            )

        return await self._database.read(select_inputs)


def _select_last_run(connection: Connection, subscription_id: int, since: date) -> tuple[date | None, bool]:
    """The date of the last run that did not fail, and whether one from `since` on left papers for later."""
    ((last, is_behind),) = connection.execute(
        "SELECT max(run_date), max(run_date) FILTER (WHERE left_count > 0 AND run_date >= ?) IS NOT NULL"
        " FROM deliveries WHERE subscription_id = ? AND extra = 0 AND state NOT IN ('failed', 'undone')",
        (since.isoformat(), subscription_id),
    )
    return (date.fromisoformat(last) if last else None), bool(is_behind)
