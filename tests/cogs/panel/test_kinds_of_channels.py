"""Announcement channels and forums: the panel offers what each kind of channel can do."""

from bot.layouts import panel as layout
from bot.storage.digest_settings import diff_settings
from bot.subscription.settings import PostingOptions, Threads
from tests.support.messages import options
from tests.support.panel import Panel
from tests.support.server import delete, forbid_everybody, subscriptions


async def test_only_an_announcement_channel_can_publish(panel: Panel) -> None:
    news = panel.server.guild.create_news_channel("news")
    await panel.click("Threads and pings")
    assert "publish:on" not in panel.parts
    await panel.click("Back")
    await panel.pick("channel_id", news)
    before = await panel.settings()
    await panel.click("Threads and pings")
    await panel.click("Publish to followers: off")
    assert diff_settings(before, await panel.settings()) == {"publish": [0, 1]}
    assert "published to followers" in panel.text
    await panel.click("Back")
    await panel.pick("channel_id", panel.server.papers)
    assert "published" not in panel.text
    await panel.click("Save")
    (saved,) = await subscriptions(panel.server)
    assert not saved.settings.posting.publish


async def test_a_forum_has_posts_and_no_quiet_line(panel: Panel) -> None:
    forum = panel.server.guild.create_forum_channel("reading")
    await panel.pick("channel_id", forum)
    await panel.click("Threads and pings")
    assert options(panel.message, panel.id_of("threads")) == ["digest", "highlight"]
    assert panel.parts == ["threads", "archive_after", "ping_role_id", "silent:on", "allow_repeats:on", "back"]
    assert panel.defaults("threads") == ["digest"]
    await panel.pick("threads", "highlight")
    assert panel.defaults("threads") == ["highlight"]
    await panel.click("Back")
    await panel.click("Save")
    (saved,) = await subscriptions(panel.server)
    assert saved.settings.posting == PostingOptions(threads=Threads.PER_PAPER)
    assert saved.settings.channel_id == forum.id


async def test_picking_a_forum_and_going_back_keeps_what_was_chosen_before(panel: Panel) -> None:
    await panel.click("Threads and pings")
    await panel.click("Say when nothing is new: off")
    await panel.click("Back")
    before = await panel.settings()
    await panel.pick("channel_id", panel.server.guild.create_forum_channel("reading"))
    assert "with a note when nothing is new" not in panel.text
    await panel.pick("channel_id", panel.server.general)
    assert await panel.settings() == before
    assert "with a note when nothing is new" in panel.text
    assert "thread" not in panel.text


async def test_threads_that_the_bot_may_not_create_cause_a_warning_and_cannot_be_saved(panel: Panel) -> None:
    forbid_everybody(panel.server, panel.server.general, "create_public_threads")
    await panel.click("Threads and pings")
    assert "⚠️" not in panel.text
    await panel.pick("threads", "digest")
    assert "⚠️ I'm missing **Create Public Threads**" in panel.text
    await panel.click("Back")
    await panel.click("Save")
    assert await subscriptions(panel.server) == []


async def test_a_channel_that_is_deleted_meanwhile_is_asked_for_again(panel: Panel) -> None:
    await panel.pick("channel_id", panel.server.papers)
    await delete(panel.server, panel.server.papers.id)
    await panel.click("Save")
    assert f"✏️ {layout.CHOOSE_CHANNEL}" in panel.text
    assert "⚠️" not in panel.text
    assert panel.defaults("channel_id") == []
    await panel.pick("channel_id", panel.server.general)
    assert layout.CHOOSE_CHANNEL not in panel.text
    await panel.click("Save")
    assert "**Set up.**" in panel.text
