"""`/digest feed`: a server's digests in feed readers, at an address that admins switch on, replace and switch off."""

import re

import pytest
import simcord

from bot.feed_addresses import FeedAddresses
from bot.layouts.feed_links import get_feed_version
from bot.refusals import Refusal
from bot.storage import ServerFeed
from tests.support.builders import explain
from tests.support.messages import answer, button_labels, message_of
from tests.support.server import Server, let_in, stale_button


@pytest.fixture
async def opened(ready: Server) -> Server:
    """The operator has said where people outside reach the feeds."""
    await ready.restart(feeds=FeedAddresses("https://papers.example"))
    return ready


async def ask(server: Server, actor: simcord.MemberActor | None = None) -> simcord.ResponseMessage:
    result = await (actor or server.admin).slash(server.general, "digest feed")
    answer(result)
    return message_of(result)


async def get_feed(server: Server) -> ServerFeed | None:
    return await server.bot.services.storage.server_feeds.get(server.guild.id)


async def turn_on(server: Server) -> simcord.ResponseMessage:
    message = await ask(server)
    await server.admin.click(message, label="Turn on")
    return message


def text(message: simcord.ResponseMessage) -> str:
    return str(message.message.components)


async def test_before_a_feed_is_switched_on_it_says_who_can_read_it(opened: Server) -> None:
    told = await opened.ask("digest feed")
    assert "Whoever has its address can read it" in told
    assert "those in private channels too" in told
    assert await get_feed(opened) is None


async def test_a_feed_that_is_switched_on_shows_its_addresses_in_the_same_message(opened: Server) -> None:
    message = await turn_on(opened)
    feed = await get_feed(opened)
    assert feed
    assert re.fullmatch(r"[\w-]{32}", feed.key)
    for format_ in ("atom", "json"):
        assert f"https://papers.example/feeds/servers/{feed.key}.{format_}" in text(message)
    assert button_labels(message) == ["New address", "Turn off"]


async def test_two_clicks_on_turn_on_make_one_address(opened: Server) -> None:
    message, other = await ask(opened), await ask(opened)
    await opened.admin.click(message, label="Turn on")
    feed = await get_feed(opened)
    assert feed
    await opened.admin.click(other, label="Turn on")
    assert await get_feed(opened) == feed
    assert feed.key in text(other)


async def test_a_new_address_is_made_only_after_a_question(opened: Server) -> None:
    message = await turn_on(opened)
    before = await get_feed(opened)
    assert before
    opened.clock.advance(hours=1)
    await opened.admin.click(message, label="New address")
    assert "The old one stops working at once" in text(message)
    assert await get_feed(opened) == before
    await opened.admin.click(message, label="Make a new one")
    after = await get_feed(opened)
    assert after
    assert after.key != before.key
    assert after.key in text(message)
    assert before.key not in text(message)


async def test_a_feed_is_switched_off_only_after_a_question(opened: Server) -> None:
    message = await turn_on(opened)
    await opened.admin.click(message, label="Turn off")
    await opened.admin.click(message, label="Keep it")
    assert await get_feed(opened)
    await opened.admin.click(message, label="Turn off")
    await opened.admin.click(message, label="Turn it off")
    assert await get_feed(opened) is None
    assert "The old address no longer works." in text(message)


async def test_an_old_question_changes_no_newer_feed(opened: Server) -> None:
    first = await turn_on(opened)
    old = await get_feed(opened)
    assert old
    await opened.admin.click(first, label="Turn off")
    opened.clock.advance(hours=1)
    await opened.bot.services.storage.server_feeds.replace_key(old, "newer", opened.clock.now)
    await opened.admin.click(first, label="Turn it off")
    assert "newer" in text(first)
    feed = await get_feed(opened)
    assert feed
    assert get_feed_version(feed) != get_feed_version(old)


async def test_only_who_may_use_digest_may_switch_a_feed(opened: Server) -> None:
    message = stale_button(opened, "server-feed:on:0")
    told = answer(await opened.member.click(message, custom_id="server-feed:on:0"))
    assert told == explain(Refusal.MANAGE_SERVER_NEEDED)
    assert await get_feed(opened) is None
    let_in(opened, opened.member)
    shown = answer(await opened.member.click(message, custom_id="server-feed:on:0"))
    assert "This server's digests have a feed" in shown


async def test_where_the_operator_has_opened_no_feeds_it_says_so(ready: Server) -> None:
    assert "Whoever runs me has opened no feeds to the outside" in await ready.ask("digest feed")
    message = stale_button(ready, "server-feed:on:0")
    told = answer(await ready.admin.click(message, custom_id="server-feed:on:0"))
    assert told == explain(Refusal.NO_FEEDS)


async def test_a_feed_of_before_can_be_switched_off_where_feeds_were_closed(opened: Server) -> None:
    await turn_on(opened)
    await opened.restart()
    message = await ask(opened)
    assert "It can't be read now" in text(message)
    await opened.admin.click(message, label="Turn off")
    await opened.admin.click(message, label="Turn it off")
    assert await get_feed(opened) is None


async def test_wiping_a_servers_data_ends_its_feed(opened: Server) -> None:
    await turn_on(opened)
    await opened.ask_and_click("digest wipe-everything", "Delete everything")
    assert await get_feed(opened) is None
