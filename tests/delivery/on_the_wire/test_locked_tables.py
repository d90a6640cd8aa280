"""Whoever looks after a PostgreSQL locks a table for long: a digest waits for it, and nothing of it fails."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from bot.database_address import PostgresAddress
from bot.storage import DeliveryState, database
from bot.storage.postgres.connection import connect
from tests.support.delivery_rig import DeliveryRig
from tests.support.wire import Fault

LOCK = b"BEGIN; LOCK TABLE messages IN EXCLUSIVE MODE"


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOCK_TIMEOUT", 0.2)


@pytest.fixture
def address(postgres_address: PostgresAddress) -> PostgresAddress:
    return postgres_address


@pytest.fixture
def admin(postgres_address: PostgresAddress) -> Iterator[psycopg.Connection[object]]:
    with closing(connect(postgres_address)) as connection:
        yield connection


async def test_a_digest_waits_until_a_locked_table_is_free_and_no_attempt_counts_as_failed(
    rig: DeliveryRig, admin: psycopg.Connection[object]
) -> None:
    async def lock() -> None:
        admin.execute(LOCK)

    rig.wire.post_faults.append(Fault(200, created=True, meanwhile=lock))
    for _ in range(3):
        await rig.tick(minutes=1)
    (waiting,) = await rig.deliveries()
    assert (waiting.state, waiting.attempts, waiting.reason) == (DeliveryState.PLANNED, 0, None)
    admin.execute(b"COMMIT")
    await rig.tick(minutes=1)
    await rig.assert_arrived_once()
