"""Whoever was given `/digest` does nothing with it that they may not do themselves, such as ping a role."""

from typing import Any

import pytest
import simcord

from bot.layouts.refusals import explain_refusal
from bot.refusals import Refusal, Refused
from bot.storage import SubscriptionState
from tests.support.builders import explain
from tests.support.destinations import DESTINATIONS, made
from tests.support.messages import answer, button_labels, read_texts
from tests.support.panel import Panel
from tests.support.server import (
    Server,
    forbid_member,
    get_subscription,
    override_command,
    stale_button,
    stale_select,
    subscriptions,
)

PINGED = 4242
POSTING_BUTTONS = {
    "send now": "digest:send:1",
    "an extra one": "digest:extra:1:1",
    "sent": "digest:send_now:1:2026-01-16",
}


@pytest.fixture
async def curator(server: Server) -> simcord.MemberActor:
    """A member without any permission of their own, whose role was given the command."""
    curators = server.guild.create_role("Curators")
    override_command(server, {curators: True})
    return server.guild.add_member(server.env.create_user("hedy"), roles=[curators])


async def ask(server: Server, actor: simcord.MemberActor, command: str, **options: Any) -> str:
    return answer(await actor.slash(server.general, f"digest {command}", **options))


async def open_panel_of(server: Server, actor: simcord.MemberActor) -> Panel:
    result = await actor.slash(server.general, "digest setup")
    assert result.response
    return Panel(server, result.response, actor)


def may_not_post(channel: simcord.ChannelHandle, permission: str = "send_messages") -> str:
    return explain_refusal(Refused(Refusal.MAY_NOT_POST, channel_id=channel.id, permissions=(permission,)))


def may_not_ping(channel_id: int, role_id: int) -> str:
    return explain_refusal(Refused(Refusal.MAY_NOT_PING, channel_id=channel_id, number=role_id))


async def subscribe_with_ping(server: Server) -> int:
    """An admin's subscription that pings a role which not everyone may mention."""
    role = server.guild.create_role("Readers")
    await server.subscribe()
    result = await server.admin.slash(server.general, "digest setup", subscription="1")
    assert result.response
    panel = Panel(server, result.response, server.admin)
    await panel.click("Threads and pings")
    await panel.pick("ping_role_id", role)
    await panel.click("Back")
    await panel.click("Save")
    assert (await get_subscription(server)).settings.posting.ping_role_id == role.id
    return role.id


async def test_nothing_is_set_up_in_a_channel_where_they_may_not_post(
    server: Server, curator: simcord.MemberActor
) -> None:
    forbid_member(server, curator.id, server.papers, "send_messages")
    wanted: dict[str, Any] = {"channel": server.papers, "time": "8:30", "timezone": "UTC"}
    assert may_not_post(server.papers) in await ask(server, curator, "add", **wanted)
    assert await subscriptions(server) == []
    assert "**Set up.**" in await ask(server, curator, "add", **wanted | {"channel": server.general})
    assert may_not_post(server.papers) in await ask(server, curator, "edit", channel=server.papers)
    assert (await get_subscription(server)).settings.channel_id == server.general.id


async def test_the_panel_begins_with_a_channel_where_they_may_post(
    server: Server, curator: simcord.MemberActor
) -> None:
    forbid_member(server, curator.id, server.general, "send_messages")
    panel = await open_panel_of(server, curator)
    assert panel.defaults("channel_id") == [str(server.papers.id)]


async def test_the_panel_says_so_when_they_pick_a_channel_where_they_may_not_post(
    server: Server, curator: simcord.MemberActor
) -> None:
    forbid_member(server, curator.id, server.papers, "send_messages")
    panel = await open_panel_of(server, curator)
    before = await panel.settings()
    await panel.pick("channel_id", server.papers)
    assert may_not_post(server.papers) in panel.text
    assert await panel.settings() == before


async def test_what_was_forbidden_after_it_was_picked_is_refused_at_save_and_the_panel_stays(
    server: Server, curator: simcord.MemberActor
) -> None:
    panel = await open_panel_of(server, curator)
    await panel.pick("channel_id", server.papers)
    forbid_member(server, curator.id, server.papers, "send_messages")
    await panel.click("Save")
    assert may_not_post(server.papers) in panel.text
    assert "save" in panel.parts
    assert await subscriptions(server) == []


async def test_they_choose_only_roles_to_ping_that_they_may_ping_themselves(
    server: Server, curator: simcord.MemberActor
) -> None:
    panel = await open_panel_of(server, curator)
    await panel.click("Threads and pings")
    role, open_to_all = server.guild.create_role("Readers"), server.guild.create_role("Fans", mentionable=True)
    await panel.pick("ping_role_id", role)
    assert may_not_ping(server.general.id, role.id) in panel.text
    assert (await panel.settings()).posting.ping_role_id is None
    await panel.pick("ping_role_id", open_to_all)
    assert (await panel.settings()).posting.ping_role_id == open_to_all.id
    server.env.backend.edit_role(server.guild.id, open_to_all.id, {"mentionable": False})
    await server.env.settle()
    await panel.click("Back")
    await panel.click("Save")
    assert may_not_ping(server.general.id, open_to_all.id) in panel.text
    assert await subscriptions(server) == []


@pytest.mark.parametrize("custom_id", POSTING_BUTTONS.values(), ids=POSTING_BUTTONS.keys())
async def test_no_button_posts_for_them_what_pings_a_role_that_they_may_not_ping(
    server: Server, curator: simcord.MemberActor, custom_id: str
) -> None:
    role_id = await subscribe_with_ping(server)
    before = server.tables()
    late = stale_button(server, custom_id)
    posted = len(server.posted)
    refused = answer(await curator.click(late, label="Details"))
    assert refused == may_not_ping(server.papers.id, role_id)
    assert (server.tables(), len(server.posted)) == (before, posted)
    assert await ask(server, curator, "send now") == refused


async def test_a_paused_subscription_is_not_resumed_by_somebody_who_may_not_post_there(
    server: Server, curator: simcord.MemberActor
) -> None:
    await server.subscribe()
    assert "Paused" in await ask(server, curator, "pause")
    forbid_member(server, curator.id, server.papers, "send_messages")
    assert await ask(server, curator, "resume") == may_not_post(server.papers)
    late = stale_button(server, "digest:resume:1")
    assert answer(await curator.click(late, label="Details")) == may_not_post(server.papers)
    assert (await get_subscription(server)).state is SubscriptionState.PAUSED


async def test_what_an_admin_set_up_can_still_be_edited_but_not_where_and_how_it_is_posted(
    server: Server, curator: simcord.MemberActor
) -> None:
    role_id = await subscribe_with_ping(server)
    assert "**Changed.**" in await ask(server, curator, "edit", filter="diffusion", size=3, layout="compact")
    assert (await get_subscription(server)).settings.posting.ping_role_id == role_id
    assert may_not_ping(server.general.id, role_id) in await ask(server, curator, "edit", channel=server.general)


@pytest.mark.parametrize(
    "change", [{"time": "8:02"}, {"timezone": "Pacific/Pago_Pago"}, {"weekdays": "fri"}, {"cadence": "weekly"}]
)
async def test_what_an_admin_set_up_pings_at_no_other_time_than_they_chose(
    server: Server, curator: simcord.MemberActor, change: dict[str, str]
) -> None:
    role_id = await subscribe_with_ping(server)
    schedule = (await get_subscription(server)).settings.schedule
    assert may_not_ping(server.papers.id, role_id) in await ask(server, curator, "edit", **change)
    assert (await get_subscription(server)).settings.schedule == schedule


@pytest.mark.parametrize(
    ("kind", "permission"),
    [(kind, each) for kind, made in DESTINATIONS.items() for each in made.needs if each != "read_message_history"],
)
async def test_what_they_need_themselves_depends_on_the_kind_of_channel(
    server: Server, curator: simcord.MemberActor, kind: str, permission: str
) -> None:
    channel = await made(server, DESTINATIONS[kind])
    forbid_member(server, curator.id, channel, permission)
    named = DESTINATIONS[kind].named(permission)
    assert await ask(server, curator, "send now") == may_not_post(channel, named)
    forbid_member(server, curator.id, channel, "read_message_history")  # which only the bot needs
    assert "Post the digest" in await ask(server, curator, "send now")


# The buttons and selects


@pytest.mark.parametrize(
    "custom_id",
    [
        *("digest:show:1", "digest:pause:1", "digest:preview:1", "digest:undo:1", "digest:remove:1"),
        *("subscriptions:all", "setup:new", "setup:1", *POSTING_BUTTONS.values()),
    ],
)
async def test_the_buttons_of_the_answers_work_for_whoever_was_given_the_command_and_for_no_other_member(
    server: Server, curator: simcord.MemberActor, custom_id: str
) -> None:
    await server.subscribe()
    late = stale_button(server, custom_id)
    before = server.tables()
    assert answer(await server.member.click(late, label="Details")) == explain(Refusal.MANAGE_SERVER_NEEDED)
    assert server.tables() == before
    text = answer(await curator.click(late, label="Details"))
    assert text not in {explain(Refusal.MANAGE_SERVER_NEEDED), explain(Refusal.COMMAND_DENIED)}


async def test_a_select_of_the_answers_works_for_whoever_was_given_the_command_and_for_no_other_member(
    server: Server, curator: simcord.MemberActor
) -> None:
    await server.subscribe()
    late = stale_select(server, "digest:show", "1")
    refused = await server.member.select(late, ["1"], custom_id="digest:show")
    assert answer(refused) == explain(Refusal.MANAGE_SERVER_NEEDED)
    assert f"<#{server.papers.id}>" in answer(await curator.select(late, ["1"], custom_id="digest:show"))


async def test_who_is_denied_the_command_later_can_no_longer_use_the_answers_they_have(
    server: Server, curator: simcord.MemberActor
) -> None:
    await server.subscribe()
    result = await curator.slash(server.general, "digest status")
    assert result.response
    override_command(server, {curator: False})
    assert answer(await curator.click(result.response, label="Pause")) == explain(Refusal.COMMAND_DENIED)
    assert (await get_subscription(server)).state is SubscriptionState.ACTIVE


async def test_a_curator_sets_up_a_digest_in_the_panel_and_posts_one_at_once(
    server: Server, curator: simcord.MemberActor
) -> None:
    await server.read_lists()
    panel = await open_panel_of(server, curator)
    await panel.pick("channel_id", server.papers)
    await panel.type_in("Filter and upvotes", filter="", min_upvotes="1")
    await panel.click("Save")
    assert button_labels(panel.message)[0] == "Post one now"
    await panel.click("Post one now")
    assert "The extra digest posted on" in read_texts(panel.message.message)
    assert len(server.posted) == 1
