"""Two readers follow overlapping queries over sixty real days, while the clocks change in both of their zones."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.app import Services
from bot.storage import How, Muted, MutedKind
from bot.subscription.schedule import MONDAY_TO_FRIDAY, Schedule
from tests.support.builders import Clock
from tests.support.readers import Readers
from tests.support.real_days import ARCHIVE, real_days

pytestmark = [
    pytest.mark.real_days,
    pytest.mark.skipif(not ARCHIVE.exists(), reason="the real days are not beside the project"),
]

FIRST = date(2026, 2, 20)
NOON = datetime(2026, 2, 21, 12, tzinfo=UTC)
BERLIN = Schedule(time(2, 30), ZoneInfo("Europe/Berlin"))  # a time that the 29th of March skips
NEW_YORK = Schedule(time(8), ZoneInfo("America/New_York"), MONDAY_TO_FRIDAY)


async def test_in_sixty_days_no_paper_comes_twice_to_a_reader_and_none_is_missed(
    services: Services, clock: Clock
) -> None:
    clock.now = NOON
    readers = Readers(services, clock, {each.day: each.papers for each in real_days()}, timedelta(hours=3))
    ada, bob = readers.add(7, BERLIN), readers.add(8, NEW_YORK)
    await readers.follow(ada, 'tag:"reinforcement learning"')
    await readers.follow(ada, "author:wang min:20")
    await readers.follow(ada, "diffusion", How.WEEKLY)
    await readers.follow(ada, "agents", How.AT_ONCE)
    await services.follower.change_inbox(7, How.DAILY, 7, None, clock.now, size=3)
    await readers.follow(bob, "diffusion -video")
    await readers.follow(bob, "has:code", How.WEEKLY)  # a flood
    await readers.follow(bob, "agents min:30", How.AT_ONCE)
    await services.follower.change_inbox(8, How.WEEKLY, 8, None, clock.now, size=10)
    await readers.live_until(NOON + timedelta(days=20))
    await services.follower.mute(8, Muted(MutedKind.AUTHOR, "Wei Wang"), clock.now)
    await readers.live_until(NOON + timedelta(days=40))
    await readers.live_until(NOON + timedelta(days=43), is_down=True)
    await readers.live_until(NOON + timedelta(days=60))
    await readers.check_none_missed(ada, 'tag:"reinforcement learning"', FIRST)
    await readers.check_none_missed(bob, "diffusion -video", FIRST)
    assert ada.shown.keys() & bob.shown.keys(), "what one was shown still comes to the other"
    assert any(each.digest.left_count for each in bob.deliveries)
    runs = [each.run_date for each in ada.deliveries if not each.extra]
    assert len(set(runs)) == len(runs) == 58  # on two dates the bot was down
    for reader in (ada, bob):
        assert len(reader.shown) > 100
