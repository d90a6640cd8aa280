"""The formats of citations, and how each writes one citation and many."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bot.citations.bibtex import write_bibtex
from bot.citations.citation import Citation
from bot.citations.csl_json import write_csl_json
from bot.citations.prose import write_markdown, write_markdown_item, write_plain
from bot.citations.ris import write_ris
from bot.citations.table import COLUMNS, write_cells, write_row


class CitationFormat(StrEnum):
    """How a citation is written."""

    BIBTEX = "BibTeX"
    RIS = "RIS"
    CSL_JSON = "CSL-JSON"
    CSV = "CSV"
    MARKDOWN = "Markdown"
    PLAIN = "plain"


EXPORT_FORMATS = tuple(each for each in CitationFormat if each is not CitationFormat.PLAIN)  # with notes and tags


@dataclass(frozen=True, slots=True)
class CitationWriter:
    """Writes citations into a file with this `ending`: its start, each citation and what is between them, its end."""

    ending: str
    write: Callable[[Citation], str]
    start: str = ""
    between: str = ""
    end: str = ""

    def write_file(self, citation: Citation) -> str:
        """A whole file with one citation."""
        return f"{self.start}{self.write(citation)}{self.end}"


WRITERS = {
    CitationFormat.BIBTEX: CitationWriter("bib", write_bibtex, between="\n"),
    CitationFormat.RIS: CitationWriter("ris", write_ris, between="\n"),
    CitationFormat.CSL_JSON: CitationWriter("json", write_csl_json, "[\n", ",\n", "\n]\n"),
    # The mark at its start tells Excel that a file is UTF-8.
    CitationFormat.CSV: CitationWriter("csv", write_row, f"\ufeff{write_cells(COLUMNS)}"),
    CitationFormat.MARKDOWN: CitationWriter("md", write_markdown_item),
    CitationFormat.PLAIN: CitationWriter("txt", write_plain),
}


def write_alone(citation: Citation, format_: CitationFormat) -> str:
    """One citation as text to copy, without a line break at its end."""
    if format_ is CitationFormat.MARKDOWN:
        return write_markdown(citation).rstrip("\n")
    return WRITERS[format_].write_file(citation).lstrip("\ufeff").replace("\r\n", "\n").rstrip("\n")
