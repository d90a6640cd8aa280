"""A full disk: the bot stays up, says so once, and goes on by itself when there is room again."""

import asyncio
import logging
import resource
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from bot.refusals import Refusal
from bot.storage import DiskFull, Storage, sqlite
from tests.support.bot_process import DUE, Child, World
from tests.support.builders import DAY, MORNING, entry, explain, paper
from tests.support.crashing import TICKED
from tests.support.wire import Fault

pytestmark = pytest.mark.file

OLD = "2512.00001"  # a paper that the archive lacks


def fill(child: Child) -> None:
    """From now on the child cannot write to any file."""
    _, hard = resource.prlimit(child.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(child.process.pid, resource.RLIMIT_FSIZE, (0, hard))


def make_room(child: Child) -> None:
    _, hard = resource.prlimit(child.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(child.process.pid, resource.RLIMIT_FSIZE, (hard, hard))


@asynccontextmanager
async def papers_held(world: World) -> AsyncIterator[Callable[[], None]]:
    """The papers API answers no list until the function that this gives is called."""
    free = asyncio.Event()
    world.papers.meanwhile = free.wait
    try:
        yield free.set
    finally:
        free.set()


async def test_a_full_disk_is_logged_when_it_begins_and_ends_and_the_bot_keeps_running(world: World) -> None:
    world.papers.lists = {**world.papers.lists, DAY - timedelta(days=20): [entry(OLD)]}
    async with world.child(DUE) as child, papers_held(world) as let_go:
        await world.wire.gateway.arrivals.get()
        fill(child)
        let_go()
        for _ in range(5):
            await child.tick()
        body = await world.wire.command(world.channel, "paper show", paper=OLD)
        assert body["data"]["content"] == explain(Refusal.DISK_FULL)
        assert world.channel.messages == []
        make_room(child)
        while not world.channel.messages:
            await child.tick()
        body = await world.wire.command(world.channel, "paper show", paper=OLD)
        assert OLD in str(body["data"]["components"])
        said = await child.stop()
    assert "Traceback" not in said
    full, room = [line for line in said.splitlines() if "INFO " not in line and line != TICKED]
    assert "the disk is full (" in full
    assert "the disk has room again" in room
    await world.assert_arrived_once()


async def test_a_digest_comes_once_even_if_the_disk_is_full_after_it_arrived(world: World) -> None:
    async with world.child(DUE) as child:

        async def fill_it() -> None:
            fill(child)

        world.wire.post_faults.append(Fault(200, created=True, meanwhile=fill_it))
        while not world.channel.messages:
            await child.tick()
        await child.tick()
        make_room(child)
        await child.tick()
        await child.tick()
        assert "Traceback" not in await child.stop()
    await world.assert_arrived_once()


async def test_a_start_on_a_full_disk_ends_with_one_clear_line(world: World) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # the child inherits it
    try:
        async with world.child(DUE) as child:
            code, said = await child.end()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "Traceback" not in said
    assert code == 2
    problem = f"{world.database} can't be used as Paperboy's database (disk I/O error). Check that its folder exists"
    assert said.splitlines()[-1].startswith(problem)


async def test_a_write_that_finds_no_room_changes_nothing_and_is_logged_once(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    writer: Any = storage.papers._database._writer
    await writer.execute("PRAGMA max_page_count = 1")  # no more than there are
    many = [paper(f"2601.{number:05}", abstract="word " * 200) for number in range(200)]
    for _ in range(3):
        with pytest.raises(DiskFull):
            await storage.papers.record_list(DAY, many, MORNING)
    assert await storage.papers.get([many[0].id]) == []
    await writer.execute("PRAGMA max_page_count = 1000000")
    for _ in range(3):
        await storage.papers.record_list(DAY, many, MORNING)
    assert len(await storage.papers.get([each.id for each in many])) == 200
    (full, room) = caplog.records
    assert (full.levelno, room.levelno) == (logging.ERROR, logging.WARNING)
    assert full.getMessage().startswith("the disk is full (database or disk is full)")
    assert room.getMessage().startswith("the disk has room again")


async def test_a_small_write_that_still_fits_does_not_mean_that_there_is_room_again(
    storage: Storage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "ENOUGH_SPACE", 2**62)
    writer: Any = storage.papers._database._writer
    await writer.execute("PRAGMA max_page_count = 1")
    many = [paper(f"2601.{number:05}", abstract="word " * 200) for number in range(200)]
    for _ in range(3):
        with pytest.raises(DiskFull):
            await storage.papers.record_list(DAY, many, MORNING)
        await storage.guilds.record_join(1, MORNING)
    assert [each.getMessage()[:16] for each in caplog.records] == ["the disk is full"]
