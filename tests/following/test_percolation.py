"""Percolation says of every followed query and every paper what the search says."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.demo import load_sample_lists
from bot.following.percolator import Percolator
from bot.papers import Paper
from bot.papers.entry import read_list_entry
from bot.search import SearchIndex, parse_query
from bot.search.query import Clause
from tests.support import any_paper
from tests.support.any_clauses import CLAUSES, PICKS, written
from tests.support.any_query import QueryMaker, find_one_by_one
from tests.support.builders import paper
from tests.support.indexes import FILTERED, OTHERS, SAMPLE_PAPERS, TODAY, open_index
from tests.support.plain_search import PAPERS
from tests.support.queries import ANYTHING, GARBAGE, HEAPS, HOSTILE

SAMPLE = tuple(read_list_entry(entry, day) for day, listed in load_sample_lists().items() for entry in listed)
NAMED = (
    paper("2603.00001", title="GPT-4o and Friends", abstract="We ask gpt 4o."),
    paper("2603.00002", title="Deep Seek: A Story", abstract="Nothing else."),
    paper("2603.00003", title="DeepSeek-R1", abstract="It is an R1."),
    paper(
        "2603.00004", title="Fast C++ for All", abstract="Not C#, nor C.", github_repo="https://github.com/own/Na-me"
    ),
    paper("2603.00005", title="C", abstract="The language C.", authors=("Yann LeCun", "Ada Yann")),
    paper("2603.00006", title="Long", abstract=f"before {'x' * 70} after, before after", tags=("x" * 60, "y" * 59)),
    paper("2603.00007", title="Friends", tags=("deep seek", "gpt"), authors=("Deep", "Seek"), upvotes=50),
    paper("2603.00008", title="⑴ ½ İstanbul ﷺ", abstract="straße STRASSE Ⅳ"),
)
ALL = (*SAMPLE_PAPERS, *FILTERED[3:], *OTHERS[:5], *NAMED)


def percolate(index: SearchIndex, queries: Sequence[str], papers: Sequence[Paper], today: date = TODAY) -> object:
    percolator = Percolator(index)
    words = percolator.make_vocabulary()
    for query in queries:
        percolator.add(query, words)
    return percolator.match(papers, today)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    with open_index(tmp_path_factory.mktemp("few"), PAPERS) as opened:
        yield opened


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    with open_index(tmp_path_factory.mktemp("sample"), SAMPLE) as opened:
        yield opened


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    with open_index(tmp_path_factory.mktemp("named"), ALL) as opened:
        yield opened


@hypothesis_settings(max_examples=200, deadline=None)
@given(st.lists(CLAUSES, min_size=1, max_size=8), PICKS, st.sets(st.sampled_from(PAPERS), min_size=1))
def test_everything_in_the_language_matches_the_papers_that_the_search_finds(
    few: SearchIndex, many: list[list[Clause]], picks: list[int], papers: set[Paper]
) -> None:
    queries = [" ".join(written(each, picks) for each in clauses) for clauses in many]
    assert percolate(few, queries, [*papers]) == find_one_by_one(few, queries, [*papers], TODAY)


@hypothesis_settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 60), st.integers(0, 700))
def test_queries_about_real_papers_match_the_papers_that_the_search_finds(
    sample: SearchIndex, chance: Random, size: int, days_ago: int
) -> None:
    papers, today = chance.sample(SAMPLE, size), SAMPLE[-1].day
    assert today
    maker = QueryMaker(papers, chance)
    queries = [maker.make_query() for _ in range(20)]
    today -= timedelta(days_ago)
    assert percolate(sample, queries, papers, today) == find_one_by_one(sample, queries, papers, today)


@hypothesis_settings(max_examples=25, deadline=None)
@given(st.lists(any_paper.papers, min_size=1, max_size=6, unique_by=lambda each: each.id), st.randoms())
def test_papers_of_any_text_are_matched_as_the_search_finds_them(papers: list[Paper], chance: Random) -> None:
    maker = QueryMaker(papers, chance)
    queries = [maker.make_query() for _ in range(20)]
    with TemporaryDirectory() as folder, open_index(Path(folder), papers) as index:
        assert percolate(index, queries, papers) == find_one_by_one(index, queries, papers, TODAY)


@hypothesis_settings(max_examples=150, deadline=None)
@given(st.lists(ANYTHING | HEAPS, min_size=1, max_size=5))
def test_any_text_may_be_followed(named: SearchIndex, queries: list[str]) -> None:
    assert percolate(named, queries, ALL) == find_one_by_one(named, queries, ALL, TODAY)


@pytest.mark.parametrize("text", [*HOSTILE, *GARBAGE.values()])
def test_the_worst_text_may_be_followed(named: SearchIndex, text: str) -> None:
    assert percolate(named, [text], ALL) == find_one_by_one(named, [text], ALL, TODAY)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("GPT-4o", [1]),
        ("gpt4o", [1]),
        ("-gpt4o friends", [7]),
        ("deepseek", [2, 3]),
        ("Deep-Seek", [2, 7]),
        ("C++", [4]),
        ("c#", [4]),
        ("c", [4, 5]),
        ("own/name", [4]),
        ('author:"yann lecun"', [5]),
        ('author:"lecun ada"', []),  # two authors
        ('"deep seek"', [2, 7]),
        ('author:"deep seek"', []),
        ('"before after"', [6]),
        ("tag:x*", []),  # too long for the index
        ("tag:y*", [6]),
        ("fri*", [1, 7]),
        ("the of", []),
        ("strasse", [8]),
        ("min:50", [7]),
        ("-tag:deep min:1 OR long", [6]),
        ("2603.00002", [2]),
        ("https://arxiv.org/abs/2603.00003v2", [3]),
        ("", [1, 2, 3, 4, 5, 6, 7, 8]),
    ],
)
def test_names_and_identifiers_match_in_every_form(named: SearchIndex, query: str, numbers: list[int]) -> None:
    ids = frozenset(f"2603.0000{number}" for number in numbers)
    assert percolate(named, [query], NAMED) == ({query: ids} if ids else {})
    assert named.find_matching_ids(parse_query(query, TODAY), [each.id for each in NAMED]) == ids


def test_a_query_that_is_no_longer_followed_matches_nothing(named: SearchIndex) -> None:
    percolator, words = Percolator(named), Percolator(named).make_vocabulary()
    queries = ["friends", "c++ OR c++", "min:50", "fri*", "after:yesterday", '"before after"', ""]
    for query in queries:
        percolator.add(query, words)
    percolator.add("friends", words)
    assert (len(percolator), set(percolator.list_queries())) == (len(queries), set(queries))
    for query in queries[1:]:
        percolator.remove(query)
    assert percolator.match(NAMED, TODAY) == {"friends": frozenset({"2603.00001", "2603.00007"})}
    percolator.remove("friends")
    assert (len(percolator), percolator.match(NAMED, TODAY)) == (0, {})


def test_a_date_is_read_anew_on_each_day(named: SearchIndex) -> None:
    some = [paper("2603.00001", day=date(2026, 5, 1)), paper("2603.00002", day=date(2026, 5, 2))]
    percolator = Percolator(named)
    for query in ("after:yesterday", "aftr:yesterday", "day:may"):
        percolator.add(query, percolator.make_vocabulary())
    assert percolator.match(some, date(2026, 5, 2))["after:yesterday"] == {"2603.00001", "2603.00002"}
    assert percolator.match(some, date(2026, 5, 3))["after:yesterday"] == {"2603.00002"}
    assert "after:yesterday" not in percolator.match(some, date(2026, 5, 4))
