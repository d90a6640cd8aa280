"""Every permission that a destination needs is taken away in turn."""

import pytest

from bot.layouts.advice import advise_admin
from bot.layouts.reasons import explain_reason
from bot.reasons import Reason, ReasonKind
from bot.storage import DeliveryState, SubscriptionState
from tests.support import builders
from tests.support.builders import build_missing_permissions
from tests.support.destinations import DESTINATIONS, latest, list_digests, made, wanted
from tests.support.messages import answer
from tests.support.server import Server, forbid

CASES = [(name, permission) for name, destination in DESTINATIONS.items() for permission in destination.needs]


async def state(server: Server) -> tuple[SubscriptionState, Reason | None]:
    subscription = await server.bot.services.storage.subscriptions.get(1)
    assert subscription
    return subscription.state, subscription.reason


@pytest.mark.parametrize(("name", "permission"), CASES)
async def test_a_permission_taken_away_is_named_and_suspends_only_that_subscription(
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
    assert (list_digests(channel), channel.threads) == ([], [])
    assert [len(papers) for papers in list_digests(server.papers)] == [5]
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
    assert len(list_digests(channel)) + len(channel.threads) > 0
    assert ((await latest(server)).state, (await latest(server)).reason) == (DeliveryState.SENT, None)


@pytest.mark.parametrize("name", ["text", "announcement", "forum"])
@pytest.mark.parametrize("permission", DESTINATIONS["text"].needs)
async def test_a_channel_is_refused_with_its_missing_permission_and_nothing_is_added(
    server: Server, name: str, permission: str
) -> None:
    destination = DESTINATIONS[name]
    channel = destination.make(server.guild, "best-papers")
    forbid(server, channel, permission)
    before = server.tables()
    said = answer(await server.subscribe(channel=channel))
    assert f"**{destination.shown(permission)}**" in said
    assert "Nothing was changed.\n-# I kept everything you typed." in said
    assert server.tables() | {"drafts": []} == before


async def test_all_missing_permissions_are_named_at_once(server: Server) -> None:
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
    assert [len(papers) for papers in list_digests(server.papers)] == [5]
