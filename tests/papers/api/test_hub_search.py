"""The search of Hugging Face itself."""

import json
import logging

import pytest

from bot.papers.api import PapersAPI, PapersUnavailable
from tests.support.builders import entries, entry
from tests.support.faulty_papers import FaultyServer, answering


class TestTheHubsOwnSearch:
    async def test_the_papers_come_in_the_hubs_order(self, papers_server: FaultyServer, api: PapersAPI) -> None:
        papers_server.faults += [answering(200, json.dumps([*entries(3, first=5), entry("1706.03762", comments=4)]))]
        found = await api.search_papers("attention", 10)
        assert [paper.id for paper in found] == ["2601.00005", "2601.00006", "2601.00007", "1706.03762"]
        assert found[3].comments == 4
        assert {paper.day for paper in found} == {None}
        assert papers_server.queries == [{"q": "attention", "limit": "10"}]

    async def test_a_query_that_matches_no_paper_gives_an_empty_list(self, api: PapersAPI) -> None:
        assert await api.search_papers("what paper 2601.00003", 10) != ()
        assert await api.search_papers("knitting", 10) == ()

    @pytest.mark.parametrize("told", ["a" * 1000, "💡" * 1000, "💡a" * 500, "a" + "💡" * 500, "\ud800" + "b" * 251])
    async def test_a_long_query_is_cut_to_what_the_hub_accepts(
        self, papers_server: FaultyServer, api: PapersAPI, told: str
    ) -> None:
        await api.search_papers(told, 10)
        (query,) = papers_server.queries
        assert 249 <= len(query["q"].encode("utf-16-le")) / 2 <= 250
        assert query["q"] in told

    @pytest.mark.parametrize("told", ["c++ & c#?", "a=b&limit=120", "%2e%2e/x", "", '"a b"', "ünï\x00"])
    async def test_a_query_arrives_as_it_was_written(
        self, papers_server: FaultyServer, api: PapersAPI, told: str
    ) -> None:
        await api.search_papers(told, 10)
        assert papers_server.queries == [{"q": told, "limit": "10"}]

    async def test_the_search_never_asks_for_more_than_the_hub_gives_or_returns_more_than_asked_for(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.faults += [answering(200, json.dumps(entries(200)))] * 2
        assert len(await api.search_papers("x", 5)) == 5
        assert len(await api.search_papers("x", 500)) == 200
        assert [query["limit"] for query in papers_server.queries] == ["5", "120"]

    async def test_a_paper_that_the_hub_lists_twice_is_found_once(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.faults += [answering(200, json.dumps([*entries(2), *entries(3)]))]
        assert [paper.id for paper in await api.search_papers("x", 4)] == ["2601.00001", "2601.00002", "2601.00003"]

    async def test_an_unreadable_entry_costs_no_other_and_is_counted_in_one_warning(
        self, papers_server: FaultyServer, api: PapersAPI, caplog: pytest.LogCaptureFixture
    ) -> None:
        broken = [None, {}, entry("hep-th/9901001"), entry("2601.00009", upvotes=-1)]
        papers_server.faults += [answering(200, json.dumps([*broken, *entries(2)]))]
        assert len(await api.search_papers("x", 10)) == 2
        warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert warnings == ["search: skipped 4 entries that could not be read"]

    @pytest.mark.parametrize("body", ["", "null", '{"error": "no"}', "<html>"])
    async def test_an_answer_that_is_not_a_list_is_reported(
        self, papers_server: FaultyServer, api: PapersAPI, body: str
    ) -> None:
        papers_server.faults += [answering(200, body)]
        with pytest.raises(PapersUnavailable, match="what was found is not"):
            await api.search_papers("x", 10)

    async def test_a_search_that_no_longer_exists_is_not_taken_for_an_empty_result(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.faults += [answering(404)]
        with pytest.raises(PapersUnavailable, match="papers_refused number=404"):
            await api.search_papers("x", 10)
