"""Sharing a page: who may, who sees it, and what others may do with it."""

from typing import Any

import discord
import pytest
import simcord

from bot.refusals import Refusal
from tests.support.builders import explain
from tests.support.lookups import paper_command, search
from tests.support.messages import answer, button_labels, custom_ids, paper_ids, read_texts
from tests.support.server import Server, allow_everybody, forbid_everybody, post


async def test_a_shared_page_is_for_everybody(library: Server) -> None:
    message = await search(library, "paper")
    await library.member.click(message, label="Next")
    wanted = paper_ids(message)
    result = await library.member.click(message, label="Share")
    assert result.response
    assert not result.response.ephemeral
    assert paper_ids(result.response) == wanted
    assert not [each for each in custom_ids(result.response) if each.startswith("share")]
    (seen,) = library.general.history(viewer=library.admin)
    assert paper_ids(seen) == wanted


async def test_a_shared_page_never_mentions_channels_that_others_may_not_view(library: Server) -> None:
    digest = await post(library)
    message = await search(library, "paper")
    assert digest.jump_url in read_texts(message.message)
    clicked = await library.member.click(message, label="Share")
    typed = await paper_command(library, "search", query="paper", share=True)
    for shared in (clicked.response, typed.response):
        assert shared
        assert len(paper_ids(shared)) == 5
        assert "posted here" not in read_texts(shared.message)
    assert typed.response
    turned = await library.member.click(typed.response, label="Next")
    await library.member.click(turned.response, label="Previous")  # type: ignore[arg-type]
    assert digest.jump_url in read_texts(turned.response.message)  # type: ignore[union-attr]  # for one person again


async def test_a_search_may_be_shared_from_the_start(library: Server) -> None:
    result = await paper_command(library, "search", query="paper", share=True)
    assert result.response
    assert not result.response.ephemeral
    assert len(paper_ids(result.response)) == 5


async def test_a_search_that_found_nothing_is_not_shared(library: Server) -> None:
    assert "No paper in the archive" in answer(await paper_command(library, "search", query="zeppelin", share=True))


async def test_a_shared_page_turns_only_for_the_person_who_turns_it(library: Server) -> None:
    shared = await paper_command(library, "search", query="paper", share=True)
    assert shared.response
    before = paper_ids(shared.response)
    result = await library.admin.click(shared.response, label="Next")
    assert "Page 2 of 3" in str(result.response and result.response.components)
    answer(result)
    assert paper_ids(shared.response) == before
    assert result.response
    await library.admin.click(result.response, label="Next")
    assert len(paper_ids(result.response)) == 2


async def test_shared_pages_and_share_buttons_work_after_a_restart(library: Server) -> None:
    message = await search(library, "paper")
    await library.restart()
    result = await library.member.click(message, label="Share")
    assert result.response
    await library.restart()
    assert len(paper_ids((await library.member.click(result.response, label="Next")).response)) == 5  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        (["Send Messages"], "You need **Send Messages** in this channel to share a page."),
        (["A", "B"], "You need **A** and **B** in this channel to share a page."),
    ],
)
def test_a_refusal_to_share_names_the_permissions_it_needs(missing: list[str], told: str) -> None:
    assert explain(Refusal.MAY_NOT_SHARE, permissions=missing) == told


async def test_people_who_may_not_write_may_not_share_and_are_told_what_they_need(library: Server) -> None:
    message = await search(library, "paper")
    forbid_everybody(library, library.general, "send_messages")
    told = explain(Refusal.MAY_NOT_SHARE, permissions=["send_messages"])
    assert answer(await library.member.click(message, label="Share")) == told
    assert answer(await paper_command(library, "search", query="paper", share=True)) == told
    assert library.general.history(viewer=library.admin) == []


async def test_sharing_in_a_thread_needs_the_permission_for_threads(library: Server) -> None:
    channel = library.bot.get_channel(library.general.id)
    assert isinstance(channel, discord.TextChannel)
    await channel.create_thread(name="Reading", type=discord.ChannelType.public_thread)
    await library.env.settle()
    (thread,) = library.general.threads
    forbid_everybody(library, library.general, "send_messages_in_threads")
    result = await library.member.slash(thread, "paper search", query="paper", share=True)
    assert answer(result) == explain(Refusal.MAY_NOT_SHARE, permissions=["send_messages_in_threads"])
    forbid_everybody(library, library.general, "send_messages")
    result = await library.member.slash(thread, "paper search", query="paper", share=True)
    assert result.response
    assert not result.response.ephemeral


def bring_along(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the bot is no member here; people installed it for themselves."""
    emit = server.env.backend.emit

    def emit_otherwise(name: str, payload: Any, *more: Any, **named: Any) -> Any:
        if name == "INTERACTION_CREATE":
            user = payload.get("user") or payload["member"]["user"]
            payload["authorizing_integration_owners"] = {"1": user["id"]}
        return emit(name, payload, *more, **named)

    monkeypatch.setattr(server.env.backend, "emit", emit_otherwise)


async def test_people_who_installed_the_bot_for_themselves_need_the_permission_for_such_apps_to_share(
    library: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_along(library, monkeypatch)
    forbid_everybody(library, library.general, "use_external_apps")
    result = await paper_command(library, "search", query="paper", share=True)
    assert answer(result) == explain(Refusal.MAY_NOT_SHARE, permissions=["use_external_apps"])
    assert len(paper_ids(await search(library, "paper"))) == 5


async def test_in_a_direct_message_everything_may_be_shared(library: Server) -> None:
    result = await library.member.user.slash("paper search", query="paper", share=True)
    assert not result.response.ephemeral


async def open_something(server: Server, what: str) -> simcord.ResponseMessage:
    """A message with a *Share* button that only a member sees."""
    if what == "a leaderboard":
        shown = await server.member.slash(server.general, "top", period="all time")
        assert shown.response
        await server.member.click(shown.response, label="Next")
    else:
        command, options = {
            "a search": ("search", {"query": "paper"}),
            "a card": ("show", {"paper": "2601.00003"}),
            "similar papers": ("similar", {"paper": "2601.00003"}),
            "a random paper": ("random", {}),
            "today's list": ("today", {}),
        }[what]
        shown = await paper_command(server, command, **options)
    answer(shown)
    assert shown.response
    return shown.response


@pytest.mark.parametrize(
    "what", ["a search", "a card", "similar papers", "a random paper", "today's list", "a leaderboard"]
)
async def test_whatever_is_shared_says_who_shared_it_and_pings_nobody(library: Server, what: str) -> None:
    message = await open_something(library, what)
    own = read_texts(message.message)
    assert "Shared by" not in own
    result = await library.member.click(message, label="Share")
    (seen,) = library.general.history(viewer=library.admin)
    lines = read_texts(seen).split("\n")
    assert lines[0] == f"-# Shared by <@{library.member.id}>"
    assert set(lines[1:]) <= set(own.split("\n"))  # a list that stood in for today's names its day alone
    assert paper_ids(seen) == paper_ids(message)
    assert "Share" not in button_labels(seen)
    assert result.response
    assert not result.response.ephemeral
    assert read_texts(message.message) == own
    sent = [each.json for each in library.env.http_requests if each.path.endswith("/callback")][-1]
    assert isinstance(sent, dict)
    assert sent["data"]["allowed_mentions"] == {"parse": []}


async def test_a_search_that_is_shared_at_once_says_who_shares_it(library: Server) -> None:
    result = await paper_command(library, "search", query="paper", share=True)
    assert result.response
    assert read_texts(result.response.message).startswith(f"-# Shared by <@{library.member.id}>\n# Papers found")


async def test_the_buttons_of_a_shared_card_answer_only_whoever_clicks_them(library: Server) -> None:
    shared = (await library.member.click(await open_something(library, "a card"), label="Share")).response
    assert shared
    for label in ("Similar", "Cite"):
        answer(await library.admin.click(shared, label=label))
    assert len(library.general.history(viewer=library.guild.owner)) == 1


async def test_a_shared_leaderboard_turns_only_for_the_person_who_turns_it(library: Server) -> None:
    shared = (await library.member.click(await open_something(library, "a leaderboard"), label="Share")).response
    assert shared
    before = paper_ids(shared)
    result = await library.admin.click(shared, label="Previous")
    assert "Page 1 of 3" in answer(result)
    assert paper_ids(shared) == before


async def test_a_second_click_on_share_shares_nothing_again(library: Server) -> None:
    message = await open_something(library, "a card")
    forbid_everybody(library, library.general, "send_messages")
    told = explain(Refusal.MAY_NOT_SHARE, permissions=["send_messages"])
    assert answer(await library.member.click(message, label="Share")) == told
    allow_everybody(library, library.general)
    await library.member.click(message, label="Share")
    assert answer(await library.member.click(message, label="Share")) == explain(Refusal.SHARED_ALREADY)
    assert len(library.general.history(viewer=library.guild.owner)) == 1
    await library.member.click(await open_something(library, "a card"), label="Share")
    assert len(library.general.history(viewer=library.guild.owner)) == 2


async def test_of_what_was_posted_only_what_everybody_may_see_is_shared(library: Server) -> None:
    digest = await post(library)
    shown = await library.admin.slash(library.general, "paper posted", period="week")
    assert shown.response
    forbid_everybody(library, library.papers, "view_channel")
    told = answer(await library.admin.click(shown.response, label="Share"))
    assert told == explain(Refusal.NOTHING_TO_SHARE)
    allow_everybody(library, library.papers)
    result = await library.admin.click(shown.response, label="Share")
    assert result.response
    assert not result.response.ephemeral
    assert paper_ids(result.response) == paper_ids(digest)
    assert digest.jump_url in read_texts(result.response.message)


async def test_a_paper_is_shared_where_the_bot_is_not_if_discord_lets_people_do_that(
    library: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring_along(library, monkeypatch)
    message = await open_something(library, "a card")
    forbid_everybody(library, library.general, "use_external_apps")
    told = explain(Refusal.MAY_NOT_SHARE, permissions=["use_external_apps"])
    assert answer(await library.member.click(message, label="Share")) == told
    allow_everybody(library, library.general, "use_external_apps")
    result = await library.member.click(message, label="Share")
    assert result.response
    assert not result.response.ephemeral
