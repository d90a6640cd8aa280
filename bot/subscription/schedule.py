"""When a subscription runs: once on each local date on which it is due, also when the clocks change. Pure.

A run is known by its local date; its instant follows from the time zone. If the clock skips the time in spring, the
run is in the first minute after the gap. If the clock repeats the time in autumn, the run is at the first of the two.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from unicodedata import normalize
from zoneinfo import ZoneInfo

from bot.refusals import Refusal, Refused

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EVERY_DAY = frozenset(range(7))
MONDAY_TO_FRIDAY = frozenset(range(5))
WEEKEND = EVERY_DAY - MONDAY_TO_FRIDAY
_NAMED = {"every day": EVERY_DAY, "weekdays": MONDAY_TO_FRIDAY, "weekends": WEEKEND}
_ALIASES = {
    "daily": "every day",
    "everyday": "every day",
    "all": "every day",
    "weekday": "weekdays",
    "weekend": "weekends",
}
_NAMED_TIMES = {"noon": time(12), "midday": time(12), "12 noon": time(12), "midnight": time(), "12 midnight": time()}
_TIME = re.compile(
    r"(?P<hour>\d{1,2})"
    r"(?: ?(?:[:.h時点點시]|uhr)? ?(?P<minute>\d{2})(?::00)?)?"  # 9:30, 9h30, 9 30, 0930, 9:30:00
    r"(?: ?(?P<half>[ap])\.? ?m?\.?| ?(?:h|hrs|uhr|o.?clock|[時点點시分분]))?"
)


class Cadence(StrEnum):
    """How often: on each of the chosen weekdays, or on the first of them in each week or month."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Schedule:
    """The local time of day, the time zone, the weekdays (0 is Monday), and how often."""

    time: time
    timezone: ZoneInfo
    weekdays: frozenset[int] = EVERY_DAY
    cadence: Cadence = Cadence.DAILY

    @property
    def is_recap(self) -> bool:
        """Whether it looks back at a week or a month."""
        return self.cadence is not Cadence.DAILY

    def is_due_on(self, day: date) -> bool:
        """Whether there is a run on this local date."""
        days_before = {Cadence.DAILY: 0, Cadence.WEEKLY: day.weekday(), Cadence.MONTHLY: day.day - 1}[self.cadence]
        earlier = (day - timedelta(days=number) for number in range(1, days_before + 1))
        return day.weekday() in self.weekdays and not any(each.weekday() in self.weekdays for each in earlier)


@dataclass(frozen=True, slots=True)
class Run:
    """One date, in its own time zone, on which a subscription is due, and the instant (UTC)."""

    date: date
    at: datetime


def compute_run_time(day: date, time_of_day: time, timezone: ZoneInfo) -> datetime:
    """The instant (UTC) at which clocks in `timezone` show `time_of_day` on `day`."""
    local = datetime.combine(day, time_of_day)
    instant = local.replace(tzinfo=timezone).astimezone(UTC)
    if _to_local(instant, timezone) == local:
        return instant
    # The clock skips this time. fold=1 reads it with the offset after the gap, which gives an instant before the
    # gap; from there, the first minute that shows a later time is the first one after the gap.
    instant = local.replace(tzinfo=timezone, fold=1).astimezone(UTC)
    while _to_local(instant, timezone) <= local:
        instant += timedelta(minutes=1)
    return instant


def _to_local(instant: datetime, timezone: ZoneInfo) -> datetime:
    return instant.astimezone(timezone).replace(tzinfo=None)


def find_next_run(
    schedule: Schedule, now: datetime, after: date | None = None, planned_dates: Collection[date] = ()
) -> Run:
    """The first run later than `now`, on a date later than `after` and not in `planned_dates`."""
    start = now.astimezone(schedule.timezone).date() - timedelta(days=1)
    dates = _iterate_runs(schedule, max(start, after + timedelta(days=1)) if after else start, step=1)
    return next(run for run in dates if run.at > now and run.date not in planned_dates)


def find_latest_run(schedule: Schedule, now: datetime) -> Run:
    """The latest run that is not later than `now`; it makes up for all missed runs before it."""
    tomorrow = now.astimezone(schedule.timezone).date() + timedelta(days=1)
    return next(run for run in _iterate_runs(schedule, tomorrow, step=-1) if run.at <= now)


def _iterate_runs(schedule: Schedule, start: date, step: int) -> Iterator[Run]:
    day = start
    while True:
        if schedule.is_due_on(day):
            yield Run(day, compute_run_time(day, schedule.time, schedule.timezone))
        day += timedelta(days=step)


def parse_time(text: str) -> time:
    """`9`, `9:00`, `0900`, `9h30`, `9am`, `9:30 pm`, `noon`, `21 Uhr`. Raises `Refused`.

    `24:00` is refused: it belongs to the day before, so the subscription's weekdays would be wrong by one.
    """
    typed = " ".join(normalize("NFKC", text).casefold().split())
    typed = typed.removeprefix("at").removeprefix("@").strip()
    if typed in _NAMED_TIMES:
        return _NAMED_TIMES[typed]
    found = _TIME.fullmatch(typed)
    hour = _parse_hour(found) if found else None
    minute = int(found["minute"] or 0) if found else 0
    if hour is None or hour > 23 or minute > 59:  # noqa: PLR2004
        raise Refused(Refusal.TIME_UNCLEAR)
    return time(hour, minute)


def _parse_hour(found: re.Match[str]) -> int | None:
    """The hour on a 24-hour clock; None for an hour such as 13 pm."""
    hour = int(found["hour"])
    if not found["half"]:
        return hour
    if not 1 <= hour <= 12:  # noqa: PLR2004
        return None
    return hour % 12 + 12 if found["half"] == "p" else hour % 12


def parse_weekdays(text: str) -> frozenset[int]:
    """`every day`, `weekdays`, `mon, wed, fri`, `mon-fri`. Raises `Refused`."""
    words = " ".join(text.casefold().split())
    named = _NAMED.get(_ALIASES.get(words, words))
    if named:
        return named
    chosen: set[int] = set()
    for part in re.split(r"\s*(?:,|\band\b|&)\s*|\s+(?![-–])(?<![-–]\s)", words):
        first, dash, last = part.replace("–", "-").partition("-")
        begin = _parse_weekday(first)
        end = _parse_weekday(last) if dash else begin
        chosen.update((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    return frozenset(chosen)


def _parse_weekday(text: str) -> int:
    typed = text.strip().removesuffix("s")
    for number, name in enumerate(DAY_NAMES):
        if len(typed) >= 2 and name.casefold().startswith(typed):  # noqa: PLR2004
            return number
    raise Refused(Refusal.WEEKDAYS_UNCLEAR)


def suggest_weekdays(typed: str) -> list[str]:
    """The weekdays that begin with the letters typed so far: sets such as `every day` first, then single days."""
    beginning = typed.strip().casefold()
    return [name for name in (*_NAMED, *DAY_NAMES) if name.casefold().startswith(beginning)]
