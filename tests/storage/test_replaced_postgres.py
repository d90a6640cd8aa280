"""Another database in the place of the one that the bot last used: nothing that it lacks comes twice."""

from datetime import timedelta

import psycopg

from bot.database_address import PostgresAddress
from bot.share import WHOLE
from bot.storage import open_storage
from tests.support.builders import MORNING, subscribe
from tests.support.postgres import create_database

LATER = MORNING + timedelta(minutes=5)


async def look_into(url: str) -> tuple[bool, int, str, int]:
    """Whether it was marked as restored, the channels to search, the archive's id, and the last of a subscription."""
    async with open_storage(PostgresAddress(url)) as storage:
        is_marked = await storage.restored.mark_if_replaced(LATER)
        searched = len(await storage.restored.list_channels(WHOLE))
        last = await storage.database.read(lambda connection: connection.get_last_id("subscriptions"))
        return is_marked, searched, await storage.papers.get_archive_id(), last


async def use(url: str) -> str:
    """The bot uses a database for the first time; returns the archive's id."""
    async with open_storage(PostgresAddress(url)) as storage:
        assert not await storage.restored.mark_if_replaced(MORNING)
        await subscribe(storage)
        return await storage.papers.get_archive_id()


async def test_the_database_that_was_last_used_is_not_searched(postgres_url: str) -> None:
    archive = await use(postgres_url)
    for _ in range(2):
        assert await look_into(postgres_url) == (False, 0, archive, 1)


async def test_a_copy_in_its_place_is_searched_once_and_indexes_are_made_again(
    postgres_server: str, postgres_url: str
) -> None:
    archive = await use(postgres_url)
    with create_database(postgres_server, PostgresAddress(postgres_url).name) as copy:
        is_marked, searched, other, last = await look_into(copy)
        assert (is_marked, searched) == (True, 1)
        assert other != archive
        assert last > 1000
        assert (await look_into(copy))[0] is False


async def test_after_another_server_took_over_ids_go_on_until_something_is_found(postgres_url: str) -> None:
    archive = await use(postgres_url)
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("UPDATE schema SET identity = split_part(identity, ' ', 1) || ' 0'")
    assert await look_into(postgres_url) == (True, 1, archive, 1)
