"""Clocks: one that is set, one that is far from Discord's, and a machine that has slept."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import apscheduler.schedulers.base
import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from bot.app import Services, new_scheduler
from bot.channels.discord_clock import DiscordClock, parse_date_header
from bot.clock_watch import ClockWatch
from tests.support.builders import Clock
from tests.support.delivery_rig import DESTINATIONS, LIMIT, DeliveryRig, open_rig, running_bot
from tests.support.papers_server import FrailPapers
from tests.support.wire import Fault, Kind, Wire

HOUR = timedelta(hours=1)


class WallClock:
    """The system's clock, which a test sets."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> WallClock:
    """What APScheduler reads in place of the system's clock."""
    wall = WallClock()

    class Settable(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return wall()

    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Settable)
    return wall


@pytest.fixture
async def scheduler() -> AsyncIterator[AsyncIOScheduler]:
    scheduler = new_scheduler()
    scheduler.start()
    yield scheduler
    scheduler.shutdown()
    await asyncio.sleep(0)


def setting(event: asyncio.Event) -> Callable[[], Awaitable[None]]:
    """A job that sets the event."""

    async def tick() -> None:
        event.set()

    return tick


async def test_a_clock_that_is_set_back_stops_no_timer(scheduler: AsyncIOScheduler, wall: WallClock) -> None:
    ticked = asyncio.Event()
    scheduler.add_job(setting(ticked), CronTrigger(second="*", timezone=UTC))
    watch = ClockWatch(scheduler, clock=wall)
    async with asyncio.timeout(LIMIT):
        await ticked.wait()
        wall.ahead = -HOUR
        scheduler.wakeup()  # which alone does not help
        await asyncio.sleep(0)
        ticked.clear()
        watch.check_clock()
        await ticked.wait()


async def test_after_the_clock_is_set_forward_or_the_machine_slept_due_digests_come_at_once(
    scheduler: AsyncIOScheduler, wall: WallClock
) -> None:
    ticked = asyncio.Event()
    scheduler.add_job(setting(ticked), CronTrigger(hour=(wall().hour + 3) % 24, timezone=UTC))
    watch = ClockWatch(scheduler, clock=wall)
    wall.ahead = 4 * HOUR
    watch.check_clock()
    async with asyncio.timeout(LIMIT):
        await ticked.wait()


async def test_a_jump_of_the_clock_is_logged_once(
    scheduler: AsyncIOScheduler, wall: WallClock, caplog: pytest.LogCaptureFixture
) -> None:
    watch = ClockWatch(scheduler, clock=wall)
    for ahead in (timedelta(0), -HOUR, -HOUR, timedelta(seconds=1) - HOUR, timedelta(0)):
        wall.ahead = ahead
        watch.check_clock()
    said = [record.message for record in caplog.records if record.name == "bot.clock_watch"]
    assert said == [f"the clock has jumped by {jump} s: the timers were adjusted" for jump in ("-3600", "+3599")]


async def test_a_digest_comes_once_even_if_its_hour_comes_twice(rig: DeliveryRig) -> None:
    await rig.tick()
    for _ in range(2):
        await rig.tick(minutes=30)
        await rig.tick(hours=-1)
        await rig.tick(minutes=30)
    await rig.assert_arrived_once()
    await rig.tick(days=1)
    first, second = rig.channel.digests
    assert not set(first.papers) & set(second.papers)


async def test_a_digest_comes_once_even_if_the_clock_was_a_day_ahead(rig: DeliveryRig) -> None:
    await rig.tick()
    await rig.tick(days=1)
    for _ in range(3):
        await rig.tick(hours=-8)
    assert len(rig.channel.digests) == 2
    await rig.tick(days=1)
    assert len(rig.channel.digests) == 2
    await rig.tick(days=1)
    papers = [paper for message in rig.channel.digests for paper in message.papers]
    assert len(papers) == len(set(papers))


async def test_a_retry_does_not_wait_for_a_clock_that_was_set_back(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault(503))
    rig.clock.advance(hours=3)
    await rig.tick()
    assert not rig.channel.digests
    await rig.tick(hours=-3)
    await rig.assert_arrived_once()


async def test_the_papers_api_is_asked_again_even_if_the_clock_was_set_back(
    rig: DeliveryRig, papers_server: FrailPapers
) -> None:
    papers_server.down = True
    rig.clock.advance(hours=3)
    await rig.tick()
    papers_server.down = False
    await rig.tick(hours=-3)
    await rig.assert_arrived_once()


# Discord's clock


@pytest.fixture(params=[3, -3, 26], ids="{:+} h".format)
def ahead(request: pytest.FixtureRequest, wire: Wire, clock: Clock) -> timedelta:
    """How far the machine's clock is ahead of Discord's."""
    ahead = timedelta(hours=request.param)
    wire.clock = lambda: clock.now - ahead
    return ahead


def lose_next(rig: DeliveryRig) -> None:
    """The answer to the next message is lost, in a channel where people talk."""
    if rig.channel.kind is Kind.TEXT:
        rig.wire.chat(rig.channel, "good morning")
    rig.wire.post_faults.append(Fault(created=True))


@pytest.mark.parametrize("destination", ["a text channel", "a post for each highlight"])
@pytest.mark.usefixtures("ahead")
async def test_a_lost_message_is_found_even_if_the_clock_is_hours_off(
    services: Services, wire: Wire, clock: Clock, destination: str
) -> None:
    kind, posting = DESTINATIONS[destination]
    async with open_rig(services, wire, clock, kind, **posting) as rig:
        lose_next(rig)
        await rig.tick()
        await rig.tick(minutes=5)
        await rig.assert_arrived_once()
        assert len(wire.bodies) == len(rig.channel.digests)


def set_right(wire: Wire, clock: Clock, ahead: timedelta) -> None:
    """Our clock, which was `ahead`, agrees with Discord's from here on."""
    clock.advance(hours=-ahead / HOUR)
    wire.clock = clock


async def test_a_lost_message_is_found_even_if_the_clock_was_corrected_before_the_search(
    services: Services, wire: Wire, clock: Clock, ahead: timedelta
) -> None:
    async with open_rig(services, wire, clock) as rig:
        lose_next(rig)
        await rig.tick()
        set_right(wire, clock, ahead)
        await rig.tick(minutes=5)
        await rig.assert_arrived_once()
        assert len(wire.bodies) == 1


async def test_a_lost_message_is_found_even_if_the_clock_was_corrected_and_the_machine_slept(
    services: Services, wire: Wire, clock: Clock, ahead: timedelta
) -> None:
    async with open_rig(services, wire, clock) as rig:
        set_right(wire, clock, ahead)
        clock.advance(hours=abs(ahead / HOUR) + 7)  # the machine sleeps
        lose_next(rig)
        await rig.tick()
        await rig.tick(minutes=5)
        await rig.assert_arrived_once()
        assert len(wire.bodies) == 1


async def test_a_lost_message_is_found_after_a_restart_with_another_clock(
    services: Services, wire: Wire, clock: Clock, ahead: timedelta
) -> None:
    async with open_rig(services, wire, clock) as rig:
        lose_next(rig)
        await rig.tick()
    set_right(wire, clock, ahead)
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.run_due(clock.advance(minutes=5))
    await rig.assert_arrived_once()
    assert len(wire.bodies) == 1


@pytest.mark.usefixtures("ahead")
async def test_the_time_of_discord_is_asked_for_once_after_the_clock_was_set(rig: DeliveryRig) -> None:
    rig.wire.requests.clear()
    await rig.tick(minutes=10)
    await rig.tick(minutes=10)
    asked = [request for request in rig.wire.requests if request == "GET /oauth2/applications/@me"]
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (20, "the clock agrees with Discord's"),
        (
            3 * 3600,
            "the clock is 3:00:00 ahead of Discord's, and digests follow it: correct it, for example with NTP",
        ),
        (-90, "the clock is 0:01:30 behind Discord's, and digests follow it: correct it, for example with NTP"),
    ],
)
async def test_the_start_logs_how_far_the_clock_is_off(
    services: Services, wire: Wire, clock: Clock, caplog: pytest.LogCaptureFixture, seconds: int, said: str
) -> None:
    caplog.set_level("DEBUG", "bot.channels.discord_clock")
    wire.clock = lambda: clock.now - timedelta(seconds=seconds)
    async with running_bot(services, wire):
        assert [each.message for each in caplog.records if each.name == "bot.channels.discord_clock"] == [said]


def test_a_clock_that_was_corrected_is_logged_again(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    discord_clock = DiscordClock(clock)
    for ahead in (0, 10, 29, 31, 40, 0):
        discord_clock.set_time(clock.now - timedelta(seconds=ahead))
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


@pytest.mark.parametrize("date", ["", "soon", "Fri, 99 Jan 2026 08:00:00 GMT", "Fri, 16 Jan 2026 08:00:00 -0000"])
def test_an_unreadable_date_of_discord_is_ignored(date: str) -> None:
    assert parse_date_header(date) is None
