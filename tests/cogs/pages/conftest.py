"""An archive of more papers than fit on a page."""

import pytest

from bot.demo.papers_server import PapersServer
from tests.support.builders import DAY, entries
from tests.support.server import Server


@pytest.fixture
async def library(server: Server, papers_server: PapersServer) -> Server:
    """Twelve papers, which all match `paper`."""
    papers_server.lists = {DAY: entries(12)}
    await server.read_lists()
    return server
