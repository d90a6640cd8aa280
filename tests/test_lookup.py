"""Look-ups: a past paper is found again, whatever is typed."""

import discord
import pytest
import simcord

from bot.demo.papers_server import PapersServer
from bot.layouts import replies
from bot.ranking import Period
from tests.builders import DAY, entries, entry
from tests.conftest import Server, answer, custom_ids, paper_ids
from tests.test_posting import ids, stale_button

LIBRARY = [
    entry("2601.00001", title="Scaling Laws for Sparse Mixtures", ai_keywords=["mixture of experts"], upvotes=5),
    entry("2601.00002", title="Diffusion Without Tears", authors=[{"name": "José Muñoz"}], upvotes=9),
    entry("2601.00003", title="Retrieval for Agents", summary="We augment agents that search the web.", upvotes=2),
    entry("2601.00004", title="深層学習による検索", upvotes=7),
]

GARBAGE = {
    "spaces": "   ",
    "a quote": '"',
    "open phrase": '"never closed',
    "operators": "AND OR NOT + - ! ~ ^ * ?",
    "field": "title:*",
    "unknown field": "nothing:here",
    "range": "change:[1 TO",
    "regex": "/.*/",
    "parentheses": "(" * 3000 + ")" * 3000,
    "emoji": "🔥👩‍👩‍👧‍👦",
    "2,000 characters": "attention " * 200,
    "6,000 characters": "x" * 6000,
    "controls": "a\x00b\x07c\x1b[31m\x7f",
    "bidi": "\u202eabc\u202c\u2066",
    "zalgo": "Z̵͓̈a̷͇͗l̸̰͝g̵͙̿o̶͎̚",
    "private use": "\ue000\U0010ffff\ufeff\u2028",
    "newlines": "a\nb\r\nc",
    "markdown": "**b** `c` [x](https://evil.example) @everyone <@1>",
    "sql": "'; DROP TABLE papers; --",
    "backslashes": "\\" * 50,
    "a minus": "-",
    "a huge number": "9" * 400,
    "boost": "a^1e309",
    "slop": '"a b"~99999999999999999999',
}


@pytest.fixture
async def library(server: Server, papers_server: PapersServer) -> Server:
    papers_server.lists = {DAY: LIBRARY}
    await server.read_lists()
    return server


@pytest.fixture
async def shelves(server: Server, papers_server: PapersServer) -> Server:
    """Twelve papers, which all match `paper`."""
    papers_server.lists = {DAY: entries(12)}
    await server.read_lists()
    return server


async def search(server: Server, query: str) -> simcord.ResponseMessage:
    result = await server.member.slash(server.general, "paper search", query=query)
    answer(result)
    assert result.response
    return result.response


async def found(server: Server, query: str) -> list[str]:
    return paper_ids(await search(server, query))


# Search


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
async def test_a_paper_is_found_by_what_is_known_of_it(library: Server, query: str, number: int) -> None:
    assert (await found(library, query))[0] == ids(number)[0]


async def test_a_word_may_be_excluded(library: Server) -> None:
    assert ids(3)[0] not in await found(library, "diffusion agents -retrieval")


async def test_what_matches_nothing_is_answered_with_advice(library: Server) -> None:
    result = await library.member.slash(library.general, "paper search", query="zeppelin *airship*")
    assert answer(result) == ("Nothing in the archive matches **zeppelin \\*airship\\***. Fewer or other words may.")


async def test_a_paper_fetched_a_moment_ago_is_found(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: [entry("2601.00009", title="Entirely Novel")]}
    await server.read_lists()
    assert await found(server, "novel") == ids(9)


async def test_an_empty_archive_finds_nothing(server: Server) -> None:
    assert "Nothing in the archive matches" in (await search(server, "attention")).content


async def test_details_of_a_found_paper_are_a_click_away(library: Server) -> None:
    message = await search(library, "diffusion")
    assert "José Muñoz" in answer(await library.member.click(message, custom_id=custom_ids(message)[0]))


async def test_pages_turn_back_and_forth_within_the_one_message(shelves: Server) -> None:
    message = await search(shelves, "paper")
    first = paper_ids(message)
    assert turners(message) == ["find:0:paper", "page", "find:2:paper"]
    edits = []
    for label in ("Next", "Next", "Previous", "Previous"):
        await shelves.member.click(message, label=label)
        edits.append(paper_ids(message))
    assert [len(page) for page in edits] == [5, 2, 5, 5]
    assert sorted({*first, *edits[0], *edits[1]}) == ids(*range(1, 13))
    assert edits[3] == first
    assert len(shelves.general.history(viewer=shelves.member)) == 1


def turners(message: simcord.ResponseMessage) -> list[str]:
    return [each for each in custom_ids(message) if not each.startswith("details:")]


async def test_there_is_no_page_before_the_first_or_after_the_last(shelves: Server) -> None:
    message = await search(shelves, "paper")
    with pytest.raises(simcord.SetupError, match="disabled"):
        await shelves.member.click(message, label="Previous")
    await shelves.member.click(message, custom_id="find:2:paper")
    await shelves.member.click(message, custom_id="find:3:paper")
    with pytest.raises(simcord.SetupError, match="disabled"):
        await shelves.member.click(message, label="Next")


async def test_a_turned_page_is_one_request(shelves: Server) -> None:
    message = await search(shelves, "paper")
    before = len(shelves.env.http_requests)
    await shelves.member.click(message, label="Next")
    assert [request.json["type"] for request in shelves.env.http_requests[before:] if request.json] == [7]


async def test_pages_still_turn_after_a_restart(shelves: Server) -> None:
    message = await search(shelves, "paper")
    await shelves.restart()
    await shelves.member.click(message, label="Next")
    assert turners(message) == ["find:1:paper", "page", "find:3:paper"]
    assert len(paper_ids(message)) == 5


async def test_a_query_too_long_to_turn_pages_says_so(shelves: Server) -> None:
    message = await search(shelves, f"paper {'or ' * 60}")
    assert turners(message) == []
    assert "Shorten the query to see more pages." in str(message.components)


@pytest.mark.parametrize("custom_id", ["find:999999:paper", "find:1:zeppelin", "find:2:\\"])
async def test_a_stale_page_button_is_answered(shelves: Server, custom_id: str) -> None:
    message = stale_button(shelves, custom_id)
    assert "Nothing in the archive matches" in answer(await shelves.member.click(message, custom_id=custom_id))


# Show


@pytest.mark.parametrize(
    "reference",
    [
        "2601.00002",
        " 2601.00002v4 ",
        "arXiv:2601.00002",
        "https://huggingface.co/papers/2601.00002",
        "huggingface.co/papers/2601.00002/",
        "https://hf.co/papers/2601.00002?ref=x",
        "http://arxiv.org/abs/2601.00002v1",
        "https://www.arxiv.org/pdf/2601.00002v2.pdf",
        "https://arxiv.org/pdf/2601.00002#page=3",
        "https://export.arxiv.org/abs/2601.00002",
        "https://arxiv.org/html/2601.00002v1",
        "<https://alphaxiv.org/abs/2601.00002>",
    ],
)
async def test_a_paper_is_shown_by_its_id_or_any_of_its_links(library: Server, reference: str) -> None:
    text = answer(await library.member.slash(library.general, "paper show", paper=reference))
    assert "Diffusion Without Tears" in text
    assert "**Authors** José Muñoz" in text


@pytest.mark.parametrize("reference", ["2601.99999", "attention", "https://evil.example/2601.00002", "26O1.00002"])
async def test_what_is_no_paper_is_answered_with_what_would_be_right(library: Server, reference: str) -> None:
    result = await library.member.slash(library.general, "paper show", paper=reference)
    assert answer(result) == replies.UNKNOWN_PAPER


async def test_a_shown_paper_links_to_its_pages(server: Server, papers_server: PapersServer) -> None:
    urls = {"githubRepo": "https://github.com/a/b", "projectPage": "https://a.example"}
    papers_server.lists = {DAY: [entry("2601.00001", DAY, **urls, githubStars=1234)]}
    await server.read_lists()
    result = await server.member.slash(server.general, "paper show", paper="2601.00001")
    assert "[code](https://github.com/a/b) ★ 1.2k" in answer(result)
    assert result.response
    (card,) = result.response.components
    links = {each["label"]: each["url"] for each in card["components"][-1]["components"]}
    assert links == {
        "Discussion": "https://huggingface.co/papers/2601.00001",
        "arXiv": "https://arxiv.org/abs/2601.00001",
        "PDF": "https://arxiv.org/pdf/2601.00001",
        "Project": "https://a.example/",
        "Code": "https://github.com/a/b",
    }


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("diff", "Diffusion Without Tears"),
        ("sparse mix", "Scaling Laws for Sparse Mixtures"),
        ("RETRIEV", "Retrieval for Agents"),
        ("munoz", "Diffusion Without Tears"),
        ("arxiv.org/abs/2601.00001", "Scaling Laws for Sparse Mixtures"),
    ],
)
async def test_papers_are_offered_while_their_title_is_typed(library: Server, typed: str, title: str) -> None:
    offered = await library.member.autocomplete(library.general, "paper show", "paper", typed)
    assert offered[0]["name"] == title
    text = answer(await library.member.slash(library.general, "paper show", paper=offered[0]["value"]))
    assert title in text


async def test_before_anything_is_typed_the_best_papers_of_the_week_are_offered(library: Server) -> None:
    first, last = Period.WEEK.span(library.clock().date())
    best, _ = await library.bot.house.storage.papers.top(first, last, limit=25)
    offered = await library.member.autocomplete(library.general, "paper show", "paper", "")
    assert [each["value"] for each in offered] == [paper.id for paper in best] != []


async def test_a_blank_query_is_answered_with_what_to_type(library: Server) -> None:
    assert answer(await library.member.slash(library.general, "paper search", query="  ")) == replies.NO_QUERY


async def test_at_most_25_papers_are_offered_with_titles_cut_to_fit(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {DAY: [entry(f"2601.{n:05}", title=f"Endless {'words ' * 28}{n}") for n in range(40)]}
    await server.read_lists()
    offered = await server.member.autocomplete(server.general, "paper show", "paper", "endless")
    assert len(offered) == 25
    assert all(each["name"].endswith("…") for each in offered)


# Whatever is typed


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE.keys())
async def test_any_text_may_be_searched_for_shown_and_completed(library: Server, text: str) -> None:
    assert "went wrong" not in answer(await library.member.slash(library.general, "paper search", query=text))
    assert "went wrong" not in answer(await library.member.slash(library.general, "paper show", paper=text))
    await library.member.autocomplete(library.general, "paper show", "paper", text)


@pytest.mark.parametrize("text", [each for each in GARBAGE.values() if len(each) < 90])
async def test_the_pages_of_any_query_can_be_turned(server: Server, papers_server: PapersServer, text: str) -> None:
    papers_server.lists = {DAY: [entry(f"2601.{n:05}", summary=f"{text} paper") for n in range(7)]}
    await server.read_lists()
    message = await search(server, f"{text} paper")
    if "find:2" in str(custom_ids(message)):
        await server.member.click(message, label="Next")
        assert len(paper_ids(message)) == 2


async def test_look_ups_work_in_a_direct_message(library: Server) -> None:
    message = await library.member.user.slash("paper search", query="diffusion")
    assert isinstance(message.response.message.channel, discord.DMChannel | discord.PartialMessageable)
    assert paper_ids(message.response) == ids(2)
