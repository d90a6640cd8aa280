"""Reading lists again before a digest: when it is needed, and what is enough when the API is down."""

import asyncio
from datetime import date, timedelta

import pytest

from bot.archive import FRESH_FOR, PAUSE_AFTER_FAILURE, Archive
from bot.digest import get_closing_time, list_days_between
from bot.papers.api import PapersUnavailable
from bot.reasons import Reason, ReasonKind
from bot.storage import Storage
from tests.support.builders import DAY, MORNING
from tests.support.papers_server import CountingServer
from tests.support.waiting import skip_waits

MINUTE = timedelta(minutes=1)
CLOSED = get_closing_time(DAY)


@pytest.fixture
def papers_server() -> CountingServer:
    return CountingServer()


class TestSettling:
    async def test_a_list_never_read_is_read(self, archive: Archive, storage: Storage) -> None:
        await archive.ensure_fresh_lists([DAY], MORNING)
        assert len(await storage.papers.list_candidates(DAY, DAY)) == 7
        assert await storage.papers.get_capture_times([DAY]) == {DAY: MORNING}

    async def test_a_list_read_within_half_an_hour_is_not_read_again(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        await archive.refresh_list(DAY, MORNING)
        await archive.ensure_fresh_lists([DAY], MORNING + FRESH_FOR)
        assert papers_server.asked == [DAY]

    async def test_a_list_read_longer_ago_is_read_again(self, archive: Archive, papers_server: CountingServer) -> None:
        await archive.refresh_list(DAY, MORNING)
        await archive.ensure_fresh_lists([DAY], MORNING + FRESH_FOR + MINUTE)
        assert papers_server.asked == [DAY, DAY]

    async def test_a_list_read_before_it_closed_is_always_read_again(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        await archive.refresh_list(DAY, CLOSED - MINUTE)
        await archive.ensure_fresh_lists([DAY], CLOSED)
        assert papers_server.asked == [DAY, DAY]

    async def test_a_list_read_once_votes_had_settled_is_not_read_again(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        await archive.refresh_list(DAY, CLOSED + timedelta(days=14))
        await archive.ensure_fresh_lists([DAY], CLOSED + timedelta(days=300))
        assert papers_server.asked == [DAY]

    async def test_with_the_api_down_a_list_read_after_it_closed_is_good_enough(
        self, archive: Archive, papers_server: CountingServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        await archive.refresh_list(DAY, CLOSED)
        papers_server.down = True
        await archive.ensure_fresh_lists([DAY], CLOSED + timedelta(days=1))
        assert "using the list read at 2026-01-16 03:00:00+00:00" in caplog.text

    async def test_with_the_api_down_a_list_read_before_it_closed_is_not_good_enough(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        await archive.refresh_list(DAY, CLOSED - MINUTE)
        papers_server.down = True
        with pytest.raises(PapersUnavailable, match="papers_refused number=400"):
            await archive.ensure_fresh_lists([DAY], CLOSED + timedelta(days=1))

    async def test_with_the_api_down_a_list_never_read_is_reported(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        papers_server.down = True
        with pytest.raises(PapersUnavailable):
            await archive.ensure_fresh_lists([DAY], MORNING)

    async def test_many_digests_due_at_once_read_each_list_once(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        days = list(list_days_between(DAY - timedelta(days=6), DAY))
        await asyncio.gather(*(archive.ensure_fresh_lists(days, MORNING) for _ in range(50)))
        assert papers_server.asked == days

    async def test_many_digests_due_at_once_do_not_hammer_an_api_that_is_down(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        papers_server.down = True
        outcomes = await asyncio.gather(
            *(archive.ensure_fresh_lists([DAY], MORNING) for _ in range(50)), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [PapersUnavailable] * 50
        assert papers_server.asked == [DAY]

    async def test_after_a_failure_the_api_rests_for_two_minutes(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        papers_server.down = True
        with pytest.raises(PapersUnavailable):
            await archive.ensure_fresh_lists([DAY], MORNING)
        papers_server.down = False
        with pytest.raises(PapersUnavailable, match="a moment ago"):
            await archive.ensure_fresh_lists([DAY], MORNING + PAUSE_AFTER_FAILURE - timedelta(seconds=1))
        assert papers_server.asked == [DAY]
        await archive.ensure_fresh_lists([DAY], MORNING + PAUSE_AFTER_FAILURE)
        assert papers_server.asked == [DAY, DAY]

    async def test_an_api_that_asks_us_to_wait_is_not_reported_as_unreachable(
        self, archive: Archive, papers_server: CountingServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        skip_waits(monkeypatch)
        papers_server.busy = True
        reasons = []
        for minutes in (0, 1, 2):
            with pytest.raises(PapersUnavailable) as unavailable:
                await archive.ensure_fresh_lists([DAY], MORNING + minutes * MINUTE)
            reasons.append(unavailable.value.reason)
        assert reasons == [Reason(ReasonKind.PAPERS_FAILED, number=429)] * 3

    async def test_a_failure_among_several_days_keeps_what_was_read(
        self, archive: Archive, papers_server: CountingServer, storage: Storage
    ) -> None:
        await archive.ensure_fresh_lists([DAY], MORNING)
        papers_server.down = True
        with pytest.raises(PapersUnavailable):
            await archive.ensure_fresh_lists([DAY - timedelta(days=1), DAY], MORNING)
        assert len(await storage.papers.list_candidates(DAY, DAY)) == 7


class TestRefreshing:
    async def test_a_list_that_cannot_be_read_counts_as_not_read(
        self, archive: Archive, papers_server: CountingServer, storage: Storage
    ) -> None:
        papers_server.down = True
        with pytest.raises(PapersUnavailable):
            await archive.refresh_list(DAY, MORNING)
        assert await storage.papers.get_capture_times([DAY]) == {}

    async def test_an_empty_list_counts_as_read(self, archive: Archive, storage: Storage) -> None:
        sunday = date(2026, 1, 18)
        assert await archive.refresh_list(sunday, MORNING) == 0
        assert sunday in await storage.papers.get_capture_times([sunday])


class TestMissing:
    async def test_days_not_read_since_they_closed_are_missing_latest_first(self, archive: Archive) -> None:
        days = list(list_days_between(DAY - timedelta(days=4), DAY))
        await archive.refresh_list(days[1], get_closing_time(days[1]))
        await archive.refresh_list(days[3], get_closing_time(days[3]) - MINUTE)
        assert await archive.find_missing_days(days[0], days[4]) == [days[4], days[3], days[2], days[0]]

    async def test_days_that_were_read_are_no_longer_missing(self, archive: Archive) -> None:
        for day in await archive.find_missing_days(DAY - timedelta(days=4), DAY):
            await archive.refresh_list(day, MORNING)
        assert await archive.find_missing_days(DAY - timedelta(days=4), DAY) == []

    async def test_years_of_days_are_asked_for_at_once(self, archive: Archive) -> None:
        assert len(await archive.find_missing_days(date(2000, 1, 1), date(2025, 12, 31))) == 9497


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [(DAY, DAY, 1), (DAY, DAY + timedelta(days=1), 2), (DAY, DAY - timedelta(days=1), 0), (DAY, date(2025, 1, 1), 0)],
)
def test_a_list_of_days_includes_both_ends(first: date, last: date, count: int) -> None:
    days = list(list_days_between(first, last))
    assert len(days) == count
    assert days == sorted(days)
    assert {day for day in days if not first <= day <= last} == set()


def test_a_list_of_days_reaches_the_end_of_the_calendar() -> None:
    assert list(list_days_between(date.max, date.max)) == [date.max]
