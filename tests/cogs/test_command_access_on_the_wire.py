"""Who may press the buttons of `/digest`: over real HTTP, where a server's settings are read, kept and forgotten."""

import asyncio
from collections.abc import AsyncIterator

import discord
import pytest

from bot import command_access
from bot.app import Services
from bot.layouts.refusals import explain_refusal
from bot.refusals import Refusal, Refused
from tests.support.builders import Clock, explain
from tests.support.delivery_rig import LIMIT, DeliveryRig, open_rig
from tests.support.wire import Channel, Fault, Guild, Payload, Wire
from tests.support.wire_channels import BOT_ID, EVERYBODY_MAY

CURATORS = 4711
CURATOR: Payload = {"user": {"id": "99", "username": "hedy", "discriminator": "0", "avatar": None}}
MANAGER = CURATOR | {"permissions": str(EVERYBODY_MAY.value | 1 << 5)}


def entry(target_id: int, kind: int, permission: bool) -> Payload:
    return {"id": str(target_id), "type": kind, "permission": permission}


ALLOWED = entry(99, 2, True)
DENIED = entry(99, 2, False)


@pytest.fixture
async def rig(
    services: Services, wire: Wire, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[DeliveryRig]:
    """Somebody acts who owns no server, and has no permission but everyone's."""
    monkeypatch.setattr(command_access, "WAIT_SECONDS", LIMIT)
    async with open_rig(services, wire, clock) as opened:
        wire.member = CURATOR
        yield opened


def command_id(rig: DeliveryRig) -> int:
    return rig.bot.command_ids["digest"]


async def press(rig: DeliveryRig, guild: Guild | None = None, custom_id: str = "setup:new") -> str:
    """What somebody reads who presses a button, such as *Set up*."""
    button = {"type": 2, "style": 2, "label": "Press me", "custom_id": custom_id}
    message = {"data": {"components": [{"type": 1, "components": [button]}]}}
    answer = await rig.wire.press((guild or rig.guild).general, message, custom_id)
    return str(answer["data"])


def count_reads(rig: DeliveryRig) -> int:
    return sum(each.endswith("/permissions") for each in rig.wire.requests)


REFUSED = explain(Refusal.MANAGE_SERVER_NEEDED)
OPENED = "panel:"


async def test_without_manage_server_or_settings_a_press_is_refused(rig: DeliveryRig) -> None:
    assert REFUSED in await press(rig)
    rig.wire.member = MANAGER
    assert OPENED in await press(rig)


async def test_whoever_was_given_the_command_may_press_its_buttons(rig: DeliveryRig) -> None:
    await rig.wire.override(rig.guild, command_id(rig), ALLOWED)
    assert OPENED in await press(rig)


@pytest.mark.parametrize("custom_id", ["digest:show:1", "subscriptions:all", "setup:1"])
async def test_the_rule_is_the_same_for_every_button_of_the_answers(rig: DeliveryRig, custom_id: str) -> None:
    assert REFUSED in await press(rig, custom_id=custom_id)
    await rig.wire.override(rig.guild, command_id(rig), ALLOWED)
    assert f"<#{rig.channel.id}>" in await press(rig, custom_id=custom_id)


async def test_nobody_posts_where_they_may_not_post_themselves(rig: DeliveryRig) -> None:
    await rig.wire.override(rig.guild, command_id(rig), ALLOWED)
    rig.channel.denied_to[99] = discord.Permissions(send_messages=True)
    await rig.learn(rig.channel, "guild_channel_update")
    refused = Refused(Refusal.MAY_NOT_POST, channel_id=rig.channel.id, permissions=("send_messages",))
    assert explain_refusal(refused) in await press(rig, custom_id="digest:extra:1:1")
    assert rig.channel.messages == []
    rig.channel.denied_to.clear()
    await rig.learn(rig.channel, "guild_channel_update")
    assert "The extra digest" in await press(rig, custom_id="digest:extra:1:1")
    assert len(rig.channel.messages) == 1


async def test_a_role_that_was_given_the_command_may_press_its_buttons_and_no_other(
    services: Services, wire: Wire, clock: Clock
) -> None:
    guild = wire.add_guild()
    guild.role_ids = [CURATORS]
    async with open_rig(services, wire, clock) as rig:
        await wire.override(guild, command_id(rig), entry(CURATORS, 1, True))
        wire.member = CURATOR
        assert REFUSED in await press(rig, guild)
        wire.member = CURATOR | {"roles": [str(CURATORS)]}
        assert OPENED in await press(rig, guild)


async def test_a_manager_whom_the_settings_deny_is_refused(rig: DeliveryRig) -> None:
    rig.wire.member = MANAGER
    await rig.wire.override(rig.guild, BOT_ID, DENIED)
    assert explain(Refusal.COMMAND_DENIED) in await press(rig)
    await rig.wire.override(rig.guild, command_id(rig), ALLOWED)
    assert OPENED in await press(rig)


async def test_administrators_may_always_and_nothing_is_read_for_them(rig: DeliveryRig) -> None:
    await rig.wire.override(rig.guild, command_id(rig), DENIED)
    rig.wire.member = CURATOR | {"permissions": str(1 << 3)}
    assert OPENED in await press(rig)
    assert count_reads(rig) == 0


async def test_the_settings_are_read_once_until_they_change(rig: DeliveryRig) -> None:
    await rig.wire.override(rig.guild, command_id(rig), ALLOWED)
    for _ in range(3):
        assert OPENED in await press(rig)
    assert count_reads(rig) == 2  # of the command, and of the app
    heard = rig.bot.wait_for("raw_app_command_permissions_update")
    await rig.wire.override(rig.guild, command_id(rig), DENIED)
    await heard
    assert explain(Refusal.COMMAND_DENIED) in await press(rig)
    assert count_reads(rig) == 4


async def test_a_change_that_discord_did_not_tell_is_seen_after_a_while(rig: DeliveryRig, clock: Clock) -> None:
    assert REFUSED in await press(rig)
    await rig.wire.override(rig.guild, command_id(rig), ALLOWED, told=False)
    assert REFUSED in await press(rig)
    clock.advance(minutes=10)
    assert OPENED in await press(rig)


@pytest.mark.parametrize("forget", [False, True], ids=["resumed", "a new session"])
async def test_after_a_reconnect_the_settings_are_read_again(rig: DeliveryRig, forget: bool) -> None:
    assert REFUSED in await press(rig)
    back = asyncio.create_task(rig.bot.wait_for("ready" if forget else "resumed"))
    await asyncio.sleep(0)
    await rig.wire.gateway.drop(forget=forget)
    await rig.wire.override(rig.guild, command_id(rig), ALLOWED, told=False)
    await back
    assert OPENED in await press(rig)


@pytest.mark.parametrize("fault", [Fault(403, 50001), Fault()], ids=["refused", "dropped"])
async def test_where_the_settings_cannot_be_read_manage_server_is_needed(rig: DeliveryRig, fault: Fault) -> None:
    await rig.wire.override(rig.guild, command_id(rig), ALLOWED)
    rig.wire.override_faults.extend([fault] * 2)
    assert REFUSED in await press(rig)
    rig.wire.member = MANAGER
    assert OPENED in await press(rig)


async def test_settings_that_make_no_sense_count_as_none(rig: DeliveryRig) -> None:
    await rig.wire.override(rig.guild, command_id(rig), entry(99, 7, True), told=False)
    assert REFUSED in await press(rig)
    rig.wire.member = MANAGER
    assert OPENED in await press(rig)


async def test_many_who_press_at_once_share_one_reading_and_no_other_server_waits_for_it(
    rig: DeliveryRig, clock: Clock
) -> None:
    arrived, released = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        arrived.set()
        await released.wait()

    other = rig.wire.add_guild()
    await rig.learn(other, "guild_available")
    await rig.wire.override(rig.guild, command_id(rig), ALLOWED)
    await rig.wire.override(other, command_id(rig), ALLOWED)
    rig.wire.override_faults.append(Fault(200, meanwhile=hold))
    presses = [asyncio.create_task(press(rig)) for _ in range(5)]
    await arrived.wait()
    assert OPENED in await press(rig, other)
    released.set()
    assert all(OPENED in each for each in await asyncio.gather(*presses))
    assert count_reads(rig) == 4


async def test_a_change_during_the_reading_counts(rig: DeliveryRig) -> None:
    await rig.wire.override(rig.guild, command_id(rig), ALLOWED)

    async def change() -> None:
        heard = asyncio.create_task(rig.bot.wait_for("raw_app_command_permissions_update"))
        await asyncio.sleep(0)
        await rig.wire.override(rig.guild, command_id(rig), DENIED)
        await heard

    rig.wire.override_faults.append(Fault(200, meanwhile=change))
    assert explain(Refusal.COMMAND_DENIED) in await press(rig)


async def test_a_reading_that_takes_too_long_means_manage_server(
    rig: DeliveryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_access, "WAIT_SECONDS", 0)
    released = asyncio.Event()
    await rig.wire.override(rig.guild, command_id(rig), ALLOWED)
    rig.wire.override_faults.extend([Fault(200, meanwhile=released.wait)] * 2)
    assert REFUSED in await press(rig)
    released.set()
    monkeypatch.setattr(command_access, "WAIT_SECONDS", LIMIT)
    assert OPENED in await press(rig)


async def test_for_a_command_discord_has_decided_and_nothing_is_read(rig: DeliveryRig) -> None:
    await rig.wire.override(rig.guild, command_id(rig), DENIED)
    assert "papers" in str(await rig.wire.command(rig.guild.general, "digest list"))
    assert (await rig.wire.type(rig.guild.general, "digest pause", "subscription", ""))["data"]["choices"]
    assert count_reads(rig) == 0


async def test_a_personal_installation_gives_nobody_the_command(rig: DeliveryRig) -> None:
    rig.wire.owners = {"1": "99"}
    refused = explain(Refusal.BOT_NOT_HERE)
    assert refused in str(await rig.wire.command(rig.guild.general, "digest list"))
    stranger = Channel(1, 999, "a server without the bot")
    assert refused in str(await rig.wire.command(stranger, "digest list"))
    rig.wire.owners = None
    assert refused in str(await rig.wire.command(stranger, "digest list"))
    assert (await rig.wire.type(stranger, "digest pause", "subscription", ""))["data"]["choices"] == []
