"""A cache that reads each value only once, even if many ask for it at the same time."""

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from bot.keyed_semaphores import KeyedSemaphores

Value = TypeVar("Value")


class Cache(Generic[Value]):
    """Keeps the last `max_entries` values by key; the key includes the state of the data that they were read from.

    Callers who ask for a value while it is being read wait for it. A failed read is not kept.
    """

    def __init__(self, max_entries: int) -> None:
        self._max_entries = max_entries
        self._turns = KeyedSemaphores(1)
        self._values: dict[Hashable, Value] = {}

    async def get(self, key: Hashable, read: Callable[[], Awaitable[Value]]) -> Value:
        """The value of `key`; calls `read` if it is not known yet."""
        if key in self._values:
            return self._values[key]
        async with self._turns.get(key):
            if key not in self._values:
                value = await read()
                if len(self._values) >= self._max_entries:
                    del self._values[next(iter(self._values))]
                self._values[key] = value
            return self._values[key]
