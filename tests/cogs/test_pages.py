"""Pages of papers: they turn in place, are shared by those who may write, and outlive a restart."""

import re
from typing import Any

import discord
import pytest
import simcord
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.demo.papers_server import PapersServer
from bot.layouts.refusals import BUG
from bot.refusals import Refusal
from tests.support.builders import DAY, entries, entry, explain
from tests.support.lookups import paper_command, search
from tests.support.messages import answer, custom_ids, ids, paper_ids, read_texts
from tests.support.server import Server, forbid_everybody, post, stale_button, stale_select

KINDS = ("find", "share", "top", "posted", "details", "pick", "tag", "similar", "cite")


@pytest.fixture
async def library(server: Server, papers_server: PapersServer) -> Server:
    """Twelve papers, which all match `paper`."""
    papers_server.lists = {DAY: entries(12)}
    await server.read_lists()
    return server


def turners(message: simcord.ResponseMessage) -> list[str]:
    return [each for each in custom_ids(message) if each.startswith(("find:", "page"))]


# Turning


async def test_pages_turn_back_and_forth_within_the_one_message(library: Server) -> None:
    message = await search(library, "paper")
    first = paper_ids(message)
    assert turners(message) == ["find:f1:paper", "find:p1:paper", "page", "find:n2:paper", "find:l3:paper"]
    edits = []
    for label in ("Next", "Next", "Previous", "Last", "First"):
        await library.member.click(message, label=label)
        edits.append(paper_ids(message))
    assert [len(page) for page in edits] == [5, 2, 5, 2, 5]
    assert sorted({*first, *edits[0], *edits[1]}) == ids(*range(1, 13))
    assert edits[4] == first
    assert len(library.general.history(viewer=library.member)) == 1


async def test_positions_go_on_from_page_to_page(library: Server) -> None:
    message = await search(library, "paper")
    await library.member.click(message, label="Last")
    assert re.findall(r"### (\d+)\.", read_texts(message.message)) == ["11", "12"]
    assert "Page 3 of 3" in str(message.components)


@pytest.mark.parametrize(("at", "closed"), [("First", ("First", "Previous")), ("Last", ("Next", "Last"))])
async def test_there_is_no_page_before_the_first_or_after_the_last(
    library: Server, at: str, closed: tuple[str, str]
) -> None:
    message = await search(library, "paper")
    await library.member.click(message, label="Next")
    await library.member.click(message, label=at)
    for label in closed:
        with pytest.raises(simcord.SetupError, match="disabled"):
            await library.member.click(message, label=label)


async def test_five_papers_need_no_buttons_that_turn(library: Server, papers_server: PapersServer) -> None:
    assert turners(await search(library, '"paper 2601.00003"')) == []


async def test_a_turned_page_is_one_request(library: Server) -> None:
    message = await search(library, "paper")
    before = len(library.env.http_requests)
    await library.member.click(message, label="Next")
    assert [request.json["type"] for request in library.env.http_requests[before:] if request.json] == [7]


async def test_pages_still_turn_after_a_restart(library: Server) -> None:
    message = await search(library, "paper")
    await library.restart()
    await library.member.click(message, label="Next")
    assert len(paper_ids(message)) == 5
    assert "Page 2 of 3" in str(message.components)


async def test_what_was_chosen_beside_the_query_holds_on_every_page(library: Server) -> None:
    message = await search(library, "paper", sort="upvotes", min_upvotes=20)
    await library.member.click(message, label="Last")
    assert paper_ids(message) == ids(11)
    await library.member.click(message, label="First")
    assert paper_ids(message) == ids(1, 2, 3, 4, 5)


async def test_a_query_too_long_to_turn_pages_says_so(library: Server) -> None:
    message = await search(library, f"paper {'or ' * 30}")
    assert custom_ids(message) == ["pick"]
    assert "Shorten the query to see more pages." in read_texts(message.message)


@pytest.mark.parametrize("custom_id", ["find:l99999:paper", "find:p4:paper"])
async def test_a_page_that_is_gone_says_so(library: Server, custom_id: str) -> None:
    message = stale_button(library, custom_id)
    assert answer(await library.member.click(message, custom_id=custom_id)) == explain(Refusal.PAGE_GONE)


@pytest.mark.parametrize("custom_id", ["find:n1:zeppelin", "find:n2:\\\\"])
async def test_a_page_of_what_nothing_matches_any_more_says_so(library: Server, custom_id: str) -> None:
    message = stale_button(library, custom_id)
    assert "No paper in the archive matches" in answer(await library.member.click(message, custom_id=custom_id))


# Sharing


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


async def test_a_shared_page_tells_nobody_of_channels_they_may_not_view(library: Server) -> None:
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
    await library.member.click(turned.response, label="First")  # type: ignore[arg-type]
    assert digest.jump_url in read_texts(turned.response.message)  # type: ignore[union-attr]  # for one person again


async def test_a_search_may_be_shared_from_the_start(library: Server) -> None:
    result = await paper_command(library, "search", query="paper", share=True)
    assert result.response
    assert not result.response.ephemeral
    assert len(paper_ids(result.response)) == 5


async def test_nobody_is_bothered_with_a_search_that_found_nothing(library: Server) -> None:
    assert "No paper in the archive" in answer(await paper_command(library, "search", query="zeppelin", share=True))


async def test_whoever_turns_a_shared_page_turns_it_for_themselves_alone(library: Server) -> None:
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
    assert len(paper_ids((await library.member.click(result.response, label="Last")).response)) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        (["Send Messages"], "You need **Send Messages** in this channel to share a page."),
        (["A", "B"], "You need **A** and **B** in this channel to share a page."),
    ],
)
def test_the_permissions_that_sharing_takes_are_named(missing: list[str], told: str) -> None:
    assert explain(Refusal.MAY_NOT_SHARE, permissions=missing) == told


async def test_who_may_not_write_may_not_share_and_learns_what_it_takes(library: Server) -> None:
    message = await search(library, "paper")
    forbid_everybody(library, library.general, "send_messages")
    told = explain(Refusal.MAY_NOT_SHARE, permissions=["send_messages"])
    assert answer(await library.member.click(message, label="Share")) == told
    assert answer(await paper_command(library, "search", query="paper", share=True)) == told
    assert library.general.history(viewer=library.admin) == []


async def test_in_a_thread_it_takes_the_permission_for_threads(library: Server) -> None:
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
    """From now on the bot is here because people installed it for themselves, not as a member."""
    emit = server.env.backend.emit

    def emit_otherwise(name: str, payload: Any, *more: Any, **named: Any) -> Any:
        if name == "INTERACTION_CREATE":
            user = payload.get("user") or payload["member"]["user"]
            payload["authorizing_integration_owners"] = {"1": user["id"]}
        return emit(name, payload, *more, **named)

    monkeypatch.setattr(server.env.backend, "emit", emit_otherwise)


async def test_who_brought_the_bot_along_needs_the_permission_for_such_apps_to_share(
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


# Forged


garbage = st.one_of(
    st.text(max_size=60),
    st.from_regex(r"[a-z]?[0-9]{0,30}:[ -~]{0,40}", fullmatch=True),
    st.builds("{}{}:{}".format, st.sampled_from("fpnl"), st.integers(-(10**30), 10**30), st.text(max_size=40)),
    st.sampled_from(
        ["f1:", "n1:\x00", "n1:\ud7ff", "1:(((", "n1:day:2026-02-30", "n1:week", "2601.00001:zz", "\u0661\u0661"]
    ),
)


@hypothesis_settings(
    deadline=None,
    max_examples=60,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[*HealthCheck],
)
@given(kind=st.sampled_from(KINDS), rest=garbage)
async def test_a_forged_button_gets_a_polite_answer(library: Server, kind: str, rest: str) -> None:
    custom_id = f"{kind}:{rest}"[:100]
    message = stale_button(library, custom_id)
    result = await library.member.click(message, custom_id=custom_id)
    assert result.response, custom_id
    assert result.response.content != BUG
    assert not paper_ids(result.response) or kind in {"find", "share", "top", "tag", "similar"}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_button_that_says_nothing_is_answered(library: Server, kind: str) -> None:
    for custom_id in (kind, f"{kind}:"):
        message = stale_button(library, custom_id)
        result = await library.member.click(message, custom_id=custom_id)
        assert answer(result) == explain(Refusal.CONTROL_STALE)


@pytest.mark.parametrize(
    ("custom_id", "value"), [("pick", "9999.99999"), ("pick", "x" * 100), ("tag", '"'), ("tag", "-")]
)
async def test_a_forged_choice_gets_a_polite_answer(library: Server, custom_id: str, value: str) -> None:
    message = stale_select(library, custom_id, value)
    assert answer(await library.member.select(message, [value], custom_id=custom_id)) != BUG


@hypothesis_settings(
    deadline=None,
    max_examples=40,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[*HealthCheck],
)
@given(
    custom_id=st.sampled_from(["pick", "tag", "pick:", "tag:", "pick:2601.00001", "find:n1", "share:1"]),
    value=st.one_of(st.text(min_size=1, max_size=100), st.sampled_from(["2601.00001", 'a"b', "\\", "(" * 100])),
)
async def test_whatever_a_forged_select_holds_it_gets_a_polite_answer(
    library: Server, custom_id: str, value: str
) -> None:
    message = stale_select(library, custom_id, value)
    result = await library.member.select(message, [value], custom_id=custom_id)
    assert result.response, custom_id
    assert result.response.content != BUG


async def test_a_bug_behind_a_button_is_answered_and_logged(library: Server, caplog: pytest.LogCaptureFixture) -> None:
    message = await search(library, "paper")
    await library.bot.services.storage.papers._database._stack.aclose()  # the disk is gone
    assert answer(await library.member.click(message, label="Next")) == BUG
    assert "an interaction ran into a bug" in caplog.messages
    caplog.clear()


async def test_the_pages_of_a_query_with_markup_ping_nobody(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: [entry(f"2601.{n:05}", title="Ask @everyone") for n in range(7)]}
    await server.read_lists()
    result = await paper_command(server, "search", query="ask @everyone <@1>", share=True)
    assert result.response
    assert "@everyone" not in read_texts(result.response.message)
    assert "\\<@1\\>" in read_texts(result.response.message)
    assert not result.response.message.mention_everyone
