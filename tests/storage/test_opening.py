"""Opening a database file: made, migrated, or refused and left alone."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.layouts.terminal import describe_database_problem
from bot.storage import DatabaseUnusable, Storage, open_storage, sqlite
from bot.storage.connection import Connection
from bot.storage.posted_papers import _POSTED_OF
from bot.storage.sqlite import SQLiteDatabase
from tests.support.builders import DAY, MORNING, paper, query

pytestmark = pytest.mark.usefixtures("the_file_is_sound")
A, B, C = (paper(f"2601.0000{number}", upvotes=number) for number in (1, 2, 3))


@pytest.mark.file
class TestSchema:
    async def test_every_table_is_strict(self, storage: Storage, path: Path) -> None:
        tables = query(path, "SELECT name, strict FROM pragma_table_list WHERE schema = 'main' AND type = 'table'")
        loose = [name for name, strict in tables if not strict and not str(name).startswith("sqlite_")]
        assert loose == []
        assert len(tables) > 6

    async def test_foreign_keys_are_enforced(self, opened: SQLiteDatabase) -> None:
        with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
            await opened.execute("INSERT INTO listings (day, paper_id) VALUES ('2026-01-15', '2601.00010')")

    async def test_the_file_is_in_wal_mode_and_safe_from_power_cuts(self, opened: SQLiteDatabase) -> None:
        def look(connection: Connection) -> tuple[str, int]:
            ((mode,),) = connection.execute("PRAGMA journal_mode")
            ((synchronous,),) = connection.execute("PRAGMA synchronous")
            return mode, synchronous

        assert await opened.write(look) == ("wal", 2)

    async def test_due_subscriptions_are_found_through_an_index(self, opened: SQLiteDatabase) -> None:
        steps = await opened.fetch_rows(
            "EXPLAIN QUERY PLAN SELECT * FROM subscriptions WHERE state = 'active' AND next_run_at <= ?", "x"
        )
        assert "subscriptions_due" in " ".join(step["detail"] for step in steps)

    async def test_where_a_paper_was_posted_is_found_through_an_index(self, opened: SQLiteDatabase) -> None:
        steps = await opened.fetch_rows(f"EXPLAIN QUERY PLAN SELECT paper_id {_POSTED_OF}", "[]", 1, "[]")
        plan = " ".join(step["detail"] for step in steps)
        assert "SEARCH highlights USING INDEX sqlite_autoindex_highlights_2 (subscription_id=? AND paper_id=?)" in plan
        for table in ("highlights", "deliveries", "messages"):
            assert f"SCAN {table}" not in plan

    @pytest.mark.parametrize(
        ("asked", "index"),
        [
            ("SELECT count(*) FROM messages WHERE place_id = 1 AND published_at >= 'x'", "messages_published"),
            ("SELECT * FROM audit_log WHERE guild_id = 1 ORDER BY id DESC LIMIT 9", "audit_log_by_guild"),
            ("SELECT 1 FROM deliveries WHERE subscription_id = 1 AND state = 'planned'", "deliveries_under_way"),
        ],
    )
    async def test_the_queries_of_every_delivery_and_every_log_use_an_index(
        self, storage: Storage, path: Path, asked: str, index: str
    ) -> None:
        steps = " ".join(str(step) for step in query(path, f"EXPLAIN QUERY PLAN {asked}"))
        assert index in steps
        assert "SCAN" not in steps
        assert "TEMP B-TREE" not in steps


class TestOpening:
    async def test_a_new_file_is_created_and_keeps_its_data_when_it_is_opened_again(self, path: Path) -> None:
        async with open_storage(path) as storage:
            await storage.papers.record_list(DAY, [A], MORNING)
            identity = await storage.papers.get_archive_id()
        async with open_storage(path) as storage:
            assert await storage.papers.get([A.id]) == [A]
            assert await storage.papers.get_archive_id() == identity

    async def test_an_empty_file_becomes_a_database(self, path: Path) -> None:
        path.touch()
        async with open_storage(path) as storage:
            assert await storage.papers.get_last_change() == 0

    async def test_a_new_migration_is_applied_to_an_old_file_and_keeps_its_data(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with open_storage(path) as storage:
            await storage.papers.record_list(DAY, [A], MORNING)
        self.add_migration(
            monkeypatch, "ALTER TABLE captures ADD COLUMN note TEXT; CREATE TABLE more (id TEXT) STRICT;"
        )
        for _ in range(2):
            async with open_storage(path) as storage:
                assert await storage.papers.get([A.id]) == [A]
        assert query(path, "PRAGMA user_version") == [(len(sqlite._load_migrations()),)]
        assert query(path, "SELECT note FROM captures") == [(None,)]

    @pytest.mark.parametrize(
        "script",
        [
            "CREATE TABLE more (id TEXT) STRICT; DROP TABLE captures; SELECT no_such_function();",
            "UPDATE papers SET upvotes = 99; INSERT INTO captures (day) VALUES ('x');",
            "DELETE FROM listings; nonsense;",
        ],
    )
    async def test_a_migration_that_fails_leaves_version_schema_and_rows_as_they_were(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, script: str
    ) -> None:
        async with open_storage(path) as storage:
            await storage.papers.record_list(DAY, [A], MORNING)
        before = self.state(path)
        self.add_migration(monkeypatch, script)
        with pytest.raises(DatabaseUnusable, match="unusable"):
            async with open_storage(path):
                pass
        assert self.state(path) == before
        monkeypatch.undo()
        async with open_storage(path) as storage:
            assert await storage.papers.get([A.id]) == [A]

    async def test_a_new_file_whose_first_migration_failed_can_be_opened_again(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sqlite, "_load_migrations", lambda: ["CREATE TABLE papers (id TEXT) STRICT; nonsense;"])
        with pytest.raises(DatabaseUnusable):
            async with open_storage(path):
                pass
        monkeypatch.undo()
        async with open_storage(path) as storage:
            assert await storage.papers.get_last_change() == 0

    def add_migration(self, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
        scripts = [*sqlite._load_migrations(), script]
        monkeypatch.setattr(sqlite, "_load_migrations", lambda: scripts)

    def state(self, path: Path) -> list[tuple[object, ...]]:
        parts = (
            "PRAGMA user_version",
            "SELECT sql FROM sqlite_master",
            "SELECT * FROM papers",
            "SELECT * FROM listings",
        )
        return [row for part in parts for row in query(path, part)]

    async def refusal(self, path: Path) -> str:
        """Why the file is refused; checks that it is left as it is."""
        before = path.read_bytes() if path.is_file() else None
        with pytest.raises(DatabaseUnusable) as refused:
            async with open_storage(path):
                pass
        assert (path.read_bytes() if path.is_file() else None) == before
        return describe_database_problem(refused.value)

    async def test_a_file_of_a_newer_version_is_refused_and_left_as_it_is(self, path: Path) -> None:
        async with open_storage(path):
            pass
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 999")
        refusal = await self.refusal(path)
        assert "newer Paperboy (schema 999" in refusal
        assert "Update Paperboy" in refusal

    @pytest.mark.parametrize(
        "script",
        [
            "CREATE TABLE papers (id TEXT);",
            "PRAGMA user_version = 1;",
            "PRAGMA application_id = 7; PRAGMA user_version = 1; CREATE TABLE t (a);",
            "PRAGMA user_version = 999; CREATE TABLE t (a);",
            "PRAGMA journal_mode = WAL; CREATE TABLE t (a);",
        ],
    )
    async def test_another_programs_database_is_refused_and_left_as_it_is(self, path: Path, script: str) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)
        assert "another program's database" in await self.refusal(path)

    @pytest.mark.parametrize("body", [b"a letter\n" * 100, b"SQLite", b"\x00" * 5000, b"\xff" * 5000])
    async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(self, path: Path, body: bytes) -> None:
        path.write_bytes(body)
        assert str(path) in await self.refusal(path)
        path.unlink()

    async def test_a_truncated_database_is_refused_and_left_as_it_is(self, path: Path) -> None:
        async with open_storage(path):
            pass
        path.write_bytes(path.read_bytes()[:700])
        assert str(path) in await self.refusal(path)
        path.unlink()

    async def test_a_folder_is_refused(self, tmp_path: Path) -> None:
        assert f"{tmp_path} is a folder" in await self.refusal(tmp_path)

    async def test_a_path_into_a_missing_folder_is_refused(self, tmp_path: Path) -> None:
        assert "nowhere" in await self.refusal(tmp_path / "nowhere" / "paperboy.db")

    async def test_a_path_through_a_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("x")
        assert "file" in await self.refusal(tmp_path / "file" / "paperboy.db")
