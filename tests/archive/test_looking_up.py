"""Looking up papers that no list has."""

import asyncio
import threading
from datetime import date, timedelta

import pytest

from bot import archive as archives
from bot.app import Services
from bot.archive import Archive
from bot.papers import Paper
from bot.papers.api import PapersUnavailable
from bot.storage import Storage
from tests.support.builders import DAY, MORNING, entry
from tests.support.papers_server import STRANGER, CountingServer

MINUTE = timedelta(minutes=1)


@pytest.fixture
def papers_server() -> CountingServer:
    return CountingServer()


class TestLookingUp:
    async def test_a_paper_on_no_list_is_fetched_kept_and_found_again(self, services: Services) -> None:
        paper = await services.archive.fetch_paper(STRANGER, MORNING)
        assert paper
        assert (paper.upvotes, paper.linked_models, paper.day) == (100, 3, None)
        assert await services.storage.papers.get([STRANGER]) == [paper]
        assert services.search.change == await services.storage.papers.get_last_change() == 1

    async def test_a_look_up_does_not_wait_while_the_index_takes_in_many_papers(
        self, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await services.archive.refresh_list(DAY, MORNING)
        begun, free, update = threading.Event(), threading.Event(), services.search.add_papers

        def slow(changes: list[tuple[int, Paper]]) -> None:
            begun.set()
            assert free.wait(60)
            update(changes)

        monkeypatch.setattr(services.search, "add_papers", slow)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(services.archive.update_index())
            assert await asyncio.to_thread(begun.wait, 60)
            assert await services.archive.fetch_paper(STRANGER, MORNING)
            assert services.search.change == 0
            free.set()
        # The update that had begun took it in.
        assert services.search.change == await services.storage.papers.get_last_change() == 8

    async def test_a_paper_of_a_list_keeps_its_day_and_gains_what_a_look_up_adds(
        self, archive: Archive, papers_server: CountingServer
    ) -> None:
        await archive.refresh_list(DAY, MORNING)
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

    async def test_the_hubs_search_finds_new_papers_and_stores_none(self, archive: Archive, storage: Storage) -> None:
        (found,) = await archive.search_hub(f"paper {STRANGER}", 5)
        assert (found.id, found.day) == (STRANGER, None)
        assert await storage.papers.get_last_change() == 0

    async def test_the_hubs_search_also_shows_what_we_know_about_a_paper(
        self, archive: Archive, papers_server: CountingServer, storage: Storage
    ) -> None:
        papers_server.lists = {DAY: [entry("2601.00001", ai_summary="In short.", upvotes=1)]}
        await archive.refresh_list(DAY, MORNING)
        papers_server.lists = {DAY: [entry("2601.00001", upvotes=9)]}
        (found,) = await archive.search_hub("2601.00001", 5)
        assert (found.day, found.ai_summary, found.upvotes) == (DAY, "In short.", 9)
        assert [paper.upvotes for paper in await storage.papers.get([found.id])] == [1]

    async def test_with_the_api_down_a_look_up_says_so(self, archive: Archive, papers_server: CountingServer) -> None:
        papers_server.down = True
        with pytest.raises(PapersUnavailable, match="papers_refused number=400"):
            await archive.fetch_paper(STRANGER, MORNING)
        with pytest.raises(PapersUnavailable, match="papers_refused number=400"):
            await archive.search_hub("attention", 5)

    async def test_nobody_waits_for_a_slow_api(
        self, archive: Archive, papers_server: CountingServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(archives, "LOOKUP_TIMEOUT", 0.1)
        papers_server.dawdles = True
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
        await archive.ensure_fresh_lists([DAY], MORNING)
        assert papers_server.asked == [DAY]
