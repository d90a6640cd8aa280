"""Restoring: a backup takes the place of the database, which is kept; anything else is refused and changes nothing."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.app import open_services, open_storage_alongside, restore_database
from bot.layouts.backups import describe_backup_problem, describe_restoring
from bot.papers.api import PapersAPI
from bot.storage import (
    BackupFailed,
    BackupKind,
    DatabaseProblem,
    DatabaseUnusable,
    back_up,
    check_backup,
    open_storage,
    restore,
    sqlite,
)
from tests.support.builders import DAY, MORNING, paper, query, subscribe
from tests.support.damage import damage
from tests.support.old_files import make_old
from tests.support.paths import ROOT

pytestmark = pytest.mark.usefixtures("the_file_is_sound")
THEN, NOW = MORNING - timedelta(days=1), MORNING + timedelta(days=3)
OLD, NEW = paper("2601.00001"), paper("2601.00002")


@pytest.fixture
async def current(path: Path) -> Path:
    """The database, in which something has happened since the backup."""
    async with open_storage(path) as storage:
        await storage.papers.record_list(DAY, [NEW], MORNING)
    return path


@pytest.fixture
async def backup(tmp_path: Path) -> Path:
    """A backup with a subscription."""
    source, target = tmp_path / "source.db", tmp_path / "backup.db"
    async with open_storage(source) as storage:
        await storage.papers.record_list(DAY, [OLD], MORNING)
        await subscribe(storage)
    back_up(source, target, BackupKind.BY_HAND, THEN)
    source.unlink()
    return target


def ids(path: Path) -> list[object]:
    return [each for (each,) in query(path, "SELECT id FROM papers")]


def sought_from(path: Path) -> list[object]:
    """Since when messages are sought, of each subscription."""
    return [
        datetime.fromisoformat(str(each)) for (each,) in query(path, "SELECT backup_at FROM restored_subscriptions")
    ]


def refusal(path: Path, file: Path) -> str:
    """What is said, after which everything is as it was."""
    before = {each: each.read_bytes() for each in path.parent.iterdir() if each.is_file()}
    with pytest.raises(BackupFailed) as refused:
        restore(path, file, NOW)
    now = {each: each.read_bytes() for each in path.parent.iterdir() if each.is_file()}
    assert now == before
    return describe_backup_problem(refused.value)


async def test_a_backup_takes_the_place_of_the_database_and_what_it_does_not_know_will_be_sought(
    current: Path, backup: Path
) -> None:
    replaced = restore(current, backup, NOW)
    assert replaced == current.with_name("paperboy.db.replaced-2026-01-19T080000Z"), replaced
    assert (ids(current), ids(replaced), ids(backup)) == ([OLD.id], [NEW.id], [OLD.id])
    assert sought_from(current) == [THEN]
    assert query(current, "SELECT 1 FROM sqlite_master WHERE name = 'backup_note'") == []
    async with open_storage(current) as storage:
        assert await storage.papers.get([OLD.id]) == [OLD]


async def test_on_a_new_machine_there_is_nothing_to_replace(tmp_path: Path, backup: Path) -> None:
    (tmp_path / "new home").mkdir()
    path = tmp_path / "new home" / "paperboy.db"
    assert "It becomes " in describe_restoring(check_backup(path, backup), path)
    assert restore(path, backup, NOW) is None
    assert [each.name for each in path.parent.iterdir()] == ["paperboy.db"]
    assert ids(path) == [OLD.id]


async def test_of_a_file_that_somebody_copied_what_it_has_recorded_says_since_when_to_look(
    current: Path, tmp_path: Path
) -> None:
    async with open_storage(tmp_path / "copied.db") as storage:
        await storage.papers.record_list(DAY, [OLD], MORNING)
        await subscribe(storage)
        for each in tmp_path.glob("copied.db*"):  # beside a running bot: its WAL has all of it
            shutil.copy(each, tmp_path / each.name.replace("copied", "copy"))
    assert "did not make" in describe_restoring(check_backup(current, tmp_path / "copy.db"), current)
    restore(current, tmp_path / "copy.db", NOW)
    assert (ids(current), sought_from(current)) == ([OLD.id], [MORNING])


async def test_an_older_backup_is_migrated_before_it_is_put_in_place(current: Path, tmp_path: Path) -> None:
    make_old(tmp_path / "old.db", version=2)
    restore(current, tmp_path / "old.db", NOW)
    assert query(current, "PRAGMA user_version") == [(sqlite.get_current_schema(),)]
    assert query(tmp_path / "old.db", "PRAGMA user_version") == [(2,)]
    assert sought_from(current)
    async with open_storage(current):
        pass


async def test_a_newer_backup_is_refused(current: Path, backup: Path) -> None:
    query(backup, "PRAGMA user_version = 999")
    assert "was written by a newer Paperboy (schema 999" in refusal(current, backup)


@pytest.mark.parametrize("length", [1, 99, 700, 4096, 50_000])
async def test_a_truncated_backup_is_refused(current: Path, backup: Path, length: int) -> None:
    backup.write_bytes(backup.read_bytes()[:length])
    assert refusal(current, backup).startswith(str(backup))


async def test_a_backup_with_one_bad_page_is_refused(current: Path, backup: Path) -> None:
    damage(backup, "past_runs")
    assert "is damaged (" in refusal(current, backup)


async def test_what_is_no_backup_at_all_is_refused(current: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    assert refusal(current, tmp_path / "empty.db").endswith("empty.db is empty. Name another backup.")
    for name in ("nowhere.db", "", "no/where.db"):
        assert refusal(current, tmp_path / name).endswith("is not a file. Name a backup.")


async def test_another_programs_database_is_neither_restored_nor_replaced(
    current: Path, backup: Path, tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign.db"
    query(foreign, "CREATE TABLE papers (id TEXT)")
    assert "is not a database of Paperboy" in refusal(current, foreign)
    before = foreign.read_bytes()
    with pytest.raises(DatabaseUnusable) as refused:
        restore(foreign, backup, NOW)
    assert refused.value.problem is DatabaseProblem.FOREIGN
    assert foreign.read_bytes() == before


@pytest.mark.parametrize("what", ["the file", "a link", "a hard link"])
async def test_the_database_itself_is_no_backup_under_any_name(current: Path, tmp_path: Path, what: str) -> None:
    names = {"the file": current, "a link": tmp_path / "link.db", "a hard link": tmp_path / "hard.db"}
    if what == "a link":
        names[what].symlink_to(current)
    elif what == "a hard link":
        names[what].hardlink_to(current)
    assert "is the database itself" in refusal(current, names[what])


async def test_a_database_behind_a_link_is_replaced_and_the_link_stays(
    current: Path, backup: Path, tmp_path: Path
) -> None:
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "paperboy.db"
    link.symlink_to(current)
    assert restore(link, backup, NOW)
    assert (link.is_symlink(), ids(current)) == (True, [OLD.id])


async def test_while_a_bot_or_any_other_program_uses_the_database_it_is_not_replaced(
    current: Path, backup: Path, api: PapersAPI
) -> None:
    async with open_services(current, api):
        with pytest.raises(DatabaseUnusable, match="in_use"):
            restore_database(current, backup, NOW, lambda _: None)
    with closing(sqlite3.connect(current, isolation_level=None)) as other:
        other.execute("SELECT count(*) FROM papers").fetchall()  # such as litestream
        with pytest.raises(DatabaseUnusable, match="in_use"):
            restore(current, backup, NOW)
    assert ids(current) == [NEW.id]


async def test_a_damaged_database_is_replaced_and_kept_with_its_wal(current: Path, backup: Path) -> None:
    damaged = b"rot" * 5000
    current.write_bytes(damaged)
    current.with_name("paperboy.db-wal").write_bytes(b"wal")
    replaced = restore(current, backup, NOW)
    assert replaced
    assert replaced.read_bytes() == damaged
    assert replaced.with_name(f"{replaced.name}-wal").read_bytes() == b"wal"
    assert ids(current) == [OLD.id]


async def test_where_a_file_can_not_have_two_names_the_old_one_is_copied(
    current: Path, backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")  # as on exFAT

    monkeypatch.setattr("os.link", refuse)
    replaced = restore(current, backup, NOW)
    assert replaced
    assert (ids(current), ids(replaced)) == ([OLD.id], [NEW.id])
    back_up(current, tmp_path / "again.db", BackupKind.BY_HAND, NOW)
    assert ids(tmp_path / "again.db") == [OLD.id]


async def test_mode_and_owner_stay_those_of_the_database(current: Path, backup: Path) -> None:
    current.chmod(0o640)
    backup.chmod(0o444)
    before = current.stat()
    restore(current, backup, NOW)
    after = current.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)


FILL = """
import resource, sys
from datetime import UTC, datetime
from pathlib import Path
from bot.storage import BackupFailed, restore
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    restore(Path(sys.argv[1]), Path(sys.argv[2]), datetime.now(UTC))
except BackupFailed as error:
    print(error.problem.name)
"""


def test_on_a_full_disk_nothing_is_replaced(current: Path, backup: Path) -> None:
    before = sorted(current.parent.iterdir())
    told = [sys.executable, "-c", FILL, str(current), str(backup), "60000"]
    ended = subprocess.run(told, cwd=ROOT, check=True, capture_output=True, text=True)
    assert ended.stdout == "NO_ROOM\n", ended.stderr
    assert (sorted(current.parent.iterdir()), ids(current)) == (before, [NEW.id])


async def test_a_backup_that_somebody_copied_into_place_by_hand_is_noticed_at_the_start(
    current: Path, backup: Path, api: PapersAPI
) -> None:
    shutil.copy(backup, current)
    async with open_services(current, api, clock=lambda: NOW):
        pass
    assert sought_from(current) == [THEN]
    assert query(current, "SELECT 1 FROM sqlite_master WHERE name = 'backup_note'") == []


@pytest.mark.parametrize("opened_by", ["a bot", "a command"])
async def test_a_wal_that_a_killed_bot_left_beside_it_is_not_applied_to_it(
    current: Path, backup: Path, api: PapersAPI, opened_by: str
) -> None:
    wal = current.with_name("paperboy.db-wal")
    async with open_storage(current) as storage:
        await storage.papers.record_list(DAY, [NEW, paper("2601.00003")], MORNING)
        left = wal.read_bytes()
    shutil.copy(backup, current)
    wal.write_bytes(left)
    async with open_services(current, api) if opened_by == "a bot" else open_storage_alongside(current):
        assert ids(current) == [OLD.id]
    assert sought_from(current) == [THEN]


async def test_what_a_killed_restore_left_is_deleted_at_the_start(current: Path, api: PapersAPI) -> None:
    for ending in ("", "-journal"):
        current.with_name(f".paperboy.db.restoring{ending}").write_text("half")
    async with open_services(current, api):
        pass
    assert not list(current.parent.glob(".*"))


async def test_it_is_noticed_by_any_command_that_opens_the_database(current: Path, backup: Path) -> None:
    shutil.copy(backup, current)
    async with open_storage_alongside(current):
        pass
    assert sought_from(current) == [THEN]
