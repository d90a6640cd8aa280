"""Cite: the citation of a paper, ready to copy. Pure."""

import re
from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import accumulate

from bot.papers import Paper
from bot.papers.titles import split_maths
from bot.text import fold, legible, shows

LONGEST_TITLE = 600  # characters, as written in the citation
_LATEX = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "`": r"\textasciigrave{}",
}
_SMALL_WORDS = frozenset({"a", "an", "and", "for", "in", "is", "of", "on", "the", "to", "towards", "with"})


class Format(StrEnum):
    """How a citation is written."""

    BIBTEX = "BibTeX"
    PLAIN = "plain"
    MARKDOWN = "Markdown"


def cite(paper: Paper, format_: Format, most: int) -> str:
    """The citation of `paper`, at most `most` characters long; authors who don't fit become "others"."""
    write = {Format.BIBTEX: _bibtex, Format.PLAIN: _plain, Format.MARKDOWN: _markdown}[format_]
    return write(paper, most)


def _bibtex(paper: Paper, most: int) -> str:
    fields = {
        "title": f"{{{_cut(paper.title if shows(paper.title) else paper.name, _latex_title)}}}",
        "author": "",
        "year": str(_year(paper)),
        "eprint": paper.id,
        "archivePrefix": "arXiv",
        "url": paper.arxiv_url,
    }
    room = most - len(_entry(paper, fields | {"author": "-"}))
    return _entry(paper, fields | {"author": _listed(list(map(_bibtex_name, paper.authors)), " and ", "others", room)})


def _entry(paper: Paper, fields: dict[str, str]) -> str:
    lines = (f"  {name} = {{{value}}}," for name, value in fields.items() if value)
    return "\n".join([f"@misc{{{_key(paper)},", *lines, "}"])


def _key(paper: Paper) -> str:
    """`vaswani2017attention`."""
    family = (paper.authors[0].split() or [""])[-1] if paper.authors else ""
    words = (_letters(word) for word in re.split(r"[\s\W]+", paper.title))
    first = next((word for word in words if word and word not in _SMALL_WORDS), "")
    return f"{_letters(family)[:40] or 'arxiv'}{_year(paper)}{first[:40]}"


def _letters(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold(word))


def _bibtex_name(name: str) -> str:
    """A name for BibTeX; one with a comma or an "and" belongs to a group, and braces keep it together."""
    return f"{{{_latex(name)}}}" if re.search(r",|\band\b", name) else _latex(name)


def _latex_title(title: str) -> str:
    """The title for LaTeX; maths stay unchanged, unless they would break the entry."""
    return "".join(part if maths and _is_sound(part) else _latex(part) for part, maths in split_maths(title))


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in legible(text))


def _is_sound(maths: str) -> bool:
    """Whether every brace closes, for TeX and for BibTeX (which also counts `\\{`), and no `%` hides the rest."""
    if re.search(r"\\\\|(?<!\\)[%#&]|`", maths):
        return False
    return _closes(maths) and _closes(re.sub(r"\\[{}]", "", maths))


def _closes(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0


def _plain(paper: Paper, most: int) -> str:
    rest = f"({_year(paper)}). {_cut(paper.name, _unquoted)}. arXiv:{paper.id}. {paper.arxiv_url}"
    authors = _listed(list(map(_unquoted, paper.authors)), ", ", "et al.", most - len(rest) - 1)
    return f"{authors} {rest}".strip()


def _unquoted(text: str) -> str:
    return text.replace("`", "'")


def _markdown(paper: Paper, most: int) -> str:
    title = f"[{_cut(paper.name, _escaped)}]({paper.arxiv_url})"
    rest = f"{_year(paper)}. {title}. arXiv:{paper.id}"
    authors = _listed(list(map(_escaped, paper.authors)), ", ", "et al.", most - len(rest) - 2)
    return f"{authors}, {rest}" if authors else rest


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", text)


def _year(paper: Paper) -> int:
    """The year it was published; without a date, from the arXiv id, which begins with year and month."""
    return paper.published_at.year if paper.published_at else 2000 + int(paper.id[:2])


def _listed(names: Sequence[str], joint: str, others: str, room: int) -> str:
    """The names that fit into `room` characters, then `others`; empty if not even the first name fits."""
    if len(joint.join(names)) <= room:
        return joint.join(names)
    ends = accumulate(len(name) + len(joint) for name in names)
    fitting = sum(end + len(others) <= room for end in ends)
    return joint.join([*names[:fitting], others]) if fitting else ""


def _cut(title: str, written: Callable[[str], str]) -> str:
    """The title as `written`; a very long one is cut between two of its own characters."""
    if len(written(title)) <= LONGEST_TITLE:
        return written(title)
    lengths = accumulate(len(written(character)) for character in title)
    return written(title[: sum(length < LONGEST_TITLE for length in lengths)]) + "…"
