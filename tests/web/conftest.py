"""The pages of a bot that is at work on the wire."""

from collections.abc import AsyncIterator, Iterator

import pytest

from bot.app import Services
from bot.client import PaperBot
from bot.web import observer
from tests.support.builders import Clock
from tests.support.delivery_rig import DeliveryRig, open_rig
from tests.support.pages import Asked, serving
from tests.support.wire import Kind, Wire


@pytest.fixture(autouse=True)
def observed_anew() -> Iterator[None]:
    """Whoever asks gets what is so now, not what was so a moment ago."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(observer, "FRESH_FOR", 0)
        yield


@pytest.fixture
async def watched(
    services: Services, wire: Wire, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[DeliveryRig, Asked]]:
    """A bot at work, with its pages, which were there before it connected."""
    begun: list[PaperBot] = []
    begin = PaperBot.setup_hook

    async def show_and_begin(bot: PaperBot) -> None:
        begun.append(bot)
        asked.pages.show(bot)
        await begin(bot)

    monkeypatch.setattr(PaperBot, "setup_hook", show_and_begin)
    async with serving() as asked, open_rig(services, wire, clock, Kind.TEXT) as rig:
        yield rig, asked
