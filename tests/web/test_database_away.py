"""A PostgreSQL goes away while the bot runs, and comes back: it is told once each, and nothing is lost."""

import json
import logging
from collections.abc import AsyncIterator

import pytest
from discord import Permissions

from bot.app import Services
from bot.database_address import PostgresAddress
from bot.layouts.owner_notices import ENDS, FAULTS
from bot.owner_notices import SETTLED_AFTER, OwnerNotices
from bot.refusals import Refusal
from bot.storage import DatabaseAway
from bot.vitals import Fault
from tests.support import wire_interactions
from tests.support.builders import Clock, explain
from tests.support.cable import Cable
from tests.support.delivery_rig import DeliveryRig, open_rig
from tests.support.pages import Asked
from tests.support.postgres import create_database
from tests.support.wire import Wire

FIRST_WORDS, *_ = explain(Refusal.DATABASE_AWAY).split(",")
Watched = tuple[DeliveryRig, Asked]


@pytest.fixture
async def cable(postgres_server: str, postgres_template: str) -> AsyncIterator[Cable]:
    with create_database(postgres_server, postgres_template) as url:
        async with Cable(url).connect() as cable:
            yield cable


@pytest.fixture
def address(cable: Cable) -> PostgresAddress:
    return cable.address


async def test_while_the_database_is_away_people_are_told_to_try_again_and_then_all_goes_on(
    watched: Watched, cable: Cable, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire_interactions, "EVERYBODY_MAY", Permissions.all())
    rig, asked = watched
    assert await asked.ask_kinds() == (200, [])
    assert (await asked.read_metrics())["paperboy_database_bytes"] > 1_000_000
    await cable.cut()
    for _ in range(2):
        assert await asked.ask_kinds() == (503, ["database_away"])
        with pytest.raises(DatabaseAway):
            await rig.tick()
        answered = await rig.wire.command(rig.guild.general, "digest list")
        assert answered["data"]["content"].startswith(FIRST_WORDS)
    assert rig.channel.messages == []
    assert (await asked.read_metrics())["paperboy_ready"] == 0
    await cable.mend()
    await rig.tick()
    await rig.assert_arrived_once()
    assert await asked.ask_kinds() == (200, [])
    answered = await rig.wire.command(rig.guild.general, "digest list")
    assert FIRST_WORDS not in json.dumps(answered)
    told = [record for record in caplog.records if record.name.startswith("bot.storage")]
    assert [record.levelno for record in told] == [logging.ERROR, logging.WARNING]
    assert all("127.0.0.1" in record.getMessage() or "again" in record.getMessage() for record in told)
    caplog.clear()


async def test_the_owner_is_told_if_it_stays_away_and_once_it_is_back(
    services: Services, wire: Wire, cable: Cable, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    owner = wire.add_person()
    wire.owner_id = owner.id
    async with open_rig(services, wire, clock) as rig:
        await let_it_go_and_come(OwnerNotices(rig.bot), services, cable, clock)
        said = [each.body["content"] for each in owner.papers.messages]
    assert said == [FAULTS[Fault.DATABASE_AWAY], ENDS[Fault.DATABASE_AWAY]]
    caplog.clear()


async def let_it_go_and_come(notices: OwnerNotices, services: Services, cable: Cable, clock: Clock) -> None:
    await notices.tell_changes(clock())
    await cable.cut()
    for _ in range(4):
        with pytest.raises(DatabaseAway):
            await services.storage.papers.get_last_change()
        clock.advance(minutes=1)
        await notices.tell_changes(clock())
    await cable.mend()
    await services.storage.papers.get_last_change()
    for _ in range(2):
        await notices.tell_changes(clock())
        clock.advance(seconds=SETTLED_AFTER.total_seconds())
    await notices.tell_changes(clock())
