"""What chance alone could have done: how sure a share is, and whether a difference is more than noise."""

import random
from collections.abc import Callable, Sequence
from math import comb
from typing import TypeVar

RESAMPLES = 10_000
CONFIDENCE = 0.95
NOISE = 0.05  # a difference that chance alone makes more often than this says nothing

Value = TypeVar("Value")


def compute_interval(values: Sequence[Value], statistic: Callable[[Sequence[Value]], float]) -> tuple[float, float]:
    """The 95 % confidence interval of `statistic`, by the bootstrap: the same values always give the same one.

    The middle 95 % of what it is over samples of `values`, drawn with replacement, as many as there are.
    """
    chance = random.Random(1)
    found = sorted(statistic(chance.choices(values, k=len(values))) for _ in range(RESAMPLES))
    tail = round(RESAMPLES * (1 - CONFIDENCE) / 2)
    return found[tail], found[-1 - tail]


def compute_sign_test(wins: int, losses: int) -> float:
    """How often two equals would be as far apart as this, or further: the two-sided sign test, exactly.

    Leave out ties, which say nothing about who is better.
    """
    decided = wins + losses
    as_few = sum(comb(decided, few) for few in range(min(wins, losses) + 1))
    two_sides: float = 2 * as_few / 2**decided
    return min(1.0, two_sides)
