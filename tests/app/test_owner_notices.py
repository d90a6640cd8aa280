"""What the application's owner is told by direct message: each fault once, and once that it is over."""

import logging
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.app import Services
from bot.layouts.owner_notices import ENDS, FAULTS
from bot.owner_notices import OwnerNotices
from bot.vitals import Fault
from tests.support.bot_process import DUE, World
from tests.support.builders import Clock, query
from tests.support.damage import damage
from tests.support.delivery_rig import open_rig
from tests.support.wire import Fault as WireFault
from tests.support.wire import Person, Wire

FULL, ROOM = FAULTS[Fault.DISK_FULL], ENDS[Fault.DISK_FULL]


class Told:
    """A bot with an owner, and what they were told."""

    def __init__(self, services: Services, owner: Person, notices: OwnerNotices, clock: Clock) -> None:
        self.services, self.owner, self.notices, self.clock = services, owner, notices, clock

    async def report(self, fault: Fault, *, is_present: bool, **later: float) -> None:
        """What is found at the next check."""
        if fault is Fault.DISK_FULL:
            self.services.storage.database._is_full = is_present
        else:
            self.services.vitals.report(fault, is_present=is_present)
        await self.check(**later)

    async def check(self, **later: float) -> None:
        self.clock.advance(**later)
        await self.notices.tell_changes(self.clock())

    def restart(self) -> None:
        """The bot forgets what is not in the database."""
        self.notices = OwnerNotices(self.notices._bot)

    @property
    def messages(self) -> list[str]:
        return [each.body["content"] for each in self.owner.papers.messages]


@pytest.fixture
async def told(services: Services, wire: Wire, clock: Clock) -> AsyncIterator[Told]:
    owner = wire.add_person()
    wire.owner_id = owner.id
    async with open_rig(services, wire, clock) as rig:
        yield Told(services, owner, OwnerNotices(rig.bot), clock)


async def test_a_full_disk_is_told_once_and_once_that_there_is_room_again(told: Told) -> None:
    for _ in range(3):
        await told.report(Fault.DISK_FULL, is_present=True, minutes=1)
    assert told.messages == [FULL]
    await told.report(Fault.DISK_FULL, is_present=False, minutes=1)
    assert told.messages == [FULL]
    for _ in range(3):
        await told.check(minutes=31)
    assert told.messages == [FULL, ROOM]


async def test_a_fault_that_comes_and_goes_is_one_fault(told: Told) -> None:
    for _ in range(5):
        await told.report(Fault.BACKUP_FAILING, is_present=True, minutes=10)
        await told.report(Fault.BACKUP_FAILING, is_present=False, minutes=10)
    assert told.messages == [FAULTS[Fault.BACKUP_FAILING]]


async def test_a_restart_repeats_nothing_and_ends_nothing_before_it_is_known(told: Told) -> None:
    await told.report(Fault.COMMANDS_REJECTED, is_present=True)
    told.services.vitals.faults.clear()
    told.restart()
    await told.check(hours=2)
    assert told.messages == [FAULTS[Fault.COMMANDS_REJECTED]]
    await told.report(Fault.COMMANDS_REJECTED, is_present=True)
    await told.report(Fault.COMMANDS_REJECTED, is_present=False)
    await told.check(minutes=31)
    assert told.messages == [FAULTS[Fault.COMMANDS_REJECTED], ENDS[Fault.COMMANDS_REJECTED]]


async def test_what_could_not_be_stored_is_not_repeated_after_a_restart_either(told: Told) -> None:
    await told.report(Fault.DISK_FULL, is_present=True)
    await told.services.storage.owner_notices.delete(Fault.DISK_FULL)  # as if there had been no room for it
    told.restart()
    await told.report(Fault.DISK_FULL, is_present=True, minutes=1)
    assert told.messages == [FULL]
    await told.report(Fault.DISK_FULL, is_present=False, minutes=1)
    await told.check(minutes=31)
    await told.report(Fault.DISK_FULL, is_present=True)
    assert told.messages == [FULL, ROOM, FULL], "it is another fault by now"


async def test_papers_that_cannot_be_read_are_told_after_a_day_also_over_restarts(told: Told) -> None:
    for _ in range(23):
        await told.report(Fault.PAPERS_UNAVAILABLE, is_present=True, hours=1)
        told.restart()
    assert told.messages == []
    await told.report(Fault.PAPERS_UNAVAILABLE, is_present=True, hours=2)
    assert told.messages == [FAULTS[Fault.PAPERS_UNAVAILABLE]]


async def test_what_passes_by_itself_is_never_told(told: Told) -> None:
    for _ in range(5):
        await told.report(Fault.PAPERS_UNAVAILABLE, is_present=True, hours=20)
        await told.report(Fault.PAPERS_UNAVAILABLE, is_present=False, hours=1)
    assert told.messages == []


async def test_of_a_team_its_owner_is_told(services: Services, wire: Wire, clock: Clock) -> None:
    ada = wire.add_person()
    wire.team_owner_id = ada.id
    async with open_rig(services, wire, clock) as rig:
        told = Told(services, ada, OwnerNotices(rig.bot), clock)
        await told.report(Fault.DISK_FULL, is_present=True)
        assert told.messages == [FULL]


async def test_an_owner_who_takes_no_messages_is_tried_again_each_hour_and_the_log_says_so_once(
    told: Told, caplog: pytest.LogCaptureFixture
) -> None:
    told.owner.closed = WireFault(403, 50007)
    for _ in range(90):
        await told.report(Fault.DISK_FULL, is_present=True, minutes=1)
    (line,) = [each for each in caplog.records if each.name == "bot.owner_notices"]
    assert (line.levelno, line.exc_info) == (logging.WARNING, None)
    assert told.owner.opened == 1
    told.owner.closed = None
    await told.check(minutes=61)
    assert told.messages == [FULL]


async def test_commands_that_discord_rejects_at_the_start_are_a_fault(
    services: Services, wire: Wire, clock: Clock
) -> None:
    wire.commands_refusal = WireFault(400, 30034)
    async with open_rig(services, wire, clock):
        assert services.vitals.faults[Fault.COMMANDS_REJECTED] is True
    wire.commands_refusal = None
    async with open_rig(services, wire, clock):
        assert services.vitals.faults[Fault.COMMANDS_REJECTED] is False


async def test_a_clock_that_is_wrong_is_told(told: Told) -> None:
    clock = told.notices._bot.discord_clock
    for _ in range(2):
        clock.set_time(told.clock() + timedelta(minutes=5))
        await told.check(minutes=11)
    assert told.messages == [FAULTS[Fault.CLOCK_WRONG]]


async def test_a_damaged_database_is_told_before_the_bot_stops_and_not_again_at_each_start(world: World) -> None:
    owner = world.wire.add_person()
    world.wire.owner_id = owner.id
    async with world.child(DUE, PAPERBOY_TELL_OWNER="true") as child:
        await child.tick()
        damage(world.database, "drafts", "deliveries", "subscriptions")
        query(world.database, "INSERT INTO traces DEFAULT VALUES")  # any write makes the bot read all pages again
        code, _ = await child.end()
    assert code == 2
    assert [each.body["content"] for each in owner.papers.messages] == [FAULTS[Fault.DATABASE_DAMAGED]]
    async with world.child(DUE, PAPERBOY_TELL_OWNER="true") as child:
        assert (await child.end())[0] == 2
    assert len(owner.papers.messages) == 1


def test_every_fault_has_words_for_its_beginning_and_its_end() -> None:
    assert FAULTS.keys() == ENDS.keys() == set(Fault)
    assert not set(FAULTS.values()) & set(ENDS.values())
