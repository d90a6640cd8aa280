"""Subscriptions: added, due, changed, and two admins who change one at the same time."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.digest import Digest
from bot.reasons import Reason
from bot.share import WHOLE
from bot.storage import (
    MAX_PER_SERVER,
    ChangedMeanwhile,
    Storage,
    Subscription,
    SubscriptionState,
    TooManySubscriptions,
    open_storage,
)
from bot.subscription.settings import DigestSettings, PostingOptions, Selection
from tests.support.builders import (
    API_DOWN,
    DAY,
    FIRST_RUN,
    GONE,
    MORNING,
    SECOND_RUN,
    SETTINGS,
    digest,
    paper,
    plan,
    query,
    subscribe,
    tables,
)
from tests.support.subscriptions import CHANGES, FULL, MOVED, Work, newest

pytestmark = pytest.mark.usefixtures("the_file_is_sound")

A = paper("2601.00001", upvotes=1)


async def recorded(storage: Storage) -> Digest:
    await storage.papers.record_list(DAY, [A], MORNING)
    return digest(A)


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
    async def test_a_subscription_is_read_back_exactly_as_it_was_added(
        self, storage: Storage, settings: DigestSettings
    ) -> None:
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

    async def test_a_server_has_at_most_25_subscriptions_and_removing_one_makes_room(
        self, storage: Storage, path: Path
    ) -> None:
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

    async def test_the_25th_subscription_cannot_be_added_twice_at_once(self, storage: Storage) -> None:
        outcomes = await asyncio.gather(*(subscribe(storage) for _ in range(40)), return_exceptions=True)
        assert sum(isinstance(outcome, TooManySubscriptions) for outcome in outcomes) == 15
        assert len(await storage.subscriptions.list_for_server(1)) == 25

    async def test_a_subscription_is_due_from_the_second_of_its_run(self, storage: Storage) -> None:
        added = await subscribe(storage)
        assert await storage.subscriptions.list_due(WHOLE, FIRST_RUN.at - timedelta(seconds=1)) == []
        assert await storage.subscriptions.list_due(WHOLE, FIRST_RUN.at) == [added]
        assert await storage.subscriptions.list_due(WHOLE, FIRST_RUN.at + timedelta(days=400)) == [added]

    async def test_paused_and_removed_subscriptions_are_not_due(self, storage: Storage) -> None:
        paused, removed = await subscribe(storage), await subscribe(storage)
        await storage.subscriptions.pause(paused, by=7, now=MORNING)
        await storage.subscriptions.remove(removed, by=7, now=MORNING)
        assert await storage.subscriptions.list_due(WHOLE, FIRST_RUN.at) == []
        assert await storage.subscriptions.get(removed.id) is None
        await storage.subscriptions.resume(await newest(storage, paused), SECOND_RUN, by=7, now=MORNING)
        assert [each.id for each in await storage.subscriptions.list_due(WHOLE, SECOND_RUN.at)] == [paused.id]

    async def test_every_change_by_an_admin_makes_a_new_revision(self, storage: Storage) -> None:
        added = await subscribe(storage)
        await storage.subscriptions.pause(added, by=7, now=MORNING)
        await storage.subscriptions.resume(await newest(storage, added), SECOND_RUN, by=7, now=MORNING)
        await storage.subscriptions.edit(await newest(storage, added), FULL, SECOND_RUN, by=7, now=MORNING)
        assert await newest(storage, added) == replace(added, settings=FULL, next_run=SECOND_RUN, revision=3)

    async def test_an_edit_reactivates_a_suspended_subscription_but_not_a_paused_one(self, storage: Storage) -> None:
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

    async def test_what_a_run_waits_for_is_recorded_until_it_is_planned(self, storage: Storage) -> None:
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
    async def test_a_subscription_that_cannot_be_read_does_not_stop_the_others(
        self, storage: Storage, path: Path, broken: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        lost, sound = await subscribe(storage), await subscribe(storage)
        query(path, f"UPDATE subscriptions SET {broken} WHERE id = {lost.id}")
        assert await storage.subscriptions.list_due(WHOLE, FIRST_RUN.at) == [sound]
        assert await storage.subscriptions.list_for_server(1) == [sound]
        assert await storage.subscriptions.get(lost.id) is None
        assert f"subscription {lost.id} cannot be read" in caplog.text


each_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())


class TestTwoAdmins:
    """The second to change a subscription has seen another than there is."""

    @each_change
    @pytest.mark.parametrize("before", CHANGES)
    async def test_the_second_of_two_admins_is_told_and_changes_nothing(
        self, storage: Storage, path: Path, before: str, change: Work
    ) -> None:
        seen = await subscribe(storage)
        await CHANGES[before](storage, seen)
        after = tables(path)
        with pytest.raises(ChangedMeanwhile):
            await change(storage, seen)
        assert tables(path) == after

    async def test_of_many_changes_at_once_one_is_made_and_logged(self, storage: Storage, path: Path) -> None:
        seen = await subscribe(storage)
        async with open_storage(path) as other:
            works = [change(each, seen) for change in CHANGES.values() for each in (storage, other) * 3]
            outcomes = await asyncio.gather(*works, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes].count(ChangedMeanwhile) == len(works) - 1
        assert sum(isinstance(outcome, Exception) for outcome in outcomes) == len(works) - 1
        assert len(await storage.audit_log.list_latest(1, 99)) == 2
        assert query(path, "SELECT revision FROM subscriptions") == [(1,)]

    @each_change
    async def test_a_removed_subscription_cannot_be_changed_even_from_its_latest_revision(
        self, storage: Storage, path: Path, change: Work
    ) -> None:
        seen = await subscribe(storage)
        await storage.subscriptions.remove(seen, by=7, now=MORNING)
        after = tables(path)
        with pytest.raises(ChangedMeanwhile):
            await change(storage, replace(seen, revision=1))
        assert tables(path) == after

    @each_change
    async def test_what_the_bot_did_meanwhile_stops_no_admin(self, storage: Storage, change: Work) -> None:
        seen = await subscribe(storage)
        await storage.subscriptions.set_waiting_reason(seen.id, API_DOWN)
        assert await plan(storage, seen, await recorded(storage))
        await storage.subscriptions.suspend(seen.id, GONE, MORNING)
        await change(storage, seen)
