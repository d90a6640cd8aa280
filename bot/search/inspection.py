"""A look into the folder of an index that changes nothing in it, beside a running bot too."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import tantivy

from bot.search.index import MARKER, IndexUnusable, translate_errors
from bot.search.schema import SCHEMA_VERSION, register_analyzers

_TRIES = 3
_PAUSE = 0.5  # seconds; while the bot writes, the marker is away, and merged segments are deleted


@dataclass(frozen=True, slots=True)
class IndexState:
    """What an index was made from, and how much is in it."""

    archive: str
    is_current: bool  # made by this version of the program
    change: int  # the newest change number that it has
    papers: int


def inspect_index(path: Path) -> IndexState:
    """Raises `FileNotFoundError` if there is none or it was given up, and `IndexUnusable` if it is not whole."""
    path.stat()
    for remaining in reversed(range(_TRIES)):
        try:
            with translate_errors():
                return _read_state(path)
        except (OSError, ValueError, KeyError) as error:
            if not remaining:
                (path / MARKER).stat()  # a restore and a backfill take it away, so that the index is made anew
                raise IndexUnusable(path, str(error)) from error
            time.sleep(_PAUSE)
    raise AssertionError  # the last try returned or raised


def _read_state(path: Path) -> IndexState:
    """Reads through links in another folder, as tantivy makes files for its locks where it reads."""
    marker = json.loads((path / MARKER).read_text(encoding="utf-8"))
    with TemporaryDirectory(prefix="paperboy-") as folder:
        for each in path.absolute().iterdir():
            if not each.name.endswith(".lock"):
                (Path(folder) / each.name).symlink_to(each)
        index = tantivy.Index.open(folder)
        register_analyzers(index)
        searcher = index.searcher()
        searcher.search(tantivy.Query.term_query(index.schema, "title", "model"), 1)
        newest = searcher.search(tantivy.Query.all_query(), 1, order_by_field="change")
        for _, address in newest.hits:
            searcher.doc(address)
        change = int(newest.hits[0][0] or 0) if newest.hits else 0
        return IndexState(marker["archive"], marker["schema"] == SCHEMA_VERSION, change, int(searcher.num_docs))
