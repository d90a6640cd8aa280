"""A delivery in hand, as it is passed from step to step."""

from dataclasses import dataclass

from bot.channels.destination import Pace
from bot.clock import Clock
from bot.storage import Delivery


@dataclass(frozen=True, slots=True)
class ActiveDelivery:
    """A delivery, the clock that runs on while it is carried, and the pace of requests.

    A `is_superseded` one is only looked for, then given up to the next digest.
    """

    delivery: Delivery
    clock: Clock
    pace: Pace
    is_superseded: bool = False
