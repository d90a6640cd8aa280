"""Pages turn back and forth in one message."""

import re

import pytest
import simcord

from bot.demo.papers_server import PapersServer
from bot.refusals import Refusal
from tests.support.builders import DAY, entry, explain
from tests.support.discord_limits import walk
from tests.support.lookups import paper_command, search
from tests.support.messages import answer, custom_ids, ids, paper_ids, read_texts
from tests.support.server import Server, stale_button


def turners(message: simcord.ResponseMessage) -> list[str]:
    return [each for each in custom_ids(message) if each.startswith(("find:", "page"))]


async def test_pages_turn_back_and_forth_within_the_one_message(library: Server) -> None:
    message = await search(library, "paper")
    first = paper_ids(message)
    assert turners(message) == ["find:p1:paper", "find:n2:paper"]
    edits = []
    for label in ("Next", "Next", "Previous", "Previous"):
        await library.member.click(message, label=label)
        edits.append(paper_ids(message))
    assert [len(page) for page in edits] == [5, 2, 5, 5]
    assert sorted({*first, *edits[0], *edits[1]}) == ids(*range(1, 13))
    assert edits[3] == first
    assert len(library.general.history(viewer=library.member)) == 1


async def test_positions_go_on_from_page_to_page(library: Server) -> None:
    message = await search(library, "paper")
    for _ in range(2):
        await library.member.click(message, label="Next")
    assert re.findall(r"### (\d+)\.", read_texts(message.message)) == ["11", "12"]
    assert "Page 3 of 3" in str(message.components)


async def test_there_is_no_page_before_the_first_or_after_the_last(library: Server) -> None:
    message = await search(library, "paper")
    with pytest.raises(simcord.SetupError, match="disabled"):
        await library.member.click(message, label="Previous")
    for _ in range(2):
        await library.member.click(message, label="Next")
    with pytest.raises(simcord.SetupError, match="disabled"):
        await library.member.click(message, label="Next")


async def test_all_buttons_of_a_page_are_in_one_row_as_wide_as_a_phone(library: Server) -> None:
    message = await search(library, "paper")
    rows = [each for each in walk(message.components) if each["type"] == 1]
    assert [[each.get("label") for each in row["components"]] for row in rows] == [
        [None],
        ["1", "2", "3", "4", "5"],
        ["Previous", "Next", "Share", "Follow"],
    ]


@pytest.mark.parametrize(("custom_id", "papers"), [("find:f1:paper", 5), ("find:l3:paper", 2)])
async def test_the_first_and_last_buttons_of_earlier_pages_still_turn(
    library: Server, custom_id: str, papers: int
) -> None:
    message = stale_button(library, custom_id)
    result = await library.member.click(message, custom_id=custom_id)
    assert result.response
    assert len(paper_ids(result.response)) == papers


async def test_five_papers_fit_on_one_page_without_buttons_to_turn(
    library: Server, papers_server: PapersServer
) -> None:
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


async def test_options_beside_the_query_apply_to_every_page(library: Server) -> None:
    message = await search(library, "paper", sort="upvotes", min_upvotes=20)
    for _ in range(2):
        await library.member.click(message, label="Next")
    assert paper_ids(message) == ids(11)
    for _ in range(2):
        await library.member.click(message, label="Previous")
    assert paper_ids(message) == ids(1, 2, 3, 4, 5)


@pytest.mark.parametrize("custom_id", ["find:l99999:paper", "find:p4:paper"])
async def test_a_page_that_is_gone_says_so(library: Server, custom_id: str) -> None:
    message = stale_button(library, custom_id)
    assert answer(await library.member.click(message, custom_id=custom_id)) == explain(Refusal.PAGE_GONE)


@pytest.mark.parametrize("custom_id", ["find:n1:zeppelin", "find:n2:\\\\"])
async def test_a_page_of_a_search_that_no_longer_finds_anything_says_so(library: Server, custom_id: str) -> None:
    message = stale_button(library, custom_id)
    assert "No paper in the archive matches" in answer(await library.member.click(message, custom_id=custom_id))


async def test_the_pages_of_a_query_with_markup_ping_nobody(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: [entry(f"2601.{n:05}", title="Ask @everyone") for n in range(7)]}
    await server.read_lists()
    result = await paper_command(server, "search", query="ask @everyone <@1>", share=True)
    assert result.response
    assert "@everyone" not in read_texts(result.response.message)
    assert "\\<@1\\>" in read_texts(result.response.message)
    assert not result.response.message.mention_everyone
