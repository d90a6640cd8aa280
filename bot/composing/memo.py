"""Memo: what was read once serves all who ask for the same."""

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from bot.turns import Turns

Value = TypeVar("Value")


class Memo(Generic[Value]):
    """The `most` values that were read last, by key; the key tells the state of what they were read from.

    Those who ask for a value while it is read wait for it. A reading that fails is not kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._turns = Turns(1)
        self._values: dict[Hashable, Value] = {}

    async def get(self, key: Hashable, read: Callable[[], Awaitable[Value]]) -> Value:
        """The value of `key`, from `read` where it is not known yet."""
        if key in self._values:
            return self._values[key]
        async with self._turns.of(key):
            if key not in self._values:
                value = await read()
                if len(self._values) >= self._most:
                    del self._values[next(iter(self._values))]
                self._values[key] = value
            return self._values[key]
