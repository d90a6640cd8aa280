"""The periods of a leaderboard, seen from days in the middle of them."""

from datetime import date

import pytest

from bot.ranking import Period


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 8, 20), date(2026, 12, 31)])
def test_the_leaderboard_of_a_year_begins_in_january_whenever_one_asks(day: date) -> None:
    assert Period.YEAR.get_days(day) == (date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize("day", [date(2026, 8, 1), date(2026, 8, 20), date(2026, 8, 31)])
def test_the_leaderboard_of_a_month_ends_on_its_last_day(day: date) -> None:
    assert Period.MONTH.get_days(day) == (date(2026, 8, 1), date(2026, 8, 31))


@pytest.mark.parametrize("day", [date(2026, 8, 17), date(2026, 8, 20), date(2026, 8, 23)])
def test_the_leaderboard_of_a_week_runs_from_monday_to_sunday(day: date) -> None:
    assert Period.WEEK.get_days(day) == (date(2026, 8, 17), date(2026, 8, 23))
