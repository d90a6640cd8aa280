"""A terminal and a papers API on loopback."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.terminal import Terminal, WatchedServer


@pytest.fixture
def papers_server() -> WatchedServer:
    return WatchedServer()


@pytest.fixture
async def terminal(papers_server: WatchedServer, tmp_path: Path) -> AsyncIterator[Terminal]:
    async with papers_server.serve() as url:
        known = {"PATH": os.environ["PATH"], "PAPERBOY_PAPERS_URL": url, "COLUMNS": "100", "HF_TOKEN": "topsecret"}
        yield Terminal(tmp_path, known | {"PYTHONPATH": str(ROOT)})
