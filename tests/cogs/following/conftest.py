"""A server whose archive has papers by two authors."""

import pytest

from tests.support.builders import DAY
from tests.support.following import LECUN, NOETHER, list_papers
from tests.support.papers_server import Papers
from tests.support.server import Server


@pytest.fixture
async def library(server: Server, papers_server: Papers) -> Server:
    """With four papers by LeCun and three by Noether."""
    list_papers(papers_server, DAY, 1, [LECUN, NOETHER] * 3 + [LECUN])
    await server.read_lists()
    return server
