"""What tests of delivery on the wire share: lists of two days, and rigs whose server wants its digests in a forum."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import Services
from bot.demo.papers_server import PapersServer
from bot.papers.api import PapersAPI
from bot.subscription.settings import Threads
from tests.support.builders import Clock
from tests.support.delivery_rig import DeliveryRig, open_rig
from tests.support.papers_server import list_two_days
from tests.support.restored import Backups
from tests.support.wire import Kind, Wire


@pytest.fixture
def papers_server() -> PapersServer:
    return list_two_days()


@pytest.fixture
def backups(tmp_path: Path, api: PapersAPI, clock: Clock) -> Backups:
    return Backups(tmp_path, api, clock)


@pytest.fixture
async def forum(services: Services, wire: Wire, clock: Clock) -> AsyncIterator[DeliveryRig]:
    """Its server wants each digest as a post in a forum."""
    async with open_rig(services, wire, clock, Kind.FORUM, threads=Threads.PER_DIGEST) as opened:
        yield opened


@pytest.fixture
async def posts(services: Services, wire: Wire, clock: Clock) -> AsyncIterator[DeliveryRig]:
    """Its server wants each highlight as a post in a forum."""
    async with open_rig(services, wire, clock, Kind.FORUM, size=3, threads=Threads.PER_PAPER) as opened:
        yield opened
