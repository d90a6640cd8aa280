"""What is offered while someone types a query or a paper."""

import pytest

from bot.demo.papers_server import PapersServer
from bot.ranking import Period
from tests.support.builders import DAY, entry
from tests.support.lookups import find, offers, paper_command
from tests.support.messages import answer, ids
from tests.support.server import Server


async def test_titles_authors_and_tags_are_offered_while_a_query_is_typed(library: Server) -> None:
    offered = await offers(library, "search", "query", "diff")
    assert offered["Diffusion Without Tears"] == "2601.00002"
    assert 'author:"José Muñoz"' in await offers(library, "search", "query", "muñ")
    assert 'agents tag:"mixture of experts"' in await offers(library, "search", "query", "agents experts")
    assert list(await offers(library, "search", "query", "x sort:")) == [
        "x sort:relevance",
        "x sort:upvotes",
        "x sort:date",
    ]


async def test_every_suggestion_finds_what_it_says(library: Server) -> None:
    for value in (await offers(library, "search", "query", "diff")).values():
        assert ids(2)[0] in await find(library, value)


async def test_suggestions_too_long_for_a_query_are_left_out(server: Server, papers_server: PapersServer) -> None:
    names = [f"Endless {'of Name ' * 12}", "Endless Name"]
    papers_server.lists = {DAY: [entry("2601.00001", authors=[{"name": each} for each in names])]}
    await server.read_lists()
    assert list(await offers(server, "search", "query", "author:endl")) == ['author:"Endless Name"']


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("diff", "Diffusion Without Tears"),
        ("sparse mix", "Scaling Laws for Sparse Mixtures"),
        ("RETRIEV", "Retrieval for Agents"),
        ("arxiv.org/abs/2601.00001", "Scaling Laws for Sparse Mixtures"),
    ],
)
async def test_papers_are_offered_while_their_title_is_typed(library: Server, typed: str, title: str) -> None:
    for command in ("show", "similar", "cite"):
        offered = await offers(library, command, "paper", typed)
        assert next(iter(offered)) == title
    assert title in answer(await paper_command(library, "show", paper=offered[title]))


async def test_before_anything_is_typed_the_best_papers_of_the_week_are_offered(library: Server) -> None:
    first, last = Period.WEEK.get_days(library.clock().date())
    best, _ = await library.bot.services.storage.papers.list_top_papers(first, last, limit=25)
    assert list((await offers(library, "show", "paper", "")).values()) == [each.id for each in best] != []


async def test_at_most_25_papers_are_offered_with_titles_cut_to_fit(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {DAY: [entry(f"2601.{n:05}", title=f"Endless {'words ' * 28}{n}") for n in range(40)]}
    await server.read_lists()
    for command, option in (("show", "paper"), ("search", "query")):
        offered = await server.member.autocomplete(server.general, f"paper {command}", option, "endless")
        assert len(offered) == 25
        assert all(each["name"].endswith("…") for each in offered)
