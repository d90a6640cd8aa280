"""What comes into a digest, and what came a day too early: the week of a recap, and how long a paper can rise."""

from datetime import timedelta

import pytest

from bot.demo.papers_server import PapersServer
from tests.support.builders import DAY, entry
from tests.support.messages import paper_ids, read_texts
from tests.support.server import Server

MONDAY = DAY - timedelta(days=3)
SUNDAY = MONDAY - timedelta(days=1)
FRIDAY = DAY + timedelta(days=1)


async def test_a_weekly_recap_counts_from_monday_and_leaves_out_what_sunday_had(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {
        SUNDAY: [entry("2601.00001", SUNDAY, upvotes=900), entry("2601.00004", SUNDAY, upvotes=800)],
        MONDAY: [entry("2601.00002", MONDAY, upvotes=20)],
        DAY: [entry("2601.00003", upvotes=30)],
    }
    await server.subscribe(cadence="weekly", weekdays="monday")
    await server.read_lists()
    await server.later(hours=1)
    for _ in range(3):  # to Monday at nine
        await server.later(days=1)
    (message,) = server.papers.history()
    text = read_texts(message)
    assert text.startswith("# Weekly recap\n**Monday 12 January 2026 – Thursday 15 January 2026**\n")
    assert paper_ids(message) == ["2601.00003", "2601.00002"]
    assert "rising" not in text


@pytest.mark.parametrize("days", [7, 8])
async def test_a_paper_can_climb_late_for_a_week_and_no_longer(
    server: Server, papers_server: PapersServer, days: int
) -> None:
    before = FRIDAY - timedelta(days=days)
    papers_server.lists = {
        before: [entry("2601.00009", before, upvotes=99)],
        DAY: [entry("2601.00001")],
        FRIDAY: [entry("2601.00002", FRIDAY, upvotes=50)],
    }
    await server.read_lists()
    await server.subscribe()
    await server.later(hours=1)
    await server.later(days=1)
    _, message = server.papers.history()
    assert paper_ids(message) == (["2601.00009", "2601.00002"] if days == 7 else ["2601.00002"])
