"""Fetching, by its timetable: how fresh the archive is, and how often old lists are read again."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.builders import MORNING
from tests.support.server import Server


def times(server: Server, job: str) -> list[str]:
    """When a job runs from eight in the morning (UTC), for a day."""
    trigger = server.bot.services.scheduler.get_job(job).trigger
    found: list[datetime] = []
    now = MORNING
    while now := trigger.get_next_fire_time(None, now):
        if now >= MORNING + timedelta(days=1):
            break
        found.append(now.astimezone(UTC))
        now += timedelta(seconds=1)
    return [f"{each:%H:%M}" for each in found]


async def test_todays_upvotes_are_never_older_than_a_quarter_of_an_hour(server: Server) -> None:
    found = times(server, "fetching.current")
    assert found[:5] == ["08:00", "08:15", "08:30", "08:45", "09:00"]
    assert len(found) == 24 * 4


async def test_the_lists_of_the_last_two_weeks_are_read_again_four_times_a_day(server: Server) -> None:
    assert times(server, "fetching.settling") == ["10:07", "16:07", "22:07", "04:07"]


@pytest.mark.parametrize(("job", "runs"), [("posting.tick", 24 * 60), ("fetching.embed", 24 * 12)])
async def test_a_digest_comes_in_its_minute_and_a_new_paper_is_found_by_meaning_in_five(
    server: Server, job: str, runs: int
) -> None:
    assert len(times(server, job)) == runs
