"""Readers of exported citations that share no code with what writes them."""

import json
import re
import subprocess
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

import pypandoc
from markdown_it import MarkdownIt

_DASHES = {"–": "--", "—": "---"}  # as LaTeX types them
_QUOTES = re.compile("[`'\"‘’“”]")  # noqa: RUF001  # pandoc turns them as it likes, and does not know LaTeX's \`


@dataclass(frozen=True, slots=True)
class ReadPaper:
    """What a reader found of a paper; text in one line, and what the format has no place for is empty."""

    key: str
    title: str
    authors: tuple[str, ...]
    year: str = ""
    doi: str = ""
    url: str = ""
    abstract: str = ""
    note: str = ""
    tags: frozenset[str] = frozenset()


def read_with_pandoc(content: str | bytes, format_: str) -> list[ReadPaper]:
    """The papers in a file, as pandoc reads it in its format `bibtex`, `ris` or `csljson`. Raises if it cannot."""
    data = content.encode() if isinstance(content, str) else content
    pandoc = [pypandoc.get_pandoc_path(), "-f", format_, "-t", "csljson"]
    read = subprocess.run(pandoc, input=data, capture_output=True, check=False, timeout=60)
    if read.returncode or read.stderr:
        raise ValueError(read.stderr.decode())
    return [_read_item(item) for item in json.loads(read.stdout)]


def _read_item(item: dict[str, Any]) -> ReadPaper:
    return ReadPaper(
        item["id"],
        flatten(item.get("title", "")),
        tuple(map(_read_name, item.get("author", []))),
        str(item["issued"]["date-parts"][0][0]),
        item.get("DOI", ""),
        item.get("URL", ""),
        flatten(item.get("abstract", "")),
        flatten(item.get("note", "") or item.get("annote", "")),
        frozenset(filter(None, map(flatten, item.get("keyword", "").split(",")))),
    )


def _read_name(name: dict[str, str]) -> str:
    """All letters of a name in one order, however the reader split it."""
    return sort_letters("".join(name.values()))


def sort_letters(name: str) -> str:
    return "".join(sorted(re.sub(r"[\s,]", "", flatten(name))))


def flatten(text: str) -> str:
    """In one line, with dashes as they are typed, without quotes, and with raised letters on the line."""
    text = normalize("NFKC", re.sub("</?su[bp]>", "", text))
    return " ".join(_QUOTES.sub("", "".join(_DASHES.get(letter, letter) for letter in text)).split())


def read_csv(content: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file, by the letter of RFC 4180: quoted cells, CRLF after each row. Raises `ValueError`."""
    text = content.decode("utf-8-sig")
    rows: list[list[str]] = []
    at = 0
    while at < len(text):
        row: list[str] = []
        while True:
            if not (cell := re.compile(r'"((?:[^"]|"")*)"(,|\r\n)').match(text, at)):
                raise ValueError(f"no cell at {at}: {text[at : at + 40]!r}")
            row.append(cell[1].replace('""', '"'))
            at = cell.end()
            if cell[2] != ",":
                break
        rows.append(row)
    head, *rest = rows
    return [dict(zip(head, row, strict=True)) for row in rest]


def read_markdown(content: bytes) -> list[tuple[str, str, str]]:
    """The items of a list in Markdown: the target of its first link, its text, and what is quoted.

    Raises `ValueError` if there is anything else, such as a picture, HTML, code, or another list.
    """
    allowed = {
        "bullet_list", "list_item", "paragraph", "inline", "blockquote", "text", "link", "softbreak", "hardbreak",
    }  # fmt: skip
    items: list[tuple[str, str, str]] = []
    depth = quoted = 0
    for token in MarkdownIt("commonmark").parse(content.decode()):
        kind = re.sub("_(open|close)$", "", token.type)
        if kind not in allowed:
            raise ValueError(f"{kind}: {token.content!r}")
        depth += token.nesting * (kind == "bullet_list")
        quoted += token.nesting * (kind == "blockquote")
        if depth > 1:
            raise ValueError("a list within the list")
        if token.type == "list_item_open":
            items.append(("", "", ""))
        if token.type == "inline":
            parts = token.children or []
            if wrong := {re.sub("_(open|close)$", "", part.type) for part in parts} - allowed:
                raise ValueError(f"{wrong}: {token.content!r}")
            text = "".join(" " if part.type.endswith("break") else part.content for part in parts)
            link, read, note = items[-1]
            links = [str(part.attrs["href"]) for part in parts if part.type == "link_open"]
            items[-1] = (link, read, f"{note} {text}") if quoted else ((links or [link])[0], f"{read} {text}", note)
    return [(link, flatten(read), flatten(note)) for link, read, note in items]
