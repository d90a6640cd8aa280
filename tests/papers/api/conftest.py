"""A papers API that fails as a test wants it."""

from collections.abc import AsyncIterator

import pytest

from tests.support.faulty_papers import FaultyServer


@pytest.fixture
def papers_server() -> FaultyServer:
    return FaultyServer()


@pytest.fixture
async def base_url(papers_server: FaultyServer) -> AsyncIterator[str]:
    async with papers_server.serve() as url:
        yield url
