"""Processes are killed, or the database is away: every digest comes, once."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from tests.support.cluster import MIXED, Cluster
from tests.support.database_proxy import DatabaseProxy


async def test_six_kills_of_two_processes_cost_and_double_no_digest(cluster: Cluster) -> None:
    await cluster.add(MIXED)
    members, chance = [cluster.start("0-1/4"), cluster.start("2-3/4")], random.Random(7)
    await cluster.until_identified(4)
    cluster.wire.slowness = 0.2
    subscribing = asyncio.create_task(cluster.subscribe())
    for number in range(1, 7):
        await cluster.until_posted(5 * number)
        victim = chance.choice(members)
        await victim.kill()
        victim.restart()
    await subscribing
    await cluster.until_done()
    await cluster.stop_all()
    await cluster.assert_each_once()


@pytest.fixture
async def proxy(postgres_url: str) -> AsyncIterator[DatabaseProxy]:
    proxy = DatabaseProxy(postgres_url)
    async with proxy.serve():
        yield proxy


async def test_while_the_database_is_away_nothing_is_sent_and_afterwards_everything_once(
    cluster: Cluster, proxy: DatabaseProxy
) -> None:
    await cluster.add(MIXED)
    for shards in ("0-1/4", "2-3/4"):
        cluster.start(shards, url=proxy.proxied_url)
    await cluster.until_identified(4)
    cluster.wire.slowness = 0.5
    subscribing = asyncio.create_task(cluster.subscribe())
    await cluster.until_posted(5)
    proxy.cut()
    await subscribing
    await asyncio.sleep(3)  # for what is on its way
    posted = cluster.count_posted()
    await asyncio.sleep(3)
    assert cluster.count_posted() == posted < len(cluster.guilds)
    proxy.mend()
    await cluster.until_done()
    await cluster.stop_all()
    await cluster.assert_each_once()
