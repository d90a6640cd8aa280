"""Reads what an admin typed or picked for one field of a wish into its value."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import date, time
from typing import Any, get_args
from zoneinfo import ZoneInfo

from bot.refusals import Refusal, Refused
from bot.search import Query, parse
from bot.subscription.schedule import Cadence, Timetable, parse_time, parse_weekdays
from bot.subscription.settings import MOST_FILTER, MOST_PAPERS, MOST_UPVOTES, ArchiveMinutes, Discussion, Layout, Wish
from bot.subscription.zones import parse_zone
from bot.text import one_line

NINE = time(9)
ON, OFF = "on", "off"
_NO_FILTER = frozenset({"none", "no", "off", "-", "all"})

_SWITCH: Mapping[str, object] = {ON: True, OFF: False}
_CHOICES: Mapping[str, Mapping[str, object]] = {  # for each field, what can be picked and its value
    "cadence": {each.value: each for each in Cadence},
    "weekdays": {str(number): number for number in range(7)},
    "size": {str(size): size for size in range(1, MOST_PAPERS + 1)},
    "layout": {each.value: each for each in Layout},
    "discussion": {each.value: each for each in Discussion},
    "archive_after": {str(minutes): minutes for minutes in get_args(ArchiveMinutes)},
    "publish": _SWITCH,
    "silent": _SWITCH,
    "quiet_line": _SWITCH,
    "repeats": _SWITCH,
}


class FilterUnclear(Refused):
    """A part of a filter is not understood; `query` says which."""

    def __init__(self, query: Query) -> None:
        super().__init__(Refusal.FILTER_UNCLEAR)
        self.query = query


def new_wish(channel_id: int, zone: str = "UTC") -> Wish:
    """The default wish: every day at nine, the top papers as a list."""
    return Wish(channel_id, Timetable(NINE, ZoneInfo(zone)))


def change(wish: Wish, values: Mapping[str, object]) -> Wish:
    """The wish with these fields changed. Each name belongs to only one part of a wish."""

    def changed(part: Any) -> Any:
        return replace(part, **{each.name: values[each.name] for each in fields(part) if each.name in values})

    result: Wish = changed(wish)
    return replace(result, timetable=changed(wish.timetable), taste=changed(wish.taste), posting=changed(wish.posting))


def read_typed(field: str, text: str, today: date) -> object:
    """The value that was typed for a field. Raises `Refused`."""
    match field:
        case "at":
            return parse_time(text)
        case "zone":
            return parse_zone(text)
        case "weekdays":
            return parse_weekdays(text)
        case "query":
            return _read_filter(text, today)
        case "min_upvotes" | "ping_upvotes":
            return _read_upvotes(text)
    raise Refused(Refusal.FIELD_UNKNOWN)  # from another version, or forged


def read_picked(field: str, picked: Sequence[str]) -> object:
    """The value that was picked for a field: one choice, several weekdays, or no role. Raises `Refused`."""
    try:
        if field == "weekdays" and picked:
            return frozenset(_CHOICES[field][each] for each in picked)
        if field == "ping_role_id" and not picked:
            return None
        (one,) = picked
        if field in {"channel_id", "ping_role_id"}:
            return int(one)
        return ZoneInfo(one) if field == "zone" else _CHOICES[field][one]
    except (KeyError, ValueError):  # from another version, or forged
        raise Refused(Refusal.FIELD_UNKNOWN) from None


def filter_or_none(typed: str) -> str:
    """What was typed as a filter; words such as `none` remove it, because a slash command can't send an empty text."""
    return "" if typed.strip().casefold() in _NO_FILTER else typed


def _read_upvotes(text: str) -> int:
    digits = text.strip().replace(",", "") or "0"
    if not digits.isdecimal() or int(digits) > MOST_UPVOTES:
        raise Refused(Refusal.UPVOTES_UNCLEAR)
    return int(digits)


def _read_filter(text: str, today: date) -> str:
    """The filter that was typed, if it is understood. Raises `Refused`."""
    typed = one_line(text)
    if len(typed) > MOST_FILTER:
        raise Refused(Refusal.FILTER_TOO_LONG, number=MOST_FILTER)
    query = parse(typed, today)
    if query.mistakes:
        raise FilterUnclear(query)
    return typed
