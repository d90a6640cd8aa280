"""The query language: reads what a person typed into a `Query`.

Every text is a query. A part that is not understood becomes a `Mistake`, and the rest is still used.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from bot.dates import read_date
from bot.papers import find_paper_id, has_foreign_link, is_before_2007, parse_paper_id
from bot.search.known_names import KNOWN_NAMES
from bot.search.query import (
    HAS,
    AmbiguousDate,
    AnyOf,
    Clause,
    Days,
    Group,
    Has,
    Like,
    Mistake,
    Named,
    Node,
    Occur,
    Phrase,
    Query,
    Sort,
    Upvotes,
    Word,
    relax_quoted_words,
)
from bot.text import join_lines, remove_invisible

MAX_WORDS = 40  # the rest of a longer query is not used
MAX_OPERATORS = 40
MAX_MISTAKES = 20
LONGEST_OPERATOR = 12  # letters; a longer word before a colon is not a misspelled operator
MAX_DEPTH = 10  # parentheses within parentheses

_TOKEN = re.compile(
    r"""\s*(?P<whole>
        [()]
      | (?P<occur>(?<![^\s(])[+-](?=[^\s)]))
      | (?P<name>[A-Za-z_]+):(?P<value>"[^"]*"?|[^\s()"]*)
      | "(?P<phrase>[^"]*)(?P<closed>"?)
      | (?P<word>[^\s()"]+)
    )""",
    re.VERBOSE,
)
_GROUPED = "(this OR that)"
_SIGNS = {Occur.SHOULD: "", Occur.MUST: "+", Occur.NOT: "-"}
_ORDERS = frozenset(order.value for order in Sort)
_NEXT_WORDS = re.compile(r"\s+[^\s()\":]+")  # that may belong to a date that is not in quotes
_MOST_DATE_WORDS = 4  # after the first: `the 28th of May 2026`
# The right forms of each operator.
RIGHT_FORMS = {
    "author": ("author:lecun", 'author:"yann lecun"'),
    "org": ("org:nvidia", 'org:"google deepmind"'),
    "tag": ('tag:"speech recognition"',),
    "like": ("like:2605.29801", "like:https://arxiv.org/abs/2605.29801"),
    "day": ("day:2026-08-20", "day:20 August", "day:yesterday"),
    "after": ("after:2026-08-20", "after:20 August", "after:2026-08", "after:7d"),
    "before": ("before:2026-08-20", "before:20 August", "before:2026-08", "before:7d"),
    "min": ("min:50",),
    "has": tuple(f"has:{what}" for what in HAS),
    "sort": tuple(f"sort:{order.value}" for order in Sort),
}
_DATED = frozenset({"day", "after", "before"})
_OTHER_NAMES = {"on": "day", "date": "day", "since": "after"}  # with a value; `Focus on: x` is prose


def parse_query(text: str, today: date) -> Query:
    """The query in `text`, read as of `today`; any text is a query."""
    clean = join_lines(unicodedata.normalize("NFC", text))
    return _Parser(clean, today).parse_query()


def parse_with_options(typed: str, today: date, *, sort: str = "", after: str = "", min_upvotes: int = 0) -> Query:
    """The query that was typed, together with the options of a command.

    The options become operators before the text, because an open quote in it would swallow operators after it.
    """
    options = {"sort": sort, "after": after, "min": str(min_upvotes or "")}
    operators = [f"{name}:{value}" for name, value in options.items() if value]
    without_leading_or = re.sub(r"^(\s*OR\b)+", "", remove_invisible(typed))
    return parse_query(" ".join([*operators, without_leading_or]), today)


@lru_cache(1024)
def _find_similar_operator(name: str) -> str | None:
    """The operator that `name` may be a misspelling of, if any; cached, because it is slow."""
    return next(iter(difflib.get_close_matches(name, RIGHT_FORMS, n=1, cutoff=0.7)), None)


@dataclass
class _Parser:
    """Reads tokens from left to right; each group in parentheses is read by another call of `_parse_clauses`."""

    text: str
    today: date
    position: int = 0  # the end of the token that was read last
    sort: Sort | None = None  # the first one counts
    words: int = 0
    operators: int = 0
    unknown_operators: int = 0
    mistakes: list[Mistake] = field(default_factory=list)
    ambiguous_dates: list[AmbiguousDate] = field(default_factory=list)
    examples: list[tuple[int, int]] = field(default_factory=list)  # where `like:` and its value are

    def parse_query(self) -> Query:
        clauses, _ = self._parse_clauses(self._read_tokens(), depth=0)
        rest = self.text  # without the papers that others only have to be like
        for start, end in reversed(self.examples):
            rest = f"{rest[:start]} {rest[end:]}"
        return Query(
            self.text,
            tuple(clauses),
            self.sort or Sort.RELEVANCE,
            tuple(self.mistakes),
            find_paper_id(rest),
            has_foreign_link(rest),
            tuple(dict.fromkeys(self.ambiguous_dates)),
        )

    def _read_tokens(self) -> Iterator[re.Match[str]]:
        while token := _TOKEN.match(self.text, self.position):
            self.position = token.end()
            yield token

    def _parse_clauses(self, tokens: Iterator[re.Match[str]], depth: int) -> tuple[list[Clause], bool]:
        """The clauses up to the closing parenthesis or the end, and whether there was such a parenthesis."""
        clauses: list[Clause] = []
        occur = Occur.SHOULD
        follows_clause = False  # an OR counts only directly after a clause
        follows_or = False
        start: int | None = None  # of the next clause, with its sign
        for token in tokens:
            start = token.start("whole") if start is None else start
            if token["whole"] == ")" and depth:
                return relax_quoted_words(clauses), True
            if token["whole"] == ")":
                self._add_mistake(token, _GROUPED)
                follows_clause = False  # an OR after it has nothing on its left
            elif token["whole"] == "OR" and occur is Occur.SHOULD:  # `-OR` is a word that is not wanted
                follows_or, start = follows_clause, None
            elif modifier := _parse_modifier(token):
                occur = modifier
            else:
                node = self._parse_group(tokens, token, depth) if token["whole"] == "(" else self._parse_node(token)
                if node:
                    typed = self.text[token.start("whole") : self.position]
                    clause = Clause(node, occur, _SIGNS[occur] + typed, (start, self.position))
                    clauses.append(_join_alternatives(clauses.pop(), clause) if follows_or else clause)
                occur, follows_or, follows_clause, start = Occur.SHOULD, False, node is not None, None
        return relax_quoted_words(clauses), False

    def _parse_group(self, tokens: Iterator[re.Match[str]], opening: re.Match[str], depth: int) -> Node | None:
        if depth == MAX_DEPTH:
            self._add_mistake(opening, _GROUPED)
            return None
        clauses, closed = self._parse_clauses(tokens, depth + 1)
        if not closed:
            self._add_mistake(opening, _GROUPED)
        return Group(tuple(clauses)) if clauses else None

    def _parse_node(self, token: re.Match[str]) -> Node | None:
        if token["name"]:
            return self._parse_operator(token)
        if token["phrase"] is not None:
            phrase = self._read_words(token, "phrase")
            if not token["closed"] and phrase == token["phrase"]:
                self._add_mistake(token, f'"{phrase.strip()}"')
            return Phrase(phrase) if phrase.strip() else None
        word = self._read_words(token, "word")
        prefix = word.endswith("*") and len(word) > 1
        return Word(word.rstrip("*") if prefix else word, prefix) if word else None

    def _read_words(self, token: re.Match[str], part: str) -> str:
        """A part of a token, cut where the query reaches `MAX_WORDS`; what follows becomes one mistake.

        A phrase, or a word such as `a-b-c`, counts as several words.
        """
        text, room = token[part], MAX_WORDS - self.words
        ends = [each.end() for each in re.finditer(r"\w+", text)] or [len(text)]
        self.words += len(ends)
        if len(ends) <= room:
            return text
        end = ends[room - 1] if room > 0 else 0
        if room >= 0:
            self.mistakes.append(Mistake(token.start(part if end else "whole") + end, len(self.text), ()))
        return text[:end]

    def _parse_operator(self, token: re.Match[str]) -> Node | None:
        name, value = self._read_name_and_value(token)
        if name not in RIGHT_FORMS:
            return self._parse_unknown_operator(token, name)
        if name == "like":
            self.examples.append((token.start("whole"), self.position))
        self.operators += 1
        if self.operators > MAX_OPERATORS:
            self._add_mistake(token)
            return None
        node = self._build_operator(name, value) if value else None
        is_order = name == "sort" and value.lower() in _ORDERS
        if is_order:
            self.sort = self.sort or Sort(value.lower())
        if node is None and not is_order:
            self._add_mistake(token, *(_list_likes(value) if name == "like" else ()) or RIGHT_FORMS[name])
        elif token["value"].count('"') == 1:
            self._add_mistake(token, f'{name}:"{value}"')
        if isinstance(node, Days) and (typed := read_date(value, self.today)) and typed.other:
            self.ambiguous_dates.append(AmbiguousDate(value, typed.first, typed.other))
        return node

    def _read_name_and_value(self, token: re.Match[str]) -> tuple[str, str]:
        name, value = token["name"].lower(), token["value"].strip('"').strip()
        if value:
            name = _OTHER_NAMES.get(name, name)
        if value and name in _DATED and '"' not in token["value"]:
            value = self._read_whole_date(value)
        if name == "like" and not token["value"]:
            value = self._read_next_reference()
        return name, value

    def _read_next_reference(self) -> str:
        """`2605.29801` for `like: 2605.29801`, which otherwise would be a search for just this paper."""
        word = _NEXT_WORDS.match(self.text, self.position)
        if word is None or _build_like(word[0]) is None:
            return ""
        self.position = word.end()
        return word[0].strip()

    def _read_whole_date(self, value: str) -> str:
        """`28 May` for `after:28 May`: the words after `value` that belong to its date are read too."""
        if read_date(value, self.today) and re.search(r"\d", value):
            return value
        ends = [self.position]
        while len(ends) <= _MOST_DATE_WORDS and (word := _NEXT_WORDS.match(self.text, ends[-1])):
            ends.append(word.end())
        for end in reversed(ends[1:]):
            longer = value + self.text[self.position : end]
            if read_date(longer, self.today):
                self.position = end
                return longer
        return value

    def _parse_unknown_operator(self, token: re.Match[str], name: str) -> Node | None:
        """`autor:lecun` is a mistake; `BERT: pre-training` is plain text with a colon."""
        self.unknown_operators += 1
        may_be_misspelled = (
            token["value"]
            and len(name) <= LONGEST_OPERATOR
            and self.unknown_operators <= MAX_OPERATORS
            and name not in KNOWN_NAMES
        )
        similar = _find_similar_operator(name) if may_be_misspelled else None
        value = token["value"].strip('"')
        if similar and self._fits_operator(similar, value):
            has_to_be_quoted = re.search(r"[\s()]", value)
            self._add_mistake(token, f'{similar}:"{value}"' if has_to_be_quoted else f"{similar}:{value}")
            return None
        word = self._read_words(token, "whole")
        return Word(word) if word else None

    def _fits_operator(self, name: str, value: str) -> bool:
        """Whether the operator `name` takes `value`; `Sora:physics` is not a misspelled `sort:`."""
        return value.lower() in _ORDERS if name == "sort" else self._build_operator(name, value) is not None

    def _build_operator(self, name: str, value: str) -> Node | None:
        """The node for the operator `name`; None if `value` does not fit it."""
        match name:
            case "author" | "org" | "tag":
                return Named(name, value) if re.search(r"\w", value) else None
            case "has":
                return Has(value.lower()) if value.lower() in HAS else None
            case "like":
                return _build_like(value)
            case "min":
                return Upvotes(int(value)) if re.fullmatch(r"\d{1,6}", value, re.ASCII) else None
            case "day" | "after" | "before":
                return self._build_days(name, value)
        return None

    def _build_days(self, name: str, value: str) -> Days | None:
        period = read_date(value, self.today)
        if period is None:
            return None
        if name == "day":
            return Days(period.first, period.end)
        return Days(period.first, None) if name == "after" else Days(None, period.first)

    def _add_mistake(self, token: re.Match[str], *right: str) -> None:
        if len(self.mistakes) < MAX_MISTAKES:
            self.mistakes.append(Mistake(token.start("whole"), token.end("whole"), right))


def _build_like(reference: str) -> Like | None:
    """None if it names no single paper, or one that is too old to be known."""
    paper_id = parse_paper_id(reference)
    return Like(paper_id) if paper_id and not is_before_2007(paper_id) else None


def _list_likes(value: str) -> tuple[str, ...]:
    """`like:2605.29801 like:2605.29802` for `2605.29801,2605.29802`."""
    found = [_build_like(each) for each in re.split(r"[,;+|]", value)]
    return (" ".join(f"like:{each.paper}" for each in found if each),) if len(found) > 1 and all(found) else ()


def _parse_modifier(token: re.Match[str]) -> Occur | None:
    """What a sign or `NOT` does to the clause after it; None if the token is neither."""
    if token["whole"] == "NOT" or token["occur"] == "-":
        return Occur.NOT
    return Occur.MUST if token["occur"] else None


def _join_alternatives(before: Clause, after: Clause) -> Clause:
    """`before OR after`; for `a OR b OR c`, one clause with three alternatives."""
    span = (before.span[0], after.span[1])
    if isinstance(before.node, AnyOf) and before.occur is Occur.SHOULD:
        return Clause(AnyOf((*before.node.options, after)), span=span)
    return Clause(AnyOf((before, after)), span=span)
