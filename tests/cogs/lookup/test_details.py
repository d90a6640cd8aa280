"""The card of a paper: what is known about it, and the buttons that lead on from it."""

from datetime import timedelta
from typing import Any

import pytest
import simcord

from bot.demo.papers_server import PapersServer
from bot.refusals import Refusal
from tests.support.builders import DAY, entries, entry, explain
from tests.support.lookups import card, read_card, search
from tests.support.messages import answer, options, paper_ids
from tests.support.papers_server import FrailPapers
from tests.support.server import Server, forbid_everybody, post, stale_button

RICH = entry(
    "2601.00001",
    title="Attention Again",
    authors=[{"name": f"Author {n}"} for n in range(664)],
    organization={"fullname": "Paper Mill"},
    ai_keywords=["machine translation", "attention", 'so "called"', "!!!", "x" * 101],
    githubRepo="https://github.com/a/b",
    githubStars=1234,
    projectPage="https://a.example",
    numTotalModels=1,
    numTotalDatasets=0,
    numTotalSpaces=20,
    upvotes=12,
    comments=3,
)


@pytest.fixture
async def rich(server: Server, papers_server: PapersServer) -> Server:
    """With one paper we know everything about, and others."""
    papers_server.lists = {DAY: [RICH, *entries(3, first=11)]}
    await server.read_lists()
    return server


def buttons(message: simcord.ResponseMessage) -> list[dict[str, Any]]:
    """The buttons of a card, in reading order."""
    (container,) = message.components
    rows = [each["components"] for each in container["components"] if each["type"] == 1]
    return [each for row in rows for each in row if each["type"] == 2]


async def test_a_card_shows_what_is_known_about_a_paper(rich: Server) -> None:
    text = await read_card(rich)
    assert "## [Attention Again](https://huggingface.co/papers/2601.00001)" in text
    assert "▲ **12** · 3 comments · 664 authors · Paper Mill" in text
    assert "Author 8, Author 9 + 654" in text
    assert "**Published** 15 Jan 2026 · **Daily Papers** 15 Jan 2026" in text
    assert "**On Hugging Face** 1 model · 20 Spaces" in text
    assert "**Tags** machine translation, attention" in text


async def test_a_card_links_to_the_papers_pages(rich: Server) -> None:
    links = {each["label"]: each["url"] for each in buttons(await card(rich)) if "url" in each}
    assert links == {
        "Hugging Face": "https://huggingface.co/papers/2601.00001",
        "arXiv": "https://arxiv.org/abs/2601.00001",
        "PDF": "https://arxiv.org/pdf/2601.00001",
        "HTML": "https://arxiv.org/html/2601.00001",
        "alphaXiv": "https://www.alphaxiv.org/abs/2601.00001",
        "Project": "https://a.example/",
        "Code ★ 1.2k": "https://github.com/a/b",
    }


async def test_a_paper_we_know_little_about_has_a_card_too(server: Server, papers_server: PapersServer) -> None:
    bare = {"paper": {"id": "2601.00001", "title": "Bare", "upvotes": 0}}
    papers_server.lists = {DAY: [bare]}
    await server.read_lists()
    text = await read_card(server)
    assert "▲ **0**" in text
    assert "No abstract is available." in text
    assert "Author" not in text


async def test_a_card_shows_the_upvotes_then_and_now_and_how_they_grew(
    rich: Server, papers_server: PapersServer
) -> None:
    for upvotes in (40, 80, 163):
        papers_server.lists[DAY][0]["paper"] = RICH["paper"] | {"upvotes": upvotes}
        rich.clock.advance(hours=1)
        await rich.read_lists()
    assert "▲ 12 → **163** ▁▂▄█" in await read_card(rich)
    assert "→" not in (await read_card(rich, "2601.00011")).split("\n")[1]


async def test_a_tag_leads_to_the_papers_that_have_it(rich: Server) -> None:
    message = await card(rich)
    assert options(message, "tag") == ["machine translation", "attention", "so called"]
    result = await rich.member.select(message, ["machine translation"], custom_id="tag")
    assert '**tag:"machine translation"** · 1 paper' in answer(result)
    assert result.response
    assert paper_ids(result.response) == ["2601.00001"]


async def test_a_card_without_tags_offers_none(rich: Server) -> None:
    assert options(await card(rich, "2601.00011"), "tag") == []


async def test_similar_papers_are_a_click_away(rich: Server) -> None:
    result = await rich.member.click(await card(rich, "2601.00011"), label="Similar")
    assert "to **[Paper 2601.00011]" in answer(result)
    assert result.response
    assert set(paper_ids(result.response)) >= {"2601.00012", "2601.00013"}


async def test_a_citation_is_a_click_away(rich: Server) -> None:
    text = answer(await rich.member.click(await card(rich), label="Cite"))
    assert text.startswith("```bibtex")
    assert "  author = {0, Author and 1, Author and " in text
    assert " and others}," in text


async def test_every_button_of_a_card_works_after_a_restart(rich: Server) -> None:
    message = await card(rich)
    await rich.restart()
    assert "@misc" in answer(await rich.member.click(message, label="Cite"))
    answer(await rich.member.click(message, label="Similar"))
    assert "tag:" in answer(await rich.member.select(message, ["attention"], custom_id="tag"))


@pytest.mark.parametrize("kind", ["details", "similar", "cite"])
async def test_buttons_for_a_paper_that_the_archive_lacks_fetch_it(
    rich: Server, papers_server: PapersServer, kind: str
) -> None:
    papers_server.unlisted = [entry("2512.00009", title="Attention Again and Again")]
    message = stale_button(rich, f"{kind}:2512.00009")
    assert "Again" in answer(await rich.member.click(message, custom_id=f"{kind}:2512.00009"))
    assert len(await rich.bot.services.storage.papers.get(["2512.00009"])) == 1


@pytest.mark.parametrize("kind", ["details", "similar", "cite"])
async def test_buttons_for_an_unknown_paper_answer_politely_while_the_api_is_down(
    rich: Server, papers_server: PapersServer, kind: str
) -> None:
    assert isinstance(papers_server, FrailPapers)
    papers_server.down = True
    message = stale_button(rich, f"{kind}:2512.00009")
    assert answer(await rich.member.click(message, custom_id=f"{kind}:2512.00009")) == explain(Refusal.PAPERS_DOWN)


async def test_details_never_link_to_a_channel_that_the_reader_may_not_view(rich: Server) -> None:
    digest = await post(rich)
    message = await search(rich, "attention")
    seen = answer(await rich.member.select(message, ["2601.00001"], custom_id="pick"))
    assert digest.jump_url in seen
    forbid_everybody(rich, rich.papers, "view_channel")
    seen = answer(await rich.member.select(message, ["2601.00001"], custom_id="pick"))
    assert "## [Attention Again]" in seen
    assert "posted here" not in seen


async def test_a_paper_that_a_look_up_fetched_is_in_no_digest(rich: Server, papers_server: PapersServer) -> None:
    papers_server.unlisted = [entry("2512.00009", DAY - timedelta(days=40), title="Famous", upvotes=9999)]
    assert "Famous" in await read_card(rich, "2512.00009")
    assert "Daily Papers" not in await read_card(rich, "2512.00009")
    await rich.subscribe()
    await rich.later(hours=1)
    assert "Famous" not in str(rich.posted)
