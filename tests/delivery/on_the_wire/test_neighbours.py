"""Neighbours: however slow or greedy one channel or server is, the others get their digests."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from bot.app import Services
from bot.keyed_semaphores import KeyedSemaphores
from bot.subscription.schedule import find_next_run
from bot.subscription.settings import Threads
from tests.support import builders
from tests.support.builders import MORNING, Clock
from tests.support.delivery_rig import running_bot, subscribe
from tests.support.wire import Channel, Guild, Kind, Wire


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that happens meanwhile; the bot has a limit of its own."""
    while not holds():  # noqa: ASYNC110  # the little Discord has no event for it
        await asyncio.sleep(0.01)


def arrived(*guilds: Guild) -> bool:
    return all(guild.papers.digests for guild in guilds)


@pytest.fixture
def hanging() -> asyncio.Event:
    """Set, it ends what hangs."""
    return asyncio.Event()


@pytest.mark.parametrize("kind", Kind)
async def test_channels_that_hang_delay_no_digest_of_another_server(
    services: Services, wire: Wire, clock: Clock, hanging: asyncio.Event, kind: Kind
) -> None:
    slow, others = [wire.add_guild(kind) for _ in range(25)], [wire.add_guild() for _ in range(3)]
    for guild in (*slow, *others):
        await subscribe(services, guild, threads=Threads.PER_DIGEST if kind is Kind.FORUM else Threads.NONE)
    for guild in slow:
        guild.papers.before = hanging.wait
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.start_due(clock.advance(hours=1))
        await until(lambda: arrived(*others))
        assert not any(guild.papers.digests for guild in slow)
        hanging.set()
        await bot.dispatcher.wait_until_idle()
    assert arrived(*slow)


async def test_the_next_minutes_digests_come_while_those_of_the_last_still_hang(
    services: Services, wire: Wire, clock: Clock, hanging: asyncio.Event
) -> None:
    slow, later = wire.add_guild(), wire.add_guild()
    await subscribe(services, slow)
    slow.papers.before = hanging.wait
    await subscribe_at(services, later, minute=1)
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.start_due(clock.advance(hours=1))
        await until(lambda: len(wire.requests) > 0 and any("/messages" in each for each in wire.requests))
        await bot.dispatcher.start_due(clock.advance(minutes=1))
        await until(lambda: arrived(later))
        assert not slow.papers.digests
        hanging.set()
        await bot.dispatcher.wait_until_idle()
    assert len(slow.papers.digests) == 1


async def subscribe_at(services: Services, guild: Guild, *, minute: int) -> None:
    settings = builders.build_settings(guild.papers.id)
    settings = replace(
        settings, schedule=replace(settings.schedule, time=settings.schedule.time.replace(minute=minute))
    )
    run = find_next_run(settings.schedule, MORNING)
    await services.storage.subscriptions.add(guild.id, settings, by=1, now=MORNING, next_run=run)


async def test_a_server_with_many_subscriptions_leaves_room_for_the_others(
    services: Services, wire: Wire, clock: Clock, hanging: asyncio.Event
) -> None:
    greedy, others = wire.add_guild(), [wire.add_guild() for _ in range(3)]
    for _ in range(25):
        await subscribe(services, greedy, repeats=True, threads=Threads.PER_HIGHLIGHT)
    for guild in others:
        await subscribe(services, guild)
    under_way = Gauge(hanging.wait)
    greedy.papers.before = under_way
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.start_due(clock.advance(hours=1))
        await until(lambda: arrived(*others))
        assert under_way.most == 1  # one delivery at a time in a channel
        hanging.set()
        await bot.dispatcher.wait_until_idle()
    assert len(greedy.papers.digests) == 125


class Gauge:
    """Counts how many wait at once."""

    def __init__(self, wait: Callable[[], Awaitable[object]]) -> None:
        self._wait = wait
        self.now = self.most = 0

    async def __call__(self) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await self._wait()
        self.now -= 1


async def test_a_server_has_few_deliveries_under_way_and_the_others_theirs() -> None:
    turns, free = KeyedSemaphores(3), asyncio.Event()
    under_way: dict[int, Gauge] = {server: Gauge(free.wait) for server in (1, 2)}

    async def deliver(server: int) -> None:
        async with turns.get(server):
            await under_way[server]()

    async with asyncio.TaskGroup() as group:
        for server in [1] * 20 + [2] * 2:
            group.create_task(deliver(server))
        await asyncio.sleep(0)
        free.set()
    assert {server: gauge.most for server, gauge in under_way.items()} == {1: 3, 2: 2}
    assert not turns._semaphores  # nobody waits: nothing is remembered


async def test_what_hangs_is_not_begun_again_by_the_next_tick(
    services: Services, wire: Wire, clock: Clock, hanging: asyncio.Event
) -> None:
    guild = wire.add_guild()
    await subscribe(services, guild)
    guild.papers.before = hanging.wait
    async with running_bot(services, wire) as bot:
        for _ in range(5):
            await bot.dispatcher.start_due(clock.advance(minutes=20))
        await until(lambda: posts(wire, guild.papers) > 0)
        assert posts(wire, guild.papers) == 1
        hanging.set()
        await bot.dispatcher.wait_until_idle()
    assert len(guild.papers.digests) == 1


def posts(wire: Wire, channel: Channel) -> int:
    return wire.requests.count(f"POST /channels/{channel.id}/messages")
