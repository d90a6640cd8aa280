"""A bot goes on after its database was moved to PostgreSQL, and after it was moved back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.app import Services, build_services
from bot.database_address import DatabaseAddress, PostgresAddress
from bot.papers.api import PapersAPI
from bot.search import SearchIndex
from bot.storage import move, open_storage
from tests.support.builders import Clock, get_file
from tests.support.delivery_rig import DeliveryRig, open_rig, running_bot
from tests.support.papers_server import Papers
from tests.support.restored import assert_nothing_twice, list_many_days
from tests.support.wire import Fault, Wire


@pytest.fixture
def papers_server() -> Papers:
    return list_many_days()


@asynccontextmanager
async def restarted(rig: DeliveryRig, address: DatabaseAddress, api: PapersAPI) -> AsyncIterator[DeliveryRig]:
    """The same server with a bot that was started on another database, always with the same index."""
    async with open_storage(address) as storage:
        archive_id, last_change = await storage.papers.get_archive_id(), await storage.papers.get_last_change()
        search = SearchIndex(rig.bot.services.search.path.with_name("moved.index"), archive_id, last_change)
        services = build_services(storage, search, api, backfill_days=3, clock=rig.clock)
        async with running_bot(services, rig.wire) as bot:
            yield DeliveryRig(bot, rig.wire, rig.clock, storage, rig.guild, rig.subscription)
        search.close()


@pytest.mark.file
@pytest.mark.parametrize("created", [True, False], ids=["arrived", "did not arrive"])
async def test_a_message_in_doubt_before_a_move_comes_once_and_nothing_comes_twice_there_and_back(
    services: Services, wire: Wire, clock: Clock, api: PapersAPI, postgres_url: str, tmp_path: Path, created: bool
) -> None:
    async with open_rig(services, wire, clock) as rig:
        wire.post_faults.append(Fault(created=created))
        await rig.tick()
        assert [each.is_in_doubt for each in await rig.deliveries()] == [True]
    there, back = PostgresAddress(postgres_url), tmp_path / "back.db"
    move(get_file(services.storage), there)
    async with restarted(rig, there, api) as moved:
        await moved.tick(minutes=2)
        await moved.assert_arrived_once()
        await moved.tick(days=1)
    move(there, back)
    async with restarted(rig, back, api) as returned:
        await returned.tick(days=1)
    assert len(rig.channel.digests) == 3
    assert_nothing_twice(rig.channel)
