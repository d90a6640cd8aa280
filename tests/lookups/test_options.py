"""What is chosen beside a query, in the options of a command, is part of the query."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from bot.search import Sort, parse_with_options
from bot.search.query import Days, Occur, Upvotes
from tests.support.indexes import TODAY, parse_on_day
from tests.support.queries import ANYTHING, HEAPS


class TestComposing:
    @pytest.mark.parametrize(
        ("typed", "options", "same"),
        [
            ("robots", {}, "robots"),
            ("robots", {"sort": "date"}, "sort:date robots"),
            ("robots", {"after": "7d", "min_upvotes": 5}, "after:7d min:5 robots"),
            ("", {"min_upvotes": 5}, "min:5"),
            ("robots sort:upvotes", {"sort": "date"}, "sort:date robots"),
            ("sort:upvotes robots", {}, "robots sort:upvotes"),
            ("sort:upvotes robots sort:date", {}, "robots sort:upvotes"),
            ('"open phrase', {"min_upvotes": 5}, 'min:5 "open phrase'),
        ],
    )
    def test_chosen_options_are_part_of_the_query(self, typed: str, options: dict[str, object], same: str) -> None:
        query = parse_with_options(typed, TODAY, **options)  # type: ignore[arg-type]
        assert (query.clauses, query.sort) == (parse_on_day(same).clauses, parse_on_day(same).sort)

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            "diffusion NOT",
            "diffusion OR",
            "diffusion -",
            "OR diffusion",
            " OR  OR diffusion",
            "NOT",
            "(video OR",
            "((((",
            ")",
            '"never closed',
            'author:"never closed',
            "min:1 " * 40,
            "author:a " * 400,
            "w " * 400,
            "min:abc " * 40,
            "O\ud800R x",
            "autor:0 OR x",
            '-OR"0',
            ')OR"0',
            ")) OR x",
        ],
    )
    def test_chosen_options_apply_to_difficult_queries(self, typed: str) -> None:
        query = parse_with_options(typed, TODAY, sort="date", after="7d", min_upvotes=50)
        assert [(each.node, each.occur) for each in query.clauses[:2]] == [
            (Days(TODAY - timedelta(days=7), None), Occur.SHOULD),
            (Upvotes(50), Occur.SHOULD),
        ]
        assert query.sort is Sort.DATE

    @hypothesis_settings(max_examples=200, deadline=None)
    @given(typed=ANYTHING | HEAPS)
    def test_chosen_options_apply_to_any_query(self, typed: str) -> None:
        query = parse_with_options(typed, TODAY, sort="date", min_upvotes=50)
        assert query.clauses[0].node == Upvotes(50)
        assert query.sort is Sort.DATE


def test_today_means_the_day_of_the_query() -> None:
    assert parse_with_options("day:today", date(2026, 3, 1)) != parse_with_options("day:today", date(2026, 3, 2))
