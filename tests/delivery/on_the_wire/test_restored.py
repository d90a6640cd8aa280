"""After a restore no digest comes twice: what was posted since the backup is found in its channels first."""

import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.app import Services, build_services
from bot.demo.papers_server import PapersServer
from bot.papers.api import PapersAPI
from bot.search import SearchIndex
from bot.storage import open_storage
from bot.storage.restored import mark_restored
from tests.support.builders import DAY, Clock, entries
from tests.support.delivery_rig import DESTINATIONS, DeliveryRig, open_rig, running_bot
from tests.support.papers_server import Papers
from tests.support.wire import Wire

DAYS = 8


@pytest.fixture
def papers_server() -> PapersServer:
    """Nine papers a day, each day others."""
    days = [DAY + timedelta(days=number) for number in range(DAYS)]
    return Papers({day: entries(9, day, first=100 * number) for number, day in enumerate(days, 1)})


@pytest.mark.parametrize("destination", DESTINATIONS)
async def test_what_was_posted_since_a_backup_does_not_come_again(
    services: Services, wire: Wire, clock: Clock, api: PapersAPI, tmp_path: Path, destination: str
) -> None:
    kind, how = DESTINATIONS[destination]
    backup = tmp_path / "backup.db"
    async with open_rig(services, wire, clock, kind, size=3, **how) as rig:
        await rig.tick()
        backup_at = await copy_file(rig, backup)
        for _ in range(3):
            await rig.tick(days=1)
        posted = [each.id for each in rig.channel.digests]
    async with restored(backup, backup_at, clock, api) as again, running_bot(again, wire) as bot:
        rig = DeliveryRig(bot, wire, clock, again.storage, rig.guild, rig.subscription)
        for _ in range(3):
            await rig.tick(minutes=1)
        assert [each.id for each in rig.channel.digests] == posted
        for _ in range(3):
            await rig.tick(days=1)
        assert len(rig.channel.digests) == len(posted) // 4 * 7
        assert_nothing_twice(rig)
        deliveries = await rig.deliveries()
        assert len(deliveries) == 7
        assert {each.message_id for one in deliveries for each in one.messages} == {
            each.id for each in rig.channel.digests
        }


async def copy_file(rig: DeliveryRig, to: Path) -> datetime:
    """A backup of the bot's file as it is now."""

    def copy(connection: sqlite3.Connection) -> None:
        with closing(sqlite3.connect(to)) as other:
            connection.backup(other)

    await rig.storage.database.read(copy)
    return rig.clock()


@asynccontextmanager
async def restored(backup: Path, backup_at: datetime, clock: Clock, api: PapersAPI) -> AsyncIterator[Services]:
    """What a bot works with that is started with the backup."""
    path = backup.with_name("restored.db")
    shutil.copy(backup, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        mark_restored(connection, backup_at, clock())
    async with open_storage(path) as storage:
        search = SearchIndex(path.with_name("restored.index"), await storage.papers.get_archive_id(), last_change=0)
        yield build_services(storage, search, api, backfill_days=3, clock=clock)
        search.close()


def assert_nothing_twice(rig: DeliveryRig) -> None:
    counts = Counter(paper for each in rig.channel.digests for paper in each.papers)
    assert set(counts.values()) == {1}
