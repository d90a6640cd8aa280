"""Forum posts on the wire: without a nonce, and yet each is made once."""

from typing import Any

import aiohttp
import pytest
from discord import Permissions

from bot.reasons import Reason, ReasonKind
from bot.storage import DeliveryState, SubscriptionState
from tests.support.delivery_rig import DeliveryRig
from tests.support.wire import Fault, rate_limit
from tests.support.wire_channels import BOT_USER

LOST = {"dropped": Fault(created=True), "500": Fault(500, created=True), "503": Fault(503, created=True)}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST.keys())
@pytest.mark.parametrize("archived", [False, True], ids=["active", "archived"])
async def test_a_forum_post_whose_answer_is_lost_is_found_among_the_posts(
    forum: DeliveryRig, fault: Fault, archived: bool
) -> None:
    forum.wire.post_faults.append(fault)
    forum.wire.post(forum.channel, "Rules of this forum")
    await forum.tick()
    (delivery,) = await forum.deliveries()
    assert delivery.state is DeliveryState.PLANNED
    (post,) = (each for each in forum.channel.posts if each.messages[0].papers)
    post.archived_at = forum.clock() if archived else None
    await forum.tick(minutes=10)
    await forum.assert_arrived_once()
    assert len(forum.wire.bodies) == 1


async def test_a_forum_post_is_found_behind_more_than_a_page_of_archived_posts(forum: DeliveryRig) -> None:
    forum.wire.post_faults.append(Fault(created=True))
    await forum.tick()
    (post,) = forum.channel.posts
    post.archived_at = forum.clock()
    for _ in range(250):
        forum.wire.post(forum.channel, "Another").archived_at = forum.clock.advance(milliseconds=1)
    await forum.tick(minutes=5)
    await forum.assert_arrived_once()
    assert len(forum.wire.bodies) == 1
    assert sum("archived" in request for request in forum.wire.requests) == 3


async def test_a_forum_post_whose_first_message_was_deleted_meanwhile_is_not_created_again(forum: DeliveryRig) -> None:
    forum.wire.post_faults.append(Fault(created=True))
    await forum.tick()
    (post,) = forum.channel.posts
    post.messages.clear()
    await forum.tick(minutes=2)
    (delivery,) = await forum.deliveries()
    assert (delivery.state, delivery.posted_message and delivery.posted_message.place_id) == (
        DeliveryState.SENT,
        post.id,
    )
    assert len(forum.channel.posts) == len(forum.wire.bodies) == 1


async def test_of_two_posts_of_its_name_the_one_with_its_message_is_the_digest(
    forum: DeliveryRig,
) -> None:
    forum.wire.post_faults.append(Fault(created=True))
    await forum.tick()
    (post,) = forum.channel.posts
    empty = forum.wire.post(forum.channel, post.name, BOT_USER)
    empty.messages.clear()
    forum.channel.threads.reverse()
    await forum.tick(minutes=2)
    (delivery,) = await forum.deliveries()
    assert (delivery.state, delivery.posted_message and delivery.posted_message.place_id) == (
        DeliveryState.SENT,
        post.id,
    )


async def test_another_post_without_its_first_message_is_not_taken_for_the_digest(forum: DeliveryRig) -> None:
    forum.wire.post_faults.append(Fault())
    forum.wire.post(forum.channel, "Rules of this forum", BOT_USER).messages.clear()
    await forum.tick()
    await forum.tick(minutes=2)
    await forum.assert_arrived_once()


async def test_a_forum_post_that_was_not_created_is_created_after_the_search(forum: DeliveryRig) -> None:
    forum.wire.post_faults.append(Fault(500))
    await forum.tick()
    assert len(forum.wire.bodies) == 1  # discord.py repeats no request for a post
    await forum.tick(minutes=2)
    await forum.assert_arrived_once()
    assert len(forum.wire.bodies) == 2


@pytest.mark.parametrize("fault", [Fault(), Fault(503), rate_limit(1, via=False)])
async def test_no_forum_post_is_created_while_the_posts_cannot_be_searched(forum: DeliveryRig, fault: Fault) -> None:
    forum.wire.post_faults.append(Fault(created=True))
    await forum.tick()
    forum.wire.history_faults.extend([fault, fault, Fault(200), fault])
    for _ in range(5):
        await forum.tick(minutes=10)
    await forum.assert_arrived_once()
    assert len(forum.wire.bodies) == 1


async def test_a_rate_limited_forum_post_is_created_once(forum: DeliveryRig) -> None:
    forum.wire.post_faults.append(rate_limit(0.2))
    await forum.tick()
    await forum.assert_arrived_once()


async def test_without_read_message_history_no_forum_post_is_created_twice(forum: DeliveryRig) -> None:
    forum.wire.post_faults.append(Fault(created=True))
    await forum.tick()
    forum.channel.denied = Permissions(read_message_history=True)
    await forum.learn(forum.channel, "guild_channel_update")
    await forum.tick(minutes=5)
    assert (await forum.get_subscription()).state is SubscriptionState.SUSPENDED
    forum.channel.denied = Permissions.none()
    await forum.learn(forum.channel, "guild_channel_update")
    await forum.resume()
    await forum.tick(minutes=5)
    await forum.assert_arrived_once()
    assert len(forum.guild.general.messages) == 1


async def test_a_forum_that_now_requires_a_tag_suspends_the_subscription(
    forum: DeliveryRig,
) -> None:
    forum.channel.requires_tag = True
    await forum.learn(forum.channel, "guild_channel_update")
    await forum.tick()
    standing = await forum.get_subscription()
    assert (standing.state, standing.reason) == (
        SubscriptionState.SUSPENDED,
        Reason(ReasonKind.NO_USABLE_TAG),
    )
    assert not forum.channel.posts


async def test_a_required_tag_the_bot_has_not_heard_of_fails_the_run_and_its_papers_come_with_the_next(
    forum: DeliveryRig,
) -> None:
    forum.channel.requires_tag = True  # unannounced
    await forum.tick()
    (failed,) = await forum.deliveries()
    assert (failed.state, failed.reason) == (DeliveryState.FAILED, Reason(ReasonKind.MESSAGE_REJECTED, number=40067))
    forum.channel.tags = ["Papers"]
    await forum.learn(forum.channel, "guild_channel_update")
    await forum.tick(days=1)
    (post,) = forum.channel.posts
    assert len(post.messages[0].papers) == 5
    assert post.body["applied_tags"] == ["1"]


async def test_a_connection_reset_after_a_forum_post_was_created_leads_to_one_post(
    forum: DeliveryRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = aiohttp.ClientResponse.start

    async def reset(response: aiohttp.ClientResponse, *args: Any) -> aiohttp.ClientResponse:
        await start(response, *args)
        if response.method == "POST":
            raise ConnectionResetError(54, "reset")  # macOS; discord.py sends such a request again
        return response

    with monkeypatch.context() as patching:
        patching.setattr(aiohttp.ClientResponse, "start", reset)
        await forum.tick()
    await forum.tick(minutes=2)
    await forum.assert_arrived_once()
    assert len(forum.wire.bodies) == 1
