"""Deliveries as the storage records them, step by step, without Discord: the same on both engines.

`python -m bench.recorded URL SHARDS` does so for all that is due to its share, twenty at a time, in its own process,
for `bench.engines`. It prints a line when it is ready, begins after one on standard input, and prints how many it has
recorded and the seconds of the clock and of the processor.
"""

import asyncio
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta

from bot.database_address import DatabaseAddress, read_address
from bot.digest import Digest, Highlight, get_closing_time
from bot.papers import Paper
from bot.share import parse_shards
from bot.storage import Delivery, Storage, Subscription, open_storage
from bot.subscription.schedule import find_next_run

AT_ONCE = 20
HIGHLIGHTS = 5
SHIFT = 22  # of the bits of a server's id that choose its shard
DAY = date(2026, 7, 6)
NOW = get_closing_time(DAY) + timedelta(hours=2)


def number_servers(count: int) -> list[tuple[int, int]]:
    """Servers, each with its channel for digests; the shards have as many of them each."""
    return [(number << SHIFT, (number << SHIFT) + 1) for number in range(1, count + 1)]


@asynccontextmanager
async def open_filled(address: DatabaseAddress, papers: Sequence[Paper], count: int) -> AsyncIterator[Storage]:
    """A storage in which so many servers' digests are due, and `papers` are listed on `DAY`."""
    from bench.sends import subscribe  # noqa: PLC0415  # it loads discord.py, which the processes here do without

    async with open_storage(address) as storage:
        await storage.papers.record_list(DAY, papers, NOW)
        await subscribe(storage, number_servers(count), NOW - timedelta(hours=1))
        yield storage


class Steps:
    """What is recorded of one digest, in its order."""

    def __init__(self, storage: Storage, subscription: Subscription, papers: Sequence[Paper]) -> None:
        self._deliveries = storage.deliveries
        self._subscription = subscription
        shown = papers[:HIGHLIGHTS]
        highlights = tuple(Highlight(number, each, each.upvotes, 0) for number, each in enumerate(shown, 1))
        self._digest = Digest(DAY, (DAY,), len(papers), highlights)
        self._delivery: Delivery | None = None

    async def plan(self) -> None:
        schedule, then = self._subscription.settings.schedule, NOW - timedelta(hours=1)
        run = find_next_run(schedule, then)
        following = find_next_run(schedule, NOW, after=run.date)
        nonces = [secrets.token_hex(8)]
        planning = self._deliveries.plan_delivery(
            self._subscription, run, following, self._digest, nonces=nonces, now=NOW
        )
        self._delivery = await planning

    async def attempt(self) -> None:
        assert self._delivery
        owner_id = self._subscription.owner_id
        assert await self._deliveries.record_attempt(self._delivery.id, 1, NOW, owner_id=owner_id)

    async def arrive(self) -> None:
        assert self._delivery
        channel, owner_id, message_id = (
            self._subscription.settings.channel_id,
            self._subscription.owner_id,
            self._delivery.id,
        )
        now = datetime.now(UTC)
        await self._deliveries.record_arrival(self._delivery.id, 1, channel, message_id, now, owner_id=owner_id)

    async def complete(self) -> None:
        assert self._delivery
        await self._deliveries.complete_delivery(self._delivery)


async def _record(steps: Steps, slots: asyncio.Semaphore) -> None:
    async with slots:
        await steps.plan()
        await steps.attempt()
        await steps.arrive()
        await steps.complete()


async def _run(url: str, shards: str) -> None:
    async with open_storage(read_address(url)) as storage:
        due = await storage.subscriptions.list_due(parse_shards(shards), NOW)
        papers = [each.paper for each in await storage.papers.list_candidates(DAY, DAY)]
        slots = asyncio.Semaphore(AT_ONCE)
        print("ready", flush=True)
        sys.stdin.readline()
        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(_record(Steps(storage, each, papers), slots) for each in due))
        told = {"count": len(due), "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1], sys.argv[2]))
