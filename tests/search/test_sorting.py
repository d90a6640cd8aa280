"""Sorting by upvotes or date, and reading page by page."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.ranking import rank_papers
from bot.search import SearchIndex, parse_query
from tests.support.builders import DAY, paper
from tests.support.indexes import find, ids, in_pages, open_index

DATED = [
    paper(
        f"2601.{number:05}",
        title="Flow Matching" if number % 3 else "Flow",
        abstract="matching" if number % 5 == 0 else "",
        day=DAY - timedelta(days=number % 7),
        upvotes=number % 11,
    )
    for number in range(1, 90)
]


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    with open_index(tmp_path_factory.mktemp("dated"), DATED) as opened:
        opened.add_papers([(100 + number, each) for number, each in enumerate(DATED[::4])])  # a second segment
        yield opened


class TestNewest:
    """What a feed of a query has."""

    def find(self, dated: SearchIndex, typed: str, limit: int = 100) -> list[str]:
        return [*dated.find_newest(parse_query(typed, DAY), limit=limit)]

    def test_the_newest_come_first_and_have_every_word(self, dated: SearchIndex) -> None:
        known = {each.id: each for each in DATED}
        found = self.find(dated, "flow matching sort:upvotes")
        days = [known[each].day or DAY for each in found]
        assert set(found) == {each.id for each in DATED if "Matching" in each.title or each.abstract}
        assert days == sorted(days, reverse=True)
        assert self.find(dated, "flow matching", 7) == found[:7]

    def test_no_other_word_is_looked_for_instead_of_one_that_no_paper_has(self, dated: SearchIndex) -> None:
        assert ids(dated, "matchimg", 5)
        assert self.find(dated, "matchimg") == []

    def test_a_reference_finds_its_paper(self, dated: SearchIndex) -> None:
        assert self.find(dated, "arxiv.org/abs/2601.00003") == ["2601.00003"]


class TestSorting:
    def both(self) -> set[str]:
        return {each.id for each in DATED if "Matching" in each.title or each.abstract}

    def test_sorted_by_upvotes_every_word_is_required(self, dated: SearchIndex) -> None:
        known = {each.id: each for each in DATED}
        found = ids(dated, "flow matching sort:upvotes", 100)
        assert set(found) == self.both() != set(known)
        upvotes = [known[each].upvotes for each in found]
        assert upvotes == sorted(upvotes, reverse=True)

    def test_sorted_by_date_the_newest_is_first(self, dated: SearchIndex) -> None:
        known = {each.id: each for each in DATED}
        found = ids(dated, "flow matching sort:date", 100)
        assert set(found) == self.both()
        days = [known[each].day or DAY for each in found]
        assert days == sorted(days, key=lambda day: -day.toordinal() if day else 0)

    def test_stop_words_are_not_required(self, dated: SearchIndex) -> None:
        assert set(ids(dated, "what is the flow with matching sort:date", 100)) == self.both()

    def test_if_no_paper_has_every_word_papers_with_any_of_them_are_found(self, dated: SearchIndex) -> None:
        found = find(dated, "flow zeolites sort:upvotes", 100)
        assert found.total == len(DATED)
        assert found.ids == find(dated, "sort:upvotes", 100).ids

    def test_excluded_words_and_operators_apply_in_any_order(self, dated: SearchIndex) -> None:
        found = set(ids(dated, "flow zeolites -matching min:5 sort:date", 100))
        assert found == {each.id for each in DATED if each.id not in self.both() and each.upvotes >= 5}

    @pytest.mark.parametrize("text", ["", "min:0", "-zeolites", "after:2000"])
    def test_a_query_of_operators_alone_is_sorted_by_upvotes(self, dated: SearchIndex, text: str) -> None:
        assert find(dated, text, 100) == find(dated, f"{text} sort:upvotes", 100)
        assert find(dated, text, 100).total == len(DATED)

    @pytest.mark.parametrize(
        "text",
        ["flow matching", "flow", "matching sort:upvotes", "flow sort:date", "min:3", "", "flow OR matching min:1"],
    )
    @pytest.mark.parametrize("size", [1, 5, 7])
    def test_pages_follow_one_another_without_gaps_or_repeats(self, dated: SearchIndex, text: str, size: int) -> None:
        found = in_pages(dated, text, size)
        assert found == ids(dated, text, 1000)
        assert len(found) == len(set(found)) == find(dated, text).total

    @pytest.mark.parametrize("order", ["upvotes", "date"])
    def test_new_comments_between_two_pages_make_no_paper_repeat_or_vanish(self, tmp_path: Path, order: str) -> None:
        many = [paper(f"2601.{n:05}", title="Flow", upvotes=7, comments=30 - n) for n in range(1, 31)]
        with open_index(tmp_path, many) as index:
            found: list[str] = []
            for page in range(6):
                found += find(index, f"flow sort:{order}", 5, 5 * page).ids
                # those of the first page are talked about, which moves none of them below its place
                index.add_papers([(100 + 10 * page + n, replace(many[n], comments=40 - n)) for n in range(5)])
        assert found == [each.id for each in many]

    def test_sorted_by_upvotes_papers_come_as_on_the_leaderboard(self, tmp_path: Path) -> None:
        many = [
            paper(
                f"2601.{n:05}", title="Flow", upvotes=n % 3 * 600, comments=n * 7 % 4, day=DAY - timedelta(days=n % 5)
            )
            for n in range(1, 60)
        ]
        with open_index(tmp_path, many) as index:
            index.add_papers([(100 + n, each) for n, each in enumerate(many[::7])])  # among others' segments
            assert ids(index, "sort:upvotes", 100) == [each.id for each in rank_papers(many)]
            by_day = sorted(many, key=lambda each: (-(each.day or DAY).toordinal(), -each.upvotes, each.id))
            assert ids(index, "sort:date", 100) == [each.id for each in by_day]

    @pytest.mark.parametrize("offset", [89, 1000, 10**9, 10**30, -1, -(10**30)])
    def test_a_page_that_does_not_exist_is_empty_or_the_first(self, dated: SearchIndex, offset: int) -> None:
        for text in ("flow", "flow sort:date", "2601.00001"):
            found = find(dated, text, 5, offset)
            assert found.ids == (() if offset > 0 else find(dated, text, 5).ids)
            assert found.total == find(dated, text).total
