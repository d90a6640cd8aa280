"""The servers: what their admins set up and changed, what they were told, and forgetting them."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.digest import Digest
from bot.reasons import Reason, ReasonKind
from bot.storage import (
    MAX_PER_SERVER,
    Action,
    AuditEntry,
    ChangedMeanwhile,
    Draft,
    MessageForm,
    Storage,
    Subscription,
    SubscriptionState,
    TooManySubscriptions,
    open_storage,
)
from bot.subscription.schedule import Cadence, Schedule
from bot.subscription.settings import DigestLayout, DigestSettings, PostingOptions, Selection, Threads
from tests.support.builders import (
    API_DOWN,
    DAY,
    FIRST_RUN,
    GONE,
    MORNING,
    NOTHING_LISTED,
    SCHEDULE,
    SECOND_RUN,
    SETTINGS,
    build_past,
    digest,
    paper,
    plan,
    query,
    send,
    subscribe,
    tables,
)

pytestmark = pytest.mark.usefixtures("the_file_is_sound")

A = paper("2601.00001", upvotes=1)
LATER = MORNING + timedelta(hours=1)
MOVED = replace(SETTINGS, channel_id=6)
FULL = DigestSettings(
    2**63 - 1,
    Schedule(time(18, 30), ZoneInfo("Asia/Kolkata"), frozenset({1, 5}), Cadence.MONTHLY),
    Selection(10, 3, 0, 'title:"Ünï \' kode" 💡'),
    PostingOptions(DigestLayout.CARDS, Threads.PER_HIGHLIGHT, 10080, True, 2**63 - 1, 20, True, True),
)


async def recorded(storage: Storage) -> Digest:
    await storage.papers.record_list(DAY, [A], MORNING)
    return digest(A)


async def newest(storage: Storage, subscription: Subscription) -> Subscription:
    known = await storage.subscriptions.get(subscription.id)
    assert known
    return known


class TestSubscriptions:
    @pytest.mark.parametrize(
        "settings",
        [
            SETTINGS,
            FULL,
            *(
                replace(SETTINGS, posting=PostingOptions(**{name: True}))  # type: ignore[arg-type]
                for name in ("publish", "silent", "quiet_line")
            ),
            *(replace(SETTINGS, posting=PostingOptions(ping_role_id=role, ping_upvotes=20)) for role in (3, None)),
            *(replace(SETTINGS, selection=Selection(*numbers)) for numbers in ((1, 2, 3), (3, 1, 2))),
        ],
    )
    async def test_a_subscription_comes_back_as_it_was_wished(self, storage: Storage, settings: DigestSettings) -> None:
        added = await subscribe(storage, settings=settings)
        assert added == Subscription(
            id=added.id,
            guild_id=1,
            settings=settings,
            state=SubscriptionState.ACTIVE,
            reason=None,
            next_run=FIRST_RUN,
            revision=0,
        )
        assert await storage.subscriptions.get(added.id) == added
        assert await storage.subscriptions.list_for_server(1) == [added]
        assert await storage.subscriptions.list_for_server(2) == []

    async def test_a_server_has_25_at_most_and_removing_one_makes_room(self, storage: Storage, path: Path) -> None:
        known = [await subscribe(storage) for _ in range(MAX_PER_SERVER)]
        assert MAX_PER_SERVER == 25
        before = tables(path)
        with pytest.raises(TooManySubscriptions):
            await subscribe(storage)
        assert tables(path) == before
        await subscribe(storage, guild_id=2)
        await storage.subscriptions.remove(known[0], by=7, now=MORNING)
        await subscribe(storage)
        assert len(await storage.subscriptions.list_for_server(1)) == 25

    async def test_the_25th_cannot_be_added_twice_at_once(self, storage: Storage) -> None:
        outcomes = await asyncio.gather(*(subscribe(storage) for _ in range(40)), return_exceptions=True)
        assert sum(isinstance(outcome, TooManySubscriptions) for outcome in outcomes) == 15
        assert len(await storage.subscriptions.list_for_server(1)) == 25

    async def test_it_is_due_from_the_second_of_its_run(self, storage: Storage) -> None:
        added = await subscribe(storage)
        assert await storage.subscriptions.list_due(FIRST_RUN.at - timedelta(seconds=1)) == []
        assert await storage.subscriptions.list_due(FIRST_RUN.at) == [added]
        assert await storage.subscriptions.list_due(FIRST_RUN.at + timedelta(days=400)) == [added]

    async def test_what_is_paused_or_removed_is_not_due(self, storage: Storage) -> None:
        paused, removed = await subscribe(storage), await subscribe(storage)
        await storage.subscriptions.pause(paused, by=7, now=MORNING)
        await storage.subscriptions.remove(removed, by=7, now=MORNING)
        assert await storage.subscriptions.list_due(FIRST_RUN.at) == []
        assert await storage.subscriptions.get(removed.id) is None
        await storage.subscriptions.resume(await newest(storage, paused), SECOND_RUN, by=7, now=MORNING)
        assert [each.id for each in await storage.subscriptions.list_due(SECOND_RUN.at)] == [paused.id]

    async def test_every_change_by_an_admin_makes_a_new_revision(self, storage: Storage) -> None:
        added = await subscribe(storage)
        await storage.subscriptions.pause(added, by=7, now=MORNING)
        await storage.subscriptions.resume(await newest(storage, added), SECOND_RUN, by=7, now=MORNING)
        await storage.subscriptions.edit(await newest(storage, added), FULL, SECOND_RUN, by=7, now=MORNING)
        assert await newest(storage, added) == replace(added, settings=FULL, next_run=SECOND_RUN, revision=3)

    async def test_an_edit_wakes_a_suspended_subscription_but_not_a_paused_one(self, storage: Storage) -> None:
        added = await subscribe(storage)
        delivery = await plan(storage, added, await recorded(storage))
        assert delivery
        await storage.deliveries.fail_delivery(delivery.id, GONE, MORNING, suspending=True)
        suspended = await newest(storage, added)
        assert (suspended.state, suspended.reason) == (SubscriptionState.SUSPENDED, GONE)
        await storage.subscriptions.edit(suspended, MOVED, SECOND_RUN, by=7, now=MORNING)
        assert await self.state(storage, added) == (SubscriptionState.ACTIVE, None)
        await storage.subscriptions.pause(await newest(storage, added), by=7, now=MORNING)
        await storage.subscriptions.edit(await newest(storage, added), SETTINGS, SECOND_RUN, by=7, now=MORNING)
        assert await self.state(storage, added) == (SubscriptionState.PAUSED, None)

    async def test_what_a_run_waits_for_is_noted_and_cleared_by_its_plan(self, storage: Storage) -> None:
        added = await subscribe(storage)
        await storage.subscriptions.set_waiting_reason(added.id, API_DOWN)
        assert await self.state(storage, added) == (SubscriptionState.ACTIVE, API_DOWN)
        assert await plan(storage, added, await recorded(storage))
        assert await self.state(storage, added) == (SubscriptionState.ACTIVE, None)

    async def state(self, storage: Storage, subscription: Subscription) -> tuple[SubscriptionState, Reason | None]:
        known = await newest(storage, subscription)
        return known.state, known.reason

    @pytest.mark.parametrize(
        "broken", ["timezone = 'Mars/Olympus'", "time = 'noon'", "weekdays = 'x'", "next_run_at = ''"]
    )
    async def test_one_that_cannot_be_read_does_not_cost_others_their_digests(
        self, storage: Storage, path: Path, broken: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        lost, sound = await subscribe(storage), await subscribe(storage)
        query(path, f"UPDATE subscriptions SET {broken} WHERE id = {lost.id}")
        assert await storage.subscriptions.list_due(FIRST_RUN.at) == [sound]
        assert await storage.subscriptions.list_for_server(1) == [sound]
        assert await storage.subscriptions.get(lost.id) is None
        assert f"subscription {lost.id} cannot be read" in caplog.text


Work = Callable[[Storage, Subscription], Awaitable[object]]
CHANGES: dict[str, Work] = {
    "edit": lambda storage, known: storage.subscriptions.edit(known, MOVED, SECOND_RUN, by=9, now=LATER),
    "pause": lambda storage, known: storage.subscriptions.pause(known, by=9, now=LATER),
    "resume": lambda storage, known: storage.subscriptions.resume(known, SECOND_RUN, by=9, now=LATER),
    "remove": lambda storage, known: storage.subscriptions.remove(known, by=9, now=LATER),
}
each_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())


class TestTwoAdmins:
    """The second to change a subscription has seen another than there is."""

    @each_change
    @pytest.mark.parametrize("before", CHANGES)
    async def test_the_second_is_told_and_nothing_is_done(
        self, storage: Storage, path: Path, before: str, change: Work
    ) -> None:
        seen = await subscribe(storage)
        await CHANGES[before](storage, seen)
        after = tables(path)
        with pytest.raises(ChangedMeanwhile):
            await change(storage, seen)
        assert tables(path) == after

    async def test_of_many_at_once_one_is_done_and_recorded(self, storage: Storage, path: Path) -> None:
        seen = await subscribe(storage)
        async with open_storage(path) as other:
            works = [change(each, seen) for change in CHANGES.values() for each in (storage, other) * 3]
            outcomes = await asyncio.gather(*works, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes].count(ChangedMeanwhile) == len(works) - 1
        assert sum(isinstance(outcome, Exception) for outcome in outcomes) == len(works) - 1
        assert len(await storage.audit_log.list_latest(1, 99)) == 2
        assert query(path, "SELECT revision FROM subscriptions") == [(1,)]

    @each_change
    async def test_what_was_removed_is_not_changed_even_by_who_has_seen_that(
        self, storage: Storage, path: Path, change: Work
    ) -> None:
        seen = await subscribe(storage)
        await storage.subscriptions.remove(seen, by=7, now=MORNING)
        after = tables(path)
        with pytest.raises(ChangedMeanwhile):
            await change(storage, replace(seen, revision=1))
        assert tables(path) == after

    @each_change
    async def test_what_the_bot_did_meanwhile_stands_in_nobodys_way(self, storage: Storage, change: Work) -> None:
        seen = await subscribe(storage)
        await storage.subscriptions.set_waiting_reason(seen.id, API_DOWN)
        assert await plan(storage, seen, await recorded(storage))
        await storage.subscriptions.suspend(seen.id, GONE, MORNING)
        await change(storage, seen)


class TestChanges:
    async def test_every_change_tells_who_made_it_and_when(self, storage: Storage) -> None:
        added = await subscribe(storage)
        times = [LATER + timedelta(minutes=number) for number in range(7)]
        await storage.subscriptions.edit(added, MOVED, FIRST_RUN, by=10, now=times[0])
        await storage.subscriptions.pause(await newest(storage, added), by=11, now=times[1])
        await storage.subscriptions.resume(await newest(storage, added), FIRST_RUN, by=12, now=times[2])
        await storage.subscriptions.suspend(added.id, GONE, times[3])
        await storage.subscriptions.suspend(added.id, Reason(ReasonKind.SERVER_GONE), times[4])  # it is already
        await storage.guilds.leave(1, times[5])
        await storage.subscriptions.remove(await newest(storage, added), by=13, now=times[6])
        assert await storage.audit_log.list_latest(1, 99) == [
            AuditEntry(added.id, 13, Action.REMOVED, {}, None, times[6]),
            AuditEntry(added.id, None, Action.LEFT, {}, None, times[5]),
            AuditEntry(added.id, None, Action.SUSPENDED, {}, GONE, times[3]),
            AuditEntry(added.id, 12, Action.RESUMED, {}, None, times[2]),
            AuditEntry(added.id, 11, Action.PAUSED, {}, None, times[1]),
            AuditEntry(added.id, 10, Action.EDITED, {"channel_id": (5, 6)}, None, times[0]),
            AuditEntry(added.id, 7, Action.ADDED, {}, None, MORNING),
        ]

    async def test_a_digest_sent_early_and_one_undone_are_changes(self, storage: Storage) -> None:
        added = await subscribe(storage)
        planned = await plan(storage, added, await recorded(storage), by=14)
        assert planned
        await send(storage, planned)
        await storage.deliveries.undo_delivery(planned, by=15, now=LATER)
        undone, sent, _ = await storage.audit_log.list_latest(1, 99)
        assert undone == AuditEntry(added.id, 15, Action.UNDONE, {}, None, LATER)
        assert sent == AuditEntry(added.id, 14, Action.SENT, {}, None, MORNING)

    async def test_the_latest_come_first_of_one_server_alone(self, storage: Storage) -> None:
        first, other, second = [await subscribe(storage, guild_id) for guild_id in (1, 2, 1)]
        assert [each.subscription_id for each in await storage.audit_log.list_latest(1, 9)] == [second.id, first.id]
        assert [each.subscription_id for each in await storage.audit_log.list_latest(1, 1)] == [second.id]
        assert [each.subscription_id for each in await storage.audit_log.list_latest(2, 9)] == [other.id]
        assert await storage.audit_log.list_latest(3, 9) == []

    @pytest.mark.parametrize(
        ("after", "details"),
        [
            (SETTINGS, {}),
            (MOVED, {"channel_id": (5, 6)}),
            (replace(SETTINGS, selection=replace(SETTINGS.selection, filter="ünï")), {"filter": ("", "ünï")}),
            (
                replace(SETTINGS, selection=Selection(10, 0, 1)),
                {"size": (5, 10), "min_upvotes": (2, 0), "allow_repeats": (1, 0)},
            ),
            (replace(SETTINGS, schedule=replace(SCHEDULE, weekdays=frozenset({6, 5}))), {"weekdays": ("024", "56")}),
            (
                replace(SETTINGS, schedule=replace(SCHEDULE, time=time(18, 5), cadence=Cadence.WEEKLY)),
                {"time": ("09:00", "18:05"), "cadence": ("daily", "weekly")},
            ),
            (
                replace(SETTINGS, posting=PostingOptions(DigestLayout.COMPACT, ping_role_id=3, silent=True)),
                {"layout": ("list", "compact"), "ping_role_id": (None, 3), "silent": (0, 1)},
            ),
        ],
    )
    async def test_an_edit_lists_what_was_changed_and_nothing_else(
        self, storage: Storage, after: DigestSettings, details: dict[str, tuple[Any, Any]]
    ) -> None:
        added = await subscribe(storage)
        await storage.subscriptions.edit(added, after, FIRST_RUN, by=9, now=LATER)
        edited, _ = await storage.audit_log.list_latest(1, 9)
        assert edited == AuditEntry(added.id, 9, Action.EDITED, details, None, LATER)

    async def test_an_edit_of_everything_lists_every_part_of_the_wish(self, storage: Storage) -> None:
        added = await subscribe(storage)
        await storage.subscriptions.edit(added, FULL, FIRST_RUN, by=9, now=LATER)
        edited, _ = await storage.audit_log.list_latest(1, 9)
        assert len(edited.details) == 18
        assert all(before != after for before, after in edited.details.values())

    async def test_a_change_that_cannot_be_recorded_is_not_made(self, storage: Storage, path: Path) -> None:
        known = await subscribe(storage)
        sent = await plan(storage, known, await recorded(storage))
        assert sent
        await send(storage, sent)
        works: list[Callable[[], Awaitable[object]]] = [
            *(lambda change=change: change(storage, known) for change in CHANGES.values()),
            lambda: subscribe(storage),
            lambda: storage.subscriptions.suspend(known.id, GONE, LATER),
            lambda: storage.deliveries.fail_delivery(sent.id, GONE, LATER, suspending=True),
            lambda: storage.deliveries.undo_delivery(sent, by=9, now=LATER),
            lambda: plan(storage, known, digest(reason=NOTHING_LISTED), run=SECOND_RUN, by=9),
            lambda: storage.guilds.leave(1, LATER),
            lambda: storage.guilds.reconcile_servers([2], LATER),
        ]
        query(path, "CREATE TRIGGER full BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'the disk is full'); END")
        before = tables(path)
        for work in works:
            with pytest.raises(sqlite3.IntegrityError, match="the disk is full"):
                await work()
            assert tables(path) == before


async def furnish(storage: Storage, guild_id: int) -> None:
    """A server with something of everything that is kept of servers."""
    everything = await recorded(storage)
    await storage.guilds.join(guild_id, MORNING)
    await storage.notices.record_if_first(guild_id, 1, 5, MORNING)
    for outcome in ("planned", "sent", "quiet", "failed", "refused", "undone", "removed"):
        known = await subscribe(storage, guild_id)
        await storage.drafts.add(guild_id, 7, FULL, MORNING, subscription_id=known.id, revision=0)
        quiet = outcome == "quiet"
        planned = await plan(storage, known, digest(reason=NOTHING_LISTED) if quiet else everything, by=9)
        assert planned
        if outcome == "failed":
            await storage.deliveries.fail_delivery(planned.id, GONE, MORNING, suspending=True)
        elif outcome == "refused":
            await storage.deliveries.simplify_message(planned.id, 1, MessageForm.SET_ASIDE, 50035)
            refused = await storage.deliveries.get(planned.id)
            assert refused
            await storage.deliveries.fail_delivery(planned.id, GONE, MORNING, skipping=refused.rejected_messages)
        elif outcome not in {"planned", "quiet"}:
            await storage.deliveries.record_arrival(planned.id, 1, 5, 77, MORNING)
        if outcome == "undone":
            await storage.deliveries.undo_delivery(planned, by=9, now=MORNING)
        if outcome == "removed":
            await storage.subscriptions.remove(known, by=9, now=MORNING)
    await storage.drafts.add(guild_id, 7, FULL, MORNING)
    known = await newest(storage, await build_past(storage, guild_id))
    await storage.subscriptions.remove(known, by=9, now=MORNING)


NOBODYS = {
    *("archive", "captures", "commands", "embeddings", "listings", "papers", "sqlite_sequence", "upvote_snapshots"),
    "traces",
}


class TestForgetting:
    async def test_all_of_the_server_is_deleted_and_nothing_of_another(self, storage: Storage, path: Path) -> None:
        await furnish(storage, 2)
        without = tables(path)
        await furnish(storage, 1)
        for name, rows in tables(path).items():
            assert name in NOBODYS or len(rows) > len(without[name]), f"nothing of the server is in {name}"
        await storage.guilds.leave(1, LATER)
        await storage.guilds.delete_server(1)
        after = tables(path)
        assert {name: rows for name, rows in after.items() if name not in NOBODYS} == {
            name: rows for name, rows in without.items() if name not in NOBODYS
        }
        assert after["papers"] == without["papers"]
        assert after["listings"] == without["listings"]

    async def test_a_server_that_the_bot_is_in_is_not_welcomed_again(self, storage: Storage, path: Path) -> None:
        await furnish(storage, 1)
        await storage.guilds.delete_server(1)
        kept = {name: rows for name, rows in tables(path).items() if rows and name not in NOBODYS}
        assert kept == {"guilds": [(1, "2026-01-16T08:00:00+00:00", None, 0)]}
        assert not await storage.guilds.join(1, LATER)
        assert await storage.guilds.reconcile_servers([1], LATER) == []

    async def test_a_server_that_is_not_known_is_forgotten_without_ado(self, storage: Storage, path: Path) -> None:
        await furnish(storage, 2)
        before = tables(path)
        await storage.guilds.delete_server(1)
        assert tables(path) == before | {"traces": [(1,), (2,)]}

    async def test_a_server_that_was_forgotten_may_begin_anew(self, storage: Storage) -> None:
        await furnish(storage, 1)
        await storage.guilds.delete_server(1)
        await furnish(storage, 1)
        assert len(await storage.subscriptions.list_for_server(1)) == 6


class TestComingAndGoing:
    async def states(self, storage: Storage, guild_id: int = 1) -> list[SubscriptionState]:
        return [each.state for each in await storage.subscriptions.list_for_server(guild_id)]

    async def test_a_server_is_new_once(self, storage: Storage) -> None:
        assert await storage.guilds.join(1, MORNING)
        assert not await storage.guilds.join(1, LATER)
        assert await storage.guilds.join(2, LATER)

    async def test_of_two_that_note_a_server_at_once_one_welcomes_it(self, storage: Storage) -> None:
        assert sum(await asyncio.gather(*(storage.guilds.join(1, MORNING) for _ in range(10)))) == 1

    async def test_leaving_pauses_what_runs_there_and_nothing_elsewhere(self, storage: Storage, path: Path) -> None:
        active, paused, suspended, removed = [await subscribe(storage) for _ in range(4)]
        elsewhere = await subscribe(storage, guild_id=2)
        await storage.subscriptions.pause(paused, by=7, now=MORNING)
        await storage.subscriptions.suspend(suspended.id, GONE, MORNING)
        await storage.subscriptions.remove(removed, by=7, now=MORNING)
        await storage.guilds.join(1, MORNING)
        await storage.guilds.leave(1, LATER)
        assert await self.states(storage) == [SubscriptionState.PAUSED] * 3
        assert [each.reason for each in await storage.subscriptions.list_for_server(1)] == [None] * 3
        assert await storage.subscriptions.list_due(SECOND_RUN.at) == [elsewhere]
        left = [
            each.subscription_id for each in await storage.audit_log.list_latest(1, 99) if each.action is Action.LEFT
        ]
        assert sorted(left) == [active.id, suspended.id]
        after = tables(path)
        await storage.guilds.leave(1, LATER + timedelta(days=1))
        assert tables(path) == after

    async def test_what_was_being_planned_when_the_bot_left_is_void(self, storage: Storage) -> None:
        read = await subscribe(storage)
        await storage.guilds.leave(1, MORNING)
        assert await plan(storage, read, await recorded(storage)) is None

    async def test_a_server_is_left_since_the_instant_at_which_it_was_left_first(self, storage: Storage) -> None:
        await storage.guilds.join(1, MORNING)
        await storage.guilds.join(2, MORNING)
        await storage.guilds.leave(1, LATER)
        await storage.guilds.leave(1, LATER + timedelta(days=1))
        await storage.guilds.leave(3, LATER + timedelta(seconds=1))  # never noted as joined
        instants = (MORNING, LATER, LATER + timedelta(seconds=1), LATER + timedelta(seconds=2))
        assert [await storage.guilds.list_left_before(each) for each in instants] == [[], [], [1], [1, 3]]
        await storage.guilds.delete_server(1)
        assert await storage.guilds.list_left_before(LATER + timedelta(days=99)) == [3]

    async def test_a_server_that_comes_back_is_new_and_what_was_paused_stays_so(self, storage: Storage) -> None:
        await subscribe(storage)
        await storage.guilds.join(1, MORNING)
        await storage.guilds.leave(1, LATER)
        assert await storage.guilds.join(1, LATER)
        assert await storage.guilds.list_left_before(LATER + timedelta(days=99)) == []
        assert await self.states(storage) == [SubscriptionState.PAUSED]

    async def test_on_the_first_count_no_server_is_new(self, storage: Storage) -> None:
        await subscribe(storage, guild_id=1)
        assert await storage.guilds.reconcile_servers([1, 2], MORNING) == []
        assert not await storage.guilds.join(2, MORNING)
        assert await self.states(storage) == [SubscriptionState.ACTIVE]

    async def test_later_only_those_are_new_that_were_not_counted_before(self, storage: Storage) -> None:
        await storage.guilds.reconcile_servers([1, 2], MORNING)
        assert await storage.guilds.reconcile_servers([1, 2], LATER) == []
        assert sorted(await storage.guilds.reconcile_servers([3, 1, 2, 4], LATER)) == [3, 4]
        assert await storage.guilds.reconcile_servers([3, 1, 2, 4], LATER) == []

    @pytest.mark.parametrize("counted", [True, False], ids=["counted before", "known by its subscription alone"])
    async def test_a_server_left_while_the_bot_was_away_is_paused_and_then_forgotten(
        self, storage: Storage, path: Path, counted: bool
    ) -> None:
        gone, elsewhere = await subscribe(storage), await subscribe(storage, guild_id=2)
        await storage.guilds.reconcile_servers([1, 2] if counted else [2], MORNING)
        assert await storage.guilds.reconcile_servers([2], LATER) == []
        assert await self.states(storage) == [SubscriptionState.PAUSED]
        assert await storage.subscriptions.list_due(FIRST_RUN.at) == [elsewhere]
        left_at = LATER if counted else MORNING
        assert await storage.guilds.list_left_before(left_at + timedelta(seconds=1)) == [1]
        assert [each.action for each in await storage.audit_log.list_latest(1, 9)] == [Action.LEFT, Action.ADDED]
        assert (await newest(storage, gone)).revision == 1
        after = tables(path)
        assert await storage.guilds.reconcile_servers([2], LATER + timedelta(days=1)) == []
        assert tables(path) == after

    async def test_a_server_that_only_has_what_was_removed_is_forgotten_as_well(self, storage: Storage) -> None:
        removed = await subscribe(storage)
        await storage.subscriptions.remove(removed, by=7, now=MORNING)
        await storage.guilds.reconcile_servers([2], MORNING)
        assert await storage.guilds.list_left_before(LATER) == [1]

    async def test_a_server_that_came_back_while_the_bot_was_away_is_new_and_keeps_what_it_had(
        self, storage: Storage
    ) -> None:
        await subscribe(storage)
        await storage.guilds.reconcile_servers([1, 2], MORNING)
        await storage.guilds.leave(1, MORNING)
        assert await storage.guilds.reconcile_servers([1, 2], LATER) == [1]
        assert await storage.guilds.reconcile_servers([1, 2], LATER) == []
        assert await storage.guilds.list_left_before(LATER + timedelta(days=99)) == []
        assert await self.states(storage) == [SubscriptionState.PAUSED]


class TestNotices:
    async def test_a_server_is_told_of_a_thing_once(self, storage: Storage) -> None:
        first = storage.notices.record_if_first
        assert await first(1, 1, 5, MORNING)
        assert not await first(1, 1, 5, LATER)
        assert await first(1, 2, 6, MORNING)
        assert await first(2, 3, 5, MORNING)

    async def test_of_several_that_would_tell_it_at_once_one_does(self, storage: Storage) -> None:
        tries = (storage.notices.record_if_first(1, 1, 5, MORNING) for _ in range(10))
        assert sum(await asyncio.gather(*tries)) == 1

    async def test_it_is_told_again_after_a_digest_of_the_subscription_got_through(self, storage: Storage) -> None:
        everything = await recorded(storage)
        known, neighbour = [await plan(storage, await subscribe(storage), everything) for _ in range(2)]
        assert known
        assert neighbour
        for subscription_id, channel_id in ((known.subscription_id, 5), (98, 6)):
            await storage.notices.record_if_first(1, subscription_id, channel_id, MORNING)
        await send(storage, neighbour)
        assert not await storage.notices.record_if_first(1, known.subscription_id, 5, LATER)
        await send(storage, known)
        assert await storage.notices.record_if_first(1, known.subscription_id, 5, LATER)
        assert not await storage.notices.record_if_first(1, 98, 6, LATER)

    async def test_a_channel_with_two_subscriptions_is_told_of_once(self, storage: Storage) -> None:
        assert await storage.notices.record_if_first(1, 1, 5, MORNING)
        assert not await storage.notices.record_if_first(1, 2, 5, LATER)


class TestDrafts:
    async def test_a_draft_comes_back_as_it_was_begun(self, storage: Storage) -> None:
        known = await subscribe(storage)
        new = await storage.drafts.add(1, 7, FULL, MORNING)
        edit = await storage.drafts.add(1, 7, SETTINGS, MORNING, subscription_id=known.id, revision=3)
        assert new == Draft(new.id, 1, 7, None, None, FULL)
        assert edit == Draft(edit.id, 1, 7, known.id, 3, SETTINGS)
        assert new.id != edit.id
        assert [await storage.drafts.get(each.id) for each in (new, edit)] == [new, edit]
        assert await storage.drafts.get("nonsense") is None

    async def test_a_change_is_kept_and_leaves_other_drafts_alone(self, storage: Storage) -> None:
        draft, other = [await storage.drafts.add(1, 7, SETTINGS, MORNING) for _ in range(2)]
        changed = await storage.drafts.change(
            draft.id, lambda settings: replace(FULL, channel_id=settings.channel_id), LATER
        )
        assert changed == replace(draft, settings=replace(FULL, channel_id=5))
        assert await storage.drafts.get(draft.id) == changed
        assert await storage.drafts.get(other.id) == other
        assert await storage.drafts.change("nonsense", lambda settings: settings, LATER) is None

    async def test_of_changes_made_at_once_none_is_lost(self, storage: Storage) -> None:
        draft = await storage.drafts.add(1, 7, replace(SETTINGS, channel_id=0), MORNING)

        def counted(settings: DigestSettings) -> DigestSettings:
            return replace(settings, channel_id=settings.channel_id + 1)

        await asyncio.gather(*(storage.drafts.change(draft.id, counted, LATER) for _ in range(20)))
        assert await storage.drafts.get(draft.id) == replace(draft, settings=replace(SETTINGS, channel_id=20))

    async def test_a_change_that_fails_leaves_the_draft_as_it_was(self, storage: Storage) -> None:
        draft = await storage.drafts.add(1, 7, SETTINGS, MORNING)

        def refuse(settings: DigestSettings) -> DigestSettings:
            raise ValueError

        with pytest.raises(ValueError):  # noqa: PT011
            await storage.drafts.change(draft.id, refuse, LATER)
        assert await storage.drafts.get(draft.id) == draft
        assert await storage.drafts.change(draft.id, lambda _: FULL, LATER)

    async def test_of_two_that_end_a_draft_one_gets_it(self, storage: Storage) -> None:
        draft, other = [await storage.drafts.add(1, 7, SETTINGS, MORNING) for _ in range(2)]
        ended = await asyncio.gather(*(storage.drafts.delete(draft.id) for _ in range(5)))
        assert sorted(ended, key=repr) == sorted([draft, None, None, None, None], key=repr)
        assert await storage.drafts.get(draft.id) is None
        assert await storage.drafts.change(draft.id, lambda settings: settings, LATER) is None
        assert await storage.drafts.get(other.id) == other

    async def test_a_draft_that_ended_too_soon_is_there_again(self, storage: Storage) -> None:
        known = await subscribe(storage)
        await storage.drafts.add(1, 7, FULL, MORNING, subscription_id=known.id, revision=3)
        draft = await storage.drafts.add(1, 7, FULL, MORNING, subscription_id=known.id, revision=3)
        assert await storage.drafts.delete(draft.id) == draft
        await storage.drafts.restore(draft, LATER)
        assert await storage.drafts.get(draft.id) == draft

    async def test_what_nobody_touched_for_a_day_is_forgotten(self, storage: Storage) -> None:
        old, changed = [await storage.drafts.add(1, 7, SETTINGS, MORNING) for _ in range(2)]
        await storage.drafts.change(changed.id, lambda _: FULL, LATER)
        recent = await storage.drafts.add(2, 8, SETTINGS, MORNING + timedelta(days=1))
        await storage.drafts.delete_old(MORNING + timedelta(days=1))
        assert await storage.drafts.get(old.id) == old
        await storage.drafts.delete_old(MORNING + timedelta(days=1, seconds=1))
        assert await storage.drafts.get(old.id) is None
        assert await storage.drafts.get(changed.id)
        assert await storage.drafts.get(recent.id) == recent
