"""The answers of `/digest` lead on: each has the buttons for what an admin would do next."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
import simcord

from bot.refusals import Refusal
from bot.storage import SubscriptionState
from tests.support.builders import explain
from tests.support.destinations import DESTINATIONS, made
from tests.support.messages import answer, button_labels, custom_ids, options, read_texts
from tests.support.server import (
    Server,
    delete,
    get_subscription,
    other_admin,
    post,
    stale_button,
    stale_select,
    subscriptions,
)

ACTIVE = ["Edit", "Pause", "Preview", "Post the next one now", "Post an extra one"]


async def open_answer(server: Server, command: str, **values: str) -> simcord.ResponseMessage:
    result = await server.admin.slash(server.general, command, **values)
    assert result.response
    return result.response


@pytest.mark.parametrize("custom_id", ["digest:pause:1", "digest:remove_now:1:2", "digest:extra:1:1", "setup:1"])
async def test_an_old_button_means_no_other_subscription_even_if_a_channel_is_called_like_its_number(
    server: Server, custom_id: str
) -> None:
    await server.subscribe()
    await server.remove()
    await server.subscribe(channel=server.guild.create_text_channel("1"))
    before = server.tables()
    clicked = await server.admin.click(stale_button(server, custom_id), custom_id=custom_id)
    assert answer(clicked) == explain(Refusal.SUBSCRIPTION_UNKNOWN)
    assert server.tables() == before


async def test_a_list_of_the_longest_names_and_filters_fits_its_messages(server: Server) -> None:
    for number in range(24):
        channel = server.guild.create_text_channel(f"{chr(0x8BBA + number)}" * 90)
        await server.subscribe(channel=channel, filter="论文" * 120, min_upvotes=number)
    assert len(await subscriptions(server)) == 24
    for command in ("digest list", "digest status", "digest log", "digest pause"):
        result = await server.admin.slash(server.general, command)  # what does not fit fails when the server ends
        assert find_selects([result.response, *result.followups]) == 1, (command, answer(result))


def find_selects(messages: Sequence[simcord.ResponseMessage | None]) -> int:
    return sum(each.startswith("digest:") for message in messages if message for each in custom_ids(message))


async def test_the_list_has_a_select_to_go_on_with_one_of_them(server: Server) -> None:
    await server.subscribe()
    await server.subscribe(channel=server.general)
    listed = await open_answer(server, "digest list")
    assert options(listed, "digest:show") == ["1", "2"]
    assert button_labels(listed) == ["Another digest"]
    await server.admin.select(listed, ["2"], custom_id="digest:show")
    assert f"<#{server.general.id}>** (#2)" in read_texts(listed.message)
    assert button_labels(listed) == [*ACTIVE, "Copy", "Remove", "All subscriptions"]
    await server.admin.click(listed, label="All subscriptions")
    assert options(listed, "digest:show") == ["1", "2"]


async def test_a_digest_is_paused_and_resumed_from_its_status(server: Server) -> None:
    await server.subscribe()
    shown = await open_answer(server, "digest status")
    await server.admin.click(shown, label="Pause")
    assert (await get_subscription(server)).state is SubscriptionState.PAUSED
    assert button_labels(shown) == ["Resume", "More"]
    await server.admin.click(shown, label="Resume")
    assert (await get_subscription(server)).state is SubscriptionState.ACTIVE
    assert button_labels(shown) == ["Post one now", "Preview", "Another digest", "More"]


async def test_the_status_of_one_digest_leads_to_its_last_message(server: Server) -> None:
    message = await post(server)
    shown = await open_answer(server, "digest status")
    assert button_labels(shown) == [
        *ACTIVE,
        "Open the last one",
        "Undo the last one",
        "Copy",
        "Remove",
        "All subscriptions",
    ]
    await server.admin.click(shown, label="Edit")
    assert message.jump_url in str(shown.components)


async def test_the_status_of_several_digests_and_the_log_have_a_select(server: Server) -> None:
    await server.subscribe()
    await server.subscribe(channel=server.general)
    for command in ("digest status", "digest log"):
        assert options(await open_answer(server, command), "digest:show") == ["1", "2"]


async def test_without_a_digest_the_button_opens_the_panel(server: Server) -> None:
    for command in ("digest list", "digest status", "digest pause", "digest undo", "digest send now", "digest log"):
        refused = await open_answer(server, command)
        assert custom_ids(refused) == ["setup:new"], command
    opened = await server.admin.click(refused, custom_id="setup:new")
    assert "### New subscription" in answer(opened)


@pytest.mark.parametrize("command", ["pause", "resume", "remove", "preview", "undo", "send now", "edit", "setup"])
async def test_where_several_may_be_meant_a_select_goes_on_with_the_one_that_is_picked(
    server: Server, command: str
) -> None:
    await server.subscribe()
    await server.subscribe(channel=server.general)
    values = {"subscription": "nothing like that"} if command == "setup" else {}
    asked = await open_answer(server, f"digest {command}", **values)
    (custom_id, _) = custom_ids(asked)
    assert options(asked, custom_id) == ["1", "2"]
    picked = await server.admin.select(asked, ["2"], custom_id=custom_id)
    text = read_texts(picked.response.message if picked.response else asked.message)
    assert "Choose one" not in text
    assert "no longer works" not in text


@pytest.mark.parametrize("typed", ["2", "#2", "general", "#general", "General", "<#{id}>", "#general, daily (#2)"])
async def test_what_the_answers_print_can_be_typed(server: Server, typed: str) -> None:
    await server.subscribe()
    await server.subscribe(channel=server.general)
    text = await server.ask("digest status", subscription=typed.format(id=server.general.id))
    assert f"<#{server.general.id}>** (#2)" in text


async def test_a_channel_with_two_digests_asks_which_of_the_two(server: Server) -> None:
    for channel in (server.papers, server.papers, server.general):
        await server.subscribe(channel=channel, time=f"{9 + len(await subscriptions(server))}:00")
    asked = await open_answer(server, "digest pause", subscription="#papers")
    assert read_texts(asked.message) == explain(Refusal.SUBSCRIPTION_NEEDED)
    assert options(asked, "digest:pause") == ["1", "2"]


# Before what cannot be undone


async def test_remove_says_what_will_go_and_removes_nothing_yet(server: Server) -> None:
    await server.subscribe()
    before = server.tables()
    asked = await open_answer(server, "digest remove")
    assert read_texts(asked.message).startswith("**Remove this subscription?** Every day at 09:00 UTC")
    assert button_labels(asked) == ["Remove it", "Pause it instead", "Keep it"]
    await server.admin.click(asked, label="Keep it")
    assert (server.tables(), button_labels(asked)[:2]) == (before, ["Edit", "Pause"])


async def test_a_digest_that_was_changed_since_is_not_removed(server: Server) -> None:
    await server.subscribe()
    known = await get_subscription(server)
    late = stale_button(server, f"digest:remove_now:1:{known.revision}")
    await server.ask("digest edit", size=3)
    assert answer(await server.admin.click(late, label="Details")) == explain(Refusal.CHANGED_MEANWHILE)
    assert len(await subscriptions(server)) == 1


async def test_undo_says_what_will_go_and_deletes_nothing_yet(server: Server) -> None:
    message = await post(server)
    before = server.tables()
    asked = await open_answer(server, "digest undo")
    assert read_texts(asked.message) == (
        f"**Undo the digest of 16 Jan 2026 in <#{server.papers.id}>?** This deletes 1 message with 5 papers. "
        "Its papers may come again with the next digest."
    )
    assert button_labels(asked) == ["Delete it", "Open it", "Keep it"]
    assert message.jump_url in str(asked.components)
    assert (server.tables(), len(server.posted)) == (before, 1)


async def test_a_late_click_on_delete_does_not_delete_another_digest(server: Server) -> None:
    await post(server)
    late = stale_button(server, "digest:undo_now:1:1")
    await server.ask_and_click("digest status", "Post an extra one")
    before = [len(server.posted), server.tables()["deliveries"]]
    assert answer(await server.admin.click(late, label="Details")) == explain(Refusal.NOT_LAST_DIGEST)
    assert [len(server.posted), server.tables()["deliveries"]] == before


async def test_a_digest_that_still_waits_to_be_published_can_be_undone(server: Server) -> None:
    news = await made(server, DESTINATIONS["announcement"], publish=True)
    for _ in range(5):
        server.env.inject_error("POST", "/channels/*/messages/*/crosspost", status=503)
    await server.later(hours=1)
    assert [each[5] for each in server.tables()["deliveries"]] == ["planned"]
    assert "is undone" in await server.undo()
    assert [len(news.history()), server.tables()["highlights"]] == [0, []]
    for _ in range(3):
        server.clock.advance(minutes=40)
        await server.tick()
    assert news.history() == []


# Forged and stale controls


@pytest.mark.parametrize(
    "custom_id",
    [
        *("digest:fly:1", "digest:extra:1", "digest:extra:1:0", "digest:send_now:1:2026-99-99", "digest:send_now:1:7"),
        *("digest:undo_now:1", "digest:undo_now:1:9999999999999999999", "digest:remove_now:1", "digest", "digest:show"),
        *("digest:extra:1:9999999999999999999", "digest:show:9999999999999999999", "subscriptions:none"),
    ],
)
async def test_a_forged_button_changes_nothing_and_gets_a_polite_answer(server: Server, custom_id: str) -> None:
    await post(server)
    before = server.tables()
    clicked = await server.admin.click(stale_button(server, custom_id), label="Details")
    assert answer(clicked)
    assert "went wrong" not in answer(clicked)
    assert server.tables() == before


async def test_a_button_of_another_server_does_nothing_here(server: Server) -> None:
    await server.subscribe()
    other = server.env.create_guild("Reading Group")
    channel = other.create_text_channel("digest")
    emmy = other_admin(server, other, "emmy")
    await emmy.slash(channel, "digest add", channel=channel, time="9:00", timezone="UTC")
    for action in ("pause", "remove_now", "extra"):
        clicked = await server.admin.click(stale_button(server, f"digest:{action}:2:1"), label="Details")
        assert answer(clicked) == explain(Refusal.SUBSCRIPTION_UNKNOWN)
    picked = await server.admin.select(stale_select(server, "digest:pause", "2"), ["2"], custom_id="digest:pause")
    assert answer(picked) == explain(Refusal.SUBSCRIPTION_UNKNOWN)


async def test_a_member_cannot_use_the_buttons(server: Server) -> None:
    await post(server)
    before = server.tables()
    for custom_id in ("digest:pause:1", "digest:undo_now:1:1", "digest:extra:1:1", "subscriptions:all"):
        clicked = await server.member.click(stale_button(server, custom_id), label="Details")
        assert answer(clicked) == explain(Refusal.MANAGE_SERVER_NEEDED)
    assert server.tables() == before


async def test_the_buttons_work_after_a_restart_and_when_the_channel_is_gone(server: Server) -> None:
    await post(server)
    shown = await open_answer(server, "digest status")
    await server.restart()
    await delete(server, server.papers.id)
    await server.admin.click(shown, label="Pause")
    assert (await get_subscription(server)).state is SubscriptionState.PAUSED
    server.clock.now += timedelta(days=1)
    assert "a deleted channel" in str((await open_answer(server, "digest list")).components)
