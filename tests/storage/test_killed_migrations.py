"""A bot killed in the middle of a migration leaves the old file."""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.storage import sqlite
from tests.support.builders import query, tables
from tests.support.old_files import MOVED, make_old, migrate
from tests.support.paths import ROOT

pytestmark = pytest.mark.usefixtures("the_file_is_sound")

NOW = datetime(2026, 1, 19, 8, 10, tzinfo=UTC)
LIMIT = 300  # seconds that a process may take to end


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE subscriptions ADD COLUMN cadence",
        "CREATE TABLE messages",
        "INSERT INTO messages",
        "INSERT INTO new_deliveries",
        "DROP TABLE deliveries",
        "ALTER TABLE new_deliveries RENAME",
        "CREATE UNIQUE INDEX deliveries_under_way",
        "CREATE TABLE notices",
        "PRAGMA user_version = 3",
        "COMMIT",
    ],
)
async def test_a_bot_killed_during_a_migration_leaves_the_old_file_and_the_next_start_migrates_it(
    tmp_path: Path, statement: str
) -> None:
    path = tmp_path / "paperboy.db"
    make_old(path, version=2)
    before = tables(path)
    code, said = await start_and_kill(path, statement)
    assert code == -signal.SIGKILL, said
    assert query(path, "PRAGMA user_version") == [(2,)]
    assert tables(path) == before
    await migrate(path)
    assert query(path, "PRAGMA user_version") == [(len(sqlite._load_migrations()),)]
    assert [query(path, now) for now in MOVED.values()] == [await answers_of_old(tmp_path, then) for then in MOVED]


async def start_and_kill(path: Path, statement: str) -> tuple[int | None, str]:
    """The real bot, which kills itself as it begins `statement`: how it ended, and all it said."""
    known = {"DISCORD_TOKEN": "a.b.c", "PAPERBOY_DATABASE": str(path), "PAPERBOY_DISCORD_API_URL": "http://127.0.0.1:9"}
    test = {"PAPERBOY_TEST_NOW": NOW.isoformat(), "PAPERBOY_TEST_KILL": f"amid {statement}", "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.crashing", "run"),
        env=os.environ | known | test,
        cwd=path.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(LIMIT):
        said, _ = await process.communicate()
    return process.returncode, said.decode()


async def answers_of_old(folder: Path, sql: str) -> list[tuple[Any, ...]]:
    """What a file of version 2 answers that nobody has migrated."""
    path = folder / "untouched.db"
    if not path.exists():
        make_old(path, version=2)
    return query(path, sql)
