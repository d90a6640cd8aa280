"""Writing the index: full disks, deleted folders, kills and stops; and searches that go on meanwhile."""

import resource
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from bot.archive import Archive
from bot.papers import Paper
from bot.papers.api import PapersAPI
from bot.search import SearchIndex
from bot.storage import Storage
from tests.support.builders import DAY, MORNING, paper
from tests.support.indexes import SAMPLE_PAPERS, find, ids, open_index, parse_on_day, program, reopened
from tests.support.paths import ROOT


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SearchIndex]:
    """One that a test may change."""
    with open_index(tmp_path, SAMPLE_PAPERS) as opened:
        yield opened


class TestWriting:
    def test_papers_that_a_full_disk_kept_out_are_added_later(self, index: SearchIndex) -> None:
        many = [(n, paper(f"2602.{n:05}", title=f"Late {n}", abstract="word " * 200)) for n in range(100, 1100)]
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))
        try:
            with pytest.raises(ValueError, match=r"."):
                index.add_papers(many)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert index.change == len(SAMPLE_PAPERS)
        index.add_papers(many)
        assert (index.change, find(index, "late", 1).total) == (1099, 1000)

    def test_an_index_whose_write_was_interrupted_is_rebuilt(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        index = SearchIndex(folder, "archive", len(SAMPLE_PAPERS))
        with monkeypatch.context() as killed:
            killed.setattr(SearchIndex, "_write_papers", lambda *_: sys.exit())
            with pytest.raises(SystemExit):
                index.add_papers([(len(SAMPLE_PAPERS) + 1, paper("2601.00090"))])
        index.close()
        assert reopened(folder) == 0

    def test_a_folder_deleted_while_the_bot_runs_is_created_again(self, folder: Path) -> None:
        index = SearchIndex(folder, "archive", len(SAMPLE_PAPERS))
        shutil.rmtree(folder)
        with pytest.raises(ValueError, match=r"."):
            index.add_papers([(9, paper("2601.00090", title="Lost"))])
        assert (index.change, find(index, "attention").total) == (0, 0)
        index.add_papers([*enumerate(SAMPLE_PAPERS, 1), (9, paper("2601.00090", title="Regained"))])
        assert index.change == 9
        assert ids(index, "regained") == ["2601.00090"]
        assert find(index, "").total == len(SAMPLE_PAPERS) + 1
        index.close()
        assert reopened(folder, last_change=9) == 9

    def test_while_the_folder_cannot_be_created_each_write_tries_again(
        self, tmp_path: Path, index: SearchIndex
    ) -> None:
        shutil.rmtree(tmp_path / "paperboy.index")
        (tmp_path / "paperboy.index").write_text("in the way")
        for _ in range(2):
            with pytest.raises(ValueError, match=r"."):
                index.add_papers([(9, paper("2601.00090", title="Lost"))])
        (tmp_path / "paperboy.index").unlink()
        with pytest.raises(ValueError, match=r"."):
            index.add_papers([(9, paper("2601.00090", title="Lost"))])
        index.add_papers([(9, paper("2601.00090", title="Regained"))])
        assert ids(index, "regained") == ["2601.00090"]

    def test_a_marker_that_cannot_be_written_does_no_harm(self, tmp_path: Path, index: SearchIndex) -> None:
        marker = tmp_path / "paperboy.index" / "paperboy.json"
        marker.unlink()
        marker.mkdir()
        index.add_papers([(9, paper("2601.00090", title="Late"))])
        assert (index.change, ids(index, "late")) == (9, ["2601.00090"])
        index.add_papers([(10, paper("2601.00091", title="Later"))])
        assert (index.change, ids(index, "later")) == (10, ["2601.00091"])

    def test_papers_added_after_the_stop_are_left_to_the_next_start(self, folder: Path) -> None:
        index = SearchIndex(folder, "archive", len(SAMPLE_PAPERS))
        index.close()
        index.add_papers([(len(SAMPLE_PAPERS) + 1, paper("2601.00090"))])
        assert reopened(folder, last_change=len(SAMPLE_PAPERS) + 1) == len(SAMPLE_PAPERS)

    def test_a_stop_waits_for_a_write_under_way(self, tmp_path: Path) -> None:
        index = SearchIndex(tmp_path / "stopping.index", "archive", last_change=0)
        many = [(n, paper(f"2602.{n:05}", abstract="word " * 200)) for n in range(1, 2000)]
        with ThreadPoolExecutor() as pool:
            writing = pool.submit(index.add_papers, many)
            while not index._write_lock.locked():
                pass
            index.close()
            writing.result()
        assert SearchIndex(tmp_path / "stopping.index", "archive", last_change=1999).change == 1999


class TestFollowing:
    """The index and the archive together."""

    async def follow(self, folder: Path, storage: Storage, api: PapersAPI) -> tuple[int, int]:
        """Open the index and let it follow; gives the change number before and after."""
        search = SearchIndex(folder, await storage.papers.get_archive_id(), await storage.papers.get_last_change())
        before = search.change
        await Archive(api, storage, search).update_index()
        after, total = search.change, find(search, "attention OR robots OR more", 1).total
        search.close()
        assert total >= 3
        return before, after

    async def test_a_restart_adds_only_papers_that_are_new(
        self, tmp_path: Path, storage: Storage, api: PapersAPI
    ) -> None:
        folder = tmp_path / "paperboy.index"
        await storage.papers.record_list(DAY, SAMPLE_PAPERS, MORNING)
        assert await self.follow(folder, storage, api) == (0, 8)
        assert await self.follow(folder, storage, api) == (8, 8)
        await storage.papers.record_list(DAY, [*SAMPLE_PAPERS, paper("2601.00090", title="One more")], MORNING)
        assert await self.follow(folder, storage, api) == (8, 9)

    async def test_more_changes_than_fit_into_one_batch_are_all_indexed(
        self, tmp_path: Path, storage: Storage, api: PapersAPI
    ) -> None:
        many = [paper(f"2601.{number:05}", title="Many more") for number in range(2500)]
        await storage.papers.record_list(DAY, many, MORNING)
        search = SearchIndex(tmp_path / "paperboy.index", await storage.papers.get_archive_id(), 0)
        await Archive(api, storage, search).update_index()
        assert find(search, "many", 1).total == 2500
        search.close()

    async def test_a_folder_deleted_while_the_bot_runs_is_filled_again(
        self, tmp_path: Path, storage: Storage, api: PapersAPI, caplog: pytest.LogCaptureFixture
    ) -> None:
        await storage.papers.record_list(DAY, SAMPLE_PAPERS, MORNING)
        search = SearchIndex(tmp_path / "paperboy.index", await storage.papers.get_archive_id(), 0)
        archive = Archive(api, storage, search)
        await archive.update_index()
        shutil.rmtree(tmp_path / "paperboy.index")
        await storage.papers.record_list(DAY, [*SAMPLE_PAPERS, paper("2601.00090", title="One more")], MORNING)
        await archive.update_index()
        assert "the search index could not be updated" in caplog.text
        await archive.update_index()
        assert search.change == await storage.papers.get_last_change()
        assert find(search, "").total == len(SAMPLE_PAPERS) + 1
        search.close()

    async def test_an_archive_works_without_an_index(self, storage: Storage, api: PapersAPI) -> None:
        await storage.papers.record_list(DAY, SAMPLE_PAPERS, MORNING)
        await Archive(api, storage).update_index()


def test_an_index_killed_in_the_middle_of_a_write_is_rebuilt(folder: Path) -> None:
    """By SIGKILL, when the files of the write have begun to appear."""
    code = """
        many = [(n, paper(f"2602.{n:05}", abstract=f"word{n} " * 400)) for n in range(100, 20000)]
        index = SearchIndex(folder, "archive", 8)
        print("writing", flush=True)
        index.add_papers(many)
    """
    before = {each.name for each in folder.iterdir()}
    with subprocess.Popen([sys.executable, "-c", program(folder, code)], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"writing\n"
        while not {each.name for each in folder.iterdir()} - before - {".tantivy-writer.lock", ".tantivy-meta.lock"}:
            assert process.poll() is None
        process.kill()
    assert reopened(folder) == 0


class HaltingList(list[tuple[int, Paper]]):
    """Changes to write, which halt whoever reads them in the middle until they may go on."""

    def __init__(self, changes: Iterable[tuple[int, Paper]]) -> None:
        super().__init__(changes)
        self.is_half_read, self.may_go_on = Event(), Event()

    def __iter__(self) -> Iterator[tuple[int, Paper]]:
        for place in range(len(self)):
            if place == len(self) // 2:
                self.is_half_read.set()
                self.may_go_on.wait()
            yield self[place]


class TestReading:
    """Searches while others write, and writes while others search."""

    def test_a_search_sees_all_of_a_write_or_none_of_it(self, index: SearchIndex) -> None:
        batches = [
            [(first + n, paper(f"2602.{first + n:05}", title="Late arrival")) for n in range(50)]
            for first in range(100, 1100, 50)
        ]
        with ThreadPoolExecutor() as pool:
            writing = [pool.submit(index.add_papers, batch) for batch in batches]
            seen = []
            while not all(each.done() for each in writing):
                found = find(index, "arrival", 5)
                assert len(found.ids) == min(5, found.total)
                assert ids(index, "diffusion")
                assert [each.words for each in find(index, "arival").corrections] in ([], [("arrival",)])
                seen.append(found.total)
            for each in writing:
                each.result()
        assert all(total % 50 == 0 for total in seen)
        assert seen == sorted(seen)
        assert find(index, "arrival").total == 1000

    def test_threads_that_search_at_once_find_what_one_alone_finds(self, index: SearchIndex) -> None:
        texts = ["attention", "difusion", "networks -graphs", "author:zhang", "sort:date", "robot*", '"all you need"']
        alone = {text: find(index, text) for text in texts}
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda text: (text, find(index, text)), texts * 40))
        assert all(result == alone[text] for text, result in found)

    def test_a_search_does_not_wait_for_a_write(self, index: SearchIndex) -> None:
        many = HaltingList((n, paper(f"2602.{n:05}", abstract="word " * 300)) for n in range(100, 3000))
        with ThreadPoolExecutor() as pool:
            writing = pool.submit(index.add_papers, many)
            many.is_half_read.wait()
            try:
                for _ in range(20):
                    assert ids(index, "diffusion") == [SAMPLE_PAPERS[2].id]
                assert index._write_lock.locked()
            finally:
                many.may_go_on.set()
            while not writing.done():
                assert ids(index, "diffusion") == [SAMPLE_PAPERS[2].id]
            writing.result()
        assert find(index, "").total == len(SAMPLE_PAPERS) + 2900

    def test_a_batch_written_twice_is_found_once(self, index: SearchIndex) -> None:
        index.add_papers(list(enumerate(SAMPLE_PAPERS, 1)))
        assert find(index, "").total == len(SAMPLE_PAPERS)
        assert index.change == len(SAMPLE_PAPERS)

    def test_adding_no_papers_changes_nothing(self, index: SearchIndex) -> None:
        index.add_papers([])
        assert (index.change, find(index, "").total) == (len(SAMPLE_PAPERS), len(SAMPLE_PAPERS))

    def test_an_empty_index_finds_nothing(self, tmp_path: Path) -> None:
        with open_index(tmp_path / "empty", []) as empty:
            assert empty.change == 0
            for text in ("", "a", "min:5", "2601.00010", "a* sort:date", '"a b"'):
                assert (find(empty, text).ids, find(empty, text).total) == ((), 0)
            assert (
                empty.find_papers_by_title_start("a", limit=5)
                == empty.find_papers_by_name("author", "ab", limit=5)
                == ()
            )
            assert empty.find_similar_papers(SAMPLE_PAPERS[0], limit=5) == {}
            assert empty.make_snippet(parse_on_day("attention"), SAMPLE_PAPERS[0], 100).marks == ()
