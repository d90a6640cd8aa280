"""Discord's clock, which dates the messages in a channel. Ours may be hours away from it."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from types import SimpleNamespace

import aiohttp

from bot.clock import Clock

log = logging.getLogger(__name__)

WORTH_LOGGING = timedelta(seconds=30)
CLOCK_JUMP = timedelta(minutes=5)  # a clock that is only corrected gradually never moves so much between two answers


@dataclass(frozen=True, slots=True)
class _Reading:
    """The time that Discord gave in an answer, and our own times at that moment."""

    discord_time: datetime
    local_time: datetime
    monotonic: float


class DiscordClock:
    """Discord's time, from its answers. In between it continues by `steady`, which, unlike `clock`, is never set."""

    def __init__(self, clock: Clock, steady: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._steady = steady
        self._reading: _Reading | None = None
        self._reported_offset: timedelta | None = None

    def now(self) -> datetime | None:
        """Discord's time; None before its first answer."""
        return self._reading.discord_time + self._get_elapsed(self._reading) if self._reading else None

    @property
    def is_doubtful(self) -> bool:
        """Whether our clock has jumped since the last answer: it was set, or the machine slept and `steady` stopped."""
        last = self._reading
        return last is not None and abs(self._clock() - last.local_time - self._get_elapsed(last)) > CLOCK_JUMP

    @property
    def is_ours_wrong(self) -> bool:
        """Whether our clock was so far off at Discord's last answer that it is worth a warning."""
        last = self._reading
        return last is not None and abs(last.local_time - last.discord_time) >= WORTH_LOGGING

    def _get_elapsed(self, reading: _Reading) -> timedelta:
        return timedelta(seconds=self._steady() - reading.monotonic)

    def set_time(self, discord_time: datetime) -> None:
        """Set the clock to the time that Discord has just given, and log how far ours is from it."""
        self._reading = _Reading(discord_time, self._clock(), self._steady())
        ahead = self._reading.local_time - discord_time
        if self._reported_offset is None or abs(ahead - self._reported_offset) >= WORTH_LOGGING:
            _log_clock_offset(ahead, first=self._reported_offset is None)
            self._reported_offset = ahead

    def watch_answers(self, trace: aiohttp.TraceConfig) -> None:
        """Set the clock from every answer that `trace` sees."""
        report_discord_time(trace, self.set_time)


def report_discord_time(trace: aiohttp.TraceConfig, report: Callable[[datetime], object]) -> None:
    """Report the time that each answer gives which `trace` sees."""

    async def read_answer(
        session: aiohttp.ClientSession,  # noqa: ARG001
        context: SimpleNamespace,  # noqa: ARG001
        ended: aiohttp.TraceRequestEndParams,
    ) -> None:
        if discord_time := _read_discord_time(ended):
            report(discord_time)

    trace.on_request_end.insert(0, read_answer)


def _read_discord_time(ended: aiohttp.TraceRequestEndParams) -> datetime | None:
    """The time that an answer of Discord gives; one without JSON may come from a proxy with a clock of its own."""
    headers = ended.response.headers
    return parse_date_header(headers.get("Date", "")) if headers.get("Content-Type") == "application/json" else None


def parse_date_header(date: str) -> datetime | None:
    """The instant in a header such as `Fri, 16 Jan 2026 08:00:00 GMT`; None if it is no such date."""
    try:
        instant = parsedate_to_datetime(date)
    except ValueError:
        return None
    return instant if instant.tzinfo else None


def _log_clock_offset(ahead: timedelta, *, first: bool) -> None:
    if abs(ahead) < WORTH_LOGGING:
        log.log(logging.DEBUG if first else logging.INFO, "the clock agrees with Discord's")
    else:
        log.warning(
            "the clock is %s %s Discord's, and digests follow it: correct it, for example with NTP",
            abs(timedelta(seconds=round(ahead.total_seconds()))),
            "ahead of" if ahead > timedelta(0) else "behind",
        )
