"""Beside a running bot, and after one was killed: the doctor sees what is there, and changes nothing."""

import asyncio
import sqlite3
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta

import pytest
from aiohttp import web

from bot.clock import system_clock
from bot.database_lock import is_seen_running
from bot.doctor import CHECKS, database
from bot.findings import Kind
from bot.storage.database import to_iso
from tests.support.doctor import LIMIT, SetUp, list_problems
from tests.support.paths import ROOT
from tests.support.ports import answering, find_free_port

DATABASE_CHECKS = [each for each in CHECKS if each.name in {"database", "integrity", "work", "index"}]
HTTP_CHECK = [each for each in CHECKS if each.name == "http"]
OVERDUE = f"UPDATE subscriptions SET next_run_at = '{to_iso(system_clock() - timedelta(days=1))}'"
HOLD = """
import sqlite3, sys
connection = sqlite3.connect("paperboy.db", isolation_level=None)
connection.execute("PRAGMA wal_autocheckpoint = 0")
connection.execute(sys.argv[1])
print("written", flush=True)
sys.stdin.read()
"""


@asynccontextmanager
async def served_on_a_port(status: int, text: str) -> AsyncIterator[int]:
    """A port of this machine on which everything is answered like that."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=text, content_type="application/json")

    async with answering(answer) as port:
        yield port


@asynccontextmanager
async def held_open(set_up: SetUp, sql: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Another process has the database open, and has written something that is only in the WAL."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLD, sql), cwd=set_up.folder, env={"PYTHONPATH": str(ROOT)}, stdin=PIPE, stdout=PIPE
    )
    assert process.stdout
    assert await asyncio.wait_for(process.stdout.readline(), LIMIT) == b"written\n"
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_nothing_is_found_and_nothing_changed_beside_a_healthy_bot(set_up: SetUp) -> None:
    assert not is_seen_running(set_up.database)
    async with set_up.running_bot():
        assert is_seen_running(set_up.database)
        examined = await set_up.examine()
    assert list_problems(examined) == {}
    assert Kind.RUNNING_FINE in {finding.kind for each in examined for finding in each.findings}


async def test_a_bot_that_does_nothing_is_found_by_what_is_left_undone(set_up: SetUp) -> None:
    async with set_up.running_bot():
        set_up.change(OVERDUE)
        set_up.change(f"UPDATE captures SET captured_at = '{to_iso(system_clock() - timedelta(hours=9))}'")
        set_up.set("PAPERBOY_HTTP_PORT", 9)
        problems = list_problems(await set_up.examine())
    assert set(problems) == {Kind.RUNS_OVERDUE, Kind.ARCHIVE_BEHIND, Kind.HTTP_SILENT}


async def test_a_bot_at_work_says_on_its_port_that_it_is_well(set_up: SetUp) -> None:
    set_up.set("PAPERBOY_HTTP_PORT", find_free_port())
    async with set_up.running_bot(frozen=False):
        while True:
            problems = list_problems(await set_up.examine(is_still=False))
            if Kind.HTTP_NOT_READY not in problems:  # it has just been started
                break
    assert problems == {}


async def test_blocked_servers_and_people_are_no_overdue_work(set_up: SetUp) -> None:
    set_up.change(OVERDUE)
    set_up.set("PAPERBOY_BLOCKED_SERVERS", set_up.guild.id)
    assert list_problems(await set_up.examine()) == {}


async def test_after_a_kill_it_reads_what_is_only_in_the_wal(set_up: SetUp) -> None:
    async with held_open(set_up, OVERDUE) as process:
        assert set(list_problems(await set_up.examine(DATABASE_CHECKS))) == {Kind.RUNS_WAITING}
        process.kill()
        await process.wait()
        assert (set_up.folder / "paperboy.db-wal").stat().st_size
        assert set(list_problems(await set_up.examine(DATABASE_CHECKS))) == {Kind.RUNS_WAITING}


async def test_a_database_that_was_copied_with_its_wal_is_read_with_it(set_up: SetUp) -> None:
    async with held_open(set_up, OVERDUE) as process:
        process.kill()
        await process.wait()
    (set_up.folder / "paperboy.db-shm").unlink()
    assert set(list_problems(await set_up.examine(DATABASE_CHECKS))) == {Kind.RUNS_WAITING}


async def test_a_wal_that_nobody_empties_is_found(set_up: SetUp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LARGE_WAL", 0)
    async with held_open(set_up, "UPDATE papers SET abstract = hex(randomblob(100000))"):
        assert set(list_problems(await set_up.examine(DATABASE_CHECKS))) == {Kind.WAL_LARGE}


async def test_while_somebody_writes_it_waits_for_nobody(set_up: SetUp) -> None:
    with closing(sqlite3.connect(set_up.database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(OVERDUE)
        assert list_problems(await set_up.examine(DATABASE_CHECKS)) == {}
        connection.rollback()


async def test_what_the_bot_says_of_itself_is_told(set_up: SetUp) -> None:
    answer = '{"problems": [{"kind": "database_silent", "text": "The database did not answer."}]}'
    async with served_on_a_port(503, answer) as port:
        set_up.set("PAPERBOY_HTTP_PORT", port)
        problems = list_problems(await set_up.examine(HTTP_CHECK))
    assert set(problems) == {Kind.HTTP_NOT_READY}
    assert problems[Kind.HTTP_NOT_READY].facts["detail"] == "The database did not answer."


@pytest.mark.parametrize("answer", ["<html>", "[]", '"ready"'])
async def test_another_program_on_the_port_is_not_taken_for_the_bot(set_up: SetUp, answer: str) -> None:
    async with served_on_a_port(200, answer) as port:
        set_up.set("PAPERBOY_HTTP_PORT", port)
        assert set(list_problems(await set_up.examine(HTTP_CHECK))) == {Kind.HTTP_PORT_TAKEN}
