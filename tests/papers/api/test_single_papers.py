"""Looking up one paper by its id."""

import asyncio
import json
from typing import Any

import pytest

from bench import corpus
from bot.papers.api import PapersAPI, PapersUnavailable
from bot.papers.entry import read_single_paper
from tests.support.builders import entries, entry
from tests.support.faulty_papers import FaultyServer, answering, hang_up

REAL_BODY = corpus.CAPTURED.with_name("paper_2401.18030.json")


class TestLookingUpAPaper:
    async def test_a_single_paper_comes_with_its_linked_counts_and_without_a_day(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.unlisted = [
            entry("1706.03762", upvotes=100, numTotalModels=3, numTotalDatasets=0, numTotalSpaces=12)
        ]
        paper = await api.fetch_paper("1706.03762")
        assert paper
        assert (paper.id, paper.title, paper.upvotes, paper.day) == ("1706.03762", "Paper 1706.03762", 100, None)
        assert (paper.linked_models, paper.linked_datasets, paper.linked_spaces) == (3, 0, 12)

    async def test_a_paper_of_a_list_is_found_by_its_id_too(self, api: PapersAPI) -> None:
        paper = await api.fetch_paper("2601.00001")
        assert paper
        assert (paper.upvotes, paper.authors) == (70, ("Ada Lovelace", "Emmy Noether"))
        assert paper.linked_models is None

    async def test_an_unknown_paper_is_none_and_not_asked_for_again(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        assert await api.fetch_paper("2601.99999") is None
        assert len(papers_server.queries) == 1

    @pytest.mark.parametrize("wrong", ["", "search", "../daily_papers", "2601.00001/../x", "2601.00001?x", "2601.1\n"])
    async def test_text_that_is_not_an_id_is_never_asked_for(
        self, papers_server: FaultyServer, api: PapersAPI, wrong: str
    ) -> None:
        assert await api.fetch_paper(wrong) is None
        assert papers_server.queries == []

    async def test_an_answer_about_another_paper_is_not_taken_for_this_one(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.faults += [answering(200, json.dumps(entry("2601.00002")["paper"]))]
        with pytest.raises(PapersUnavailable, match=r"the answer about 2601\.00001 is about 2601\.00002"):
            await api.fetch_paper("2601.00001")

    @pytest.mark.parametrize(
        "body",
        ["", "null", "[]", "7", "{}", '{"error": "no"}', '{"id": "2601.00001"}', json.dumps(entries(1)), "[" * 9999],
    )
    async def test_an_answer_that_is_not_a_paper_is_reported(
        self, papers_server: FaultyServer, api: PapersAPI, body: str
    ) -> None:
        papers_server.faults += [answering(200, body)]
        with pytest.raises(PapersUnavailable, match="is not"):
            await api.fetch_paper("2601.00001")

    @pytest.mark.parametrize("wrong", [-1, 1.5, "many", [], {}, 2**40])
    async def test_an_unreadable_count_does_not_cost_the_paper(
        self, papers_server: FaultyServer, api: PapersAPI, wrong: Any
    ) -> None:
        papers_server.unlisted = [entry("1706.03762", numTotalModels=wrong, numTotalSpaces=2)]
        paper = await api.fetch_paper("1706.03762")
        assert paper
        assert (paper.linked_models, paper.linked_spaces) == (None, 2)

    async def test_a_temporary_error_is_tried_again(self, papers_server: FaultyServer, api: PapersAPI) -> None:
        papers_server.faults += [answering(503), hang_up]
        assert await api.fetch_paper("2601.00001")

    async def test_a_caller_may_stop_waiting_and_ask_again(self, papers_server: FaultyServer, api: PapersAPI) -> None:
        papers_server.faults += [answering(503, Retry_After="300")]
        asking = asyncio.create_task(api.fetch_paper("2601.00001"))
        while not api.last_problem:  # noqa: ASYNC110  # it has no event for it
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await api.fetch_paper("2601.00001")

    @pytest.mark.real_days
    @pytest.mark.skipif(not REAL_BODY.exists(), reason="the captured days do not lie beside the project")
    def test_a_real_answer_is_read(self) -> None:
        paper = read_single_paper(json.loads(REAL_BODY.read_text()))
        assert (paper.id, paper.day, paper.upvotes) == ("2401.18030", None, 0)
        assert (paper.linked_models, paper.linked_datasets, paper.linked_spaces) == (0, 1, 0)
        assert paper.abstract
        assert paper.tags
