"""Keep timers right when the clock is set, or after the machine has slept."""

import asyncio
import logging
import time
from collections.abc import Callable

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.clock import Clock, system_clock

log = logging.getLogger(__name__)

CHECK_SECONDS = 5
JUMP_SECONDS = 3  # a clock that is only corrected gradually never moves so much between two checks


class ClockWatch:
    """Wakes `scheduler` when `clock` has jumped, compared to `steady`, which is never set.

    The scheduler sleeps until its next job is due. If the clock is set back by an hour meanwhile, it would sleep an
    hour too long.
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
        """Check every few seconds, forever."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            self.check_clock()

    def check_clock(self) -> None:
        """Wake the scheduler, if the clock has jumped since the last check."""
        before, self._offset = self._offset, self._measure_offset()
        jump = self._offset - before
        if abs(jump) >= JUMP_SECONDS:
            log.warning("the clock has jumped by %+.0f s: the timers were adjusted", jump)
            self._wake_scheduler()

    def _measure_offset(self) -> float:
        return self._clock().timestamp() - self._steady()

    def _wake_scheduler(self) -> None:
        """Move jobs forward to their next time by the new clock, and run those that are due by it."""
        now = self._clock()
        for job in self._scheduler.get_jobs():
            next_time = job.trigger.get_next_fire_time(None, now)
            if job.next_run_time and next_time and next_time < job.next_run_time:
                job.modify(next_run_time=next_time)
        self._scheduler.wakeup()
