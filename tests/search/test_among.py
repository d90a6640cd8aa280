"""A search among some papers, such as those that a person saved."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.search import SearchIndex
from bot.search.search import LEAST_KEPT
from tests.support.builders import paper
from tests.support.encoders import RandomEncoder, understood
from tests.support.indexes import open_index, parse_on_day

PAPERS = [
    paper(
        f"2601.{number:05}",
        title=f"{'Flow Matching' if number % 2 else 'Robots'} number {number}",
        abstract="On flow and likeness of things." if number % 3 else "Robots fold laundry at home.",
        tags=("robotics",) if number % 3 == 0 else ("theory",),
        upvotes=number % 7,
    )
    for number in range(1, 120)
]
SOME = frozenset(each.id for each in PAPERS[::5])
QUERIES = (
    *("flow", "flow matching", "robots laundry", "robots -flow", '"fold laundry"', "tag:robotics", "min:3 robots"),
    *("sort:upvotes", "robots sort:date", "flow matching robots laundry home sort:upvotes", "has:code OR tag:theory"),
    *("on flow matching of robots that fold laundry at home", "labundry", "like:2601.00002", "robots like:2601.00003"),
)


@pytest.fixture(scope="module", params=["by words", "by meaning too"])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    meaning = understood(PAPERS, RandomEncoder()) if request.param == "by meaning too" else None
    with open_index(tmp_path_factory.mktemp("some"), PAPERS, meaning) as opened:
        yield opened


@pytest.mark.parametrize("text", QUERIES)
def test_only_they_are_found_and_the_pages_have_each_once_and_as_many_as_were_counted(
    index: SearchIndex, text: str
) -> None:
    query = parse_on_day(text)
    first = index.find_papers(query, limit=5, among=SOME)
    pages = [index.find_papers(query, limit=5, offset=offset, among=SOME) for offset in range(0, first.total, 5)]
    found = [each for page in pages for each in page.ids]
    assert found or (index.meaning and query.list_examples())  # vectors made by chance are like no others
    assert set(found) <= SOME
    assert len(set(found)) == len(found) == first.total


@pytest.mark.parametrize("text", QUERIES)
def test_among_all_papers_what_is_found_is_as_without(index: SearchIndex, text: str) -> None:
    query, every = parse_on_day(text), [each.id for each in PAPERS]
    among, free = (index.find_papers(query, limit=200, among=some) for some in (every, None))
    assert among.corrections == free.corrections
    if index.meaning is None:
        assert (among.ids, among.complete) == (free.ids, free.complete)


@settings(max_examples=60, deadline=None)
@given(
    text=st.sampled_from(
        ("flow matching", "robots laundry", "flow laundry likeness", "min:3 robots flow", "on robots")
    ),
    among=st.sets(st.sampled_from([each.id for each in PAPERS]), min_size=1),
    offset=st.integers(0, 60),
)
def test_among_any_papers_they_come_in_the_order_of_a_search_of_all(
    index: SearchIndex, text: str, among: set[str], offset: int
) -> None:
    if index.meaning:
        return  # a search of all papers ranks only the nearest of them by meaning
    query = parse_on_day(text)
    free = index.find_papers(query, limit=200)
    some = index.find_papers(query, limit=200, among=among)
    whole = [each for each in free.ids[: free.complete or 0] if each in among]
    if free.complete is not None:
        assert some.complete == len(whole)
    assert [*some.ids[: len(whole)]] == whole
    listed = [each for each in free.ids if each in some.ids]
    assert [each for each in some.ids if each in listed] == listed
    assert some.total == len(some.ids) >= min(LEAST_KEPT, len(listed))
    assert index.find_papers(query, limit=5, offset=offset, among=among).ids == some.ids[offset : offset + 5]


def test_those_that_match_are_told_whether_few_papers_do_or_many(index: SearchIndex) -> None:
    for text in QUERIES:
        query = parse_on_day(text)
        matching = index.find_matching_ids(query, [each.id for each in PAPERS])
        assert index.find_matching_ids(query, SOME) == matching & SOME
        assert index.find_matching_ids(query, [*SOME][:3]) == matching & {*[*SOME][:3]}
        assert index.find_matching_ids(query, ()) == frozenset()


def test_those_with_the_shorter_ids_of_before_2015_match_too(tmp_path: Path) -> None:
    ids = ["0704.0001", "1412.9999", "1501.00001"]
    with open_index(tmp_path, [paper(each, title="Flow") for each in ids]) as opened:
        assert opened.find_matching_ids(parse_on_day("flow"), ids) == {*ids}


def test_a_paper_by_its_id_is_found_only_if_it_is_among_them(index: SearchIndex) -> None:
    query = parse_on_day("2601.00001")
    assert index.find_papers(query, limit=5, among={"2601.00001"}).ids == ("2601.00001",)
    assert index.find_papers(query, limit=5, among={"2601.00002"}).total == 0


def test_among_none_nothing_is_found(index: SearchIndex) -> None:
    assert index.find_papers(parse_on_day("flow"), limit=5, among=()).total == 0
