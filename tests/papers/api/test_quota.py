"""The quota of the papers API: waited for, and left to the daily lists."""

import asyncio

import pytest
from tenacity import wait_none
from tenacity.wait import wait_fixed

from bot.papers.api import PapersAPI, PapersUnavailable
from tests.support.builders import DAY
from tests.support.faulty_papers import FaultyServer, answering
from tests.support.waiting import skip_waits


@pytest.fixture
async def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each wait; nobody really waits."""
    return skip_waits(monkeypatch)


class TestTheQuota:
    async def test_retry_after_is_obeyed(self, papers_server: FaultyServer, api: PapersAPI, waits: list[float]) -> None:
        papers_server.faults += [answering(503, Retry_After="1")]
        await api.fetch_list(DAY)
        assert waits == [1]

    async def test_retry_after_comes_before_backoff(
        self, papers_server: FaultyServer, base_url: str, waits: list[float]
    ) -> None:
        papers_server.faults += [answering(429, Retry_After="0")]
        async with PapersAPI(base_url, backoff=wait_fixed(60)) as api:
            await api.fetch_list(DAY)
        assert waits == [0]

    async def test_a_429_waits_for_the_next_window_plus_a_second(
        self, papers_server: FaultyServer, api: PapersAPI, waits: list[float]
    ) -> None:
        papers_server.faults += [answering(429, RateLimit='"api";r=0;t=1')]
        await api.fetch_list(DAY)
        assert sum(waits) == pytest.approx(2)

    @pytest.mark.parametrize("left", [0, 3])
    async def test_a_429_at_the_end_of_a_window_still_waits_a_second(
        self, papers_server: FaultyServer, base_url: str, left: int, waits: list[float]
    ) -> None:
        papers_server.faults += [answering(429, RateLimit=f'"api";r={left};t=0')]
        async with PapersAPI(base_url, backoff=wait_none()) as api:
            await api.fetch_list(DAY)
        assert sum(waits) == pytest.approx(1)

    async def test_a_used_up_quota_is_waited_for_before_the_next_request(
        self, papers_server: FaultyServer, api: PapersAPI, waits: list[float]
    ) -> None:
        papers_server.faults += [answering(200, "[]", RateLimit='"api";r=0;t=0')]
        await api.fetch_list(DAY)
        assert waits == []
        await api.fetch_list(DAY)
        assert waits == [pytest.approx(1)]

    @pytest.mark.usefixtures("waits")
    @pytest.mark.parametrize("left", [0, 1, 99])
    async def test_look_ups_leave_the_rest_of_the_quota_to_the_lists(
        self, papers_server: FaultyServer, api: PapersAPI, left: int
    ) -> None:
        papers_server.faults += [answering(200, "[]", RateLimit=f'"api";r={left};t=0')]
        await api.fetch_list(DAY)
        for look_up in (api.fetch_paper("2601.00001"), api.search_papers("x", 5)):
            with pytest.raises(PapersUnavailable, match="papers_quota_low"):
                await look_up
        await api.fetch_list(DAY)  # waits, if it must

    @pytest.mark.usefixtures("waits")
    async def test_look_ups_go_on_with_the_next_quota(self, papers_server: FaultyServer, api: PapersAPI) -> None:
        papers_server.faults += [answering(200, "[]", RateLimit='"api";r=0;t=0')]
        await api.fetch_list(DAY)
        await asyncio.sleep(1.1)
        assert await api.search_papers("x", 5) == ()

    async def test_a_quota_that_is_hardly_used_is_there_for_look_ups_too(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.faults += [answering(200, "[]", RateLimit='"api";r=100;t=200')]
        await api.fetch_list(DAY)
        assert await api.search_papers("x", 5) == ()

    async def test_a_429_from_the_edge_without_headers_backs_off(
        self, papers_server: FaultyServer, base_url: str, waits: list[float]
    ) -> None:
        papers_server.faults += [answering(429, "<html>slow down", Content_Type="text/html")]
        async with PapersAPI(base_url, backoff=wait_fixed(60)) as api:
            await api.fetch_list(DAY)
        assert waits == [60]
