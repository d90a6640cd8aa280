"""Only the admin who opened a panel can use it, and only while they are an admin."""

import pytest
import simcord
from simcord.backend.errors import SetupError

from bot.refusals import Refusal
from bot.storage import Draft
from bot.subscription.settings import DigestSettings
from tests.support.builders import build_settings, explain
from tests.support.messages import answer
from tests.support.panel import ALL_PARTS, Panel
from tests.support.server import Server, add_moderator, other_admin, stale_button


async def begin(server: Server, actor: simcord.MemberActor, wanted: DigestSettings) -> Draft:
    return await server.bot.services.storage.drafts.add(server.guild.id, actor.id, wanted, server.clock.now)


@pytest.mark.parametrize("part", ALL_PARTS)
@pytest.mark.parametrize("who", ["moderator", "member"])
async def test_without_manage_server_every_control_is_refused_and_nothing_changes(
    server: Server, who: str, part: str
) -> None:
    actor = server.member if who == "member" else add_moderator(server)
    draft = await begin(server, actor, build_settings(server.papers.id))
    before = server.tables()
    message = stale_button(server, f"panel:{draft.id}:{part}")
    assert answer(await actor.click(message, label="Details")) == explain(Refusal.MANAGE_SERVER_NEEDED)
    assert server.tables() == before


@pytest.mark.parametrize("part", ALL_PARTS)
async def test_a_panel_of_another_admin_is_refused_and_nothing_changes(panel: Panel, part: str) -> None:
    server = panel.server
    before = server.tables()
    message = stale_button(server, panel.id_of(part))
    assert answer(await other_admin(server, server.guild, "emmy").click(message, label="Details")) == explain(
        Refusal.PANEL_NOT_YOURS
    )
    assert server.tables() == before


@pytest.mark.parametrize("part", ALL_PARTS)
async def test_a_panel_whose_draft_is_gone_says_so(panel: Panel, part: str) -> None:
    server = panel.server
    message = stale_button(server, panel.id_of(part))
    await server.bot.services.storage.drafts.delete(panel.draft_id)
    before = server.tables()
    assert answer(await server.admin.click(message, label="Details")) == explain(Refusal.PANEL_CLOSED)
    assert server.tables() == before


async def test_a_draft_of_another_server_is_refused(panel: Panel) -> None:
    server = panel.server
    elsewhere = await server.bot.services.storage.drafts.add(1, server.admin.id, build_settings(), server.clock.now)
    message = stale_button(server, f"panel:{elsewhere.id}:save")
    assert answer(await server.admin.click(message, label="Details")) == explain(Refusal.PANEL_NOT_YOURS)


@pytest.mark.parametrize(
    "part", ["weekdays", "weekdays:7", "size:0", "size:11", "layout:x", "channel_id:x", "timezone:../x"]
)
@pytest.mark.parametrize("more", ["", ":0:1"])
async def test_a_forged_control_gets_an_answer_and_changes_nothing(panel: Panel, part: str, more: str) -> None:
    before = panel.server.tables()
    message = stale_button(panel.server, panel.id_of(part + more))
    if not (part == "weekdays" and more):
        assert answer(await panel.server.admin.click(message, label="Details")) == explain(Refusal.PANEL_CLOSED)
        assert panel.server.tables() == before


@pytest.mark.parametrize("custom_id", ["panel", "panel:", "panel:x", "panel:abc", "panel:abc:"])
async def test_a_control_without_a_draft_gets_an_answer(server: Server, custom_id: str) -> None:
    message = stale_button(server, custom_id)
    assert answer(await server.admin.click(message, label="Details")) == explain(Refusal.CONTROL_STALE)


async def test_a_member_sees_neither_the_command_nor_a_panel(server: Server) -> None:
    with pytest.raises(SetupError):
        await server.member.slash(server.general, "digest setup")


async def test_a_former_admin_can_no_longer_submit_a_modal(panel: Panel) -> None:
    server = panel.server
    shown = await panel.click("Time and zone")
    for role in server.guild.roles.values():
        if role.name == "Admins":
            server.env.backend.remove_member_role(server.guild.id, server.admin.id, role.id)
    before = server.tables()
    result = await server.admin.submit_modal(shown, {"time": "10:00", "timezone": "UTC"})
    assert answer(result) == explain(Refusal.MANAGE_SERVER_NEEDED)
    assert server.tables() == before


async def test_a_modal_of_a_panel_that_is_closed_meanwhile_says_so(panel: Panel) -> None:
    shown = await panel.click("Time and zone")
    await panel.click("Cancel")
    result = await panel.server.admin.submit_modal(shown, {"time": "10:00", "timezone": "UTC"})
    assert answer(result) == explain(Refusal.PANEL_CLOSED)
