"""What tests of all commands share."""

import pytest

from bot.app import Services
from tests.support.builders import DAY, Clock
from tests.support.delivery_rig import DeliveryRig
from tests.support.server import Server


@pytest.fixture
async def ready(server: Server) -> Server:
    """With one subscription and a filled archive."""
    await server.subscribe()
    await server.read_lists()
    return server


@pytest.fixture
async def filled(rig: DeliveryRig, services: Services, clock: Clock) -> DeliveryRig:
    """A bot on the wire, with the list of a day in its archive and index."""
    await services.archive.refresh_list(DAY, clock())
    await services.archive.update_index()
    return rig
