"""Papers like one that somebody knows: in a search, with their likeness, and while they type."""

import re

import pytest
import simcord

from bot.demo.papers_server import PapersServer
from bot.refusals import Refusal
from tests.support.builders import DAY, entry, explain
from tests.support.lookups import offers, paper_command, read_results, search
from tests.support.messages import answer, paper_ids, read_texts
from tests.support.server import Server

CATS, KITTENS, ROUTES, UNLISTED = "2601.00001", "2601.00002", "2601.00003", "2601.00009"
FELINES = "Domestic felines purr and scratch, and we label each purr of felines at night."
LIBRARY = [
    entry(CATS, title="Feline Behaviour", summary=FELINES, upvotes=5),
    entry(KITTENS, title="Feline Behaviour of Kittens", summary=f"{FELINES} They are young.", upvotes=50),
    entry(ROUTES, title="Shortest Routes", summary="Junctions of a road network are indexed.", upvotes=70),
    *(entry(f"2601.001{n:02}", title=f"Other {n}", summary=f"Of machine {n} we tell.", upvotes=n) for n in range(20)),
]
LIKE_CATS = re.compile(rf"0\.\d\d like {re.escape(CATS)}|1\.00 like {re.escape(CATS)}")


@pytest.fixture
async def library(server: Server, papers_server: PapersServer) -> Server:
    papers_server.lists = {DAY: LIBRARY}
    papers_server.unlisted = [entry(UNLISTED, title="Feline Behaviour of Lions", summary=FELINES)]
    await server.read_lists()
    return server


async def test_a_search_shows_the_papers_like_an_example_nearest_first(library: Server) -> None:
    result = await search(library, f"like:{CATS}")
    assert paper_ids(result) == [CATS, KITTENS]
    text = read_texts(result.message)
    assert "2 papers, nearest first" in text
    assert f"1.00 like {CATS}" in text
    assert len(LIKE_CATS.findall(text)) == 2


async def test_other_operators_count_beside_it(library: Server) -> None:
    assert paper_ids(await search(library, f"like:{CATS} min:20")) == [KITTENS]
    assert paper_ids(await search(library, f"like:{CATS} sort:upvotes")) == [KITTENS, CATS]
    assert CATS not in paper_ids(await search(library, f"-like:{CATS} min:20"))


async def test_an_example_that_is_not_in_the_archive_is_looked_up(library: Server) -> None:
    assert {CATS, KITTENS, UNLISTED} == {*paper_ids(await search(library, f"like:{UNLISTED}"))}
    text = answer(await paper_command(library, "random", query=f"like:{UNLISTED} min:20"))
    assert "Feline Behaviour of Kittens" in text


async def test_an_example_that_does_not_exist_is_an_error_that_names_it(library: Server) -> None:
    told = answer(await paper_command(library, "search", query="like:2699.00001"))
    assert told == explain(Refusal.NO_SUCH_PAPER, text="2699.00001")
    told = answer(await paper_command(library, "search", query="robots -like:2699.00001"))
    assert told == explain(Refusal.NO_SUCH_PAPER, text="2699.00001")


async def test_what_names_no_paper_is_a_mistake_with_the_right_form(library: Server) -> None:
    told = answer(await paper_command(library, "search", query="like:cats"))
    assert "I don't understand `like:cats`. Write it like `like:2605.29801` or" in told
    told = await read_results(library, "routes like:")
    assert "`like:` needs a value right after it, such as `like:2605.29801`" in told


async def test_similar_papers_come_with_their_likeness(library: Server) -> None:
    result = await paper_command(library, "similar", paper=CATS)
    assert LIKE_CATS.search(answer(result))


async def test_without_papers_like_the_example_the_search_goes_on_without_it(library: Server) -> None:
    told = await read_results(library, f"like:{ROUTES} like:{CATS} min:9000")
    assert "No paper matches `min:9000`" in told
    told = await read_results(library, f"tag:nowhere like:{CATS}")
    assert "No paper matches `tag:nowhere`" in told


async def test_the_buttons_of_a_page_keep_the_example(library: Server) -> None:
    first = await search(library, f"-like:{CATS} sort:date")
    second = await library.member.click(first, label="Next")
    assert not {CATS, KITTENS} & {*paper_ids(first), *paper_ids(second.response or first)}


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("like:feline behav", {f"like:{CATS}", f"like:{KITTENS}"}),
        ("robots -like:kitt", {f"robots -like:{KITTENS}"}),
        ("min:5 (LIKE:shortest rou", {f"min:5 (LIKE:{ROUTES}"}),
        (f"like:{ROUTES}", {f"like:{ROUTES}"}),
    ],
)
async def test_titles_are_completed_to_examples(library: Server, typed: str, offered: set[str]) -> None:
    assert {*(await offers(library, "search", "query", typed)).values()} == offered


async def test_after_an_example_the_next_part_is_completed(library: Server) -> None:
    assert await offers(library, "search", "query", f"like:{CATS} has:") == {
        f"like:{CATS} has:{what}": f"like:{CATS} has:{what}" for what in ("code", "project", "summary", "media")
    }


async def test_a_completion_shows_the_title_and_puts_in_the_id(library: Server) -> None:
    offered: dict[str, str] = await offers(library, "search", "query", "min:5 like:kitt")
    assert offered == {"min:5 like:Feline Behaviour of Kittens": f"min:5 like:{KITTENS}"}


async def test_a_share_shows_likeness_to_everyone(library: Server) -> None:
    shared: simcord.InteractionResult = await paper_command(library, "search", query=f"like:{CATS}", share=True)
    assert shared.response
    assert LIKE_CATS.search(read_texts(shared.response.message))
