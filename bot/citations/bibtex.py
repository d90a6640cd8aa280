"""BibTeX: an `@misc` as arXiv itself writes it. bibtexparser lays it out; what stands in a field is escaped here."""

import re

from bibtexparser.entrypoint import write_string
from bibtexparser.library import Library
from bibtexparser.middlewares.enclosing import AddEnclosingMiddleware
from bibtexparser.model import Entry, Field
from bibtexparser.writer import BibtexFormat

from bot.citations.citation import Citation
from bot.citations.names import AuthorName
from bot.papers.titles import split_maths
from bot.text import remove_invisible

_LATEX = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "`": r"\textasciigrave{}",
    }
)
_SPECIAL = re.compile(f"[{re.escape(''.join(map(chr, _LATEX)))}]")
_UNPAIRED = {"{": r"\{\vphantom{\}}", "}": r"\vphantom{\{}\}"}  # BibTeX counts `\{` too: its partner prints nothing
_LAYOUT = BibtexFormat()  # type: ignore[no-untyped-call]
_LAYOUT.indent, _LAYOUT.trailing_comma = "  ", True
_IN_BRACES = AddEnclosingMiddleware(
    reuse_previous_enclosing=False, enclose_integers=True, default_enclosing="{", allow_inplace_modification=True
)


def write_bibtex(citation: Citation) -> str:
    """The entry, with its line break."""
    paper = citation.paper
    authors = [_write_name(name) for name in citation.authors]
    fields = {
        "title": f"{{{escape_prose(citation.title)}}}",  # braces within braces: no style changes its capitals
        "author": " and ".join([*authors, *(["others"] if citation.has_more_authors else [])]),
        "year": str(citation.year),
        "eprint": paper.id,
        "archivePrefix": "arXiv",
        "doi": citation.doi,
        "url": paper.arxiv_url,
        "abstract": escape_prose(citation.abstract),
        "keywords": ", ".join(map(escape_latex, citation.keywords)),
        "annote": escape_latex(citation.note),  # `note` would be printed in the bibliography
    }
    entry = Entry("misc", citation.key, [Field(name, value) for name, value in fields.items() if value])
    return write_string(Library([entry]), unparse_stack=[_IN_BRACES], bibtex_format=_LAYOUT)


def _write_name(name: AuthorName) -> str:
    """`van der Waals, Johannes`; braces keep a group, or a name with a comma, together.

    So do they a name with `=`, which biblatex and pandoc take for `family=Waals, given=Johannes`.
    """
    if not name.given or "=" in name.spoken:
        return f"{{{escape_latex(name.spoken)}}}"
    family = escape_latex(f"{name.particle} {name.family}".strip())
    return ", ".join(filter(None, (family, escape_latex(name.suffix), escape_latex(name.given))))


def escape_prose(text: str) -> str:
    """A title or an abstract for LaTeX; maths stay unchanged, unless they would break the entry."""
    return "".join(
        part if maths and _is_balanced_maths(part) else escape_latex(part) for part, maths in split_maths(text)
    )


def escape_latex(text: str) -> str:
    """Text for LaTeX, with a partner for each brace that has none."""
    text = remove_invisible(text)
    if not _SPECIAL.search(text):
        return text
    parts, start = [], 0
    for at in _find_unpaired_braces(text):
        parts += [text[start:at].translate(_LATEX), _UNPAIRED[text[at]]]
        start = at + 1
    return "".join([*parts, text[start:].translate(_LATEX)])


def _is_balanced_maths(maths: str) -> bool:
    """Whether every brace closes, for TeX and for BibTeX (which also counts `\\{`), and no `%` hides the rest."""
    if re.search(r"\\\\|(?<!\\)[%#&]|`", maths):
        return False
    return not _find_unpaired_braces(maths) and not _find_unpaired_braces(re.sub(r"\\[{}]", "", maths))


def _find_unpaired_braces(text: str) -> list[int]:
    """Where braces stand that none closes or opens."""
    opened: list[int] = []
    unopened: list[int] = []
    for brace in re.finditer("[{}]", text):
        if brace[0] == "{":
            opened.append(brace.start())
        elif opened:
            opened.pop()
        else:
            unopened.append(brace.start())
    return unopened + opened  # one that opens and stays open comes after all that nothing opened
