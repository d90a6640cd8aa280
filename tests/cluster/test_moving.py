"""The bot moves from its file to a PostgreSQL, and back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.builders import tables
from tests.support.cluster import DUE, MIXED, Cluster
from tests.support.crashing import RunningClock


@pytest.fixture
async def cluster(postgres_url: str, tmp_path: Path) -> AsyncIterator[Cluster]:
    """Papers for three days, and a bot that has a file."""
    cluster = Cluster(postgres_url, tmp_path, 4, days=3)
    cluster.database = str(tmp_path / "paperboy.db")
    async with cluster.serve():
        yield cluster
        cluster.show_logs()


async def pass_day(cluster: Cluster, number: int, *shards: str) -> None:
    """Processes with these shards send what is due that day."""
    cluster.wire.clock = RunningClock(DUE + timedelta(days=number))
    for each in shards:
        cluster.start(each, at=f"{number}-")
    await cluster.until_done()
    await cluster.stop_all()


async def test_a_bot_moves_to_postgres_grows_and_moves_back_without_losing_or_repeating_a_digest(
    cluster: Cluster, tmp_path: Path
) -> None:
    await cluster.add(MIXED)
    await cluster.subscribe()
    await pass_day(cluster, 0, "")
    before = tables(tmp_path / "paperboy.db")
    await cluster.move(cluster.url)
    await cluster.move(str(tmp_path / "there-and-back.db"))
    assert tables(tmp_path / "there-and-back.db") == before
    cluster.database = cluster.url
    await pass_day(cluster, 1, "0-1/4", "2-3/4")
    await cluster.move(str(tmp_path / "later.db"))
    await pass_day(cluster, 2, "")
    await cluster.assert_each_once()
