"""After a restore no digest comes twice: what was posted since the backup is found in its channels and recorded."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from bot.app import Services
from bot.demo.papers_server import PapersServer
from bot.storage import DeliveryState, How, Storage, Subscription
from bot.storage.deliveries import Deliveries
from bot.subscription.schedule import Cadence, find_next_run
from bot.subscription.settings import Threads
from tests.support import builders
from tests.support.builders import DAY, MORNING, Clock
from tests.support.delivery_rig import (
    DESTINATIONS,
    DeliveryRig,
    assert_holds,
    open_rig,
    running_bot,
    save_subscription,
    subscribe,
)
from tests.support.restored import Backup, Backups, assert_nothing_twice, list_many_days
from tests.support.wire import Fault, Guild, Kind, Wire

DUE = MORNING + timedelta(hours=1)
STEPS = ("plan_delivery", "record_attempt", "record_arrival", "record_thread", "record_publication")

pytestmark = pytest.mark.file


@pytest.fixture
def papers_server() -> PapersServer:
    return list_many_days()


@contextmanager
def backup_made(
    monkeypatch: pytest.MonkeyPatch, backups: Backups, storage: Storage, number: int
) -> Iterator[list[Backup]]:
    """A backup is made before the `number`th time the bot notes something of a delivery."""
    noted, made = count(1), list[Backup]()

    def watched(name: str) -> Any:
        work = getattr(Deliveries, name)

        async def note(*args: Any, **options: Any) -> Any:
            if next(noted) == number:
                made.append(await backups.make(storage))
            return await work(*args, **options)

        return note

    with monkeypatch.context() as patching:
        for name in (*STEPS, "complete_delivery"):
            patching.setattr(Deliveries, name, watched(name))
        yield made


async def tick_days(dispatch: DeliveryRig, days: int) -> None:
    for _ in range(days):
        await dispatch.tick(days=1)
        await dispatch.tick(minutes=1)
        dispatch.clock.advance(minutes=-1)


@pytest.mark.parametrize("number", [1, 12, 27, 44])
async def test_a_backup_of_any_moment_repeats_nothing_and_loses_nothing_wherever_digests_go(
    services: Services, wire: Wire, clock: Clock, backups: Backups, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    known: dict[str, tuple[Guild, Subscription]] = {}
    for name, (kind, how) in DESTINATIONS.items():
        guild = wire.add_guild(kind)
        known[name] = guild, await subscribe(services, guild, size=3, **how)
    clock.now = DUE
    async with running_bot(services, wire) as bot:
        rig = DeliveryRig(bot, wire, clock, services.storage, *known["a person"])
        with backup_made(monkeypatch, backups, services.storage, number) as made:
            await rig.tick()
        (backup,) = made
        await tick_days(rig, 2)
        posted = {name: [each.id for each in guild.papers.digests] for name, (guild, _) in known.items()}
    async with backups.run(backup, rig) as again:
        for _ in range(4):
            await again.tick(minutes=1)
        assert posted == {name: [each.id for each in guild.papers.digests] for name, (guild, _) in known.items()}
        await again.bot.services.archive.refresh_settling_lists(clock)
        await tick_days(again, 2)
        for name, (guild, subscription) in known.items():
            assert_nothing_twice(guild.papers)
            assert len(guild.papers.digests) == len(posted[name]) // 3 * 5, name
            deliveries = await again.storage.deliveries.list_latest(subscription.id, 9)
            assert [each.state for each in deliveries] == [DeliveryState.SENT] * 5, name
            for delivery in deliveries:
                ids = {each.message_id for each in delivery.messages}
                assert_holds([each for each in guild.papers.digests if each.id in ids], delivery)
            assert {each.message_id for one in deliveries for each in one.messages} == {
                each.id for each in guild.papers.digests
            }


@pytest.fixture
async def rig(services: Services, wire: Wire, clock: Clock) -> AsyncIterator[DeliveryRig]:
    async with open_rig(services, wire, clock, size=4, quiet_line=True) as opened:
        yield opened


async def test_digests_that_were_split_or_simplified_are_found(rig: DeliveryRig, backups: Backups) -> None:
    rig.channel.judge = lambda body: Fault(400, 50035) if "2601.00202" in body and "2601.00200" in body else None
    await rig.tick()
    backup = await backups.make(rig.storage)
    await tick_days(rig, 2)
    posted = [each.papers for each in rig.channel.digests]
    assert [len(each) for each in posted] == [4, 2, 2, 4]
    async with backups.run(backup, rig) as again:
        await again.tick(minutes=1)
        await again.tick(minutes=1)
        assert [each.papers for each in rig.channel.digests] == posted
        _, split, _ = await again.deliveries()
        assert [each.positions for each in split.messages] == [(1, 2), (3, 4)]
        await tick_days(again, 1)
        assert_nothing_twice(rig.channel)


async def test_a_delivery_that_was_split_after_the_backup_is_recorded_as_it_was_sent(
    rig: DeliveryRig, backups: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.channel.judge = lambda body: Fault(400, 50035) if "2601.00102" in body and "2601.00100" in body else None
    with backup_made(monkeypatch, backups, rig.storage, 2) as made:
        await rig.tick()
    async with backups.run(made[0], rig) as again:
        await again.tick(minutes=1)
        await again.tick(minutes=1)
        assert [len(each.papers) for each in rig.channel.digests] == [2, 2]
        (delivery,) = await again.deliveries()
        assert_holds(rig.channel.digests, delivery)


async def test_what_an_admin_sent_early_or_beside_the_runs_is_found(rig: DeliveryRig, backups: Backups) -> None:
    await rig.tick()
    backup = await backups.make(rig.storage)
    known = await rig.get_subscription()
    await rig.bot.dispatcher.send_extra_digest(known, rig.clock.advance(hours=1), by=1, number=1)
    await rig.tick(hours=23)
    known = await rig.get_subscription()
    rig.clock.advance(hours=20)
    await rig.bot.dispatcher.send_digest_now(known, known.next_run.date, rig.clock(), by=1)
    posted = len(rig.channel.digests)
    async with backups.run(backup, rig) as again:
        for _ in range(3):
            await again.tick(minutes=1)
        deliveries = await again.deliveries()
        assert [each.extra for each in deliveries] == [0, 0, 1, 0]
        assert (await again.get_subscription()).next_run.date == known.next_run.date + timedelta(days=1)
        await again.tick(hours=5)
        assert len(rig.channel.digests) == posted
        extra = await again.bot.dispatcher.send_extra_digest(
            await again.get_subscription(), again.clock.advance(hours=3), by=1, number=1
        )
        assert extra.state is DeliveryState.SENT
        assert_nothing_twice(rig.channel)


async def test_a_line_that_nothing_is_new_comes_once_too(rig: DeliveryRig, backups: Backups) -> None:
    await rig.tick()
    backup = await backups.make(rig.storage)
    known = await rig.get_subscription()
    picky = replace(known.settings, selection=replace(known.settings.selection, min_upvotes=999))
    await rig.storage.subscriptions.edit(known, picky, known.next_run, by=1, now=rig.clock())
    await tick_days(rig, 2)
    assert len(rig.channel.messages) == 3
    async with backups.run(backup, rig) as again:
        await again.tick(minutes=1)
        await again.tick(minutes=1)
        assert [each.state for each in await again.deliveries()] == [DeliveryState.QUIET] * 2 + [DeliveryState.SENT]
        assert len(rig.channel.messages) == 3


async def test_an_undone_digest_comes_with_the_next_one_as_ever(rig: DeliveryRig, backups: Backups) -> None:
    await rig.tick()
    backup = await backups.make(rig.storage)
    await tick_days(rig, 1)
    (last, first) = await rig.deliveries()
    await rig.bot.dispatcher.undo_digest(await rig.get_subscription(), last.id, rig.clock(), by=1)
    async with backups.run(backup, rig) as again:
        await tick_days(again, 1)
        assert_nothing_twice(rig.channel)
        papers = [paper for each in rig.channel.digests for paper in each.papers]
        assert {each.paper.id for each in last.digest.highlights} & set(papers)
        assert len(rig.channel.digests) > len([first])


async def test_recaps_and_several_digests_of_a_channel_are_found_in_one_reading(
    services: Services, rig: DeliveryRig, backups: Backups
) -> None:
    weekly = builders.build_settings(rig.channel.id, Cadence.WEEKLY)
    recap = await save_subscription(rig.storage, rig.guild, weekly, find_next_run(weekly.schedule, MORNING))
    other = await subscribe(services, rig.guild, size=2, threads=Threads.PER_PAPER)
    await rig.tick()
    backup = await backups.make(rig.storage)
    await tick_days(rig, 4)
    posted = [each.id for each in rig.channel.digests]
    read = rig.wire.histories
    async with backups.run(backup, rig) as again:
        for _ in range(3):
            await again.tick(minutes=1)
        assert [each.id for each in rig.channel.digests] == posted
        assert rig.wire.histories == read + 1
        counts = [
            len(await again.storage.deliveries.list_latest(each, 9))
            for each in (rig.subscription.id, recap.id, other.id)
        ]
        assert counts == [5, 1, 5]
        await tick_days(again, 3)
        (delivery,) = await again.storage.deliveries.list_latest(recap.id, 9)
        assert delivery.state is DeliveryState.SENT


async def test_of_a_digest_that_was_cut_off_the_rest_comes_with_the_next_one(
    services: Services, wire: Wire, clock: Clock, backups: Backups
) -> None:
    async with open_rig(services, wire, clock, Kind.TEXT, size=4, threads=Threads.PER_PAPER) as rig:
        await rig.tick()
        backup = await backups.make(rig.storage)
        wire.post_faults.extend([Fault(200, created=True)] * 2 + [Fault()] * 99)
        await tick_days(rig, 1)
        wire.post_faults.clear()
        assert len(rig.channel.digests) == 6
    async with backups.run(backup, rig) as again:
        await again.tick(minutes=1)
        assert (await again.deliveries())[0].state is DeliveryState.FAILED
        await tick_days(again, 1)
        assert_nothing_twice(rig.channel)
        assert "2601.00202" in [paper for each in rig.channel.digests for paper in each.papers]


async def read_and_send_at_once(rig: DeliveryRig) -> None:
    await rig.bot.services.archive.refresh_current_lists(rig.clock)
    await rig.bot.dispatcher.plan_at_once(rig.bot.services.at_once, rig.clock())
    await rig.tick(minutes=1)


async def test_what_came_to_a_person_at_once_does_not_come_again(
    services: Services, wire: Wire, clock: Clock, backups: Backups
) -> None:
    async with open_rig(services, wire, clock, Kind.PERSON, size=2) as rig:
        await rig.storage.followed_queries.follow(rig.guild.id, "min:70", How.AT_ONCE, DAY, clock())
        await rig.tick()
        backup = await backups.make(rig.storage)
        for _ in range(3):
            await read_and_send_at_once(rig)
            await rig.tick(hours=23)
            await rig.tick(hours=1)
        posted = [each.papers for each in rig.channel.digests]
        assert len(posted) > 4
    async with backups.run(backup, rig) as again:
        await again.bot.services.archive.refresh_settling_lists(clock)
        await again.bot.dispatcher.plan_at_once(again.bot.services.at_once, clock())
        for _ in range(3):
            await read_and_send_at_once(again)
        assert [each.papers for each in rig.channel.digests][: len(posted)] == posted
        assert_nothing_twice(rig.channel)
        assert [each.extra for each in await again.deliveries()].count(0) == 4
        for _ in range(2):
            await again.tick(days=1)
        assert_nothing_twice(rig.channel)
        assert len(rig.channel.digests) > len(posted)


async def test_a_person_is_not_sent_again_what_came_by_a_subscription_that_the_backup_lacks(
    services: Services, wire: Wire, clock: Clock, backups: Backups
) -> None:
    async with open_rig(services, wire, clock, Kind.PERSON, size=4) as rig:
        await rig.tick()
        backup = await backups.make(rig.storage)
        await rig.storage.people.delete_person(rig.guild.id)
        rig.subscription = await subscribe(services, rig.guild, size=4)
        await tick_days(rig, 2)
        posted = len(rig.channel.digests)
        assert posted > 2
    async with backups.run(backup, rig) as again:
        await tick_days(again, 2)
        # What they deleted and started anew, they may have been sent twice before the restore.
        counted = [paper for each in rig.channel.digests[1:] for paper in each.papers]
        assert len(counted) == len(set(counted))
