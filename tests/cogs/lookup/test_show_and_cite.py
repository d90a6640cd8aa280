"""`/paper show` and `/paper cite`: a paper by its id, its links or its title."""

import pytest

from bot.citations import CitationFormat, fit_citation
from bot.demo.papers_server import PapersServer
from bot.layouts.citation import MAX_CITATION
from bot.refusals import Refusal
from tests.support.builders import DAY, entry, explain
from tests.support.lookups import card, find, offers, paper_command
from tests.support.messages import answer, read_texts
from tests.support.papers_server import FrailPapers
from tests.support.server import Server, forbid


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


@pytest.mark.parametrize(
    "text",
    ["", "   ", "https://evil.example/x", "https://scaling.org/laws", "10.1000/diffusion", "x.org/tears"],
)
async def test_text_that_names_no_paper_is_answered_with_what_to_type_instead(library: Server, text: str) -> None:
    for command in ("show", "similar", "cite"):
        assert answer(await paper_command(library, command, paper=text)) == explain(Refusal.PAPER_UNKNOWN)


async def test_words_that_no_paper_has_are_answered_with_what_to_type_instead(library: Server) -> None:
    for command in ("similar", "cite"):
        assert answer(await paper_command(library, command, paper="zeppelin")) == explain(Refusal.PAPER_UNKNOWN)


@pytest.mark.parametrize("text", ["https://scaling.org/laws", "retrieval https://agents.org", "doi:10.1000/diffusion"])
async def test_a_link_to_another_site_finds_no_papers_by_its_words(library: Server, text: str) -> None:
    for command in ("search", "random"):
        assert answer(await paper_command(library, command, query=text)) == explain(Refusal.PAPER_UNKNOWN)
    for command, option in (("search", "query"), ("show", "paper")):
        assert await offers(library, command, option, text) == {}


@pytest.mark.parametrize(
    "reference", ["https://arxiv.org/abs/cs/0112017", "arXiv:cs/0112017", "10.48550/arXiv.cs/0112017v2"]
)
async def test_a_paper_from_before_2007_is_not_taken_for_another(library: Server, reference: str) -> None:
    for command, option in (("show", "paper"), ("cite", "paper"), ("search", "query"), ("random", "query")):
        text = answer(await paper_command(library, command, **{option: reference}))
        assert text.startswith("The arXiv ID **cs/0112017** is from before April 2007.")


async def test_a_paper_named_among_words_is_fetched_if_the_archive_lacks_it(
    library: Server, papers_server: PapersServer
) -> None:
    papers_server.unlisted = [entry("1706.03762", title="Attention Is All You Need")]
    text = answer(
        await paper_command(library, "cite", paper="Have you read [this](https://doi.org/10.48550/arXiv.1706.03762)?")
    )
    assert "Attention Is All You Need" in text


async def test_a_few_words_show_the_paper_they_fit_best(library: Server) -> None:
    assert "## [Retrieval for Agents]" in answer(await paper_command(library, "show", paper="agents retrieval"))


async def test_a_paper_the_archive_lacks_is_fetched_into_it(library: Server, papers_server: PapersServer) -> None:
    papers_server.unlisted = [entry("1706.03762", title="Attention Is All You Need", numTotalModels=50)]
    result = await paper_command(library, "show", paper="https://arxiv.org/abs/1706.03762v7")
    assert "**On Hugging Face** 50 models" in answer(result)
    assert await find(library, "attention need") == ["1706.03762"]


async def test_a_paper_that_does_not_exist_gets_an_answer_that_says_so(library: Server) -> None:
    text = answer(await paper_command(library, "show", paper="2601.99999"))
    assert text == "Hugging Face has no paper **2601.99999**. Please check the ID."


async def test_while_the_api_is_down_known_papers_are_shown_and_others_have_to_wait(
    library: Server, papers_server: PapersServer
) -> None:
    assert isinstance(papers_server, FrailPapers)
    papers_server.down = True
    assert answer(await paper_command(library, "show", paper="2601.99999")) == explain(Refusal.PAPERS_DOWN)
    assert "Diffusion Without Tears" in answer(await paper_command(library, "show", paper="2601.00002"))


@pytest.mark.parametrize("format_", list(CitationFormat))
async def test_a_citation_comes_ready_to_copy(library: Server, format_: CitationFormat) -> None:
    text = answer(await paper_command(library, "cite", paper="2601.00002", format=format_.value))
    (known,) = await library.bot.services.storage.papers.get(["2601.00002"])
    assert text.split("\n", 1)[1].partition("\n```")[0] == fit_citation(known, format_, MAX_CITATION).text


async def test_a_citation_is_bibtex_by_default(library: Server) -> None:
    text = answer(await paper_command(library, "cite", paper="2601.00002"))
    assert text.startswith("```bibtex\n@misc{munoz2026diffusion,\n  title = {{Diffusion Without Tears}},")


async def test_a_figure_that_discord_rejects_does_not_cost_the_card(
    server: Server, papers_server: PapersServer, caplog: pytest.LogCaptureFixture
) -> None:
    figure = "https://cdn-uploads.huggingface.co/production/uploads/a.png"
    papers_server.lists = {DAY: [entry("2601.00001", title="Drawn", mediaUrls=[figure]), entry("2601.00002")]}
    await server.read_lists()
    shown = await card(server)
    assert figure in str(shown.message.components)
    server.env.inject_error("POST", "/interactions/*/callback", status=400, code=50035)
    again = await card(server)
    assert "Drawn" in read_texts(again.message)
    assert figure not in str(again.message.components)
    drawn = await paper_command(server, "random", query="drawn")
    assert drawn.response
    server.env.inject_error("POST", "/interactions/*/callback", status=400, code=50035)
    await server.member.click(drawn.response, label="Another")
    assert "Drawn" in answer(drawn)
    assert figure not in str(drawn.response.message.components)


async def test_a_select_shows_the_same_citation_in_another_format(library: Server) -> None:
    asked = await paper_command(library, "cite", paper="2601.00002")
    assert asked.response
    picked = await library.member.select(asked.response, ["RIS"], custom_id="cite:2601.00002")
    assert "TI  - Diffusion Without Tears\n" in answer(picked)
    assert picked.response
    assert picked.response.message.id == asked.response.message.id


async def test_a_citation_too_long_for_a_message_comes_with_a_file_of_all_of_it(
    library: Server, papers_server: PapersServer
) -> None:
    names = [f"Given{number} Family{number}" for number in range(664)]
    papers_server.unlisted = [entry("1706.03762", title="Crowd", authors=[{"name": name} for name in names])]
    asked = await paper_command(library, "cite", paper="1706.03762", format="RIS")
    assert "AU  - et al.\n" in answer(asked)
    assert "The file has all of it." in answer(asked)
    assert asked.response
    (attached,) = asked.response.message.attachments
    assert attached.filename == "family02026crowd.ris"
    assert (await attached.read()).count(b"\nAU  - Family") == 664
    picked = await library.member.select(asked.response, ["Markdown"], custom_id="cite:1706.03762")
    assert picked.response
    (attached,) = picked.response.message.attachments
    assert attached.filename == "family02026crowd.md"


async def test_where_files_are_not_allowed_a_long_citation_is_shortened_and_says_where_all_of_it_is(
    library: Server, papers_server: PapersServer
) -> None:
    names = [f"Given{number} Family{number}" for number in range(664)]
    papers_server.unlisted = [entry("1706.03762", title="Crowd", authors=[{"name": name} for name in names])]
    forbid(library, library.general, "attach_files")
    asked = await paper_command(library, "cite", paper="1706.03762")
    assert " and others}" in answer(asked)
    assert "In a direct message to me" in answer(asked)
    assert asked.response
    assert not asked.response.message.attachments
