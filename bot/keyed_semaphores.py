"""Limits how much may happen at once, separately for each key."""

import asyncio
from collections.abc import Hashable
from weakref import WeakValueDictionary


class KeyedSemaphores:
    """A semaphore for each key, such as a channel id. It takes no memory while it is not in use."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._semaphores: WeakValueDictionary[Hashable, asyncio.Semaphore] = WeakValueDictionary()

    def get(self, key: Hashable) -> asyncio.Semaphore:
        """The semaphore of `key`, for `async with`."""
        return self._semaphores.setdefault(key, asyncio.Semaphore(self._limit))
