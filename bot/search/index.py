"""The folder that holds the full-text index over the archive.

The index is a folder beside the database and only ever derived from it. Each document carries the change
number of its row; the newest of them says where to go on. A missing, torn, foreign or outdated index is
made anew, and nothing but time is lost.
"""

import json
import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import tantivy

from bot.papers import Paper
from bot.search.schema import SCHEMA_VERSION, build_document, build_schema, register_analyzers

log = logging.getLogger(__name__)

WRITER_BYTES = 64 * 1024 * 1024
LOWEST_PRIORITY = 19  # of Linux's priorities
YIELD_EVERY = 8  # papers, or about a millisecond
_MARKER = "paperboy.json"


@dataclass(frozen=True, slots=True)
class Hits:
    """The ids of matching papers, best first, their scores, and how many match in all."""

    ids: tuple[str, ...]
    scores: tuple[float, ...]
    total: int


class IndexUnusable(Exception):
    """The folder cannot hold the index; the detail is the system's error."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"{path}: {detail}")
        self.path = path
        self.detail = detail


class Index:
    """The index in the folder `path` over the archive called `archive`.

    An index that knows changes beyond `last_change`, as after the database was restored from a backup,
    is made anew. Raises `IndexUnusable`.
    """

    def __init__(self, path: Path, archive: str, last_change: int) -> None:
        self._path = path
        self._marker = {"schema": SCHEMA_VERSION, "archive": archive}
        self._writer_thread = ThreadPoolExecutor(1, "index", initializer=_lower_priority)
        self._closed = False
        self._write_lock = threading.Lock()  # until the mark is back, also while a stop wants to close the index
        try:
            with _as_value_errors():
                self._open_existing(last_change)
        except (OSError, ValueError) as error:
            if path.exists():  # at the first start there is none
                log.info("rebuilding the search index at %s (%s)", path, error)
            self._create_new()

    def _open_existing(self, last_change: int) -> None:
        if json.loads((self._path / _MARKER).read_text(encoding="utf-8")) != self._marker:
            raise ValueError("it belongs to another archive or version")
        self._use_index(tantivy.Index.open(str(self._path)))
        self.run_query(
            tantivy.Query.term_query(self.schema, "title", "model"), 1
        )  # a torn segment shows itself when read
        if self.change > last_change:
            raise ValueError("it knows more than the archive")
        self._open_writer()  # last: its threads would be in the way of making the index anew

    def _create_new(self) -> None:
        shutil.rmtree(self._path, ignore_errors=True)
        try:
            self._path.mkdir(parents=True)
            self._use_index(tantivy.Index(build_schema(), path=str(self._path)))
            self._open_writer()
            self._write_marker()
        except (OSError, ValueError) as error:
            raise IndexUnusable(self._path, str(error)) from error

    def _use_index(self, index: tantivy.Index) -> None:
        register_analyzers(index)
        self._index = index
        self.change = self._read_newest_change()

    def _open_writer(self) -> None:
        """The threads that it starts give way, as the one that starts them does; none of them runs Python."""
        self._writer = self._writer_thread.submit(self._index.writer, WRITER_BYTES, 1).result()

    def _read_newest_change(self) -> int:
        newest = self._index.searcher().search(tantivy.Query.all_query(), 1, order_by_field="change")
        return int(newest.hits[0][0] or 0) if newest.hits else 0

    def add_papers(self, changes: Sequence[tuple[int, Paper]]) -> None:
        """Take in papers with their change numbers, in order; nothing once it is closed. Blocks: call it in a thread.

        Raises `ValueError` when they cannot be written; the index is then as it was, or empty and begins anew.
        """
        with self._write_lock:
            if self._closed:
                return
            invalidate_index(self._path)  # rot can abort the process; then the next start begins anew
            try:
                with _as_value_errors():
                    self._write_papers(changes)
            except ValueError:
                self._roll_back()
                raise
            self._write_marker()

    def _write_papers(self, changes: Sequence[tuple[int, Paper]]) -> None:
        for place, (change, paper) in enumerate(changes):
            if place % YIELD_EVERY == 0:
                time.sleep(0)  # lets those who wait for the interpreter have it
            self._writer.delete_documents_by_term("id", paper.id)
            self._writer.add_document(build_document(change, paper, self._index.schema))
        self._writer_thread.submit(self._writer.commit).result()  # which starts threads anew
        self._index.reload()
        self.change = self._read_newest_change()

    def _roll_back(self) -> None:
        """Without a rollback every later commit would quietly write nothing; if there is none, begin anew."""
        try:
            with _as_value_errors():
                self._writer.rollback()
            self._write_marker()
        except ValueError:
            with suppress(IndexUnusable):
                self._create_new()

    def _write_marker(self) -> None:
        with suppress(OSError):  # unmarked, it is made anew at the next start
            (self._path / _MARKER).write_text(json.dumps(self._marker), encoding="utf-8")

    @property
    def schema(self) -> tantivy.Schema:
        return self._index.schema

    def get_searcher(self) -> tantivy.Searcher:
        """A view of the index as it is now; commits that follow do not change it."""
        return self._index.searcher()

    def run_query(
        self, query: tantivy.Query, limit: int, offset: int = 0, *, by: str | None = None, pull: bool = False
    ) -> Hits:
        """What matches `query`: by score, which upvotes `pull` a little, or `by` the values of a field."""
        searcher = self.get_searcher()
        offset = min(max(offset, 0), searcher.num_docs)  # tantivy takes memory for all before it, or ends the process
        with _as_value_errors():
            result = searcher.search(
                query, limit, offset=offset, order_by_field=by, weight_by_field="pull" if pull else None
            )
            ids = [str(searcher.doc(address)["id"][0]) for _, address in result.hits]
        scores = [float(score) for score, _ in result.hits]
        return Hits(tuple(ids), tuple(scores), int(result.count))  # type: ignore[attr-defined]  # its stub forgot it

    def close(self) -> None:
        """Wait for merges under way, and let go of the folder."""
        with self._write_lock:
            self._closed = True
            self._writer.wait_merging_threads()
            self._writer_thread.shutdown()


def _lower_priority() -> None:
    """Let this thread, and those it starts, run when nobody else wants to: a search waits for no write."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST_PRIORITY)


def invalidate_index(path: Path) -> None:
    """Have the index in the folder `path` made anew when it is opened next."""
    with suppress(OSError):
        (path / _MARKER).unlink()


@contextmanager
def _as_value_errors() -> Iterator[None]:
    """Whatever goes wrong with the folder is a `ValueError`; tantivy's panics are no `Exception` by themselves."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise ValueError(f"the search index cannot be used: {error}") from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise ValueError(f"the search index is damaged: {error}") from error
        raise
