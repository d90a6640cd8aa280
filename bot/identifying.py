"""Identifying: when shards begin sessions with Discord's gateway.

Within five seconds, Discord lets one shard of each bucket identify, in whichever process it is. It counts how often
all of them do within a day, and takes the token of a bot that does so too often.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from typing import Any

import aiohttp
import discord
from discord.shard import EventItem, EventType, SessionStartLimits

from bot.claims import Claims
from bot.layouts.measures import format_duration

log = logging.getLogger(__name__)

SPACING = 5.25  # seconds from one identify of a bucket to the next; Discord wants five
KNOWN_FOR = 60  # seconds after which Discord is asked again how many are left
FEW = 0.2  # of a day's


class Identifies:
    """Lets the shards of `client` identify, each when it is its turn among all processes."""

    def __init__(self, client: discord.AutoShardedClient, claims: Claims) -> None:
        self._client = client
        self._claims = claims
        self._max_concurrency = 1
        self._left: int | None = None  # None while it is unknown
        self._asked_at = float("-inf")
        self._has_warned = False
        self._buckets: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._holders: set[asyncio.Task[None]] = set()

    def group_by_bucket(self, shard_ids: Sequence[int]) -> list[list[int]]:
        """The shards that wait for each other, in a list for each bucket."""
        buckets: defaultdict[int, list[int]] = defaultdict(list)
        for shard_id in shard_ids:
            buckets[shard_id % self._max_concurrency].append(shard_id)
        return list(buckets.values())

    async def wait_until_allowed(self, shards: int = 1) -> None:
        """Wait until so many may identify, by what Discord counts. If it does not say, they may."""
        if self._get_loop_time() - self._asked_at < KNOWN_FOR and self._left is not None and self._left >= shards:
            return
        while (limits := await self._fetch_limits()) and limits.remaining < min(shards, limits.total):
            wait = limits.reset_after / 1000 + 1
            log.error(
                "%d identifies are left, too few for %d shards: they wait for %s, until Discord begins a new count",
                *(limits.remaining, shards, format_duration(timedelta(seconds=wait))),
            )
            await asyncio.sleep(wait)

    async def _fetch_limits(self) -> SessionStartLimits | None:
        try:
            limits = await self._client.fetch_session_start_limits()
        except (discord.DiscordException, aiohttp.ClientError, OSError):
            return None
        self._asked_at, self._left = self._get_loop_time(), limits.remaining
        self._max_concurrency = max(1, limits.max_concurrency)
        if limits.remaining < limits.total * FEW and not self._has_warned:
            log.warning(
                "%d of %d identifies are left, for the next %s. Each start needs one for each shard: avoid restarts.",
                *(limits.remaining, limits.total, format_duration(timedelta(milliseconds=limits.reset_after))),
            )
        self._has_warned = limits.remaining < limits.total * FEW
        return limits

    async def wait_for_turn(self, shard_id: int) -> None:
        """Wait until the shard may identify, which it has to do at once. Raises `ClaimLost`."""
        has_turn = asyncio.Event()
        holder = asyncio.create_task(self._hold_turn(shard_id % self._max_concurrency, has_turn))
        self._holders.add(holder)
        holder.add_done_callback(self._holders.discard)
        turn = asyncio.create_task(has_turn.wait())
        try:
            await asyncio.wait({turn, holder}, return_when=asyncio.FIRST_COMPLETED)
            if not has_turn.is_set():
                holder.result()
        finally:
            turn.cancel()
            if not has_turn.is_set():
                holder.cancel()

    async def _hold_turn(self, bucket: int, has_turn: asyncio.Event) -> None:
        """Keep the bucket from all others until the next one may identify."""
        async with self._buckets[bucket], self._claims.hold_bucket(bucket):
            await self.wait_until_allowed()
            if self._left is not None:
                self._left -= 1
            has_turn.set()
            await asyncio.sleep(SPACING)

    def _get_loop_time(self) -> float:
        return asyncio.get_running_loop().time()

    def stop(self) -> None:
        """Nobody identifies any more."""
        for holder in self._holders:
            holder.cancel()


class ShardQueue(asyncio.PriorityQueue[EventItem]):
    """What discord.py has to do for its shards.

    It does one after the other, so a shard that waits for its turn to identify would keep the others from resuming.
    Here each shard is looked after on its own, and discord.py is left with how all of them end.
    """

    def __init__(self) -> None:
        super().__init__()
        self._tasks: set[asyncio.Task[None]] = set()

    async def get(self) -> EventItem:
        try:
            while True:
                item = await super().get()
                assert item.shard or item.type == EventType.clean_close
                if item.shard and item.type in {EventType.identify, EventType.resume}:
                    self._start(item.shard.reidentify(item.error))  # type: ignore[arg-type]
                elif item.shard and item.type == EventType.reconnect:
                    self._start(item.shard.reconnect())
                else:
                    self._stop()
                    return item
        except asyncio.CancelledError:
            self._stop()
            raise

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
