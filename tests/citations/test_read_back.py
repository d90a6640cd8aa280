# ruff: noqa: RUF001 - some spreadsheets take wide signs for the narrow ones
"""Exports are read back by programs that share no code with ours: whatever the papers and notes, nothing is lost."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import accumulate

import pytest
import rispy
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bot.citations import CitationFile, CitationFormat
from bot.papers import Paper
from bot.storage import SavedPaper
from bot.text import is_visible, join_lines
from tests.support.any_paper import within_seconds
from tests.support.builders import paper
from tests.support.citation_readers import (
    ReadPaper,
    flatten,
    read_csv,
    read_markdown,
    read_with_pandoc,
    sort_letters,
)

LINES = (
    "ER  - ", "TY  - JOUR", "AU  - Nobody, At All", "@misc{x,", "}", "title = {Other},", '"],"', "=cmd|' /C calc'!A0",
    "- [ ] a", "1. b", "# c", "> d", "```", "<script>", "![x](y)", "&amp;", "\\end{x}", "a; =b", "---", "===",
    "    code", "$x$", "$\\pi_{\\text{RL}}$", "👩‍👧 🙂", "مرحبا بالعالم", "\u202etxet",
    "\u2028", "\x00\x1b", "é", "e\u0301", "研究", "--", "''", "and", " and ",
)  # fmt: skip
pieces = st.one_of(
    st.sampled_from(LINES),
    st.sampled_from("`{}\\$%&#_^~,;[]()<>|@\"'-+=!?:/*. \n\t"),
    st.characters(codec="utf-8"),
    st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=9),
)
texts = st.lists(pieces, max_size=12).map("".join)
long_texts = st.builds(lambda text, times: (text * times)[:900], texts, st.sampled_from([1, 1, 1, 90]))
names = st.one_of(
    texts,
    st.sampled_from(["Ashish Vaswani", "Johannes van der Waals", "Luc Van Gool", "研究", "山田 太郎", "Qwen Team"]),
    st.sampled_from(["John Smith Jr.", "Black and White Lab", "Lee, Ann", "A. B.", "de la Cruz", "von", "van der"]),
    st.sampled_from(["A {B", "A} B", "{A} B", "C A {B} D", "A=B C=D"]),
)


YEAR_1991 = datetime(1991, 1, 1)  # noqa: DTZ001  # hypothesis wants it so


def build_saved(paper_id: str, note: str, tags: Sequence[str], is_read: bool) -> SavedPaper:
    read_at = datetime(2026, 2, 3, tzinfo=UTC) if is_read else None
    return SavedPaper(paper_id, datetime(2026, 1, 2, tzinfo=UTC), read_at, note[:2000], tuple(tags))


papers = st.lists(
    st.builds(
        lambda title, abstract, authors, day: paper(
            "2601.00001", title=title, abstract=abstract, authors=tuple(authors), published_at=day
        ),
        long_texts,
        long_texts,
        st.lists(names, max_size=5),
        st.one_of(st.none(), st.datetimes(YEAR_1991, timezones=st.just(UTC))),
    ),
    min_size=1,
    max_size=4,
).map(lambda some: [replace(each, id=f"2601.{number:05}") for number, each in enumerate(some)])
notes = st.lists(
    st.builds(build_saved, st.just(""), texts, st.lists(texts, max_size=3), st.booleans()), min_size=6, max_size=6
)


def export(some: Sequence[Paper], saved: Sequence[SavedPaper], format_: CitationFormat) -> bytes:
    file = CitationFile("saved-papers", format_)
    file.add(some, {each.id: mine for each, mine in zip(some, saved, strict=False)})
    return file.finish().content


def list_names(each: Paper) -> tuple[str, ...]:
    return tuple(map(sort_letters, list_spoken(each)))


def list_spoken(each: Paper) -> list[str]:
    return [line for name in each.authors if any(map(str.isalnum, line := join_lines(name)))]


def list_tags(mine: SavedPaper) -> frozenset[str]:
    return frozenset(filter(None, (flatten(join_lines(re.sub("[,;]", " ", tag))) for tag in mine.own_tags)))


def get_year(each: Paper) -> str:
    return str(each.published_at.year if each.published_at else 2026)


def get_whole_title(each: Paper) -> str:
    title = join_lines(each.title)
    return flatten(title if is_visible(title) else f"arXiv:{each.id}")


def check_the_rest(found: ReadPaper, cited: Paper, mine: SavedPaper) -> None:
    """What the formats that pandoc reads have in common: everything but the title, and the note."""
    assert found.authors == list_names(cited)
    assert (found.year, found.doi, found.url) == (get_year(cited), f"10.48550/arXiv.{cited.id}", cited.arxiv_url)
    assert found.abstract == flatten(join_lines(cited.abstract))
    assert found.tags == list_tags(mine)


def check_braces_as_bibtex_counts(written: str) -> None:
    """Only the last line of an entry closes it. BibTeX counts all braces, also those after a backslash."""
    for entry in written.removesuffix("}\n").split("\n}\n\n"):
        depths = list(accumulate({"{": 1, "}": -1}.get(letter, 0) for letter in entry))
        assert depths[-1] == 1
        assert min(depths[entry.index("{") :]) == 1


@within_seconds
@given(papers, notes)
def test_pandoc_reads_bibtex_back(some: list[Paper], saved: list[SavedPaper]) -> None:
    written = export(some, saved, CitationFormat.BIBTEX)
    check_braces_as_bibtex_counts(written.decode())
    read = read_with_pandoc(written, "bibtex")
    assert len({each.key for each in read}) == len(some)
    for each, mine, found in zip(some, saved, read, strict=False):
        assert found.title == get_whole_title(each)
        assert found.note == flatten(join_lines(mine.note))
        check_the_rest(found, each, mine)


def leave_closed(text: str) -> str:
    return re.sub("[‘“«‹„‚<]", "", text)


@within_seconds
@given(papers, notes)
def test_pandoc_reads_csl_json_back(some: list[Paper], saved: list[SavedPaper]) -> None:
    """Without what opens quotes and tags: pandoc takes hours for many that nothing closes."""
    some = [replace(each, title=leave_closed(each.title), abstract=leave_closed(each.abstract)) for each in some]
    read = read_with_pandoc(export(some, saved, CitationFormat.CSL_JSON), "csljson")
    assert len({each.key for each in read}) == len(read) == len(some)
    for each, mine, found in zip(some, saved, read, strict=False):
        assert found.title == flatten(each.name)
        assert found.note == flatten(join_lines(mine.note))
        check_the_rest(found, each, mine)


@given(papers, notes)
def test_csl_json_has_every_letter_of_titles_and_abstracts(some: list[Paper], saved: list[SavedPaper]) -> None:
    for each, item in zip(some, json.loads(export(some, saved, CitationFormat.CSL_JSON)), strict=True):
        assert item["title"] == each.name
        assert item.get("abstract", "") == join_lines(each.abstract)


@within_seconds
@given(papers, notes)
def test_pandoc_reads_ris_back(some: list[Paper], saved: list[SavedPaper]) -> None:
    """It leaves out notes, which rispy's own reader finds, and reads signs in names in its own way."""
    some = [replace(each, authors=tuple(re.sub(r"[^\w .,&-]|_", "", name) for name in each.authors)) for each in some]
    written = export(some, saved, CitationFormat.RIS)
    read = read_with_pandoc(written, "ris")
    records = rispy.loads(written.decode())
    assert len({each.key for each in read}) == len(read) == len(records) == len(some)
    for each, mine, found, record in zip(some, saved, read, records, strict=False):
        assert found.title == flatten(each.name)
        check_the_rest(found, each, mine)
        assert [flatten(note) for note in record.get("notes", [])] == [flatten(join_lines(mine.note))] * bool(
            join_lines(mine.note)
        )


@within_seconds
@given(papers, notes)
def test_a_csv_file_has_a_row_for_each_paper_and_no_formula(some: list[Paper], saved: list[SavedPaper]) -> None:
    rows = read_csv(export(some, saved, CitationFormat.CSV))
    assert [row["arxiv_id"] for row in rows] == [each.id for each in some]
    for each, mine, row in zip(some, saved, rows, strict=False):
        assert flatten(row["title"]) == flatten(each.name)  # without the apostrophes
        assert flatten(row["authors"]) == flatten("; ".join(list_spoken(each)))
        assert flatten(row["note"]) == flatten(join_lines(mine.note))
        assert flatten(row["abstract"]) == flatten(join_lines(each.abstract))
        assert not any(re.match(r"\s*[=+\-@＝＋－＠]", part) for cell in row.values() for part in cell.split(";"))
        assert not any(re.search(r"[\r\n\t\0]", cell) for cell in row.values())


@within_seconds
@given(papers, notes)
def test_markdown_is_a_list_of_links_and_nothing_else(some: list[Paper], saved: list[SavedPaper]) -> None:
    items = read_markdown(export(some, saved, CitationFormat.MARKDOWN))
    assert [link for link, _, _ in items] == [each.arxiv_url for each in some]
    for each, mine, (_, text, note) in zip(some, saved, items, strict=False):
        assert flatten(each.name) in text
        assert f"arXiv:{each.id}" in text
        assert note == flatten(join_lines(mine.note))


def test_in_markdown_my_tags_have_a_line_of_their_own() -> None:
    mine = build_saved("2601.00001", "", ["thesis", "to do"], is_read=False)
    content = export([paper("2601.00001")], [mine], CitationFormat.MARKDOWN).decode()
    assert "arXiv:2601.00001<br />\nTags: thesis, to do" in MarkdownIt("commonmark").render(content)


@pytest.mark.parametrize("note", ["todo: read it again", "{:todo: read} it", "see: a, b: c", "DOI: 10.1/1"])
def test_a_note_with_a_colon_stays_a_note(note: str) -> None:
    written = export(
        [paper("2601.00001")], [build_saved("2601.00001", note, [], is_read=False)], CitationFormat.CSL_JSON
    )
    (read,) = read_with_pandoc(written, "csljson")
    assert (read.note, read.doi) == (note, "10.48550/arXiv.2601.00001")


@pytest.mark.parametrize("format_", ["bibtex", "ris", "csljson"])
def test_664_authors_keep_their_number_and_order(format_: str) -> None:
    ours = {"bibtex": CitationFormat.BIBTEX, "ris": CitationFormat.RIS, "csljson": CitationFormat.CSL_JSON}[format_]
    crowd = paper("2601.00001", authors=tuple(f"Author Number{number}" for number in range(664)))
    (read,) = read_with_pandoc(export([crowd], [], ours), format_)
    assert read.authors == list_names(crowd)
