"""Locked: another process, such as a backup, has the database's file to itself for a while."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from discord import Permissions

from bot.refusals import Refusal
from bot.storage import (
    DatabaseBusy,
    Storage,
    Subscription,
    SubscriptionState,
    answering_user,
    database,
    open_storage,
    sqlite,
)
from tests.support import wire_interactions
from tests.support.builders import MORNING, explain, subscribe
from tests.support.delivery_rig import DeliveryRig
from tests.support.wire import Fault

pytestmark = pytest.mark.file


@pytest.fixture
def other(storage: Storage, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another process's connection to the file, which is open already."""
    with closing(sqlite3.connect(tmp_path / "paperboy.db", isolation_level=None)) as connection:
        yield connection


def pausing(storage: Storage, known: Subscription) -> asyncio.Task[Subscription]:
    """An admin pauses a subscription, and waits for an answer."""

    async def pause() -> Subscription:
        answering_user.set(7)
        return await storage.subscriptions.pause(known, by=7, now=MORNING)

    return asyncio.create_task(pause())


async def test_a_settings_command_is_answered_while_the_database_is_locked(
    rig: DeliveryRig, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire_interactions, "EVERYBODY_MAY", Permissions.all())
    monkeypatch.setattr(database, "WRITE_TIMEOUT", 0.1)
    other.execute("BEGIN IMMEDIATE")
    answered = await rig.wire.command(rig.guild.general, "digest pause")
    assert answered["data"]["content"] == explain(Refusal.DATABASE_BUSY)
    other.execute("COMMIT")
    monkeypatch.setattr(database, "WRITE_TIMEOUT", 60)
    assert (await rig.get_subscription()).state is SubscriptionState.ACTIVE
    answered = await rig.wire.command(rig.guild.general, "digest pause")
    assert "**Paused.**" in json.dumps(answered["data"])


async def test_a_digest_waits_to_be_recorded_while_the_database_is_locked(
    storage: Storage, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "WRITE_TIMEOUT", 0.1)
    known = await subscribe(storage)
    other.execute("BEGIN IMMEDIATE")
    joining = asyncio.create_task(storage.guilds.record_join(5, MORNING))
    with pytest.raises(DatabaseBusy):
        await pausing(storage, known)
    assert not joining.done()
    other.execute("COMMIT")
    assert await joining
    unchanged = await storage.subscriptions.get(known.id)
    assert unchanged == known


async def test_a_change_that_was_refused_is_not_made_afterwards(
    storage: Storage, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "WRITE_TIMEOUT", 0.1)
    known = await subscribe(storage)
    other.execute("BEGIN IMMEDIATE")
    for _ in range(3):
        with pytest.raises(DatabaseBusy):
            await pausing(storage, known)
    other.execute("COMMIT")
    await storage.guilds.record_join(5, MORNING)  # after all that was asked for before
    assert await storage.subscriptions.get(known.id) == known


async def test_a_digest_sent_now_is_recorded_even_if_the_database_is_locked_for_a_while(
    rig: DeliveryRig, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lock() -> None:
        monkeypatch.setattr(database, "WRITE_TIMEOUT", 0)
        other.execute("BEGIN IMMEDIATE")
        asyncio.get_running_loop().call_later(0.3, other.execute, "COMMIT")

    async def send_now() -> None:
        answering_user.set(7)
        await rig.bot.dispatcher.send_digest_now(
            await rig.get_subscription(), (await rig.get_subscription()).next_run.date, rig.clock(), by=7
        )

    rig.wire.post_faults.append(Fault(200, created=True, meanwhile=lock))
    await asyncio.create_task(send_now())
    await rig.assert_arrived_once()


async def test_writes_that_nobody_waits_for_wait_longer_than_sqlite_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_PRAGMAS", ("PRAGMA busy_timeout = 20", *sqlite._PRAGMAS[1:]))
    async with open_storage(tmp_path / "paperboy.db") as storage:
        other = sqlite3.connect(tmp_path / "paperboy.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        joining = [asyncio.create_task(storage.guilds.record_join(number, MORNING)) for number in range(1, 6)]
        done, _ = await asyncio.wait(joining, timeout=0.3)
        assert not done
        other.execute("COMMIT")
        assert all(await asyncio.gather(*joining))
        other.close()
