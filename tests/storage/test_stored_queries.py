"""Searches that are too long for a button: stored for a while, and never too many."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from bot.storage import MAX_INLINE_QUERY, QUERIES_KEPT_FOR, Storage, get_query_key
from tests.support.builders import MORNING

LONG = "q" * (MAX_INLINE_QUERY + 1)


async def test_a_long_query_is_found_by_its_key_and_a_short_one_is_not_stored(storage: Storage) -> None:
    queries = storage.stored_queries
    await queries.store([LONG, LONG[:-1]], MORNING)
    assert await queries.find(get_query_key(LONG)) == LONG
    assert await queries.find(get_query_key(LONG[:-1])) is None


async def test_a_query_that_is_not_used_any_more_is_deleted(storage: Storage) -> None:
    queries = storage.stored_queries
    await queries.store([LONG], MORNING)
    await queries.store([LONG + "r"], MORNING)
    await queries.store([LONG], MORNING + timedelta(days=2))  # used once more
    await queries.delete_old(MORNING + QUERIES_KEPT_FOR + timedelta(days=1))
    assert await queries.find(get_query_key(LONG)) == LONG
    assert await queries.find(get_query_key(LONG + "r")) is None


async def test_of_too_many_queries_those_not_used_for_longest_make_room(storage: Storage) -> None:
    queries = storage.stored_queries
    await queries.store([LONG, *(f"{LONG}{n}" for n in range(1999))], MORNING)
    later = MORNING + timedelta(days=2)
    await queries.store([LONG], later)
    await queries.store([f"{LONG}new{n}" for n in range(1000)], later)
    ((count,),) = await storage.papers._database.fetch_rows("SELECT count(*) FROM stored_queries")
    assert count == 2000
    assert await queries.find(get_query_key(LONG))
    assert await queries.find(get_query_key(f"{LONG}new999"))


async def test_what_no_text_should_contain_is_stored_too(storage: Storage) -> None:
    odd = f"{LONG}'\";--%_"
    await storage.stored_queries.store([odd], MORNING)
    assert await storage.stored_queries.find(get_query_key(odd)) == odd


async def test_a_query_that_was_used_lately_needs_no_write_and_a_locked_database_no_waiting(
    storage: Storage, tmp_path: Path
) -> None:
    await storage.stored_queries.store([LONG], MORNING)
    with closing(sqlite3.connect(tmp_path / "paperboy.db", isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        await storage.stored_queries.store([LONG], MORNING + timedelta(hours=1))
        assert await storage.stored_queries.find(get_query_key(LONG)) == LONG
