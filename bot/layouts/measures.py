"""Sizes, durations and instants in words, for terminals and logs; on Discord, each reader's client words instants."""

from datetime import UTC, datetime, timedelta

from bot.layouts.text import count_noun

_KILO = 1000
_UNITS = {"day": 86_400, "hour": 3600, "minute": 60}


def format_size(number: int) -> str:
    """`900 bytes`, `1.5 MB`."""
    size, units = float(number), iter(("bytes", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while size >= _KILO and unit != "TB":
        size, unit = size / _KILO, next(units)
    return f"{size:.0f} {unit}" if unit == "bytes" or size >= _KILO / 10 else f"{size:.1f} {unit}"


def format_duration(duration: timedelta) -> str:
    """In the largest unit that it has at least one of."""
    seconds = round(duration.total_seconds())
    for unit, length in _UNITS.items():
        if seconds >= length:
            return count_noun(seconds // length, unit)
    return count_noun(seconds, "second")


def format_instant(instant: datetime) -> str:
    """`2026-01-16 08:00 UTC`."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
