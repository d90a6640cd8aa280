"""Compose, at its edges: the first day of a recap, the bar for a riser, filters, and what a quiet run says."""

from datetime import date, timedelta
from typing import Any

import pytest

from bot.digest import (
    Candidate,
    Digest,
    choose_highlights,
    get_first_day_of_period,
    list_days_between,
    mark_seen_highlights,
)
from bot.reasons import Reason, ReasonKind
from bot.subscription.schedule import Cadence
from bot.subscription.settings import Selection
from tests.support.builders import DAY, MORNING, paper

EARLIER = DAY - timedelta(days=3)


def listed(number: int, upvotes: int, day: date = DAY, **known: Any) -> Candidate:
    return Candidate(paper(f"2601.{number:05}", upvotes=upvotes, day=day, **known), frozenset([day]))


def compose(candidates: list[Candidate], matching: set[int] | None = None, **selection: Any) -> Digest:
    ids = None if matching is None else {f"2601.{number:05}" for number in matching}
    return choose_highlights(candidates, (DAY,), DAY, Selection(**selection), matching=ids)


def numbers(digest: Digest) -> list[int]:
    return [int(highlight.paper.id[5:]) for highlight in digest.highlights]


@pytest.mark.parametrize(
    ("cadence", "last", "first"),
    [
        (Cadence.DAILY, date(2026, 1, 15), date(2026, 1, 15)),
        (Cadence.WEEKLY, date(2026, 1, 18), date(2026, 1, 12)),  # a Sunday, and its Monday
        (Cadence.WEEKLY, date(2026, 1, 2), date(2025, 12, 27)),
        (Cadence.MONTHLY, date(2026, 1, 31), date(2026, 1, 1)),
        (Cadence.MONTHLY, date(2026, 2, 28), date(2026, 2, 1)),
        (Cadence.MONTHLY, date(2025, 12, 31), date(2025, 12, 1)),
        (Cadence.MONTHLY, date(2026, 1, 14), date(2025, 12, 15)),
        (Cadence.MONTHLY, date(2026, 12, 6), date(2026, 11, 7)),
        (Cadence.MONTHLY, date(2026, 3, 30), date(2026, 2, 28)),  # there is no 31 February
    ],
)
def test_a_recap_looks_back_at_seven_days_or_at_a_month_and_not_a_day_more(
    cadence: Cadence, last: date, first: date
) -> None:
    assert get_first_day_of_period(cadence, last) == first


def test_a_week_has_seven_days_and_a_day_is_one() -> None:
    assert list(list_days_between(DAY, DAY)) == [DAY]
    week = list(list_days_between(DAY, DAY + timedelta(days=6)))
    assert week == [DAY + timedelta(days=number) for number in range(7)]
    assert list(list_days_between(DAY, DAY - timedelta(days=1))) == []


def test_a_withdrawn_paper_is_highlighted_neither_as_new_nor_as_rising() -> None:
    gone = {"withdrawn_at": MORNING}
    digest = compose([listed(1, 99, **gone), listed(2, 98, EARLIER, **gone), listed(3, 5)])
    assert (numbers(digest), digest.listed_count) == ([3], 1)


def test_only_what_passes_the_filter_is_highlighted_be_it_new_or_rising() -> None:
    candidates = [listed(1, 50), listed(2, 40), listed(3, 99, EARLIER), listed(4, 45, EARLIER)]
    assert numbers(compose(candidates, matching={2, 4})) == [4, 2]
    assert numbers(compose(candidates, matching={1})) == [1]
    assert numbers(compose(candidates)) == [3, 1, 2]


def test_a_quiet_digest_says_that_no_paper_matched_the_filter() -> None:
    digest = compose([listed(1, 50), listed(2, 40)], matching=set(), min_upvotes=60)
    assert (digest.highlights, digest.listed_count) == ((), 2)
    assert digest.reason == Reason(ReasonKind.NONE_MATCHES_FILTER)


def test_a_riser_is_measured_by_the_papers_in_the_digest_not_by_those_below_the_cut() -> None:
    small_fry = [listed(number, 1) for number in range(4, 12)]
    candidates = [listed(1, 50), listed(2, 40), listed(3, 30), *small_fry, listed(99, 35, EARLIER)]
    assert numbers(compose(candidates, size=3)) == [1, 2, 3]
    assert numbers(compose([*candidates, listed(98, 41, EARLIER)], size=3)) == [1, 98, 2]


def test_a_riser_needs_the_median_upvotes_of_an_even_number_of_papers() -> None:
    candidates = [listed(1, 40), listed(2, 20)]
    assert numbers(compose([*candidates, listed(9, 30, EARLIER)])) == [1, 9, 2]
    assert numbers(compose([*candidates, listed(9, 29, EARLIER)])) == [1, 2]


def test_a_recap_says_of_each_paper_when_a_daily_had_it_or_that_none_did() -> None:
    digest = mark_seen_highlights(compose([listed(1, 50), listed(2, 40)]), {"2601.00001": EARLIER, "2601.00077": DAY})
    assert [(each.seen_on, each.is_missed) for each in digest.highlights] == [(EARLIER, False), (None, True)]


def test_a_digest_outside_a_recap_has_no_marks_and_no_riser_of_its_own_day() -> None:
    (highlight,) = compose([listed(1, 50)]).highlights
    assert (highlight.is_riser, highlight.seen_on, highlight.is_missed) == (False, None, False)
