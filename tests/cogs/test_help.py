"""`/help`: what the bot is, what people do with it, and where they read more."""

from dataclasses import replace
from importlib import metadata

import discord
import pytest
import simcord

from bot.about import Links, find_links
from bot.client import PaperBot
from bot.layouts.help import render_help
from tests.support.messages import answer, button_labels, read_mentions, read_texts
from tests.support.panel import Panel, read_modal
from tests.support.server import Server

LINKS = Links("https://docs.example", "https://code.example", "https://privacy.example")


async def ask(server: Server, actor: simcord.MemberActor) -> simcord.ResponseMessage:
    result = await actor.slash(server.general, "help")
    assert result.response
    assert result.response.ephemeral
    return result.response


async def restart_with_links(server: Server, links: Links) -> None:
    server.bot = PaperBot(replace(server.bot.services), links=links, shard_count=1)
    await server.env.restart_bot(server.bot)


async def test_anyone_learns_what_the_bot_is_and_clicks_what_people_do_with_it(server: Server) -> None:
    shown = await ask(server, server.member)
    text = read_texts(shown.message)
    assert text.startswith("## Paperboy brings the day's best AI papers\n")
    assert text.count("\n- **") == 8
    assert {"digest setup", "follow", "paper search", "paper today", "top", "saved", "digest status"} <= set(
        read_mentions(shown.message)
    )
    assert f"Version {metadata.version('paperboy')} · in 1 server · " in text


async def test_the_number_of_servers_is_counted(server: Server) -> None:
    server.env.create_guild("Reading Group")
    await server.env.settle()
    assert "in 2 servers" in read_texts((await ask(server, server.member)).message)


async def test_a_digest_is_one_click_away(server: Server) -> None:
    await server.read_lists()
    shown = await ask(server, server.admin)
    opened = await server.admin.click(shown, label="Set up a digest")
    assert opened.response
    assert "### New subscription" in Panel(server, opened.response, server.admin).text
    shown = await ask(server, server.member)
    refused = answer(await server.member.click(shown, label="Set up a digest"))
    assert "Manage Server" in refused


async def test_following_is_one_click_away_for_everyone(server: Server) -> None:
    shown = await ask(server, server.member)
    asked = await server.member.click(shown, label="Follow something")
    assert read_modal(asked) == {"query": "", "time": "", "timezone": ""}


async def test_only_links_that_are_known_are_shown(server: Server) -> None:
    await restart_with_links(server, Links())
    assert button_labels(await ask(server, server.member))[2:] == ["Add to a server"]
    await restart_with_links(server, LINKS)
    shown = await ask(server, server.member)
    assert button_labels(shown)[2:] == ["Add to a server", "Guide", "Source code", "Privacy"]
    for url in ("https://docs.example", "https://code.example", "https://privacy.example", server.bot.invite):
        assert url in str(shown.components)


async def test_it_works_in_a_direct_message_where_no_digest_can_be_set_up(server: Server) -> None:
    result = await server.member.user.slash("help")
    assert result.response
    assert isinstance(result.response.message, discord.Message)
    assert button_labels(result.response) == ["Follow something", "Add to a server"]
    mentioned = read_mentions(result.response.message)
    assert "paper search" in mentioned
    assert "digest setup" not in mentioned


def test_a_bot_that_only_its_owner_may_add_has_no_such_link() -> None:
    view = render_help(version="1", servers=1, invite=None, links=Links(), in_server=False)
    assert not [each for each in view.walk_children() if isinstance(each, discord.ui.Button) and each.url]


@pytest.mark.parametrize(
    ("lines", "links"),
    [
        ((), Links()),
        (("Homepage, https://a.example",), Links()),
        (
            ("Documentation, https://a.example", "Repository, https://b.example"),
            Links("https://a.example", "https://b.example"),
        ),
        (
            ("docs,https://a.example", "PRIVACY , https://c.example"),
            Links(docs="https://a.example", privacy="https://c.example"),
        ),
    ],
)
def test_links_are_read_from_the_packages_metadata(lines: tuple[str, ...], links: Links) -> None:
    assert find_links(lines) == links
