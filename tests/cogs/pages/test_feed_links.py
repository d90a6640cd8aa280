"""*Copy feed link*, under a search: its papers in a feed reader, for people without Discord too."""

import pytest

from bot.feed_addresses import FeedAddresses
from bot.refusals import Refusal
from tests.support.builders import explain
from tests.support.lookups import search
from tests.support.messages import answer, button_labels
from tests.support.server import Server

FEEDS = FeedAddresses("https://papers.example")
QUERY = "paper min:1"


@pytest.fixture
async def open_library(library: Server) -> Server:
    """The operator has said where people outside reach the feeds."""
    await library.restart(feeds=FEEDS)
    return library


async def test_one_click_gives_the_addresses_of_a_searchs_feed(open_library: Server) -> None:
    message = await search(open_library, QUERY)
    assert button_labels(message)[-1] == "Copy feed link"
    told = answer(await open_library.member.click(message, label="Copy feed link"))
    assert "```\nhttps://papers.example/feeds/search.atom?q=paper+min:1\n```" in told
    assert "```\nhttps://papers.example/feeds/search.json?q=paper+min:1\n```" in told
    assert "A feed reader, such as" in told


async def test_everyone_can_copy_it_from_a_shared_page(open_library: Server) -> None:
    message = await search(open_library, QUERY)
    shared = await open_library.member.click(message, label="Share")
    assert shared.response
    assert "search.atom" in answer(await open_library.admin.click(shared.response, label="Copy feed link"))


async def test_a_query_that_no_feed_takes_is_explained(open_library: Server) -> None:
    without = " ".join(f"-zeppelin{number}" for number in range(30))
    long = await search(open_library, f"paper {without}")
    told = answer(await open_library.member.click(long, label="Copy feed link"))
    assert told == explain(Refusal.FEED_TOO_LONG, number=300)


@pytest.mark.parametrize("query", ["diffusoin", "paper min:many", "paper min:999999"])
async def test_a_search_that_found_something_else_than_was_typed_has_no_feed(open_library: Server, query: str) -> None:
    """A feed looks for every word as it was typed, and would have nothing."""
    assert "Copy feed link" not in button_labels(await search(open_library, query))


async def test_a_paper_that_was_asked_for_by_its_id_has_no_feed(open_library: Server) -> None:
    assert "Copy feed link" not in button_labels(await search(open_library, "2601.00001"))


async def test_without_an_address_of_the_operator_there_is_no_feed_and_old_buttons_say_so(
    open_library: Server,
) -> None:
    message = await search(open_library, QUERY)
    await open_library.restart()
    assert "Copy feed link" not in button_labels(await search(open_library, QUERY))
    assert answer(await open_library.member.click(message, label="Copy feed link")) == explain(Refusal.NO_FEEDS)
