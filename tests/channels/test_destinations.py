"""Each kind of destination gets its digest as the admin, or the person, wanted it."""

import pytest
import simcord

from bot.demo.papers_server import PapersServer
from tests.support.builders import DAY, entry
from tests.support.destinations import ALL_DESTINATIONS, DESTINATIONS, latest, list_messages, list_sent, made
from tests.support.messages import open_details, paper_ids
from tests.support.server import Server

DAILY = "Daily Papers, 15 Jan 2026"
CROSSPOSTED, SILENT = 1 << 1, 1 << 12  # of messages; SimCord has the first one off by one


async def test_a_text_channel_gets_one_message_and_no_thread(server: Server) -> None:
    channel = await made(server, DESTINATIONS["text"])
    await server.later(hours=1)
    (message,) = channel.history()
    assert len(paper_ids(message)) == 5
    assert channel.threads == []


@pytest.mark.parametrize("minutes", [60, 1440, 4320, 10080])
async def test_a_thread_is_opened_on_the_digest_and_archived_after_the_chosen_time(
    server: Server, minutes: int
) -> None:
    channel = await made(server, DESTINATIONS["a thread"], archive_after=minutes)
    await server.later(hours=1)
    message = next(each for each in channel.history() if paper_ids(each))
    (thread,) = channel.threads
    assert (thread.id, thread.name, rests_after(thread)) == (message.id, DAILY, minutes)


def rests_after(thread: simcord.ChannelHandle) -> int:
    known = thread._channel.thread_metadata
    assert known
    return known.auto_archive_duration


async def test_a_thread_for_each_highlight_has_its_title(server: Server) -> None:
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
async def test_an_announcement_is_published_to_followers_if_the_admin_wants_that(server: Server, publish: bool) -> None:
    channel = await made(server, DESTINATIONS["announcement"], publish=publish)
    await server.later(hours=1)
    (message,) = channel.history()
    assert bool(message.flags.value & CROSSPOSTED) is publish
    assert bool((await latest(server)).messages[0].published_at) is publish


async def test_publishing_is_only_tried_in_an_announcement_channel(server: Server) -> None:
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
    assert [paper_ids(message) for message in list_messages(channel)] == [
        [f"2601.0000{number}"] for number in range(1, 6)
    ]
    assert {rests_after(post) for post in channel.threads} == {60}


@pytest.mark.parametrize("name", ALL_DESTINATIONS)
async def test_a_second_tick_and_a_second_day_without_papers_add_nothing(server: Server, name: str) -> None:
    channel = await made(server, ALL_DESTINATIONS[name])
    await server.later(hours=1)
    before = [message.id for message in list_messages(channel)], [thread.id for thread in channel.threads]
    await server.later(minutes=2)
    await server.restart()
    await server.later(days=1)
    assert ([message.id for message in list_messages(channel)], [thread.id for thread in channel.threads]) == before


@pytest.mark.parametrize("name", ALL_DESTINATIONS)
async def test_the_details_open_in_every_kind_of_destination(server: Server, name: str) -> None:
    channel = await made(server, ALL_DESTINATIONS[name])
    await server.later(hours=1)
    message = next(each for each in list_messages(channel) if paper_ids(each))
    reader = server.member.user if name == "person" else server.member
    assert "Paper 2601.00001" in await open_details(reader, message, "2601.00001")


@pytest.mark.parametrize("name", ALL_DESTINATIONS)
@pytest.mark.parametrize("silent", [True, False])
async def test_silent_digests_notify_nobody(server: Server, name: str, silent: bool) -> None:
    await made(server, ALL_DESTINATIONS[name], silent=silent)
    await server.later(hours=1)
    assert {bool(body["flags"] & SILENT) for body in list_sent(server)} == {silent}
