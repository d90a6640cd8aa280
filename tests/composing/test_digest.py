"""Compose: which papers a run highlights, and why."""

from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.digest import Candidate, Digest, choose_highlights, get_closing_time, get_latest_closed_day
from bot.ranking import get_rank_key
from bot.reasons import Reason, ReasonKind
from bot.subscription.settings import Selection
from tests.support.builders import DAY, NOTHING_LISTED, paper

EARLIER = DAY - timedelta(days=3)


def listed(number: int, upvotes: int, *days: date, comments: int = 0) -> Candidate:
    on = days or (DAY,)
    known = paper(f"2601.{number:05}", upvotes=upvotes, comments=comments, day=max(on))
    return Candidate(known, frozenset(on))


def composed(candidates: list[Candidate], highlighted: tuple[str, ...] = (), **selection: Any) -> Digest:
    return choose_highlights(candidates, (DAY,), DAY, Selection(**selection), highlighted)


def numbers(digest: Digest) -> list[int]:
    return [int(highlight.paper.id[5:]) for highlight in digest.highlights]


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 1, 16, 2, 59, 59, tzinfo=UTC), date(2026, 1, 14)),
        (datetime(2026, 1, 16, 3, 0, tzinfo=UTC), DAY),
        (datetime(2026, 1, 17, 2, 59, tzinfo=UTC), DAY),
        (datetime.fromisoformat("2026-01-16T12:00:00+10:00"), date(2026, 1, 14)),
        (datetime.fromisoformat("2026-01-15T23:00:00-05:00"), DAY),
    ],
)
def test_a_day_is_closed_from_three_in_the_morning_utc_on_the_next(now: datetime, day: date) -> None:
    assert get_latest_closed_day(now) == day
    assert get_closing_time(day) <= now < get_closing_time(day + timedelta(days=1))


def test_the_most_upvoted_papers_come_first_as_many_as_the_digest_takes() -> None:
    candidates = [listed(number, upvotes) for number, upvotes in enumerate((3, 9, 1, 7, 5), 1)]
    digest = composed(candidates, size=3)
    assert numbers(digest) == [2, 4, 5]
    assert [(each.position, each.upvotes) for each in digest.highlights] == [(1, 9), (2, 7), (3, 5)]
    assert (digest.listed_count, digest.days, digest.covered_until, digest.reason) == (5, (DAY,), DAY, None)


def test_ties_across_the_cut_are_broken_by_comments_then_by_id() -> None:
    candidates = [listed(3, 5), listed(2, 5), listed(4, 5, comments=1), listed(1, 5)]
    assert numbers(composed(candidates, size=3)) == [4, 1, 2]


def test_if_there_are_fewer_papers_than_the_digest_takes_all_are_highlighted() -> None:
    assert numbers(composed([listed(1, 0), listed(2, 1)], size=10)) == [2, 1]


def test_several_missed_days_make_one_digest() -> None:
    days = (date(2026, 1, 13), DAY)
    candidates = [listed(1, 5, days[0]), listed(2, 9, DAY), listed(3, 7, days[0])]
    digest = choose_highlights(candidates, days, DAY, Selection(size=2))
    assert (numbers(digest), digest.listed_count, digest.days) == ([2, 3], 3, days)


def test_a_paper_highlighted_before_never_comes_back() -> None:
    candidates = [listed(1, 99, EARLIER, DAY), listed(2, 98, EARLIER), listed(3, 5)]
    digest = composed(candidates, highlighted=("2601.00001", "2601.00002"))
    assert (numbers(digest), digest.listed_count) == ([3], 2)


def test_a_resubmitted_paper_that_was_not_highlighted_is_new() -> None:
    digest = composed([listed(1, 5, EARLIER, DAY), listed(2, 9)])
    assert (numbers(digest), [each.is_riser for each in digest.highlights]) == ([2, 1], [False, False])


class TestMinimum:
    def test_papers_below_the_minimum_are_left_out(self) -> None:
        assert numbers(composed([listed(1, 9), listed(2, 10), listed(3, 11)], min_upvotes=10)) == [3, 2]

    def test_the_minimum_applies_to_risers_too(self) -> None:
        candidates = [listed(1, 10), listed(2, 9, EARLIER), listed(3, 10, EARLIER)]
        assert set(numbers(composed(candidates, min_upvotes=10, risers=5))) == {1, 3}


class TestRisers:
    def test_a_late_climber_with_the_median_upvotes_joins_in_rank_order(self) -> None:
        candidates = [listed(1, 10), listed(2, 20), listed(3, 30), listed(4, 20, EARLIER)]
        digest = composed(candidates)
        assert numbers(digest) == [3, 2, 4, 1]
        assert [each.is_riser for each in digest.highlights] == [False, False, True, False]

    def test_one_vote_below_the_median_is_too_few(self) -> None:
        assert numbers(composed([listed(1, 10), listed(2, 20), listed(3, 30), listed(4, 19, EARLIER)])) == [3, 2, 1]

    def test_only_the_best_risers_join_as_many_as_are_allowed(self) -> None:
        candidates = [listed(1, 10), *(listed(number, 10 + number, EARLIER) for number in range(2, 8))]
        assert numbers(composed(candidates, risers=2)) == [7, 6, 1]
        assert numbers(composed(candidates, risers=0)) == [1]

    def test_a_riser_takes_the_last_place_of_a_full_digest(self) -> None:
        candidates = [*(listed(number, 10 * number) for number in range(1, 6)), listed(9, 45, EARLIER)]
        assert numbers(composed(candidates, size=5)) == [5, 9, 4, 3, 2]

    def test_risers_alone_do_not_make_a_digest(self) -> None:
        digest = composed([listed(1, 99, EARLIER)])
        assert (digest.highlights, digest.reason) == ((), NOTHING_LISTED)


class TestQuiet:
    def test_a_weekend_is_quiet(self) -> None:
        digest = choose_highlights([], (), DAY, Selection())
        assert digest == Digest(DAY, (), 0, (), NOTHING_LISTED)

    def test_a_quiet_digest_says_that_all_papers_had_been_highlighted_before(self) -> None:
        digest = composed([listed(1, 5), listed(2, 6)], highlighted=("2601.00001", "2601.00002"))
        assert (digest.highlights, digest.reason) == ((), Reason(ReasonKind.ALL_HIGHLIGHTED_BEFORE))

    def test_a_quiet_digest_says_that_no_paper_had_enough_upvotes(self) -> None:
        digest = composed([listed(1, 5), listed(2, 6), listed(3, 99)], highlighted=("2601.00003",), min_upvotes=7)
        assert (digest.highlights, digest.reason) == ((), Reason(ReasonKind.TOO_FEW_UPVOTES, number=7))


CANDIDATES = st.lists(
    st.builds(
        listed,
        st.integers(1, 60),
        st.integers(0, 12),
        st.sampled_from((DAY, EARLIER, DAY - timedelta(days=1))),
        comments=st.integers(0, 2),
    ),
    max_size=40,
    unique_by=lambda each: each.paper.id,
)
TASTES = st.builds(Selection, st.integers(1, 10), st.integers(0, 12), st.integers(0, 3))
BEFORE = st.frozensets(st.integers(1, 60).map(lambda number: f"2601.{number:05}"))


@given(CANDIDATES, TASTES, BEFORE)
def test_every_digest_keeps_all_the_rules(
    candidates: list[Candidate], selection: Selection, before: frozenset[str]
) -> None:
    digest = choose_highlights(candidates, (DAY,), DAY, selection, before)
    shown = [each.paper for each in digest.highlights]
    new = [each.paper for each in candidates if DAY in each.days]
    fitting = [each for each in new if each.id not in before and each.upvotes >= selection.min_upvotes]
    chosen = sorted(fitting, key=get_rank_key)[: selection.size]
    risers = [each.paper for each in digest.highlights if each.is_riser]
    assert shown == sorted(shown, key=get_rank_key)
    assert [each.position for each in digest.highlights] == list(range(1, len(shown) + 1))
    assert not {each.id for each in shown} & before
    assert bool(shown) == bool(chosen) == (digest.reason is None)
    assert len(shown) <= selection.size
    assert len(risers) <= selection.risers
    assert all(each not in new and each.upvotes >= median(c.upvotes for c in chosen) for each in risers)
    assert [each for each in shown if each not in risers] == chosen[: len(shown) - len(risers)]
    assert digest.listed_count == len(new)


@given(CANDIDATES.flatmap(lambda all_: st.tuples(st.just(all_), st.permutations(all_))), TASTES)
def test_a_digest_does_not_depend_on_the_order_papers_come_in(
    shuffled: tuple[list[Candidate], list[Candidate]], selection: Selection
) -> None:
    one, other = (choose_highlights(candidates, (DAY,), DAY, selection) for candidates in shuffled)
    assert one == other
