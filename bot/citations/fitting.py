"""A citation for a message: it is shortened until it fits, and stays valid."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.citations.citation import Citation, cite, make_citation_key
from bot.citations.formats import CitationFormat, write_alone
from bot.papers import Paper

_AUTHORS_ROOM = 400  # characters that a long title leaves to the authors


@dataclass(frozen=True, slots=True)
class FittedCitation:
    """A citation to copy. One that is not `whole` lacks authors, or the end of its title."""

    text: str
    is_whole: bool


def fit_citation(paper: Paper, format_: CitationFormat, most: int) -> FittedCitation:
    """The citation of `paper`, at most `most` characters long; authors who don't fit become "others"."""
    whole = cite(paper, make_citation_key, with_abstract=False)

    def fits(citation: Citation, room: int = most) -> bool:
        return len(write_alone(citation, format_)) <= room

    if fits(whole):
        return FittedCitation(write_alone(whole, format_), is_whole=True)
    rest = replace(whole, authors=())
    if not fits(rest, most - _AUTHORS_ROOM):
        length = _find_most(len(rest.title), lambda length: fits(_cut_title(rest, length), most - _AUTHORS_ROOM))
        rest = _cut_title(rest, length)
    number = _find_most(len(whole.authors), lambda number: fits(_name_authors(rest, whole, number)))
    return FittedCitation(write_alone(_name_authors(rest, whole, number), format_), is_whole=False)


def _cut_title(citation: Citation, length: int) -> Citation:
    return replace(citation, title=f"{citation.title[:length].rstrip()}…")


def _name_authors(citation: Citation, whole: Citation, number: int) -> Citation:
    """`citation` with the first authors of the `whole` one; without any, nobody else is mentioned either."""
    return replace(citation, authors=whole.authors[:number], has_more_authors=0 < number < len(whole.authors))


def _find_most(highest: int, fits: Callable[[int], bool]) -> int:
    """The highest number that fits, if all lower ones do; always one that fits, since zero does."""
    low, high = 0, highest
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low
