"""A migration: a backup comes first, and a version that is too old for the result names it."""

import shutil
from pathlib import Path

import pytest

from bot.app import open_services, open_storage_alongside
from bot.backups import get_backup_folder
from bot.layouts.terminal import describe_database_problem
from bot.papers.api import PapersAPI
from bot.storage import BackupKind, DatabaseProblem, DatabaseUnusable, list_backups, open_storage, restore, sqlite
from tests.support.builders import DAY, MORNING, paper, query
from tests.support.killing import A_MIGRATION
from tests.support.old_files import make_old

pytestmark = pytest.mark.usefixtures("the_file_is_sound")


def become_newer(patch: pytest.MonkeyPatch) -> None:
    scripts = [*sqlite._load_migrations(), A_MIGRATION]
    patch.setattr(sqlite, "_load_migrations", lambda: scripts)


async def refusal(path: Path, api: PapersAPI) -> DatabaseUnusable:
    with pytest.raises(DatabaseUnusable) as refused:
        async with open_services(path, api):
            pass
    return refused.value


async def test_before_a_migration_the_database_is_backed_up_once(path: Path, api: PapersAPI) -> None:
    make_old(path, version=2)
    for _ in range(2):
        async with open_services(path, api):
            pass
    (backup,) = list_backups(path, get_backup_folder(path, None))
    assert (backup.schema, backup.kind) == (2, BackupKind.MIGRATION)
    assert backup.path.name.endswith("-schema-2.db")
    assert query(backup.path, "SELECT count(*) FROM papers") == [(3,)]
    assert query(path, "PRAGMA user_version") == [(sqlite.get_current_schema(),)]


async def test_a_new_database_is_not_backed_up(path: Path, api: PapersAPI) -> None:
    async with open_services(path, api):
        pass
    async with open_storage_alongside(path):
        pass
    assert not get_backup_folder(path, None).exists()


async def test_a_command_that_migrates_backs_up_too(path: Path) -> None:
    make_old(path, version=2)
    folder = path.with_name("elsewhere")
    async with open_storage_alongside(path, folder):
        pass
    assert len(list_backups(path, folder)) == 1


async def test_a_migration_that_fails_at_each_start_keeps_one_backup(
    path: Path, api: PapersAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_storage(path):
        pass
    scripts = [*sqlite._load_migrations(), "nonsense;"]
    monkeypatch.setattr(sqlite, "_load_migrations", lambda: scripts)
    for minute in range(3):
        with pytest.raises(DatabaseUnusable):
            async with open_services(path, api, clock=lambda: MORNING.replace(minute=minute)):  # noqa: B023
                pass
    (backup,) = list_backups(path, get_backup_folder(path, None))
    assert backup.made_at == MORNING.replace(minute=2)


async def test_without_room_for_a_backup_nothing_is_migrated(
    path: Path, api: PapersAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_old(path, version=2)
    monkeypatch.setattr("bot.storage.backup.SLACK", 2**60)
    refused = await refusal(path, api)
    assert refused.problem is DatabaseProblem.NOT_BACKED_UP
    said = describe_database_problem(refused)
    assert "MB are free" in said
    assert "set PAPERBOY_BACKUP_FOLDER" in said
    assert query(path, "PRAGMA user_version") == [(2,)]


async def test_if_the_backup_folder_can_not_be_made_nothing_is_migrated(path: Path, api: PapersAPI) -> None:
    make_old(path, version=2)
    get_backup_folder(path, None).write_text("in the way")
    refused = await refusal(path, api)
    assert refused.problem is DatabaseProblem.NOT_BACKED_UP
    assert "File exists" in describe_database_problem(refused)
    assert query(path, "PRAGMA user_version") == [(2,)]


async def test_an_older_version_names_the_backup_to_restore_and_can_restore_it(
    path: Path, api: PapersAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = path.parent / "my bot"
    home.mkdir()
    path = home / path.name
    async with open_storage(path) as storage:
        await storage.papers.record_list(DAY, [paper("2601.00001")], MORNING)
    with monkeypatch.context() as newer:
        become_newer(newer)
        async with open_services(path, api):
            pass
    refused = await refusal(path, api)
    (backup,) = list_backups(path, get_backup_folder(path, None))
    assert f"go back to before that with `paperboy restore '{backup.path}'`" in describe_database_problem(refused)
    with pytest.raises(DatabaseUnusable) as refused_to_command:
        async with open_storage_alongside(path):
            pass
    assert refused_to_command.value.backup == backup.path
    assert restore(path, backup.path, MORNING)
    async with open_services(path, api) as services:
        assert await services.storage.papers.get(["2601.00001"])


async def test_an_older_version_without_a_backup_says_to_update(path: Path, api: PapersAPI) -> None:
    async with open_storage(path):
        pass
    query(path, "PRAGMA user_version = 999")
    said = describe_database_problem(await refusal(path, api))
    assert "Update Paperboy, or set PAPERBOY_DATABASE" in said
    folder = get_backup_folder(path, None)
    folder.mkdir()
    shutil.copy(path, folder / "paperboy-2026-01-01T0500Z.db")  # as new as the database
    assert (await refusal(path, api)).backup is None
