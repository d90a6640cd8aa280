"""A damaged database: nothing more is read or written, and the bot stops with a line that says what to do."""

import asyncio
from pathlib import Path

import pytest

from bot.layouts.terminal import describe_database_problem
from bot.storage import DatabaseProblem, DatabaseUnusable, Storage, open_storage
from tests.support.bot_process import DUE, World
from tests.support.builders import DAY, MORNING, paper, query, subscribe
from tests.support.damage import damage

pytestmark = pytest.mark.file

TWO_PAPERS = [paper("2601.00001"), paper("2601.00002")]


async def fill(path: Path) -> None:
    async with open_storage(path) as storage:
        await subscribe(storage)
        await storage.papers.record_list(DAY, TWO_PAPERS, MORNING)


def assert_says_what_to_do(code: int, said: str, database: Path) -> None:
    assert code == 2, said
    assert "Traceback" not in said
    (line,) = [line for line in said.splitlines() if "is damaged" in line]
    assert line == said.splitlines()[-1]
    for part in (
        f"{database} is damaged (",
        "the latest backup",
        f"sqlite3 {database} .recover",
        "`paperboy backfill`",
    ):
        assert part in line


async def test_a_bot_that_meets_a_damaged_page_while_it_runs_stops_with_one_clear_line(world: World) -> None:
    async with world.child(DUE) as child:
        await child.tick()
        damage(world.database, "subscriptions", "deliveries")
        query(world.database, "INSERT INTO traces DEFAULT VALUES")  # any write makes the bot read all pages again
        assert_says_what_to_do(*await child.end(), world.database)


async def test_damage_that_nothing_has_read_yet_is_found_after_the_start(world: World) -> None:
    damage(world.database, "drafts", "notices")
    async with world.child(DUE) as child:
        assert_says_what_to_do(*await child.end(), world.database)


async def test_a_start_that_needs_the_damaged_page_says_the_same(world: World) -> None:
    damage(world.database, "archive", "papers")
    async with world.child(DUE) as child:
        assert_says_what_to_do(*await child.end(), world.database)


async def meet_damage(storage: Storage) -> DatabaseUnusable:
    with pytest.raises(DatabaseUnusable) as refused:
        await storage.subscriptions.get(1)
    return refused.value


async def test_once_damage_is_found_nothing_is_read_or_written(path: Path) -> None:
    await fill(path)
    damage(path, "subscriptions")
    async with open_storage(path) as storage:
        assert await storage.papers.get(["2601.00001"])
        assert (await meet_damage(storage)).problem is DatabaseProblem.DAMAGED
        await asyncio.wait_for(storage.database.wait_for_damage(), 60)
        with pytest.raises(DatabaseUnusable):
            await storage.papers.get(["2601.00001"])
        with pytest.raises(DatabaseUnusable):
            await storage.guilds.record_join(1, MORNING)
    assert query(path, "SELECT count(*) FROM guilds") == [(0,)]


async def test_a_transaction_that_meets_damage_fails_with_all_that_share_its_commit_or_come_later(
    path: Path,
) -> None:
    await fill(path)
    damage(path, "subscriptions")
    async with open_storage(path) as storage:
        meeting = storage.guilds.record_leave(1, MORNING)  # it pauses the server's subscriptions
        works = [
            storage.guilds.record_join(2, MORNING),
            meeting,
            *(storage.guilds.record_join(each, MORNING) for each in range(3, 9)),
        ]
        outcomes = await asyncio.gather(*works, return_exceptions=True)
    assert all(isinstance(each, DatabaseUnusable) for each in outcomes), outcomes
    assert query(path, "SELECT id FROM guilds") == []


async def test_a_check_of_a_sound_file_finds_nothing_and_holds_nothing_up(path: Path) -> None:
    await fill(path)
    async with open_storage(path) as storage:
        checks = asyncio.gather(*(storage.database.check_integrity() for _ in range(3)))
        assert await storage.guilds.record_join(1, MORNING)
        assert await storage.papers.get(["2601.00001"])
        await checks


async def test_a_check_that_is_stopped_does_no_harm(path: Path) -> None:
    await fill(path)
    async with open_storage(path) as storage:
        for turns in range(12):
            check = asyncio.create_task(storage.database.check_integrity())
            for _ in range(turns):
                await asyncio.sleep(0)
            check.cancel()
            await asyncio.wait({check})
        await storage.database.check_integrity()
        assert await storage.guilds.record_join(1, MORNING)


async def test_a_check_finds_damage_that_nothing_has_read_yet(path: Path) -> None:
    await fill(path)
    damage(path, "past_runs")
    async with open_storage(path) as storage:
        with pytest.raises(DatabaseUnusable, match="damaged"):
            await storage.database.check_integrity()
        assert (await meet_damage(storage)).problem is DatabaseProblem.DAMAGED


async def test_a_file_that_was_cut_in_half_is_called_damaged(path: Path) -> None:
    await fill(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DatabaseUnusable) as refused:
        async with open_storage(path) as storage:
            await storage.database.check_integrity()
    assert "is damaged" in describe_database_problem(refused.value)
