"""A reader deletes everything stored about them while their digest is on its way."""

from collections.abc import AsyncIterator

import pytest

from bot.app import Services
from bot.storage import INBOX, How
from bot.subscription.schedule import Run
from tests.support.builders import DAY, MORNING, Clock, build_settings
from tests.support.delivery_rig import DeliveryRig, open_rig
from tests.support.wire import Fault, Kind, Person, Wire


@pytest.fixture
async def rig(services: Services, wire: Wire, clock: Clock) -> AsyncIterator[DeliveryRig]:
    """A person whose first digest is due."""
    async with open_rig(services, wire, clock, Kind.PERSON) as opened:
        yield opened


@pytest.mark.parametrize(
    "fault",
    [
        Fault(200, created=True),
        Fault(400, 50035),
        Fault(500),
        Fault(503, created=True),
        Fault(403, 50007),
        Fault(created=True),
    ],
    ids=["it arrives", "rejected", "a server error", "its answer is lost", "closed", "cut off"],
)
async def test_whatever_becomes_of_the_message_nothing_is_left_and_nothing_more_comes(
    rig: DeliveryRig, fault: Fault
) -> None:
    async def delete() -> None:
        await rig.storage.people.delete_person(rig.guild.id)

    fault.meanwhile = delete
    rig.wire.post_faults.append(fault)
    await rig.tick()
    assert not rig.wire.post_faults
    requests = len(rig.wire.bodies)
    for _ in range(3):
        await rig.tick(minutes=40)
    await rig.tick(days=1)
    assert len(rig.wire.bodies) == requests
    assert (await rig.storage.people.read_data(rig.guild.id)).is_empty
    tables = ("deliveries", "messages", "highlights", "subscriptions", "digest_settings", "rejected_papers")
    for table in tables:
        assert await rig.storage.database.fetch_rows(f"SELECT * FROM {table}") == []


async def test_another_reader_gets_theirs_all_the_same(rig: DeliveryRig) -> None:
    other = rig.wire.add_guild(Kind.PERSON)
    assert isinstance(other, Person)
    await rig.storage.followed_queries.follow(other.id, INBOX, How.DAILY, DAY, MORNING)
    settings = build_settings(other.papers.id)
    await rig.storage.subscriptions.add_for_person(other.id, settings, now=MORNING, next_run=Run(DAY, MORNING))
    await rig.storage.people.delete_person(rig.guild.id)
    await rig.tick()
    assert len(other.papers.messages) == 1
    assert rig.channel.messages == []
