"""When a subscription runs: one run per due local date, daylight saving included. Pure.

A run is named by its local date. The instant follows from the zone: a time that spring skips moves to the
first valid minute after the gap, a time that autumn repeats is taken the first time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

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
_TIME = re.compile(r"^(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2}))?\s*(?P<half>[ap])?\.?(?(half)m\.?)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Timetable:
    """`at` this local time, in `zone`, on these weekdays (0 is Monday)."""

    at: time
    zone: ZoneInfo
    weekdays: frozenset[int] = EVERY_DAY


@dataclass(frozen=True, slots=True)
class Run:
    """One date on which a subscription is due, in its own zone, and the instant (UTC) that makes."""

    date: date
    at: datetime


def run_at(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant (UTC) at which it is `at` on `day` in `zone`."""
    wanted = datetime.combine(day, at)
    instant = wanted.replace(tzinfo=zone).astimezone(UTC)
    if _local(instant, zone) == wanted:
        return instant
    # Skipped: fold=0 reads the time with the offset before the gap, fold=1 with the one after it,
    # so the clock jumps between the two. The first minute past the jump is the one.
    before = wanted.replace(tzinfo=zone, fold=1).astimezone(UTC)
    minutes = range(int((instant - before) / timedelta(minutes=1)) + 1)
    return next(moment for minute in minutes if _local(moment := before + timedelta(minutes=minute), zone) > wanted)


def _local(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def first_run(timetable: Timetable, now: datetime, after: date | None = None) -> Run:
    """The first run later than `now`, and on a date later than `after`."""
    start = now.astimezone(timetable.zone).date() - timedelta(days=1)
    dates = _due_dates(timetable, max(start, after + timedelta(days=1)) if after else start, step=1)
    return next(run for run in dates if run.at > now)


def latest_run(timetable: Timetable, now: datetime) -> Run:
    """The latest run not later than `now`: what every missed run before it collapses into."""
    tomorrow = now.astimezone(timetable.zone).date() + timedelta(days=1)
    return next(run for run in _due_dates(timetable, tomorrow, step=-1) if run.at <= now)


def _due_dates(timetable: Timetable, start: date, step: int) -> Iterator[Run]:
    day = start
    while True:
        if day.weekday() in timetable.weekdays:
            yield Run(day, run_at(day, timetable.at, timetable.zone))
        day += timedelta(days=step)


def parse_time(text: str) -> time:
    """`9:00`, `09.00`, `9am`, `9:30 pm`; `ValueError` says what would be right."""
    found = _TIME.match(text.strip())
    hour, minute = (int(found["hour"]), int(found["minute"] or 0)) if found else (24, 0)
    if found and found["half"] and not 1 <= hour <= 12:  # noqa: PLR2004
        hour = 24
    elif found and found["half"]:
        hour = hour % 12 + (12 if found["half"].lower() == "p" else 0)
    if hour > 23 or minute > 59 or (found and not found["minute"] and not found["half"]):  # noqa: PLR2004
        raise ValueError("A time looks like `9:00`, `18:30` or `9am`.")
    return time(hour, minute)


def parse_zone(text: str) -> ZoneInfo:
    """An IANA zone by its name, in any case, or by its city; `ValueError` says what would be right."""
    wanted = _folded(text)
    named = [name for name in zone_names() if _folded(name) == wanted]
    cities = [name for name in zone_names() if _folded(name.rpartition("/")[2]) == wanted]
    if not wanted or not (named or cities):
        raise ValueError("A time zone looks like `Europe/Berlin` or `America/New_York`: type a city and pick one.")
    return ZoneInfo((named or cities)[0])


def find_zones(text: str) -> list[str]:
    """Zone names that hold `text`; those whose city begins with it first."""
    wanted = _folded(text)
    found = [name for name in zone_names() if wanted in _folded(name)]
    return sorted(found, key=lambda name: (not _folded(name.rpartition("/")[2]).startswith(wanted), name))


@cache
def zone_names() -> tuple[str, ...]:
    """The zones a person may mean: `Area/City`, and UTC."""
    cities = {name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))}
    return tuple(sorted(cities | {"UTC"}))


def _folded(text: str) -> str:
    return text.strip().replace(" ", "_").casefold()


def parse_weekdays(text: str) -> frozenset[int]:
    """`every day`, `weekdays`, `mon, wed, fri`, `mon-fri`; `ValueError` says what would be right."""
    words = " ".join(text.casefold().split())
    named = _NAMED.get(_ALIASES.get(words, words))
    if named:
        return named
    chosen: set[int] = set()
    for part in re.split(r"\s*(?:,|\band\b|&)\s*|\s+(?![-–])(?<![-–]\s)", words):
        first, dash, last = part.replace("–", "-").partition("-")
        begin = _weekday(first)
        end = _weekday(last) if dash else begin
        chosen.update((begin + step) % 7 for step in range((end - begin) % 7 + 1))
    return frozenset(chosen)


def _weekday(text: str) -> int:
    wanted = text.strip().removesuffix("s")
    for number, name in enumerate(DAY_NAMES):
        if len(wanted) >= 2 and name.casefold().startswith(wanted):  # noqa: PLR2004
            return number
    raise ValueError("Weekdays look like `every day`, `weekdays`, `mon, wed, fri` or `mon-fri`.")


def weekdays_name(weekdays: frozenset[int]) -> str:
    """The words for a set of weekdays, which `parse_weekdays` reads back."""
    for name, days in _NAMED.items():
        if days == weekdays:
            return name
    return ", ".join(DAY_NAMES[number][:3] for number in sorted(weekdays))


def weekday_choices(typed: str) -> list[str]:
    """What may be meant by the letters typed so far: the named sets first, then single days."""
    wanted = typed.strip().casefold()
    return [name for name in (*_NAMED, *DAY_NAMES) if name.casefold().startswith(wanted)]
