"""`paperboy move`: what it asks, says and refuses, and that no password is ever shown."""

import asyncio
import shutil
import signal
from pathlib import Path

import pytest

from bot.app import get_index_path
from bot.database_address import PostgresAddress
from bot.database_lock import lock_database
from bot.layouts.terminal_moving import NO_TARGET, PROMPT, STOPPED
from bot.storage import open_storage
from tests.support.builders import DAY, MORNING, paper, query
from tests.support.kept_schemas import VERSIONS, unpack
from tests.support.moving import is_untouched
from tests.support.ports import find_free_port
from tests.support.pseudo_terminal import typing_at
from tests.support.refusing_postgres import RefusingServer
from tests.support.terminal import LIMIT, Terminal, is_one_clear_line

PASSWORD = "wh1spered"


@pytest.fixture
async def database(terminal: Terminal) -> Path:
    path = terminal.folder / "paperboy.db"
    async with open_storage(path) as storage:
        await storage.papers.record_list(DAY, [paper("2601.00001")], MORNING)
    return path


@pytest.fixture
def empty(postgres_url: str) -> PostgresAddress:
    return PostgresAddress(postgres_url)


async def test_a_database_is_moved_there_and_back_and_it_says_what_to_do_next(
    terminal: Terminal, database: Path, empty: PostgresAddress
) -> None:
    index = get_index_path(database)
    index.mkdir()
    there = await terminal.run("move", "--to", empty.url)
    assert (there.code, there.err) == (0, "")
    first, *steps, last = there.out.splitlines()
    assert first == f"{empty} now has all that {database} has: 6 rows, all compared."
    assert [each[:2] for each in steps] == ["1.", "2.", "3."]
    assert f"in {terminal.folder}/.env" in steps[0]
    assert f"PAPERBOY_INDEX={index}." in steps[1]
    assert last.startswith(f"Never start Paperboy on {database} again:")
    assert query(empty, "SELECT id FROM papers") == [("2601.00001",)]

    again = await terminal.run("move", "--to", empty.url)
    assert (again.code, again.out) == (2, "")
    assert is_one_clear_line(again)
    assert "is not empty" in again.err
    terminal.environment["PAPERBOY_DATABASE"] = empty.url
    back = await terminal.run("move", "--to", "back.db")
    assert back.code == 0, back.err
    assert f"1. Set PAPERBOY_DATABASE to {terminal.folder}/back.db" in back.out
    assert query(terminal.folder / "back.db", "SELECT id FROM papers") == [("2601.00001",)]


async def test_the_address_may_come_without_being_seen_by_anybody(
    terminal: Terminal, database: Path, empty: PostgresAddress
) -> None:
    async with typing_at(terminal, "move") as screen:
        await screen.answer(PROMPT, f"{database.parent}/typed.db\n")
        code, said = await screen.end()
    assert code == 0, said
    assert "typed.db now has" in said
    terminal.environment["PAPERBOY_MOVE_TO"] = empty.url
    ended = await terminal.run("move")
    assert (ended.code, ended.err) == (0, ""), "no warning of an unknown setting"
    del terminal.environment["PAPERBOY_MOVE_TO"]
    unasked = await terminal.run("move")
    assert (unasked.code, unasked.err) == (2, f"{NO_TARGET}\n")


async def test_no_password_is_shown_whatever_is_wrong(terminal: Terminal, database: Path) -> None:
    async with RefusingServer("28P01", f"the password {PASSWORD} is wrong").serve() as server:
        rejected = await terminal.run("move", "--to", server.get_url(PASSWORD))
    away = await terminal.run("move", "--to", f"postgresql://ada:{PASSWORD}@127.0.0.1:{find_free_port()}/papers")
    malformed = await terminal.run("move", "--to", f"postgresql://ada:{PASSWORD}@db")
    assert [each.code for each in (rejected, away, malformed)] == [2, 1, 2]
    assert "the password in the new address is wrong" in rejected.err
    assert "can't be reached" in away.err
    for ended in (rejected, away, malformed):
        assert is_one_clear_line(ended), ended
        assert PASSWORD not in ended.out + ended.err
        assert "PAPERBOY_DATABASE" not in ended.err
    assert database.exists()


async def test_without_the_driver_it_says_how_to_install_it(terminal: Terminal, database: Path) -> None:
    shadow = database.parent / "shadow"
    shadow.mkdir()
    (shadow / "psycopg.py").write_text("raise ImportError(\"No module named 'psycopg'\")\n")
    terminal.environment["PYTHONPATH"] = f"{shadow}:{terminal.environment['PYTHONPATH']}"
    ended = await terminal.run("move", "--to", "postgresql://ada:hush@127.0.0.1/papers")
    assert (ended.code, is_one_clear_line(ended)) == (2, True)
    assert "requirements/postgres.txt" in ended.err


async def test_what_cannot_be_moved_is_one_clear_line(terminal: Terminal, database: Path) -> None:
    folder = terminal.folder
    (folder / "letter.txt").write_text("Dear reader, " * 100)
    said = {
        "paperboy.db": f"{database} is the database itself. Name another one with --to.",
        "letter.txt": f"{folder}/letter.txt is another program's file. Name one that does not exist with --to.",
        "no/new.db": f"{folder}/no is not a folder. Create it, or name a file in another one with --to.",
        ".": f"{folder} is a folder. Name a file in it with --to.",
    }
    for target, line in said.items():  # one after the other, as each locks the database
        ended = await terminal.run("move", "--to", target)
        assert (ended.code, ended.out, ended.err) == (2, "", f"{line}\n")
    with lock_database(database):
        running = await terminal.run("move", "--to", "new.db")
    assert (running.code, "Stop that one" in running.err) == (2, True)
    terminal.environment["PAPERBOY_DATABASE"] = "nothing.db"
    nothing = await terminal.run("move", "--to", "new.db")
    assert "so there is nothing to move. Set PAPERBOY_DATABASE." in nothing.err
    assert not (terminal.folder / "new.db").exists()


async def test_a_database_of_an_older_version_is_backed_up_and_migrated_first(
    terminal: Terminal, empty: PostgresAddress, tmp_path_factory: pytest.TempPathFactory
) -> None:
    oldest = min(VERSIONS)
    kept = unpack(oldest, tmp_path_factory.mktemp("kept"))
    shutil.copy(kept.path, terminal.folder / "paperboy.db")
    ended = await terminal.run("move", "--to", empty.url)
    assert ended.code == 0, ended.err
    assert len(list((terminal.folder / "backups").glob(f"*-schema-{oldest}.db"))) == 1
    assert query(empty, "SELECT count(*) FROM papers") == query(kept.path, "SELECT count(*) FROM papers")


async def test_ctrl_c_stops_it_in_one_line_and_leaves_everything_as_it_was(
    terminal: Terminal, database: Path, empty: PostgresAddress
) -> None:
    query(
        database,
        "WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers LIMIT 100000)"
        " INSERT INTO upvote_snapshots SELECT '2601.00001', 'at ' || number, 1 FROM numbers",
    )
    process = await terminal.start("move", "--to", empty.url)
    begun = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'COPY upvote%'"
    while process.returncode is None and query(empty, begun) == [(0,)]:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = await asyncio.wait_for(process.communicate(), LIMIT)
    assert (process.returncode, err.decode()) == (1, f"{STOPPED}\n")
    assert is_untouched(empty)
