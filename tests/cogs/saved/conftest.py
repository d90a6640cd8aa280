"""A member who saved three of the archive's four papers."""

import pytest

from bot.demo.papers_server import PapersServer
from tests.support.builders import DAY
from tests.support.lookups import LIBRARY
from tests.support.saved import annotate, save
from tests.support.server import Server


@pytest.fixture
async def library(server: Server, papers_server: PapersServer) -> Server:
    papers_server.lists = {DAY: LIBRARY}
    await server.read_lists()
    return server


@pytest.fixture
async def with_saved(library: Server) -> Server:
    """The first paper was saved first; the second is read, and has a note and tags; the third was saved last."""
    await save(library, 1)
    library.clock.advance(minutes=1)
    await annotate(library, 2, "Compare the samplers with ours", ["thesis", "To do"])
    await library.bot.services.storage.saved_papers.mark_read(library.member.id, "2601.00002", library.clock.now)
    library.clock.advance(minutes=1)
    await save(library, 3)
    return library
