"""Searches that are too long for a button: stored for a while, and never too many."""

from datetime import timedelta

from bot.storage import MAX_INLINE_QUERY, QUERIES_KEPT_FOR, Storage, get_query_key
from tests.support.builders import MORNING

LONG = "q" * (MAX_INLINE_QUERY + 1)


async def test_a_long_query_is_found_by_its_key_and_a_short_one_is_not_stored(storage: Storage) -> None:
    queries = storage.stored_queries
    await queries.store([LONG, LONG[:-1]], MORNING)
    assert await queries.find(get_query_key(LONG), MORNING) == LONG
    assert await queries.find(get_query_key(LONG[:-1]), MORNING) is None


async def test_a_query_that_is_not_used_any_more_is_deleted(storage: Storage) -> None:
    queries = storage.stored_queries
    await queries.store([LONG], MORNING)
    await queries.store([LONG + "r"], MORNING)
    assert await queries.find(get_query_key(LONG), MORNING + timedelta(days=2)) == LONG
    await queries.delete_old(MORNING + QUERIES_KEPT_FOR + timedelta(days=1))
    assert await queries.find(get_query_key(LONG), MORNING) == LONG
    assert await queries.find(get_query_key(LONG + "r"), MORNING) is None


async def test_of_too_many_queries_those_not_used_for_longest_make_room(storage: Storage) -> None:
    queries = storage.stored_queries
    await queries.store([LONG, *(f"{LONG}{n}" for n in range(1999))], MORNING)
    later = MORNING + timedelta(days=2)
    assert await queries.find(get_query_key(LONG), later)
    await queries.store([f"{LONG}new{n}" for n in range(1000)], later)
    ((count,),) = await storage.papers._database.fetch_rows("SELECT count(*) FROM stored_queries")
    assert count == 2000
    assert await queries.find(get_query_key(LONG), later)
    assert await queries.find(get_query_key(f"{LONG}new999"), later)


async def test_what_no_text_should_contain_is_stored_too(storage: Storage) -> None:
    odd = f"{LONG}'\";--%_"
    await storage.stored_queries.store([odd], MORNING)
    assert await storage.stored_queries.find(get_query_key(odd), MORNING) == odd
