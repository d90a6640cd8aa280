"""A panel that an admin has just opened."""

import pytest

from tests.support.panel import Panel, open_panel
from tests.support.server import Server


@pytest.fixture
async def panel(server: Server) -> Panel:
    """For a new subscription; the archive has seven papers from last week."""
    await server.read_lists()
    return await open_panel(server)
