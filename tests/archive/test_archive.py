"""Keeping the archive: what is read again before a digest, and what will do."""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from bot import archive as archives
from bot.app import Services
from bot.archive import FRESH_FOR, PAUSE_AFTER_FAILURE, Archive
from bot.demo.papers_server import PapersServer
from bot.digest import get_closing_time, list_days
from bot.papers import Paper
from bot.papers.api import PapersAPI, PapersUnavailable
from bot.reasons import Reason, ReasonKind
from bot.search import MODEL, Encoder, Meaning, SearchIndex
from bot.storage import Storage
from tests.support.builders import DAY, MORNING, entries, entry

if TYPE_CHECKING:
    import numpy as np

CLOSED = get_closing_time(DAY)
MINUTE = timedelta(minutes=1)
STRANGER = "1706.03762"


class CountingServer(PapersServer):
    """The papers API, with a paper on no list; remembers the days it was asked for.

    It refuses while it is `down`, and asks for patience while it is `busy`.
    """

    def __init__(self) -> None:
        super().__init__({DAY: entries(7)}, [entry(STRANGER, upvotes=100, numTotalModels=3)])
        self.asked: list[date] = []
        self.down = False
        self.busy = False
        self.dawdles = 0.0  # seconds, before it answers a look-up

    async def answer_list(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(date.fromisoformat(request.query["date"]))
        return self.refusal() or await super().answer_list(request)

    async def answer_paper(self, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(self.dawdles)
        return self.refusal() or await super().answer_paper(request)

    async def answer_search(self, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(self.dawdles)
        return self.refusal() or await super().answer_search(request)

    def refusal(self) -> web.Response | None:
        if self.busy:
            return web.json_response({"error": "slow down"}, status=429, headers={"Retry-After": "100"})
        return web.json_response({"error": "no"}, status=400) if self.down else None


@pytest.fixture
def papers_server() -> CountingServer:
    return CountingServer()


@pytest.fixture
def archive(api: PapersAPI, storage: Storage) -> Archive:
    return Archive(api, storage)


class TestSettling:
    async def test_a_list_never_read_is_read(self, archive: Archive, storage: Storage) -> None:
        await archive.ensure_fresh([DAY], MORNING)
        assert len(await storage.papers.list_candidates(DAY, DAY)) == 7
        assert await storage.papers.get_capture_times([DAY]) == {DAY: MORNING}

    async def test_a_list_read_within_half_an_hour_is_not_read_again(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        await archive.refresh_day(DAY, MORNING)
        await archive.ensure_fresh([DAY], MORNING + FRESH_FOR)
        assert papers_server.asked == [DAY]

    async def test_a_list_read_longer_ago_is_read_again(self, archive: Archive, papers_server: CountingServer) -> None:
        await archive.refresh_day(DAY, MORNING)
        await archive.ensure_fresh([DAY], MORNING + FRESH_FOR + MINUTE)
        assert papers_server.asked == [DAY, DAY]

    async def test_a_list_read_before_it_closed_is_read_again_however_fresh(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        await archive.refresh_day(DAY, CLOSED - MINUTE)
        await archive.ensure_fresh([DAY], CLOSED)
        assert papers_server.asked == [DAY, DAY]

    async def test_a_list_read_once_votes_had_settled_is_not_read_again(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        await archive.refresh_day(DAY, CLOSED + timedelta(days=14))
        await archive.ensure_fresh([DAY], CLOSED + timedelta(days=300))
        assert papers_server.asked == [DAY]

    async def test_with_the_api_down_a_list_read_after_it_closed_will_do(
        self, archive: Archive, papers_server: CountingServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        await archive.refresh_day(DAY, CLOSED)
        papers_server.down = True
        await archive.ensure_fresh([DAY], CLOSED + timedelta(days=1))
        assert "using the list read at 2026-01-16 03:00:00+00:00" in caplog.text

    async def test_with_the_api_down_a_list_read_before_it_closed_will_not_do(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        await archive.refresh_day(DAY, CLOSED - MINUTE)
        papers_server.down = True
        with pytest.raises(PapersUnavailable, match="papers_refused number=400"):
            await archive.ensure_fresh([DAY], CLOSED + timedelta(days=1))

    async def test_with_the_api_down_a_list_never_read_will_not_do(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        papers_server.down = True
        with pytest.raises(PapersUnavailable):
            await archive.ensure_fresh([DAY], MORNING)

    async def test_many_digests_due_at_once_read_each_list_once(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        days = list(list_days(DAY - timedelta(days=6), DAY))
        await asyncio.gather(*(archive.ensure_fresh(days, MORNING) for _ in range(50)))
        assert papers_server.asked == days

    async def test_many_digests_due_at_once_do_not_hammer_an_api_that_is_down(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        papers_server.down = True
        outcomes = await asyncio.gather(
            *(archive.ensure_fresh([DAY], MORNING) for _ in range(50)), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [PapersUnavailable] * 50
        assert papers_server.asked == [DAY]

    async def test_after_a_failure_the_api_rests_for_two_minutes(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        papers_server.down = True
        with pytest.raises(PapersUnavailable):
            await archive.ensure_fresh([DAY], MORNING)
        papers_server.down = False
        with pytest.raises(PapersUnavailable, match="a moment ago"):
            await archive.ensure_fresh([DAY], MORNING + PAUSE_AFTER_FAILURE - timedelta(seconds=1))
        assert papers_server.asked == [DAY]
        await archive.ensure_fresh([DAY], MORNING + PAUSE_AFTER_FAILURE)
        assert papers_server.asked == [DAY, DAY]

    async def test_an_api_that_asks_for_patience_is_not_said_to_be_silent(
        self, archive: Archive, papers_server: CountingServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(archives, "REFRESH_TIMEOUT", 2)
        papers_server.busy = True
        reasons = []
        for minutes in (0, 1, 2):
            with pytest.raises(PapersUnavailable) as unavailable:
                await archive.ensure_fresh([DAY], MORNING + minutes * MINUTE)
            reasons.append(unavailable.value.reason)
        assert reasons == [Reason(ReasonKind.PAPERS_REFUSED, number=429)] * 3

    async def test_a_failure_among_several_days_keeps_what_was_read(
        self, archive: Archive, papers_server: CountingServer, storage: Storage
    ) -> None:
        await archive.ensure_fresh([DAY], MORNING)
        papers_server.down = True
        with pytest.raises(PapersUnavailable):
            await archive.ensure_fresh([DAY - timedelta(days=1), DAY], MORNING)
        assert len(await storage.papers.list_candidates(DAY, DAY)) == 7


class TestRefreshing:
    async def test_a_list_that_cannot_be_read_counts_as_not_read(
        self, archive: Archive, papers_server: CountingServer, storage: Storage
    ) -> None:
        papers_server.down = True
        with pytest.raises(PapersUnavailable):
            await archive.refresh_day(DAY, MORNING)
        assert await storage.papers.get_capture_times([DAY]) == {}

    async def test_an_empty_list_counts_as_read(self, archive: Archive, storage: Storage) -> None:
        sunday = date(2026, 1, 18)
        assert await archive.refresh_day(sunday, MORNING) == 0
        assert sunday in await storage.papers.get_capture_times([sunday])


class TestMissing:
    async def test_days_not_read_since_they_closed_are_missing_latest_first(self, archive: Archive) -> None:
        days = list(list_days(DAY - timedelta(days=4), DAY))
        await archive.refresh_day(days[1], get_closing_time(days[1]))
        await archive.refresh_day(days[3], get_closing_time(days[3]) - MINUTE)
        assert await archive.find_missing_days(days[0], days[4]) == [days[4], days[3], days[2], days[0]]

    async def test_what_was_read_is_missing_no_more(self, archive: Archive) -> None:
        for day in await archive.find_missing_days(DAY - timedelta(days=4), DAY):
            await archive.refresh_day(day, MORNING)
        assert await archive.find_missing_days(DAY - timedelta(days=4), DAY) == []

    async def test_years_of_days_are_asked_for_at_once(self, archive: Archive) -> None:
        assert len(await archive.find_missing_days(date(2000, 1, 1), date(2025, 12, 31))) == 9497


class TestLookingUp:
    async def test_a_paper_on_no_list_is_fetched_kept_and_found_again(self, services: Services) -> None:
        paper = await services.archive.fetch_paper(STRANGER, MORNING)
        assert paper
        assert (paper.upvotes, paper.linked_models, paper.day) == (100, 3, None)
        assert await services.storage.papers.get([STRANGER]) == [paper]
        assert services.search.change == await services.storage.papers.get_last_change() == 1

    async def test_nobody_waits_for_years_of_papers_that_the_index_takes_in(
        self, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await services.archive.refresh_day(DAY, MORNING)
        begun, free, update = threading.Event(), threading.Event(), services.search.add_papers

        def slow(changes: list[tuple[int, Paper]]) -> None:
            begun.set()
            assert free.wait(60)
            update(changes)

        monkeypatch.setattr(services.search, "add_papers", slow)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(services.archive.update_index())
            await asyncio.to_thread(begun.wait, 60)
            async with asyncio.timeout(30):
                paper = await services.archive.fetch_paper(STRANGER, MORNING)
            assert paper
            assert services.search.change == 0
            free.set()
        assert (
            services.search.change == await services.storage.papers.get_last_change() == 8
        )  # whoever had begun took it in

    async def test_a_paper_of_a_list_keeps_its_day_and_gains_what_a_look_up_tells(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        await archive.refresh_day(DAY, MORNING)
        papers_server.lists = {DAY: [entry("2601.00001", upvotes=99, numTotalSpaces=2)]}
        paper = await archive.fetch_paper("2601.00001", MORNING + MINUTE)
        assert paper
        assert (paper.day, paper.upvotes, paper.linked_spaces) == (DAY, 99, 2)

    async def test_a_fetched_paper_is_on_no_list_and_in_no_digest(self, archive: Archive, storage: Storage) -> None:
        await archive.fetch_paper("2601.00001", MORNING)  # its day is known to the Hub; its list was not read
        assert await storage.papers.list_candidates(date.min, date.max) == ()
        assert await storage.papers.get_capture_times([DAY]) == {}

    async def test_a_paper_that_does_not_exist_is_none_and_leaves_nothing(
        self, archive: Archive, storage: Storage
    ) -> None:
        assert await archive.fetch_paper("2601.99999", MORNING) is None
        assert await storage.papers.get_last_change() == 0

    async def test_ten_people_fetch_the_same_paper_at_once(self, services: Services) -> None:
        papers = await asyncio.gather(*(services.archive.fetch_paper(STRANGER, MORNING) for _ in range(10)))
        assert len(set(papers)) == 1
        assert await services.storage.papers.get_last_change() == 1
        assert await services.storage.papers.list_snapshots(STRANGER) == [(MORNING, 100)]

    async def test_the_hubs_search_finds_strangers_and_keeps_none(self, archive: Archive, storage: Storage) -> None:
        (found,) = await archive.search_hub(f"paper {STRANGER}", 5)
        assert (found.id, found.day) == (STRANGER, None)
        assert await storage.papers.get_last_change() == 0

    async def test_the_hubs_search_tells_of_a_known_paper_what_is_known(
        self, archive: Archive, papers_server: CountingServer, storage: Storage
    ) -> None:
        papers_server.lists = {DAY: [entry("2601.00001", ai_summary="In short.", upvotes=1)]}
        await archive.refresh_day(DAY, MORNING)
        papers_server.lists = {DAY: [entry("2601.00001", upvotes=9)]}
        (found,) = await archive.search_hub("2601.00001", 5)
        assert (found.day, found.ai_summary, found.upvotes) == (DAY, "In short.", 9)
        assert [paper.upvotes for paper in await storage.papers.get([found.id])] == [1]

    async def test_with_the_api_down_it_is_said_so(self, archive: Archive, papers_server: CountingServer) -> None:
        papers_server.down = True
        with pytest.raises(PapersUnavailable, match="papers_refused number=400"):
            await archive.fetch_paper(STRANGER, MORNING)
        with pytest.raises(PapersUnavailable, match="papers_refused number=400"):
            await archive.search_hub("attention", 5)

    async def test_nobody_waits_for_an_api_that_dawdles(
        self, archive: Archive, papers_server: CountingServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(archives, "LOOKUP_TIMEOUT", 0.1)
        papers_server.dawdles = 1
        with pytest.raises(PapersUnavailable, match="papers_unreachable"):
            await archive.fetch_paper(STRANGER, MORNING)
        with pytest.raises(PapersUnavailable, match="papers_unreachable"):
            await archive.search_hub("attention", 5)

    async def test_a_look_up_that_fails_does_not_keep_a_due_digest_from_its_lists(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        papers_server.down = True
        with pytest.raises(PapersUnavailable):
            await archive.fetch_paper(STRANGER, MORNING)
        papers_server.down = False
        await archive.ensure_fresh([DAY], MORNING)
        assert papers_server.asked == [DAY]


class Counting:
    """The model, which remembers what it was given, and is slow if it is told so."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.given: list[str] = []
        self.begun, self.free = threading.Event(), threading.Event()
        self.free.set()

    def embed(self, text: str) -> "np.ndarray":
        self.given.append(text)
        self.begun.set()
        assert self.free.wait(60)
        return self._encoder.embed(text)


@pytest.fixture
def counting(encoder: Encoder) -> Counting:
    return Counting(encoder)


@pytest.fixture
async def understanding(tmp_path: Path, api: PapersAPI, storage: Storage, counting: Counting) -> AsyncIterator[Archive]:
    """An archive of seven papers, with the extra `semantic`."""
    search = SearchIndex(tmp_path / "paperboy.index", await storage.papers.get_archive_id(), 0, Meaning(counting))
    archive = Archive(api, storage, search)
    await archive.refresh_day(DAY, MORNING)
    yield archive
    search.close()


class TestEmbedding:
    async def test_every_paper_gets_its_vector_once(
        self, understanding: Archive, storage: Storage, counting: Counting
    ) -> None:
        await understanding.embed_papers()
        assert len(counting.given) == len(set(counting.given)) == 7
        assert await storage.embeddings.list_missing(MODEL, 10) == []
        await understanding.embed_papers()
        assert len(counting.given) == 7

    async def test_what_was_computed_is_found_at_once_and_kept(self, understanding: Archive, storage: Storage) -> None:
        await understanding.embed_papers()
        meaning = understanding._search and understanding._search.meaning
        assert meaning
        assert len(meaning) == 7
        kept = await storage.embeddings.get(MODEL, ["2601.00003"])
        assert meaning.find_nearest(kept["2601.00003"], 1) == pytest.approx({"2601.00003": 1.0})

    async def test_a_paper_whose_title_changes_gets_a_new_one(
        self, understanding: Archive, storage: Storage, counting: Counting, papers_server: CountingServer
    ) -> None:
        await understanding.embed_papers()
        before = await storage.embeddings.get(MODEL, ["2601.00001", "2601.00002"])
        changed = entry("2601.00001", title="Whales Sing", upvotes=70)
        papers_server.lists = {DAY: [changed, entry("2601.00002", upvotes=999)]}
        await understanding.refresh_day(DAY, MORNING + MINUTE)
        await understanding.embed_papers()
        assert counting.given[7:] == ["Whales Sing. What paper 2601.00001 is about."]
        after = await storage.embeddings.get(MODEL, ["2601.00001", "2601.00002"])
        assert after["2601.00001"] != before["2601.00001"]
        assert after["2601.00002"] == before["2601.00002"]
        meaning = understanding._search and understanding._search.meaning
        assert meaning
        assert len(meaning) == 7
        assert meaning.find_nearest(after["2601.00001"], 1) == pytest.approx({"2601.00001": 1.0})

    async def test_who_comes_while_vectors_are_computed_need_not_wait(
        self, understanding: Archive, counting: Counting
    ) -> None:
        counting.free.clear()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(understanding.embed_papers())
            assert await asyncio.to_thread(counting.begun.wait, 60)
            async with asyncio.timeout(30):
                await understanding.embed_papers()
            assert len(counting.given) == 1
            counting.free.set()
        assert len(counting.given) == 7

    async def test_without_the_extra_there_is_nothing_to_compute(self, services: Services) -> None:
        await services.archive.refresh_day(DAY, MORNING)
        await services.archive.embed_papers()
        assert len(await services.storage.embeddings.list_missing(MODEL, 10)) == 7


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [(DAY, DAY, 1), (DAY, DAY + timedelta(days=1), 2), (DAY, DAY - timedelta(days=1), 0), (DAY, date(2025, 1, 1), 0)],
)
def test_days_between_holds_both_ends(first: date, last: date, count: int) -> None:
    days = list(list_days(first, last))
    assert len(days) == count
    assert days == sorted(days)
    assert {day for day in days if not first <= day <= last} == set()


def test_days_between_reaches_the_end_of_the_calendar() -> None:
    assert list(list_days(date.max, date.max)) == [date.max]
