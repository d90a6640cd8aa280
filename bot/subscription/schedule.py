"""When a subscription runs: one run per due local date, daylight saving included. Pure.

A run is named by its local date. The instant follows from the time zone: a time that spring skips moves to the
first valid minute after the gap, a time that autumn repeats is taken the first time.
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
    """How often: on each of the weekdays, on the first of them in a week, on the first of them in a month."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Schedule:
    """`at` this local time, in `time zone`, on these weekdays (0 is Monday), as often as `cadence` says."""

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
        earlier = {Cadence.DAILY: 0, Cadence.WEEKLY: day.weekday(), Cadence.MONTHLY: day.day - 1}[self.cadence]
        since = (day - timedelta(days=number) for number in range(1, earlier + 1))
        return day.weekday() in self.weekdays and not any(each.weekday() in self.weekdays for each in since)


@dataclass(frozen=True, slots=True)
class Run:
    """One date on which a subscription is due, in its own time zone, and the instant (UTC) that makes."""

    date: date
    at: datetime


def compute_run_time(day: date, time_of_day: time, timezone: ZoneInfo) -> datetime:
    """The instant (UTC) at which it is `at` on `day` in `time zone`."""
    wanted = datetime.combine(day, time_of_day)
    instant = wanted.replace(tzinfo=timezone).astimezone(UTC)
    if _to_local(instant, timezone) == wanted:
        return instant
    # Skipped: fold=0 reads the time with the offset before the gap, fold=1 with the one after it,
    # so the clock jumps between the two. The first minute past the jump is the one.
    before = wanted.replace(tzinfo=timezone, fold=1).astimezone(UTC)
    minutes = range(int((instant - before) / timedelta(minutes=1)) + 1)
    return next(
        moment for minute in minutes if _to_local(moment := before + timedelta(minutes=minute), timezone) > wanted
    )


def _to_local(instant: datetime, timezone: ZoneInfo) -> datetime:
    return instant.astimezone(timezone).replace(tzinfo=None)


def find_next_run(
    schedule: Schedule, now: datetime, after: date | None = None, planned_dates: Collection[date] = ()
) -> Run:
    """The first run later than `now`, on a date later than `after` that is not `taken`."""
    start = now.astimezone(schedule.timezone).date() - timedelta(days=1)
    dates = _iterate_runs(schedule, max(start, after + timedelta(days=1)) if after else start, step=1)
    return next(run for run in dates if run.at > now and run.date not in planned_dates)


def find_latest_run(schedule: Schedule, now: datetime) -> Run:
    """The latest run not later than `now`: what every missed run before it collapses into."""
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

    `24:00` is refused: it belongs to the day before, and a subscription's weekdays would be one off.
    """
    typed = " ".join(normalize("NFKC", text).casefold().split())
    typed = typed.removeprefix("at").removeprefix("@").strip()
    found = _TIME.fullmatch(typed)
    hour, minute = (_parse_hour(found), int(found["minute"] or 0)) if found else (24, 0)
    if typed not in _NAMED_TIMES and (hour > 23 or minute > 59):  # noqa: PLR2004
        raise Refused(Refusal.TIME_UNCLEAR)
    return _NAMED_TIMES.get(typed) or time(hour, minute)


def _parse_hour(found: re.Match[str]) -> int:
    """0 to 23, or more for an hour that no clock shows."""
    hour = int(found["hour"])
    if not found["half"]:
        return hour
    return hour % 12 + (12 if found["half"] == "p" else 0) if 1 <= hour <= 12 else 24  # noqa: PLR2004


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
    wanted = text.strip().removesuffix("s")
    for number, name in enumerate(DAY_NAMES):
        if len(wanted) >= 2 and name.casefold().startswith(wanted):  # noqa: PLR2004
            return number
    raise Refused(Refusal.WEEKDAYS_UNCLEAR)


def suggest_weekdays(typed: str) -> list[str]:
    """What may be meant by the letters typed so far: the named sets first, then single days."""
    wanted = typed.strip().casefold()
    return [name for name in (*_NAMED, *DAY_NAMES) if name.casefold().startswith(wanted)]
