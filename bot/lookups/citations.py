"""The citation of a paper, ready to copy. Pure."""

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import accumulate

from bot.papers import Paper
from bot.papers.titles import split_maths
from bot.text import fold_text, is_visible, remove_invisible

MAX_TITLE = 600  # characters, as written in the citation
_LATEX = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "`": r"\textasciigrave{}",
}
_SMALL_WORDS = frozenset({"a", "an", "and", "for", "in", "is", "of", "on", "the", "to", "towards", "with"})


class CitationFormat(StrEnum):
    """How a citation is written."""

    BIBTEX = "BibTeX"
    PLAIN = "plain"
    MARKDOWN = "Markdown"


def format_citation(paper: Paper, format_: CitationFormat, most: int) -> str:
    """The citation of `paper`, at most `most` characters long; authors who don't fit become "others"."""
    match format_:
        case CitationFormat.BIBTEX:
            return _format_bibtex(paper, most)
        case CitationFormat.PLAIN:
            return _format_plain(paper, most)
        case CitationFormat.MARKDOWN:
            return _format_markdown(paper, most)


def _format_bibtex(paper: Paper, most: int) -> str:
    fields = {
        "title": f"{{{_shorten_title(paper.title if is_visible(paper.title) else paper.name, _escape_title)}}}",
        "author": "",
        "year": str(_get_publication_year(paper)),
        "eprint": paper.id,
        "archivePrefix": "arXiv",
        "url": paper.arxiv_url,
    }
    room = most - len(_format_bibtex_entry(paper, fields | {"author": "-"}))
    authors = _join_author_names([_format_bibtex_name(name) for name in paper.authors], " and ", "others", room)
    return _format_bibtex_entry(paper, fields | {"author": authors})


def _format_bibtex_entry(paper: Paper, fields: dict[str, str]) -> str:
    lines = (f"  {name} = {{{value}}}," for name, value in fields.items() if value)
    return "\n".join([f"@misc{{{_make_citation_key(paper)},", *lines, "}"])


def _make_citation_key(paper: Paper) -> str:
    """`vaswani2017attention`."""
    family = (paper.authors[0].split() or [""])[-1] if paper.authors else ""
    words = (_keep_ascii_letters(word) for word in re.split(r"[\s\W]+", paper.title))
    first = next((word for word in words if word and word not in _SMALL_WORDS), "")
    return f"{_keep_ascii_letters(family)[:40] or 'arxiv'}{_get_publication_year(paper)}{first[:40]}"


def _keep_ascii_letters(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold_text(word))


def _format_bibtex_name(name: str) -> str:
    """A name for BibTeX; one with a comma or an "and" belongs to a group, and braces keep it together."""
    return f"{{{_escape_latex(name)}}}" if re.search(r",|\band\b", name) else _escape_latex(name)


def _escape_title(title: str) -> str:
    """The title for LaTeX; maths stay unchanged, unless they would break the entry."""
    return "".join(
        part if maths and _is_balanced_maths(part) else _escape_latex(part) for part, maths in split_maths(title)
    )


def _escape_latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in remove_invisible(text))


def _is_balanced_maths(maths: str) -> bool:
    """Whether every brace closes, for TeX and for BibTeX (which also counts `\\{`), and no `%` hides the rest."""
    if re.search(r"\\\\|(?<!\\)[%#&]|`", maths):
        return False
    return _has_balanced_braces(maths) and _has_balanced_braces(re.sub(r"\\[{}]", "", maths))


def _has_balanced_braces(text: str) -> bool:
    depth = 0
    for character in text:
        if character == "{":
            depth += 1
        elif character == "}":
            depth -= 1
        if depth < 0:
            return False
    return depth == 0


def _format_plain(paper: Paper, most: int) -> str:
    title = _shorten_title(paper.name, _replace_backticks)
    rest = f"({_get_publication_year(paper)}). {title}. arXiv:{paper.id}. {paper.arxiv_url}"
    authors = _join_author_names(
        [_replace_backticks(name) for name in paper.authors], ", ", "et al.", most - len(rest) - 1
    )
    return f"{authors} {rest}".strip()


def _replace_backticks(text: str) -> str:
    return text.replace("`", "'")


def _format_markdown(paper: Paper, most: int) -> str:
    title = f"[{_shorten_title(paper.name, _escape_markdown)}]({paper.arxiv_url})"
    rest = f"{_get_publication_year(paper)}. {title}. arXiv:{paper.id}"
    authors = _join_author_names(
        [_escape_markdown(name) for name in paper.authors], ", ", "et al.", most - len(rest) - 2
    )
    return f"{authors}, {rest}" if authors else rest


def _escape_markdown(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", text)


def _get_publication_year(paper: Paper) -> int:
    """The year it was published; without a date, from the arXiv id, which begins with year and month."""
    return paper.published_at.year if paper.published_at else 2000 + int(paper.id[:2])


def _join_author_names(names: Sequence[str], joint: str, others: str, room: int) -> str:
    """The names that fit into `room` characters, then `others`; empty if not even the first name fits."""
    if len(joint.join(names)) <= room:
        return joint.join(names)
    ends = accumulate(len(name) + len(joint) for name in names)
    fitting = sum(1 for end in ends if end + len(others) <= room)
    return joint.join([*names[:fitting], others]) if fitting else ""


def _shorten_title(title: str, escape: Callable[[str], str]) -> str:
    """The escaped title; a very long one is cut between two of its own characters, so that no escape is cut."""
    if len(escape(title)) <= MAX_TITLE:
        return escape(title)
    lengths = accumulate(len(escape(character)) for character in title)
    fitting = sum(1 for length in lengths if length < MAX_TITLE)
    return escape(title[:fitting]) + "…"
