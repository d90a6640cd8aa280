"""Waking: the timers go on when somebody sets the clock, or the machine has slept."""

import asyncio
import logging
import time
from collections.abc import Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock import Clock, system_clock

log = logging.getLogger(__name__)

CHECK_SECONDS = 5
JUMP_SECONDS = 3  # between two looks: no clock is slewed that fast


class ClockWatch:
    """Wakes `scheduler` when its `clock` and one that nobody sets, `steady`, have parted.

    The scheduler sleeps until a time by the clock. Set back an hour, it would sleep an hour too long.
    """

    def __init__(
        self,
        scheduler: AsyncIOScheduler,
        *,
        clock: Clock = system_clock,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._scheduler = scheduler
        self._clock = clock
        self._steady = steady
        self._offset = self._measure_offset()

    async def watch_forever(self) -> None:
        """Look every few seconds, for good."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            self.check_clock()

    def check_clock(self) -> None:
        """Wake the scheduler, if the clock has jumped since the last look."""
        before, self._offset = self._offset, self._measure_offset()
        jump = self._offset - before
        if abs(jump) >= JUMP_SECONDS:
            log.warning("the clock has jumped by %+.0f s: the timers were adjusted", jump)
            self._wake_scheduler()

    def _measure_offset(self) -> float:
        return self._clock().timestamp() - self._steady()

    def _wake_scheduler(self) -> None:
        """What was to come by the old clock comes at its next time by the new one, and what is due comes at once."""
        now = self._clock()
        for job in self._scheduler.get_jobs():
            coming = job.trigger.get_next_fire_time(None, now)
            if job.next_run_time and coming and coming < job.next_run_time:
                job.modify(next_run_time=coming)
        self._scheduler.wakeup()
