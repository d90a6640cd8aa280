"""Upvotes over time are kept the sparser the older they are."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.storage import Storage
from tests.support.builders import paper
from tests.support.engines import forbid

NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)  # a Wednesday


async def taken(storage: Storage, *ages: timedelta) -> list[timedelta]:
    """Of snapshots of these ages, those that are kept."""
    for upvotes, age in enumerate(ages):
        await storage.papers.record_paper(paper("2601.00001", upvotes=upvotes), NOW - age)
    before = await storage.papers.list_snapshots("2601.00001")
    await storage.snapshots.thin_snapshots(NOW)
    after = await storage.papers.list_snapshots("2601.00001")
    assert set(after) <= set(before)
    await storage.snapshots.thin_snapshots(NOW)
    assert await storage.papers.list_snapshots("2601.00001") == after
    return [NOW - taken_at for taken_at, _ in after]


async def test_the_last_snapshot_of_each_hour_is_kept_for_a_week(storage: Storage) -> None:
    minutes = [timedelta(hours=9), *(timedelta(minutes=each) for each in (175, 160, 130, 115, 65, 20, 5))]
    assert await taken(storage, *minutes) == [
        timedelta(hours=9),
        *(timedelta(minutes=each) for each in (130, 65, 5)),
    ]


async def test_the_last_snapshot_of_each_day_is_kept_for_a_quarter(storage: Storage) -> None:
    hours = [timedelta(days=20), *(timedelta(days=9, hours=each) for each in (20, 9, 1)), timedelta(days=8)]
    assert await taken(storage, *hours) == [hours[0], hours[1], hours[3], hours[4]]


async def test_the_last_snapshot_of_each_week_is_kept_after_that(storage: Storage) -> None:
    monday = timedelta(days=100)  # before that Wednesday: Monday 23 February
    days = [timedelta(days=150), monday, *(monday - timedelta(days=each) for each in (1, 6, 7, 12))]
    assert await taken(storage, *days, timedelta(0)) == [days[0], days[3], days[5], timedelta(0)]


async def test_the_first_and_the_latest_snapshot_are_always_kept(storage: Storage) -> None:
    old = [timedelta(days=300, minutes=each) for each in (30, 20, 10)]
    assert await taken(storage, *old) == [old[0], old[2]]


async def test_without_snapshots_to_thin_nothing_is_written(storage: Storage, path: Path) -> None:
    await taken(storage, timedelta(days=300), timedelta(days=200), timedelta(0))
    forbid(path, "BEFORE DELETE ON upvote_snapshots", "written")
    await storage.snapshots.thin_snapshots(NOW)
