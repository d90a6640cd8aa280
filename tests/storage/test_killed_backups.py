"""Killed while it backs up, restores or migrates: what is there is whole, and the next try succeeds."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.storage import BackupKind, back_up, list_backups, open_storage, restore, sqlite
from bot.storage.backup import check_copy, inspect_backup
from tests.support.builders import DAY, MORNING, paper, query
from tests.support.killing import NEXT_DAY, kill_often

OLD, NEW = "2601.00001", "2601.00002"


async def fill(path: Path, *ids: str) -> None:
    async with open_storage(path) as storage:
        await storage.papers.record_list(DAY, [paper(each) for each in ids], MORNING)


def read_ids(path: Path) -> list[str]:
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    return [str(each) for (each,) in query(path, "SELECT id FROM papers ORDER BY id")]


def leave_in_wal(path: Path, paper_id: str) -> None:
    """Add a paper that is in the WAL alone, as a killed bot leaves it."""
    aside = path.with_name("aside")
    aside.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute(
            "INSERT INTO papers (id, title, abstract, upvotes, comments, authors, tags, media_urls, change)"
            " VALUES (?, 'T', 'A', 1, 0, '[]', '[]', '[]', 99)",
            (paper_id,),
        )
        for name in (path.name, f"{path.name}-wal"):
            shutil.copy(path.with_name(name), aside)
    for copied in aside.iterdir():
        copied.replace(path.with_name(copied.name))
    aside.rmdir()
    assert paper_id.encode() not in path.read_bytes()


@pytest.fixture
async def start(tmp_path: Path) -> Path:
    """A folder in which a bot was killed: of its two papers, one is in the WAL alone."""
    folder = tmp_path / "start"
    folder.mkdir()
    await fill(folder / "paperboy.db", OLD)
    leave_in_wal(folder / "paperboy.db", "2601.00009")
    return folder


BOTH = [OLD, "2601.00009"]


async def test_a_backup_that_is_killed_leaves_a_whole_one_or_none_and_the_next_succeeds(
    start: Path, tmp_path: Path
) -> None:
    made = 0
    for name, case in kill_often("back up", tmp_path):
        copy = case / "copy.db"
        if copy.exists():
            made += 1
            check_copy(copy, "integrity_check")
            assert inspect_backup(copy).made_at == MORNING, name
            assert read_ids(copy) == BOTH, name
        again = case / "again.db"
        back_up(case / "paperboy.db", again, BackupKind.BY_HAND, MORNING)
        assert read_ids(again) == BOTH, name
        assert not copy.exists() or read_ids(copy) == BOTH, name
        assert not list(case.glob(".*")), name
        assert read_ids(case / "paperboy.db") == BOTH, name
    assert made


async def test_a_restore_that_is_killed_leaves_the_old_database_or_the_new_one_and_the_next_succeeds(
    start: Path, tmp_path: Path
) -> None:
    await fill(tmp_path / "other.db", NEW)
    back_up(tmp_path / "other.db", start / "copy.db", BackupKind.BY_HAND, MORNING)
    outcomes = set()
    for name, case in kill_often("restore", tmp_path):
        kept = [each for each in case.glob("paperboy.db.replaced-*") if not each.samefile(case / "paperboy.db")]
        assert [read_ids(each) for each in kept] in ([], [BOTH]), name
        ids = read_ids(case / "paperboy.db")
        assert ids == BOTH or (ids == [NEW] and kept), name
        outcomes.add(tuple(ids))
        replaced = restore(case / "paperboy.db", case / "copy.db", NEXT_DAY)
        assert replaced
        assert read_ids(replaced) == ids, name
        assert read_ids(case / "paperboy.db") == [NEW], name
        assert not list(case.glob(".*")), name
        assert query(case / "paperboy.db", "SELECT name FROM sqlite_master WHERE name = 'backup_note'") == []
    assert len(outcomes) == 2


async def test_a_migration_that_is_killed_has_a_whole_backup_from_before(start: Path, tmp_path: Path) -> None:
    old = sqlite.get_current_schema()
    migrated = 0
    for name, case in kill_often("migrate", tmp_path):
        ((version,),) = query(case / "paperboy.db", "PRAGMA user_version")
        assert version in {old, old + 1}
        assert read_ids(case / "paperboy.db") == BOTH, name
        backups = list_backups(case / "paperboy.db", case / "backups")
        assert all(each.schema == old and read_ids(each.path) == BOTH for each in backups), name
        if version > old:
            migrated += 1
            assert len(backups) == 1, name
    assert migrated


async def test_a_daily_backup_that_is_killed_deletes_no_other_before_it_is_whole(start: Path, tmp_path: Path) -> None:
    (start / "backups").mkdir()
    for hour in (1, 2):
        then = MORNING.replace(day=hour)
        back_up(start / "paperboy.db", start / "backups" / f"paperboy-{then:%Y-%m-%d}T0800Z.db", BackupKind.DAILY, then)
    newest = set()
    for name, case in kill_often("back up daily", tmp_path):
        backups = list_backups(case / "paperboy.db", case / "backups")
        assert len(backups) in {2, 3}, name
        assert all(read_ids(each.path) == BOTH for each in backups), name
        newest.add(backups[0].made_at)
        assert len(backups) == 2 or backups[0].made_at == NEXT_DAY
    assert NEXT_DAY in newest
