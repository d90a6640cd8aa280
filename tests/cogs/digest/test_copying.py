"""A subscription is copied to another channel: a panel opens with its settings, to be changed and saved."""

from dataclasses import replace

import simcord

from bot.refusals import Refusal
from bot.subscription.settings import Threads
from tests.support.builders import explain
from tests.support.messages import answer, button_labels, read_texts
from tests.support.panel import Panel
from tests.support.server import Server, forbid, stale_select, subscriptions


async def copy(server: Server, channel: simcord.ChannelHandle, number: int = 1) -> Panel:
    """The panel of a copy, by the buttons of `/digest status`."""
    shown = await server.admin.slash(server.general, "digest status", subscription=str(number))
    assert shown.response
    await server.admin.click(shown.response, label="Copy")
    await server.admin.select(shown.response, [channel], custom_id=f"copy:{number}")
    return Panel(server, shown.response, server.admin)


async def test_a_copy_has_the_same_settings_in_the_channel_that_was_picked(server: Server) -> None:
    await server.subscribe(
        time="18:30", timezone="Tokyo", size=7, filter="diffusion", weekdays="mon, thu", layout="cards"
    )
    panel = await copy(server, server.general)
    assert "### New subscription" in panel.text
    assert "⚠️" not in panel.text
    assert len(await subscriptions(server)) == 1
    await panel.click("Save")
    first, second = await subscriptions(server)
    assert second.settings == replace(first.settings, channel_id=server.general.id)


async def test_a_copy_can_be_changed_before_it_is_saved(server: Server) -> None:
    await server.subscribe(size=7)
    panel = await copy(server, server.general)
    await panel.pick("size", "3")
    await panel.click("Save")
    assert [each.settings.selection.size for each in await subscriptions(server)] == [7, 3]


async def test_a_copy_to_a_forum_posts_as_a_forum_can(server: Server) -> None:
    await server.subscribe()
    forum = server.guild.create_forum_channel("reading")
    await (await copy(server, forum)).click("Save")
    copied = (await subscriptions(server))[1]
    assert (copied.settings.channel_id, copied.settings.posting.threads) == (forum.id, Threads.PER_DIGEST)


async def test_a_copy_in_the_same_channel_says_that_it_is_there_already(server: Server) -> None:
    await server.subscribe()
    panel = await copy(server, server.papers)
    await panel.click("Save")
    assert "This channel already has this digest" in panel.text
    assert len(await subscriptions(server)) == 1


async def test_a_copy_to_a_channel_that_cannot_be_posted_in_says_so_in_its_panel(server: Server) -> None:
    await server.subscribe()
    forbid(server, server.general, "send_messages")
    panel = await copy(server, server.general)
    assert "I'm missing **Send Messages**" in panel.text


async def test_going_back_copies_nothing(server: Server) -> None:
    await server.subscribe()
    shown = await server.admin.slash(server.general, "digest status")
    assert shown.response
    await server.admin.click(shown.response, label="Copy")
    assert "**Copy this subscription to which channel?**" in read_texts(shown.response.message)
    await server.admin.click(shown.response, label="Go back")
    assert "Copy" in button_labels(shown.response)
    assert server.tables()["drafts"] == []


async def test_a_copy_beyond_the_most_subscriptions_is_refused_like_any_other(server: Server) -> None:
    for minute in range(25):
        await server.subscribe(time=f"9:{minute:02}")
    panel = await copy(server, server.general)
    await panel.click("Save")
    assert explain(Refusal.TOO_MANY_SUBSCRIPTIONS) in panel.text


async def test_a_copy_of_what_was_removed_leads_to_the_others(server: Server) -> None:
    await server.subscribe()
    message = stale_select(server, "copy:7", str(server.general.id))
    told = answer(await server.admin.select(message, [str(server.general.id)], custom_id="copy:7"))
    assert told == explain(Refusal.SUBSCRIPTION_UNKNOWN)


async def test_only_who_may_use_digest_copies(server: Server) -> None:
    await server.subscribe()
    message = stale_select(server, "copy:1", str(server.general.id))
    told = answer(await server.member.select(message, [str(server.general.id)], custom_id="copy:1"))
    assert "may use `/digest`" in told or "Manage Server" in told
    assert server.tables()["drafts"] == []
