"""The details of the papers in a digest: a select opens them, and in earlier messages a button."""

import discord
import pytest
import simcord

from bot.demo.papers_server import PapersServer
from bot.refusals import Refusal
from tests.support.builders import DAY, entry, explain
from tests.support.messages import answer, open_details
from tests.support.server import Server, post, stale_button


async def test_details_answer_only_to_the_one_who_clicked(server: Server) -> None:
    message = await post(server)
    text = await open_details(server.member, message, "2601.00001")
    assert "Paper 2601.00001" in text
    assert "Ada Lovelace, Emmy Noether" in text
    assert len(server.papers.history(viewer=server.admin)) == 1


async def test_details_still_work_after_a_restart(server: Server) -> None:
    message = await post(server)
    await server.restart()
    assert "Paper 2601.00003" in await open_details(server.member, message, "2601.00003")


async def test_details_show_the_current_upvotes(server: Server, papers_server: PapersServer) -> None:
    message = await post(server)
    papers_server.lists[DAY][0]["paper"]["upvotes"] = 1234
    await server.read_lists()
    assert "▲ **1,234**" in await open_details(server.member, message, "2601.00001")


@pytest.mark.parametrize("kind", ["text", "thread", "forum"])
async def test_the_buttons_of_digests_posted_before_there_was_a_select_still_open_the_details(
    server: Server, kind: str
) -> None:
    await post(server)
    place = server.papers if kind == "text" else await open_thread(server, is_post=kind == "forum")
    nonce = "a7f4130a4d6bb9e8b7694ef9"
    message = stale_button(server, f"details:2601.00002:{nonce}", place)
    assert "Paper 2601.00002" in await open_details(server.member, message, "2601.00002")
    await server.restart()
    assert "Paper 2601.00002" in await open_details(server.member, message, "2601.00002")


async def open_thread(server: Server, *, is_post: bool) -> simcord.ChannelHandle:
    """A thread in a channel, or a post in a forum."""
    parent = server.guild.create_forum_channel("forum") if is_post else server.papers
    channel = server.bot.get_channel(parent.id)
    if isinstance(channel, discord.ForumChannel):
        await channel.create_thread(name="Reading", content="Papers")
    else:
        assert isinstance(channel, discord.TextChannel)
        await channel.create_thread(name="Reading", type=discord.ChannelType.public_thread)
    await server.env.settle()
    return parent.threads[-1]


async def test_details_of_a_paper_that_is_not_in_the_archive_are_looked_up(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.unlisted = [entry("2601.99999", title="Found Elsewhere")]
    message = stale_button(server, "details:2601.99999:abc")
    assert "Found Elsewhere" in answer(await server.member.click(message, label="Details"))


@pytest.mark.parametrize(
    ("custom_id", "reply"),
    [
        ("details:9999.99999", explain(Refusal.NO_SUCH_PAPER, text="9999.99999")),
        ("details:.:0", explain(Refusal.CONTROL_STALE)),
        ("details:", explain(Refusal.CONTROL_STALE)),
        ("details", explain(Refusal.CONTROL_STALE)),
        ("details:2601.00001:0:0", explain(Refusal.CONTROL_STALE)),
    ],
)
async def test_a_stale_details_button_says_what_would_help(server: Server, custom_id: str, reply: str) -> None:
    message = stale_button(server, custom_id)
    assert answer(await server.member.click(message, custom_id=custom_id)) == reply
