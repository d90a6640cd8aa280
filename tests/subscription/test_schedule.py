"""The schedule: one run on each due date, in every time zone, even when the clocks change."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, partial
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.subscription.schedule import (
    MONDAY_TO_FRIDAY,
    Cadence,
    Run,
    Schedule,
    compute_run_time,
    find_latest_run,
    find_next_run,
)

FIRST, LAST = date(2025, 1, 1), date(2027, 12, 31)
DATES = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
utc = partial(datetime, tzinfo=UTC)
TIMES = [time(2, 30), time(9, 0), time(0, 0), time(23, 30)]
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
def test_every_time_zone_has_one_run_on_every_date(at: time) -> None:
    for name in sorted(available_timezones()):
        timezone = ZoneInfo(name)
        runs = [compute_run_time(day, at, timezone) for day in DATES]
        assert all(one < other for one, other in pairwise(runs)), name
        for day, instant, following in zip(DATES, runs, [*runs[1:], runs[-1]], strict=True):
            if following - instant != DAY:  # clocks changed, or it is the last
                check_instant(day, at, timezone, instant)
                check_instant(day + DAY, at, timezone, compute_run_time(day + DAY, at, timezone))


@pytest.mark.parametrize("at", TIMES[:2], ids=str)
def test_going_from_run_to_run_meets_every_due_date_exactly_once(at: time) -> None:
    """What the bot does: after each run it asks for the next. One time zone of each set of rules is tried."""
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
def test_a_time_that_the_clocks_skip_comes_after_the_gap_and_one_that_they_repeat_comes_first(
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
def test_the_latest_run_and_the_next_run_are_the_closest_to_now(schedule: Schedule, now: datetime) -> None:
    latest, following = find_latest_run(schedule, now), find_next_run(schedule, now)
    assert latest.at <= now < following.at
    assert latest.date < following.date
    assert {latest.date.weekday(), following.date.weekday()} <= schedule.weekdays
    between = (latest.date + timedelta(days=n) for n in range(1, (following.date - latest.date).days))
    assert not [day for day in between if schedule.is_due_on(day)]


@given(TIMETABLES, INSTANTS)
def test_asked_at_a_run_or_just_before_it_that_run_is_found(schedule: Schedule, now: datetime) -> None:
    run = find_next_run(schedule, now)
    assert find_latest_run(schedule, run.at) == run
    assert find_latest_run(schedule, find_next_run(schedule, run.at).at - MINUTE) == run
    assert find_next_run(schedule, run.at - MINUTE) == run


@given(TIMETABLES, INSTANTS, st.integers(-40, 40))
def test_no_date_has_a_second_run(schedule: Schedule, now: datetime, days: int) -> None:
    after = now.date() + timedelta(days=days)
    run = find_next_run(schedule, now, after=after)
    assert run.date > after
    assert run.at > now
