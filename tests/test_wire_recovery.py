"""Recovery: what Discord took away for a while stops a digest no longer than that, and nobody has to resume it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from discord import Permissions

from bot.app import House
from bot.reasons import ReasonKind
from bot.storage import Action, SubscriptionState
from bot.subscription.settings import Discussion
from tests.builders import Clock, query
from tests.desk import Desk, loopback, no_bug, opened_desk, running_bot, two_lists  # noqa: F401
from tests.wire import Fault, Wire

FAR = datetime(2999, 1, 1, tzinfo=UTC)


@pytest.fixture
async def desk(house: House, wire: Wire, clock: Clock) -> AsyncIterator[Desk]:
    async with opened_desk(house, wire, clock) as opened:
        yield opened


async def settled(desk: Desk, state: SubscriptionState) -> None:
    """The bot has heard, and done what it does then."""
    while (await desk.standing()).state is not state:  # noqa: ASYNC110  # the bot has no event for it
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("permission", ["view_channel", "send_messages", "read_message_history"])
async def test_a_permission_that_is_back_needs_no_resume(desk: Desk, permission: str) -> None:
    desk.channel.denied = Permissions(**{permission: True})
    await desk.learn(desk.channel, "guild_channel_update")
    await desk.tick()
    assert (await desk.standing()).state is SubscriptionState.SUSPENDED
    assert "Once that is fixed, it resumes automatically." in desk.guild.general.messages[0].body["content"]
    desk.channel.denied = Permissions.none()
    await desk.learn(desk.channel, "guild_channel_update")
    await settled(desk, SubscriptionState.ACTIVE)
    assert (await desk.storage.changes.latest(desk.guild.id, 1))[0].action is Action.RECOVERED
    await desk.tick(days=1)
    assert len(desk.channel.digests) == 1


async def test_a_permission_that_is_still_missing_is_waited_for(house: House, wire: Wire, clock: Clock) -> None:
    async with opened_desk(house, wire, clock, discussion=Discussion.DIGEST) as desk:
        desk.channel.denied = Permissions(send_messages=True, create_public_threads=True)
        await desk.learn(desk.channel, "guild_channel_update")
        await desk.tick()
        desk.channel.denied = Permissions(create_public_threads=True)
        await desk.learn(desk.channel, "guild_channel_update")
        await desk.tick(days=1)
        assert (await desk.standing()).state is SubscriptionState.SUSPENDED
        assert not desk.channel.digests


async def test_a_time_out_that_has_ended_needs_no_resume(desk: Desk, tmp_path: Path) -> None:
    desk.guild.timed_out_until = FAR
    await desk.learn(desk.guild, "guild_available")
    await desk.tick()
    standing = await desk.standing()
    assert standing.reason
    assert standing.reason.kind is ReasonKind.IN_TIME_OUT
    me = desk.bot.get_guild(desk.guild.id).me  # type: ignore[union-attr]
    me.timed_out_until = None  # it ends, and nobody tells
    until = desk.clock.now + timedelta(minutes=2)
    query(
        tmp_path / "paperboy.db",
        f"UPDATE subscriptions SET reason = json_set(reason, '$.until', '{until.isoformat()}')",
    )
    await desk.tick(minutes=1)
    assert (await desk.standing()).state is SubscriptionState.SUSPENDED
    await desk.tick(minutes=2)
    assert (await desk.standing()).state is SubscriptionState.ACTIVE


async def test_a_time_out_that_somebody_lifts_needs_no_resume(desk: Desk) -> None:
    desk.guild.timed_out_until = FAR
    await desk.learn(desk.guild, "guild_available")
    await desk.tick()
    desk.guild.timed_out_until = None
    await desk.learn(desk.guild, "guild_available")
    await settled(desk, SubscriptionState.ACTIVE)


async def test_what_was_given_back_while_the_bot_was_away_is_seen_at_the_next_start(
    house: House, wire: Wire, clock: Clock
) -> None:
    async with opened_desk(house, wire, clock) as desk:
        desk.channel.denied = Permissions(send_messages=True)
        await desk.learn(desk.channel, "guild_channel_update")
        await desk.tick()
        assert (await desk.standing()).state is SubscriptionState.SUSPENDED
    desk.channel.denied = Permissions.none()
    async with running_bot(house, wire):
        await settled(desk, SubscriptionState.ACTIVE)


@pytest.mark.parametrize(("status", "code"), [(404, 10003), (403, 50013)])
async def test_what_the_bot_cannot_see_waits_for_an_admin(desk: Desk, status: int, code: int) -> None:
    desk.channel.refusal = Fault(status, code)
    await desk.tick()
    await desk.learn(desk.channel, "guild_channel_update")
    await desk.tick(days=1)
    assert (await desk.standing()).state is SubscriptionState.SUSPENDED
