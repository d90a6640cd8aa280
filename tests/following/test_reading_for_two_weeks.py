"""Two readers follow overlapping queries while the sample's days go by."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.app import Services
from bot.demo import load_sample_lists
from bot.papers.entry import read_list_entry
from bot.reasons import Reason, ReasonKind
from bot.storage import How, Muted, MutedKind
from bot.subscription.schedule import MONDAY_TO_FRIDAY, Schedule
from tests.support.builders import Clock
from tests.support.readers import Readers

LISTS = {day: [read_list_entry(each, day) for each in listed] for day, listed in load_sample_lists().items()}
FIRST = min(LISTS)
NOON = datetime.combine(FIRST + timedelta(days=1), time(12), UTC)  # the first list has closed
LAST = datetime.combine(max(LISTS) + timedelta(days=4), time(12), UTC)
TOKYO = Schedule(time(7, 30), ZoneInfo("Asia/Tokyo"))
NEW_YORK = Schedule(time(20), ZoneInfo("America/New_York"), MONDAY_TO_FRIDAY)


@pytest.fixture
def readers(services: Services, clock: Clock) -> Readers:
    clock.now = NOON
    return Readers(services, clock, LISTS, scan_every=timedelta(hours=12))


async def test_no_paper_comes_twice_and_none_is_missed(readers: Readers) -> None:
    ada, bob = readers.add(7, TOKYO), readers.add(8, NEW_YORK)
    await readers.follow(ada, "tag:reasoning OR tag:agents")
    await readers.follow(ada, "model", How.WEEKLY)
    await readers.follow(ada, "has:code min:60", How.AT_ONCE)
    await readers.follow(bob, "model min:30")
    await readers.follow(bob, "has:code", How.AT_ONCE)
    await readers.services.follower.change_inbox(7, How.DAILY, 7, None, readers.clock.now, size=2)
    await readers.services.follower.change_inbox(8, How.WEEKLY, 8, None, readers.clock.now, size=4)
    await readers.live_until(LAST)
    await readers.check_none_missed(ada, "tag:reasoning OR tag:agents", FIRST)
    await readers.check_none_missed(ada, "has:code min:60", FIRST + timedelta(days=1))
    await readers.check_none_missed(bob, "model min:30", FIRST)
    assert ada.shown.keys() & bob.shown.keys(), "what one was shown still comes to the other"
    for reader in (ada, bob):
        assert {each.extra > 0 for each in reader.deliveries} == {True, False}
        assert any(each.followed == ("",) for one in reader.deliveries for each in one.digest.highlights)
    assert any(len(each.followed) > 1 for one in ada.deliveries for each in one.digest.highlights)
    assert {each.run_date.weekday() for each in bob.deliveries if not each.extra} == MONDAY_TO_FRIDAY


async def test_whatever_i_change_meanwhile_no_paper_comes_twice_and_none_is_missed(readers: Readers) -> None:
    ada = readers.add(7, TOKYO)
    follower = readers.services.follower
    await readers.follow(ada, "model")
    await readers.follow(ada, "tag:reasoning", How.WEEKLY)
    await readers.live_until(NOON + timedelta(days=2))
    ada.schedule = NEW_YORK  # another zone, another hour, other weekdays
    await follower.change_schedule(7, NEW_YORK, readers.clock.now)
    await readers.live_until(NOON + timedelta(days=5))
    await readers.follow(ada, "model", How.WEEKLY)
    await readers.follow(ada, "has:code", How.AT_ONCE)
    await readers.live_until(NOON + timedelta(days=8))
    await readers.follow(ada, "model")
    ada.schedule = Schedule(time(6), ZoneInfo("UTC"))
    await follower.change_schedule(7, ada.schedule, readers.clock.now)
    await readers.live_until(LAST)
    await readers.check_none_missed(ada, "model", FIRST)
    assert len({each.run_date for each in ada.deliveries if not each.extra}) == sum(
        not each.extra for each in ada.deliveries
    )


async def test_days_without_the_bot_are_made_up_for_in_one_digest(readers: Readers) -> None:
    ada = readers.add(7, TOKYO)
    await readers.follow(ada, "model")
    await readers.follow(ada, "tag:agents", How.WEEKLY)
    await readers.services.follower.change_inbox(7, How.DAILY, 7, None, readers.clock.now, size=3)
    await readers.live_until(NOON + timedelta(days=3))
    before = len(ada.deliveries)
    await readers.live_until(NOON + timedelta(days=9), is_down=True)
    await readers.read_lists()
    await readers.run_due()
    assert len(ada.deliveries) == before + 1
    assert len(ada.deliveries[-1].digest.days) > 3
    await readers.live_until(LAST)
    await readers.check_none_missed(ada, "model", FIRST)


async def test_what_i_muted_does_not_come_and_the_rest_does(readers: Readers) -> None:
    ada, bob = readers.add(7, TOKYO), readers.add(8, TOKYO)
    for reader in (ada, bob):
        await readers.follow(reader, "model")
        await readers.follow(reader, "has:code", How.AT_ONCE)
    await readers.live_until(NOON + timedelta(days=3))
    seen = [each.paper for one in bob.deliveries for each in one.digest.highlights]
    tag = next(tag for paper in seen for tag in paper.tags)
    author = next(paper.authors[-1] for paper in reversed(seen) if paper.authors)
    for muted in (Muted(MutedKind.TAG, tag), Muted(MutedKind.AUTHOR, author)):
        await readers.services.follower.mute(7, muted, readers.clock.now)
    await readers.live_until(LAST)
    await readers.check_none_missed(ada, "model", FIRST)
    await readers.check_none_missed(bob, "model", FIRST)


async def test_whoever_stopped_all_and_follows_again_goes_on_without_repetitions(readers: Readers) -> None:
    ada = readers.add(7, TOKYO)
    await readers.follow(ada, "model")
    await readers.live_until(NOON + timedelta(days=3))
    await readers.services.follower.stop_all(7, readers.clock.now)
    before = len(ada.deliveries)
    await readers.live_until(NOON + timedelta(days=7))
    assert len(ada.deliveries) == before
    await readers.follow(ada, "model OR data")
    await readers.live_until(LAST)
    assert len(ada.deliveries) > before
    await readers.check_none_missed(ada, "model OR data", (NOON + timedelta(days=6)).date())


async def test_if_my_inbox_is_closed_for_weeks_after_i_followed_all_of_it_comes_in_the_end(readers: Readers) -> None:
    ada = readers.add(7, TOKYO)
    await readers.follow(ada, "model min:60")
    closed = Reason(ReasonKind.INBOX_CLOSED)
    await readers.services.follower.resume(7, 7, readers.clock.now, obstacle=closed)
    await readers.live_until(LAST + timedelta(days=5))
    assert ada.deliveries == []
    await readers.services.follower.resume(7, 7, readers.clock.now)
    await readers.live_until(LAST + timedelta(days=7))
    await readers.check_none_missed(ada, "model min:60", FIRST)
