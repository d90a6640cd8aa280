"""Reads the value that an admin typed or picked for one field of the settings."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import date, time
from typing import Any, get_args
from zoneinfo import ZoneInfo

from bot.refusals import Refusal, Refused
from bot.search import Query, parse_query
from bot.subscription.presets import PRESETS
from bot.subscription.schedule import Cadence, Schedule, parse_time, parse_weekdays
from bot.subscription.settings import (
    MAX_FILTER_LENGTH,
    MAX_PAPERS,
    MAX_UPVOTES,
    ArchiveMinutes,
    DigestLayout,
    DigestSettings,
    Threads,
)
from bot.subscription.timezones import parse_timezone
from bot.text import join_lines

DEFAULT_TIME = time(9)
ON, OFF = "on", "off"
_NO_FILTER = frozenset({"none", "no", "off", "-", "all"})

_SWITCH: Mapping[str, object] = {ON: True, OFF: False}
_CHOICES: Mapping[str, Mapping[str, object]] = {  # the value of each choice, by field
    "cadence": {each.value: each for each in Cadence},
    "weekdays": {str(number): number for number in range(7)},
    "size": {str(size): size for size in range(1, MAX_PAPERS + 1)},
    "layout": {each.value: each for each in DigestLayout},
    "threads": {each.value: each for each in Threads},
    "archive_after": {str(minutes): minutes for minutes in get_args(ArchiveMinutes)},
    "publish": _SWITCH,
    "silent": _SWITCH,
    "quiet_line": _SWITCH,
    "allow_repeats": _SWITCH,
    "preset": PRESETS,
}
_FIELD_OF = {"preset": "filter"}  # the field that a control sets, if it has another name


class FilterUnclear(Refused):
    """A part of a filter is not understood; `query.mistakes` says which."""

    def __init__(self, query: Query) -> None:
        super().__init__(Refusal.FILTER_UNCLEAR)
        self.query = query


def build_default_settings(channel_id: int, timezone: str = "UTC") -> DigestSettings:
    """The default settings: every day at nine, the top papers as a list."""
    return DigestSettings(channel_id, Schedule(DEFAULT_TIME, ZoneInfo(timezone)))


def replace_settings_fields(settings: DigestSettings, values: Mapping[str, object]) -> DigestSettings:
    """The settings with these fields changed. No two parts of the settings have a field of the same name."""

    def change(part: Any) -> Any:
        return replace(part, **{each.name: values[each.name] for each in fields(part) if each.name in values})

    changed: DigestSettings = change(settings)
    return replace(
        changed,
        schedule=change(settings.schedule),
        selection=change(settings.selection),
        posting=change(settings.posting),
    )


def read_typed_field(field: str, text: str, today: date) -> object:
    """The value that was typed for a field. Raises `Refused`."""
    match field:
        case "time":
            return parse_time(text)
        case "timezone":
            return parse_timezone(text)
        case "weekdays":
            return parse_weekdays(text)
        case "filter":
            return _read_filter(text, today)
        case "min_upvotes" | "ping_upvotes":
            digits = text.strip().replace(",", "") or "0"
            if digits.isdecimal() and int(digits) <= MAX_UPVOTES:
                return int(digits)
            raise Refused(Refusal.UPVOTES_UNCLEAR)
    raise Refused(Refusal.FIELD_UNKNOWN)  # from another version, or forged


def read_typed_fields(typed: Mapping[str, str], today: date) -> tuple[dict[str, object], dict[str, str]]:
    """The values of the fields that were typed right, and what was typed for the others.

    Raises `Refused` if there is no such field.
    """
    values: dict[str, object] = {}
    mistyped: dict[str, str] = {}
    for field, text in typed.items():
        try:
            values[field] = read_typed_field(field, text, today)
        except Refused as refused:
            if refused.refusal is Refusal.FIELD_UNKNOWN:
                raise
            mistyped[field] = text
    return values, mistyped


def read_picked_values(control: str, picked: Sequence[str]) -> dict[str, object]:
    """The field that a control of a panel sets, with the value that was picked. Raises `Refused`."""
    return {_FIELD_OF.get(control, control): read_picked_field(control, picked)}


def read_picked_field(field: str, picked: Sequence[str]) -> object:
    """The value that was picked for a field: one choice, several weekdays, or no role. Raises `Refused`."""
    try:
        if field == "weekdays" and picked:
            return frozenset(_CHOICES[field][each] for each in picked)
        if field == "ping_role_id" and not picked:
            return None
        (choice,) = picked
        if field in {"channel_id", "ping_role_id"}:
            return int(choice)
        return ZoneInfo(choice) if field == "timezone" else _CHOICES[field][choice]
    except (KeyError, ValueError):  # from another version, or forged
        raise Refused(Refusal.FIELD_UNKNOWN) from None


def read_filter_option(typed: str) -> str:
    """The filter in a slash command, which cannot be empty: words such as `none` mean no filter."""
    return "" if typed.strip().casefold() in _NO_FILTER else typed


def _read_filter(text: str, today: date) -> str:
    """The filter that was typed, if it is understood. Raises `Refused`."""
    typed = join_lines(text)
    if len(typed) > MAX_FILTER_LENGTH:
        raise Refused(Refusal.FILTER_TOO_LONG, number=MAX_FILTER_LENGTH)
    query = parse_query(typed, today)
    if query.mistakes:
        raise FilterUnclear(query)
    return typed
