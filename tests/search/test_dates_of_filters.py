"""What the dates of a query say about papers of a day, whatever else it asks for."""

from datetime import timedelta

import pytest

from tests.support.indexes import TODAY, parse_on_day

BOTH, NEITHER = (True, True), (False, False)


@pytest.mark.parametrize(
    ("query", "today_and_a_month_ago"),
    [
        ("", BOTH),
        ("diffusion -survey min:50", BOTH),
        ("after:7d", (True, False)),
        ("-after:7d", (False, True)),
        ("before:7d", (False, True)),
        ("before:7d after:7d", NEITHER),
        ("before:7d OR after:7d", BOTH),
        ("diffusion OR before:2020", BOTH),
        ("before:2019 OR before:2020", NEITHER),
        ("diffusion (before:2020 attention)", NEITHER),
        ("-(before:2020 attention)", BOTH),
        ("-(after:7d attention)", BOTH),
        ("-(after:7d OR attention)", (False, True)),
        ('"before:2020"', BOTH),
    ],
)
def test_a_query_may_find_papers_of_the_days_that_its_dates_leave(
    query: str, today_and_a_month_ago: tuple[bool, bool]
) -> None:
    days = (TODAY, TODAY - timedelta(30))
    assert tuple(parse_on_day(query).may_match_on(day) for day in days) == today_and_a_month_ago
