"""The index's folder, which is only ever derived; and whatever is typed, it answers."""

import json
import resource
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest
import tantivy
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.archive import Archive
from bot.papers.api import PapersAPI
from bot.search import IndexUnusable, SearchIndex, invalidate_index
from bot.search import index as index_module
from bot.search.schema import SCHEMA_VERSION
from bot.storage import Storage
from tests.support.builders import DAY, MORNING, paper
from tests.support.indexes import SAMPLE_PAPERS, find, ids, open_index, parse_on_day
from tests.support.paths import ROOT
from tests.support.queries import ANYTHING, HEAPS, HOSTILE


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SearchIndex]:
    with open_index(tmp_path, SAMPLE_PAPERS) as opened:
        yield opened


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    """An index that no test changes."""
    with open_index(tmp_path_factory.mktemp("kept"), SAMPLE_PAPERS) as opened:
        yield opened


# Any text at all

WORDS = (
    *(
        "attention",
        "neural",
        "diffusion",
        "learning-model",
        "zhang",
        "title:",
        "id:",
        "change:",
        "nope:",
        "AND",
        "IN",
        "TO",
    ),
    *(
        "[",
        "]",
        "{",
        "}",
        "'",
        "^2",
        "^1e99",
        "~3",
        ">",
        "<=",
        "\\",
        "..",
        "5",
        "!",
        "?",
        "C++",
        "atention",
        "naïve",
        "注意",
    ),
)
PROSE = st.lists(st.sampled_from(WORDS), max_size=40).flatmap(
    lambda words: st.sampled_from(("", " ")).map(lambda between: between.join(words))
)


def check(index: SearchIndex, text: str) -> None:
    """What holds for any text."""
    known = {each.id for each in SAMPLE_PAPERS}
    query = parse_on_day(text)
    for found in (index.find_papers(query, limit=5), index.find_papers(query, limit=3, offset=5)):
        assert set(found.ids) <= known
        assert len(found.ids) == len(set(found.ids)) <= min(5, found.total)
        assert found.total <= len(known)
    assert set(index.complete_title(text, limit=3)) <= known
    assert len(index.complete_title(text, limit=3)) <= 3
    assert all(set(index.find_by_name(name, text, limit=3)) <= known for name in ("author", "org", "tag"))
    assert len(index.find_nearest_words(text, limit=2)) <= 2
    snippet = index.make_snippet(query, SAMPLE_PAPERS[0], 40)
    edges = [0, *(edge for mark in snippet.marks for edge in mark), len(snippet.text)]
    assert all(before <= after for before, after in pairwise(edges))
    assert all(start < end for start, end in snippet.marks)


@hypothesis_settings(max_examples=400, deadline=None)
@given(ANYTHING | HEAPS | PROSE)
@example("title:*")
@example("*:*")
@example("change:[1 TO 5]")
@example("attention^1e309")
@example('"attention is"~99999999999999999999')
@example("a\x00b")
@example("9" * 400)
def test_any_text_is_answered(kept: SearchIndex, text: str) -> None:
    check(kept, text)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_six_thousand_characters_of_anything_are_answered_soon(kept: SearchIndex, text: str) -> None:
    began = time.process_time()  # whatever else this machine has to do
    check(kept, text)
    assert time.process_time() - began < 3


def test_hostile_queries_take_no_memory_to_speak_of(tmp_path: Path) -> None:
    """In a process of its own, whose memory has a limit."""
    run_alone(
        tmp_path,
        """
        resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))
        from tests.support.queries import HOSTILE
        with open_index(folder, SAMPLE_PAPERS) as index:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            for text in HOSTILE:
                index.find_papers(parse_on_day(text), limit=5)
                index.find_papers(parse_on_day(text), limit=5, offset=10**12)
                index.complete_title(text, limit=5)
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            assert grown < 100_000, grown  # kilobytes
        """,
    )


def program(folder: Path, code: str) -> str:
    """`code` with what it needs of Python and of these tests."""
    imports = (
        "import os, resource",
        "from pathlib import Path",
        "from tests.support.indexes import *",
        "from tests.support.builders import *",
    )
    return "\n".join([*imports, f"folder = Path({str(folder)!r})", textwrap.dedent(code)])


def run_alone(folder: Path, code: str) -> None:
    """Run `code` in a process of its own; fails where that ends badly, as by a signal."""
    done = subprocess.run([sys.executable, "-c", program(folder, code)], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]


# The folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of an index over all the sample papers, closed."""
    made = SearchIndex(tmp_path / "paperboy.index", "archive", last_change=0)
    made.add_papers(list(enumerate(SAMPLE_PAPERS, 1)))
    made.close()
    return tmp_path / "paperboy.index"


def reopened(folder: Path, archive: str = "archive", last_change: int = len(SAMPLE_PAPERS)) -> int:
    """The change number from which an index opened in `folder` goes on; checks that it works."""
    index = SearchIndex(folder, archive, last_change)
    change = index.change
    assert len(ids(index, "attention")) == (2 if change else 0)
    index.add_papers([(change + 1, paper("2601.00090", title="One more"))])
    assert ids(index, "more") == ["2601.00090"]
    index.close()
    return change


class TestOpening:
    def test_an_index_goes_on_where_it_was(self, folder: Path) -> None:
        assert reopened(folder) == len(SAMPLE_PAPERS)

    def test_an_index_behind_its_database_goes_on_where_it_was(self, folder: Path) -> None:
        assert reopened(folder, last_change=1000) == len(SAMPLE_PAPERS)

    def test_an_index_ahead_of_its_database_is_made_anew(self, folder: Path) -> None:
        assert reopened(folder, last_change=len(SAMPLE_PAPERS) - 1) == 0

    def test_an_index_of_another_archive_is_made_anew(self, folder: Path) -> None:
        assert reopened(folder, archive="another") == 0

    def test_an_index_of_another_version_is_made_anew(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(index_module, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
        assert reopened(folder) == 0

    def test_a_missing_index_is_made(self, folder: Path) -> None:
        shutil.rmtree(folder)
        assert reopened(folder) == 0

    def test_a_folder_with_something_else_in_it_is_made_an_index(self, folder: Path) -> None:
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / "notes.txt").write_text("mine")
        assert reopened(folder) == 0

    @pytest.mark.parametrize("marker", [b"", b"{", b"null", b"[]", b"{}", b"\xff\xfe", b'"' + b"x" * 10])
    def test_a_torn_marker_has_the_index_made_anew(self, folder: Path, marker: bytes) -> None:
        (folder / "paperboy.json").write_bytes(marker)
        assert reopened(folder) == 0

    def test_a_marker_without_an_index_has_it_made_anew(self, folder: Path) -> None:
        marker = json.loads((folder / "paperboy.json").read_text())
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / "paperboy.json").write_text(json.dumps(marker))
        assert reopened(folder) == 0

    @pytest.mark.parametrize("kept", [0, 1, 20, 0.5, -1])
    def test_a_file_cut_short_has_the_index_made_anew_or_does_no_harm(self, folder: Path, kept: float) -> None:
        names = [each.name for each in folder.iterdir() if each.is_file() and not each.name.endswith(".lock")]
        assert len(names) > 6
        for name in names:
            copy = folder.with_name(f"torn-{name}")
            shutil.copytree(folder, copy)
            body = (copy / name).read_bytes()
            size = int(kept) if kept != 0.5 else len(body) // 2
            (copy / name).write_bytes(body[:size])
            assert reopened(copy) in {0, len(SAMPLE_PAPERS)}, name

    def test_a_lost_file_has_the_index_made_anew_or_does_no_harm(self, folder: Path) -> None:
        for name in [each.name for each in folder.iterdir()]:
            copy = folder.with_name(f"lost-{name}")
            shutil.copytree(folder, copy)
            (copy / name).unlink()
            assert reopened(copy) in {0, len(SAMPLE_PAPERS)}, name

    def test_rot_in_any_file_is_an_index_made_anew_or_an_error_but_no_panic(self, folder: Path) -> None:
        random = Random(7)
        for name in [each.name for each in folder.iterdir() if each.stat().st_size]:
            copy = folder.with_name(f"rotten-{name}")
            shutil.copytree(folder, copy)
            body = bytearray((copy / name).read_bytes())
            body[random.randrange(len(body))] ^= 0xFF
            (copy / name).write_bytes(body)
            with suppress(ValueError):
                index = SearchIndex(copy, "archive", len(SAMPLE_PAPERS))
                find(index, "attention", 5)
                index.add_papers([(len(SAMPLE_PAPERS) + 1, paper("2601.00090", title="One more"))])

    def test_a_panic_over_rot_is_an_error_that_says_so(
        self, index: SearchIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """tantivy panics over few rotten bytes only; a panic is no `Exception`."""

        class PanicException(BaseException):
            pass

        def panic(*_: object, **__: object) -> None:
            raise PanicException("index out of bounds")

        monkeypatch.setattr(SearchIndex, "get_searcher", lambda _: SimpleNamespace(search=panic, num_docs=8))
        with pytest.raises(ValueError, match="the search index is damaged: index out of bounds"):
            index.run_query(tantivy.Query.all_query(), 5)

    def test_a_forgotten_index_is_made_anew(self, folder: Path) -> None:
        invalidate_index(folder)
        invalidate_index(folder.with_name("nowhere"))
        assert reopened(folder) == 0

    def test_every_file_lost_but_the_marker_and_meta_has_the_index_made_anew(self, folder: Path) -> None:
        for each in folder.iterdir():
            if each.name not in {"paperboy.json", "meta.json"}:
                each.unlink()
        assert reopened(folder) == 0


class TestWriting:
    def test_what_a_full_disk_kept_out_is_taken_in_later(self, index: SearchIndex) -> None:
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

    def test_an_index_that_was_killed_while_it_was_written_is_made_anew(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        index = SearchIndex(folder, "archive", len(SAMPLE_PAPERS))
        with monkeypatch.context() as killed:
            killed.setattr(SearchIndex, "_write_papers", lambda *_: sys.exit())
            with pytest.raises(SystemExit):
                index.add_papers([(len(SAMPLE_PAPERS) + 1, paper("2601.00090"))])
        index.close()
        assert reopened(folder) == 0

    def test_a_folder_deleted_while_the_bot_runs_is_begun_anew(self, folder: Path) -> None:
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

    def test_while_there_is_no_folder_to_be_had_each_write_tries_again(
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

    def test_a_marker_that_cannot_be_written_costs_nothing(self, tmp_path: Path, index: SearchIndex) -> None:
        marker = tmp_path / "paperboy.index" / "paperboy.json"
        marker.unlink()
        marker.mkdir()
        index.add_papers([(9, paper("2601.00090", title="Late"))])
        assert (index.change, ids(index, "late")) == (9, ["2601.00090"])
        index.add_papers([(10, paper("2601.00091", title="Later"))])
        assert (index.change, ids(index, "later")) == (10, ["2601.00091"])

    def test_what_comes_after_the_stop_is_left_to_the_next_start(self, folder: Path) -> None:
        index = SearchIndex(folder, "archive", len(SAMPLE_PAPERS))
        index.close()
        index.add_papers([(len(SAMPLE_PAPERS) + 1, paper("2601.00090"))])
        assert reopened(folder, last_change=len(SAMPLE_PAPERS) + 1) == len(SAMPLE_PAPERS)

    def test_a_stop_while_a_thread_writes_waits_for_it(self, tmp_path: Path) -> None:
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

    async def test_a_restart_adds_nothing_again_and_then_only_what_is_new(
        self, tmp_path: Path, storage: Storage, api: PapersAPI
    ) -> None:
        folder = tmp_path / "paperboy.index"
        await storage.papers.record_list(DAY, SAMPLE_PAPERS, MORNING)
        assert await self.follow(folder, storage, api) == (0, 8)
        assert await self.follow(folder, storage, api) == (8, 8)
        await storage.papers.record_list(DAY, [*SAMPLE_PAPERS, paper("2601.00090", title="One more")], MORNING)
        assert await self.follow(folder, storage, api) == (8, 9)

    async def test_more_changes_than_fit_into_one_batch_are_all_followed(
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

    async def test_an_archive_without_an_index_has_none_to_follow(self, storage: Storage, api: PapersAPI) -> None:
        await storage.papers.record_list(DAY, SAMPLE_PAPERS, MORNING)
        await Archive(api, storage).update_index()


class TestReading:
    """Searches while others write, and writes while others search."""

    def test_a_search_sees_all_of_a_write_or_nothing_of_it(self, index: SearchIndex) -> None:
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
                assert index.find_nearest_words("arival", limit=1) in ([], ["arrival"])
                seen.append(found.total)
            for each in writing:
                each.result()
        assert all(total % 50 == 0 for total in seen)
        assert seen == sorted(seen)
        assert find(index, "arrival").total == 1000

    def test_many_threads_find_the_same(self, kept: SearchIndex) -> None:
        texts = ["attention", "difusion", "networks -graphs", "author:zhang", "sort:date", "robot*", '"all you need"']
        alone = {text: find(kept, text) for text in texts}
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda text: (text, find(kept, text)), texts * 40))
        assert all(result == alone[text] for text, result in found)

    def test_a_search_need_not_wait_for_a_write(self, index: SearchIndex) -> None:
        many = [(n, paper(f"2602.{n:05}", abstract="word " * 300)) for n in range(100, 3000)]
        with ThreadPoolExecutor() as pool:
            writing = pool.submit(index.add_papers, many)
            answered = 0
            while not writing.done():
                assert ids(index, "diffusion") == [SAMPLE_PAPERS[2].id]
                answered += 1
            writing.result()
        assert answered > 10

    def test_a_batch_written_twice_is_found_once(self, index: SearchIndex) -> None:
        index.add_papers(list(enumerate(SAMPLE_PAPERS, 1)))
        assert find(index, "").total == len(SAMPLE_PAPERS)
        assert index.change == len(SAMPLE_PAPERS)

    def test_nothing_to_take_in_changes_nothing(self, index: SearchIndex) -> None:
        index.add_papers([])
        assert (index.change, find(index, "").total) == (len(SAMPLE_PAPERS), len(SAMPLE_PAPERS))

    def test_an_empty_index_finds_nothing(self, tmp_path: Path) -> None:
        with open_index(tmp_path / "empty", []) as empty:
            assert empty.change == 0
            for text in ("", "a", "min:5", "2601.00010", "a* sort:date", '"a b"'):
                assert (find(empty, text).ids, find(empty, text).total) == ((), 0)
            assert empty.complete_title("a", limit=5) == empty.find_by_name("author", "ab", limit=5) == ()
            assert empty.find_similar(SAMPLE_PAPERS[0], limit=5) == ()
            assert empty.make_snippet(parse_on_day("attention"), SAMPLE_PAPERS[0], 100).marks == ()


class TestRefusing:
    def test_a_file_in_the_folders_place_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "paperboy.index").write_text("mine")
        with pytest.raises(IndexUnusable, match=r"paperboy\.index: "):
            SearchIndex(tmp_path / "paperboy.index", "archive", last_change=0)
        assert (tmp_path / "paperboy.index").read_text() == "mine"

    @pytest.mark.parametrize("marker", [None, b"{}"])
    def test_a_folder_nobody_may_write_is_refused(self, folder: Path, marker: bytes | None) -> None:
        """By a process without root's right to write everywhere."""
        if marker:
            (folder / "paperboy.json").write_bytes(marker)
        with TemporaryDirectory() as readable:
            Path(readable).chmod(0o755)
            locked = shutil.copytree(folder, Path(readable) / "paperboy.index")
            locked.chmod(0o555)
            run_alone(
                locked,
                """
                from bot.search import IndexUnusable
                if os.getuid() == 0:
                    os.setuid(65534)
                try:
                    SearchIndex(folder, "archive", 8)
                except IndexUnusable as error:
                    assert str(folder) in str(error)
                else:
                    raise AssertionError("it was opened")
                """,
            )
            locked.chmod(0o755)


def test_an_index_killed_in_the_middle_of_a_write_is_made_anew(folder: Path) -> None:
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
