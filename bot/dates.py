"""Reads days as people write them: `2026-05-28`, `28 May`, `5/9/2026`, `yesterday`, `last week`, `7d`.

English words only: in other languages, too many short words are months (`mar`, `set`, `mai`).
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from functools import lru_cache

from dateparser.date import DateDataParser

MAX_LETTERS = 40
_UNITS = {"d": 1, "w": 7, "m": 30, "y": 365}
_AGE = re.compile(r"(\d{1,4})([dwmy])", re.ASCII)
_LAST_UNITS = re.compile(r"last (\d{1,4}) ([dwmy])(?:ays?|eeks?|onths?|ears?)", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})(?:([-/.])(\d{1,2})(?:\2(\d{1,2}))?)?", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})(?:\2(\d{4}|\d\d)|(?<!-\d)(?<!-\d\d)\.?)", re.ASCII)
_MONTH_AND_YEAR = re.compile(r"(\d{1,2})[-/.](\d{4})", re.ASCII)
_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
_WEEKDAY = "mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:r|rs|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
_UNIT = "(?:day|week|month|year)"
_NUMBER = r"\d{1,4}|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
# The library reads far more, such as single numbers and times, and it would take a word of a query for a date.
_WORDED = re.compile(
    rf"""(?:last|this)\ (?:week|month|year)|last\ (?:{_WEEKDAY})
      | (?:{_NUMBER})\ {_UNIT}s?\ ago
      | {_WEEKDAY}
      | (?:(?:{_MONTH})\.?\ )?(?:of\ )?\d{{4}}
      | (?:{_MONTH})\.?
      | (?:(?:{_WEEKDAY})\.?\ )?(?:
            \d{{1,2}}(?:st|nd|rd|th)?\ (?:of\ )?(?:{_MONTH})\.?(?:\ \d{{4}})?
          | (?:{_MONTH})\.?\ \d{{1,2}}(?:st|nd|rd|th)?(?:\ \d{{4}})?
        )""",
    re.ASCII | re.VERBOSE,
)


class Span(Enum):
    """What a typed date names."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class TypedDate:
    """The days from `first` up to, not including, `end`, which is None if it is after the last date there is.

    An age such as `7d` means the days since then. `other` is the day that was meant if the month was typed first, as
    in `5/9/2026`, which is read as the 5th of September.
    """

    first: date
    end: date | None
    span: Span = Span.DAY
    other: date | None = None


def read_date(text: str, today: date) -> TypedDate | None:
    """What `text` names as of `today`; None if that is no date. A date without a year is never after `today`.

    Takes a tenth of a second the first time, when the library loads its words, and then a millisecond at most.
    """
    words = " ".join(text.casefold().replace(",", " ").split())
    return _read_line(words, today) if len(words) <= MAX_LETTERS else None


@lru_cache(1024)
def _read_line(words: str, today: date) -> TypedDate | None:
    try:
        return _read_number(words, today) or _read_words(re.sub(r"^(?:the|on|in) ", "", words), today)
    except (ValueError, OverflowError):
        return None  # such as the 31st of February


def _read_number(text: str, today: date) -> TypedDate | None:
    if found := _AGE.fullmatch(text) or _LAST_UNITS.fullmatch(text.replace("past ", "last ")):
        return TypedDate(today - timedelta(days=int(found[1]) * _UNITS[found[2]]), _add_days(today, 1))
    if found := _COMPACT.fullmatch(text):
        return _build_day(date(int(found[1]), int(found[2]), int(found[3])))
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, day = (int(part) if part else None for part in found.group(1, 3, 4))
        return _build_period(year or 0, month, day)
    if found := _MONTH_AND_YEAR.fullmatch(text):
        return _build_period(int(found[2]), int(found[1]))
    if found := _YEAR_LAST.fullmatch(text):
        return _read_year_last(int(found[1]), int(found[3]), found[4], found[2], today)
    return None


def _read_year_last(one: int, two: int, year: str | None, separator: str, today: date) -> TypedDate:
    """`28/5/2026` and `5/28/2026`; if both may be the month, the day comes first.

    With dots it always does; otherwise the month does if the day would only come after `today`.
    """

    def build(day: int, month: int) -> date:
        if year:
            return date(int(year) + (2000 if len(year) == len("26") else 0), month, day)
        return _find_latest(day, month, today)

    either = separator != "." and max(one, two) <= 12 and one != two  # noqa: PLR2004
    if separator != "." and two > 12:  # noqa: PLR2004
        one, two = two, one
    first, other = build(one, two), build(two, one) if either else None
    if other and other <= today < first:  # papers of the future are not looked for
        first, other = other, first
    return TypedDate(first, _add_days(first, 1), other=other)


def _find_latest(day: int, month: int, today: date) -> date:
    """The latest such day that is not after `today`; a leap day may be eight years away."""
    for year in range(today.year, max(0, today.year - 9), -1):
        if (month, day) == (2, 29) and (year % 4 or (year % 100 == 0 and year % 400)):
            continue
        if (found := date(year, month, day)) <= today:
            return found
    raise ValueError("there is no such day")


def _read_words(text: str, today: date) -> TypedDate | None:
    if text in {"today", "yesterday"}:
        return _build_day(today - timedelta(days=text == "yesterday"))
    text = re.sub(r"^(?:past|previous) ", "last ", re.sub(r"(?<=[a-z])-(?=\d)|(?<=\d)-(?=[a-z])", " ", text))
    base = datetime(today.year, today.month, today.day)  # noqa: DTZ001  # only its date counts
    if re.fullmatch(rf"last (?:{_MONTH})\.?", text):
        text = text.removeprefix("last ")
        base = base.replace(day=1) - timedelta(days=1)  # in December, `last december` is over
    if not _WORDED.fullmatch(text):
        return None
    is_age = text.endswith(" ago")
    if re.fullmatch(_WEEKDAY, text):
        base += timedelta(days=1)  # on a Monday, `monday` is today
    settings = {
        "RELATIVE_BASE": base,
        "PREFER_DATES_FROM": "past",
        "PREFER_DAY_OF_MONTH": "current" if is_age else "first",
        "PREFER_MONTH_OF_YEAR": "current" if is_age else "first",
        "DATE_ORDER": "DMY",
    }
    read = DateDataParser(languages=["en"], settings=settings).get_date_data(text.replace(".", ""))
    if read.date_obj is None:
        return None
    day = read.date_obj.date()
    if is_age or read.period == "day":
        return _build_day(day)
    if read.period == "week":
        monday = day - timedelta(days=day.weekday())
        return TypedDate(monday, _add_days(monday, 7), Span.WEEK)
    return _build_period(day.year, day.month if read.period == "month" else None)


def _build_day(day: date) -> TypedDate:
    return TypedDate(day, _add_days(day, 1))


def _build_period(year: int, month: int | None = None, day: int | None = None) -> TypedDate:
    if month is not None and day is not None:
        return _build_day(date(year, month, day))
    if month is not None:
        first = date(year, month, 1)
        after = _add_days(first, 31)
        return TypedDate(first, after.replace(day=1) if after else None, Span.MONTH)
    return TypedDate(date(year, 1, 1), date(year + 1, 1, 1) if year < date.max.year else None, Span.YEAR)


def _add_days(day: date, days: int) -> date | None:
    """None if that is after the last date there is."""
    return date.fromordinal(day.toordinal() + days) if (date.max - day).days >= days else None
