"""Discord's own time, which dates all that stands in a channel; ours may be hours from it."""

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

WORTH_TELLING = timedelta(seconds=30)  # worth saying
CLOCK_JUMP = timedelta(minutes=5)  # more than any clock is slewed between two answers


@dataclass(frozen=True, slots=True)
class _Reading:
    """What an answer told of Discord's time, and what ours were then."""

    discord_time: datetime
    local_time: datetime
    monotonic: float


class DiscordClock:
    """Discord's clock, as its answers tell it. Between them goes on `steady`, which nobody sets, unlike our `clock`."""

    def __init__(self, clock: Clock, steady: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._steady = steady
        self._reading: _Reading | None = None
        self._reported_offset: timedelta | None = None

    def now(self) -> datetime | None:
        """Discord's time; None before its first answer."""
        return self._reading.discord_time + self._time_since(self._reading) if self._reading else None

    @property
    def is_doubtful(self) -> bool:
        """Whether, since the last answer, our clock was set, or the machine slept and `steady` may not have counted."""
        heard = self._reading
        return heard is not None and abs(self._clock() - heard.local_time - self._time_since(heard)) > CLOCK_JUMP

    def _time_since(self, heard: _Reading) -> timedelta:
        return timedelta(seconds=self._steady() - heard.monotonic)

    def set_time(self, told: datetime) -> None:
        """Note what time Discord has just told."""
        self._reading = _Reading(told, self._clock(), self._steady())
        ahead = self._reading.local_time - told
        if self._reported_offset is None or abs(ahead - self._reported_offset) >= WORTH_TELLING:
            _log_offset(ahead, first=self._reported_offset is None)
            self._reported_offset = ahead

    def watch_answers(self, trace: aiohttp.TraceConfig) -> None:
        """Hear what the answers tell that `trace` meets."""
        trace.on_request_end.insert(0, self._read_answer)

    async def _read_answer(
        self,
        session: aiohttp.ClientSession,  # noqa: ARG002
        context: SimpleNamespace,  # noqa: ARG002
        ended: aiohttp.TraceRequestEndParams,
    ) -> None:
        headers = ended.response.headers
        if headers.get("Content-Type") == "application/json":  # else it may be that of a proxy, with a clock of its own
            told = parse_date_header(headers.get("Date", ""))
            if told:
                self.set_time(told)


def parse_date_header(date: str) -> datetime | None:
    """The instant in a header such as `Fri, 16 Jan 2026 08:00:00 GMT`, if there is one."""
    try:
        told = parsedate_to_datetime(date)
    except ValueError:
        return None
    return told if told.tzinfo else None


def _log_offset(ahead: timedelta, *, first: bool) -> None:
    if abs(ahead) < WORTH_TELLING:
        log.log(logging.DEBUG if first else logging.INFO, "the clock agrees with Discord's")
    else:
        log.warning(
            "the clock is %s %s Discord's, and digests follow it: correct it, for example with NTP",
            abs(timedelta(seconds=round(ahead.total_seconds()))),
            "ahead of" if ahead > timedelta(0) else "behind",
        )
