"""What admins do on the wire: a digest sent before its time is posted once, one taken back leaves nothing."""

import asyncio
from typing import Any

import pytest
from discord import Permissions

from bot.app import Services
from bot.channels.requests import DeliveryFailed
from bot.delivery.planning import NothingToSend
from bot.storage import Delivery, DeliveryState
from bot.storage.deliveries import Deliveries
from tests.support.builders import Clock
from tests.support.delivery_rig import (
    DESTINATIONS,
    DeliveryRig,
    open_rig,
    restart_dispatcher,
)
from tests.support.wire import Fault, Kind, Wire

# Sent before the time


async def early(rig: DeliveryRig) -> Delivery:
    return await rig.bot.dispatcher.send_digest_now(
        await rig.get_subscription(), (await rig.get_subscription()).next_run.date, rig.clock(), by=1
    )


@pytest.mark.parametrize("kind", list(Kind))
async def test_a_digest_sent_now_while_a_tick_begins_is_posted_once(
    services: Services, wire: Wire, clock: Clock, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    async with open_rig(services, wire, clock, kind, publish=kind is Kind.NEWS) as rig:
        plan, planned, ticked = Deliveries.plan_delivery, asyncio.Event(), asyncio.Event()

        async def slowly(*args: Any, **options: Any) -> Any:
            delivery = await plan(*args, **options)
            planned.set()
            await ticked.wait()  # a tick comes between the plan and the post
            return delivery

        monkeypatch.setattr(Deliveries, "plan_delivery", slowly)
        sending = asyncio.create_task(early(rig))
        await planned.wait()
        await rig.tick()
        ticked.set()
        await sending
        await rig.tick(minutes=2)
        await rig.assert_arrived_once()
        assert len(wire.bodies) == 1


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.FORUM])
async def test_a_tick_that_takes_up_a_digest_being_sent_now_sends_nothing(
    services: Services, wire: Wire, clock: Clock, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    async with open_rig(services, wire, clock, kind) as rig:
        attempt, noting, ticked = Deliveries.record_attempt, asyncio.Event(), asyncio.Event()

        async def slowly(*args: Any, **options: Any) -> bool:
            noting.set()
            await ticked.wait()
            return await attempt(*args, **options)

        monkeypatch.setattr(Deliveries, "record_attempt", slowly)
        sending = asyncio.create_task(early(rig))
        await noting.wait()
        await rig.bot.dispatcher.start_due_deliveries(rig.clock())
        ticked.set()
        await rig.bot.dispatcher.wait_until_idle()
        assert (await sending).state is DeliveryState.SENT
        await rig.assert_arrived_once()
        assert len(wire.bodies) == 1


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.FORUM])
async def test_ticks_while_a_digest_is_sent_now_do_not_post_it_again(
    services: Services, wire: Wire, clock: Clock, kind: Kind
) -> None:
    async with open_rig(services, wire, clock, kind) as rig:
        asked, answered = asyncio.Event(), asyncio.Event()

        async def hold() -> None:
            asked.set()
            await answered.wait()

        wire.post_faults.append(Fault(200, created=True, meanwhile=hold))
        sending = asyncio.create_task(early(rig))
        await asked.wait()
        for _ in range(3):
            await rig.tick(minutes=3)
        answered.set()
        delivery = await sending
        assert delivery.state is DeliveryState.SENT
        await rig.assert_arrived_once()
        assert len(wire.bodies) == 1


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.FORUM])
async def test_of_two_admins_who_send_now_at_once_one_posts_and_the_other_is_told_why_not(
    services: Services, wire: Wire, clock: Clock, kind: Kind
) -> None:
    async with open_rig(services, wire, clock, kind) as rig:
        clock.advance(minutes=-30)
        known = await rig.get_subscription()
        send = rig.bot.dispatcher.send_digest_now
        results = await asyncio.gather(
            *(send(known, known.next_run.date, clock(), by=admin) for admin in (1, 2)), return_exceptions=True
        )
        assert sorted(type(each).__name__ for each in results) == ["Delivery", "NothingToSend"]
        await rig.tick(hours=1)
        await rig.assert_arrived_once()


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.FORUM])
async def test_a_digest_sent_now_whose_answer_is_lost_is_not_posted_again(
    services: Services, wire: Wire, clock: Clock, kind: Kind
) -> None:
    async with open_rig(services, wire, clock, kind) as rig:
        clock.advance(minutes=-30)
        wire.post_faults.append(Fault(created=True))
        assert (await early(rig)).state is DeliveryState.PLANNED
        with pytest.raises(NothingToSend):
            await early(rig)
        await rig.tick(minutes=2)
        await rig.tick(minutes=30)
        await rig.assert_arrived_once()
        assert len(wire.bodies) == 1


@pytest.mark.parametrize("kind", list(Kind))
async def test_an_extra_digest_whose_answer_is_lost_is_found_and_not_posted_again(
    services: Services, wire: Wire, clock: Clock, kind: Kind
) -> None:
    async with open_rig(services, wire, clock, kind) as rig:
        clock.advance(minutes=-30)
        known = await rig.get_subscription()
        wire.post_faults.append(Fault(created=True))
        sent = await rig.bot.dispatcher.send_extra_digest(known, clock(), by=1, number=1)
        assert sent.state is DeliveryState.PLANNED
        with pytest.raises(NothingToSend):
            await rig.bot.dispatcher.send_extra_digest(known, clock(), by=1, number=2)
        await rig.tick(minutes=2)
        assert len(wire.bodies) == 1
        (extra,) = await services.storage.deliveries.list_latest(known.id, 9)
        assert (extra.state, extra.extra) == (DeliveryState.SENT, 1)
        await rig.tick(minutes=30)
        (run, _) = await services.storage.deliveries.list_latest(known.id, 9)
        assert run.extra == 0


async def test_an_extra_digest_survives_a_stop_right_after_it_was_planned(forum: DeliveryRig) -> None:
    forum.clock.advance(minutes=-30)
    await forum.bot.dispatcher.shut_down()
    known = await forum.get_subscription()
    planned = await forum.bot.dispatcher.send_extra_digest(known, forum.clock(), by=1, number=1)
    assert (planned.state, forum.wire.bodies) == (DeliveryState.PLANNED, [])
    await restart_dispatcher(forum.bot).run_due(forum.clock.advance(minutes=1))
    await forum.assert_arrived_once()


async def test_a_digest_sent_now_while_the_bot_stops_is_posted_once_by_the_next_bot(forum: DeliveryRig) -> None:
    await forum.bot.dispatcher.shut_down()
    delivery = await early(forum)
    assert delivery.state is DeliveryState.PLANNED
    assert not forum.wire.bodies
    await restart_dispatcher(forum.bot).run_due(forum.clock.advance(minutes=1))
    await forum.assert_arrived_once()


async def test_a_stop_waits_for_a_digest_that_is_being_sent_now(forum: DeliveryRig) -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        asked.set()
        await answered.wait()

    forum.wire.post_faults.append(Fault(200, created=True, meanwhile=hold))
    sending = asyncio.create_task(early(forum))
    await asked.wait()
    stopping = asyncio.create_task(forum.bot.dispatcher.shut_down())
    await asyncio.sleep(0)  # it has begun
    answered.set()
    await stopping
    (delivery,) = await forum.deliveries()
    assert delivery.state is DeliveryState.SENT
    assert (await sending).state is DeliveryState.SENT
    await forum.assert_arrived_once()


# Taken back


@pytest.mark.parametrize("destination", DESTINATIONS)
async def test_an_undo_whose_answers_are_lost_can_be_repeated_and_leaves_nothing(
    services: Services, wire: Wire, clock: Clock, destination: str
) -> None:
    kind, how = DESTINATIONS[destination]
    async with open_rig(services, wire, clock, kind, size=2, **how) as rig:
        await rig.tick()
        (delivery,) = await rig.deliveries()
        wire.delete_faults.append(Fault(503, created=True))
        with pytest.raises(DeliveryFailed):
            await rig.bot.dispatcher.sender.undo_delivery(delivery, clock(), by=1)
        assert await rig.bot.dispatcher.sender.undo_delivery(delivery, clock(), by=1)
        assert (rig.channel.digests, rig.channel.threads) == ([], [])
        (undone,) = await rig.deliveries()
        assert (undone.state, undone.digest.highlights) == (DeliveryState.UNDONE, ())


@pytest.mark.parametrize("destination", ["a thread", "a forum"])
@pytest.mark.parametrize("kept", ["others wrote in it", "no Manage Threads"])
async def test_an_undo_leaves_a_thread_that_others_wrote_in_or_that_it_may_not_delete(
    services: Services, wire: Wire, clock: Clock, destination: str, kept: str
) -> None:
    kind, how = DESTINATIONS[destination]
    async with open_rig(services, wire, clock, kind, **how) as rig:
        await rig.tick()
        (thread,) = rig.channel.threads
        if kept == "others wrote in it":
            wire.chat(thread, "what a paper!")
        else:
            rig.channel.denied = Permissions(manage_threads=True)
            await rig.learn(rig.channel, "guild_channel_update")
        (delivery,) = await rig.deliveries()
        assert not await rig.bot.dispatcher.sender.undo_delivery(delivery, clock(), by=1)
        assert rig.channel.threads == [thread]
        assert rig.channel.digests == []


async def test_an_undo_in_a_channel_that_is_gone_frees_the_papers(posts: DeliveryRig) -> None:
    await posts.tick()
    (delivery,) = await posts.deliveries()
    posts.channel.refusal = Fault(404, 10003)
    posts.bot._connection._get_guild(posts.guild.id)._channels.clear()  # type: ignore[union-attr]
    assert await posts.bot.dispatcher.sender.undo_delivery(delivery, posts.clock(), by=1)
    (undone,) = await posts.deliveries()
    assert (undone.state, undone.digest.highlights) == (DeliveryState.UNDONE, ())
