"""Two processes on one PostgreSQL switch the same server's feed at the same moment."""

import asyncio
from collections.abc import Sequence

from bot.storage import ServerFeed, Storage
from tests.support.builders import MORNING

ROUNDS = 20
SERVER = 5
OLD = ServerFeed(SERVER, "old", MORNING)


async def test_two_admins_who_switch_a_feed_on_at_once_get_the_same_address(processes: Sequence[Storage]) -> None:
    for number in range(ROUNDS):
        await asyncio.gather(
            *(each.server_feeds.add(SERVER, f"{number}-{process}", MORNING) for process, each in enumerate(processes))
        )
        feeds = [await each.server_feeds.get(SERVER) for each in processes]
        assert feeds[0]
        assert feeds[0] == feeds[1]
        await processes[0].server_feeds.delete(feeds[0])


async def test_of_two_new_addresses_at_once_one_is_made(processes: Sequence[Storage]) -> None:
    for number in range(ROUNDS):
        await processes[0].server_feeds.add(SERVER, OLD.key, MORNING)
        keys = [f"{number}-{process}" for process in range(2)]
        is_made = await asyncio.gather(
            *(each.server_feeds.replace_key(OLD, key, MORNING) for each, key in zip(processes, keys, strict=True))
        )
        feed = await processes[0].server_feeds.get(SERVER)
        assert feed
        assert feed.key == keys[is_made.index(True)]
        assert sorted(is_made) == [False, True]
        await processes[0].server_feeds.delete(feed)


async def test_a_feed_that_is_switched_off_does_not_come_back_by_a_new_address(processes: Sequence[Storage]) -> None:
    for _ in range(ROUNDS):
        await processes[0].server_feeds.add(SERVER, OLD.key, MORNING)
        is_new, is_off = await asyncio.gather(
            processes[0].server_feeds.replace_key(OLD, "new", MORNING), processes[1].server_feeds.delete(OLD)
        )
        assert is_new != is_off  # whoever came second saw that, and is shown what is there
        feed = await processes[0].server_feeds.get(SERVER)
        assert (feed.key if feed else None) == ("new" if is_new else None)
        if feed:
            await processes[0].server_feeds.delete(feed)
