"""The schedule: one run per due local date, in every time zone, whatever the clocks do."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, partial
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.refusals import Refusal, Refused
from bot.subscription.schedule import (
    EVERY_DAY,
    MONDAY_TO_FRIDAY,
    Cadence,
    Run,
    Schedule,
    compute_run_time,
    find_latest_run,
    find_next_run,
    parse_time,
    parse_weekdays,
    suggest_weekdays,
)

FIRST, LAST = date(2025, 1, 1), date(2027, 12, 31)
DATES = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
utc = partial(datetime, tzinfo=UTC)
TIMES = [time(2, 30), time(9, 0), time(0, 0), time(23, 30)]
NINE = time(9)
MANY_DATES = [date(2024, 1, 1) + timedelta(days=number) for number in range(800)]  # from a Monday on
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@cache
def timezones_by_rules() -> dict[tuple[bytes, ...], list[str]]:
    """The time zones of the tz database, those with the very same offsets in those years together."""
    groups: dict[tuple[bytes, ...], list[str]] = {}
    noons = [datetime.combine(day, time(12), UTC) for day in DATES]
    for name in sorted(available_timezones()):
        timezone = ZoneInfo(name)
        offsets = tuple(repr(noon.astimezone(timezone).utcoffset()).encode() for noon in noons)
        groups.setdefault(offsets, []).append(name)
    return groups


def local(instant: datetime, timezone: ZoneInfo) -> datetime:
    return instant.astimezone(timezone).replace(tzinfo=None)


def check_instant(day: date, at: time, timezone: ZoneInfo, instant: datetime) -> None:
    """The wanted time the first time it comes; where it never does, the first valid minute after it."""
    wanted, shown = datetime.combine(day, at), local(instant, timezone)
    if shown == wanted:
        assert local(instant - timedelta(hours=3), timezone) < wanted  # a repeat is at most 2 hours later
        earlier = [instant - step * MINUTE for step in (30, 60, 120)]
        assert wanted not in [local(each, timezone) for each in earlier]
    else:
        assert local(instant - MINUTE, timezone) < wanted < shown < wanted + timedelta(hours=2, minutes=1)


@pytest.mark.parametrize("at", TIMES, ids=str)
def test_every_zone_runs_once_on_every_date(at: time) -> None:
    for name in sorted(available_timezones()):
        timezone = ZoneInfo(name)
        runs = [compute_run_time(day, at, timezone) for day in DATES]
        assert all(one < other for one, other in pairwise(runs)), name
        for day, instant, following in zip(DATES, runs, [*runs[1:], runs[-1]], strict=True):
            if following - instant != DAY:  # clocks changed, or it is the last
                check_instant(day, at, timezone, instant)
                check_instant(day + DAY, at, timezone, compute_run_time(day + DAY, at, timezone))


@pytest.mark.parametrize("at", TIMES[:2], ids=str)
def test_ticking_from_run_to_run_meets_every_due_date_exactly_once(at: time) -> None:
    """What the bot does: after each run it asks for the next. One time zone stands for all with its rules."""
    for names in timezones_by_rules().values():
        schedule = Schedule(at, ZoneInfo(names[0]), MONDAY_TO_FRIDAY)
        met = list(walk(schedule))
        assert [run.date for run in met] == [day for day in DATES if day.weekday() < 5], names[0]
        assert all(one.at < other.at for one, other in pairwise(met)), names[0]


def walk(schedule: Schedule) -> Iterator[Run]:
    now = datetime.combine(FIRST, time(), schedule.timezone).astimezone(UTC) - MINUTE
    run = find_next_run(schedule, now)
    while run.date <= LAST:
        yield run
        run = find_next_run(schedule, run.at)


@pytest.mark.parametrize(
    ("timezone", "day", "at", "instant"),
    [
        ("America/New_York", date(2025, 3, 9), time(2, 30), utc(2025, 3, 9, 7, 0)),  # 03:00 EDT
        ("America/New_York", date(2025, 3, 9), time(2, 0), utc(2025, 3, 9, 7, 0)),
        ("America/New_York", date(2025, 3, 9), time(3, 0), utc(2025, 3, 9, 7, 0)),
        ("America/New_York", date(2025, 3, 9), time(1, 59), utc(2025, 3, 9, 6, 59)),
        ("America/New_York", date(2025, 11, 2), time(1, 30), utc(2025, 11, 2, 5, 30)),  # the first of two
        ("Europe/Berlin", date(2026, 3, 29), time(2, 30), utc(2026, 3, 29, 1, 0)),
        ("Europe/Berlin", date(2026, 10, 25), time(2, 30), utc(2026, 10, 25, 0, 30)),
        ("Australia/Lord_Howe", date(2025, 10, 5), time(2, 15), utc(2025, 10, 4, 15, 30)),  # half an hour
        ("Australia/Lord_Howe", date(2025, 4, 6), time(1, 45), utc(2025, 4, 5, 14, 45)),
        ("Africa/Cairo", date(2025, 4, 25), time(0, 0), utc(2025, 4, 24, 22, 0)),  # no midnight
        ("Africa/Cairo", date(2025, 4, 25), time(0, 30), utc(2025, 4, 24, 22, 0)),
        ("Asia/Beirut", date(2025, 3, 30), time(0, 0), utc(2025, 3, 29, 22, 0)),
        ("Asia/Beirut", date(2025, 10, 25), time(23, 30), utc(2025, 10, 25, 20, 30)),
        ("Africa/Casablanca", date(2025, 4, 6), time(2, 30), utc(2025, 4, 6, 2, 0)),
        ("America/Nuuk", date(2025, 3, 29), time(23, 30), utc(2025, 3, 30, 1, 0)),  # into the next date
        ("Asia/Kathmandu", date(2025, 6, 1), time(9, 0), utc(2025, 6, 1, 3, 15)),
        ("Pacific/Kiritimati", date(2025, 6, 1), time(9, 0), utc(2025, 5, 31, 19, 0)),
    ],
)
def test_a_skipped_time_comes_right_after_the_gap_and_a_repeated_one_the_first_time(
    timezone: str, day: date, at: time, instant: datetime
) -> None:
    assert compute_run_time(day, at, ZoneInfo(timezone)) == instant


TIMETABLES = st.builds(
    Schedule,
    st.times().map(lambda at: at.replace(second=0, microsecond=0, fold=0, tzinfo=None)),
    st.sampled_from(sorted(available_timezones())).map(ZoneInfo),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.sampled_from(Cadence),
)
INSTANTS = st.integers(0, 24 * 365 * 86400).map(lambda seconds: utc(2012, 1, 1) + timedelta(seconds=seconds))


@given(TIMETABLES, INSTANTS)
def test_the_latest_run_and_the_first_to_come_stand_around_now(schedule: Schedule, now: datetime) -> None:
    latest, following = find_latest_run(schedule, now), find_next_run(schedule, now)
    assert latest.at <= now < following.at
    assert latest.date < following.date
    assert {latest.date.weekday(), following.date.weekday()} <= schedule.weekdays
    between = (latest.date + timedelta(days=n) for n in range(1, (following.date - latest.date).days))
    assert not [day for day in between if schedule.is_due_on(day)]


@given(TIMETABLES, INSTANTS)
def test_asking_at_a_run_or_just_before_it_gives_that_run(schedule: Schedule, now: datetime) -> None:
    run = find_next_run(schedule, now)
    assert find_latest_run(schedule, run.at) == run
    assert find_latest_run(schedule, find_next_run(schedule, run.at).at - MINUTE) == run
    assert find_next_run(schedule, run.at - MINUTE) == run


@given(TIMETABLES, INSTANTS, st.integers(-40, 40))
def test_no_run_comes_on_a_date_that_has_had_its_run(schedule: Schedule, now: datetime, days: int) -> None:
    after = now.date() + timedelta(days=days)
    run = find_next_run(schedule, now, after=after)
    assert run.date > after
    assert run.at > now


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
    def test_one_recap_follows_the_other(self, cadence: Cadence, weekdays: tuple[int, ...], dates: list[date]) -> None:
        schedule, now = self.schedule(cadence, *weekdays), utc(2026, 1, 16, 9)
        for day in dates:
            run = find_next_run(schedule, now)
            assert (run.date, run.at) == (day, datetime.combine(day, NINE, UTC))
            now = run.at

    def test_an_earlier_chosen_weekday_gone_by_leaves_this_week_without_a_recap(self) -> None:
        schedule = self.schedule(Cadence.WEEKLY, 0, 4)
        assert find_next_run(schedule, utc(2026, 1, 20)).date == date(2026, 1, 26)  # not Friday the 23rd

    def test_after_weeks_away_the_latest_recap_stands_for_all(self) -> None:
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

    def test_the_month_is_that_of_the_zone(self) -> None:
        schedule = self.schedule(Cadence.MONTHLY, timezone="Pacific/Kiritimati")
        assert find_next_run(schedule, utc(2026, 1, 31, 12)) == Run(date(2026, 2, 1), utc(2026, 1, 31, 19))


class TestTime:
    @pytest.mark.parametrize(
        ("text", "hour", "minute"),
        [
            ("9:00", 9, 0),
            ("09:00", 9, 0),
            ("9.00", 9, 0),
            ("9h00", 9, 0),
            ("09h30", 9, 30),
            ("9am", 9, 0),
            ("9 am", 9, 0),
            ("9AM", 9, 0),
            ("9 A.M.", 9, 0),
            ("9a.m.", 9, 0),
            ("9a.m", 9, 0),
            ("9pm", 21, 0),
            ("9 PM", 21, 0),
            ("9 p.m.", 21, 0),
            ("9:30am", 9, 30),
            ("9:30 am", 9, 30),
            ("9:30 pm", 21, 30),
            ("9.30pm", 21, 30),
            ("09:30 PM", 21, 30),
            ("12am", 0, 0),
            ("12:30am", 0, 30),
            ("12pm", 12, 0),
            ("12:30 pm", 12, 30),
            ("1am", 1, 0),
            ("11:59pm", 23, 59),
            ("0:00", 0, 0),
            ("00:00", 0, 0),
            ("0:05", 0, 5),
            ("18:30", 18, 30),
            ("18.30", 18, 30),
            ("18h30", 18, 30),
            ("18H30", 18, 30),
            ("23:59", 23, 59),
            (" 9:00 ", 9, 0),
            ("12:00", 12, 0),
            ("9", 9, 0),
            ("09", 9, 0),
            ("0", 0, 0),
            ("00", 0, 0),
            ("18", 18, 0),
            ("23", 23, 0),
            (" 9 ", 9, 0),
            ("0900", 9, 0),
            ("900", 9, 0),
            ("0930", 9, 30),
            ("1830", 18, 30),
            ("0000", 0, 0),
            ("030", 0, 30),
            ("123", 1, 23),
            ("2359", 23, 59),
            ("930am", 9, 30),
            ("0930 PM", 21, 30),
            ("1830h", 18, 30),
            ("0900 hrs", 9, 0),
            ("9h", 9, 0),
            ("9 h", 9, 0),
            ("9h30", 9, 30),
            ("9 h 30", 9, 30),
            ("18.30 h", 18, 30),
            ("9 30", 9, 30),
            ("9 : 30", 9, 30),
            ("9 30 pm", 21, 30),
            ("9:00:00", 9, 0),
            ("09:30:00 PM", 21, 30),
            ("9a", 9, 0),
            ("9p", 21, 0),
            ("9:30p", 21, 30),
            ("9am.", 9, 0),
            ("9 p. m.", 21, 0),
            ("at 9", 9, 0),
            ("At 9:30 PM", 21, 30),
            ("at noon", 12, 0),
            ("@9", 9, 0),
            ("@ 9am", 9, 0),
            ("9 o'clock", 9, 0),
            ("9 o’clock", 9, 0),  # noqa: RUF001
            ("9 oclock", 9, 0),
            ("at 9 O'Clock", 9, 0),
            ("9 Uhr", 9, 0),
            ("21 Uhr", 21, 0),
            ("21 uhr 30", 21, 30),
            ("9:30 Uhr", 9, 30),
            ("9.30 Uhr", 9, 30),
            ("noon", 12, 0),
            ("Noon", 12, 0),
            ("12 noon", 12, 0),
            ("midday", 12, 0),
            ("midnight", 0, 0),
            (" MIDNIGHT ", 0, 0),
            ("9：00", 9, 0),  # noqa: RUF001
            ("９：３０", 9, 30),  # noqa: RUF001
            ("２１", 21, 0),  # noqa: RUF001
            ("９ａｍ", 9, 0),  # noqa: RUF001
            ("9時", 9, 0),
            ("9時30分", 9, 30),
            ("21点", 21, 0),
            ("9点30分", 9, 30),
            ("9시", 9, 0),
            ("9:30\u202fPM", 21, 30),  # as clocks of Apple and of newer browsers print it
            ("9:30\xa0am", 9, 30),
        ],
    )
    def test_a_time_is_understood_as_people_type_it(self, text: str, hour: int, minute: int) -> None:
        assert parse_time(text) == time(hour, minute)

    @pytest.mark.parametrize(
        "text",
        [
            *[
                "",
                " ",
                "24:00",
                "9:60",
                "9:5",
                "13pm",
                "0am",
                "0:30 pm",
                "25:00",
                "-9:00",
                "nine",
                "am",
                ":30",
                "9:",
                "9:00 xm",
                "9m",
                "9:00m",
                "1e1:00",
                "99:99",
                "9:00 UTC",
                "9::00",
                "9:00am pm",
                "9-00",
                "🕘",
                "2026-01-01T09:00",
                "24",
                "2400",
                "24 Uhr",
                "24:00:00",
                "25",
                "99",
                "-9",
                "+9",
                "9.5",
                "9,30",
                "9:00:30",
                "9:00:60",
                "090",
                "2360",
                "12345",
                "00:00am",
                "13am",
                "18:30 pm",
                "1830 pm",
                "0 o'clock pm",
                "Uhr",
                "h",
                "at",
                "at at 9",
                "@",
                "noonish",
                "afternoon",
                "9 noon",
                "half past nine",
                "half 9",
                "quarter to 9",
                "9 or 10",
                "9-10",
                "9am-5pm",
                "9am EST",
                "9 tomorrow",
                "tomorrow",
                "now",
                "9\x00",
                "9²",
                "IX",
                "`9`",
            ],
            "9:00\n10:00",
            "9" * 2000,
        ],
    )
    def test_what_is_no_time_is_answered_with_a_time(self, text: str) -> None:
        with pytest.raises(Refused, match=Refusal.TIME_UNCLEAR.name):
            parse_time(text)

    @given(st.times())
    def test_every_minute_of_the_day_reads_back(self, at: time) -> None:
        minute = at.replace(second=0, microsecond=0, fold=0)
        assert parse_time(f"{minute:%H:%M}") == parse_time(f"{minute:%I:%M %p}") == minute


class TestWeekdays:
    @pytest.mark.parametrize(
        ("text", "days"),
        [
            ("every day", "0123456"),
            ("Every Day", "0123456"),
            ("  every   day ", "0123456"),
            ("everyday", "0123456"),
            ("daily", "0123456"),
            ("all", "0123456"),
            ("weekdays", "01234"),
            ("Weekday", "01234"),
            ("weekends", "56"),
            ("weekend", "56"),
            ("Monday", "0"),
            ("monday", "0"),
            ("Mondays", "0"),
            ("mon", "0"),
            ("Mo", "0"),
            ("tue", "1"),
            ("tues", "1"),
            ("wed", "2"),
            ("weds", "2"),
            ("thu", "3"),
            ("thur", "3"),
            ("thurs", "3"),
            ("fri", "4"),
            ("sat", "5"),
            ("sun", "6"),
            ("su", "6"),
            ("mon, wed, fri", "024"),
            ("mon,wed,fri", "024"),
            ("mon wed fri", "024"),
            ("Mon Wed  Fri", "024"),
            ("mon , wed , fri", "024"),
            ("mon and fri", "04"),
            ("mon & fri", "04"),
            ("mon, wed and fri", "024"),
            ("Mondays and Thursdays", "03"),
            ("mon-fri", "01234"),
            ("Mon - Fri", "01234"),
            ("mon – fri", "01234"),
            ("mon–fri", "01234"),
            ("Monday-Friday", "01234"),
            ("fri-mon", "0456"),
            ("sat-sun", "56"),
            ("sun-sat", "0123456"),
            ("tue-tue", "1"),
            ("mon-wed, fri", "0124"),
            ("mon-tue fri-sat", "0145"),
            ("sun, mon", "06"),
            ("mon, mon", "0"),
        ],
    )
    def test_weekdays_are_understood_as_people_type_them(self, text: str, days: str) -> None:
        assert parse_weekdays(text) == frozenset(map(int, days))

    @pytest.mark.parametrize(
        "text",
        [
            *[
                "",
                " ",
                "m",
                "t",
                "s",
                "never",
                "noday",
                "1",
                "0",
                "1-5",
                "mon,",
                ",mon",
                "mon-",
                "-mon",
                "mon--fri",
                "ss",
                "ts",
                "mon-wed-fri",
                "mon; fri",
                "montag",
                "lundi",
                "mondayish",
                "week",
                "mon/fri",
                "mon +",
                "every",
                "🗓",
                "and",
                "mon and",
                "&",
                "-",
                "mon,,fri",
                "mon to fri",
                "every monday",
                "weekdays, sat",
            ],
            "x" * 5000,
        ],
    )
    def test_what_is_no_weekday_is_answered_with_weekdays(self, text: str) -> None:
        with pytest.raises(Refused, match=Refusal.WEEKDAYS_UNCLEAR.name):
            parse_weekdays(text)

    def test_every_choice_offered_is_understood(self) -> None:
        assert len(suggest_weekdays("")) == 10
        assert suggest_weekdays(" WeeK ") == ["weekdays", "weekends"]
        assert all(parse_weekdays(name) for name in suggest_weekdays(""))

    @given(st.text(max_size=40) | st.text("montuewdhfrisa ,-–&", max_size=40))
    def test_any_text_gives_weekdays_or_a_value_error(self, text: str) -> None:
        with suppress(Refused):
            assert parse_weekdays(text) <= EVERY_DAY
