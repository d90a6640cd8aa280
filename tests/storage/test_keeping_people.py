"""What is stored of a person is not kept for long without a reason."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from bot.share import WHOLE
from bot.storage import INBOX, How, Storage
from bot.subscription.schedule import Run
from tests.support.builders import DAY, MORNING, paper, plan, query, send
from tests.support.people import ADA, BOB, add_for_person, bring, furnish

pytestmark = pytest.mark.usefixtures("the_file_is_sound")


async def test_for_a_year_after_nothing_comes_any_more_all_is_kept_and_then_nothing(
    storage: Storage, path: Path
) -> None:
    await furnish(storage, BOB)
    await furnish(storage, ADA)
    await storage.database.execute("DELETE FROM idle_people")
    await storage.database.execute("DELETE FROM followed_queries WHERE user_id = ?", ADA)
    await review(storage, days=[0, 100, 364])
    assert (await storage.people.read_data(ADA)).digest
    await review(storage, days=[366])
    left = await storage.people.read_data(ADA)
    assert (left.digest, left.muted, left.deliveries, left.idle_since) == (None, (), (), None)
    assert [each.note for each in left.saved] == [f"note of {ADA}", ""]
    assert len(left.server_actions) == 2
    assert (await storage.people.read_data(BOB)).digest
    assert query(path, "SELECT count(*) FROM traces") == [(2,)]


@pytest.mark.parametrize("state", ["paused", "suspended"])
async def test_paused_or_unreachable_for_a_year_counts_too(storage: Storage, state: str) -> None:
    await furnish(storage, ADA)
    await storage.database.execute("DELETE FROM idle_people")
    await storage.database.execute("UPDATE subscriptions SET state = ? WHERE user_id IS NOT NULL", state)
    await review(storage, days=[0, 366])
    assert (await storage.people.read_data(ADA)).followed == ()


async def test_whoever_follows_again_in_time_loses_nothing(storage: Storage) -> None:
    await furnish(storage, ADA)
    await storage.database.execute("UPDATE subscriptions SET state = 'paused' WHERE user_id IS NOT NULL")
    await review(storage, days=[0, 300])
    assert (await storage.people.read_data(ADA)).idle_since
    await storage.database.execute("UPDATE subscriptions SET state = 'active' WHERE user_id IS NOT NULL")
    await review(storage, days=[364, 366, 900])
    left = await storage.people.read_data(ADA)
    assert (len(left.followed), len(left.muted), left.idle_since) == (3, 1, None)


async def test_what_was_sent_over_a_year_ago_is_deleted_and_what_was_sent_since_stays(storage: Storage) -> None:
    known = await add_for_person(storage, ADA)
    await storage.followed_queries.follow(ADA, INBOX, How.DAILY, DAY, MORNING)
    for number in range(40):
        day = DAY + timedelta(days=10 * number)
        one = paper(f"2603.{number:05}", day=day)
        await storage.papers.record_list(day, [one], MORNING)
        await send(storage, await plan(storage, known, bring(one.id), run=Run(day, MORNING)))
        if number == 20:
            await storage.deliveries.pack_old_runs(WHOLE, MORNING + timedelta(days=999))
    now = MORNING + timedelta(days=390 + 100)
    await storage.people.delete_old(WHOLE, now)
    days = [each.run_date for each in (await storage.people.read_data(ADA)).deliveries]
    assert days
    assert min(days) >= (now - timedelta(days=365)).date() - timedelta(days=70)  # seven runs share a row
    assert max(days) == DAY + timedelta(days=390)
    await storage.people.delete_old(WHOLE, now + timedelta(days=3650))
    assert await storage.deliveries.get_covered_until(known.id) == DAY  # from where the next digest goes on


async def test_all_are_looked_at_however_many_there_are(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.storage.people.BATCH", 2)
    await asyncio.gather(*(add_for_person(storage, number) for number in range(1, 8)))
    await review(storage, days=[0, 366])
    assert [(await storage.people.read_data(number)).is_empty for number in range(1, 8)] == [True] * 7


async def review(storage: Storage, days: Iterable[int]) -> None:
    """Nights pass, so many days after the first."""
    for number in days:
        await storage.people.delete_old(WHOLE, MORNING + timedelta(days=number))
