"""CSL-JSON, the JSON of citation styles, which Zotero and pandoc read."""

import json
import re
from typing import Any

from bot.citations.citation import Citation
from bot.citations.names import AuthorName

_OTHERS = {"literal": "et al."}
_FIELD = re.compile(r"\{:|(?:[^\W\d_]|-)+:")
_encode = json.JSONEncoder(ensure_ascii=False).encode  # `json.dumps` would make an encoder for each name


def write_csl_json(citation: Citation) -> str:
    """An item: an `article` of the genre Preprint, which is what a preprint of Zotero becomes."""
    paper, day = citation.paper, citation.published_on
    authors = [_write_name(name) for name in citation.authors] + [_OTHERS] * citation.has_more_authors
    item: dict[str, Any] = {
        "id": citation.key,
        "type": "article",
        "genre": "Preprint",
        "title": citation.plain_title,
        "author": authors,
        "issued": {"date-parts": [[day.year, day.month, day.day] if day else [citation.year]]},
        "publisher": "arXiv",
        "number": f"arXiv:{paper.id}",
        "DOI": citation.doi,
        "URL": paper.arxiv_url,
        "abstract": citation.abstract,
        "keyword": ", ".join(citation.keywords),
        "note": _quote_field(citation.note),
    }
    return _indent({name: value for name, value in item.items() if value})


def _quote_field(note: str) -> str:
    """The note, in quotes if citation programs would take it for a field, as they do `todo: read it again`."""
    return f"“{note}”" if _FIELD.match(note) else note


def _indent(item: dict[str, Any]) -> str:
    """A field in each line, and a name in each of the authors'."""
    lines = []
    for name, value in item.items():
        written = _encode(value)
        if name == "author":
            each = ",\n  ".join(map(_encode, value))
            written = f"[\n  {each}\n ]"
        lines.append(f" {_encode(name)}: {written}")
    return "{\n" + ",\n".join(lines) + "\n}"


def _write_name(name: AuthorName) -> dict[str, str]:
    if not name.given:
        return {"literal": name.family}
    parts = {
        "family": name.family,
        "given": name.given,
        "non-dropping-particle": name.particle,
        "suffix": name.suffix,
    }
    return {part: value for part, value in parts.items() if value}
