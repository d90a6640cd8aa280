"""Only one bot uses a file, under whatever name or link."""

from pathlib import Path

import pytest

from bot.app import open_services, open_storage_alongside
from bot.layouts.terminal import describe_database_problem
from bot.papers.api import PapersAPI
from bot.storage import DatabaseUnusable, open_storage, sqlite
from tests.support.builders import DAY, MORNING, paper, query

pytestmark = pytest.mark.usefixtures("the_file_is_sound")
A, B, C = (paper(f"2601.0000{number}", upvotes=number) for number in (1, 2, 3))


class TestSoleUse:
    async def test_a_second_bot_on_the_same_database_is_refused(self, path: Path, api: PapersAPI) -> None:
        async with open_services(path, api):
            with pytest.raises(DatabaseUnusable, match="in_use"):
                async with open_services(path, api):
                    pass
        async with open_services(path, api):
            pass

    @pytest.mark.parametrize("other", ["a symlink", "a hard link", "a folder that links there"])
    async def test_a_second_bot_on_the_same_file_by_another_name_is_refused(
        self, tmp_path: Path, api: PapersAPI, other: str
    ) -> None:
        (tmp_path / "home").mkdir()
        path, names = tmp_path / "home" / "paperboy.db", tmp_path / "names"
        names.symlink_to(tmp_path / "home") if other == "a folder that links there" else names.mkdir()
        async with open_storage(path):
            pass
        if other == "a symlink":
            (names / path.name).symlink_to(path)
        elif other == "a hard link":
            (names / path.name).hardlink_to(path)
        async with open_services(path, api):
            with pytest.raises(DatabaseUnusable, match="in_use"):
                async with open_services(names / path.name, api):
                    pass
        async with open_services(names / path.name, api):
            pass

    async def test_a_file_that_the_bot_has_just_created_is_locked_under_its_hard_links_too(
        self, path: Path, api: PapersAPI
    ) -> None:
        async with open_services(path, api):
            path.with_name("linked.db").hardlink_to(path)
            with pytest.raises(DatabaseUnusable, match="in_use"):
                async with open_services(path.with_name("linked.db"), api):
                    pass

    async def test_a_new_database_can_only_be_read_by_its_user(self, path: Path, api: PapersAPI) -> None:
        async with open_services(path, api):
            assert {each.stat().st_mode & 0o777 for each in (path, path.with_name(f"{path.name}-wal"))} == {0o600}

    async def test_a_link_that_leads_to_itself_is_refused(self, path: Path, api: PapersAPI) -> None:
        path.symlink_to(path)
        with pytest.raises(DatabaseUnusable, match="unusable"):
            async with open_services(path, api):
                pass

    async def test_a_backfill_beside_a_running_bot_reads_and_writes_its_file(self, path: Path, api: PapersAPI) -> None:
        async with open_services(path, api) as services, open_storage_alongside(path) as storage:
            await storage.papers.record_list(DAY, [A], MORNING)
            assert await services.storage.papers.get([A.id]) == [A]

    async def test_a_backfill_beside_an_older_bot_does_not_migrate_its_file(
        self, path: Path, api: PapersAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_services(path, api) as services:
            self.age_by_a_version(monkeypatch)
            with pytest.raises(DatabaseUnusable) as refused:
                async with open_storage_alongside(path):
                    pass
            assert "in use by an older Paperboy" in describe_database_problem(refused.value)
            await services.storage.papers.record_list(DAY, [A], MORNING)
        async with open_storage_alongside(path) as storage:
            assert await storage.papers.get([A.id]) == [A]
        assert query(path, "PRAGMA user_version") == [(len(sqlite._load_migrations()),)]

    async def test_a_backfill_beside_a_newer_bot_is_refused(
        self, path: Path, api: PapersAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as newer:
            self.age_by_a_version(newer)
            async with open_services(path, api):
                newer.undo()
                with pytest.raises(DatabaseUnusable, match="newer"):
                    async with open_storage_alongside(path):
                        pass

    def age_by_a_version(self, patch: pytest.MonkeyPatch) -> None:
        newer = [*sqlite._load_migrations(), "CREATE TABLE novelties (id INTEGER) STRICT;"]
        patch.setattr(sqlite, "_load_migrations", lambda: newer)

    async def test_a_newer_bot_does_not_migrate_the_file_of_a_running_older_one(
        self, path: Path, api: PapersAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_services(path, api):
            version = query(path, "PRAGMA user_version")
            newer = [*sqlite._load_migrations(), "CREATE TABLE novelties (id INTEGER) STRICT;"]
            monkeypatch.setattr(sqlite, "_load_migrations", lambda: newer)
            with pytest.raises(DatabaseUnusable, match="in_use"):
                async with open_services(path, api):
                    pass
            assert query(path, "PRAGMA user_version") == version

    async def test_a_database_named_memory_is_a_real_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        async with open_storage(Path(":memory:")) as storage:
            assert await storage.papers.get_last_change() == 0
        assert (tmp_path / ":memory:").exists()
