"""The time. A clock is read by ticks, timers and interactions alone, which hand `now` down."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    return datetime.now(UTC)
