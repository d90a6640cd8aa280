"""Readers in different time zones each get one message a day, at their own hour."""

from collections.abc import AsyncIterator
from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from bot.app import Services
from bot.demo.papers_server import PapersServer
from bot.storage import INBOX, How
from bot.subscription.schedule import Schedule, find_next_run
from bot.subscription.settings import DigestSettings
from tests.support.builders import DAY, FRIDAY, Clock, entries
from tests.support.delivery_rig import DeliveryRig, open_rig
from tests.support.wire import Kind, Person, Wire

TIMEZONES = ["Asia/Tokyo", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati"]


@pytest.fixture
async def rig(services: Services, wire: Wire, clock: Clock) -> AsyncIterator[DeliveryRig]:
    async with open_rig(services, wire, clock, Kind.PERSON) as opened:
        yield opened


async def add_reader(rig: DeliveryRig, timezone: str) -> Person:
    """Somebody with an inbox, who follows the same query as all, at seven in the morning of `timezone`."""
    reader = rig.wire.add_guild(Kind.PERSON)
    assert isinstance(reader, Person)
    settings = DigestSettings(reader.papers.id, Schedule(time(7), ZoneInfo(timezone)))
    for query in (INBOX, "paper"):
        await rig.storage.followed_queries.follow(reader.id, query, How.DAILY, DAY, rig.clock())
    run = find_next_run(settings.schedule, rig.clock())
    await rig.storage.subscriptions.add_for_person(reader.id, settings, now=rig.clock(), next_run=run)
    return reader


def sent_at(reader: Person, timezone: str) -> list[datetime]:
    """When the messages to a reader were sent, by their own clock."""
    return [message.at.astimezone(ZoneInfo(timezone)) for message in reader.papers.messages]


async def test_each_reader_gets_a_message_a_day_at_seven_of_their_own(
    rig: DeliveryRig, papers_server: PapersServer
) -> None:
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(4, FRIDAY, first=50)}
    readers = {timezone: await add_reader(rig, timezone) for timezone in TIMEZONES}
    for _ in range(48):
        await rig.bot.services.archive.refresh_current_lists(rig.clock)
        await rig.tick(minutes=30)
        await rig.tick(minutes=30)
    for timezone, reader in readers.items():
        times = sent_at(reader, timezone)
        assert [(each.hour, each.minute) for each in times] == [(7, 0)] * len(times), timezone
        assert len({each.date() for each in times}) == len(times) == 2, timezone
        shown = [
            highlight.paper.id
            for delivery in await rig.storage.deliveries.list_latest(await subscription_of(rig, reader), limit=9)
            for highlight in delivery.digest.highlights
        ]
        assert sorted(shown) == sorted(set(shown)), timezone
        assert len(shown) == 11, timezone


async def subscription_of(rig: DeliveryRig, reader: Person) -> int:
    known = await rig.storage.subscriptions.get_for_person(reader.id)
    assert known
    return known.id
