"""The search engines that we compare ours with. Each is used as its own manual shows, behind one interface.

They return complete rows, as a program without our storage would need them. Their ranking is not tuned, and each
writes the operators in its own language.
"""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, Self

import psycopg
import tantivy

from bot.papers import Paper
from tests.support.postgres import create_database, run_postgres

Row = tuple[str, ...]
COLUMNS = ("id", "title", "abstract", "authors", "organization", "upvotes", "day")
SEARCHED = ("title", "abstract", "tags", "authors", "organization", "summary")
STORED = ("id", "upvotes", "day", *SEARCHED)


class Peer(Protocol):
    """Returns rows of `columns`, best first. Change `columns` to `("id",)` to see what the rows cost."""

    name: str
    columns: Sequence[str]

    def find(self, query: str, limit: int) -> list[Row]:
        """The answer to a user's text."""
        return self.words(query, limit)

    def words(self, text: str, limit: int) -> list[Row]:
        """Any of the words."""
        ...

    def phrase(self, text: str, limit: int) -> list[Row]:
        """The words side by side."""
        ...

    def prefix(self, text: str, limit: int) -> list[Row]:
        """A word that begins with these letters."""
        ...

    def author_and_word(self, author: str, word: str, limit: int) -> list[Row]:
        """Papers with both the author and the word."""
        ...

    def min_and_word(self, min_upvotes: int, word: str, limit: int) -> list[Row]:
        """The word, and that many votes or more."""
        ...

    def close(self) -> None: ...


@contextmanager
def opened(folder: Path, papers: Sequence[Paper]) -> Iterator[list[Peer]]:
    """Every peer, with the papers loaded."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(closing(BareTantivy(folder / "tantivy", papers))),
            stack.enter_context(closing(FTS5(folder / "fts5.db", papers))),
            stack.enter_context(PostgreSQL(folder / "postgres", papers)),
        ]


def _values(paper: Paper) -> tuple[Any, ...]:
    """The values of `STORED`."""
    return (
        paper.id,
        paper.upvotes,
        paper.day and paper.day.isoformat(),
        paper.title,
        paper.abstract,
        ", ".join(paper.tags),
        ", ".join(paper.authors),
        paper.organization or "",
        paper.ai_summary or "",
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def _rows(rows: Iterable[Sequence[Any]]) -> list[Row]:
    return [tuple(map(str, row)) for row in rows]


class BareTantivy(Peer):
    """tantivy-py as its README shows it: one index that stores the documents, and its own query parser."""

    name = "bare tantivy"

    def __init__(self, folder: Path, papers: Iterable[Paper]) -> None:
        self.columns: Sequence[str] = COLUMNS
        folder.mkdir(parents=True)
        self._index = tantivy.Index(self._schema(), path=str(folder))
        writer = self._index.writer()
        for paper in papers:
            values = dict(zip(STORED, _values(paper), strict=True))
            writer.add_document(tantivy.Document.from_dict(values, self._index.schema))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()

    @staticmethod
    def _schema() -> tantivy.Schema:
        builder = tantivy.SchemaBuilder()
        for name in ("id", "day"):
            builder.add_text_field(name, stored=True, tokenizer_name="raw")
        for name in SEARCHED:
            builder.add_text_field(name, stored=True, tokenizer_name="en_stem")
        builder.add_integer_field("upvotes", stored=True, indexed=True, fast=True)
        return builder.build()

    def words(self, text: str, limit: int) -> list[Row]:
        """If the parser rejects a text, such as a title with a colon, only its words are used."""
        query, mistakes = self._index.parse_query_lenient(text, list(SEARCHED))
        with suppress(ValueError):
            if not mistakes:
                return self._run(query, limit)
        return self._parsed(" ".join(_words(text)), limit)

    def phrase(self, text: str, limit: int) -> list[Row]:
        return self._parsed(f'"{" ".join(_words(text))}"', limit)

    def prefix(self, text: str, limit: int) -> list[Row]:
        """Built without the parser, which only knows prefixes at the end of a phrase."""
        schema, half = self._index.schema, text.lower()
        each = (tantivy.Query.phrase_prefix_query(schema, name, [half]) for name in SEARCHED)
        return self._run(tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in each]), limit)

    def author_and_word(self, author: str, word: str, limit: int) -> list[Row]:
        return self._parsed(f"+authors:{author} +{word}", limit)

    def min_and_word(self, min_upvotes: int, word: str, limit: int) -> list[Row]:
        return self._parsed(f"+upvotes:[{min_upvotes} TO *] +{word}", limit)

    def _parsed(self, text: str, limit: int) -> list[Row]:
        return self._run(self._index.parse_query_lenient(text, list(SEARCHED))[0], limit)

    def _run(self, query: tantivy.Query, limit: int) -> list[Row]:
        searcher = self._index.searcher()
        documents = [searcher.doc(address) for _, address in searcher.search(query, limit).hits]
        return _rows([document.get_first(name) for name in self.columns] for document in documents)

    def close(self) -> None:
        """Nothing to close: the writer has already finished."""


class FTS5(Peer):
    """SQLite's full-text index over an ordinary table of the same file, which gives the rows."""

    name = "SQLite FTS5"

    def __init__(self, path: Path, papers: Iterable[Paper]) -> None:
        self.columns: Sequence[str] = COLUMNS
        self._connection = sqlite3.connect(path)
        self._connection.execute("PRAGMA cache_size = -65536")  # 64 MB, as the other engines have
        self._connection.execute(f"CREATE TABLE papers ({', '.join(STORED)})")
        self._connection.execute(
            f"CREATE VIRTUAL TABLE texts USING fts5({', '.join(SEARCHED)}, content='papers', "
            "tokenize='porter unicode61', prefix='3')"
        )
        marks = ", ".join("?" * len(STORED))
        self._connection.executemany(f"INSERT INTO papers VALUES ({marks})", map(_values, papers))
        for command in ("rebuild", "optimize"):
            self._connection.execute("INSERT INTO texts (texts) VALUES (?)", [command])
        self._connection.commit()

    def words(self, text: str, limit: int) -> list[Row]:
        return self._best(" OR ".join(f'"{word}"' for word in _words(text)) or '""', limit)

    def phrase(self, text: str, limit: int) -> list[Row]:
        return self._best(f'"{" ".join(_words(text))}"', limit)

    def prefix(self, text: str, limit: int) -> list[Row]:
        return self._best(f'"{text}" *', limit)

    def author_and_word(self, author: str, word: str, limit: int) -> list[Row]:
        return self._best(f'authors : "{author}" AND "{word}"', limit)

    def min_and_word(self, min_upvotes: int, word: str, limit: int) -> list[Row]:
        """Without an index on the votes: the planner would start with it, and then match the word in each row."""
        return self._select(
            "texts JOIN papers ON papers.rowid = texts.rowid "
            "WHERE texts MATCH ? AND papers.upvotes >= ? ORDER BY bm25(texts) LIMIT ?",
            (f'"{word}"', min_upvotes, limit),
        )

    def _best(self, match: str, limit: int) -> list[Row]:
        """Ranks before it joins, so that only the rows of the results are read."""
        return self._select(
            "(SELECT rowid AS number, rank AS score FROM texts WHERE texts MATCH ? ORDER BY rank LIMIT ?) "
            "JOIN papers ON papers.rowid = number ORDER BY score",  # its rank is bm25() without weights
            (match, limit),
        )

    def _select(self, rest: str, values: Sequence[object]) -> list[Row]:
        columns = ", ".join(f"papers.{name}" for name in self.columns)
        return _rows(self._connection.execute(f"SELECT {columns} FROM {rest}", values))

    def close(self) -> None:
        self._connection.close()


_SETTINGS = {"work_mem": "64MB", "maintenance_work_mem": "256MB", "jit": "off"}
_DOCUMENT = """
    setweight(to_tsvector('english', title), 'A') ||
    setweight(to_tsvector('english', tags || ' ' || authors || ' ' || organization), 'B') ||
    setweight(to_tsvector('english', abstract || ' ' || summary), 'C')
"""


class PostgreSQL(Peer):
    """A database on the tests' PostgreSQL, with its data in `folder`; it is there while the context is open.

    Its full-text search follows the manual: a stored, weighted tsvector, a GIN index, and ts_rank.
    """

    name = "PostgreSQL"

    def __init__(self, folder: Path, papers: Iterable[Paper]) -> None:
        self.columns: Sequence[str] = COLUMNS
        self._folder = folder
        self._papers = papers
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            url = stack.enter_context(create_database(stack.enter_context(run_postgres(self._folder))))
            settings = " ".join(f"-c {name}={value}" for name, value in _SETTINGS.items())
            self._connection = stack.enter_context(psycopg.connect(url, autocommit=True, options=settings))
            self._load()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop the database and stop the server."""
        self._stack.close()

    def _load(self) -> None:
        types = {"upvotes": "integer", "day": "date"}
        columns = ", ".join(f"{name} {types.get(name, 'text')}" for name in STORED)
        self._execute(f"CREATE TABLE papers ({columns}, document tsvector GENERATED ALWAYS AS ({_DOCUMENT}) STORED)")
        self._execute("ALTER TABLE papers SET (autovacuum_enabled = off)")  # we vacuum once, after the load
        copying = f"COPY papers ({', '.join(STORED)}) FROM STDIN".encode()
        with self._connection.cursor() as cursor, cursor.copy(copying) as copy:
            for paper in self._papers:
                copy.write_row(_values(paper))
        self._execute("CREATE INDEX papers_document ON papers USING gin (document)")
        self._execute("VACUUM ANALYZE papers")

    def words(self, text: str, limit: int) -> list[Row]:
        return self._best("to_tsquery('english', %s)", (" | ".join(_words(text)),), limit)

    def phrase(self, text: str, limit: int) -> list[Row]:
        return self._best("phraseto_tsquery('english', %s)", (text,), limit)

    def prefix(self, text: str, limit: int) -> list[Row]:
        return self._best("to_tsquery('simple', %s)", (f"{text.lower()}:*",), limit)

    def author_and_word(self, author: str, word: str, limit: int) -> list[Row]:
        """Authors share their weight with tags and organizations: PostgreSQL has nothing closer to a field."""
        return self._best("to_tsquery('english', %s)", (f"{author}:B & {word}",), limit)

    def min_and_word(self, min_upvotes: int, word: str, limit: int) -> list[Row]:
        return self._best("to_tsquery('english', %s)", (word, min_upvotes), limit, "AND upvotes >= %s")

    def _best(self, query: str, values: Sequence[object], limit: int, condition: str = "") -> list[Row]:
        return _rows(
            self._execute(
                f"SELECT {', '.join(self.columns)} FROM papers, {query} AS query "
                f"WHERE document @@ query {condition} ORDER BY ts_rank(document, query) DESC LIMIT %s",
                (*values, limit),
            )
        )

    def _execute(self, command: str, values: Sequence[object] = ()) -> Iterable[Sequence[Any]]:
        return self._connection.execute(command.encode(), values or None)
