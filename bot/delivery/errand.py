"""A delivery in hand, as it is passed from step to step."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.delivery.channels.destination import Pace
from bot.storage import Delivery

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Errand:
    """A delivery, the clock that runs on while it is carried, and the pace of requests.

    A `superseded` one is only looked for, then given up to the next digest.
    """

    delivery: Delivery
    clock: Clock
    pace: Pace
    superseded: bool = False
