"""RIS, through rispy. Each value is one line: what looks like a tag within it begins no other field."""

from typing import ClassVar

import rispy

from bot.citations.citation import Citation
from bot.text import join_lines


class _Writer(rispy.RisWriter):  # type: ignore[misc]  # rispy has no types
    """Writes one record after the other, without the numbers that rispy puts between them."""

    DEFAULT_DELIMITER_MAPPING: ClassVar[dict[str, str]] = {}

    def set_header(self, count: int) -> str:  # noqa: ARG002
        return ""


def write_ris(citation: Citation) -> str:
    """The record, with its line break. RIS knows no preprints: it is a report of the type Preprint."""
    paper, day = citation.paper, citation.published_on
    record = {
        "type_of_reference": "RPRT",
        "id": citation.key,
        "title": citation.plain_title,
        "authors": [name.sorted for name in citation.authors] + ["et al."] * citation.has_more_authors,
        "year": f"{citation.year:04}",
        "date": day.isoformat().replace("-", "/") if day else "",
        "type_of_work": "Preprint",
        "publisher": "arXiv",
        "name_of_database": "arXiv",
        "accession_number": paper.id,
        "doi": citation.doi,
        "urls": [paper.arxiv_url],
        "abstract": citation.abstract,
        "keywords": citation.keywords,
        "notes": [join_lines(citation.note)] if citation.note else [],
    }
    written: str = rispy.dumps([{name: value for name, value in record.items() if value}], implementation=_Writer)
    return written
