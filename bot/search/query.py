"""What a person asked for: words, phrases and filters, each added to the rank, demanded or kept out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum

MOST_ALONE = 5  # filters of which each is left out in turn
HAS = ("code", "project", "summary", "media")


class Sort(Enum):
    """The order of what was found."""

    RELEVANCE = "relevance"
    UPVOTES = "upvotes"
    DATE = "date"


class Occur(Enum):
    """What a clause does: add to the rank, be demanded, or be kept out."""

    SHOULD = "should"
    MUST = "must"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Word:
    """A word as typed; `prefix` where it is the beginning of one (`diffus*`)."""

    text: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stand together, in this order."""

    text: str


@dataclass(frozen=True, slots=True)
class Named:
    """`author:`, `org:` or `tag:` (`name`) with the words it must hold."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Has:
    """`has:` with one of `HAS`."""

    what: str


@dataclass(frozen=True, slots=True)
class Upvotes:
    """At least so many."""

    least: int


@dataclass(frozen=True, slots=True)
class Days:
    """From `first` up to, not including, `end`; None leaves a side open."""

    first: date | None
    end: date | None


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Alternatives: `a OR b`."""

    options: tuple["Clause", ...]


@dataclass(frozen=True, slots=True)
class Group:
    """What stands in parentheses."""

    clauses: tuple["Clause", ...]


QueryFilter = Named | Has | Upvotes | Days
Node = Word | Phrase | QueryFilter | AnyOf | Group


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a query; `typed` is how the person wrote it, with its sign, unless it has parts of its own."""

    node: Node
    occur: Occur = Occur.SHOULD
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong from `start` to `end` of the text, and right forms to use instead."""

    start: int
    end: int
    corrections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """What a person asked for. `reference` is the id of a paper named in the text by its id, a link or a DOI.

    `has_foreign_link`: the text has a link or a DOI that names no paper, and its words would find a wrong one.
    """

    text: str
    clauses: tuple[Clause, ...] = ()
    sort: Sort = Sort.RELEVANCE
    mistakes: tuple[Mistake, ...] = ()
    reference: str | None = None
    has_foreign_link: bool = False

    @property
    def words(self) -> tuple[Word, ...]:
        """The words on the query's first level that it looks for, in their order."""
        return tuple(each.node for each in self.clauses if isinstance(each.node, Word) and each.occur is not Occur.NOT)

    @property
    def has_requirements(self) -> bool:
        """Whether anything but a bare word is asked for."""
        return any(not isinstance(each.node, Word) or each.occur is not Occur.SHOULD for each in self.clauses)

    def list_texts(self) -> Iterator[str]:
        """All words and phrases that it looks for, on whatever level."""
        return list_clause_texts(self.clauses)

    @property
    def order(self) -> Sort:
        """`sort`; filters alone leave nothing to be relevant to, and upvotes decide."""
        ranks = any(self.list_texts())
        return self.sort if ranks or self.sort is not Sort.RELEVANCE else Sort.UPVOTES

    def correct_spelling(self, taken: Mapping[str, str]) -> "Query":
        """The query with the words in `taken` replaced."""
        return replace(self, clauses=tuple(_correct_clause(each, taken) for each in self.clauses))

    def list_relaxed(self) -> Iterator[tuple["Query", tuple[str, ...]]]:
        """The query without one of its filters, each in turn, then without any; and what was left out, as typed."""
        filters = [each for each in self.clauses if isinstance(each.node, QueryFilter)]
        alone = [[each] for each in filters] if len(filters) <= MOST_ALONE else []
        for left_out in [*alone, *([filters] if len(filters) > 1 else [])]:
            kept = tuple(each for each in self.clauses if each not in left_out)
            if kept:
                yield replace(self, clauses=kept), tuple(each.typed for each in left_out)


def _correct_clause(clause: Clause, taken: Mapping[str, str]) -> Clause:
    node = clause.node
    if isinstance(node, Word) and node.text in taken:
        return replace(clause, node=replace(node, text=taken[node.text]))
    return clause


def list_clause_texts(clauses: Iterable[Clause]) -> Iterator[str]:
    """All words and phrases that `clauses` look for."""
    for clause in clauses:
        match clause.node:
            case _ if clause.occur is Occur.NOT:
                continue
            case Word(text=text) | Phrase(text=text):
                yield text
            case AnyOf(options=inner) | Group(clauses=inner):
                yield from list_clause_texts(inner)
