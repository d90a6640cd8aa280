"""A deleted server: not a byte of it is left in the file, or in the WAL beside it."""

import asyncio
import os
import random
import shutil
import signal
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from bot.share import WHOLE
from bot.storage import Storage, database, open_storage, sqlite
from bot.storage.guilds import _delete_server
from bot.subscription.schedule import Run
from tests.support.builders import DAY, MORNING, build_settings, digest, paper, plan, query
from tests.support.paths import ROOT

pytestmark = pytest.mark.file

GUILD, CHANNEL, ROLE, ADMIN, MESSAGE = (random.Random("ids").getrandbits(60) | 1 << 59 for _ in range(5))
FILTER = "xylophonequux"
LIMIT = 300  # seconds that a process may take to end


async def furnish(storage: Storage) -> Mapping[str, bytes]:
    """Fill a server with data of every kind; returns the bytes by which each kind is recognised in the file."""
    wanted = build_settings(CHANNEL, ping_role_id=ROLE)
    wanted = replace(wanted, selection=replace(wanted.selection, filter=FILTER))
    await storage.guilds.record_join(GUILD, MORNING)
    known = await storage.subscriptions.add(GUILD, wanted, by=ADMIN, now=MORNING, next_run=Run(DAY, MORNING))
    await storage.drafts.add(GUILD, ADMIN, wanted, MORNING)
    await storage.notices.record_first_notice(GUILD, known.id, CHANNEL, MORNING)
    for number in range(12):
        day = DAY + timedelta(days=number)
        one = paper(f"2602.{number:05}", day=day)
        await storage.papers.record_list(day, [one], MORNING)
        delivery = await plan(storage, known, digest(one), run=Run(day, MORNING))
        assert delivery
        await storage.deliveries.record_arrival(delivery.id, 1, CHANNEL, MESSAGE + number, MORNING)
        await storage.deliveries.complete_delivery(delivery)
    await storage.deliveries.pack_old_runs(WHOLE, MORNING + timedelta(days=99))
    known = (await storage.subscriptions.list_for_server(GUILD))[0]
    changed = replace(wanted, selection=replace(wanted.selection, size=3))
    await storage.subscriptions.edit(known, changed, known.next_run, by=ADMIN, now=MORNING)
    ids = {"server": GUILD, "channel": CHANNEL, "role": ROLE, "admin": ADMIN}
    packed = await storage.database.fetch_rows("SELECT runs FROM past_runs")
    return {
        **{name: number.to_bytes(8) for name, number in ids.items()},
        **{f"{name} as text": str(number).encode() for name, number in ids.items() if name in {"channel", "role"}},
        "message": (MESSAGE + 11).to_bytes(8),
        "filter": FILTER.encode(),
        "past": packed[0]["runs"][20:60],
    }


def found(path: Path, marks: Mapping[str, bytes]) -> set[str]:
    """What of the server is in the file, or in what SQLite has beside it."""
    files = [each.read_bytes() for each in path.parent.glob(f"{path.name}*") if each.is_file()]
    return {name for name, mark in marks.items() if any(mark in each for each in files)}


async def forget(storage: Storage) -> None:
    await storage.guilds.record_leave(GUILD, MORNING)
    await storage.guilds.delete_server(GUILD)


def overwriting(monkeypatch: pytest.MonkeyPatch, switch: str) -> None:
    """Have SQLite overwrite what is deleted or not, however it was built."""
    pragmas = [each for each in sqlite._PRAGMAS if "secure_delete" not in each]
    monkeypatch.setattr(sqlite, "_PRAGMAS", (*pragmas, f"PRAGMA secure_delete = {switch}"))


async def test_no_byte_of_a_deleted_server_is_left(path: Path) -> None:
    async with open_storage(path) as storage:
        marks = await furnish(storage)
        assert found(path, marks) == set(marks)
        await forget(storage)
        assert found(path, marks) == set()
    assert found(path, marks) == set()


async def test_without_overwriting_everything_would_still_be_found(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overwriting(monkeypatch, "OFF")
    async with open_storage(path) as storage:
        marks = await furnish(storage)
        await forget(storage)
    assert found(path, marks) == set(marks)


async def test_every_connection_overwrites_what_it_deletes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect, opened = sqlite3.connect, list[sqlite3.Connection]()

    def off_by_default(*args: object, **options: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **options, check_same_thread=False)  # type: ignore[call-overload]
        connection.execute("PRAGMA secure_delete = OFF")
        opened.append(connection)
        return connection

    monkeypatch.setattr(sqlite3, "connect", off_by_default)
    async with open_storage(path):
        kept = opened[1:]  # the first, which has migrated the file, is closed
        assert [each.execute("PRAGMA secure_delete").fetchone()[0] for each in kept] == [1] * (1 + database.READERS)


async def test_while_somebody_reads_bytes_stay_in_the_wal_until_the_next_minute(path: Path) -> None:
    async with open_storage(path) as storage:
        marks = await furnish(storage)
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM subscriptions").fetchall()
            await forget(storage)
            await storage.database.clear_deleted(just_deleted=False)
            assert found(path, marks) == set(marks)
        await storage.database.clear_deleted(just_deleted=False)
        assert found(path, marks) == set()


async def test_a_bot_killed_after_deleting_a_server_leaves_no_byte_of_it_at_the_next_start(
    path: Path, tmp_path: Path
) -> None:
    async with open_storage(path) as storage:
        marks = await furnish(storage)
        await storage.guilds.record_leave(GUILD, MORNING)
        await storage.database.write(partial(_delete_server, guild_id=GUILD, left_before=None))
        (tmp_path / "killed").mkdir()
        for each in (path, path.with_name(f"{path.name}-wal")):
            shutil.copy(each, tmp_path / "killed")  # as the kill left them
    killed = tmp_path / "killed" / path.name
    assert found(killed, marks) == set(marks)
    async with open_storage(killed):
        assert found(killed, marks) == set()


async def leave_traces(path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, bytes]:
    """A server is forgotten, and copies of all of it are left behind."""
    with monkeypatch.context() as patch:
        overwriting(patch, "OFF")
        async with open_storage(path) as storage:
            marks = await furnish(storage)
            await forget(storage)
    assert found(path, marks) == set(marks)
    return marks


async def test_copies_that_were_left_behind_are_gone_after_the_following_night(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = await leave_traces(path, monkeypatch)
    async with open_storage(path) as storage:
        writes = [storage.guilds.record_join(each, MORNING) for each in range(1, 20)]
        await asyncio.gather(storage.database.rewrite(), *writes)
        assert found(path, marks) == set()
        assert query(path, "SELECT * FROM traces") == []
        assert query(path, "SELECT count(*) FROM guilds") == [(19,)]
    assert query(path, "PRAGMA integrity_check") == [("ok",)]


async def test_if_nothing_was_deleted_the_file_is_left_alone(path: Path) -> None:
    async with open_storage(path) as storage:
        await storage.database.rewrite()
        before = path.read_bytes()
        await storage.guilds.record_join(1, MORNING)
        await storage.database.rewrite()
        assert path.read_bytes() == before


REWRITE = """
import asyncio, logging, pathlib, resource, signal, sys
from bot.storage import open_storage
from tests.support import crashing

async def rewrite(path):
    async with open_storage(path) as storage:
        {first}
        await storage.database.rewrite()

logging.basicConfig()
asyncio.run(rewrite(pathlib.Path(sys.argv[1])))
"""


async def rewrite_in_a_process(path: Path, first: str) -> tuple[int | None, str]:
    """How it ended, and all it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", REWRITE.format(first=first), str(path)),
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        cwd=path.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(LIMIT):
        said, _ = await process.communicate()
    return process.returncode, said.decode()


def _die_at(sql: str) -> str:
    return f"await storage.database._writer.set_trace_callback(lambda each: {sql!r} in each and crashing._die())"


KILLS = {
    "before": _die_at("VACUUM"),
    "amid": "await storage.database._writer.set_progress_handler(crashing._die, 200)",
    "after": _die_at("DELETE FROM traces"),
    "before the WAL is emptied": "storage.database._empty_wal = crashing._die",
}


@pytest.mark.parametrize("kill", KILLS.values(), ids=KILLS.keys())
async def test_a_bot_killed_while_it_rewrites_its_file_does_it_again_and_loses_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch, kill: str
) -> None:
    marks = await leave_traces(path, monkeypatch)
    code, said = await rewrite_in_a_process(path, kill)
    assert code == -signal.SIGKILL, said
    async with open_storage(path) as storage:
        assert len(await storage.papers.get([f"2602.{number:05}" for number in range(12)])) == 12
        await storage.database.rewrite()
        assert found(path, marks) == set()
    assert query(path, "PRAGMA integrity_check") == [("ok",)]


async def test_without_room_to_rewrite_the_file_it_is_left_as_it_is_and_that_is_logged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await leave_traces(path, monkeypatch)
    no_room = "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))"
    code, said = await rewrite_in_a_process(path, no_room)
    assert (code, len(said.splitlines())) == (0, 1), said
    assert "could not be rewritten" in said
    assert len(query(path, "SELECT * FROM traces")) == 2
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
