"""One backup a day: made when it is due, also late, and the old ones deleted."""

import asyncio
import logging
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.backups import Backups
from bot.storage import BackupKind, Storage, back_up, list_backups, name_backup, open_storage, sqlite
from bot.vitals import Fault
from tests.support.builders import get_file, query
from tests.support.damage import garble_schema
from tests.support.server import Server

pytestmark = pytest.mark.file

DAY_ONE = datetime(2026, 1, 10, 5, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def backups(storage: Storage, folder: Path) -> Backups:
    return Backups(get_file(storage), folder, keep=3)


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


async def test_each_day_one_backup_is_made_and_the_latest_are_kept(backups: Backups, folder: Path) -> None:
    for hours in range(24 * 5):
        await backups.make_due(DAY_ONE + hours * HOUR)
    assert names(folder) == [f"paperboy-2026-01-{day}T0522Z.db" for day in (12, 13, 14)]
    assert backups.problem == ""


async def test_a_backup_that_was_due_while_the_bot_did_not_run_is_made_late(backups: Backups, folder: Path) -> None:
    late = DAY_ONE.replace(hour=17)
    for each in (DAY_ONE - timedelta(days=1), DAY_ONE.replace(hour=4), late, late + HOUR, late + 12 * HOUR):
        await backups.make_due(each)
    made = ["2026-01-09T0522Z", "2026-01-10T1722Z", "2026-01-11T0522Z"]
    assert names(folder) == [f"paperboy-{each}.db" for each in made]


async def test_what_others_put_there_is_never_deleted(backups: Backups, storage: Storage, folder: Path) -> None:
    folder.mkdir()
    path, old = get_file(storage), DAY_ONE - timedelta(days=300)
    (folder / "notes.txt").write_text("mine")
    (folder / "paperboy-2020-01-01T0500Z.db").write_text("mine too")
    back_up(path, folder / "before-the-move.db", BackupKind.BY_HAND, old)
    back_up(path, folder / name_backup(path, BackupKind.BY_HAND, old), BackupKind.BY_HAND, old)
    back_up(path, folder / "paperboy-2025-01-01T0500Z.db", BackupKind.BY_HAND, old)
    other = Path(path.with_name("other.db"))
    back_up(path, other, BackupKind.BY_HAND, old)
    back_up(other, folder / name_backup(other, BackupKind.DAILY, old), BackupKind.DAILY, old)
    before = names(folder)
    for day in range(9):
        await backups.make_due(DAY_ONE + timedelta(days=day))
    assert set(before) <= set(names(folder))
    assert len(names(folder)) == len(before) + 3


async def test_a_damaged_backup_does_not_keep_new_ones_from_being_made(backups: Backups, folder: Path) -> None:
    for day in range(3):
        await backups.make_due(DAY_ONE + timedelta(days=day))
    garbled, foreign, _ = sorted(folder.iterdir())
    garble_schema(garbled)
    with closing(sqlite3.connect(foreign)) as connection, connection:
        connection.execute("UPDATE backup_note SET kind = 'of a later version'")
    await backups.make_due(DAY_ONE + timedelta(days=3))
    assert backups.problem == ""
    assert len(names(folder)) == 4


async def test_bots_that_share_a_folder_each_have_their_own_backups(backups: Backups, folder: Path) -> None:
    other = folder.parent / "other" / backups._database.name
    other.parent.mkdir()
    async with open_storage(other):
        others = Backups(other, folder, keep=2)
        for day in range(5):
            await backups.make_due(DAY_ONE + timedelta(days=day))
            await others.make_due(DAY_ONE + timedelta(days=day) + HOUR)
    assert [each.made_at for each in list_backups(backups._database, folder)] == [
        DAY_ONE + timedelta(days=day) for day in (4, 3, 2)
    ]
    assert [each.made_at for each in list_backups(other, folder)] == [
        DAY_ONE + timedelta(days=day) + HOUR for day in (4, 3)
    ]


async def test_a_backup_from_before_a_migration_is_deleted_after_a_week(
    backups: Backups, storage: Storage, folder: Path
) -> None:
    folder.mkdir()
    path = get_file(storage)
    made = folder / name_backup(path, BackupKind.MIGRATION, DAY_ONE, sqlite.get_current_schema())
    back_up(path, made, BackupKind.MIGRATION, DAY_ONE)
    for days, is_there in ((6, True), (8, False)):
        await backups.make_due(DAY_ONE + timedelta(days=days))
        assert made.exists() == is_there


async def test_with_none_wanted_none_is_made_and_none_deleted(storage: Storage, folder: Path) -> None:
    folder.mkdir()
    path = get_file(storage)
    back_up(path, folder / name_backup(path, BackupKind.DAILY, DAY_ONE), BackupKind.DAILY, DAY_ONE)
    before = names(folder)
    await Backups(path, folder, keep=0).make_due(DAY_ONE + timedelta(days=99))
    assert names(folder) == before


async def test_backups_from_a_clock_that_was_ahead_do_not_keep_new_ones_from_being_made(
    backups: Backups, folder: Path
) -> None:
    await backups.make_due(DAY_ONE + timedelta(days=300))
    await backups.make_due(DAY_ONE)
    assert len(names(folder)) == 2


async def test_a_failure_is_logged_when_it_begins_and_ends_and_no_old_backup_is_deleted(
    backups: Backups, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for day in range(3):
        await backups.make_due(DAY_ONE + timedelta(days=day))
    before = names(folder)
    with monkeypatch.context() as patch:
        patch.setattr("bot.storage.backup.SLACK", 2**60)
        for hour in range(99):
            await backups.make_due(DAY_ONE + timedelta(days=3) + hour * HOUR)
        assert "MB are free" in backups.problem
    assert names(folder) == before
    await backups.make_due(DAY_ONE + timedelta(days=9))
    assert backups.problem == ""
    began, ended = (record.getMessage() for record in caplog.records)
    assert "no backup is made" in began
    assert ended == "backups are made again"


async def test_a_backup_that_is_cancelled_stops_and_leaves_nothing(backups: Backups, folder: Path) -> None:
    for turns in range(5):
        making = asyncio.create_task(backups.make_due(DAY_ONE))
        for _ in range(turns):
            await asyncio.sleep(0)
        making.cancel()
        await asyncio.wait({making})
        assert making.cancelled()
        assert not folder.exists() or not [each for each in names(folder) if each.endswith(".partial")]
    await backups.make_due(DAY_ONE)
    assert names(folder) == ["paperboy-2026-01-10T0522Z.db"]


async def test_the_bot_makes_them_as_its_settings_say(server: Server, tmp_path: Path) -> None:
    services = server.bot.services
    (job,) = [each for each in services.scheduler.get_jobs() if each.id == "maintenance.back_up"]
    await job.func()
    assert list_backups(get_file(services.storage), tmp_path / "backups") == []  # the tests' bot keeps none
    kept = Backups(get_file(services.storage), tmp_path / "kept", keep=1)
    object.__setattr__(services, "backups", kept)
    await job.func()
    (made,) = list_backups(get_file(services.storage), tmp_path / "kept")
    assert made.made_at == server.clock.now
    assert query(made.path, "PRAGMA user_version") == [(sqlite.get_current_schema(),)]


async def test_the_bots_owner_hears_that_backups_fail_for_whatever_reason_and_are_made_again(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = server.bot.services
    object.__setattr__(services, "backups", Backups(get_file(services.storage), tmp_path / "kept", keep=1))
    back_up_now = server.bot.get_cog("Maintenance").back_up  # type: ignore[union-attr]
    (tmp_path / "kept").write_text("in the way")
    monkeypatch.setattr(logging.getLogger("bot.backups"), "disabled", True)  # the bot of these tests logs no errors
    await back_up_now()
    assert services.vitals.faults[Fault.BACKUP_FAILING]
    (tmp_path / "kept").unlink()
    await back_up_now()
    assert not services.vitals.faults[Fault.BACKUP_FAILING]
    monkeypatch.setattr("bot.backups.list_backups", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await back_up_now()
    assert services.vitals.faults[Fault.BACKUP_FAILING]
