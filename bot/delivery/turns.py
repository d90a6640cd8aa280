"""Turns: where digests of servers and of people wait for the same, they get it in turn.

So thousands of people who are due in the same minute make a server wait for about as many messages to people as there
are to servers before it, and the other way round. When only one of both waits, it gets everything.
"""

import asyncio

from bot.storage import Delivery, Subscription


class Turns:
    """A queue for servers and one for people. Only the first of each waits for what they share."""

    def __init__(self) -> None:
        self._servers, self._people = asyncio.Lock(), asyncio.Lock()

    def get(self, waiting: Delivery | Subscription) -> asyncio.Lock:
        """The queue of a delivery or subscription; hold it while waiting, not longer."""
        return self._servers if waiting.user_id is None else self._people
