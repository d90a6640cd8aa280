"""Servers: joined, left, and deleted with everything stored about them."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot.digest import Digest
from bot.share import WHOLE
from bot.storage import Action, MessageForm, Storage, SubscriptionState
from tests.support.builders import (
    DAY,
    FIRST_RUN,
    GONE,
    MORNING,
    NOTHING_LISTED,
    SECOND_RUN,
    build_past,
    digest,
    paper,
    plan,
    subscribe,
    tables,
)
from tests.support.restored import store_search
from tests.support.subscriptions import FULL, LATER, newest
from tests.support.tables import NO_SERVERS

pytestmark = pytest.mark.usefixtures("the_file_is_sound")

A = paper("2601.00001", upvotes=1)


async def recorded(storage: Storage) -> Digest:
    await storage.papers.record_list(DAY, [A], MORNING)
    return digest(A)


async def furnish(storage: Storage, guild_id: int) -> None:
    """Fill a server with data of every kind."""
    everything = await recorded(storage)
    await storage.guilds.record_join(guild_id, MORNING)
    await storage.notices.record_first_notice(guild_id, 1, 5, MORNING)
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
    await storage.server_feeds.add(guild_id, f"key of {guild_id}", MORNING)
    known = await newest(storage, await build_past(storage, guild_id))
    await storage.subscriptions.remove(known, by=9, now=MORNING)
    await store_search(storage, known)


class TestForgetting:
    async def test_deleting_a_server_deletes_everything_of_it_and_nothing_of_another(
        self, storage: Storage, path: Path
    ) -> None:
        await furnish(storage, 2)
        without = tables(path)
        await furnish(storage, 1)
        for name, rows in tables(path).items():
            assert name in NO_SERVERS or len(rows) > len(without[name]), f"nothing of the server is in {name}"
        await storage.guilds.record_leave(1, LATER)
        await storage.guilds.delete_server(1)
        after = tables(path)
        assert {name: rows for name, rows in after.items() if name not in NO_SERVERS} == {
            name: rows for name, rows in without.items() if name not in NO_SERVERS
        }
        assert after["papers"] == without["papers"]
        assert after["listings"] == without["listings"]

    async def test_a_deleted_server_that_the_bot_is_still_in_is_not_welcomed_again(
        self, storage: Storage, path: Path
    ) -> None:
        await furnish(storage, 1)
        await storage.guilds.delete_server(1)
        kept = {name: rows for name, rows in tables(path).items() if rows and name not in NO_SERVERS}
        assert kept == {"guilds": [(1, "2026-01-16T08:00:00+00:00", None, 0)]}
        assert not await storage.guilds.record_join(1, LATER)
        assert await storage.guilds.reconcile_servers(WHOLE, [1], LATER) == []

    async def test_deleting_an_unknown_server_deletes_nothing(self, storage: Storage, path: Path) -> None:
        await furnish(storage, 2)
        before = tables(path)
        await storage.guilds.delete_server(1)
        assert tables(path) == before | {"traces": [(1,), (2,)]}

    async def test_a_deleted_server_may_start_over(self, storage: Storage) -> None:
        await furnish(storage, 1)
        await storage.guilds.delete_server(1)
        await furnish(storage, 1)
        assert len(await storage.subscriptions.list_for_server(1)) == 6


class TestComingAndGoing:
    async def states(self, storage: Storage, guild_id: int = 1) -> list[SubscriptionState]:
        return [each.state for each in await storage.subscriptions.list_for_server(guild_id)]

    async def test_a_server_is_new_only_once(self, storage: Storage) -> None:
        assert await storage.guilds.record_join(1, MORNING)
        assert not await storage.guilds.record_join(1, LATER)
        assert await storage.guilds.record_join(2, LATER)

    async def test_a_server_that_is_joined_many_times_at_once_is_welcomed_once(self, storage: Storage) -> None:
        assert sum(await asyncio.gather(*(storage.guilds.record_join(1, MORNING) for _ in range(10)))) == 1

    async def test_leaving_a_server_pauses_its_subscriptions_and_no_others(self, storage: Storage, path: Path) -> None:
        active, paused, suspended, removed = [await subscribe(storage) for _ in range(4)]
        elsewhere = await subscribe(storage, guild_id=2)
        await storage.subscriptions.pause(paused, by=7, now=MORNING)
        await storage.subscriptions.suspend(suspended.id, GONE, MORNING)
        await storage.subscriptions.remove(removed, by=7, now=MORNING)
        await storage.guilds.record_join(1, MORNING)
        await storage.guilds.record_leave(1, LATER)
        assert await self.states(storage) == [SubscriptionState.PAUSED] * 3
        assert [each.reason for each in await storage.subscriptions.list_for_server(1)] == [None] * 3
        assert await storage.subscriptions.list_due(WHOLE, SECOND_RUN.at) == [elsewhere]
        left = [
            each.subscription_id for each in await storage.audit_log.list_latest(1, 99) if each.action is Action.LEFT
        ]
        assert sorted(left) == [active.id, suspended.id]
        after = tables(path)
        await storage.guilds.record_leave(1, LATER + timedelta(days=1))
        assert tables(path) == after

    async def test_a_plan_made_while_the_bot_leaves_is_dropped(self, storage: Storage) -> None:
        read = await subscribe(storage)
        await storage.guilds.record_leave(1, MORNING)
        assert await plan(storage, read, await recorded(storage)) is None

    async def test_a_server_counts_as_left_since_the_first_time_it_was_left(self, storage: Storage) -> None:
        await storage.guilds.record_join(1, MORNING)
        await storage.guilds.record_join(2, MORNING)
        await storage.guilds.record_leave(1, LATER)
        await storage.guilds.record_leave(1, LATER + timedelta(days=1))
        await storage.guilds.record_leave(3, LATER + timedelta(seconds=1))  # never noted as joined
        instants = (MORNING, LATER, LATER + timedelta(seconds=1), LATER + timedelta(seconds=2))
        assert [await storage.guilds.list_servers_left_before(WHOLE, each) for each in instants] == [
            [],
            [],
            [1],
            [1, 3],
        ]
        await storage.guilds.delete_server(1)
        assert await storage.guilds.list_servers_left_before(WHOLE, LATER + timedelta(days=99)) == [3]

    async def test_a_server_that_comes_back_is_new_and_its_subscriptions_stay_paused(self, storage: Storage) -> None:
        await subscribe(storage)
        await storage.guilds.record_join(1, MORNING)
        await storage.guilds.record_leave(1, LATER)
        assert await storage.guilds.record_join(1, LATER)
        assert await storage.guilds.list_servers_left_before(WHOLE, LATER + timedelta(days=99)) == []
        assert await self.states(storage) == [SubscriptionState.PAUSED]

    async def test_when_servers_are_first_counted_none_is_new(self, storage: Storage) -> None:
        await subscribe(storage, guild_id=1)
        assert await storage.guilds.reconcile_servers(WHOLE, [1, 2], MORNING) == []
        assert not await storage.guilds.record_join(2, MORNING)
        assert await self.states(storage) == [SubscriptionState.ACTIVE]

    async def test_later_only_servers_that_were_not_counted_before_are_new(self, storage: Storage) -> None:
        await storage.guilds.reconcile_servers(WHOLE, [1, 2], MORNING)
        assert await storage.guilds.reconcile_servers(WHOLE, [1, 2], LATER) == []
        assert sorted(await storage.guilds.reconcile_servers(WHOLE, [3, 1, 2, 4], LATER)) == [3, 4]
        assert await storage.guilds.reconcile_servers(WHOLE, [3, 1, 2, 4], LATER) == []

    @pytest.mark.parametrize("counted", [True, False], ids=["counted before", "known by its subscription alone"])
    async def test_a_server_left_while_the_bot_was_away_is_paused_and_later_deleted(
        self, storage: Storage, path: Path, counted: bool
    ) -> None:
        gone, elsewhere = await subscribe(storage), await subscribe(storage, guild_id=2)
        await storage.guilds.reconcile_servers(WHOLE, [1, 2] if counted else [2], MORNING)
        assert await storage.guilds.reconcile_servers(WHOLE, [2], LATER) == []
        assert await self.states(storage) == [SubscriptionState.PAUSED]
        assert await storage.subscriptions.list_due(WHOLE, FIRST_RUN.at) == [elsewhere]
        left_at = LATER if counted else MORNING
        assert await storage.guilds.list_servers_left_before(WHOLE, left_at + timedelta(seconds=1)) == [1]
        assert [each.action for each in await storage.audit_log.list_latest(1, 9)] == [Action.LEFT, Action.ADDED]
        assert (await newest(storage, gone)).revision == 1
        after = tables(path)
        assert await storage.guilds.reconcile_servers(WHOLE, [2], LATER + timedelta(days=1)) == []
        assert tables(path) == after

    async def test_a_server_with_only_removed_subscriptions_is_deleted_as_well(self, storage: Storage) -> None:
        removed = await subscribe(storage)
        await storage.subscriptions.remove(removed, by=7, now=MORNING)
        await storage.guilds.reconcile_servers(WHOLE, [2], MORNING)
        assert await storage.guilds.list_servers_left_before(WHOLE, LATER) == [1]

    async def test_a_server_that_came_back_while_the_bot_was_away_is_new_and_keeps_its_subscriptions(
        self, storage: Storage
    ) -> None:
        await subscribe(storage)
        await storage.guilds.reconcile_servers(WHOLE, [1, 2], MORNING)
        await storage.guilds.record_leave(1, MORNING)
        assert await storage.guilds.reconcile_servers(WHOLE, [1, 2], LATER) == [1]
        assert await storage.guilds.reconcile_servers(WHOLE, [1, 2], LATER) == []
        assert await storage.guilds.list_servers_left_before(WHOLE, LATER + timedelta(days=99)) == []
        assert await self.states(storage) == [SubscriptionState.PAUSED]
