"""A paper as it is cited, the same for all formats. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from string import ascii_lowercase

from bot.citations.names import AuthorName, split_names
from bot.papers import Paper
from bot.papers.titles import get_display_title
from bot.storage import SavedPaper
from bot.text import fold_text, is_visible, join_lines

_SMALL_WORDS = frozenset({"a", "an", "and", "for", "in", "is", "of", "on", "the", "to", "towards", "with"})
_MAX_WORD = 40  # characters of a name or a word in a key


@dataclass(frozen=True, slots=True)
class Citation:
    """What is cited of a paper, under a `key` that no other one in the same file has.

    The title has its LaTeX. `has_more_authors` says that some are left out. The note and the tags are a person's own.
    """

    key: str
    paper: Paper
    title: str
    authors: tuple[AuthorName, ...]
    has_more_authors: bool = False
    abstract: str = ""
    saved: SavedPaper | None = None

    @property
    def plain_title(self) -> str:
        """The title with signs instead of LaTeX, in one line."""
        return get_display_title(self.title, self.paper.id)

    @property
    def published_on(self) -> date | None:
        return self.paper.published_at.date() if self.paper.published_at else None

    @property
    def year(self) -> int:
        return get_publication_year(self.paper)

    @property
    def doi(self) -> str:
        return f"10.48550/arXiv.{self.paper.id}"

    @property
    def note(self) -> str:
        """What the person noted, with its lines."""
        lines = map(join_lines, (self.saved.note if self.saved else "").split("\n"))
        return "\n".join(lines).strip()

    @property
    def keywords(self) -> list[str]:
        """The person's own tags, without the signs at which reference managers split a list of them."""
        tags = self.saved.own_tags if self.saved else ()
        return [keyword for tag in tags if (keyword := join_lines(re.sub("[,;]", " ", tag)))]


@dataclass
class KeyMaker:
    """Makes the keys of a file: `vaswani2017attention`, then `vaswani2017attentiona`."""

    _used: set[str] = field(default_factory=set)
    _endings: dict[str, int] = field(default_factory=dict)

    def make_key(self, paper: Paper) -> str:
        plain = make_citation_key(paper)
        key = plain
        while key in self._used:
            ending = self._endings.get(plain, 0)
            self._endings[plain] = ending + 1
            key = f"{plain}{_write_ending(ending)}"
        self._used.add(key)
        return key


def cite(
    paper: Paper, make_key: Callable[[Paper], str], *, saved: SavedPaper | None = None, with_abstract: bool = True
) -> Citation:
    """The whole citation of a paper, with all authors."""
    title = join_lines(paper.title)
    return Citation(
        make_key(paper),
        paper,
        title if is_visible(title) else paper.name,
        split_names(paper.authors),
        abstract=join_lines(paper.abstract) if with_abstract else "",
        saved=saved,
    )


def make_citation_key(paper: Paper) -> str:
    """`vaswani2017attention`."""
    names = split_names(paper.authors[:1])
    family = _keep_ascii_letters(names[0].family.split()[-1]) if names else ""
    words = (_keep_ascii_letters(word) for word in re.split(r"[\s\W]+", paper.title))
    first = next((word for word in words if word and word not in _SMALL_WORDS), "")
    return f"{family[:_MAX_WORD] or 'arxiv'}{get_publication_year(paper)}{first[:_MAX_WORD]}"


def get_publication_year(paper: Paper) -> int:
    """The year it was published; without a date, from the arXiv id, which begins with year and month."""
    return paper.published_at.year if paper.published_at else 2000 + int(paper.id[:2])


def _keep_ascii_letters(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", fold_text(word))


def _write_ending(number: int) -> str:
    """`a` for 0, `z` for 25, then `aa`."""
    before, last = divmod(number, len(ascii_lowercase))
    return (_write_ending(before - 1) if before else "") + ascii_lowercase[last]
