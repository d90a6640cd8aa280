"""Queries made of everything the language has find what plain Python finds among the same papers."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.search import SearchIndex, Sort
from bot.search.query import AnyOf, Clause, Group, Node, Word
from tests.support.any_clauses import CLAUSES, PICKS, written
from tests.support.encoders import RandomEncoder, understood
from tests.support.indexes import find, open_index, parse_on_day
from tests.support.plain_search import PAPERS, found, is_required

pytestmark = pytest.mark.usefixtures("whatever_is_near")


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
