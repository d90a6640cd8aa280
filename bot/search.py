"""Find: the full-text index over the archive.

The index is a folder beside the database and only ever derived from it. Each document carries the change
number of its row; the newest of them says where to go on. A missing, torn, foreign or outdated index is
made anew, and nothing but time is lost.
"""

import json
import logging
import re
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import tantivy

from bot.papers import Paper, paper_id

log = logging.getLogger(__name__)

SCHEMA_VERSION = 1  # raise it with every change of the fields or analyzers below
WRITER_BYTES = 64 * 1024 * 1024
LONGEST_WORD = 60
MOST_PARENTHESES = 50  # tantivy's parser recurses: a few thousand of them end the process
_MARKER = "paperboy.json"
# Title above tags and authors, above the abstract.
BOOSTS = {"title": 4.0, "tags": 2.0, "authors": 2.0, "organization": 1.5, "abstract": 1.0}
# Titles read "Name: what it does - and how". Tantivy would take the name for a field, the dash for a "not".
_PUNCTUATION = re.compile(rf"\b(?!(?:{'|'.join(BOOSTS)}):)(\w+):|(?<=\s)-(?=\s)")


@dataclass(frozen=True, slots=True)
class Found:
    """The ids of one page of papers, best first, and how many papers match in all."""

    ids: tuple[str, ...]
    total: int


class IndexRefused(Exception):
    """The folder cannot hold the index."""


class Search:
    """The index in the folder `path` over the archive called `archive`.

    An index that knows changes beyond `last_change`, as after the database was restored from a backup,
    is made anew. Raises `IndexRefused`.
    """

    def __init__(self, path: Path, archive: str, last_change: int) -> None:
        self._path = path
        self._marker = {"schema": SCHEMA_VERSION, "archive": archive}
        self._writing = threading.Lock()  # a stop may close the index while a thread still writes
        try:
            with _panics_as_errors():
                self._open(last_change)
        except (OSError, ValueError) as error:
            log.info("the search index at %s is made anew (%s)", path, error)
            self._create()

    def _open(self, last_change: int) -> None:
        if json.loads((self._path / _MARKER).read_text(encoding="utf-8")) != self._marker:
            raise ValueError("it belongs to another archive or version")
        self._use(tantivy.Index.open(str(self._path)))
        self.find("model", limit=1)  # a torn segment shows itself when it is read
        if self.change > last_change:
            raise ValueError("it knows more than the archive")

    def _create(self) -> None:
        shutil.rmtree(self._path, ignore_errors=True)
        try:
            self._path.mkdir(parents=True)
            self._use(tantivy.Index(_schema(), path=str(self._path)))
            self._mark()
        except (OSError, ValueError) as error:
            raise IndexRefused(f"{self._path} cannot hold the search index: {error}") from error

    def _use(self, index: tantivy.Index) -> None:
        register_analyzers(index)
        self._index = index
        self._writer = index.writer(WRITER_BYTES, 1)
        self.change = self._newest_change()

    def _newest_change(self) -> int:
        newest = self._index.searcher().search(tantivy.Query.all_query(), 1, order_by_field="change")
        return int(newest.hits[0][0] or 0) if newest.hits else 0

    def update(self, changes: Sequence[tuple[int, Paper]]) -> None:
        """Take in papers with their change numbers, in order. Blocks: call it in a thread.

        Raises `ValueError` when they cannot be written; the index is then as it was.
        """
        with self._writing:
            forget_index(self._path)  # rot can abort the process; then the next start begins anew
            try:
                with _panics_as_errors():
                    self._write(changes)
            except ValueError:
                self._writer.rollback()  # or every later commit would quietly write nothing
                with suppress(OSError):
                    self._mark()
                raise
            self._index.reload()
            self.change = self._newest_change()
            self._mark()

    def _mark(self) -> None:
        (self._path / _MARKER).write_text(json.dumps(self._marker), encoding="utf-8")

    def _write(self, changes: Sequence[tuple[int, Paper]]) -> None:
        for change, paper in changes:
            self._writer.delete_documents_by_term("id", paper.id)
            self._writer.add_document(tantivy.Document.from_dict(_document(change, paper), self._index.schema))
        self._writer.commit()

    def find(self, query: str, *, limit: int, offset: int = 0) -> Found:
        """The papers that match any of the words, best first; any text is a query."""
        text = " ".join(query.encode(errors="ignore").decode().split())  # half a surrogate pair is no text
        reference = paper_id(text)
        if reference:
            return self._run(tantivy.Query.term_query(self._index.schema, "id", reference), limit, offset)
        found = self._understood(text, limit, offset)
        return found or self._run(self._parse(" ".join(re.findall(r"\w+", text)))[0], limit, offset)

    def _understood(self, text: str, limit: int, offset: int) -> Found | None:
        """What `text` finds as a query; None where its words alone may find more."""
        if text.count("(") > MOST_PARENTHESES:
            return None
        parsed, mistakes = self._parse(_PUNCTUATION.sub(r"\1 ", text))
        try:
            found = self._run(parsed, limit, offset)
        except ValueError:  # `title:*` parses, and fails when it runs
            return None
        return None if mistakes and not found.total else found

    def _parse(self, text: str) -> tuple[tantivy.Query, list[object]]:
        return self._index.parse_query_lenient(text, list(BOOSTS), field_boosts=BOOSTS)

    def _run(self, query: tantivy.Query, limit: int, offset: int) -> Found:
        searcher = self._index.searcher()
        with _panics_as_errors():
            result = searcher.search(query, limit, offset=offset)
        ids = tuple(str(searcher.doc(address)["id"][0]) for _, address in result.hits)
        return Found(ids, int(result.count))  # type: ignore[attr-defined]  # its stub forgot it

    def suggest(self, typed: str, *, limit: int) -> Found:
        """The papers whose titles hold the words typed so far, the last of them perhaps half a word."""
        words = re.findall(r"\w+", typed)
        if not words or paper_id(typed):
            return self.find(typed, limit=limit)
        parts = [self._parse(" ".join(words))[0]]
        if len(words[-1]) > 1:
            half = tantivy.Query.phrase_prefix_query(self._index.schema, "title", [_folded(words[-1])])
            parts.append(tantivy.Query.boost_query(half, BOOSTS["title"]))
        return self._run(tantivy.Query.boolean_query([(tantivy.Occur.Should, each) for each in parts]), limit, 0)

    def close(self) -> None:
        """Wait for merges under way, and let go of the folder."""
        with self._writing:
            self._writer.wait_merging_threads()


def forget_index(path: Path) -> None:
    """Have the index in the folder `path` made anew when it is opened next."""
    with suppress(OSError):
        (path / _MARKER).unlink()


@contextmanager
def _panics_as_errors() -> Iterator[None]:
    """tantivy panics over rotten bytes, and a panic is no `Exception` until somebody makes it one."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise ValueError(f"the search index is damaged: {error}") from error
        raise


def _folded(word: str) -> str:
    tokens = _analyzer(stemmed=False).analyze(word)
    return tokens[0] if tokens else word.casefold()


def register_analyzers(index: tantivy.Index) -> None:
    """Prose is stemmed, names are not; case and accents matter in neither."""
    index.register_tokenizer("prose", _analyzer(stemmed=True))
    index.register_tokenizer("names", _analyzer(stemmed=False))


def _analyzer(*, stemmed: bool) -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    builder = builder.filter(tantivy.Filter.remove_long(LONGEST_WORD))
    builder = builder.filter(tantivy.Filter.lowercase()).filter(tantivy.Filter.ascii_fold())
    return (builder.filter(tantivy.Filter.stemmer("english")) if stemmed else builder).build()


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw")
    for name in ("title", "tags", "abstract"):
        builder.add_text_field(name, tokenizer_name="prose")
    for name in ("authors", "organization"):
        builder.add_text_field(name, tokenizer_name="names")
    builder.add_unsigned_field("change", fast=True)
    return builder.build()


def _document(change: int, paper: Paper) -> dict[str, object]:
    return {
        "id": paper.id,
        "title": paper.title,
        "tags": list(paper.tags),
        "authors": list(paper.authors),
        "organization": paper.organization or "",
        "abstract": f"{paper.abstract} {paper.ai_summary or ''}",
        "change": change,
    }
