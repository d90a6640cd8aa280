"""Turns: so many at once for each key, whatever becomes of the others."""

import asyncio
from collections.abc import Hashable
from weakref import WeakValueDictionary


class KeyedSemaphores:
    """A semaphore for each key, such as a channel's id; one that nobody holds or waits for takes no memory."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._semaphores: WeakValueDictionary[Hashable, asyncio.Semaphore] = WeakValueDictionary()

    def get(self, key: Hashable) -> asyncio.Semaphore:
        """The semaphore of `key`, to be held with `async with`."""
        return self._semaphores.setdefault(key, asyncio.Semaphore(self._limit))
