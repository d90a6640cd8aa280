"""Signs of life of the running bot, which its watchdog and its health checks read."""

import time
from collections.abc import Callable


class Vitals:
    """When the bot last did what it must keep doing. All times are seconds of `steady`, a clock that is never set."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self.started_at = steady()
        self.last_tick: float | None = None  # when the last tick ended, well or not
        self.last_good_tick: float | None = None
        self.loop_lag = 0.0  # seconds by which the event loop was late when it was last measured

    def end_tick(self, *, is_good: bool) -> None:
        """A tick, which starts what is due, has ended."""
        self.last_tick = self._steady()
        if is_good:
            self.last_good_tick = self.last_tick

    def count_seconds_since(self, moment: float) -> float:
        return self._steady() - moment
