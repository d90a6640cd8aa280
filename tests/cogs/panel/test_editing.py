"""Changing a subscription in its panel, while others may change it too."""

from bot.refusals import Refusal
from bot.storage import SubscriptionState
from bot.subscription.settings import DigestLayout
from tests.support.builders import explain
from tests.support.panel import open_panel
from tests.support.server import Server, forbid_everybody, other_admin, subscriptions


async def test_a_subscription_is_changed_in_its_panel(server: Server) -> None:
    await server.subscribe(size=4)
    opened = await open_panel(server, "1")
    assert opened.text.startswith("### Edit subscription\n")
    assert "**Every day at 09:00 UTC, the top 4 papers" in opened.text
    await opened.pick("size", "2")
    assert "the top 4 papers" in await server.ask("digest list")  # not before it is saved
    await opened.click("Save")
    assert opened.text.startswith("**Changed.** Every day at 09:00 UTC, the top 2 papers")
    (only,) = await subscriptions(server)
    assert (only.id, only.settings.selection.size) == (1, 2)
    await server.later(hours=1)
    assert "Paper 2601.00002" in server.posted[0]
    assert "Paper 2601.00003" not in server.posted[0]


async def test_what_another_admin_changes_meanwhile_is_not_undone(server: Server) -> None:
    await server.subscribe(size=4)
    opened = await open_panel(server, "1")
    await opened.pick("layout", "compact")
    emmy = other_admin(server, server.guild, "emmy")
    await emmy.slash(server.general, "digest edit", size=7)
    before = await subscriptions(server)
    await opened.click("Save")
    assert f"✏️ {explain(Refusal.CHANGED_MEANWHILE)}" in opened.text
    assert await subscriptions(server) == before
    assert (await opened.settings()).posting.layout is DigestLayout.COMPACT


async def test_what_another_admin_removes_meanwhile_is_not_brought_back(server: Server) -> None:
    await server.subscribe()
    opened = await open_panel(server, "1")
    await server.remove()
    await opened.pick("size", "3")
    await opened.click("Save")
    assert f"✏️ {explain(Refusal.CHANGED_MEANWHILE)}" in opened.text
    assert await subscriptions(server) == []


async def test_a_change_does_not_bring_a_second_digest_on_the_same_day(server: Server) -> None:
    await server.subscribe()
    await server.later(hours=1)
    opened = await open_panel(server, "1")
    await opened.type_in("Time and zone", time="11:00", timezone="UTC")
    assert "Next digest <t:1768647600:f>" in opened.text  # tomorrow at eleven
    await opened.click("Save")
    await server.later(hours=3)
    assert len(server.posted) == 1


async def test_a_paused_subscription_stays_paused(server: Server) -> None:
    await server.subscribe()
    await server.ask("digest pause")
    opened = await open_panel(server, "1")
    assert "Paused: nothing is posted until you use `/digest resume`." in opened.text
    await opened.pick("size", "3")
    await opened.click("Save")
    (only,) = await subscriptions(server)
    assert only.state is SubscriptionState.PAUSED


async def test_settings_that_do_not_need_the_channel_can_be_changed_while_the_bot_may_not_post_there(
    server: Server,
) -> None:
    await server.subscribe()
    forbid_everybody(server, server.papers, "send_messages")
    opened = await open_panel(server, "1")
    assert "⚠️ I'm missing **Send Messages**" in opened.text
    await opened.pick("size", "3")
    await opened.click("Save")
    assert "**Changed.**" in opened.text
