# ruff: noqa: RUF001 - some spreadsheets take wide signs for the narrow ones
"""CSV for spreadsheets: a row for each paper, in the same columns always, described in `docs/readers.md`."""

import csv
import io
import re
from collections.abc import Iterable

from bot.citations.citation import Citation
from bot.text import join_lines

COLUMNS = (
    *("arxiv_id", "title", "authors", "published", "organization", "url", "hugging_face_url", "doi", "code"),
    *("project_page", "upvotes", "tags", "own_tags", "note", "saved_at", "read_at", "abstract"),
)
# A cell that begins so is a formula, which can run a program. Some spreadsheets also split at semicolons.
_FORMULA = re.compile(r"(^|;)(\s*)(?=[=+\-@＝＋－＠])")


def write_row(citation: Citation) -> str:
    """The row of a paper, with its line break; each cell is one line of text."""
    paper, saved = citation.paper, citation.saved
    authors = [name.spoken for name in citation.authors] + ["et al."] * citation.has_more_authors
    times = (saved.saved_at, saved.read_at) if saved else (None, None)
    cells = (
        paper.id,
        citation.plain_title,
        "; ".join(authors),
        citation.published_on.isoformat() if citation.published_on else "",
        paper.organization or "",
        paper.arxiv_url,
        paper.url,
        citation.doi,
        paper.github_repo or "",
        paper.project_page or "",
        str(paper.upvotes),
        "; ".join(paper.tags),
        "; ".join(citation.keywords),
        citation.note,
        *(f"{time:%Y-%m-%d %H:%M}" if time else "" for time in times),
        citation.abstract,
    )
    return write_cells(cells)


def write_cells(cells: Iterable[str]) -> str:
    """A row, with its line break."""
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerow([_disarm(cell) for cell in cells])
    return written.getvalue()


def _disarm(cell: str) -> str:
    """The cell in one line, with an apostrophe before what a spreadsheet would take for a formula."""
    return _FORMULA.sub(r"\1\2'", join_lines(cell))
