"""`paperboy backup` and `paperboy restore`."""

import asyncio
import re
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.app import get_index_path
from bot.database_lock import lock_database
from bot.layouts.backups import STOPPED
from bot.storage import open_storage
from tests.support.builders import DAY, MORNING, paper, query
from tests.support.paths import ROOT
from tests.support.terminal import LIMIT, Terminal

A_HUNDRED_MEGABYTES = """
    WITH RECURSIVE rows (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM rows LIMIT 100000)
    SELECT number, randomblob(1000) AS content FROM rows
"""
A, B = paper("2601.00001"), paper("2601.00002")


@pytest.fixture
async def database(terminal: Terminal) -> Path:
    terminal.environment["PYTHONPATH"] = str(ROOT)
    path = terminal.folder / "paperboy.db"
    async with open_storage(path) as storage:
        await storage.papers.record_list(DAY, [A], MORNING)
    return path


def titles(path: Path) -> set[object]:
    return {each for (each,) in query(path, "SELECT id FROM papers")}


TOO_LONG, CHECK = "a" * 300, "Check the path and its permissions."


async def test_a_backup_is_made_beside_a_running_bot_and_restored_after_it_was_stopped(
    terminal: Terminal, database: Path
) -> None:
    (terminal.folder / "my backups").mkdir()
    async with open_storage(database) as storage:
        with lock_database(database):
            made = await terminal.run("backup", "my backups")
            await storage.papers.record_list(DAY, [A, B], MORNING)
            (backup,) = (terminal.folder / "my backups").iterdir()
            refused = await terminal.run("restore", str(backup), "--yes")
    assert (made.code, refused.code, refused.out) == (0, 2, "")
    assert "in use by another Paperboy. Stop that one" in refused.err
    assert re.fullmatch(r"paperboy-\d{4}-\d\d-\d\dT\d{4}Z-by-hand\.db", backup.name)
    assert re.fullmatch(rf"Backed up to {re.escape(str(backup))} \([\d.]+ [kM]B\), and checked it\.\n", made.out)
    assert titles(backup) == {A.id}
    get_index_path(database).mkdir()
    marker = get_index_path(database) / "paperboy.json"
    marker.write_text("{}")

    unanswered = await terminal.run("restore", str(backup.relative_to(terminal.folder)))
    assert (unanswered.code, titles(database), marker.exists()) == (2, {A.id, B.id}, True)
    assert unanswered.err.endswith("nothing was changed. Add --yes to go on without a question.\n")
    today = datetime.now(UTC).date()
    assert f"was made on {today}" in unanswered.out
    assert f"It replaces {database}, which is kept under another name." in unanswered.out
    restored = await terminal.run("restore", str(backup.relative_to(terminal.folder)), "--yes")
    assert restored.code == 0
    (old,) = terminal.folder.glob("paperboy.db.replaced-*")
    assert f"The old one is now {old}" in restored.out
    assert (titles(database), titles(old), marker.exists()) == ({A.id}, {A.id, B.id}, False)


async def test_what_is_wrong_with_a_backup_is_one_clear_line(terminal: Terminal, database: Path) -> None:
    (terminal.folder / "letter.db").write_text("Dear reader, " * 100)
    said = {
        (
            "restore",
            "letter.db",
            "--yes",
        ): f"{terminal.folder}/letter.db is not a database of Paperboy. Name another file.",
        ("backup", "letter.db"): f"{terminal.folder}/letter.db exists already. Name another file.",
        # As in a folder that is closed to us, whether it exists can't even be asked
        ("restore", TOO_LONG): f"{terminal.folder}/{TOO_LONG} can't be used (File name too long). {CHECK}",
        ("backup", TOO_LONG): f"{terminal.folder}/{TOO_LONG} can't be used (File name too long). {CHECK}",
        ("--env-file", TOO_LONG, "backup", "x.db"): (
            f"{terminal.folder}/{TOO_LONG}: it can't be read (File name too long). Check who may read it."
        ),
        ("backup", "no/where.db"): f"{terminal.folder}/no is not a folder. Create it, or name a file in another one.",
    }
    for ended, line in zip(await terminal.run_all(said), said.values(), strict=True):
        assert (ended.code, ended.out, ended.err) == (2, "", f"{line}\n"), ended
    assert titles(database) == {A.id}
    terminal.environment["PAPERBOY_DATABASE"] = "folder"
    (terminal.folder / "folder").mkdir()
    (terminal.folder / "letter.db").unlink()
    ended = await terminal.run("restore", "letter.db")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"{terminal.folder}/folder is a folder. Set PAPERBOY_DATABASE to a file.\n"


async def test_ctrl_c_ends_a_backup_in_one_line_and_leaves_nothing(terminal: Terminal, database: Path) -> None:
    query(database, f"CREATE TABLE much AS {A_HUNDRED_MEGABYTES}")
    process = await terminal.start("backup", "new.db")
    while process.returncode is None and not list(terminal.folder.glob(".paperboy.db.partial")):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(process.communicate(), LIMIT)
    said = err.decode().strip()
    assert (process.returncode, said) == (1, STOPPED) or (process.returncode == 130 and "Traceback" not in said), said
    assert not list(terminal.folder.glob(".paperboy.db.partial"))
    assert not (terminal.folder / "new.db").exists()


async def test_without_a_database_there_is_nothing_to_back_up(terminal: Terminal) -> None:
    terminal.environment["PYTHONPATH"] = str(ROOT)
    ended = await terminal.run("backup", "copy.db")
    assert (ended.code, ended.out) == (2, "")
    assert "paperboy.db does not exist, so there is nothing to back up" in ended.err
    assert list(terminal.folder.iterdir()) == []
