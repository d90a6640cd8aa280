"""With a reranker, the best papers come in the order that it gives them; it never keeps anybody waiting for long."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bot.lookups.finder import Finder
from bot.papers import Paper
from bot.search import MOST_RATED, Reranker, Reranking, parse_query
from bot.storage import Storage
from tests.support.builders import DAY, paper
from tests.support.finders import opened

MANY = [paper(f"2601.{number:05}", title=f"Whales {number}", upvotes=number) for number in range(1, 41)]


class CountingReranker:
    """Rates the papers with few upvotes best, by the numbers in their titles, and counts the pairs."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []

    def rate(self, query: str, passages: Sequence[str]) -> list[float]:
        self.pairs += [(query, each) for each in passages]
        return [-float(each.split()[1].strip(".")) for each in passages]


@pytest.fixture
async def finder(tmp_path: Path, storage: Storage) -> AsyncIterator[Finder]:
    async with opened(tmp_path, storage, MANY) as made:
        yield made


async def find(finder: Finder, text: str, pages: int = 8) -> list[str]:
    query = parse_query(text, DAY)
    found = [await finder.search_papers(query, page) for page in range(1, pages + 1)]
    return [hit.paper.id for each in found for hit in each.hits]


def use(finder: Finder, reranker: Reranker, limit: float = 60) -> None:
    finder._search.reranking = Reranking(reranker, limit)


async def test_the_best_twenty_are_rated_once_and_every_page_agrees(finder: Finder) -> None:
    before, counting = await find(finder, "whales"), CountingReranker()
    use(finder, counting)
    after = await find(finder, "whales")
    assert len(counting.pairs) == MOST_RATED
    assert {query for query, _ in counting.pairs} == {"whales"}
    assert after[:MOST_RATED] == sorted(before[:MOST_RATED])
    assert after[MOST_RATED:] == before[MOST_RATED:]


async def test_past_the_limit_the_first_order_stands(finder: Finder) -> None:
    before, counting = await find(finder, "whales"), CountingReranker()
    use(finder, counting, limit=-1)
    assert await find(finder, "whales") == before
    assert counting.pairs == []


async def test_a_reranker_that_fails_costs_nobody_an_answer(finder: Finder, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def rate(self, query: str, passages: Sequence[str]) -> list[float]:
            raise RuntimeError("out of memory")

    before = await find(finder, "whales")
    use(finder, Broken())
    assert await find(finder, "whales") == before
    assert "the reranker failed; the first order stands" in caplog.text


@pytest.mark.parametrize("text", ["sort:date whales", "sort:upvotes", "min:3", MANY[0].id])
async def test_what_is_not_ranked_by_words_keeps_its_order(finder: Finder, text: str) -> None:
    before, counting = await find(finder, text, 1), CountingReranker()
    use(finder, counting)
    assert await find(finder, text, 1) == before
    assert counting.pairs == []


def test_a_long_abstract_is_rated_by_its_beginning() -> None:
    counting = CountingReranker()
    long: Paper = paper("2601.00001", title="Whales 1", abstract="word " * 9000)
    assert Reranking(counting).sort_papers("whales", [long]) == [long]
    assert len(counting.pairs[0][1]) < 1000
