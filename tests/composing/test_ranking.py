"""Rank: one order, the same in Python and in SQL, whatever order papers come in."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.papers import Paper
from bot.ranking import Period, get_rank_key, rank_papers
from bot.storage import Storage
from tests.support.builders import DAY, MORNING, paper

PAPERS = st.builds(
    lambda number, upvotes, comments: paper(f"2601.{number:05}", upvotes=upvotes, comments=comments),
    st.integers(0, 99999),
    st.integers(0, 3),
    st.integers(0, 2),
)
MANY_PAPERS = st.lists(PAPERS, max_size=40, unique_by=lambda each: each.id)
DAYS = st.dates()


def ids(papers: list[Paper] | tuple[Paper, ...]) -> list[str]:
    return [each.id for each in papers]


def test_more_upvotes_come_first_then_more_comments_then_the_earlier_id() -> None:
    papers = [
        paper("2601.00004", upvotes=5, comments=1),
        paper("2601.00003", upvotes=5, comments=1),
        paper("2601.00002", upvotes=5, comments=2),
        paper("2601.00005", upvotes=6),
        paper("2601.00001", upvotes=4, comments=9),
    ]
    assert ids(rank_papers(papers)) == ["2601.00005", "2601.00002", "2601.00003", "2601.00004", "2601.00001"]


@given(MANY_PAPERS.flatmap(lambda papers: st.tuples(st.just(papers), st.permutations(papers))))
def test_the_order_does_not_depend_on_the_order_they_came_in(shuffled: tuple[list[Paper], list[Paper]]) -> None:
    papers, others = shuffled
    assert rank_papers(papers) == rank_papers(others)


@given(MANY_PAPERS)
def test_every_paper_has_a_rank_of_its_own_and_none_is_lost(papers: list[Paper]) -> None:
    order = rank_papers(papers)
    assert sorted(ids(order)) == sorted(ids(papers))
    assert all(get_rank_key(one) < get_rank_key(other) for one, other in pairwise(order))
    assert all(one.upvotes >= other.upvotes for one, other in pairwise(order))


async def test_the_leaderboard_of_the_archive_is_in_the_same_order(storage: Storage) -> None:
    papers = [
        paper(f"26{month:02}.{number:05}", upvotes=number % 4, comments=number % 3)
        for month in (1, 2)
        for number in range(60)
    ]
    await storage.papers.record_list(DAY, papers[::-1], MORNING)
    top, total = await storage.papers.list_top_papers(DAY, DAY, limit=1000)
    assert (ids(top), total) == (ids(rank_papers(papers)), 120)


async def test_all_pages_together_are_the_whole_leaderboard(storage: Storage) -> None:
    papers = [paper(f"2601.{number:05}", upvotes=number % 2) for number in range(23)]
    await storage.papers.record_list(DAY, papers, MORNING)
    pages = [(await storage.papers.list_top_papers(DAY, DAY, limit=5, offset=offset))[0] for offset in range(0, 25, 5)]
    assert [each.id for page in pages for each in page] == ids(rank_papers(papers))


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (Period.DAY, date(2026, 1, 15), date(2026, 1, 15)),
        (Period.WEEK, date(2026, 1, 12), date(2026, 1, 18)),
        (Period.MONTH, date(2026, 1, 1), date(2026, 1, 31)),
        (Period.YEAR, date(2026, 1, 1), date(2026, 12, 31)),
        (Period.ALL_TIME, date.min, date.max),
    ],
)
def test_a_period_covers_the_days_its_name_says(period: Period, first: date, last: date) -> None:
    assert period.get_days(date(2026, 1, 15)) == (first, last)


def test_a_week_may_span_two_years_and_february_may_have_29_days() -> None:
    assert Period.WEEK.get_days(date(2027, 1, 1)) == (date(2026, 12, 28), date(2027, 1, 3))
    assert Period.MONTH.get_days(date(2028, 2, 3)) == (date(2028, 2, 1), date(2028, 2, 29))


@pytest.mark.parametrize("period", Period)
@pytest.mark.parametrize("day", [date.min, date.max])
def test_periods_work_at_the_ends_of_the_calendar(period: Period, day: date) -> None:
    first, last = period.get_days(day)
    assert first <= day <= last


@given(DAYS, DAYS)
def test_two_periods_of_a_kind_are_the_same_or_share_no_day(one: date, other: date) -> None:
    for period in Period:
        first, last = period.get_days(one)
        assert first <= one <= last
        assert (period.get_days(other) == (first, last)) == (first <= other <= last)
