"""What is not moved, and to where nothing is moved."""

from pathlib import Path

import pytest

from bot.clock import system_clock
from bot.database_address import DatabaseAddress, PostgresAddress
from bot.share import Share
from bot.storage import DatabaseProblem, DatabaseUnusable, MoveFailed, MoveProblem, move, open_storage
from bot.storage.postgres.claims import open_claims
from bot.storage.postgres.schema import migrate
from bot.storage.sqlite import get_current_schema
from tests.support.builders import DAY, MORNING, paper, query


@pytest.fixture
async def source(tmp_path: Path) -> Path:
    path = tmp_path / "paperboy.db"
    async with open_storage(path) as storage:
        await storage.papers.record_list(DAY, [paper("2601.00001")], MORNING)
    return path


@pytest.fixture
def empty(postgres_url: str) -> PostgresAddress:
    return PostgresAddress(postgres_url)


def refuse(source: DatabaseAddress, target: DatabaseAddress) -> MoveProblem | DatabaseProblem:
    """Why nothing is moved, and that this is said of the right one of the two."""
    with pytest.raises((MoveFailed, DatabaseUnusable)) as caught:
        move(source, target)
    if isinstance(caught.value, MoveFailed):
        assert caught.value.address == (source if caught.value.problem is MoveProblem.NO_SOURCE else target)
        return caught.value.problem
    assert isinstance(caught.value, DatabaseUnusable)
    assert caught.value.path == target
    return caught.value.problem


async def test_a_database_with_anything_in_it_is_never_written_over(source: Path, empty: PostgresAddress) -> None:
    full = source.with_name("full.db")
    for target in (full, empty):
        async with open_storage(target) as storage:
            await storage.guilds.record_join(1, MORNING)
        assert refuse(source, target) is MoveProblem.NOT_EMPTY
        assert query(target, "SELECT count(*) FROM papers") == [(0,)]


async def test_nor_is_another_programs(source: Path, empty: PostgresAddress) -> None:
    foreign, letter = source.with_name("foreign.db"), source.with_name("letter.txt")
    for target in (foreign, empty):
        query(target, "CREATE TABLE theirs (id INTEGER)")
        assert refuse(source, target) is DatabaseProblem.FOREIGN
        assert query(target, "SELECT count(*) FROM theirs") == [(0,)]
    letter.write_text("Dear reader, " * 100)
    assert refuse(source, letter) is DatabaseProblem.NOT_A_DATABASE


async def test_nor_is_a_newer_versions(source: Path, empty: PostgresAddress) -> None:
    newer, version = source.with_name("newer.db"), get_current_schema() + 1
    async with open_storage(newer):
        pass
    query(newer, f"PRAGMA user_version = {version}")
    migrate(empty)
    query(empty, f"UPDATE schema SET version = {version}")
    for target in (newer, empty):
        assert refuse(source, target) is DatabaseProblem.NEWER


async def test_a_file_has_to_have_a_folder(source: Path) -> None:
    assert refuse(source, source.with_name("nowhere") / "new.db") is MoveProblem.NO_FOLDER
    assert refuse(source, source.parent) is DatabaseProblem.IS_FOLDER


async def test_what_sqlite_would_add_to_a_new_file_is_not_overlooked(source: Path) -> None:
    source.with_name("new.db-wal").write_bytes(b"of a file that is gone")
    assert refuse(source, source.with_name("new.db")) is MoveProblem.NOT_EMPTY


async def test_while_any_process_of_the_bot_uses_a_database_it_stays_where_it_is(
    source: Path, empty: PostgresAddress
) -> None:
    new = source.with_name("new.db")
    async with open_claims(empty, Share(frozenset({1}), 2), system_clock, lambda _: None):
        assert refuse(source, empty) is DatabaseProblem.IN_USE
        with pytest.raises(DatabaseUnusable) as caught:
            move(empty, new)
    assert (caught.value.problem, caught.value.path) == (DatabaseProblem.IN_USE, empty)
    assert not new.exists()
    move(source, empty)
    move(empty, new)


async def test_without_any_data_there_is_nothing_to_move(source: Path, empty: PostgresAddress) -> None:
    assert refuse(empty, source.with_name("new.db")) is MoveProblem.NO_SOURCE
