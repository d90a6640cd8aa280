"""What a person types to find a paper among those they saved: a query, and what only they know of a paper.

Besides the query language there is `is:read`, `is:unread`, `has:note`, `my:TAG` for one of their own tags, and
`sort:saved`. A minus before one of these asks for the opposite. They are taken off, and the rest is parsed as a query.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from bot.search import Mistake, Query, Sort, Word, parse_query
from bot.storage import OwnTexts
from bot.text import fold_text, join_lines, remove_invisible

SHOWN = ("all", "unread", "read")  # what the option of the command offers
SAVED_LAST = "saved"  # the value of `sort:` for the order in which they were saved, the last first
_SORT_BY_SAVING = f"sort:{SAVED_LAST}"
_RIGHT_FORMS = {"is": ("is:unread", "is:read"), "my": ("my:thesis", 'my:"to do"')}
_OPERATOR = re.compile(
    r'(?<![^\s(])(?P<sign>[+-]?)(?P<name>is|has|my|sort):(?P<value>"[^"]*"?|[^\s()"]*)|"[^"]*"?', re.IGNORECASE
)
_LAST_WORD = re.compile(r'(?P<whole>(?P<operator>my:"?)?(?P<word>(?(operator)[^"]*|[^\s"]*)))$', re.IGNORECASE)
_UNCLEAR = re.compile(r"[+-]?(is|my):.*", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """Which of their saved papers a person wants to see; None if it does not matter whether they are read."""

    query: Query
    is_read: bool | None = None
    has_note: bool | None = None
    tags: tuple[tuple[str, bool], ...] = ()  # their own, and whether a paper has to have it or must not
    is_by_saving: bool = False  # as typed; see `comes_last_first`

    @property
    def text(self) -> str:
        """What it is read from again."""
        return " ".join(filter(None, [*self._list_own_operators(), self.query.text]))

    def _list_own_operators(self) -> Iterator[str]:
        if self.is_read is not None:
            yield "is:read" if self.is_read else "is:unread"
        if self.has_note is not None:
            yield "has:note" if self.has_note else "-has:note"
        yield from (f'{"" if wanted else "-"}my:"{tag}"' for tag, wanted in self.tags)
        if self.is_by_saving:
            yield _SORT_BY_SAVING

    def with_read(self, is_read: bool | None) -> "SavedQuery":
        """The same query, asking for papers that are read, unread, or either."""
        return replace(self, is_read=is_read)

    @property
    def comes_last_first(self) -> bool:
        """Whether what was saved last comes first: if that is asked for, or nothing else makes a paper come first."""
        query = self.query
        ranks = bool(query.reference or any(query.list_texts()) or query.list_examples())
        return self.is_by_saving or (query.sort is Sort.RELEVANCE and not ranks)

    @property
    def is_narrowed(self) -> bool:
        """Whether it asks for something that only the person knows."""
        return replace(self, query=_EVERYTHING.query, is_by_saving=False) != _EVERYTHING

    @property
    def wants_everything(self) -> bool:
        return not self.query.clauses and not self.query.reference and not self.is_narrowed

    @property
    def needs_own_texts(self) -> bool:
        """Whether notes and tags have to be looked at."""
        return bool(self.tags or self.has_note is not None or any(self.query.list_texts()))

    def fits(self, own: OwnTexts, *, is_read: bool) -> bool:
        """Whether a paper is one of these, as far as only the person knows."""
        return (
            (self.is_read is None or self.is_read == is_read)
            and (self.has_note is None or self.has_note == bool(own.note))
            and (not self.tags or _fit_tags(own.own_tags, self.tags))
        )


_EVERYTHING = SavedQuery(Query(""))


def parse_saved_query(text: str, today: date) -> SavedQuery:
    """The query in `text`, read as of `today`; any text is one."""
    found = _EVERYTHING

    def take_off(part: re.Match[str]) -> str:
        nonlocal found
        read = _read_operator(found, part)
        found = read or found
        return " " if read else part[0]

    rest = _OPERATOR.sub(take_off, join_lines(unicodedata.normalize("NFC", text)))
    return replace(found, query=_find_unclear_operators(parse_query(rest, today)))


def parse_saved_query_with_options(
    typed: str, today: date, *, shown: str = SHOWN[0], own_tag: str = "", sort: str = ""
) -> SavedQuery:
    """The query that was typed, together with the options of the command, which come first in its text."""
    operators = [] if shown == SHOWN[0] else [f"is:{shown}"]
    operators += [f'my:"{clean_tag(own_tag)}"'] if clean_tag(own_tag) else []
    operators += [f"sort:{sort}"] if sort else []
    without_leading_or = re.sub(r"^(\s*OR\b)+", "", remove_invisible(typed))
    return parse_saved_query(" ".join([*operators, without_leading_or]), today)


def find_own_part(typed: str) -> tuple[str, str, bool]:
    """What was typed before the last word, the beginning of a tag that this word may be, and whether it must be one."""
    last = _LAST_WORD.search(typed)
    assert last  # it matches any text
    return typed[: last.start("whole")], last["word"], last["operator"] is not None


@lru_cache(1024)  # of thousands of papers, most have the same few
def _fit_tags(own_tags: tuple[str, ...], asked: tuple[tuple[str, bool], ...]) -> bool:
    """Whether these are tags of which each that is asked for is one, or is not if it must not be."""
    folded = {*map(fold_text, own_tags)}
    return all((fold_text(tag) in folded) == wanted for tag, wanted in asked)


def clean_tag(text: str) -> str:
    """A tag without what it cannot have: `#` before it, quotes, and spaces around it."""
    return join_lines(text.replace('"', " ")).lstrip("#").strip()


def _read_operator(query: SavedQuery, part: re.Match[str]) -> SavedQuery | None:
    """The query with one more operator; None if this part is none of ours."""
    if part["name"] is None:
        return None
    wanted, value = part["sign"] != "-", part["value"].strip('"').strip()
    tag = clean_tag(value)
    match part["name"].lower(), value.lower():
        case "is", "read" | "unread" as state:
            return replace(query, is_read=(state == "read") == wanted)
        case "has", "note" | "notes":
            return replace(query, has_note=wanted)
        case "sort", order if order == SAVED_LAST and wanted:
            return replace(query, is_by_saving=True)
        case "my", _ if tag:
            return replace(query, tags=(*query.tags, (tag, wanted)))
    return None


def _find_unclear_operators(query: Query) -> Query:
    """The query with `is:reed` and `my:` as mistakes, which to others are just words.

    `sort:` is a mistake to everyone, but here it knows one order more.
    """
    unclear = [
        each for each in query.clauses if isinstance(each.node, Word) and each.span and _UNCLEAR.fullmatch(each.typed)
    ]
    known = [_add_own_order(query, each) for each in query.mistakes]
    mistakes = [Mistake(*each.span, _RIGHT_FORMS[each.typed.lstrip("+-")[:2].lower()]) for each in unclear]
    clauses = tuple(each for each in query.clauses if each not in unclear)
    return replace(query, clauses=clauses, mistakes=(*known, *mistakes))


def _add_own_order(query: Query, mistake: Mistake) -> Mistake:
    is_sort = query.text[mistake.start : mistake.end].lstrip("+-").lower().startswith("sort:")
    return replace(mistake, corrections=(_SORT_BY_SAVING, *mistake.corrections)) if is_sort else mistake
