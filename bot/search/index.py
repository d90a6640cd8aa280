"""The full-text index over the archive, in a folder beside the database.

Everything in it comes from the database. Each document has the change number of its row; the newest number says
where to continue. An index that is missing, damaged, outdated or from another archive is rebuilt, which costs only
time.
"""

import json
import logging
import os
import shutil
import sys
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import tantivy

from bot.papers import Paper
from bot.search.schema import (
    SCHEMA_VERSION,
    build_index_document,
    build_index_schema,
    get_id_number,
    read_id_number,
    register_analyzers,
    unpack_counts,
)

log = logging.getLogger(__name__)

WRITER_BYTES = 64 * 1024 * 1024
LOWEST_PRIORITY = 19  # of Linux's priorities
YIELD_EVERY = 8  # papers, or about a millisecond
MARKER = "paperboy.json"


@dataclass(frozen=True, slots=True)
class Hits:
    """The ids of matching papers, best first, their scores, and how many match in all."""

    ids: tuple[str, ...]
    scores: tuple[float, ...]
    total: int

    @property
    def best_score(self) -> float:
        return max(self.scores, default=0.0)


class IndexUnusable(Exception):
    """The folder cannot be used for the index; the detail is the system's error. Another bot may have `is_taken` it."""

    def __init__(self, path: Path, detail: str, *, is_taken: bool = False) -> None:
        super().__init__(f"{path}: {detail}")
        self.path = path
        self.detail = detail
        self.is_taken = is_taken


class Index:
    """The index in the folder `path` over the archive called `archive`.

    It is rebuilt if it has changes after `last_change`, which happens when the database was restored from a backup.
    Raises `IndexUnusable`.
    """

    def __init__(self, path: Path, archive: str, last_change: int) -> None:
        self._path = path
        self._marker = {"schema": SCHEMA_VERSION, "archive": archive}
        self._writer_thread = ThreadPoolExecutor(1, "index", initializer=_lower_priority)
        self._closed = False
        self._write_lock = threading.Lock()  # also keeps `close` waiting until a write has put the marker back
        try:
            with translate_errors():
                self._open_existing(last_change)
        except (OSError, ValueError) as error:
            if path.exists():  # at the first start there is none
                log.info("rebuilding the search index at %s (%s)", path, error)
            self._create_new()

    def _open_existing(self, last_change: int) -> None:
        if json.loads((self._path / MARKER).read_text(encoding="utf-8")) != self._marker:
            raise ValueError("it belongs to another archive or version")
        self._use_index(tantivy.Index.open(str(self._path)))
        self.run_query(tantivy.Query.term_query(self.schema, "title", "model"), 1)  # fails if a segment is damaged
        if self.change > last_change:
            raise ValueError("it knows more than the archive")
        self._open_writer()  # last, because its threads would get in the way of a rebuild

    def _create_new(self) -> None:
        shutil.rmtree(self._path, ignore_errors=True)
        if (
            self._path.is_dir()
        ):  # tantivy, which still watches an index that was damaged, has put a lock in it meanwhile
            shutil.rmtree(self._path, ignore_errors=True)
        try:
            self._path.mkdir(parents=True)
            self._use_index(tantivy.Index(build_index_schema(), path=str(self._path)))
            self._open_writer()
            self._write_marker()
        except (OSError, ValueError) as error:
            raise IndexUnusable(self._path, str(error)) from error

    def _use_index(self, index: tantivy.Index) -> None:
        register_analyzers(index)
        self._index = index
        self.change = self._read_newest_change()

    def _open_writer(self) -> None:
        """Open the writer in the thread of low priority: the threads that it starts inherit the priority."""
        self._writer = self._writer_thread.submit(self._index.writer, WRITER_BYTES, 1).result()

    def _read_newest_change(self) -> int:
        newest = self._index.searcher().search(tantivy.Query.all_query(), 1, order_by_field="change")
        return int(newest.hits[0][0] or 0) if newest.hits else 0

    @property
    def path(self) -> Path:
        return self._path

    def count_papers(self) -> int:
        """How many papers it has."""
        return int(self.get_searcher().num_docs)

    def add_papers(self, changes: Sequence[tuple[int, Paper]]) -> None:
        """Add papers with their change numbers, in order. Does nothing once it is closed. Blocks: call it in a thread.

        Raises `ValueError` if they cannot be written; the index is then as it was before, or empty.
        """
        with self._write_lock:
            if self._closed:
                return
            invalidate_index(self._path)  # a damaged file can abort the process; then the next start rebuilds it
            try:
                with translate_errors():
                    self._write_papers(changes)
            except ValueError:
                self._roll_back()
                raise
            self._write_marker()

    def _write_papers(self, changes: Sequence[tuple[int, Paper]]) -> None:
        for place, (change, paper) in enumerate(changes):
            if place % YIELD_EVERY == 0:
                time.sleep(0)  # lets other threads have the interpreter
            self._writer.delete_documents_by_term("id", paper.id)
            self._writer.add_document(build_index_document(change, paper, self._index.schema))
        self._writer_thread.submit(self._writer.commit).result()  # in this thread, as it starts new ones
        self._index.reload()
        self.change = self._read_newest_change()

    def _roll_back(self) -> None:
        """Roll back, without which every later commit would silently write nothing; rebuild if that fails."""
        try:
            with translate_errors():
                self._writer.rollback()
            self._write_marker()
        except ValueError:
            with suppress(IndexUnusable):
                self._create_new()

    def _write_marker(self) -> None:
        with suppress(OSError):  # without the marker, the next start rebuilds the index
            (self._path / MARKER).write_text(json.dumps(self._marker), encoding="utf-8")

    @property
    def schema(self) -> tantivy.Schema:
        return self._index.schema

    def get_searcher(self) -> tantivy.Searcher:
        """A view of the index as it is now; later commits do not change it."""
        return self._index.searcher()

    def run_query(
        self, query: tantivy.Query, limit: int, offset: int = 0, *, by: str | None = None, pull: bool = False
    ) -> Hits:
        """What matches `query`: by score, which upvotes `pull` up a little, or `by` the values of a field."""
        searcher = self.get_searcher()
        # tantivy allocates memory for every hit before the offset; a huge one would end the process.
        offset = min(max(offset, 0), searcher.num_docs)
        with translate_errors():
            result = searcher.search(
                query, limit, offset=offset, order_by_field=by, weight_by_field="pull" if pull else None
            )
            ids = read_ids(searcher, [address for _, address in result.hits])
        scores = [float(score) for score, _ in result.hits]
        return Hits(ids, tuple(scores), int(result.count))  # type: ignore[attr-defined]  # not in its stub

    def rank_papers(
        self, searcher: tantivy.Searcher, query: tantivy.Query, limit: int
    ) -> list[tuple[float, tantivy.DocAddress]]:
        """The scores of what matches `query`, best first, and where it is, as to read thousands of ids takes long."""
        with translate_errors():
            hits = searcher.search(query, max(1, limit), weight_by_field="pull", count=False).hits
        return [(float(score), address) for score, address in hits]

    def find_if_few(self, query: tantivy.Query, among: Collection[str]) -> frozenset[str] | None:
        """Those of the papers `among` that match `query`; None if more papers match it than these are."""
        searcher = self.get_searcher()
        with translate_errors():
            if searcher.search(query, 1).count > len(among):  # type: ignore[attr-defined]  # not in its stub
                return None
            return _find_ids(searcher, query, among)

    def find_restricted(self, query: tantivy.Query, among: Collection[str]) -> frozenset[str]:
        """The papers that match `query`, which is restricted to those `among` some."""
        with translate_errors():
            return _find_ids(self.get_searcher(), query, among)

    def read_stem_counts(self, ids: Collection[str]) -> dict[str, dict[str, int]]:
        """How often the text of each of these papers has each stem; papers that are not in the index are left out."""
        if not ids:
            return {}
        searcher = self.get_searcher()
        with translate_errors():
            query = tantivy.Query.term_set_query(self.schema, "id", list(ids))
            hits = searcher.search(query, len(ids), count=False).hits
            documents = [searcher.doc(address) for _, address in hits]
            return {str(each["id"][0]): unpack_counts(bytes(each["stems"][0])) for each in documents}

    def close(self) -> None:
        """Wait for merges in progress, and release the folder."""
        with self._write_lock:
            self._closed = True
            self._writer.wait_merging_threads()
            self._writer_thread.shutdown()


def read_ids(searcher: tantivy.Searcher, addresses: Sequence[tantivy.DocAddress]) -> tuple[str, ...]:
    """The ids of the papers that are there."""
    with translate_errors():
        return tuple(str(searcher.doc(address)["id"][0]) for address in addresses)


def _find_ids(searcher: tantivy.Searcher, query: tantivy.Query, among: Collection[str]) -> frozenset[str]:
    """Those of the papers `among` that match `query`, which no more papers match than these are.

    It reads the keys that sort papers, because to read thousands of documents takes long.
    """
    by_number = {get_id_number(each): each for each in among}
    hits = searcher.search(query, max(1, len(among)), order_by_field="by_upvotes", count=False).hits
    found = (by_number.get(read_id_number(int(key or 0))) for key, _ in hits)
    return frozenset(each for each in found if each)


def _lower_priority() -> None:
    """Give way to all other threads, with this thread and those it starts, so that no search waits for a write."""
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox may forbid it
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST_PRIORITY)


def invalidate_index(path: Path) -> None:
    """Have the index in the folder `path` rebuilt when it is opened next."""
    with suppress(OSError):
        (path / MARKER).unlink()


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise a `ValueError` for every problem with the folder; tantivy's panics are not even an `Exception`."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise ValueError(f"the search index cannot be used: {error}") from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise ValueError(f"the search index is damaged: {error}") from error
        raise
