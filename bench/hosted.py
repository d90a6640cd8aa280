"""The whole bot in its own process on a simulated Discord, for `bench.hosting`: what a day costs, part by part.

`python -m bench.hosted DATABASE NOW` reads where Discord is from standard input, as `bench.hosting_discord` prints it,
and `searches`. When it prints `SEARCH`, so many searches have to arrive, and then a line on standard input. At the end
it prints seconds of the processor for one of each part, and its memory.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.sends import subscribe
from bench.used import Status, read_status
from bot.app import Services, open_services
from bot.client import PaperBot, connect_to_discord_at
from bot.clock_watch import ClockWatch
from bot.papers.api import PapersAPI
from bot.share import WHOLE
from bot.watchdog import Watchdog
from cogs import maintenance, posting
from tests.support.dispatchers import build_dispatcher_for
from tests.support.wire import TOKEN

DUE, MESSAGES_PER_SECOND = 500, 20  # so that the simulated Discord keeps up
REFRESHES = 4
SEARCH = "search"


@dataclass
class Told:
    """Seconds of the processor by part, and memory by moment."""

    seconds: dict[str, float] = field(default_factory=dict)
    memory: dict[str, Status] = field(default_factory=dict)

    @contextmanager
    def count(self, part: str, times: int = 1) -> Iterator[None]:
        began = time.process_time()
        yield
        self.seconds[part] = (time.process_time() - began) / times


async def _live(database: Path, now: datetime, discord: dict[str, Any]) -> Told:
    told = Told()
    connect_to_discord_at(discord["api_url"], discord["gateway_url"])
    async with (
        PapersAPI(discord["papers_url"]) as api,
        open_services(database, api, clock=lambda: now) as services,
        PaperBot(services, shard_count=1) as bot,
    ):
        with told.count("start"):
            connection = asyncio.create_task(bot.start(TOKEN))
            await bot.wait_until_ready()
        told.memory["ready"] = read_status()
        await _live_a_day(bot, services, discord, told)
        told.memory["used"] = read_status()
        await bot.close()
        await connection
    return told


async def _live_a_day(bot: PaperBot, services: Services, discord: dict[str, Any], told: Told) -> None:
    archive, clock, now = services.archive, services.clock, services.clock()
    await archive.refresh_settling_lists(clock)
    due = discord["channels"][:DUE]
    await subscribe(services.storage, due, now - timedelta(hours=1))
    with told.count("digest", len(due)):
        await build_dispatcher_for(bot, MESSAGES_PER_SECOND).run_due(now)
    assert not await services.storage.deliveries.list_under_way(WHOLE, now + timedelta(days=1)), (
        "the machine is too busy"
    )
    with told.count("idle minute"):
        await _idle_for_a_minute(services)
    with told.count("current", REFRESHES):
        await _repeat(REFRESHES, lambda: archive.refresh_current_lists(clock))
    with told.count("settling", REFRESHES):
        await _repeat(REFRESHES, lambda: archive.refresh_settling_lists(clock))
    for part in ("first search", "search"):  # with cold caches, and with warm ones
        with told.count(part, discord["searches"]):
            print(SEARCH, flush=True)
            await asyncio.to_thread(sys.stdin.readline)
    with told.count("night"):
        await _maintain(services, now)


async def _idle_for_a_minute(services: Services) -> None:
    """What happens every minute while nothing is due: a tick, and watching the file, the clock and the tick itself."""
    for job in services.scheduler.get_jobs():
        if job.id not in {posting.JOB, maintenance.CLEAR}:
            services.scheduler.remove_job(job.id)
    services.scheduler.start()
    beside = (ClockWatch(services.scheduler).watch_forever(), services.vitals.watch_loop())
    tasks = [asyncio.create_task(each) for each in beside]
    with Watchdog(services.vitals, asyncio.get_running_loop()):
        await asyncio.sleep(60)
    for task in tasks:
        task.cancel()
    services.scheduler.pause()


async def _repeat(times: int, work: Callable[[], Awaitable[object]]) -> None:
    for _ in range(times):
        await work()


async def _maintain(services: Services, now: datetime) -> None:
    storage = services.storage
    await storage.snapshots.thin_snapshots(now)
    await storage.deliveries.pack_old_runs(WHOLE, now - timedelta(days=services.keep_details_days))
    await storage.people.delete_old(WHOLE, now)
    await storage.database.check_integrity()


def main() -> None:
    database, now = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
    told = asyncio.run(_live(database, now, json.loads(sys.stdin.readline())))
    print(json.dumps({"seconds": told.seconds, "memory": told.memory}))


if __name__ == "__main__":
    main()
