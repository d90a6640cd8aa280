"""Many people whose digests are due at once: all get theirs once, and nobody waits for all of the others."""

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

import pytest

from bot.app import Services
from bot.delivery import dispatcher as dispatching
from bot.delivery import sending
from bot.delivery.dispatcher import Dispatcher
from bot.storage import DeliveryState
from bot.subscription.schedule import Cadence, find_next_run
from tests.support.builders import MORNING, Clock, build_settings
from tests.support.delivery_rig import assert_holds, restart_dispatcher, running_bot, save_subscription, subscribe
from tests.support.wire import Fault, Guild, Person, Wire

PEOPLE = 60


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something that happens meanwhile; the bot has a limit of its own."""
    while not holds():  # noqa: ASYNC110  # the little Discord has no event for it
        await asyncio.sleep(0.01)


@pytest.fixture
async def people(services: Services, wire: Wire) -> list[Person]:
    """They all want their inbox at nine."""
    many = [wire.add_person() for _ in range(PEOPLE)]
    for person in many:
        await subscribe(services, person)
    return many


def count_arrived(these: Iterable[Guild]) -> int:
    return sum(bool(each.papers.digests) for each in these)


def list_arrivals(wire: Wire) -> list[int]:
    """The channels in which messages were made, in order."""
    found = (re.fullmatch(r"POST /channels/(\d+)/messages", each) for each in wire.requests)
    return [int(each.group(1)) for each in found if each]


async def assert_each_once(services: Services, these: Iterable[Guild]) -> None:
    for each in these:
        known = await services.storage.subscriptions.get_for_person(each.id)
        assert known
        (delivery,) = await services.storage.deliveries.list_latest(known.id, 9)
        assert delivery.state is DeliveryState.SENT
        assert_holds(each.papers.digests, delivery)


def count_tasks(dispatcher: Dispatcher, peak: list[int]) -> Callable[[], "asyncio.Future[None]"]:
    """Notes how many deliveries are in memory whenever a request comes."""

    async def note() -> None:
        peak.append(len(dispatcher._tasks))

    return lambda: asyncio.ensure_future(note())


async def test_of_many_people_only_some_are_in_memory_at_once(
    services: Services, wire: Wire, clock: Clock, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "MAX_FOR_PEOPLE", 8)
    monkeypatch.setattr(dispatching, "PEOPLE_READ", 7)
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        dispatcher, peak = restart_dispatcher(bot), list[int]()
        for person in people:
            person.papers.before = count_tasks(dispatcher, peak)
        await dispatcher.run_due(clock())
        assert len(peak) == PEOPLE
        assert max(peak) <= 8
        await assert_each_once(services, people)


async def test_after_an_outage_of_hours_everyone_gets_one_digest(
    services: Services, wire: Wire, clock: Clock, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "MAX_FOR_PEOPLE", 8)
    monkeypatch.setattr(dispatching, "PEOPLE_READ", 7)
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        dispatcher = restart_dispatcher(bot)
        wire.post_faults.extend([Fault(503), Fault(created=True)] * (PEOPLE * 3 // 2))
        for _ in range(4):
            await dispatcher.run_due(clock())
            clock.advance(hours=1)
        wire.post_faults.clear()
        dispatcher, peak = restart_dispatcher(bot), list[int]()
        for person in people:
            person.papers.before = count_tasks(dispatcher, peak)
        await dispatcher.run_due(clock())
        assert max(peak, default=0) <= 8
        await assert_each_once(services, people)


async def deliver_over_a_minute(services: Services, wire: Wire, clock: Clock, first: Sequence[Guild]) -> None:
    """Deliver what is due, and once some of `first` have their digest, also what is due a minute later."""
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        dispatcher = bot.dispatcher  # at the pace that Discord allows, so that all wait for their turn
        await dispatcher.start_due_deliveries(clock())
        await until(lambda: count_arrived(first) > 0)
        await dispatcher.start_due_deliveries(clock.advance(minutes=1))
        await dispatcher.wait_until_idle()


async def test_a_server_that_falls_due_while_many_people_wait_is_not_last(
    services: Services, wire: Wire, clock: Clock, people: list[Person]
) -> None:
    guilds = [wire.add_guild() for _ in range(5)]
    for guild in guilds:
        await subscribe_a_minute_later(services, guild)
    await deliver_over_a_minute(services, wire, clock, people)
    servers = {guild.papers.id for guild in guilds}
    places = [number for number, channel in enumerate(list_arrivals(wire)) if channel in servers]
    assert len(places) == len(guilds)
    assert max(places) < PEOPLE / 2
    await assert_each_once(services, people)


async def test_people_who_fall_due_while_many_servers_wait_are_not_last(
    services: Services, wire: Wire, clock: Clock
) -> None:
    guilds, people = [wire.add_guild() for _ in range(40)], [wire.add_person() for _ in range(5)]
    for guild in guilds:
        await subscribe(services, guild)
    for person in people:
        await subscribe_a_minute_later(services, person)
    await deliver_over_a_minute(services, wire, clock, guilds)
    places = [n for n, channel in enumerate(list_arrivals(wire)) if channel in {each.papers.id for each in people}]
    assert max(places) < len(guilds) / 2 + 2 * len(people)
    await assert_each_once(services, people)


async def subscribe_a_minute_later(services: Services, guild: Guild) -> None:
    settings = build_settings(guild.papers.id)
    run = find_next_run(settings.schedule, MORNING)
    later = type(run)(run.date, run.at + timedelta(minutes=1))
    await save_subscription(services.storage, guild, settings, later)


async def test_people_whose_messages_hang_delay_no_server_and_no_other_person(
    services: Services, wire: Wire, clock: Clock, people: list[Person]
) -> None:
    guild, hanging = wire.add_guild(), asyncio.Event()
    await subscribe(services, guild)
    for person in people[:20]:
        person.papers.before = hanging.wait
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.start_due_deliveries(clock())
        await until(lambda: count_arrived([guild, *people[20:]]) == 1 + PEOPLE - 20)
        assert count_arrived(people[:20]) == 0
        hanging.set()
        await bot.dispatcher.wait_until_idle()
    await assert_each_once(services, people)


async def test_a_bot_that_is_shut_down_amid_many_people_finishes_after_the_restart(
    services: Services, wire: Wire, clock: Clock, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "MAX_FOR_PEOPLE", 4)
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        dispatcher = restart_dispatcher(bot)
        await dispatcher.start_due_deliveries(clock())
        await until(lambda: count_arrived(people) > 5)
        await dispatcher.shut_down()
        assert count_arrived(people) < PEOPLE
        await restart_dispatcher(bot).run_due(clock.advance(minutes=1))
    await assert_each_once(services, people)


async def test_a_weekly_inbox_comes_beside_the_daily_ones_of_others(
    services: Services, wire: Wire, clock: Clock, people: list[Person]
) -> None:
    weekly, hanging = wire.add_person(), asyncio.Event()
    settings = build_settings(weekly.papers.id, Cadence.WEEKLY)
    run = find_next_run(build_settings().schedule, MORNING)
    await save_subscription(services.storage, weekly, settings, run)
    for person in people:
        person.papers.before = hanging.wait
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.start_due_deliveries(clock())
        await until(lambda: count_arrived([weekly]) == 1)
        hanging.set()
        await bot.dispatcher.wait_until_idle()
    assert len(weekly.papers.digests) == 1


async def test_a_closed_inbox_among_many_costs_the_others_nothing(
    services: Services, wire: Wire, clock: Clock, people: list[Person]
) -> None:
    for person in people[::2]:
        person.closed = Fault(403, 50007)
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.run_due(clock())
        await assert_each_once(services, people[1::2])
        await bot.dispatcher.run_due(clock.advance(days=1))
    assert len(list_arrivals(wire)) == PEOPLE + PEOPLE // 2  # who takes no messages is not written to again


async def test_if_discord_refuses_hundreds_the_others_wait_and_servers_do_not(
    services: Services, wire: Wire, clock: Clock, people: list[Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "MAX_FOR_PEOPLE", 4)
    monkeypatch.setattr(dispatching, "SHUTDOWN_SECONDS", 0.1)
    monkeypatch.setattr(sending, "MAX_REFUSALS", 10)
    monkeypatch.setattr(sending, "REFUSALS_COUNT_FOR", 1_000_000)
    for person in people:
        person.closed = Fault(403, 50278)
    server = wire.add_guild()
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        dispatcher = restart_dispatcher(bot)
        await dispatcher.start_due_deliveries(clock())
        await until(lambda: len(list_arrivals(wire)) >= 14)
        await subscribe(services, server)
        await dispatcher.start_due_deliveries(clock())
        await until(lambda: bool(server.papers.digests))
        assert len([each for each in list_arrivals(wire) if each != server.papers.id]) == 14
        await dispatcher.shut_down()
