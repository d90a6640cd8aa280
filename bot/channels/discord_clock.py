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

FAR = timedelta(seconds=30)  # worth saying
PARTED = timedelta(minutes=5)  # more than any clock is slewed between two answers


@dataclass(frozen=True, slots=True)
class _Heard:
    """What an answer told of Discord's time, and what ours were then."""

    told: datetime
    ours: datetime
    steady: float


class DiscordClock:
    """Discord's clock, as its answers tell it. Between them goes on `steady`, which nobody sets, unlike our `clock`."""

    def __init__(self, clock: Clock, steady: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._steady = steady
        self._heard: _Heard | None = None
        self._said: timedelta | None = None

    def now(self) -> datetime | None:
        """Discord's time; None before its first answer."""
        return self._heard.told + self._passed(self._heard) if self._heard else None

    @property
    def is_doubtful(self) -> bool:
        """Whether, since the last answer, our clock was set, or the machine slept and `steady` may not have counted."""
        heard = self._heard
        return heard is not None and abs(self._clock() - heard.ours - self._passed(heard)) > PARTED

    def _passed(self, heard: _Heard) -> timedelta:
        return timedelta(seconds=self._steady() - heard.steady)

    def hear(self, told: datetime) -> None:
        """Note what time Discord has just told."""
        self._heard = _Heard(told, self._clock(), self._steady())
        ahead = self._heard.ours - told
        if self._said is None or abs(ahead - self._said) >= FAR:
            _say(ahead, first=self._said is None)
            self._said = ahead

    def listen_to(self, trace: aiohttp.TraceConfig) -> None:
        """Hear what the answers tell that `trace` meets."""
        trace.on_request_end.insert(0, self._hear_answer)

    async def _hear_answer(
        self,
        session: aiohttp.ClientSession,  # noqa: ARG002
        context: SimpleNamespace,  # noqa: ARG002
        ended: aiohttp.TraceRequestEndParams,
    ) -> None:
        headers = ended.response.headers
        if headers.get("Content-Type") == "application/json":  # else it may be that of a proxy, with a clock of its own
            told = read_date(headers.get("Date", ""))
            if told:
                self.hear(told)


def read_date(date: str) -> datetime | None:
    """The instant in a header such as `Fri, 16 Jan 2026 08:00:00 GMT`, if there is one."""
    try:
        told = parsedate_to_datetime(date)
    except ValueError:
        return None
    return told if told.tzinfo else None


def _say(ahead: timedelta, *, first: bool) -> None:
    if abs(ahead) < FAR:
        log.log(logging.DEBUG if first else logging.INFO, "the clock agrees with Discord's")
    else:
        log.warning(
            "the clock is %s %s Discord's, and digests follow it: correct it, for example with NTP",
            abs(timedelta(seconds=round(ahead.total_seconds()))),
            "ahead of" if ahead > timedelta(0) else "behind",
        )
