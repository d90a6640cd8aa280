"""Reading deliveries and past runs."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import partial

from bot.digest import RISER_DAYS, list_days_between
from bot.reasons import ReasonKind
from bot.share import Share
from bot.storage.connection import Connection, fetch_all
from bot.storage.database import Database, read_or_log, to_iso
from bot.storage.deliveries.rows import (
    POSTED,
    delivery_from_past_run,
    delivery_from_row,
    select_highlights,
    select_messages,
)
from bot.storage.deliveries.values import Delivery, DigestInputs
from bot.storage.digest_settings import DELIVERED_SETTINGS
from bot.storage.papers import select_capture_times, select_last_change
from bot.storage.past_runs import (
    select_highlighted_long_ago,
    select_listed_highlighted_long_ago,
    select_runs_covering,
    select_runs_since,
    select_runs_with_papers,
    select_server_runs_with_papers,
)
from bot.storage.subscriptions import SEARCHED, Subscription
from bot.subscription.settings import DigestSettings

MAX_WAIT = timedelta(hours=1)  # until another try; a longer wait means that the clock was set back

_MAY_BE_TRIED = (
    "subscriptions.state = 'active' AND (retry_at IS NULL OR retry_at <= ? OR retry_at > ? OR next_run_at <= ?)"
    f" AND {SEARCHED}"
)


class DeliveryReader:
    """Reads deliveries; `Deliveries` also changes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, delivery_id: int) -> Delivery | None:
        return await self._select_one("deliveries.id = ?", delivery_id)

    async def find_by_nonce(self, nonce: str) -> Delivery | None:
        """The delivery that a message belongs to."""
        return await self._select_one("deliveries.id = (SELECT delivery_id FROM messages WHERE nonce = ?)", nonce)

    async def list_under_way(self, share: Share, now: datetime) -> list[Delivery]:
        """Planned deliveries of servers' active subscriptions that may be tried now."""
        return await self._select_where(
            f"deliveries.id IN (SELECT id FROM deliveries WHERE state = 'planned') AND {_MAY_BE_TRIED}"
            f" AND user_id IS NULL AND {share.build_condition('guild_id')} ORDER BY deliveries.id",
            *_trial_times(now),
        )

    async def list_under_way_to_people(
        self, share: Share, now: datetime, *, limit: int, after: int = 0
    ) -> list[tuple[int, int]]:
        """So many of the same for people, each as the id of its subscription, greater than `after`, and its own id."""
        rows = await self._database.fetch_rows(
            "SELECT subscription_id, deliveries.id FROM deliveries JOIN subscriptions"
            " ON subscriptions.id = subscription_id WHERE deliveries.state = 'planned' AND subscription_id > ?"
            f" AND {_MAY_BE_TRIED} AND user_id IS NOT NULL AND {share.build_condition('user_id')}"
            " ORDER BY subscription_id LIMIT ?",
            *(after, *_trial_times(now), limit),
        )
        return [(subscription_id, delivery_id) for subscription_id, delivery_id in rows]

    async def list_latest(self, subscription_id: int, limit: int = 1) -> list[Delivery]:
        """A subscription's latest deliveries, latest first."""
        return await self._select_where(
            "subscription_id = ? ORDER BY deliveries.id DESC LIMIT ?", subscription_id, limit
        )

    async def get_under_way(self, subscription_id: int) -> Delivery | None:
        """The planned delivery of a subscription, which has not arrived yet, or still has follow-ups to do."""
        return await self._select_one("subscription_id = ? AND deliveries.state = 'planned'", subscription_id)

    async def get_last_posted(self, subscription_id: int) -> Delivery | None:
        """The latest that highlighted something in a message that arrived, even if it was undone later."""
        return await self._select_one(
            f"subscription_id = ? AND {POSTED} ORDER BY deliveries.id DESC LIMIT 1", subscription_id
        )

    async def count_extra_digests(self, subscription_id: int, day: date) -> int:
        """How many extra digests a subscription has had on a date, even if they were undone."""
        return await self._database.read(lambda connection: select_extra_count(connection, subscription_id, day))

    async def list_planned_dates(self, subscription_id: int, since: date) -> frozenset[date]:
        """The dates from `since` on that have had their run, on time or early."""
        return await self._database.read(lambda connection: select_planned_dates(connection, subscription_id, since))

    async def get_covered_until(self, subscription_id: int) -> date | None:
        """The last day that a subscription has covered, None before its first run.

        Failed and undone runs cover nothing. If there are no others, this is the day before their first day. Extra
        digests don't count.
        """
        return await self._database.read(lambda connection: select_covered_until(connection, subscription_id))

    async def read_digest_inputs(
        self,
        subscription_id: int | None,
        first: date,
        closed: date,
        *,
        guild_id: int,
        settings: DigestSettings,
        is_extra: bool = False,
    ) -> DigestInputs:
        """What a subscription's next digest, for days up to `closed`, is composed from.

        A subscription that has had nothing yet, or a new one (None), begins with the day `first`, and so does an extra
        digest.
        """

        def select_inputs(connection: Connection) -> DigestInputs:
            covered = select_covered_until(connection, subscription_id) if subscription_id and not is_extra else None
            doubtful = select_doubtful_until(connection, subscription_id) if subscription_id else None
            covered = max(filter(None, (covered, doubtful)), default=None)
            first_day = covered + timedelta(days=1) if covered else first
            earliest = first_day - timedelta(days=RISER_DAYS)
            others = select_sharing_subscriptions(connection, guild_id, settings, but=subscription_id)
            owners = [subscription_id, *others] if subscription_id else others
            highlighted = frozenset[str]().union(
                *(
                    select_listed_highlighted(connection, each, earliest, closed, own=each == subscription_id)
                    for each in owners
                )
            )
            captured = select_capture_times(connection, list_days_between(first_day, closed))
            change = select_last_change(connection)
            return DigestInputs(covered, first_day, highlighted, captured, change, tuple(others), doubtful)

        return await self._database.read(select_inputs)

    async def find_highlighted(
        self, subscription_id: int | None, paper_ids: Iterable[str], others: Iterable[int] = ()
    ) -> frozenset[str]:
        """Those of these papers that a subscription or one of `others` has highlighted, or that it may not post."""
        ids = list(paper_ids)
        owners = [subscription_id, *others] if subscription_id else list(others)

        def select_highlighted_ids(connection: Connection) -> frozenset[str]:
            highlighted = (select_highlighted(connection, each, ids, own=each == subscription_id) for each in owners)
            return frozenset[str]().union(*highlighted)

        return await self._database.read(select_highlighted_ids)

    async def find_by_paper(self, subscription_id: int, paper_id: str) -> Delivery | None:
        """The delivery in which a subscription highlighted a paper."""
        condition = "deliveries.id = (SELECT delivery_id FROM highlights WHERE subscription_id = ? AND paper_id = ?)"

        def select_delivery(connection: Connection) -> Delivery | None:
            if found := _select_deliveries(connection, condition, subscription_id, paper_id):
                return found[0]
            for run in select_runs_with_papers(connection, subscription_id, [paper_id]):
                if any(each.paper_id == paper_id for each in run.highlights):
                    return delivery_from_past_run(connection, run)
            return None

        return await self._database.read(select_delivery)

    async def find_rejection(self, subscription_id: int, paper_id: str) -> Delivery | None:
        """The delivery in which Discord rejected a subscription's paper."""
        return await self._select_one(
            "deliveries.id = (SELECT delivery_id FROM rejected_papers WHERE subscription_id = ? AND paper_id = ?)",
            subscription_id,
            paper_id,
        )

    async def find_elsewhere(self, subscription: Subscription, paper_id: str) -> Delivery | None:
        """The delivery of another subscription that had a paper, which `subscription` must therefore not repeat."""
        guild_id, settings = subscription.guild_id, subscription.settings

        def select_other_ids(connection: Connection) -> list[int]:
            return select_sharing_subscriptions(connection, guild_id, settings, but=subscription.id)

        found = [await self.find_by_paper(other, paper_id) for other in await self._database.read(select_other_ids)]
        return next((delivery for delivery in found if delivery), None)

    async def list_posted_in_server(self, guild_id: int, since: date, *, limit: int) -> list[Delivery]:
        """A server's latest finished deliveries from `since` on with papers, latest first, also from past runs."""
        condition = (
            f"guild_id = ? AND run_date >= ? AND {POSTED} AND deliveries.state IN ('sent', 'failed')"
            " ORDER BY deliveries.id DESC LIMIT ?"
        )

        def select_posted(connection: Connection) -> list[Delivery]:
            recent = _select_deliveries(connection, condition, guild_id, since.isoformat(), limit)
            runs = [
                run
                for run in select_runs_since(connection, guild_id, since)
                if run.run_date >= since and run.highlights and run.messages
            ]
            newest = sorted(runs, key=lambda run: -run.id)[: limit - len(recent)]
            past = [delivery_from_past_run(connection, run) for run in newest]
            return [*sorted(recent, key=lambda each: -each.id), *(each for each in past if each)]

        return await self._database.read(select_posted)

    async def find_covering(self, subscription_id: int, day: date) -> Delivery | None:
        """The delivery that covered a day's list for a subscription. Failed, undone and extra ones cover nothing."""
        condition = (
            "subscription_id = ? AND extra = 0 AND deliveries.state NOT IN ('failed', 'undone')"
            " AND EXISTS (SELECT 1 FROM json_each(deliveries.days) WHERE value = ?) ORDER BY run_date LIMIT 1"
        )

        def select_delivery(connection: Connection) -> Delivery | None:
            for run in select_runs_covering(connection, subscription_id, day)[:1]:
                if past := delivery_from_past_run(connection, run):
                    return past
            found = _select_deliveries(connection, condition, subscription_id, day.isoformat())
            return found[0] if found else None

        return await self._database.read(select_delivery)

    async def find_first_seen(self, guild_id: int, paper_ids: Iterable[str]) -> dict[str, date] | None:
        """When a server's daily digests first had each of these papers; None if it has had no daily digest."""
        ids = list(paper_ids)
        daily = (  # a failed delivery still has the highlights that had arrived
            "FROM highlights JOIN deliveries ON deliveries.id = delivery_id"
            " JOIN subscriptions ON subscriptions.id = deliveries.subscription_id WHERE guild_id = ?"
            " AND deliveries.state IN ('planned', 'sent', 'failed')"
            f" AND {DELIVERED_SETTINGS} ->> 'cadence' = 'daily'"
        )

        def select_first_days(connection: Connection) -> dict[str, date] | None:
            dailies = _select_past_dailies(connection, guild_id)
            if not dailies and not fetch_all(connection, f"SELECT 1 {daily} LIMIT 1", (guild_id,)):
                return None
            first = _find_first_seen_in_past_runs(connection, guild_id, ids, dailies)
            rows = connection.execute(
                f"SELECT paper_id, min(run_date) {daily} AND paper_id IN (SELECT value FROM json_each(?))"
                " GROUP BY paper_id",
                (guild_id, json.dumps(ids)),
            )
            for paper_id, day in rows:
                first[paper_id] = min(date.fromisoformat(day), first.get(paper_id, date.max))
            return first

        return await self._database.read(select_first_days)

    async def count_published_since(self, place_id: int, instant: datetime) -> int:
        """How many messages of a place were published from `instant` on."""
        ((count,),) = await self._database.fetch_rows(
            "SELECT count(*) FROM messages WHERE place_id = ? AND published_at >= ?", place_id, to_iso(instant)
        )
        return int(count)

    async def count_failures_in_a_row(self, subscription_id: int) -> int:
        """How many of a subscription's latest runs failed in a row."""
        ((count,),) = await self._database.fetch_rows(
            "SELECT count(*) FROM deliveries WHERE subscription_id = ? AND state = 'failed' AND extra = 0"
            " AND run_date > (SELECT coalesce(max(run_date), '') FROM deliveries"
            " WHERE subscription_id = ? AND extra = 0 AND state IN ('sent', 'quiet', 'undone'))",
            *(subscription_id, subscription_id),
        )
        return int(count)

    async def _select_where(self, condition: str, *values: object) -> list[Delivery]:
        return await self._database.read(lambda connection: _select_deliveries(connection, condition, *values))

    async def _select_one(self, condition: str, *values: object) -> Delivery | None:
        found = await self._select_where(condition, *values)
        return found[0] if found else None


def _trial_times(now: datetime) -> tuple[str, str, str]:
    """The values for `_MAY_BE_TRIED`."""
    return to_iso(now), to_iso(now + MAX_WAIT), to_iso(now)


def _select_deliveries(connection: Connection, condition: str, *values: object) -> list[Delivery]:
    rows = fetch_all(
        connection,
        f"SELECT deliveries.*, subscriptions.guild_id, user_id, {DELIVERED_SETTINGS} AS settings_json,"
        " CASE WHEN user_id IS NOT NULL AND subscriptions.channel_id != deliveries.channel_id"
        " THEN subscriptions.channel_id END AS moved_to,"
        " (SELECT json_group_array(json_array(paper_id, error_code))"
        " FROM rejected_papers WHERE delivery_id = deliveries.id) AS rejected FROM deliveries"
        f" JOIN subscriptions ON subscriptions.id = subscription_id WHERE {condition}",
        values,
    )
    ids = [row["id"] for row in rows]
    highlights, messages = select_highlights(connection, ids), select_messages(connection, ids)
    found = (
        read_or_log("delivery", row["id"], partial(delivery_from_row, row, highlights[row["id"]], messages[row["id"]]))
        for row in rows
    )
    return [delivery for delivery in found if delivery]


def select_extra_count(connection: Connection, subscription_id: int, day: date) -> int:
    ((count,),) = connection.execute(
        "SELECT coalesce(max(extra), 0) FROM deliveries WHERE subscription_id = ? AND run_date = ?",
        (subscription_id, day.isoformat()),
    )
    return int(count)


def select_planned_dates(connection: Connection, subscription_id: int, since: date) -> frozenset[date]:
    rows = connection.execute(
        "SELECT run_date FROM deliveries WHERE subscription_id = ? AND run_date >= ? AND extra = 0",
        (subscription_id, since.isoformat()),
    )
    return frozenset(date.fromisoformat(day) for (day,) in rows)


def select_covered_until(connection: Connection, subscription_id: int) -> date | None:
    ((covered, first),) = connection.execute(
        "SELECT max(covered_until) FILTER (WHERE state NOT IN ('failed', 'undone')),"
        " min(days ->> 0) FROM deliveries WHERE subscription_id = ? AND extra = 0",
        (subscription_id,),
    )
    if covered:
        return date.fromisoformat(covered)
    return date.fromisoformat(first) - timedelta(days=1) if first else None


def select_doubtful_until(connection: Connection, subscription_id: int) -> date | None:
    """The last day whose papers may have been posted without our knowledge, because a search did not end."""
    ((until,),) = connection.execute(
        "SELECT max(covered_until) FROM deliveries WHERE subscription_id = ? AND quiet_reason ->> 'kind' = ?",
        (subscription_id, ReasonKind.NOT_FOUND_AFTER_RESTORE.value),
    )
    return date.fromisoformat(until) if until else None


def select_listed_highlighted(
    connection: Connection, subscription_id: int, first: date, last: date, *, own: bool
) -> frozenset[str]:
    """The papers listed from `first` to `last` that a subscription has highlighted.

    With `own`, also those that Discord does not let it post.
    """
    rows = connection.execute(  # `CROSS JOIN` makes SQLite begin with the lists, not with all that was ever highlighted
        "SELECT highlights.paper_id FROM listings CROSS JOIN highlights ON highlights.paper_id = listings.paper_id"
        " AND subscription_id = :subscription WHERE day BETWEEN :first AND :last"
        " UNION SELECT paper_id FROM rejected_papers WHERE subscription_id = :subscription AND :own = 1",
        {"subscription": subscription_id, "first": first.isoformat(), "last": last.isoformat(), "own": int(own)},
    )
    past = select_listed_highlighted_long_ago(connection, subscription_id, first, last)
    return past.union(paper_id for (paper_id,) in rows)


def select_sharing_subscriptions(
    connection: Connection, guild_id: int, settings: DigestSettings, *, but: int | None
) -> list[int]:
    """The other subscriptions with the channel and cadence of `settings`, whose papers must not be repeated."""
    if settings.selection.allow_repeats:
        return []
    rows = connection.execute(
        "SELECT id FROM subscriptions WHERE guild_id = ? AND channel_id = ? AND cadence = ? AND state != 'removed'"
        " AND id IS NOT ?",
        (guild_id, settings.channel_id, settings.schedule.cadence, but),
    )
    return [subscription_id for (subscription_id,) in rows]


def select_highlighted(connection: Connection, subscription_id: int, ids: list[str], *, own: bool) -> frozenset[str]:
    """Those of these papers that a subscription has highlighted; with `own`, also those it is not allowed to post."""
    among = "WHERE subscription_id = :subscription AND paper_id IN (SELECT value FROM json_each(:ids))"
    rows = connection.execute(
        f"SELECT paper_id FROM highlights {among} UNION SELECT paper_id FROM rejected_papers {among} AND :own = 1",
        {"subscription": subscription_id, "ids": json.dumps(ids), "own": int(own)},
    )
    return select_highlighted_long_ago(connection, subscription_id, ids).union(paper_id for (paper_id,) in rows)


def _select_past_dailies(connection: Connection, guild_id: int) -> dict[int, set[int]]:
    """The settings versions that meant daily digests, by subscription, of those of a server that have past runs."""
    rows = connection.execute(
        "SELECT subscription_id, version FROM digest_settings WHERE subscription_id IN"
        " (SELECT id FROM subscriptions WHERE guild_id = ?) AND settings ->> 'cadence' = 'daily'"
        " AND EXISTS (SELECT 1 FROM past_runs WHERE past_runs.subscription_id = digest_settings.subscription_id)",
        (guild_id,),
    )
    daily: defaultdict[int, set[int]] = defaultdict(set)
    for subscription_id, version in rows:
        daily[subscription_id].add(version)
    return daily


def _find_first_seen_in_past_runs(
    connection: Connection, guild_id: int, ids: list[str], daily: Mapping[int, set[int]]
) -> dict[str, date]:
    """When the daily digests of past runs first had each of these papers."""
    runs = select_server_runs_with_papers(connection, guild_id, ids) if daily else []
    first: dict[str, date] = {}
    for run in sorted(runs, key=lambda each: each.run_date, reverse=True):
        if run.settings_version in daily.get(run.subscription_id, ()):
            first |= {each.paper_id: run.run_date for each in run.highlights if each.paper_id in ids}
    return first
