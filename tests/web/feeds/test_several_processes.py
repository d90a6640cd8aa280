"""A server's feed is switched in one process and read from the port of another, on one PostgreSQL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.app import Services
from bot.database_address import PostgresAddress
from bot.papers.api import PapersAPI
from bot.web import feed_maker
from tests.support.builders import MORNING, Clock
from tests.support.feeds import serving_feeds
from tests.support.shares import FIRST_HALF, SECOND_HALF, build_id, open_share

SERVER = build_id(1, 4, 5)  # of the first half


@pytest.fixture
async def processes(
    postgres_address: PostgresAddress, api: PapersAPI, clock: Clock, tmp_path: Path
) -> AsyncIterator[Sequence[Services]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(open_share(postgres_address, api, clock, share, tmp_path))
            for share in (FIRST_HALF, SECOND_HALF)
        ]


async def test_a_feed_is_read_from_any_process_and_ends_in_all_at_once(
    processes: Sequence[Services], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although each keeps the feeds that it has made for a minute."""
    monkeypatch.setattr(feed_maker, "FRESH_FOR", 60)
    first, second = processes
    switching = first.storage.server_feeds
    await first.storage.guilds.record_join(SERVER, MORNING)
    async with serving_feeds(second) as feeds:

        async def ask(key: str) -> int:
            return (await feeds.get(f"/feeds/servers/{key}.atom")).status

        assert await ask("key") == 404
        await switching.add(SERVER, "key", MORNING)
        assert [await ask("key") for _ in range(2)] == [200, 200]
        feed = await switching.get(SERVER)
        assert feed
        await switching.replace_key(feed, "newer", MORNING)
        assert [await ask("key"), await ask("newer")] == [404, 200]
        feed = await switching.get(SERVER)
        assert feed
        await switching.delete(feed)
        assert [await ask("key"), await ask("newer")] == [404, 404]
