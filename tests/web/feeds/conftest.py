"""What tests of feeds share: a bot whose feeds are asked for, with nothing kept from a moment ago."""

from collections.abc import AsyncIterator, Iterator

import pytest

from bot.app import Services
from bot.web import feed_maker
from tests.support.feeds import FeedAsker, serving_feeds


@pytest.fixture(autouse=True)
def looked_at_anew() -> Iterator[None]:
    """Whoever asks gets the feed as it is now, not as it was within a minute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feed_maker, "FRESH_FOR", 0)
        yield


@pytest.fixture
async def feeds(services: Services) -> AsyncIterator[FeedAsker]:
    async with serving_feeds(services) as asker:
        yield asker
