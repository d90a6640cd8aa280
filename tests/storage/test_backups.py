"""Backups: whole copies, made beside a bot that goes on writing, and refused where they would do harm."""

import asyncio
import itertools
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.layouts.backups import describe_backup_problem
from bot.storage import (
    BackupFailed,
    BackupKind,
    BackupProblem,
    BackupStopped,
    DatabaseProblem,
    DatabaseUnusable,
    Storage,
    back_up,
    list_backups,
    name_backup,
    open_storage,
)
from bot.storage.backup import check_copy, inspect_backup, list_named_files, make_partial
from tests.support.builders import DAY, MORNING, paper, query
from tests.support.damage import damage, garble_schema
from tests.support.paths import ROOT

pytestmark = pytest.mark.file

FIRST = paper("2601.00001")


@pytest.fixture
async def filled(path: Path) -> Path:
    async with open_storage(path) as storage:
        await storage.papers.record_list(DAY, [FIRST], MORNING)
    return path


def make(database: Path, target: Path) -> None:
    back_up(database, target, BackupKind.BY_HAND, MORNING)


def refusal(database: Path, target: Path) -> BackupFailed:
    with pytest.raises(BackupFailed) as refused:
        make(database, target)
    assert describe_backup_problem(refused.value).endswith(".")
    assert not list(target.parent.glob(".*"))
    return refused.value


async def test_a_backup_is_one_whole_file_that_knows_when_it_was_made(filled: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    make(filled, target)
    os.utime(target, (0, 0))  # the file's own time may be lost
    known = inspect_backup(target)
    assert (known.made_at, known.kind, known.schema) == (MORNING, BackupKind.BY_HAND, inspect_backup(filled).schema)
    async with open_storage(target) as storage:
        assert await storage.papers.get([FIRST.id]) == [FIRST]


async def test_a_backup_beside_a_bot_that_writes_all_the_time_is_of_one_moment(
    storage: Storage, tmp_path: Path
) -> None:
    database, made = tmp_path / "paperboy.db", [tmp_path / f"{number}.db" for number in range(5)]
    has_written, is_done = asyncio.Event(), False

    async def write() -> None:
        for upvotes in itertools.count(1):
            await storage.papers.record_list(DAY, [paper(FIRST.id, upvotes=upvotes)], MORNING)
            has_written.set()
            if is_done:
                return

    await storage.papers.record_list(DAY, [paper(FIRST.id, upvotes=0)], MORNING)
    writing = asyncio.create_task(write())
    for target in made:
        await asyncio.to_thread(make, database, target)
        has_written.clear()
        await has_written.wait()
    is_done = True
    await writing
    upvotes = []
    for target in made:
        check_copy(target, "integrity_check")
        ((papers, snapshot),) = query(target, "SELECT upvotes, (SELECT max(upvotes) FROM upvote_snapshots) FROM papers")
        assert papers == snapshot
        upvotes.append(papers)
    assert upvotes == sorted(upvotes)
    assert len(set(upvotes)) > 1


async def test_nothing_that_was_deleted_is_in_a_backup(filled: Path, tmp_path: Path) -> None:
    query(filled, "PRAGMA secure_delete = OFF")
    with closing(sqlite3.connect(filled, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("INSERT INTO stored_queries SELECT 'xylophonequux', 'xylophonequux', '2026-01-01'")
        connection.execute("DELETE FROM stored_queries")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"xylophonequux" in filled.read_bytes()
    make(filled, tmp_path / "copy.db")
    assert b"xylophonequux" not in (tmp_path / "copy.db").read_bytes()


@pytest.mark.parametrize("folder", ["a b", "ümlaut?&#%41", "quo'te\"s"])
async def test_a_path_may_have_any_letters_and_be_relative(
    filled: Path, tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / folder)
    make(Path("..") / filled.name, Path("copy of it.db"))
    assert list_backups(filled, tmp_path / folder) == []
    assert inspect_backup(tmp_path / folder / "copy of it.db").made_at == MORNING


async def test_a_link_to_the_database_is_followed_and_one_to_another_file_is_left_alone(
    filled: Path, tmp_path: Path
) -> None:
    (tmp_path / "links").mkdir()
    linked = tmp_path / "links" / "linked.db"
    linked.symlink_to(filled)
    make(linked, tmp_path / "copy.db")
    assert refusal(filled, linked).problem is BackupProblem.IS_DATABASE
    dangling = tmp_path / "links" / "dangling.db"
    dangling.symlink_to(tmp_path / "nowhere.db")
    assert refusal(filled, dangling).problem is BackupProblem.EXISTS
    assert not (tmp_path / "nowhere.db").exists()


async def test_a_backup_on_another_file_system_is_whole(filled: Path) -> None:
    elsewhere = Path("/dev/shm") / f"paperboy-test-{os.getpid()}"
    if not elsewhere.parent.is_dir():
        pytest.skip("there is no other file system")
    elsewhere.mkdir()
    try:
        make(filled, elsewhere / "copy.db")
        assert [each.name for each in elsewhere.iterdir()] == ["copy.db"]
        check_copy(elsewhere / "copy.db", "integrity_check")
    finally:
        for each in elsewhere.iterdir():
            each.unlink()
        elsewhere.rmdir()


async def test_a_file_that_exists_is_never_overwritten(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert refusal(filled, tmp_path / "mine.txt").problem is BackupProblem.EXISTS
    assert (tmp_path / "mine.txt").read_text() == "mine"


async def test_two_backups_into_one_folder_at_a_time_do_not_get_in_each_others_way(
    filled: Path, tmp_path: Path
) -> None:
    with make_partial(tmp_path / f".{filled.name}.partial", like=filled) as partial:
        partial.write_text("half")
        with pytest.raises(BackupFailed) as refused:
            make(filled, tmp_path / "copy.db")
        assert refused.value.problem is BackupProblem.UNDER_WAY
        assert partial.read_text() == "half"
    make(filled, tmp_path / "copy.db")


async def test_what_a_killed_backup_left_under_both_names_is_not_written_to(filled: Path, tmp_path: Path) -> None:
    make(filled, tmp_path / "first.db")
    before = (tmp_path / "first.db").read_bytes()
    (tmp_path / f".{filled.name}.partial").hardlink_to(tmp_path / "first.db")
    make(filled, tmp_path / "second.db")
    assert (tmp_path / "first.db").read_bytes() == before
    assert not list(tmp_path.glob(".*"))


FILL = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from bot.storage import BackupFailed, BackupKind, back_up
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    back_up(Path(sys.argv[1]), Path(sys.argv[2]), BackupKind.BY_HAND, datetime.now(UTC))
except BackupFailed as error:
    print(error.problem.name)
"""


@pytest.mark.parametrize("room", [4096, 40_000, 100_000])
def test_a_disk_that_fills_up_meanwhile_leaves_nothing(filled: Path, tmp_path: Path, room: int) -> None:
    told = [sys.executable, "-c", FILL, str(filled), str(tmp_path / "copy.db"), str(room)]
    ended = subprocess.run(told, cwd=ROOT, check=True, capture_output=True, text=True)
    assert ended.stdout == "NO_ROOM\n", ended.stderr
    assert {each.name.removesuffix("-wal").removesuffix("-shm") for each in tmp_path.iterdir()} == {filled.name}


async def test_without_room_for_it_a_backup_is_not_begun(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.backup.SLACK", 2**60)
    refused = refusal(filled, tmp_path / "copy.db")
    assert refused.problem is BackupProblem.NO_ROOM
    assert "MB are free" in describe_backup_problem(refused)


async def test_a_backup_that_is_stopped_leaves_nothing(filled: Path, tmp_path: Path) -> None:
    def stop(share: float) -> None:
        assert 0 <= share <= 1
        raise KeyboardInterrupt

    async with open_storage(filled) as storage:
        many = [paper(f"2602.{number:05}", abstract="word " * 50) for number in range(600)]
        await storage.papers.record_list(DAY, many, MORNING)
    with pytest.raises(BackupStopped):
        back_up(filled, tmp_path / "copy.db", BackupKind.BY_HAND, MORNING, stop)
    assert not (tmp_path / "copy.db").exists()
    assert not list(tmp_path.glob(".*"))


async def test_a_damaged_database_makes_no_backup(filled: Path, tmp_path: Path) -> None:
    damage(filled, "papers")
    with pytest.raises(DatabaseUnusable) as refused:
        make(filled, tmp_path / "copy.db")
    assert refused.value.problem is DatabaseProblem.DAMAGED
    assert not (tmp_path / "copy.db").exists()


async def test_a_file_whose_schema_is_garbled_is_called_damaged(filled: Path, tmp_path: Path) -> None:
    garble_schema(filled)
    with pytest.raises(DatabaseUnusable) as refused:
        make(filled, tmp_path / "copy.db")
    assert refused.value.problem is DatabaseProblem.DAMAGED
    assert "malformed database schema" in refused.value.detail
    with pytest.raises(DatabaseUnusable) as unusable:
        async with open_storage(filled):
            pass
    assert unusable.value.problem is DatabaseProblem.DAMAGED
    with pytest.raises(BackupFailed) as failed:
        inspect_backup(filled)
    assert failed.value.problem is BackupProblem.DAMAGED


async def test_only_files_that_we_named_and_made_are_listed_latest_first(filled: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    later = MORNING + timedelta(hours=1)
    for then in (MORNING, later):
        back_up(filled, folder / name_backup(filled, BackupKind.DAILY, then), BackupKind.DAILY, then)
    make(filled, folder / "other.db")
    (folder / "paperboy-2026-01-01T0000Z.db").write_text("mine")
    (folder / "paperboy-2026-01-02T0000Z.db").symlink_to(folder / "other.db")
    (folder / "paperboy-2026-01-03T0000Z.db").mkdir()
    shutil.copy(folder / name_backup(filled, BackupKind.DAILY, MORNING), folder / "paperboy-2026-01-04T0000Z.db")
    assert [each.made_at for each in list_backups(filled, folder)] == [later, MORNING]
    assert list_backups(filled, tmp_path / "nowhere") == []
    assert list_backups(filled.rename(filled.with_name("another.db")), folder) == []


def test_a_name_with_an_impossible_date_is_not_that_of_a_backup(filled: Path, tmp_path: Path) -> None:
    make(filled, tmp_path / f"{filled.stem}-2026-99-99T9999Z.db")
    assert not list_named_files(filled, tmp_path)
    assert not list_backups(filled, tmp_path)
