"""A file that was restored from a backup is marked before it is put in place."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from bot.reasons import Reason, ReasonKind
from bot.share import WHOLE
from bot.storage import SubscriptionState, open_storage
from bot.storage.restored import mark_restored
from bot.storage.sqlite import SQLiteConnection
from tests.support.builders import DAY, FIRST_RUN, FRIDAY, MORNING, digest, paper, plan, subscribe


def restore(path: Path, after: timedelta = timedelta(days=3)) -> None:
    """Mark the file, which stands as it was at `MORNING`."""
    with closing(sqlite3.connect(path, factory=SQLiteConnection)) as connection, connection:
        mark_restored(connection, MORNING, MORNING + after)


async def test_nothing_is_due_in_a_restored_file_before_its_channels_were_searched(tmp_path: Path) -> None:
    path = tmp_path / "paperboy.db"
    async with open_storage(path) as storage:
        known = await subscribe(storage)
        other = await subscribe(storage)
        await storage.subscriptions.pause(other, by=1, now=MORNING)
    restore(path)
    async with open_storage(path) as storage:
        assert await storage.subscriptions.list_due(WHOLE, FIRST_RUN.at) == []
        (waiting, paused) = await storage.subscriptions.list_for_server(known.guild_id)
        assert waiting.reason == Reason(ReasonKind.SEARCHING_AFTER_RESTORE)
        assert (paused.state, paused.reason) == (SubscriptionState.PAUSED, None)
        assert await plan(storage, known, digest(paper("2601.00001"))) is None


async def test_no_id_that_was_given_since_the_backup_is_given_again(tmp_path: Path) -> None:
    path = tmp_path / "paperboy.db"
    async with open_storage(path) as storage:
        first = await subscribe(storage)
    backup = path.read_bytes()
    given = {first.id}
    for days in (3, 4):
        path.write_bytes(backup)
        restore(path, timedelta(days=days))
        async with open_storage(path) as storage:
            added = {(await subscribe(storage)).id for _ in range(9)}
        assert not given & added
        given |= added


async def test_a_file_that_was_not_written_for_an_hour_is_taken_for_an_old_one(tmp_path: Path) -> None:
    async with open_storage(tmp_path / "paperboy.db") as storage:
        known = await subscribe(storage)
        assert not await storage.restored.mark_if_old(WHOLE, MORNING)  # a new one
        for day in (DAY, FRIDAY):
            await storage.papers.record_list(day, [paper("2601.00001")], MORNING)
        assert not await storage.restored.mark_if_old(WHOLE, MORNING + timedelta(minutes=59))
        assert await storage.restored.is_searched(known)
        assert await storage.restored.mark_if_old(WHOLE, MORNING + timedelta(minutes=61))
        assert not await storage.restored.is_searched(known)
        assert (await subscribe(storage)).id == known.id + 1  # most often it is none
