"""What tests of all commands share."""

import pytest

from tests.support.server import Server


@pytest.fixture
async def ready(server: Server) -> Server:
    """With one subscription and a filled archive."""
    await server.subscribe()
    await server.read_lists()
    return server
