"""Claims: what makes a process the only one that sends what its shards have to send."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from bot.share import WHOLE, Share

# Seconds after which nothing can still arrive that was sent by whoever had the shards before: for ten it may have begun
# requests, since it was certain of them; their bytes then have twenty to reach Discord; the rest is Discord's, to make
# messages of them. `tests/delivery/on_the_wire/test_taken_over.py` adds them up.
GRACE = 45


@dataclass(frozen=True, slots=True)
class Fence:
    """What every write has to find in the database: so many shards with this epoch. Else another process has some."""

    shards: int
    epoch: int


class Claims(Protocol):
    """What a process has claimed, for as long as it runs."""

    @property
    def share(self) -> Share:
        """Which servers and people nobody else is responsible for."""

    @property
    def fence(self) -> Fence | None:
        """What keeps a process that has lost its shards from writing; None if it cannot lose them."""

    @property
    def may_look_for_doubtful(self) -> bool:
        """Whether requests of whoever had the shards before have arrived at Discord by now, or never will.

        Before, a message in doubt that is not found may still come.
        """

    @property
    def is_lost(self) -> bool:
        """Whether this process must stop, because it no longer has its shards."""

    async def confirm(self) -> None:
        """Wait until it is certain that the shards still are this process's. Raises `ClaimLost`."""

    async def wait_for_loss(self) -> None:
        """Wait until the shards are lost, which may never happen."""

    def hold_bucket(self, bucket: int) -> AbstractAsyncContextManager[None]:
        """Wait until no other process holds this bucket of identifies, and hold it. Raises `ClaimLost`."""


class SoleClaims:
    """The claims of a process that nobody shares its database with: the lock on its file holds as long as it lives."""

    fence = None
    may_look_for_doubtful = True
    is_lost = False

    def __init__(self, share: Share = WHOLE) -> None:
        self.share = share

    async def confirm(self) -> None:
        """It always is certain."""

    async def wait_for_loss(self) -> None:
        await asyncio.Event().wait()

    @asynccontextmanager
    async def hold_bucket(self, bucket: int) -> AsyncIterator[None]:  # noqa: ARG002
        yield
