"""Hypothesis strategies: queries made of everything the language has, of the words in `plain_search`."""

from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import strategies as st

from bot.search import HAS
from bot.search.query import AnyOf, Clause, Days, Group, Has, Like, Named, Node, Occur, Operator, Phrase, Upvotes, Word
from tests.support.builders import DAY
from tests.support.plain_search import ABSENT, STOP, VOCABULARY

SIGNS = {Occur.SHOULD: ("",), Occur.MUST: ("+",), Occur.NOT: ("-", "NOT ")}


def written(clause: Clause, pick: Sequence[int]) -> str:
    """The text of a clause, in one of the ways people write it."""
    choice = pick[0] if pick else 0
    signs = SIGNS[clause.occur]
    sign = signs[choice % len(signs)]
    match clause.node:
        case AnyOf(options=options):
            return " OR ".join(written(each, pick[1:]) for each in options)
        case Group(clauses=clauses):
            return f"{sign}({' '.join(written(each, pick[1:]) for each in clauses)})"
        case Word(text=text, quoted=True):
            return f'"{text}"'
        case Word(text=text, prefix=prefix):
            return f"{sign}{(text, text.title(), text.upper())[choice % 3]}{'*' * prefix}"
        case Phrase(text=text):
            return f'{sign}"{text}"'
    return sign + _filter(clause.node, choice)


def _filter(node: Operator, choice: int) -> str:
    match node:
        case Named(name=name, text=text):
            quoted = " " in text or choice % 2
            return f'{(name, name.upper())[choice % 2]}:"{text}"' if quoted else f"{name}:{text}"
        case Has(what=what):
            return f"has:{what}"
        case Upvotes(least=least):
            return f"min:{least}"
        case Like(paper=paper):
            return f"like:{paper}"
        case Days(first=first, end=end):
            return _days(first, end)


def _days(first: date | None, end: date | None) -> str:
    if first and end:
        return f"day:{first}" if end - first == timedelta(1) else f"day:{first.year}"
    return f"after:{first}" if first else f"before:{end}"


WORDS = st.sampled_from((*VOCABULARY, *VOCABULARY, ABSENT, STOP, "alpha-bravo", "delta/hotel")).map(Word)
PREFIXES = st.sampled_from(("alp", "bra", "de", "t", "kilo", "zz")).map(lambda text: Word(text, prefix=True))
PHRASES = st.lists(st.sampled_from((*VOCABULARY, STOP)), min_size=1, max_size=3).map(" ".join).map(Phrase)
NAMED = st.builds(
    Named,
    st.sampled_from(("author", "org", "tag")),
    st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=2).map(" ".join) | st.sampled_from(("alp*", "kilo ta*")),
)
DATES = st.sampled_from([DAY - timedelta(30), DAY - timedelta(1), DAY, DAY + timedelta(1), date(2025, 12, 31)])
DAYS = st.one_of(
    DATES.map(lambda day: Days(day, day + timedelta(1))),
    DATES.map(lambda day: Days(day, None)),
    DATES.map(lambda day: Days(None, day)),
    st.sampled_from((2024, 2025, 2026)).map(lambda year: Days(date(year, 1, 1), date(year + 1, 1, 1))),
)
FILTERS: st.SearchStrategy[Node] = st.one_of(
    NAMED, st.sampled_from(HAS).map(Has), st.sampled_from((0, 3, 5, 6, 10, 100)).map(Upvotes), DAYS
)
LEAVES: st.SearchStrategy[Node] = st.one_of(WORDS, WORDS, PREFIXES, PHRASES, FILTERS)
OCCURS = st.sampled_from((Occur.SHOULD, Occur.SHOULD, Occur.SHOULD, Occur.MUST, Occur.NOT))


def signed(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Clause]:
    return st.builds(Clause, nodes, OCCURS)


def alternatives(clauses: st.SearchStrategy[Clause]) -> st.SearchStrategy[Clause]:
    return st.lists(clauses, min_size=2, max_size=3).map(lambda options: Clause(AnyOf(tuple(options))))


def groups(clauses: st.SearchStrategy[Clause]) -> st.SearchStrategy[Clause]:
    inner = st.lists(clauses | alternatives(clauses), min_size=1, max_size=3)
    return signed(inner.map(lambda each: Group(tuple(stressed(each)))))


def stressed(clauses: list[Clause]) -> list[Clause]:
    """The clauses as they are read: one word in quotes only ranks if there are words without."""
    if not any(isinstance(each.node, Word) and each.occur is Occur.SHOULD for each in clauses):
        return clauses
    return [
        Clause(Word(each.node.text, quoted=True))
        if isinstance(each.node, Phrase) and each.occur is Occur.SHOULD and " " not in each.node.text
        else each
        for each in clauses
    ]


SIMPLE = signed(LEAVES)
NESTED = st.recursive(SIMPLE, groups, max_leaves=6)
CLAUSES = st.lists(st.one_of(SIMPLE, NESTED, alternatives(NESTED)), max_size=4).map(stressed)
PICKS = st.lists(st.integers(0, 5), min_size=4, max_size=4)
