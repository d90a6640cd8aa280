"""Over real days, percolation says what the search says."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest

from bench.following import Followers
from bot.following.percolator import Percolator
from bot.search import SearchIndex
from tests.support.any_query import QueryMaker, find_one_by_one
from tests.support.indexes import open_index
from tests.support.real_days import ARCHIVE, real_days

pytestmark = [
    pytest.mark.real_days,
    pytest.mark.skipif(not ARCHIVE.exists(), reason="the real days are not beside the project"),
]
PAST, DAYS = 200, 60  # what the index has before the days
LIKELY, ODD = 3000, 1500  # queries


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    papers = {paper.id: paper for known in real_days()[-PAST:] for paper in known.papers}
    with open_index(tmp_path_factory.mktemp("real"), papers.values()) as opened:
        yield opened


def test_on_sixty_days_every_query_matches_the_papers_that_the_search_finds(index: SearchIndex) -> None:
    """Each query is followed for the whole time, and compared on one of the days."""
    days = [known for known in real_days()[-PAST:] if known.papers][-DAYS:]
    papers = {paper.id: paper for known in days for paper in known.papers}
    chance = Random(1)
    maker = QueryMaker([*papers.values()], chance)
    queries = [*Followers([*papers.values()]).make_queries(LIKELY), *(maker.make_query() for _ in range(ODD))]
    percolator = Percolator(index)
    words = percolator.make_vocabulary()
    for query in queries:
        percolator.add(query, words)
    matched = 0
    for number, known in enumerate(days):
        listed = [papers[each.id] for each in known.papers]
        today = known.day + timedelta(days=1)
        mine = queries[number::DAYS]
        found = percolator.match(listed, today)
        expected = find_one_by_one(index, mine, listed, today)
        assert {query: found[query] for query in mine if query in found} == expected, known.day
        matched += len(expected)
    assert matched > len(queries) / 20
