"""A daily list is read page by page, and a bad entry costs only itself."""

import json
import logging
from datetime import date
from typing import Any

import pytest
from tenacity import wait_none

from bot.papers import api as papers
from bot.papers.api import USER_AGENT, PapersAPI, PapersUnavailable
from tests.support.builders import DAY, entries, entry
from tests.support.faulty_papers import FaultyServer, answering, hang_up


class TestReadingAList:
    async def test_a_list_is_read_in_pages_of_a_hundred_until_one_is_short(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.lists = {DAY: entries(250)}
        assert len((await api.fetch_list(DAY)).papers) == 250
        assert papers_server.queries == [{"date": "2026-01-15", "limit": "100", "p": str(n)} for n in range(3)]

    async def test_a_list_that_fills_its_last_page_is_read_whole(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.lists = {DAY: entries(200)}
        assert len((await api.fetch_list(DAY)).papers) == 200

    async def test_a_full_page_without_a_link_to_the_next_is_not_taken_for_the_last(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        pages = entries(100), entries(5, first=200)
        papers_server.faults += [answering(200, json.dumps(page)) for page in pages]
        assert len((await api.fetch_list(DAY)).papers) == 105

    async def test_a_short_page_with_a_link_to_the_next_is_followed(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        first, second = entries(2), entries(3, first=50)
        papers_server.faults += [
            answering(200, json.dumps(first), Link='</api/daily_papers?p=1>; rel="next"'),
            answering(200, json.dumps(second)),
        ]
        assert len((await api.fetch_list(DAY)).papers) == 5
        assert [query["p"] for query in papers_server.queries] == ["0", "1"]

    async def test_a_server_that_always_links_to_another_page_is_not_followed_forever(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        page = answering(200, json.dumps(entries(1)), Link='<?p=9>; rel="next"')
        papers_server.faults += [page] * 100
        assert len((await api.fetch_list(DAY)).papers) == 1
        assert len(papers_server.queries) == papers.MAX_PAGES

    async def test_a_paper_that_a_vote_moved_to_the_next_page_is_there_once(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.lists = {DAY: [*entries(100), entry("2601.00100", upvotes=11)]}
        read_papers = (await api.fetch_list(DAY)).papers
        assert [paper.upvotes for paper in read_papers if paper.id == "2601.00100"] == [11]
        assert len(read_papers) == 100

    async def test_a_weekend_is_an_empty_list_and_no_error(self, api: PapersAPI) -> None:
        assert (await api.fetch_list(date(2026, 1, 17))).papers == ()

    async def test_an_unreadable_entry_costs_no_other_and_is_counted_in_one_warning(
        self, papers_server: FaultyServer, api: PapersAPI, caplog: pytest.LogCaptureFixture
    ) -> None:
        broken: list[Any] = [
            None,
            7,
            "x",
            [],
            {},
            {"paper": None},
            {"paper": []},
            entry("hep-th/9901001"),
            entry("2601.1", title=""),
        ]
        papers_server.lists = {DAY: [*broken, *entries(3)]}
        assert len((await api.fetch_list(DAY)).papers) == 3
        warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert warnings == ["2026-01-15: skipped 9 entries that could not be read"]

    async def test_the_api_is_told_who_is_asking(self, papers_server: FaultyServer, api: PapersAPI) -> None:
        await api.fetch_list(DAY)
        assert papers_server.headers[0]["User-Agent"] == USER_AGENT
        assert "paperboy" in USER_AGENT
        assert "Authorization" not in papers_server.headers[0]

    async def test_a_token_is_sent_to_the_api_and_shown_nowhere(
        self, papers_server: FaultyServer, base_url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        papers_server.faults += [hang_up, answering(401, "hf_secret is wrong")]
        async with PapersAPI(base_url, "hf_secret", backoff=wait_none()) as api:
            with pytest.raises(PapersUnavailable) as failed:
                await api.fetch_list(DAY)
        assert papers_server.headers[0]["Authorization"] == "Bearer hf_secret"
        assert "hf_secret" not in f"{failed.value!r} {failed.value.__cause__!r} {caplog.text}"
