"""Notices: each comes once, where people see it, or not at all."""

import discord
import pytest
import simcord

from bot.delivery.notices import tell_server
from tests.support.server import Server, forbid

WORDS = "The digest is suspended."


async def told(server: Server) -> None:
    guild = server.bot.get_guild(server.guild.id)
    assert guild
    await tell_server(server.bot, guild, WORDS, server.bot.mentions)
    await server.env.settle()


def heard(*places: simcord.ChannelHandle) -> list[list[str]]:
    return [[message.content for message in place.history()] for place in places]


async def make_system_channel(server: Server, channel: simcord.ChannelHandle | None) -> None:
    server.env.backend.edit_guild(server.guild.id, {"system_channel_id": channel.id if channel else None})
    await server.env.settle()


def owners(server: Server) -> simcord.ChannelHandle:
    return server.guild.owner.dm_channel


async def test_the_system_channel_is_told(server: Server) -> None:
    await make_system_channel(server, server.general)
    await told(server)
    assert heard(server.general, server.papers, owners(server)) == [[WORDS], [], []]


async def test_without_a_system_channel_the_first_channel_is_told(server: Server) -> None:
    await make_system_channel(server, None)
    await told(server)
    assert heard(server.papers, server.general, owners(server)) == [[WORDS], [], []]


@pytest.mark.parametrize("permission", ["view_channel", "send_messages"])
async def test_where_the_bot_may_not_write_in_the_system_channel_the_first_it_may_is_told(
    server: Server, permission: str
) -> None:
    await make_system_channel(server, server.papers)
    forbid(server, server.papers, permission)
    await told(server)
    assert heard(server.papers, server.general, owners(server)) == [[], [WORDS], []]


async def test_where_the_bot_may_write_nowhere_the_owner_is_told(server: Server) -> None:
    for channel in (server.papers, server.general):
        forbid(server, channel, "send_messages")
    await told(server)
    assert heard(server.papers, server.general, owners(server)) == [[], [], [WORDS]]


async def test_forums_and_announcements_that_need_more_are_not_written_in(server: Server) -> None:
    for channel in (server.papers, server.general):
        forbid(server, channel, "send_messages")
    forum = server.guild.create_forum_channel("forum")
    await told(server)
    assert (forum.threads, heard(owners(server))) == ([], [[WORDS]])


@pytest.mark.parametrize("code", [50007, 50278, 40003])
async def test_an_owner_with_closed_direct_messages_is_left_alone(server: Server, code: int) -> None:
    for channel in (server.papers, server.general):
        forbid(server, channel, "send_messages")
    server.env.inject_error("POST", "/channels/*/messages", status=403, code=code, times=None)
    await told(server)
    assert heard(server.papers, server.general, owners(server)) == [[], [], []]
    assert len([each for each in server.env.http_requests if each.path.endswith("/messages")]) == 1


@pytest.mark.parametrize("path", ["/users/*", "/users/@me/channels"])
@pytest.mark.parametrize("status", [404, 503])
async def test_an_owner_who_cannot_be_reached_stops_nothing(server: Server, path: str, status: int) -> None:
    for channel in (server.papers, server.general):
        forbid(server, channel, "send_messages")
    server.env.inject_error("*", path, status=status, times=None)
    await told(server)
    assert heard(owners(server)) == [[]]


@pytest.mark.parametrize(("status", "code"), [(403, 50013), (404, 10003)])
async def test_if_a_channel_refuses_the_notice_the_next_one_is_told(server: Server, status: int, code: int) -> None:
    await make_system_channel(server, server.general)
    server.env.inject_error("POST", "/channels/*/messages", status=status, code=code)
    await told(server)
    assert heard(server.general, server.papers, owners(server)) == [[], [WORDS], []]


async def test_a_notice_that_may_have_arrived_is_not_sent_to_another_channel(server: Server) -> None:
    await make_system_channel(server, server.general)
    server.env.inject_error("POST", "/channels/*/messages", status=503)
    await told(server)
    assert heard(server.general, server.papers, owners(server)) == [[], [], []]


async def test_a_notice_pings_nobody(server: Server) -> None:
    guild = server.bot.get_guild(server.guild.id)
    assert isinstance(guild, discord.Guild)
    await tell_server(server.bot, guild, "@everyone <@&1>", server.bot.mentions)
    (request,) = (each for each in server.env.http_requests if each.path.endswith("/messages"))
    assert request.json
    assert request.json["allowed_mentions"] == {"parse": []}
