"""Neighbours: however slow, greedy or broken one channel or server is, the others get their digests."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from bot.app import Services
from bot.channels.requests import ANSWER_TIMEOUT
from bot.delivery import sending as delivery
from bot.keyed_semaphores import KeyedSemaphores
from bot.layouts.reasons import explain_reason
from bot.layouts.subscriptions import describe_subscription_status
from bot.storage import DeliveryState, SubscriptionState
from bot.subscription.schedule import find_next_run
from bot.subscription.settings import Threads
from tests.support import builders
from tests.support.builders import LACKING, MORNING, Clock
from tests.support.delivery_rig import DeliveryRig, running_bot, subscribe
from tests.support.timers import skip_time
from tests.support.wire import Channel, Fault, Guild, Kind, Wire


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
        await bot.dispatcher.start_due_deliveries(clock.advance(hours=1))
        await until(lambda: arrived(*others))
        assert not any(guild.papers.digests for guild in slow)
        hanging.set()
        await bot.dispatcher.wait_until_idle()
    assert arrived(*slow)


async def test_digests_of_the_next_minute_come_while_earlier_ones_still_hang(
    services: Services, wire: Wire, clock: Clock, hanging: asyncio.Event
) -> None:
    slow, later = wire.add_guild(), wire.add_guild()
    await subscribe(services, slow)
    slow.papers.before = hanging.wait
    await subscribe_at(services, later, minute=1)
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.start_due_deliveries(clock.advance(hours=1))
        await until(lambda: len(wire.requests) > 0 and any("/messages" in each for each in wire.requests))
        await bot.dispatcher.start_due_deliveries(clock.advance(minutes=1))
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
        await subscribe(services, greedy, repeats=True, threads=Threads.PER_PAPER)
    for guild in others:
        await subscribe(services, guild)
    under_way = Gauge(hanging.wait)
    greedy.papers.before = under_way
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.start_due_deliveries(clock.advance(hours=1))
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


async def test_a_server_has_at_most_three_deliveries_under_way_and_others_have_theirs() -> None:
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


async def test_a_delivery_that_hangs_is_not_started_again_by_the_next_tick(
    services: Services, wire: Wire, clock: Clock, hanging: asyncio.Event
) -> None:
    guild = wire.add_guild()
    await subscribe(services, guild)
    guild.papers.before = hanging.wait
    async with running_bot(services, wire) as bot:
        for _ in range(5):
            await bot.dispatcher.start_due_deliveries(clock.advance(minutes=20))
        await until(lambda: posts(wire, guild.papers) > 0)
        assert posts(wire, guild.papers) == 1
        hanging.set()
        await bot.dispatcher.wait_until_idle()
    assert len(guild.papers.digests) == 1


def posts(wire: Wire, channel: Channel) -> int:
    return wire.requests.count(f"POST /channels/{channel.id}/messages")


async def test_a_send_that_hangs_costs_no_other_server_its_digest(services: Services, wire: Wire, clock: Clock) -> None:
    guilds = [wire.add_guild() for _ in range(3)]
    for guild in guilds:
        await subscribe(services, guild)
    clock.advance(hours=1)
    hanging = asyncio.Event()
    wire.post_faults.append(Fault(200, created=True, meanwhile=hanging.wait))
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.start_due_deliveries(clock())
        await until(lambda: arrived(*guilds))  # one of them unheard
        skip_time(ANSWER_TIMEOUT)
        await bot.dispatcher.wait_until_idle()
        hanging.set()
        clock.advance(minutes=3)
        await bot.dispatcher.run_due(clock())
    assert [len(guild.papers.digests) for guild in guilds] == [1, 1, 1]
    assert len(wire.bodies) == 3


async def test_a_history_that_hangs_costs_no_other_server_its_digest(
    services: Services, wire: Wire, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SEARCH_TIMEOUT", 0.3)
    doubtful, other = wire.add_guild(), wire.add_guild()
    await subscribe(services, doubtful)
    clock.advance(hours=1)
    hanging = asyncio.Event()
    wire.post_faults.append(Fault(created=True))
    wire.history_faults.append(Fault(200, meanwhile=hanging.wait))
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.run_due(clock())
        await subscribe(services, other)
        clock.advance(days=1)
        await bot.dispatcher.run_due(clock())
        assert len(other.papers.digests) == 1
        hanging.set()


async def test_a_subscription_that_cannot_be_read_costs_no_other_its_digest(
    services: Services, wire: Wire, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    guilds = [wire.add_guild() for _ in range(2)]
    for guild in guilds:
        await subscribe(services, guild)
    await services.storage.database.execute("UPDATE subscriptions SET timezone = 'Atlantis/Poseidonis' WHERE id = 1")
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.run_due(clock())
    assert [len(guild.papers.digests) for guild in guilds] == [0, 1]
    assert "subscription 1 cannot be read" in caplog.text


async def test_a_bug_that_breaks_a_digest_every_time_does_not_stop_the_next_one(
    rig: DeliveryRig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(delivery, "render_delivery_message", lambda *_, **__: 1 / 0)
        await rig.tick()
        await rig.tick(minutes=30)
        (stuck,) = await rig.deliveries()
        assert (stuck.state, stuck.attempts) == (DeliveryState.PLANNED, 2)
        assert "delayed, but on its way. I ran into a bug" in describe_subscription_status(
            await rig.get_subscription(), [stuck], []
        )
        await rig.tick(days=1)
    caplog.clear()
    assert (await rig.deliveries())[-1].state is DeliveryState.FAILED
    await rig.tick(days=1)
    (message,) = rig.channel.digests
    assert "2601.00001" in message.papers, "what could not be sent comes with the next"


async def test_the_failure_of_one_server_does_not_cost_another_its_digest(rig: DeliveryRig, services: Services) -> None:
    closed, patient = rig.wire.add_guild(), rig.wire.add_guild()
    await rig.learn(closed, "guild_available")
    await rig.learn(patient, "guild_available")
    suspended = await subscribe(services, closed)
    await subscribe(services, patient)
    closed.papers.refusal = Fault(403, 50013)
    patient.papers.refusal = Fault(503)
    for days in (0, 1, 1):
        await rig.tick(days=days)
    assert [len(rig.channel.digests), len(closed.papers.digests), len(patient.papers.digests)] == [2, 0, 0]
    standing = await services.storage.subscriptions.get(suspended.id)
    assert standing
    assert standing.state is SubscriptionState.SUSPENDED
    assert standing.reason == LACKING
    (told,) = [each.body["content"] for each in closed.general.messages if each.body.get("content")]  # beside a welcome
    assert explain_reason(LACKING) in told
    patient.papers.refusal = None
    await rig.tick(days=1)
    assert len(patient.papers.digests) == 1
