"""The role to ping: chosen, taken back, and warned about where it would not work."""

from bot.layouts.advice import advise_admin
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal
from bot.storage.digest_settings import diff_settings
from tests.support.builders import explain
from tests.support.panel import Panel
from tests.support.server import forbid


async def test_a_role_is_chosen_and_taken_back(panel: Panel) -> None:
    before = await panel.settings()
    readers = panel.server.guild.create_role("Readers", mentionable=True)
    await panel.click("Threads and pings")
    await panel.pick("ping_role_id", readers)
    assert diff_settings(before, await panel.settings()) == {"ping_role_id": [None, readers.id]}
    assert f"pinging <@&{readers.id}>" in panel.text
    assert panel.defaults("ping_role_id") == [str(readers.id)]
    await panel.pick("ping_role_id")
    assert await panel.settings() == before
    assert panel.defaults("ping_role_id") == []


async def test_everyone_is_never_pinged(panel: Panel) -> None:
    readers = panel.server.guild.create_role("Readers", mentionable=True)
    await panel.click("Threads and pings")
    await panel.pick("ping_role_id", readers)
    before = await panel.settings()
    await panel.pick("ping_role_id", panel.server.guild.default_role)
    assert f"✏️ {explain(Refusal.EVERYONE_NOT_PINGED)}" in panel.text
    assert await panel.settings() == before


async def test_the_panel_warns_about_a_role_that_the_bot_may_not_ping(panel: Panel) -> None:
    readers = panel.server.guild.create_role("Readers")
    forbid(panel.server, panel.server.general, "mention_everyone")
    await panel.click("Threads and pings")
    await panel.pick("ping_role_id", readers)
    assert f"⚠️ {advise_admin(0, Reason(ReasonKind.ROLE_NOT_NOTIFIED, number=readers.id))}" in panel.text


async def test_the_panel_warns_about_a_deleted_role_and_does_not_show_it_as_chosen(panel: Panel) -> None:
    readers = panel.server.guild.create_role("Readers", mentionable=True)
    await panel.click("Threads and pings")
    await panel.pick("ping_role_id", readers)
    panel.server.env.backend.delete_role(panel.server.guild.id, readers.id)
    await panel.server.env.settle()
    await panel.click("Notifications: on")
    assert f"⚠️ {advise_admin(0, Reason(ReasonKind.ROLE_GONE))}" in panel.text
    assert panel.defaults("ping_role_id") == []


async def test_once_a_role_is_chosen_the_panel_asks_from_how_many_upvotes_to_ping(panel: Panel) -> None:
    await panel.click("Threads and pings")
    assert "pings" not in panel.parts
    await panel.pick("ping_role_id", panel.server.guild.create_role("Readers", mentionable=True))
    before = await panel.settings()
    await panel.type_in("Ping for every digest", ping_upvotes="50")
    assert diff_settings(before, await panel.settings()) == {"ping_upvotes": [0, 50]}
    assert "at 50 upvotes or more" in panel.text
    assert "back" in panel.parts  # still on the second page
    await panel.type_in("Ping at 50 upvotes or more", ping_upvotes="lots")
    assert f"`lots` doesn't work here. {explain(Refusal.UPVOTES_UNCLEAR)}" in panel.text
    assert (await panel.settings()).posting.ping_upvotes == 50
