"""While the search index is being made, answers say so, and what it has is found."""

import pytest

from bot.archive import Archive
from bot.demo.papers_server import PapersServer
from bot.search import SearchIndex
from tests.support.builders import DAY, entries, entry
from tests.support.lookups import paper_command, read_card, read_results
from tests.support.messages import answer
from tests.support.server import Server

SAYS = "The search index is still being made: 5 of 20 papers so far. Try again in a minute to find the rest."


@pytest.fixture
async def indexing(server: Server, papers_server: PapersServer) -> Server:
    """Twenty papers, five of which are in the index so far."""
    papers_server.lists = {DAY: [*entries(19), entry("2601.00020", title="Zeppelins")]}
    services = server.bot.services
    await services.archive.refresh_list(DAY, server.clock())
    changes = await services.storage.papers.list_changed_since(0, 5)
    services.search.add_papers(changes)
    return server


async def test_a_search_finds_what_is_there_and_says_how_far_the_index_is(indexing: Server) -> None:
    text = await read_results(indexing, "paper")
    assert "**paper** · 5 papers" in text
    assert SAYS in text


async def test_a_search_that_finds_nothing_yet_says_so_instead_of_asking_hugging_face(
    indexing: Server, papers_server: PapersServer
) -> None:
    papers_server.unlisted = [entry("2512.00001", title="Zeppelins Elsewhere")]
    text = await read_results(indexing, "zeppelins")
    assert text.startswith(SAYS)
    assert "Elsewhere" not in text


async def test_every_look_up_says_so(indexing: Server) -> None:
    assert SAYS in await read_card(indexing, "paper")
    for command, option in (("show", "paper"), ("similar", "paper"), ("cite", "paper"), ("random", "query")):
        assert SAYS in answer(await paper_command(indexing, command, **{option: "zeppelins"}))


async def test_when_the_index_is_made_nothing_is_said_any_more(indexing: Server) -> None:
    await indexing.bot.services.archive.update_index()
    text = await read_results(indexing, "zeppelins")
    assert "1 paper" in text
    assert "index" not in text


async def test_a_list_that_was_just_read_is_not_worth_a_word(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: entries(40)}
    await server.read_lists()
    papers_server.lists = {DAY: [*entries(40), entry("2601.00041", title="New")]}
    await server.bot.services.archive.refresh_list(DAY, server.clock())
    assert "index" not in await read_results(server, "paper")


async def test_at_the_first_start_papers_are_found_while_older_lists_are_still_read(
    server: Server, papers_server: PapersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = server.bot.services
    papers_server.lists = {DAY: entries(3)}
    had: list[int] = []
    refresh = Archive.refresh_list

    async def watched(archive: Archive, *rest: object) -> int:
        assert isinstance(services.search, SearchIndex)
        had.append(services.search.count_papers())
        return await refresh(archive, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Archive, "refresh_list", watched)
    await services.archive.read_missing_lists(server.clock, 30)
    assert had[0] == 0
    assert had[-1] == 3
