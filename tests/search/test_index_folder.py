"""The folder of the index can always be rebuilt from the database: kept when it is sound, made again when it is not."""

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest
import tantivy

from bot.search import IndexUnusable, SearchIndex, invalidate_index
from bot.search import index as index_module
from bot.search.schema import SCHEMA_VERSION
from tests.support.builders import paper
from tests.support.indexes import SAMPLE_PAPERS, find, open_index, reopened, run_alone


class TestOpening:
    def test_a_reopened_index_goes_on_where_it_was(self, folder: Path) -> None:
        assert reopened(folder) == len(SAMPLE_PAPERS)

    def test_an_index_older_than_its_database_goes_on_where_it_was(self, folder: Path) -> None:
        assert reopened(folder, last_change=1000) == len(SAMPLE_PAPERS)

    def test_an_index_newer_than_its_database_is_rebuilt(self, folder: Path) -> None:
        assert reopened(folder, last_change=len(SAMPLE_PAPERS) - 1) == 0

    def test_an_index_of_another_archive_is_rebuilt(self, folder: Path) -> None:
        assert reopened(folder, archive="another") == 0

    def test_an_index_of_another_version_is_rebuilt(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(index_module, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
        assert reopened(folder) == 0

    def test_a_missing_index_is_built(self, folder: Path) -> None:
        shutil.rmtree(folder)
        assert reopened(folder) == 0

    def test_a_folder_with_something_else_in_it_becomes_an_index(self, folder: Path) -> None:
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / "notes.txt").write_text("mine")
        assert reopened(folder) == 0

    @pytest.mark.parametrize("marker", [b"", b"{", b"null", b"[]", b"{}", b"\xff\xfe", b'"' + b"x" * 10])
    def test_a_damaged_marker_leads_to_a_rebuild(self, folder: Path, marker: bytes) -> None:
        (folder / "paperboy.json").write_bytes(marker)
        assert reopened(folder) == 0

    def test_a_marker_without_an_index_leads_to_a_rebuild(self, folder: Path) -> None:
        marker = json.loads((folder / "paperboy.json").read_text())
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / "paperboy.json").write_text(json.dumps(marker))
        assert reopened(folder) == 0

    @pytest.mark.parametrize("kept", [0, 1, 20, 0.5, -1])
    def test_a_file_cut_short_leads_to_a_rebuild_or_does_no_harm(self, folder: Path, kept: float) -> None:
        names = [each.name for each in folder.iterdir() if each.is_file() and not each.name.endswith(".lock")]
        assert len(names) > 6
        for name in names:
            copy = folder.with_name(f"torn-{name}")
            shutil.copytree(folder, copy)
            body = (copy / name).read_bytes()
            size = int(kept) if kept != 0.5 else len(body) // 2
            (copy / name).write_bytes(body[:size])
            assert reopened(copy) in {0, len(SAMPLE_PAPERS)}, name

    def test_a_lost_file_leads_to_a_rebuild_or_does_no_harm(self, folder: Path) -> None:
        for name in [each.name for each in folder.iterdir()]:
            copy = folder.with_name(f"lost-{name}")
            shutil.copytree(folder, copy)
            (copy / name).unlink()
            assert reopened(copy) in {0, len(SAMPLE_PAPERS)}, name

    def test_a_lock_that_is_made_while_a_damaged_index_is_removed_does_no_harm(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        remove, removals = shutil.rmtree, []

        def remove_slowly(path: Path, *, ignore_errors: bool) -> None:
            remove(path, ignore_errors=ignore_errors)
            removals.append(path)
            if len(removals) == 1:
                path.mkdir()
                (path / ".tantivy-meta.lock").touch()

        next(folder.glob("*.pos")).unlink()
        monkeypatch.setattr(shutil, "rmtree", remove_slowly)
        assert reopened(folder) == 0

    def test_a_changed_byte_in_any_file_leads_to_a_rebuild_or_an_error_but_no_panic(self, folder: Path) -> None:
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

    def test_a_panic_over_a_damaged_file_becomes_an_error_that_says_so(
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

    def test_an_invalidated_index_is_rebuilt(self, folder: Path) -> None:
        invalidate_index(folder)
        invalidate_index(folder.with_name("nowhere"))
        assert reopened(folder) == 0

    def test_an_index_with_only_its_marker_and_meta_file_left_is_rebuilt(self, folder: Path) -> None:
        for each in folder.iterdir():
            if each.name not in {"paperboy.json", "meta.json"}:
                each.unlink()
        assert reopened(folder) == 0


class TestRefusing:
    def test_a_file_in_the_place_of_the_folder_is_refused(self, tmp_path: Path) -> None:
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


def test_the_index_works_where_threads_may_not_change_their_priority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbid(*_: int) -> None:
        raise PermissionError(1, "Operation not permitted")  # as in a sandbox

    monkeypatch.setattr(os, "setpriority", forbid)
    with open_index(tmp_path, SAMPLE_PAPERS) as index:
        assert find(index, "robot").ids
