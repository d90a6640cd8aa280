"""Recaps: which dates a weekly or monthly digest is due on."""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.subscription.schedule import EVERY_DAY, Cadence, Run, Schedule, find_latest_run, find_next_run

utc = partial(datetime, tzinfo=UTC)
NINE = time(9)
MANY_DATES = [date(2024, 1, 1) + timedelta(days=number) for number in range(800)]  # from a Monday on


class TestCadence:
    def schedule(self, cadence: Cadence, *weekdays: int, timezone: str = "UTC", at: time = NINE) -> Schedule:
        return Schedule(at, ZoneInfo(timezone), frozenset(weekdays) or EVERY_DAY, cadence)

    @given(st.frozensets(st.integers(0, 6), min_size=1))
    def test_a_recap_comes_on_the_first_chosen_weekday_of_every_week_or_month(self, weekdays: frozenset[int]) -> None:
        for cadence in (Cadence.WEEKLY, Cadence.MONTHLY):
            chosen = [day for day in MANY_DATES if day.weekday() in weekdays]
            weekly = cadence is Cadence.WEEKLY
            firsts = {day.isocalendar()[:2] if weekly else (day.year, day.month): day for day in reversed(chosen)}
            schedule = self.schedule(cadence, *weekdays)
            assert [day for day in MANY_DATES if schedule.is_due_on(day)] == sorted(firsts.values())

    @pytest.mark.parametrize(
        ("cadence", "weekdays", "dates"),
        [
            (Cadence.WEEKLY, (0,), [date(2026, 1, 19), date(2026, 1, 26), date(2026, 2, 2)]),
            (Cadence.WEEKLY, (4, 6), [date(2026, 1, 23), date(2026, 1, 30), date(2026, 2, 6)]),
            (Cadence.WEEKLY, (), [date(2026, 1, 19), date(2026, 1, 26), date(2026, 2, 2)]),
            (Cadence.MONTHLY, (), [date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)]),
            (Cadence.MONTHLY, (0,), [date(2026, 2, 2), date(2026, 3, 2), date(2026, 4, 6)]),
            (Cadence.MONTHLY, (0, 1, 2, 3, 4), [date(2026, 2, 2), date(2026, 3, 2), date(2026, 4, 1)]),
        ],
    )
    def test_recaps_follow_one_another(self, cadence: Cadence, weekdays: tuple[int, ...], dates: list[date]) -> None:
        schedule, now = self.schedule(cadence, *weekdays), utc(2026, 1, 16, 9)
        for day in dates:
            run = find_next_run(schedule, now)
            assert (run.date, run.at) == (day, datetime.combine(day, NINE, UTC))
            now = run.at

    def test_a_week_whose_first_chosen_weekday_is_over_has_no_recap(self) -> None:
        schedule = self.schedule(Cadence.WEEKLY, 0, 4)
        assert find_next_run(schedule, utc(2026, 1, 20)).date == date(2026, 1, 26)  # not Friday the 23rd

    def test_after_weeks_away_only_the_latest_recap_is_due(self) -> None:
        now = utc(2026, 3, 18, 12)
        assert find_latest_run(self.schedule(Cadence.WEEKLY, 0), now).date == date(2026, 3, 16)
        assert find_latest_run(self.schedule(Cadence.MONTHLY), now).date == date(2026, 3, 1)
        assert find_next_run(self.schedule(Cadence.MONTHLY), now, after=date(2026, 4, 1)).date == date(2026, 5, 1)

    @pytest.mark.parametrize(
        ("cadence", "now", "instant"),
        [
            (Cadence.WEEKLY, utc(2026, 3, 24), utc(2026, 3, 29, 1, 0)),  # half past two is skipped
            (Cadence.WEEKLY, utc(2026, 10, 20), utc(2026, 10, 25, 0, 30)),  # and comes twice
            (Cadence.MONTHLY, utc(2026, 3, 24), utc(2026, 4, 5, 0, 30)),
        ],
    )
    def test_a_recap_keeps_its_local_time_when_the_clocks_change(
        self, cadence: Cadence, now: datetime, instant: datetime
    ) -> None:
        schedule = self.schedule(cadence, 6, timezone="Europe/Berlin", at=time(2, 30))
        assert find_next_run(schedule, now).at == instant

    def test_a_month_begins_when_it_begins_in_the_time_zone(self) -> None:
        schedule = self.schedule(Cadence.MONTHLY, timezone="Pacific/Kiritimati")
        assert find_next_run(schedule, utc(2026, 1, 31, 12)) == Run(date(2026, 2, 1), utc(2026, 1, 31, 19))
