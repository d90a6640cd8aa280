"""Commands in answers and notices are clickable, as Discord has them."""

import discord
from discord import app_commands

from bot.delivery.notices import tell_server
from bot.layouts.notices import describe_failing_digests
from bot.layouts.refusals import explain_refusal
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from tests.support.guilds import channel, new_server
from tests.support.messages import read_mentions, read_texts
from tests.support.server import Server


def list_runnable(server: Server) -> set[str]:
    walked = server.bot.tree.walk_commands()
    return {each.qualified_name for each in walked if isinstance(each, app_commands.Command)}


async def test_every_command_can_be_mentioned_by_its_id(server: Server) -> None:
    text = server.bot.mentions.mention_in_text("\n".join(f"`/{each}`" for each in sorted(list_runnable(server))))
    for line, name in zip(text.split("\n"), sorted(list_runnable(server)), strict=True):
        command = server.env.backend.find_command(name.split()[0], None)
        assert command
        assert line == f"</{name}:{command['id']}>"


async def test_a_refusal_and_an_answer_have_clickable_commands(server: Server) -> None:
    refused = await server.admin.slash(server.general, "digest pause")
    assert refused.response
    assert read_mentions(refused.response.message) == ["digest setup"]
    assert read_texts(refused.response.message) == explain_refusal(Refused(Refusal.NO_SUBSCRIPTIONS))
    await server.subscribe()
    paused = await server.admin.slash(server.general, "digest pause")
    assert paused.response
    assert read_mentions(paused.response.message) == ["digest resume"]


async def test_an_answer_that_changes_its_message_has_clickable_commands_too(server: Server) -> None:
    await server.subscribe()
    shown = await server.admin.slash(server.general, "digest status")
    assert shown.response
    assert read_mentions(shown.response.message) == []
    await server.admin.click(shown.response, label="Pause")
    assert read_mentions(shown.response.message) == ["digest resume"]


async def test_after_a_restart_the_ids_are_known_without_registering_again(server: Server) -> None:
    await server.restart()
    result = await server.member.slash(server.general, "privacy about")
    assert result.response
    assert "digest wipe-everything" in read_mentions(result.response.message)


async def test_in_a_direct_message_commands_of_servers_are_not_clickable(server: Server) -> None:
    result = await server.member.user.slash("privacy about")
    assert result.response
    assert isinstance(result.response.message, discord.Message)
    assert read_mentions(result.response.message) == ["privacy export", "privacy delete"]
    assert "`/digest wipe-everything`" in read_texts(result.response.message)


async def test_the_welcome_has_clickable_commands_in_a_channel_but_not_in_the_owners_messages(server: Server) -> None:
    seen, alone = new_server(server, "lobby"), new_server(server)
    await server.env.settle()
    (welcome,) = channel(seen, "lobby").history()
    assert read_mentions(welcome) == ["paper search", "help", "privacy about"]
    (welcome,) = alone.owner.dm_channel.history()
    assert read_mentions(welcome) == []
    assert "`/paper search`" in read_texts(welcome)


async def test_a_notice_about_a_digest_has_clickable_commands(server: Server) -> None:
    guild = server.bot.get_guild(server.guild.id)
    assert guild
    text = describe_failing_digests(server.papers.id, Reason(ReasonKind.CHANNEL_GONE))
    await tell_server(server.bot, guild, text, server.bot.mentions)
    await server.env.settle()
    assert [read_mentions(each) for each in server.papers.history()] == [["digest status"]]
