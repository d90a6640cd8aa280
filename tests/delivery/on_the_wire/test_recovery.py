"""Recovery: what Discord took away for a while stops a digest no longer than that, and nobody has to resume it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from discord import Permissions

from bot.app import Services
from bot.reasons import ReasonKind
from bot.storage import Action, SubscriptionState
from bot.subscription.settings import Threads
from tests.support.builders import Clock, query
from tests.support.delivery_rig import DeliveryRig, open_rig, running_bot
from tests.support.wire import Fault, Wire

FAR = datetime(2999, 1, 1, tzinfo=UTC)


async def settled(rig: DeliveryRig, state: SubscriptionState) -> None:
    """The bot has heard, and done what it does then."""
    while (await rig.get_subscription()).state is not state:  # noqa: ASYNC110  # the bot has no event for it
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("permission", ["view_channel", "send_messages", "read_message_history"])
async def test_after_a_permission_is_back_digests_resume_automatically(rig: DeliveryRig, permission: str) -> None:
    rig.channel.denied = Permissions(**{permission: True})
    await rig.learn(rig.channel, "guild_channel_update")
    await rig.tick()
    assert (await rig.get_subscription()).state is SubscriptionState.SUSPENDED
    assert "Once that is fixed, it resumes automatically." in rig.guild.general.messages[0].body["content"]
    rig.channel.denied = Permissions.none()
    await rig.learn(rig.channel, "guild_channel_update")
    await settled(rig, SubscriptionState.ACTIVE)
    assert (await rig.storage.audit_log.list_latest(rig.guild.id, 1))[0].action is Action.RECOVERED
    await rig.tick(days=1)
    assert len(rig.channel.digests) == 1


async def test_digests_do_not_resume_while_another_permission_is_missing(
    services: Services, wire: Wire, clock: Clock
) -> None:
    async with open_rig(services, wire, clock, threads=Threads.PER_DIGEST) as rig:
        rig.channel.denied = Permissions(send_messages=True, create_public_threads=True)
        await rig.learn(rig.channel, "guild_channel_update")
        await rig.tick()
        rig.channel.denied = Permissions(create_public_threads=True)
        await rig.learn(rig.channel, "guild_channel_update")
        await rig.tick(days=1)
        assert (await rig.get_subscription()).state is SubscriptionState.SUSPENDED
        assert not rig.channel.digests


async def test_after_a_time_out_ends_digests_resume_automatically(rig: DeliveryRig) -> None:
    rig.guild.timed_out_until = FAR
    await rig.learn(rig.guild, "guild_available")
    await rig.tick()
    standing = await rig.get_subscription()
    assert standing.reason
    assert standing.reason.kind is ReasonKind.IN_TIME_OUT
    assert standing.reason.until
    me = rig.bot.get_guild(rig.guild.id).me  # type: ignore[union-attr]
    me.timed_out_until = None  # it ends, and nobody tells
    until = rig.clock.now + timedelta(minutes=2)
    sooner = f"replace(reason, '{standing.reason.until.isoformat()}', '{until.isoformat()}')"
    query(rig.storage.database.address, f"UPDATE subscriptions SET reason = {sooner}")
    await rig.tick(minutes=1)
    assert (await rig.get_subscription()).state is SubscriptionState.SUSPENDED
    await rig.tick(minutes=2)
    assert (await rig.get_subscription()).state is SubscriptionState.ACTIVE


async def test_after_somebody_lifts_a_time_out_digests_resume_automatically(rig: DeliveryRig) -> None:
    rig.guild.timed_out_until = FAR
    await rig.learn(rig.guild, "guild_available")
    await rig.tick()
    rig.guild.timed_out_until = None
    await rig.learn(rig.guild, "guild_available")
    await settled(rig, SubscriptionState.ACTIVE)


async def test_permissions_given_back_while_the_bot_was_away_are_noticed_at_the_next_start(
    services: Services, wire: Wire, clock: Clock
) -> None:
    async with open_rig(services, wire, clock) as rig:
        rig.channel.denied = Permissions(send_messages=True)
        await rig.learn(rig.channel, "guild_channel_update")
        await rig.tick()
        assert (await rig.get_subscription()).state is SubscriptionState.SUSPENDED
    rig.channel.denied = Permissions.none()
    async with running_bot(services, wire):
        await settled(rig, SubscriptionState.ACTIVE)


@pytest.mark.parametrize(("status", "code"), [(404, 10003), (403, 50013)])
async def test_an_obstacle_that_the_bot_cannot_see_waits_for_an_admin(rig: DeliveryRig, status: int, code: int) -> None:
    rig.channel.refusal = Fault(status, code)
    await rig.tick()
    await rig.learn(rig.channel, "guild_channel_update")
    await rig.tick(days=1)
    assert (await rig.get_subscription()).state is SubscriptionState.SUSPENDED
