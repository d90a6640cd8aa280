"""Signs of life of the running bot, which its watchdog, its health checks and its heartbeat read."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from enum import StrEnum

log = logging.getLogger(__name__)

PULSE_SECONDS, PULSES_KEPT = 1, 60
WORTH_LOGGING = 10  # seconds of lag


class Fault(StrEnum):
    """What whoever runs the bot has to fix. The values are in databases, so they never change."""

    DISK_FULL = "disk_full"
    DATABASE_DAMAGED = "database_damaged"
    DATABASE_AWAY = "database_away"
    BACKUP_FAILING = "backup_failing"
    PAPERS_UNAVAILABLE = "papers_unavailable"
    COMMANDS_REJECTED = "commands_rejected"
    CLOCK_WRONG = "clock_wrong"
    INDEX_STUCK = "index_stuck"
    HEARTBEAT_LOST = "heartbeat_lost"


class Vitals:
    """When the bot last did what it must keep doing, and what is wrong.

    All times are seconds of `steady`, a clock that is never set. `faults` says of each fault that was looked for
    whether it is present.
    """

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self.started_at = steady()
        self.last_pulse: float | None = None  # when the event loop last ran on time; None until it is watched
        self.last_tick: float | None = None  # when the last tick ended, well or not
        self.last_good_tick: float | None = None
        self.ticks_expected_since: float | None = None  # None before their timer is set, and once the bot stops
        self.is_stopping = False
        self.faults: dict[Fault, bool] = {}
        self._lags: deque[float] = deque(maxlen=PULSES_KEPT)
        self._good_tick = asyncio.Event()

    @property
    def loop_lag(self) -> float:
        """The most seconds by which the event loop was late within the last minute."""
        return max(self._lags, default=0.0)

    @property
    def last_lag(self) -> float:
        """The seconds by which it was late when it was last measured, about a second ago."""
        return self._lags[-1] if self._lags else 0.0

    async def watch_loop(self) -> None:
        """Measure forever how late the event loop is."""
        while True:
            due = self._steady() + PULSE_SECONDS
            await asyncio.sleep(PULSE_SECONDS)
            self.last_pulse = self._steady()
            lag = max(0.0, self.last_pulse - due)
            self._lags.append(lag)
            if lag >= WORTH_LOGGING:
                log.warning("the bot stood still for %.0f seconds, or the machine did", lag)

    def expect_ticks(self) -> None:
        """From now on there is a tick each minute."""
        self.ticks_expected_since = self._steady()

    def expect_no_ticks(self) -> None:
        self.ticks_expected_since = None

    @property
    def seconds_without_tick(self) -> float:
        """Since the last tick ended, if they are expected."""
        if self.ticks_expected_since is None:
            return 0.0
        return self.count_seconds_since(max(self.ticks_expected_since, self.last_tick or 0.0))

    def end_tick(self, *, is_good: bool) -> None:
        """A tick, which starts what is due, has ended."""
        self.last_tick = self._steady()
        if is_good:
            self.last_good_tick = self.last_tick
            self._good_tick.set()

    async def wait_for_good_tick(self) -> None:
        """Wait until the next good tick ends."""
        self._good_tick.clear()
        await self._good_tick.wait()

    def report(self, fault: Fault, *, is_present: bool) -> None:
        """Whether there is this fault at the moment. What whoever noticed it logs is left to them."""
        self.faults[fault] = is_present

    def begin_stop(self) -> None:
        """The bot was told to stop, or cannot go on: no more ticks."""
        self.expect_no_ticks()
        self.is_stopping = True

    def count_seconds_since(self, moment: float) -> float:
        return self._steady() - moment
