"""After a restore: searches of long histories, and channels that cannot be searched."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from discord import Permissions

from bot.app import Services
from bot.demo.papers_server import PapersServer
from bot.layouts.subscriptions import describe_subscription_status
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.share import WHOLE
from bot.storage import DeliveryState, SubscriptionState
from tests.support.builders import Clock
from tests.support.delivery_rig import DeliveryRig, open_rig, running_bot, subscribe
from tests.support.restored import Backup, Backups, assert_nothing_twice, list_many_days
from tests.support.wire import Fault, Kind, Person, Wire

SEARCHING = Reason(ReasonKind.SEARCHING_AFTER_RESTORE)

pytestmark = pytest.mark.file


@pytest.fixture
def papers_server() -> PapersServer:
    return list_many_days()


async def run_on(rig: DeliveryRig, backups: Backups, days: int = 2) -> Backup:
    """A backup after the first digest, and some days without it."""
    await rig.tick()
    backup = await backups.make(rig.storage)
    for _ in range(days):
        await rig.tick(days=1)
    return backup


async def test_a_long_history_is_read_in_parts_and_goes_on_where_it_was_after_a_restart(
    rig: DeliveryRig, backups: Backups
) -> None:
    backup = await run_on(rig, backups, days=1)
    for number in range(1200):
        rig.wire.chat(rig.channel, f"good morning {number}")
    await rig.tick(days=1)
    posted = len(rig.channel.digests)
    async with backups.restore(backup) as services:
        rig.wire.history_faults.extend([*[Fault(200)] * 7, *[Fault(503)] * 5])
        before = rig.wire.histories
        async with running_bot(services, rig.wire) as bot:
            await bot.dispatcher.run_due(rig.clock.advance(minutes=1))
        rig.wire.history_faults.clear()
        async with running_bot(services, rig.wire) as bot:
            again = DeliveryRig(bot, rig.wire, rig.clock, services.storage, rig.guild, rig.subscription)
            await again.tick(minutes=1)
            assert rig.wire.histories - before < 13 + 7
            assert len(await again.deliveries()) == posted == 3
            await again.tick(days=1)
            assert len(rig.channel.digests) == posted + 1
            assert_nothing_twice(rig.channel)


async def test_a_channel_whose_search_takes_long_holds_up_no_other(
    services: Services, rig: DeliveryRig, backups: Backups
) -> None:
    other = rig.wire.add_guild()
    await rig.learn(other, "guild_available")
    await subscribe(services, other)
    backup = await run_on(rig, backups)
    answered = asyncio.Event()
    async with backups.run(backup, rig) as again:
        rig.channel.before = answered.wait
        dispatcher = again.bot.dispatcher
        rig.clock.advance(days=1)
        while len(other.papers.digests) < 4:
            await dispatcher.start_due_deliveries(rig.clock())
            await asyncio.sleep(0.05)
        assert len(rig.channel.digests) == 3
        rig.channel.before = None
        answered.set()
        await dispatcher.wait_until_idle()
        await again.tick(minutes=1)
        assert len(rig.channel.digests) == 4
        assert_nothing_twice(rig.channel, other.papers)


async def test_while_a_channel_is_searched_the_status_says_so_and_nothing_else_is_posted(
    rig: DeliveryRig, backups: Backups
) -> None:
    backup = await run_on(rig, backups)
    async with backups.run(backup, rig) as again:
        rig.wire.history_faults.append(Fault(503))
        await again.tick(minutes=1)
        known = await again.get_subscription()
        assert known.reason == SEARCHING
        assert "I first look in the channel" in describe_subscription_status(known, await again.deliveries(), [])
        dispatcher, now = again.bot.dispatcher, again.clock()
        for attempt in (
            dispatcher.send_digest_now(known, known.next_run.date, now, by=1),
            dispatcher.send_extra_digest(known, now, by=1, number=1),
            dispatcher.find_undoable_digest(known),
        ):
            with pytest.raises(Refused) as refused:
                await attempt
            assert refused.value.refusal is Refusal.RESTORING
        await again.tick(minutes=3)
        assert (await again.get_subscription()).reason is None
        assert len(rig.channel.digests) == 3
        (last, *_) = await again.deliveries()
        await dispatcher.undo_digest(await again.get_subscription(), last.id, again.clock(), by=1)
        assert len(rig.channel.digests) == 2


async def test_a_channel_whose_history_is_hidden_waits_for_an_admin(rig: DeliveryRig, backups: Backups) -> None:
    backup = await run_on(rig, backups)
    rig.channel.denied = Permissions(read_message_history=True)
    async with backups.run(backup, rig) as again:
        for _ in range(3):
            await again.tick(hours=30)
        suspended = await again.get_subscription()
        assert (suspended.state, suspended.reason) == (SubscriptionState.SUSPENDED, Reason(ReasonKind.HISTORY_HIDDEN))
        assert len(rig.guild.general.messages) == 1
        rig.channel.denied = Permissions.none()
        await again.learn(rig.channel, "guild_channel_update")
        await again.bot.dispatcher.recovery.recover_server(rig.guild.id, again.clock())
        await again.tick(minutes=5)
        await again.tick(minutes=1)
        assert len(rig.channel.digests) == 4
        assert_nothing_twice(rig.channel)


async def test_a_subscription_that_is_moved_out_of_a_hidden_channel_goes_on(
    services: Services, rig: DeliveryRig, backups: Backups
) -> None:
    staying = await subscribe(services, rig.guild, size=2)
    backup = await run_on(rig, backups)
    rig.channel.denied = Permissions(read_message_history=True)
    async with backups.run(backup, rig) as again:
        await again.tick(minutes=1)
        other = rig.wire.add_guild()
        await again.learn(other, "guild_available")
        await again.edit(channel=other.papers)
        await again.tick(days=1)
        await again.tick(days=1)
        assert other.papers.digests
        stays = await again.storage.subscriptions.get(staying.id)
        assert stays
        assert stays.state is SubscriptionState.SUSPENDED
        assert len(rig.channel.digests) == 6


async def test_a_channel_that_is_gone_holds_up_nothing(rig: DeliveryRig, backups: Backups) -> None:
    backup = await run_on(rig, backups)
    rig.channel.refusal = Fault(404, 10003)
    async with backups.run(backup, rig) as again:
        await again.tick(days=1)
        await again.tick(minutes=1)
        gone = await again.get_subscription()
        assert (gone.state, gone.reason) == (SubscriptionState.SUSPENDED, Reason(ReasonKind.CHANNEL_GONE))
        other = rig.wire.add_guild()
        await again.learn(other, "guild_available")
        await again.edit(channel=other.papers)
        await again.tick(days=1)
        assert other.papers.digests


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.PERSON])
async def test_if_no_search_succeeds_within_a_day_everything_counts_as_posted_and_the_server_is_told(
    services: Services, wire: Wire, clock: Clock, backups: Backups, kind: Kind
) -> None:
    async with open_rig(services, wire, clock, kind, size=4) as rig:
        known = await rig.get_subscription()
        rising = replace(known.settings, selection=replace(known.settings.selection, risers=2))
        await rig.storage.subscriptions.edit(known, rising, known.next_run, by=1, now=clock())
        backup = await run_on(rig, backups)
    async with backups.run(backup, rig) as again:
        wire.history_faults.extend([Fault(503)] * 99)
        for _ in range(7):
            await again.tick(hours=4)
        wire.history_faults.clear()
        assert await again.storage.restored.list_channels(WHOLE) == []
        reasons = [each.digest.reason for each in await again.deliveries()]
        assert Reason(ReasonKind.NOT_FOUND_AFTER_RESTORE) in reasons
        if kind is Kind.TEXT:
            (told,) = rig.guild.general.messages
            assert "data from a backup" in told.body["content"]
        await again.bot.services.archive.refresh_settling_lists(clock)
        for _ in range(2):
            await again.tick(days=1)
        assert len(rig.channel.digests) == 6
        assert_nothing_twice(rig.channel)


async def test_a_person_whose_direct_messages_have_moved_is_searched_where_they_are(
    services: Services, wire: Wire, clock: Clock, backups: Backups
) -> None:
    async with open_rig(services, wire, clock, Kind.PERSON, size=3) as rig:
        await rig.tick()
        backup = await backups.make(rig.storage)
        assert isinstance(rig.guild, Person)
        old = wire.move(rig.guild)
        for _ in range(2):
            await rig.tick(days=1)
        assert old.digests
    async with backups.run(backup, rig) as again:
        for _ in range(3):
            await again.tick(minutes=2)
        assert len(rig.channel.digests) == 2
        await again.tick(days=1)
        assert len(rig.channel.digests) == 3
        assert_nothing_twice(rig.channel)


@pytest.fixture
async def other_rig(services: Services, wire: Wire, clock: Clock) -> AsyncIterator[DeliveryRig]:
    async with open_rig(services, wire, clock, size=3) as opened:
        yield opened


async def test_a_backup_that_was_made_during_a_search_is_searched_from_the_earlier_one_on(
    other_rig: DeliveryRig, backups: Backups
) -> None:
    rig = other_rig
    backup = await run_on(rig, backups)
    async with backups.run(backup, rig) as again:
        rig.wire.history_faults.extend([Fault(503)] * 9)
        await again.tick(days=1)
        second = await backups.make(again.storage)
        rig.wire.history_faults.clear()
        await again.tick(minutes=10)
        await again.tick(minutes=1)
        await again.tick(days=1)
        posted = len(rig.channel.digests)
    async with backups.run(second, rig) as again:
        await again.tick(minutes=1)
        await again.tick(minutes=1)
        assert len(rig.channel.digests) == posted
        await again.tick(days=1)
        assert len(rig.channel.digests) == posted + 1
        assert_nothing_twice(rig.channel)
        states = [each.state for each in await again.deliveries()]
        assert states == [DeliveryState.SENT] * len(states)


async def test_a_bot_that_was_only_away_posts_on_time_and_leaves_what_admins_edit_as_it_was(rig: DeliveryRig) -> None:
    await rig.bot.services.archive.refresh_current_lists(rig.clock)
    await rig.tick()
    before = await rig.get_subscription()
    rig.clock.advance(hours=24)
    assert await rig.storage.restored.mark_if_old(WHOLE, rig.clock())
    await rig.tick()
    await rig.tick(seconds=59)
    assert len(rig.channel.digests) == 2
    assert (await rig.get_subscription()).revision == before.revision


async def test_a_restored_bot_with_another_clock_than_discords_finds_what_it_posted(
    rig: DeliveryRig, backups: Backups, wire: Wire
) -> None:
    wire.clock = lambda: rig.clock.now - timedelta(hours=8)
    backup = await run_on(rig, backups)
    async with backups.run(backup, rig) as again:
        await again.tick(minutes=1)
        await again.tick(minutes=1)
        assert len(rig.channel.digests) == 3
        await again.tick(days=1)
        assert_nothing_twice(rig.channel)
