"""The tags of posts in a forum."""

from typing import Any

import discord
import pytest
import simcord

from bot.demo.papers_server import PapersServer
from bot.layouts.advice import advise_admin
from bot.layouts.reasons import explain_reason
from bot.reasons import Reason, ReasonKind
from tests.support.builders import DAY, entry
from tests.support.destinations import DESTINATIONS, made, wanted
from tests.support.messages import answer, paper_ids
from tests.support.server import Server, forbid


def tagged(server: Server, channel: simcord.ChannelHandle, *names: str, moderated: tuple[str, ...] = ()) -> None:
    """Give a forum tags; those in `moderated` are only for moderators."""
    tags = [
        {"id": str(number), "name": name, "moderated": name in moderated, "emoji_id": None, "emoji_name": None}
        for number, name in enumerate(names, 1)
    ]
    server.env.backend.edit_channel(channel.id, {"available_tags": tags})


async def demand_tag(server: Server, channel: simcord.ChannelHandle) -> None:
    """Set the forum's flag, which SimCord does not know."""
    await server.env.settle()
    known = server.bot.get_channel(channel.id)
    assert isinstance(known, discord.ForumChannel)
    known._flags = discord.ChannelFlags(require_tag=True).value


def tags_of(channel: simcord.ChannelHandle) -> list[list[str]]:
    """The names of the tags of each post."""
    names = {int(tag["id"]): tag["name"] for tag in channel._channel.available_tags}
    return [[names[tag] for tag in post._channel.applied_tags] for post in channel.threads]


TOPICS = {
    "2601.00001": ["Reinforcement Learning", "large language models"],
    "2601.00002": ["video diffusion models", "reinforcement learning"],
    "2601.00003": [],
}


def topical() -> list[dict[str, Any]]:
    return [
        entry(paper_id, upvotes=90 - number, ai_keywords=topics)
        for number, (paper_id, topics) in enumerate(TOPICS.items())
    ]


async def test_a_post_has_the_tags_that_name_its_papers_topics_most_frequent_first(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {DAY: topical()}
    channel = await made(server, DESTINATIONS["forum"])
    tagged(server, channel, "Off topic", "Diffusion", "reinforcement-learning", "Earn")
    await server.later(hours=1)
    assert tags_of(channel) == [["reinforcement-learning", "Diffusion"]]


async def test_each_highlights_post_has_the_tags_of_its_paper(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: topical()}
    channel = await made(server, DESTINATIONS["forum posts"])
    tagged(server, channel, "Off topic", "Diffusion", "Reinforcement Learning")
    await server.later(hours=1)
    assert tags_of(channel) == [["Reinforcement Learning"], ["Diffusion", "Reinforcement Learning"], []]


async def test_a_post_has_five_tags_at_most(server: Server, papers_server: PapersServer) -> None:
    names = [f"topic {letter}" for letter in "abcdefgh"]
    papers_server.lists = {DAY: [entry("2601.00001", ai_keywords=names)]}
    channel = await made(server, DESTINATIONS["forum"])
    tagged(server, channel, *names)
    await server.later(hours=1)
    assert tags_of(channel) == [names[:5]]


@pytest.mark.parametrize("name", ["forum", "forum posts"])
async def test_a_forum_that_requires_a_tag_gets_one_on_every_post(
    server: Server, papers_server: PapersServer, name: str
) -> None:
    papers_server.lists = {DAY: topical()}
    channel = await made(server, DESTINATIONS[name])
    tagged(server, channel, "Pinned", "General", "Diffusion", moderated=("Pinned",))
    forbid(server, channel, "manage_threads")
    await demand_tag(server, channel)
    await server.later(hours=1)
    assert tags_of(channel) == ([["Diffusion"]] if name == "forum" else [["General"], ["Diffusion"], ["General"]])


@pytest.mark.parametrize("moderator", [True, False])
async def test_a_tag_for_moderators_is_used_only_by_moderators(
    server: Server, papers_server: PapersServer, moderator: bool
) -> None:
    papers_server.lists = {DAY: topical()}
    channel = await made(server, DESTINATIONS["forum"])
    tagged(server, channel, "Diffusion", moderated=("Diffusion",))
    if not moderator:
        forbid(server, channel, "manage_threads")
    await server.later(hours=1)
    assert tags_of(channel) == [["Diffusion"] if moderator else []]


async def test_a_forum_that_requires_a_tag_we_may_not_use_is_named_and_its_subscription_suspended(
    server: Server,
) -> None:
    channel = await made(server, DESTINATIONS["forum"])
    tagged(server, channel, "Pinned", moderated=("Pinned",))
    forbid(server, channel, "manage_threads")
    await demand_tag(server, channel)
    said = answer(await server.subscribe(channel=channel))
    assert said.startswith(f"{advise_admin(0, Reason(ReasonKind.NO_USABLE_TAG))} Then try again. Nothing was changed.")
    await wanted(server, server.papers)
    await server.later(hours=1)
    assert channel.threads == []
    assert sorted(len(paper_ids(message)) for message in server.papers.history()) == [0, 5]  # and the notice about it
    status = await server.ask("digest status", subscription="1")
    assert f"Suspended. {explain_reason(Reason(ReasonKind.NO_USABLE_TAG))}" in status
    assert advise_admin(0, Reason(ReasonKind.NO_USABLE_TAG)) in status
    tagged(server, channel, "General")
    await demand_tag(server, channel)
    await server.ask("digest resume", subscription="1")
    await server.later(days=1)
    assert tags_of(channel) == [["General"]]
