"""Keeping the archive: what is read again before a digest, and what will do."""

import asyncio
from datetime import date, timedelta

import pytest
from aiohttp import web

from bot.archive import FRESH_FOR, PAUSE_AFTER_FAILURE, Archive, days_between
from bot.demo.papers_server import PapersServer
from bot.digest import closed_at
from bot.papers.api import PapersAPI, PapersUnavailable
from bot.storage import Storage
from tests.builders import DAY, MORNING, entries

CLOSED = closed_at(DAY)
MINUTE = timedelta(minutes=1)


class CountingServer(PapersServer):
    """The papers API; remembers the days it was asked for, and refuses while it is `down`."""

    def __init__(self) -> None:
        super().__init__({DAY: entries(7)})
        self.asked: list[date] = []
        self.down = False

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(date.fromisoformat(request.query["date"]))
        return web.json_response({"error": "no"}, status=400) if self.down else await super().answer(request)


@pytest.fixture
def papers_server() -> CountingServer:
    return CountingServer()


@pytest.fixture
def archive(api: PapersAPI, storage: Storage) -> Archive:
    return Archive(api, storage)


class TestSettling:
    async def test_a_list_never_read_is_read(self, archive: Archive, storage: Storage) -> None:
        await archive.freshen([DAY], MORNING)
        assert len(await storage.papers.candidates(DAY, DAY)) == 7
        assert await storage.papers.captured_at([DAY]) == {DAY: MORNING}

    async def test_a_list_read_within_half_an_hour_is_not_read_again(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        await archive.refresh(DAY, MORNING)
        await archive.freshen([DAY], MORNING + FRESH_FOR)
        assert papers_server.asked == [DAY]

    async def test_a_list_read_longer_ago_is_read_again(self, archive: Archive, papers_server: CountingServer) -> None:
        await archive.refresh(DAY, MORNING)
        await archive.freshen([DAY], MORNING + FRESH_FOR + MINUTE)
        assert papers_server.asked == [DAY, DAY]

    async def test_a_list_read_before_it_closed_is_read_again_however_fresh(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        await archive.refresh(DAY, CLOSED - MINUTE)
        await archive.freshen([DAY], CLOSED)
        assert papers_server.asked == [DAY, DAY]

    async def test_a_list_read_once_votes_had_settled_is_not_read_again(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        await archive.refresh(DAY, CLOSED + timedelta(days=14))
        await archive.freshen([DAY], CLOSED + timedelta(days=300))
        assert papers_server.asked == [DAY]

    async def test_with_the_api_down_a_list_read_after_it_closed_will_do(
        self, archive: Archive, papers_server: CountingServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        await archive.refresh(DAY, CLOSED)
        papers_server.down = True
        await archive.freshen([DAY], CLOSED + timedelta(days=1))
        assert "the list captured at 2026-01-16 03:00:00+00:00 will do" in caplog.text

    async def test_with_the_api_down_a_list_read_before_it_closed_will_not_do(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        await archive.refresh(DAY, CLOSED - MINUTE)
        papers_server.down = True
        with pytest.raises(PapersUnavailable, match="answered 400"):
            await archive.freshen([DAY], CLOSED + timedelta(days=1))

    async def test_with_the_api_down_a_list_never_read_will_not_do(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        papers_server.down = True
        with pytest.raises(PapersUnavailable):
            await archive.freshen([DAY], MORNING)

    async def test_many_digests_due_at_once_read_each_list_once(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        days = list(days_between(DAY - timedelta(days=6), DAY))
        await asyncio.gather(*(archive.freshen(days, MORNING) for _ in range(50)))
        assert papers_server.asked == days

    async def test_many_digests_due_at_once_do_not_hammer_an_api_that_is_down(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        papers_server.down = True
        outcomes = await asyncio.gather(*(archive.freshen([DAY], MORNING) for _ in range(50)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [PapersUnavailable] * 50
        assert papers_server.asked == [DAY]

    async def test_after_a_failure_the_api_rests_for_two_minutes(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        papers_server.down = True
        with pytest.raises(PapersUnavailable):
            await archive.freshen([DAY], MORNING)
        papers_server.down = False
        with pytest.raises(PapersUnavailable, match="a moment ago"):
            await archive.freshen([DAY], MORNING + PAUSE_AFTER_FAILURE - timedelta(seconds=1))
        assert papers_server.asked == [DAY]
        await archive.freshen([DAY], MORNING + PAUSE_AFTER_FAILURE)
        assert papers_server.asked == [DAY, DAY]

    async def test_a_failure_among_several_days_keeps_what_was_read(
        self, archive: Archive, papers_server: CountingServer, storage: Storage
    ) -> None:
        await archive.freshen([DAY], MORNING)
        papers_server.down = True
        with pytest.raises(PapersUnavailable):
            await archive.freshen([DAY - timedelta(days=1), DAY], MORNING)
        assert len(await storage.papers.candidates(DAY, DAY)) == 7


class TestRefreshing:
    async def test_a_list_that_cannot_be_read_counts_as_not_read(
        self, archive: Archive, papers_server: CountingServer, storage: Storage
    ) -> None:
        papers_server.down = True
        with pytest.raises(PapersUnavailable):
            await archive.refresh(DAY, MORNING)
        assert await storage.papers.captured_at([DAY]) == {}

    async def test_an_empty_list_counts_as_read(self, archive: Archive, storage: Storage) -> None:
        sunday = date(2026, 1, 18)
        assert await archive.refresh(sunday, MORNING) == 0
        assert sunday in await storage.papers.captured_at([sunday])


class TestMissing:
    async def test_days_not_read_since_they_closed_are_missing_latest_first(self, archive: Archive) -> None:
        days = list(days_between(DAY - timedelta(days=4), DAY))
        await archive.refresh(days[1], closed_at(days[1]))
        await archive.refresh(days[3], closed_at(days[3]) - MINUTE)
        assert await archive.missing(days[0], days[4]) == [days[4], days[3], days[2], days[0]]

    async def test_what_was_read_is_missing_no_more(self, archive: Archive) -> None:
        for day in await archive.missing(DAY - timedelta(days=4), DAY):
            await archive.refresh(day, MORNING)
        assert await archive.missing(DAY - timedelta(days=4), DAY) == []

    async def test_years_of_days_are_asked_for_at_once(self, archive: Archive) -> None:
        assert len(await archive.missing(date(2000, 1, 1), date(2025, 12, 31))) == 9497


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [(DAY, DAY, 1), (DAY, DAY + timedelta(days=1), 2), (DAY, DAY - timedelta(days=1), 0), (DAY, date(2025, 1, 1), 0)],
)
def test_days_between_holds_both_ends(first: date, last: date, count: int) -> None:
    days = list(days_between(first, last))
    assert len(days) == count
    assert days == sorted(days)
    assert {day for day in days if not first <= day <= last} == set()


def test_days_between_reaches_the_end_of_the_calendar() -> None:
    assert list(days_between(date.max, date.max)) == [date.max]
