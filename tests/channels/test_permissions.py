"""Every permission that a destination needs is taken away in turn; and a digest is taken back, in each of them."""

import pytest
import simcord

from bot.layouts.advice import advise_admin
from bot.layouts.reasons import explain_reason
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal
from bot.storage import Delivery, DeliveryState, SubscriptionState
from tests.support import builders
from tests.support.builders import HIDDEN, build_missing_permissions, explain
from tests.support.destinations import DESTINATIONS, Destination, forum, latest, made, wanted
from tests.support.messages import answer, paper_ids
from tests.support.server import Server, forbid

CASES = [(name, permission) for name, destination in DESTINATIONS.items() for permission in destination.needs]


async def state(server: Server) -> tuple[SubscriptionState, Reason | None]:
    subscription = await server.bot.services.storage.subscriptions.get(1)
    assert subscription
    return subscription.state, subscription.reason


def digests(channel: simcord.ChannelHandle) -> list[list[str]]:
    """The papers of each digest in a text channel."""
    return [papers for message in channel.history() if (papers := paper_ids(message))]


@pytest.mark.parametrize(("name", "permission"), CASES)
async def test_a_permission_taken_away_is_named_and_suspends_that_subscription_alone(
    server: Server, name: str, permission: str
) -> None:
    destination = DESTINATIONS[name]
    lacked = destination.named(permission)
    channel = await made(server, destination)
    await wanted(server, server.papers)
    forbid(server, channel, permission)
    in_the_way = advise_admin(channel.id, build_missing_permissions(lacked))
    assert in_the_way in await server.ask("digest status", subscription="1")
    await server.later(hours=1)
    reason = builders.build_missing_permissions(lacked)
    assert await state(server) == (SubscriptionState.SUSPENDED, reason)
    failed = await latest(server)
    assert (failed.state, failed.reason) == (DeliveryState.FAILED, reason)
    assert (digests(channel), channel.threads) == ([], [])
    assert [len(papers) for papers in digests(server.papers)] == [5]
    status = await server.ask("digest status", subscription="1")
    assert f"Suspended. {explain_reason(reason)}" in status
    assert f"not posted. {explain_reason(reason)}" in status
    assert in_the_way in status


@pytest.mark.parametrize(("name", "permission"), CASES)
async def test_a_subscription_is_resumed_when_the_permission_is_given_back_and_not_before(
    server: Server, name: str, permission: str
) -> None:
    destination = DESTINATIONS[name]
    channel = await made(server, destination)
    forbid(server, channel, permission)
    await server.later(hours=1)
    refusal = await server.ask("digest resume")
    assert f"**{destination.shown(permission)}** in <#{channel.id}>" in refusal
    assert refusal.endswith("Then try again. Nothing was changed.")
    assert (await state(server))[0] is SubscriptionState.SUSPENDED
    forbid(server, channel)
    await server.ask("digest resume")
    await server.later(days=1)
    assert len(digests(channel)) + len(channel.threads) > 0
    assert ((await latest(server)).state, (await latest(server)).reason) == (DeliveryState.SENT, None)


@pytest.mark.parametrize("name", ["text", "announcement", "forum"])
@pytest.mark.parametrize("permission", DESTINATIONS["text"].needs)
async def test_a_channel_without_a_permission_is_refused_by_name_and_nothing_is_added(
    server: Server, name: str, permission: str
) -> None:
    destination = DESTINATIONS[name]
    channel = destination.make(server.guild, "best-papers")
    forbid(server, channel, permission)
    before = server.tables()
    said = answer(await server.subscribe(channel=channel))
    assert f"**{destination.shown(permission)}**" in said
    assert said.endswith("Nothing was changed.")
    assert server.tables() == before


async def test_all_that_is_missing_is_named_at_once(server: Server) -> None:
    channel = await made(server, DESTINATIONS["a thread"])
    forbid(server, channel, "send_messages", "create_public_threads", "read_message_history")
    expected = advise_admin(
        channel.id, builders.build_missing_permissions("send_messages", "read_message_history", "create_public_threads")
    )
    assert expected in await server.ask("digest status")


async def test_a_forum_needs_no_permission_for_threads(server: Server) -> None:
    channel = await made(server, DESTINATIONS["forum"])
    forbid(server, channel, "create_public_threads", "manage_threads", "send_messages_in_threads")
    await server.later(hours=1)
    assert len(channel.threads) == 1


async def test_a_channel_turned_into_another_kind_while_it_is_subscribed_says_so(server: Server) -> None:
    channel = await made(server, DESTINATIONS["text"])
    await wanted(server, server.papers)
    server.env.backend.delete_channel(channel.id)
    voice = server.guild.create_voice_channel("voice")
    stored = server.env.backend.channels.pop(voice.id)
    stored.id = channel.id
    server.env.backend.channels[channel.id] = stored  # Discord knows a voice channel by that id now
    await server.env.settle()
    await server.later(hours=1)
    assert await state(server) == (SubscriptionState.SUSPENDED, Reason(ReasonKind.CHANNEL_KIND_UNSUPPORTED))
    assert [len(papers) for papers in digests(server.papers)] == [5]


# Undo


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
    assert await server.ask("digest undo") == "The digest of 16 Jan 2026 is undone: its 5 papers may come again."
    assert (digests(channel), channel.threads) == ([], [])
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
        in await server.ask("digest undo")
    )
    assert [thread.id for thread in channel.threads] == [spoken_in.id]
    assert [message.content for message in spoken_in.history()] == ["What a paper!"]
    assert digests(channel) == []
    await undone(server)


async def test_an_undo_opens_an_archived_post_again_to_take_its_message_away(server: Server) -> None:
    channel = await made(server, DESTINATIONS["forum"])
    await server.later(hours=1)
    (post,) = channel.threads
    only_the_first(channel)
    await server.member.send(post, "What a paper!")
    server.env.backend.edit_channel(post.id, {}, thread_metadata={"archived": True})
    await server.env.settle()
    assert "is undone" in await server.ask("digest undo")
    reopened = [each.json for each in server.env.http_requests if each.method == "PATCH" and str(post.id) in each.path]
    assert reopened == [{"archived": False}]
    assert [message.content for message in post.history()] == ["What a paper!"]


async def test_a_locked_post_stays_and_its_papers_are_released(server: Server) -> None:
    channel = await made(server, DESTINATIONS["forum"])
    await server.later(hours=1)
    only_the_first(channel)
    await server.member.send(channel.threads[0], "What a paper!")
    server.env.inject_error("DELETE", "/channels/*/messages/*", status=400, code=50083)
    assert "are still there" in await server.ask("digest undo")
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
    assert "or I'm not allowed to delete them" in await server.ask("digest undo")
    assert [thread.id for thread in channel.threads] == threads
    assert digests(channel) == []
    if destination.make is forum:
        assert [thread.history() for thread in channel.threads] == [[]] * len(threads)
    await undone(server)


async def test_an_undo_of_what_somebody_has_deleted_already_releases_the_papers(server: Server) -> None:
    channel = await made(server, DESTINATIONS["a thread"])
    await server.later(hours=1)
    for place in (*channel.threads, channel):
        server.env.backend.delete_channel(place.id)
    await server.env.settle()
    assert "is undone" in await server.ask("digest undo")
    await undone(server)


async def test_an_undo_in_a_channel_that_is_hidden_changes_nothing_and_says_why(server: Server) -> None:
    channel = await made(server, DESTINATIONS["a thread"])
    await server.later(hours=1)
    forbid(server, channel, "view_channel")
    assert await server.ask("digest undo") == explain(Refusal.NOT_UNDONE, reason=HIDDEN)
    assert (await latest(server)).state is DeliveryState.SENT
    forbid(server, channel)
    only_the_first(channel)
    assert "is undone" in await server.ask("digest undo")
