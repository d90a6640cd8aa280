"""`/paper search`: what is found, in which order, and what is shown of it."""

from datetime import timedelta

import pytest

from bot.demo.papers_server import PapersServer
from bot.refusals import Refusal
from tests.support.builders import DAY, FRIDAY, entries, entry, explain
from tests.support.lookups import find, paper_command, read_results, search
from tests.support.messages import answer, ids, paper_ids, read_texts
from tests.support.server import Server, post


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("diffusion", 2),
        ("munoz", 2),
        ("José", 2),
        ("experts", 1),
        ("scale", 1),
        ("searching agent", 3),
        ("augmentation", 3),
        ('"retrieval for agents"', 3),
        ("深層学習による検索", 4),
        ("2601.00003", 3),
        ("https://arxiv.org/abs/2601.00002v3", 2),
    ],
)
async def test_a_paper_is_found_by_anything_known_about_it(library: Server, query: str, number: int) -> None:
    assert (await find(library, query))[0] == ids(number)[0]


async def test_a_word_may_be_excluded(library: Server) -> None:
    assert ids(3)[0] not in await find(library, "diffusion agents -retrieval")


async def test_the_words_of_the_query_are_bold_in_the_results(library: Server) -> None:
    assert "We augment **agents** that **search** the web." in await read_results(library, "agent searches")


async def test_without_a_match_in_the_abstract_a_result_shows_its_beginning(
    library: Server,
) -> None:
    assert "What paper 2601.00002 is about." in await read_results(library, "munoz")


async def test_each_option_becomes_a_part_of_the_query(library: Server) -> None:
    text = await read_results(library, "agents", sort="upvotes", period="week", min_upvotes=2)
    assert "**sort:upvotes after:7d min:2 agents** · 1 paper, most upvoted first" in text


async def test_results_come_in_the_order_that_was_asked_for(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: entries(3), FRIDAY: entries(2, FRIDAY, first=11)}
    await server.read_lists()
    assert await find(server, "paper", sort="upvotes") == ids(1, 2, 11, 3, 12)
    assert set((await find(server, "paper", sort="date"))[:2]) == set(ids(11, 12))
    assert "newest first" in await read_results(server, "paper", sort="date")
    assert "best first" in await read_results(server, "paper")


async def test_papers_older_than_the_period_are_left_out(server: Server, papers_server: PapersServer) -> None:
    old = DAY - timedelta(days=40)
    papers_server.lists = {DAY: entries(1), old: entries(1, old, first=31)}
    for day in (DAY, old):
        await server.bot.services.archive.refresh_list(day, server.clock())
    await server.bot.services.archive.update_index()
    assert await find(server, "paper", period="month") == ids(1)
    assert set(await find(server, "paper", period="year")) == set(ids(1, 31))


async def test_a_paper_that_was_posted_here_says_when_and_where(library: Server) -> None:
    message = await post(library)
    stamp = int(message.created_at.timestamp())
    there = f"[posted here]({message.jump_url}) on <t:{stamp}:D>"
    assert there in await read_results(library, "diffusion")
    assert there in answer(await paper_command(library, "show", paper="2601.00002"))
    elsewhere = await library.member.user.slash("paper search", query="diffusion")
    assert "posted here" not in read_texts(elsewhere.response.message)


async def test_a_query_without_results_is_answered_with_advice(library: Server) -> None:
    assert await read_results(library, "zeppelin *airship*") == (
        "No paper in the archive matches **zeppelin \\*airship\\***. Try fewer or different words.\n"
        "Hugging Face found nothing new either."
    )


async def test_a_single_word_without_results_is_not_asked_for_fewer_words(library: Server) -> None:
    assert "**zeppelin**. Try another word." in await read_results(library, "zeppelin")


async def test_an_organization_without_papers_leads_to_a_search_for_its_name(library: Server) -> None:
    message = await search(library, "org:web")
    assert "also try the name without `org:`." in read_texts(message.message)
    await library.member.click(message, label="web")
    assert paper_ids(message) == ids(3)
    assert "without `org:`" not in await read_results(library, "zeppelin -org:web")


async def test_a_misspelled_author_without_papers_leads_to_the_right_one(library: Server) -> None:
    message = await search(library, "author:munozz")
    await library.member.click(message, label="author:munoz")
    assert paper_ids(message) == ids(2)


async def test_words_in_another_script_that_no_paper_has_lead_to_english_ones(library: Server) -> None:
    for query in ("紫禁城", "самовар"):
        assert "Nearly all papers here are in English, so try English words." in await read_results(library, query)
    assert "English" not in await read_results(library, "zeppelin")


async def test_a_query_without_results_offers_similar_words_to_click(library: Server) -> None:
    message = await search(library, '"difusion"')
    assert "Did you mean" in read_texts(message.message)
    await library.member.click(message, label="diffusion")
    assert paper_ids(message) == ids(2)


async def test_an_id_that_the_archive_lacks_can_be_looked_up(library: Server, papers_server: PapersServer) -> None:
    papers_server.unlisted = [entry("2512.00001", title="Found Elsewhere")]
    message = await search(library, "arxiv.org/abs/2512.00001")
    assert "isn't in the archive yet" in read_texts(message.message)
    assert "Found Elsewhere" in answer(await library.member.click(message, label="Look it up"))
    assert await find(library, "elsewhere") == ["2512.00001"]


async def test_a_paper_fetched_a_moment_ago_is_found(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: [entry("2601.00009", title="Entirely Novel")]}
    await server.read_lists()
    assert await find(server, "novel") == ids(9)


async def test_an_empty_archive_finds_nothing(server: Server) -> None:
    assert "No paper in the archive matches" in await read_results(server, "attention")


@pytest.mark.parametrize("query", ["", "  ", "\t\n"])
async def test_a_blank_query_is_answered_with_what_to_type(library: Server, query: str) -> None:
    assert answer(await paper_command(library, "search", query=query)) == explain(Refusal.QUERY_EMPTY)
    assert answer(await paper_command(library, "search", query=query, sort="date")) == explain(Refusal.QUERY_EMPTY)
