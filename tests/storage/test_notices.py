"""Notices: a server is told once."""

import asyncio

import pytest

from bot.digest import Digest
from bot.storage import Storage
from tests.support.builders import DAY, MORNING, digest, paper, plan, send, subscribe
from tests.support.subscriptions import LATER

pytestmark = pytest.mark.usefixtures("the_file_is_sound")

A = paper("2601.00001", upvotes=1)


async def recorded(storage: Storage) -> Digest:
    await storage.papers.record_list(DAY, [A], MORNING)
    return digest(A)


class TestNotices:
    async def test_a_server_is_told_of_a_problem_once(self, storage: Storage) -> None:
        first = storage.notices.record_first_notice
        assert await first(1, 1, 5, MORNING)
        assert not await first(1, 1, 5, LATER)
        assert await first(1, 2, 6, MORNING)
        assert await first(2, 3, 5, MORNING)

    async def test_tasks_that_tell_a_server_at_once_tell_it_once(self, storage: Storage) -> None:
        tries = (storage.notices.record_first_notice(1, 1, 5, MORNING) for _ in range(10))
        assert sum(await asyncio.gather(*tries)) == 1

    async def test_a_server_is_told_again_after_a_digest_of_the_subscription_arrived(self, storage: Storage) -> None:
        everything = await recorded(storage)
        known, neighbour = [await plan(storage, await subscribe(storage), everything) for _ in range(2)]
        assert known
        assert neighbour
        for subscription_id, channel_id in ((known.subscription_id, 5), (98, 6)):
            await storage.notices.record_first_notice(1, subscription_id, channel_id, MORNING)
        await send(storage, neighbour)
        assert not await storage.notices.record_first_notice(1, known.subscription_id, 5, LATER)
        await send(storage, known)
        assert await storage.notices.record_first_notice(1, known.subscription_id, 5, LATER)
        assert not await storage.notices.record_first_notice(1, 98, 6, LATER)

    async def test_a_channel_with_two_subscriptions_is_reported_once(self, storage: Storage) -> None:
        assert await storage.notices.record_first_notice(1, 1, 5, MORNING)
        assert not await storage.notices.record_first_notice(1, 2, 5, LATER)
