"""A PostgreSQL falls silent: connections stand, but nothing answers. Nobody waits for it for ever."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.storage import Storage, answering_user, database, open_storage
from bot.storage.database import READERS, DatabaseAway
from bot.storage.postgres import connection
from bot.storage.postgres import database as postgres
from tests.support.builders import MORNING
from tests.support.cable import Cable

LIMIT = 60  # seconds that anything may take, on the busiest machine


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "READ_TIMEOUT", 0.2)
    monkeypatch.setattr(postgres, "STOP_LIMIT", 0.2)
    monkeypatch.setattr(postgres, "WRITE_LIMIT", 0.5)
    monkeypatch.setattr(connection, "CONNECT_TIMEOUT", 2)  # the shortest that there is


@pytest.fixture
async def cable(postgres_url: str) -> AsyncIterator[Cable]:
    async with asyncio.timeout(LIMIT), Cable(postgres_url).connect() as cable:
        yield cable


@pytest.fixture
async def storage(cable: Cable) -> AsyncIterator[Storage]:
    async with open_storage(cable.address) as opened:
        await asyncio.gather(*(opened.papers.count() for _ in range(READERS)))
        yield opened


async def count(storage: Storage, user: int | None = None) -> int:
    answering_user.set(user)
    return await storage.papers.count()


async def test_whoever_reads_hears_that_it_does_not_answer_and_all_goes_on_afterwards(
    storage: Storage, cable: Cable
) -> None:
    cable.block()
    asked = [asyncio.create_task(count(storage, user)) for user in (None, 1, 2, 3)]
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(each) for each in outcomes} == {DatabaseAway}
    assert storage.database.is_away
    with pytest.raises(DatabaseAway):
        await count(storage)
    cable.unblock()
    assert await count(storage) == 0
    assert not storage.database.is_away


async def test_a_write_is_given_up_and_the_next_one_succeeds_once_it_answers(storage: Storage, cable: Cable) -> None:
    cable.block()
    with pytest.raises(DatabaseAway):
        await storage.guilds.record_join(1, MORNING)
    assert storage.database.is_away
    cable.unblock()
    await storage.guilds.record_join(2, MORNING)
    assert not storage.database.is_away


async def test_storage_can_be_closed_while_it_writes(cable: Cable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "WRITE_LIMIT", LIMIT)
    monkeypatch.setattr(postgres, "CLOSE_LIMIT", 0.5)
    async with open_storage(cable.address) as storage:
        cable.block()
        writing = asyncio.create_task(storage.guilds.record_join(1, MORNING))
        await asyncio.sleep(0)
    with pytest.raises(DatabaseAway):
        await writing
