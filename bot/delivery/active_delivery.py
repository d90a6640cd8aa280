"""A delivery that is being sent, as it is passed from step to step."""

from dataclasses import dataclass

from bot.channels.destination import Pace
from bot.clock import Clock
from bot.storage import Delivery


@dataclass(frozen=True, slots=True)
class ActiveDelivery:
    """A delivery, a clock that keeps running while it is sent, and the pace of requests.

    If it `is_superseded`, nothing more is sent: messages in doubt are searched for, and the rest is given up.
    """

    delivery: Delivery
    clock: Clock
    pace: Pace
    is_superseded: bool = False
