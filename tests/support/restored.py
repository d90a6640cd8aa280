"""A bot that is started with a backup of its file, after it has run on without it."""

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.app import Services, build_services
from bot.papers.api import PapersAPI
from bot.search import SearchIndex
from bot.storage import Storage, Subscription, open_storage
from bot.storage.database import to_iso
from bot.storage.restored import mark_restored
from bot.storage.sqlite import SQLiteConnection
from tests.support.builders import DAY, MORNING, Clock, entries
from tests.support.delivery_rig import DeliveryRig, running_bot
from tests.support.papers_server import Papers
from tests.support.wire import Channel

PAPERS_A_DAY = 9


def list_many_days(count: int = 12) -> Papers:
    """So many days of papers, each day others."""
    days = [DAY + timedelta(days=number) for number in range(count)]
    return Papers({day: entries(PAPERS_A_DAY, day, first=100 * number) for number, day in enumerate(days, 1)})


@dataclass
class Backups:
    """Makes backups in a folder, and starts bots with them."""

    folder: Path
    api: PapersAPI
    clock: Clock
    made: int = 0

    async def make(self, storage: Storage) -> "Backup":
        """A backup of a bot's file as it is now."""
        self.made += 1
        path = self.folder / f"backup-{self.made}.db"

        def copy(connection: Any) -> None:
            with closing(sqlite3.connect(path)) as other:
                connection.backup(other)

        await storage.database.read(copy)
        return Backup(path, self.clock())

    @asynccontextmanager
    async def restore(self, backup: "Backup") -> AsyncIterator[Services]:
        """What a bot works with that is started with the backup."""
        self.made += 1
        path = self.folder / f"restored-{self.made}.db"
        shutil.copy(backup.path, path)
        with closing(sqlite3.connect(path, factory=SQLiteConnection)) as connection, connection:
            mark_restored(connection, backup.made_at, self.clock())
        async with open_storage(path) as storage:
            await storage.database._writer.run(lambda connection: connection.execute("PRAGMA synchronous = OFF"))
            search = SearchIndex(path.with_suffix(".index"), await storage.papers.get_archive_id(), last_change=0)
            yield build_services(storage, search, self.api, backfill_days=3, clock=self.clock)
            search.close()

    @asynccontextmanager
    async def run(self, backup: "Backup", rig: DeliveryRig) -> AsyncIterator[DeliveryRig]:
        """The same server with a bot that was started with the backup."""
        async with self.restore(backup) as services, running_bot(services, rig.wire) as bot:
            yield DeliveryRig(bot, rig.wire, self.clock, services.storage, rig.guild, rig.subscription)


@dataclass
class Backup:
    path: Path
    made_at: datetime


def assert_nothing_twice(*channels: Channel) -> None:
    """No paper came twice in any of the channels."""
    for channel in channels:
        counts = Counter(paper for each in channel.digests for paper in each.papers)
        assert [paper for paper, count in counts.items() if count > 1] == [], channel


async def store_search(storage: Storage, of: Subscription) -> None:
    """The subscription is searched for, and one of its messages has been found."""
    now, channel_id = to_iso(MORNING), of.settings.channel_id if of.user_id else 900_000 + of.id
    await storage.database.execute(
        "INSERT INTO restored_subscriptions VALUES (?, ?, ?, ?, ?)", of.id, channel_id, now, now, channel_id + 1
    )
    await storage.database.execute(
        "INSERT INTO found_messages VALUES (?, ?, ?, ?, ?, ?, 0, 1, ?, 1, 0, 0)",
        *(of.id, channel_id + 1, channel_id, now, f"nonce of {of.id}", DAY.isoformat()),
        json.dumps([["2601.00001", "Paper", 1]]),
    )
