"""Queries made of everything the language has find what plain Python finds among the same papers."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.search import HAS, SearchIndex, Sort
from bot.search.query import AnyOf, Clause, Days, Group, Has, Like, Named, Node, Occur, Operator, Phrase, Upvotes, Word
from tests.support.builders import DAY
from tests.support.encoders import RandomEncoder, understood
from tests.support.indexes import find, open_index, parse_on_day
from tests.support.plain_search import ABSENT, PAPERS, STOP, VOCABULARY, found, is_required

pytestmark = pytest.mark.usefixtures("whatever_is_near")
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
    return signed(inner.map(lambda each: Group(tuple(each))))


SIMPLE = signed(LEAVES)
NESTED = st.recursive(SIMPLE, groups, max_leaves=6)
CLAUSES = st.lists(st.one_of(SIMPLE, NESTED, alternatives(NESTED)), max_size=4)
PICKS = st.lists(st.integers(0, 5), min_size=4, max_size=4)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    with open_index(tmp_path_factory.mktemp("oracle"), PAPERS) as opened:
        yield opened


@pytest.fixture(scope="module")
def meaning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    """The same index, whose papers are all near to everything."""
    with open_index(tmp_path_factory.mktemp("meaning"), PAPERS, understood(PAPERS, RandomEncoder())) as opened:
        yield opened


def bare(clauses: Sequence[Clause]) -> list[Clause]:
    """The clauses without how they were typed, their words in small letters."""
    return [Clause(_bare(each.node), each.occur) for each in clauses]


def _bare(node: Node) -> Node:
    match node:
        case Word(text=text):
            return replace(node, text=text.lower())
        case AnyOf(options=options):
            return AnyOf(tuple(bare(options)))
        case Group(clauses=clauses):
            return Group(tuple(bare(clauses)))
    return node


@hypothesis_settings(max_examples=700, deadline=None)
@given(CLAUSES, PICKS)
def test_a_query_is_read_as_it_was_meant_and_finds_what_plain_python_finds(
    index: SearchIndex, clauses: list[Clause], picks: list[int]
) -> None:
    text = " ".join(written(each, picks) for each in clauses)
    query = parse_on_day(text)
    assert query.mistakes == ()
    assert bare(query.clauses) == clauses
    got = index.find_papers(query, limit=100)
    assert set(got.ids) == found(clauses, every=query.order is Sort.UPVOTES), text
    assert got.total == len(got.ids)
    assert got.corrections == ()


@hypothesis_settings(max_examples=200, deadline=None)
@given(CLAUSES, PICKS, st.sampled_from((Sort.DATE, Sort.UPVOTES)))
def test_a_sorted_query_finds_papers_with_every_word_or_else_with_any(
    index: SearchIndex, clauses: list[Clause], picks: list[int], sort: Sort
) -> None:
    text = " ".join([*(written(each, picks) for each in clauses), f"sort:{sort.value}"])
    got = find(index, text, 100)
    assert set(got.ids) == (found(clauses, every=True) or found(clauses)), text
    known = {each.id: each for each in PAPERS}
    keys = [known[each].upvotes if sort is Sort.UPVOTES else known[each].day for each in got.ids]
    assert keys == sorted(keys, reverse=True)  # type: ignore[type-var]


@hypothesis_settings(max_examples=200, deadline=None)
@given(CLAUSES, PICKS)
def test_papers_near_in_meaning_are_found_as_well_if_nothing_required_excludes_them(
    index: SearchIndex, meaning: SearchIndex, clauses: list[Clause], picks: list[int]
) -> None:
    text = " ".join(written(each, picks) for each in clauses)
    got = find(meaning, text, 100)
    assert len(got.ids) == len(set(got.ids)) == got.total
    if parse_on_day(text).order is Sort.RELEVANCE:
        demanded = [each for each in clauses if is_required(each)]
        assert set(got.ids) == found(clauses) | found(demanded), text
    else:
        assert got == find(index, text, 100)


@pytest.mark.parametrize("text", ["", "alpha", "min:5 -bravo", "(alpha OR kilo) sort:date"])
def test_the_sample_papers_tell_queries_apart(index: SearchIndex, text: str) -> None:
    """The oracle is worth nothing where everything or nothing is found."""
    assert 0 < find(index, text).total < (len(PAPERS) if text else len(PAPERS) + 1)
