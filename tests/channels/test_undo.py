"""Taking back a digest, in each kind of channel."""

import pytest
import simcord

from bot.refusals import Refusal
from bot.storage import Delivery, DeliveryState
from tests.support.builders import HIDDEN, explain
from tests.support.destinations import DESTINATIONS, Destination, forum, latest, list_digests, made
from tests.support.server import Server, forbid


def only_the_first(channel: simcord.ChannelHandle) -> None:
    """Discord does not count the message that a post begins with; SimCord does."""
    for thread in channel.threads:
        thread._channel.message_count -= len(thread.history())


async def undone(server: Server) -> Delivery:
    delivery = await latest(server)
    assert (delivery.state, delivery.digest.highlights) == (DeliveryState.UNDONE, ())
    return delivery


@pytest.mark.parametrize("name", DESTINATIONS)
async def test_an_undone_digest_is_gone_with_its_threads_and_its_papers_come_again(server: Server, name: str) -> None:
    channel = await made(server, DESTINATIONS[name])
    await server.later(hours=1)
    only_the_first(channel)
    assert await server.undo() == "The digest of 16 Jan 2026 is undone: its 5 papers may come again."
    assert (list_digests(channel), channel.threads) == ([], [])
    await undone(server)
    await server.later(days=1)
    assert (await latest(server)).state is DeliveryState.SENT
    assert [each.paper.id for each in (await latest(server)).digest.highlights] == [
        f"2601.0000{number}" for number in range(1, 6)
    ]


WITH_THREADS = {name: each for name, each in DESTINATIONS.items() if "threads" in each.posting}


@pytest.mark.parametrize("name", WITH_THREADS)
async def test_an_undo_leaves_the_threads_that_others_wrote_in(server: Server, name: str) -> None:
    channel = await made(server, DESTINATIONS[name])
    await server.later(hours=1)
    only_the_first(channel)
    spoken_in = channel.threads[0]
    await server.member.send(spoken_in, "What a paper!")
    assert (
        "Some threads are still there, because others wrote in them or I'm not allowed to delete them."
        in await server.undo()
    )
    assert [thread.id for thread in channel.threads] == [spoken_in.id]
    assert [message.content for message in spoken_in.history()] == ["What a paper!"]
    assert list_digests(channel) == []
    await undone(server)


async def test_an_undo_opens_an_archived_post_again_to_take_its_message_away(server: Server) -> None:
    channel = await made(server, DESTINATIONS["forum"])
    await server.later(hours=1)
    (post,) = channel.threads
    only_the_first(channel)
    await server.member.send(post, "What a paper!")
    server.env.backend.edit_channel(post.id, {}, thread_metadata={"archived": True})
    await server.env.settle()
    assert "is undone" in await server.undo()
    reopened = [each.json for each in server.env.http_requests if each.method == "PATCH" and str(post.id) in each.path]
    assert reopened == [{"archived": False}]
    assert [message.content for message in post.history()] == ["What a paper!"]


async def test_a_locked_post_stays_and_its_papers_are_released(server: Server) -> None:
    channel = await made(server, DESTINATIONS["forum"])
    await server.later(hours=1)
    only_the_first(channel)
    await server.member.send(channel.threads[0], "What a paper!")
    server.env.inject_error("DELETE", "/channels/*/messages/*", status=400, code=50083)
    assert "are still there" in await server.undo()
    assert len(channel.threads[0].history()) == 2
    await undone(server)


@pytest.mark.parametrize("name", WITH_THREADS)
async def test_an_undo_without_manage_threads_deletes_the_messages_and_says_what_is_left(
    server: Server, name: str
) -> None:
    destination: Destination = DESTINATIONS[name]
    channel = await made(server, destination)
    await server.later(hours=1)
    only_the_first(channel)
    threads = [thread.id for thread in channel.threads]
    forbid(server, channel, "manage_threads")
    assert "or I'm not allowed to delete them" in await server.undo()
    assert [thread.id for thread in channel.threads] == threads
    assert list_digests(channel) == []
    if destination.make is forum:
        assert [thread.history() for thread in channel.threads] == [[]] * len(threads)
    await undone(server)


async def test_an_undo_of_a_digest_that_someone_has_already_deleted_releases_its_papers(server: Server) -> None:
    channel = await made(server, DESTINATIONS["a thread"])
    await server.later(hours=1)
    for place in (*channel.threads, channel):
        server.env.backend.delete_channel(place.id)
    await server.env.settle()
    assert "is undone" in await server.undo()
    await undone(server)


async def test_an_undo_in_a_channel_that_is_hidden_changes_nothing_and_says_why(server: Server) -> None:
    channel = await made(server, DESTINATIONS["a thread"])
    await server.later(hours=1)
    forbid(server, channel, "view_channel")
    assert await server.undo() == explain(Refusal.NOT_UNDONE, reason=HIDDEN)
    assert (await latest(server)).state is DeliveryState.SENT
    forbid(server, channel)
    only_the_first(channel)
    assert "is undone" in await server.undo()
