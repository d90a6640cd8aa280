"""What tests of several processes share: four shards, and servers and people of every kind."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.cluster import Cluster


@pytest.fixture
async def cluster(postgres_url: str, tmp_path: Path) -> AsyncIterator[Cluster]:
    """A Discord with four shards, and a database; no process yet."""
    async with Cluster(postgres_url, tmp_path, 4).serve() as opened:
        yield opened
        opened.show_logs()
