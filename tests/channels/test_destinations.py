"""Destinations: a digest is posted in each kind of channel as its admin wished, or it says what is in the way."""

from typing import Any

import discord
import pytest
import simcord

from bot.demo.papers_server import PapersServer
from bot.layouts.advice import advise_admin
from bot.layouts.reasons import explain_reason
from bot.reasons import Reason, ReasonKind
from bot.storage import DeliveryState
from tests.support import builders
from tests.support.builders import DAY, entries, entry
from tests.support.destinations import DESTINATIONS, latest, made, wanted
from tests.support.messages import answer, custom_ids, paper_ids, read_texts
from tests.support.server import Server, forbid

DAILY = "Daily Papers, 15 Jan 2026"
CROSSPOSTED, SILENT = 1 << 1, 1 << 12  # of messages; SimCord has the first one off by one


def messages(channel: simcord.ChannelHandle) -> list[discord.Message]:
    """What stands in a channel; in a forum, the messages that its posts begin with."""
    return channel.history() or [thread.history()[0] for thread in channel.threads]


def created(server: Server) -> list[dict[str, Any]]:
    """The bodies of the requests for messages and posts, those of posts without what is the post's."""
    paths = [(each.path.split("/"), each.json or {}) for each in server.env.http_requests if each.method == "POST"]
    return [body.get("message", body) for path, body in paths if path[-1] == "messages" or path[3:] == ["threads"]]


# As wished


async def test_a_text_channel_gets_one_message_and_no_thread(server: Server) -> None:
    channel = await made(server, DESTINATIONS["text"])
    await server.later(hours=1)
    (message,) = channel.history()
    assert len(paper_ids(message)) == 5
    assert channel.threads == []


@pytest.mark.parametrize("minutes", [60, 1440, 4320, 10080])
async def test_a_thread_is_opened_on_the_digest_with_the_chosen_time_to_rest(server: Server, minutes: int) -> None:
    channel = await made(server, DESTINATIONS["a thread"], archive_after=minutes)
    await server.later(hours=1)
    message = next(each for each in channel.history() if paper_ids(each))
    (thread,) = channel.threads
    assert (thread.id, thread.name, rests_after(thread)) == (message.id, DAILY, minutes)


def rests_after(thread: simcord.ChannelHandle) -> int:
    known = thread._channel.thread_metadata
    assert known
    return known.auto_archive_duration


async def test_a_thread_for_each_highlight_bears_its_title(server: Server) -> None:
    channel = await made(server, DESTINATIONS["threads"], archive_after=60)
    await server.later(hours=1)
    digests = [message for message in channel.history() if paper_ids(message)]
    assert [paper_ids(message) for message in digests] == [[f"2601.0000{number}"] for number in range(1, 6)]
    assert [(each.id, each.name) for each in channel.threads] == [
        (message.id, f"Paper 2601.0000{number}") for number, message in enumerate(digests, 1)
    ]
    assert {rests_after(thread) for thread in channel.threads} == {60}


async def test_a_long_title_is_cut_to_a_threads_name(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: [entry("2601.00001", title="深層学習" * 60), entry("2601.00002", title=" \u200b ")]}
    channel = await made(server, DESTINATIONS["threads"])
    await server.later(hours=1)
    names = [thread.name or "" for thread in channel.threads]
    assert (await latest(server)).reason is None
    assert len(names) == 2
    assert all(1 <= len(name.strip()) <= 100 for name in names)


@pytest.mark.parametrize("publish", [True, False])
async def test_an_announcement_is_published_to_followers_if_that_is_wanted(server: Server, publish: bool) -> None:
    channel = await made(server, DESTINATIONS["announcement"], publish=publish)
    await server.later(hours=1)
    (message,) = channel.history()
    assert bool(message.flags.value & CROSSPOSTED) is publish
    assert bool((await latest(server)).messages[0].published_at) is publish


async def test_publishing_is_not_tried_in_a_channel_that_is_no_announcement_channel(server: Server) -> None:
    channel = await made(server, DESTINATIONS["text"], publish=True)
    await server.later(hours=1)
    assert len(channel.history()) == 1
    assert not [each for each in server.env.http_requests if each.path.endswith("/crosspost")]


async def test_a_forum_gets_one_post_for_the_digest(server: Server) -> None:
    channel = await made(server, DESTINATIONS["forum"], archive_after=4320)
    await server.later(hours=1)
    (post,) = channel.threads
    (message,) = post.history()
    assert (post.name, rests_after(post)) == (DAILY, 4320)
    assert len(paper_ids(message)) == 5
    delivery = await latest(server)
    assert delivery.posted_message
    assert (delivery.posted_message.place_id, delivery.posted_message.message_id) == (post.id, message.id)
    assert delivery.posted_message.url in await server.ask("digest status")


async def test_a_forum_gets_a_post_for_each_highlight(server: Server) -> None:
    channel = await made(server, DESTINATIONS["forum posts"], archive_after=60)
    await server.later(hours=1)
    assert [post.name for post in channel.threads] == [f"Paper 2601.0000{number}" for number in range(1, 6)]
    assert [paper_ids(message) for message in messages(channel)] == [[f"2601.0000{number}"] for number in range(1, 6)]
    assert {rests_after(post) for post in channel.threads} == {60}


@pytest.mark.parametrize("name", DESTINATIONS)
async def test_a_second_tick_and_a_second_day_without_papers_add_nothing(server: Server, name: str) -> None:
    channel = await made(server, DESTINATIONS[name])
    await server.later(hours=1)
    before = [message.id for message in messages(channel)], [thread.id for thread in channel.threads]
    await server.later(minutes=1)
    await server.restart()
    await server.later(days=1)
    assert ([message.id for message in messages(channel)], [thread.id for thread in channel.threads]) == before


@pytest.mark.parametrize("name", DESTINATIONS)
async def test_details_below_a_digest_answer_wherever_it_stands(server: Server, name: str) -> None:
    channel = await made(server, DESTINATIONS[name])
    await server.later(hours=1)
    message = next(each for each in messages(channel) if paper_ids(each))
    assert "Paper 2601.00001" in answer(await server.member.click(message, custom_id=custom_ids(message)[0]))


@pytest.mark.parametrize("name", DESTINATIONS)
@pytest.mark.parametrize("silent", [True, False])
async def test_silent_digests_notify_nobody(server: Server, name: str, silent: bool) -> None:
    await made(server, DESTINATIONS[name], silent=silent)
    await server.later(hours=1)
    assert {bool(body["flags"] & SILENT) for body in created(server)} == {silent}


# Tags of a forum


def tagged(server: Server, channel: simcord.ChannelHandle, *names: str, moderated: tuple[str, ...] = ()) -> None:
    """A forum's tags; those `moderated` are for moderators alone."""
    tags = [
        {"id": str(number), "name": name, "moderated": name in moderated, "emoji_id": None, "emoji_name": None}
        for number, name in enumerate(names, 1)
    ]
    server.env.backend.edit_channel(channel.id, {"available_tags": tags})


async def demand_tag(server: Server, channel: simcord.ChannelHandle) -> None:
    """What SimCord does not know: the forum's flag."""
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
async def test_a_forum_that_demands_a_tag_gets_one_on_every_post(
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
async def test_a_tag_for_moderators_is_used_by_none_but_them(
    server: Server, papers_server: PapersServer, moderator: bool
) -> None:
    papers_server.lists = {DAY: topical()}
    channel = await made(server, DESTINATIONS["forum"])
    tagged(server, channel, "Diffusion", moderated=("Diffusion",))
    if not moderator:
        forbid(server, channel, "manage_threads")
    await server.later(hours=1)
    assert tags_of(channel) == [["Diffusion"] if moderator else []]


async def test_a_forum_that_demands_a_tag_and_has_none_for_us_is_named_and_suspended(server: Server) -> None:
    channel = await made(server, DESTINATIONS["forum"])
    tagged(server, channel, "Pinned", moderated=("Pinned",))
    forbid(server, channel, "manage_threads")
    await demand_tag(server, channel)
    said = answer(await server.subscribe(channel=channel))
    assert said == f"{advise_admin(0, Reason(ReasonKind.NO_USABLE_TAG))} Then try again. Nothing was changed."
    await wanted(server, server.papers)
    await server.later(hours=1)
    assert channel.threads == []
    assert sorted(len(paper_ids(message)) for message in server.papers.history()) == [0, 5]  # it is told of, too
    status = await server.ask("digest status", subscription="1")
    assert f"Suspended. {explain_reason(Reason(ReasonKind.NO_USABLE_TAG))}" in status
    assert advise_admin(0, Reason(ReasonKind.NO_USABLE_TAG)) in status
    tagged(server, channel, "General")
    await demand_tag(server, channel)
    await server.ask("digest resume", subscription="1")
    await server.later(days=1)
    assert tags_of(channel) == [["General"]]


# Pings


@pytest.fixture
def readers(server: Server) -> simcord.RoleHandle:
    return server.guild.create_role("Readers", mentionable=True)


@pytest.mark.parametrize("name", DESTINATIONS)
async def test_the_chosen_role_alone_is_pinged_and_by_the_first_message_alone(
    server: Server, readers: simcord.RoleHandle, name: str
) -> None:
    channel = await made(server, DESTINATIONS[name], ping_role_id=readers.id)
    await server.later(hours=1)
    first, *others = created(server)
    assert first["allowed_mentions"] == {"parse": [], "roles": [readers.id]}
    assert [body["allowed_mentions"] for body in others] == [{"parse": []}] * len(others)
    shown = [f"<@&{readers.id}>" in read_texts(message) for message in messages(channel) if paper_ids(message)]
    assert shown == [True] + [False] * (len(shown) - 1)


@pytest.mark.parametrize(("upvotes", "pinged"), [(0, True), (70, True), (71, False)])
async def test_a_role_is_pinged_from_so_many_upvotes_on(
    server: Server, readers: simcord.RoleHandle, upvotes: int, pinged: bool
) -> None:
    await made(server, DESTINATIONS["text"], ping_role_id=readers.id, ping_upvotes=upvotes)
    await server.later(hours=1)
    (body,) = created(server)
    assert body["allowed_mentions"] == ({"parse": [], "roles": [readers.id]} if pinged else {"parse": []})
    assert (f"<@&{readers.id}>" in str(body)) is pinged


@pytest.mark.parametrize("name", DESTINATIONS)
async def test_everyone_is_never_pinged(server: Server, papers_server: PapersServer, name: str) -> None:
    papers_server.lists = {DAY: [entry("2601.00001", title="@everyone @here <@&1>", upvotes=9)]}
    await made(server, DESTINATIONS[name], ping_role_id=server.guild.id)  # the id of @everyone
    await server.later(hours=1)
    (body,) = created(server)
    assert body["allowed_mentions"] == {"parse": []}
    assert f"<@&{server.guild.id}>" not in str(body)


async def test_a_role_that_is_gone_is_pinged_no_more_and_the_status_says_so(
    server: Server, readers: simcord.RoleHandle
) -> None:
    await made(server, DESTINATIONS["text"], ping_role_id=readers.id)
    server.env.backend.delete_role(server.guild.id, readers.id)
    await server.later(hours=1)
    (body,) = created(server)
    assert body["allowed_mentions"] == {"parse": []}
    assert advise_admin(0, Reason(ReasonKind.ROLE_GONE)) in await server.ask("digest status")


async def test_a_role_that_cannot_be_notified_is_named_in_the_status_and_the_digest_is_posted(server: Server) -> None:
    quiet = server.guild.create_role("Quiet")
    channel = await made(server, DESTINATIONS["text"], ping_role_id=quiet.id)
    forbid(server, channel, "mention_everyone")
    await server.later(hours=1)
    assert len(channel.history()) == 1
    assert advise_admin(0, Reason(ReasonKind.ROLE_NOT_NOTIFIED, number=quiet.id)) in await server.ask("digest status")
    forbid(server, channel)
    assert advise_admin(0, Reason(ReasonKind.ROLE_NOT_NOTIFIED, number=quiet.id)) not in await server.ask(
        "digest status"
    )


async def test_a_quiet_line_pings_nobody_and_opens_no_thread(
    server: Server, papers_server: PapersServer, readers: simcord.RoleHandle
) -> None:
    papers_server.lists = {DAY: entries(2)}
    channel = await made(server, DESTINATIONS["a thread"], ping_role_id=readers.id, quiet_line=True)
    services = server.bot.services
    await services.archive.refresh_day(DAY, server.clock.now)
    await server.later(hours=1)
    papers_server.lists[builders.DAY.replace(day=16)] = entries(2, DAY.replace(day=16))  # the same again
    await server.later(days=1)
    assert (await latest(server)).state is DeliveryState.QUIET
    assert len(channel.threads) == 1
    *_, body = created(server)
    assert "Nothing new today" in str(body)
    assert body["allowed_mentions"] == {"parse": []}
