"""Measured figures with their floors, and the table that shows them."""

import asyncio
import gc
import math
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from rich.table import Table

HEADINGS = ("what", "ours", "beside", "ratio", "beside is", "goal")
_NUMBERS = {"ours", "beside", "ratio"}


@dataclass(frozen=True)
class Figure:
    """`ours` and `floor` in `unit`; the ratio is how many times as long as the floor ours takes.

    A figure may have no floor; `goal` says in words what it should be.
    """

    what: str
    ours: float
    floor: float | None
    unit: str
    floor_is: str = ""
    goal: str = ""

    def cells(self) -> tuple[str, ...]:
        return (self.what, self._shown(self.ours), self._shown(self.floor), self._ratio(), self.floor_is, self.goal)

    def _shown(self, value: float | None) -> str:
        if value is None:
            return "–"
        return f"{value:,.0f} {self.unit}" if abs(value) >= 100 else f"{value:,.3g} {self.unit}"

    def _ratio(self) -> str:
        if not self.floor:
            return "–"
        ratio = self.floor / self.ours if self.unit.endswith("/s") else self.ours / self.floor
        decimals = 4 if ratio < 0.1 else 2 if ratio < 2 else 1
        return f"{ratio:.{decimals}f} ×"


@dataclass(frozen=True, slots=True)
class Times:
    """How long repeated runs of the same work took, in milliseconds."""

    taken: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.taken)

    @property
    def p99(self) -> float:
        """The 99th percentile: of a hundred, the second slowest."""
        return sorted(self.taken)[math.ceil(len(self.taken) * 0.99) - 1]


class Stopwatch:
    """`with Stopwatch() as watch: …` and then `watch.ms`."""

    ms = 0.0

    def __enter__(self) -> "Stopwatch":
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.ms = (time.perf_counter() - self._began) * 1000

    @property
    def seconds(self) -> float:
        return self.ms / 1000


def median_ms(work: Callable[[], object], times: int) -> float:
    """The median time of `work` in milliseconds."""
    taken = []
    for _ in range(times):
        with Stopwatch() as watch:
            work()
        taken.append(watch.ms)
    return statistics.median(taken)


@asynccontextmanager
async def lateness() -> AsyncIterator[list[float]]:
    """How many milliseconds late the event loop wakes a task that sleeps for one millisecond, again and again."""
    late: list[float] = []

    async def watch() -> None:
        while True:
            with Stopwatch() as slept:
                await asyncio.sleep(0.001)
            late.append(slept.ms - 1)

    watching = asyncio.create_task(watch())
    try:
        yield late
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


@asynccontextmanager
async def turns() -> AsyncIterator[list[float]]:
    """How many milliseconds of CPU everything else in the event loop takes before a task gets its turn again.

    As `lateness`, but it does not count how long other programs had the processor.
    """
    taken: list[float] = []

    async def watch() -> None:
        while True:
            began = time.thread_time()
            await asyncio.sleep(0.001)
            taken.append((time.thread_time() - began) * 1000)

    watching = asyncio.create_task(watch())
    try:
        yield taken
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


def forget_the_past() -> None:
    """Exclude the benchmark's own objects from garbage collection, because the bot would not have them."""
    gc.collect()
    gc.freeze()


def table(title: str, figures: Iterable[Figure]) -> Table:
    shown = Table(title=title)
    for heading in HEADINGS:
        shown.add_column(heading, justify="right" if heading in _NUMBERS else "left", no_wrap=heading in _NUMBERS)
    for figure in figures:
        shown.add_row(*figure.cells())
    return shown
