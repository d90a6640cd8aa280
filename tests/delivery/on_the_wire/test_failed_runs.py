"""A digest that is late or never arrives, and what the next one does about it."""

from dataclasses import replace
from datetime import timedelta

from bot.app import Services
from bot.reasons import Reason, ReasonKind
from bot.storage import DeliveryState, SubscriptionState
from bot.subscription.settings import Threads
from tests.support.builders import API_DOWN, DAY, FRIDAY, Clock, entries
from tests.support.delivery_rig import DeliveryRig, open_rig, running_bot, subscribe
from tests.support.papers_server import FrailPapers
from tests.support.wire import Fault, Wire


async def test_a_new_subscription_does_not_wait_for_days_it_does_not_need(
    services: Services, wire: Wire, clock: Clock, papers_server: FrailPapers
) -> None:
    papers_server.unservable = frozenset({DAY - timedelta(days=3)})
    guild = wire.add_guild()
    await subscribe(services, guild)
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.run_due(clock())
    assert len(guild.papers.digests) == 1


async def test_a_quiet_day_is_announced_also_where_each_paper_has_its_thread(
    services: Services, wire: Wire, clock: Clock, papers_server: FrailPapers
) -> None:
    papers_server.lists = {DAY: entries(5), FRIDAY: entries(5, FRIDAY)}  # all of them again
    async with open_rig(services, wire, clock, threads=Threads.PER_PAPER, quiet_line=True) as rig:
        await rig.tick()
        await rig.tick(days=1)
        quiet, _ = await rig.deliveries()
        assert (quiet.state, quiet.reason) == (DeliveryState.QUIET, None)
        assert "Nothing new today" in str(rig.channel.messages[-1].body)


async def test_a_message_that_discord_rejects_in_every_form_fails_the_run_but_not_the_subscription(
    rig: DeliveryRig,
) -> None:
    await rig.tick()
    rig.wire.post_faults.append(Fault(400, 50008))
    await rig.tick(days=1)
    failed, sent = await rig.deliveries()
    assert (failed.state, sent.state) == (DeliveryState.FAILED, DeliveryState.SENT)
    assert failed.reason == Reason(ReasonKind.MESSAGE_REJECTED, number=50008)
    assert (await rig.get_subscription()).state is SubscriptionState.ACTIVE
    await rig.tick(days=1)
    first, second = rig.channel.digests
    assert second.papers == [f"2601.{number:05}" for number in range(11, 16)]
    assert not set(first.papers) & set(second.papers)


async def test_papers_of_a_digest_that_never_arrived_come_with_the_next(rig: DeliveryRig) -> None:
    await rig.tick()
    rig.wire.post_faults.append(Fault())
    await rig.tick(days=1)
    await rig.tick(days=1)
    sent, failed, _ = await rig.deliveries()
    assert (sent.state, failed.state) == (DeliveryState.SENT, DeliveryState.FAILED)
    assert [len(message.papers) for message in rig.channel.digests] == [5, 5]
    assert rig.channel.digests[1].papers == [f"2601.{number:05}" for number in range(11, 16)]
    assert sent.posted_message
    assert rig.channel.digests[1].id == sent.posted_message.message_id


async def test_a_digest_found_when_the_next_is_due_is_recorded_and_not_repeated(rig: DeliveryRig) -> None:
    await rig.tick()
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick(days=1)
    await rig.tick(days=1)
    quiet, found, _ = await rig.deliveries()
    assert (quiet.state, found.state) == (DeliveryState.QUIET, DeliveryState.SENT)
    assert found.posted_message
    assert rig.channel.digests[1].id == found.posted_message.message_id
    papers = [paper for message in rig.channel.digests for paper in message.papers]
    assert len(papers) == len(set(papers)) == 10


async def test_a_digest_is_posted_by_the_settings_an_admin_saved_while_it_was_composed(
    rig: DeliveryRig, papers_server: FrailPapers
) -> None:
    other = rig.guild.general

    async def edit() -> None:
        papers_server.meanwhile = None
        await rig.edit(channel=other, size=2)

    papers_server.meanwhile = edit
    await rig.tick()
    assert not rig.wire.bodies
    await rig.tick(minutes=2)
    assert not rig.channel.digests
    assert [len(message.papers) for message in other.digests] == [2]


async def test_a_restart_while_the_papers_api_is_down_posts_once_it_is_back(
    services: Services, wire: Wire, clock: Clock, papers_server: FrailPapers
) -> None:
    guild = wire.add_guild()
    subscription = await subscribe(services, guild)
    papers_server.down = True
    for _ in range(2):
        async with running_bot(services, wire) as bot:
            rig = DeliveryRig(bot, wire, clock, services.storage, guild, subscription)
            await rig.tick(hours=1)
            assert (await rig.get_subscription()).reason == API_DOWN
            assert not await rig.deliveries()
    papers_server.down = False
    async with running_bot(services, wire) as bot:
        rig = replace(rig, bot=bot)
        await rig.tick(minutes=3)
        await rig.tick(minutes=2)
        await rig.assert_arrived_once()
    assert (await rig.get_subscription()).reason is None


async def test_lists_already_read_are_enough_while_the_papers_api_is_down(
    rig: DeliveryRig, papers_server: FrailPapers
) -> None:
    for earlier in range(7):
        await rig.bot.services.archive.refresh_list(DAY - timedelta(days=earlier), rig.clock.now)
    papers_server.down = True
    await rig.tick(hours=1)
    await rig.assert_arrived_once()
