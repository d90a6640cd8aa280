"""A measured figure beside its floor."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`ours` and `floor` in `unit`; the ratio says how many times the floor's time ours takes."""

    what: str
    ours: float
    floor: float
    unit: str
    floor_is: str

    def cells(self) -> tuple[str, ...]:
        rate = self.unit.endswith("/s")
        ratio = self.floor / self.ours if rate else self.ours / self.floor
        digits = 0 if rate else 3
        values = (f"{value:,.{digits}f} {self.unit}" for value in (self.ours, self.floor))
        return (self.what, *values, f"{ratio:.1f} ×", self.floor_is)


def median_ms(work: Callable[[], object], times: int) -> float:
    """The median time of `work` in milliseconds."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)
