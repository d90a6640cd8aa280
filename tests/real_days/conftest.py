"""What tests over the real days share: a papers API with their lists, and a clock on the first of them."""

from datetime import UTC, datetime, time

import pytest

from bot.demo.papers_server import PapersServer
from tests.support.builders import Clock
from tests.support.real_days import CalendarServer, real_days


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.combine(real_days()[0].day, time(0), UTC))


@pytest.fixture
def papers_server(clock: Clock) -> PapersServer:
    return CalendarServer(clock)
