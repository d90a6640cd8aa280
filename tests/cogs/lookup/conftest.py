"""An archive of four papers to look up."""

import pytest

from bot.demo.papers_server import PapersServer
from tests.support.builders import DAY
from tests.support.lookups import LIBRARY
from tests.support.server import Server


@pytest.fixture
async def library(server: Server, papers_server: PapersServer) -> Server:
    papers_server.lists = {DAY: LIBRARY}
    await server.read_lists()
    return server
