"""`/paper search everywhere`: what the archive lacks comes from Hugging Face."""

from bot.demo.papers_server import PapersServer
from bot.refusals import Refusal
from tests.support.builders import entry, explain
from tests.support.lookups import find, paper_command
from tests.support.messages import answer, paper_ids, read_texts
from tests.support.papers_server import FrailPapers
from tests.support.server import Server


async def test_papers_of_the_hub_that_the_archive_lacks_are_shown_and_marked(
    library: Server, papers_server: PapersServer
) -> None:
    papers_server.unlisted = [entry(f"2512.0000{n}", title=f"Agents Elsewhere {n}") for n in range(1, 8)]
    result = await paper_command(library, "search", query="agents", everywhere=True)
    (more,) = result.followups
    assert more.ephemeral
    text = read_texts(more.message)
    assert "# Also on Hugging Face" in text
    assert "not in the archive yet" in text
    assert text.count("from Hugging Face") == 5
    assert "Retrieval for Agents" in answer(result)
    assert "Retrieval for Agents" not in text
    assert len(paper_ids(more)) == 5
    picked = paper_ids(more)[0]
    card = answer(await library.member.select(more, [picked], custom_id="pick"))
    assert f"arXiv:{picked}" in card
    assert picked in await find(library, "elsewhere")


async def test_when_the_hub_does_not_answer_the_archive_still_does(
    library: Server, papers_server: PapersServer
) -> None:
    assert isinstance(papers_server, FrailPapers)
    papers_server.down = True
    result = await paper_command(library, "search", query="agents", everywhere=True)
    assert "Retrieval for Agents" in answer(result)
    assert [each.content for each in result.followups] == [explain(Refusal.HUB_DOWN)]


async def test_when_the_hub_has_no_more_papers_the_answer_says_so(library: Server) -> None:
    result = await paper_command(library, "search", query="agents", everywhere=True)
    assert [each.content for each in result.followups] == [explain(Refusal.HUB_HAS_NOTHING_NEW)]


async def test_a_shared_search_shares_papers_from_the_hub_but_not_that_there_are_none(
    library: Server, papers_server: PapersServer
) -> None:
    async def followed() -> tuple[bool, str]:
        """Whether only one person sees the answer about the Hub, and what it says."""
        result = await paper_command(library, "search", query="agents", share=True, everywhere=True)
        assert result.response
        assert not result.response.ephemeral
        (more,) = result.followups
        return more.ephemeral, read_texts(more.message)

    assert isinstance(papers_server, FrailPapers)
    assert await followed() == (True, explain(Refusal.HUB_HAS_NOTHING_NEW))
    papers_server.unlisted = [entry("2512.00001", title="Agents Elsewhere")]
    ephemeral, text = await followed()
    assert not ephemeral
    assert "Agents Elsewhere" in text
    papers_server.down = True
    assert await followed() == (True, explain(Refusal.HUB_DOWN))
