"""A panel that an admin has just opened."""

import pytest

from tests.support.panel import Panel, open_panel
from tests.support.server import Server


@pytest.fixture
async def panel(server: Server) -> Panel:
    """For a new subscription, while seven papers of last week are known."""
    await server.read_lists()
    return await open_panel(server)
