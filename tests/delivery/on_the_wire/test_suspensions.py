"""Channels that are gone, closed or left: what is suspended, and who is told."""

from datetime import UTC, datetime

import pytest
from discord import Permissions

from bot.app import Services
from bot.reasons import Reason, ReasonKind
from bot.storage import SubscriptionState
from tests.support.builders import GONE, HIDDEN, LACKING, Clock
from tests.support.delivery_rig import DeliveryRig, running_bot, subscribe
from tests.support.wire import Fault, Wire


async def test_an_error_of_the_old_channel_does_not_suspend_a_subscription_that_was_moved(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault(503))
    await rig.tick()
    await rig.edit(channel=rig.guild.general)
    rig.channel.refusal = Fault(403, 50013)
    await rig.tick(minutes=2)
    assert (await rig.get_subscription()).state is SubscriptionState.ACTIVE
    await rig.tick(days=1)
    assert len(rig.guild.general.digests) == 1


async def test_a_delayed_digest_is_not_posted_in_a_channel_its_subscription_has_left(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault(503))
    await rig.tick()
    await rig.edit(channel=rig.guild.general)
    await rig.tick(minutes=3)
    assert rig.channel.digests == []
    await rig.tick(days=1)
    assert len(rig.guild.general.digests) == 1


async def test_a_channel_hidden_while_a_digest_is_in_doubt_is_reported_as_hidden(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault(created=True))
    await rig.tick()
    rig.channel.denied = Permissions(view_channel=True)
    await rig.learn(rig.channel, "guild_channel_update")
    await rig.tick(minutes=2)
    assert (await rig.get_subscription()).reason == HIDDEN


async def test_several_subscriptions_that_lose_one_channel_tell_the_server_once(
    services: Services, wire: Wire, clock: Clock
) -> None:
    guild = wire.add_guild()
    for _ in range(3):
        await subscribe(services, guild)
    guild.papers.refusal = Fault(404, 10003)
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.run_due(clock())
    assert len(guild.general.messages) == 1


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (404, 10003, GONE),
        (403, 50001, HIDDEN),
        (403, 50013, LACKING),
    ],
)
async def test_a_channel_that_is_gone_or_closed_suspends_its_subscription(
    rig: DeliveryRig, status: int, code: int, reason: Reason
) -> None:
    rig.channel.refusal = Fault(status, code)
    await rig.tick()
    await rig.tick(days=1)
    standing = await rig.get_subscription()
    assert (standing.state, standing.reason) == (SubscriptionState.SUSPENDED, reason)
    assert rig.wire.requests.count(f"POST /channels/{rig.channel.id}/messages") == 1
    assert len(rig.guild.general.messages) == 1


async def test_a_bot_in_time_out_says_so_and_does_not_ask_for_permissions_it_has(rig: DeliveryRig) -> None:
    rig.guild.timed_out_until = datetime(2999, 1, 1, tzinfo=UTC)
    await rig.learn(rig.guild, "guild_available")
    await rig.tick()
    standing = await rig.get_subscription()
    in_time_out = Reason(ReasonKind.IN_TIME_OUT, until=rig.guild.timed_out_until)
    assert (standing.state, standing.reason) == (SubscriptionState.SUSPENDED, in_time_out)
    assert not rig.wire.bodies


async def test_an_administrator_bot_posts_even_in_time_out(rig: DeliveryRig) -> None:
    rig.guild.everybody_may = Permissions(administrator=True)
    rig.guild.timed_out_until = datetime(2999, 1, 1, tzinfo=UTC)
    await rig.learn(rig.guild, "guild_available")
    await rig.tick()
    await rig.assert_arrived_once()


async def test_a_subscription_is_suspended_even_if_the_server_cannot_be_told(rig: DeliveryRig) -> None:
    rig.channel.refusal = rig.guild.general.refusal = Fault(403, 50013)
    await rig.tick()
    assert (await rig.get_subscription()).state is SubscriptionState.SUSPENDED
