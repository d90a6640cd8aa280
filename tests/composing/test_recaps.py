"""Recaps: the best of a week or month once its votes have settled, beside what the daily digests had."""

import re
from datetime import date, timedelta
from typing import Any

import pytest

from bot.demo.papers_server import PapersServer
from tests.support.builders import DAY, FRIDAY, entry
from tests.support.messages import answer, ids, paper_ids, read_texts
from tests.support.papers_server import Papers
from tests.support.server import Server, deliveries, other_admin

MONDAY = DAY - timedelta(days=3)  # of the week that DAY is in
BEFORE = MONDAY - timedelta(days=3)  # a Friday
Lists = dict[date, list[dict[str, Any]]]


def listed(day: date, **upvotes: int) -> list[dict[str, Any]]:
    """A list, such as `_1=40, _2=10` for papers 1 and 2."""
    return [entry(ids(int(name[1:]))[0], day, upvotes=votes) for name, votes in upvotes.items()]


@pytest.fixture
def papers_server(papers_server: PapersServer) -> PapersServer:
    papers_server.lists = {
        MONDAY: listed(MONDAY, _1=10, _2=20),
        DAY: listed(DAY, _3=50, _4=40, _5=30),
        FRIDAY: listed(FRIDAY, _6=60, _7=5),
    }
    return papers_server


async def weekly(server: Server, **options: Any) -> str:
    return answer(await server.subscribe(cadence="weekly", weekdays="monday", **options))


async def until_monday(server: Server) -> None:
    """Three days of ticks, from Friday at eight to Monday at nine."""
    await server.later(hours=1)
    for _ in range(3):
        await server.later(days=1)


def notes(text: str) -> dict[str, str]:
    """The note under the title of each paper."""
    blocks = re.findall(r"Paper (\d{4}\.\d{5})\]\(\S+\)\n(.*)", text)
    return dict(blocks)


# Weekly


async def test_a_weekly_recap_says_when_it_comes(server: Server) -> None:
    text = await weekly(server)
    assert f"Every week on Monday at 09:00 UTC, the week's top 5 papers in <#{server.papers.id}>." in text
    assert "Next digest <t:1768813200:f>" in text  # Monday 19 January at nine


async def test_the_first_recap_covers_the_last_week_with_the_upvotes_of_now(
    server: Server, papers_server: PapersServer
) -> None:
    await weekly(server)
    await server.read_lists()
    papers_server.lists = {**papers_server.lists, MONDAY: listed(MONDAY, _1=99, _2=20)}
    await until_monday(server)
    (message,) = server.papers.history()
    text = read_texts(message)
    assert paper_ids(message) == ids(1, 6, 3, 4, 5)
    assert text.startswith("# Weekly recap\n**Monday 12 January 2026 – Friday 16 January 2026**\n-# Top 5 of 7 papers")
    assert "▲ **99**" in text


async def test_a_recap_comes_once_a_week(server: Server) -> None:
    await weekly(server)
    for _ in range(9):
        await server.later(hours=25)
    assert len(server.posted) == 1
    assert [each.run_date for each in await deliveries(server)] == [MONDAY + timedelta(days=7)]


async def test_the_next_recap_goes_on_from_there(server: Server, papers_server: PapersServer) -> None:
    await weekly(server)
    await until_monday(server)
    tuesday = MONDAY + timedelta(days=8)
    papers_server.lists = {
        **papers_server.lists,
        FRIDAY: listed(FRIDAY, _6=600, _7=5),
        tuesday: [*listed(tuesday, _11=9, _12=8), entry(ids(3)[0], tuesday, upvotes=500)],
    }
    await server.later(days=7)
    _, message = server.papers.history()
    assert paper_ids(message) == ids(11, 12)
    assert "**[Tuesday 20 January 2026](" in read_texts(message)


async def test_after_weeks_away_one_recap_covers_them_all(server: Server, papers_server: PapersServer) -> None:
    await weekly(server)
    await until_monday(server)
    first, last = MONDAY + timedelta(days=8), MONDAY + timedelta(days=22)
    papers_server.lists = {**papers_server.lists, first: listed(first, _11=9), last: listed(last, _21=7)}
    await server.restart()
    await server.later(days=21, hours=5)
    _, message = server.papers.history()
    assert paper_ids(message) == ids(11, 21)
    await server.later(minutes=1)
    assert len(server.posted) == 2


async def test_a_recap_marks_papers_that_daily_digests_had_and_ones_they_missed(server: Server) -> None:
    await weekly(server)
    await server.subscribe(channel=server.general, size=2)
    await until_monday(server)
    marks = notes(server.posted[0])
    assert list(marks) == ids(6, 3, 4, 5, 2)
    for paper, day in (*((each, "16 Jan") for each in ids(3, 4)), (ids(6)[0], "17 Jan")):
        assert marks[paper].endswith(f" · highlighted on {day}")
    for paper in ids(5, 2):
        assert marks[paper].endswith(" · not in a daily digest")


async def test_a_recap_without_daily_digests_has_no_marks(server: Server) -> None:
    other = server.env.create_guild("Reading Group")
    channel = other.create_text_channel("digest")
    stranger = other_admin(server, other, "emmy")
    await stranger.slash(channel, "digest add", channel=channel, time="9:00", timezone="UTC")
    await weekly(server)
    await server.subscribe(channel=server.general, cadence="weekly", weekdays="friday")
    await until_monday(server)
    assert len(server.general.history()) == 1
    assert "highlighted on" not in server.posted[0]
    assert "missed" not in server.posted[0]


async def test_an_undone_daily_digest_does_not_count_in_a_recap(server: Server, papers_server: PapersServer) -> None:
    await weekly(server)
    await server.subscribe(channel=server.general, size=2)
    await server.later(hours=1)
    await server.undo(subscription="2")
    await server.ask("digest edit", subscription="2", min_upvotes=60)
    for _ in range(3):
        await server.later(days=1)
    marks = notes(server.posted[0])
    assert "highlighted on 17 Jan" in marks[ids(6)[0]]
    assert "not in a daily digest" in marks[ids(3)[0]]


async def test_recaps_and_daily_digests_may_have_the_same_papers(server: Server) -> None:
    await weekly(server)
    await server.subscribe(channel=server.general)
    await until_monday(server)
    dailies = [paper_ids(message) for message in server.general.history()]
    assert dailies == [ids(3, 4, 5), ids(6, 7)]
    assert paper_ids(server.papers.history()[0]) == ids(6, 3, 4, 5, 2)


async def test_a_recap_has_papers_of_its_own_period_alone_however_high_others_have_climbed(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {**papers_server.lists, BEFORE: listed(BEFORE, _91=900, _92=44)}
    await weekly(server)
    await server.read_lists()
    await until_monday(server)
    papers_server.lists[FRIDAY] = listed(FRIDAY, _6=600, _7=500)
    tuesday = MONDAY + timedelta(days=8)
    papers_server.lists = {**papers_server.lists, tuesday: listed(tuesday, _11=9)}
    await server.later(days=7)
    assert [paper_ids(message) for message in server.papers.history()] == [ids(6, 3, 4, 5, 2), ids(11)]
    assert "rising" not in "".join(server.posted)
    text = await server.ask("digest why", paper=ids(91)[0])
    assert "it was on the list of Friday 9 January 2026, which closed before this subscription started." in text
    text = await server.ask("digest why", paper=ids(7)[0])
    assert "Not highlighted in the run of 19 Jan 2026" in text
    assert "too few to make the cut" in text


async def test_a_date_that_all_papers_of_a_recap_share_is_said_once(server: Server, papers_server: Papers) -> None:
    papers_server.lists = {DAY: listed(DAY, _3=50, _4=40, _5=30)}
    await weekly(server)
    await server.subscribe(channel=server.general)
    await until_monday(server)
    assert server.posted[0].count("16 Jan 2026") == 1
    assert "-# All highlighted on 16 Jan" in server.posted[0]


async def test_a_filter_and_a_minimum_apply_to_a_recap_too(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists[MONDAY][0]["paper"]["title"] = "Diffusion"
    papers_server.lists[DAY][0]["paper"]["title"] = "Diffusion"
    await weekly(server, filter="diffusion", min_upvotes=20)
    await until_monday(server)
    assert [paper_ids(message) for message in server.papers.history()] == [ids(3)]


async def test_a_week_without_papers_is_quiet(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {}
    await weekly(server)
    await until_monday(server)
    assert server.posted == []
    assert "nothing new. No new papers were listed" in await server.ask("digest status")


async def test_a_recap_waits_until_all_lists_of_its_week_can_be_read(server: Server, papers_server: Papers) -> None:
    await weekly(server)
    papers_server.down = True
    await until_monday(server)
    assert server.posted == []
    assert "but has to wait. Hugging Face" in await server.ask("digest status")
    papers_server.down = False
    await server.later(minutes=5)
    assert [paper_ids(message) for message in server.papers.history()] == [ids(6, 3, 4, 5, 2)]


async def test_a_preview_shows_the_coming_recap_with_its_marks(server: Server) -> None:
    await weekly(server)
    await server.subscribe(channel=server.general, size=2)
    await server.later(hours=1)
    result = await server.admin.slash(server.general, "digest preview", subscription="1")
    assert result.response
    assert paper_ids(result.response) == ids(3, 4, 5, 2, 1)  # Friday's list is not known yet
    assert notes(answer(result))[ids(3)[0]].endswith("highlighted on 16 Jan")
    assert (await server.ask("digest preview", subscription="1")).startswith("# Weekly recap\n")


async def test_why_explains_a_paper_by_the_week_of_the_recap(server: Server) -> None:
    await weekly(server, size=2)
    await until_monday(server)
    text = await server.ask("digest why", paper=ids(2)[0])
    assert "Not highlighted in the run of 19 Jan 2026" in text
    assert "too few to make the cut: the last of 2 highlights had 50." in text


async def test_why_knows_before_the_first_recap_that_it_covers_the_whole_week(server: Server) -> None:
    await weekly(server)
    await server.read_lists()
    text = await server.ask("digest why", paper=ids(1)[0])
    assert "Not yet: it was on the list of Monday 12 January 2026" in text
    assert "and may come with the run of <t:1768813200:f>." in text


# Monthly


async def monthly(server: Server, **options: Any) -> str:
    return answer(await server.subscribe(cadence="monthly", **options))


async def test_a_monthly_recap_says_when_it_comes(server: Server) -> None:
    text = await monthly(server)
    assert "On the first day of every month at 09:00 UTC, the month's top 5 papers in" in text
    assert "Next digest <t:1769936400:f>" in text  # 1 February at nine
    assert "On the first weekday of every month" in await monthly(server, weekdays="weekdays")
    assert "On the first Monday or Friday of every month" in await monthly(server, weekdays="mon, fri")


async def test_the_first_monthly_recap_covers_the_whole_month_and_the_next_goes_on(
    server: Server, papers_server: PapersServer
) -> None:
    new_year, february, march = date(2026, 1, 1), date(2026, 2, 27), date(2026, 3, 2)
    papers_server.lists = {
        **papers_server.lists,
        date(2025, 12, 31): listed(date(2025, 12, 31), _90=900),
        new_year: listed(new_year, _91=35),
        date(2026, 2, 2): listed(date(2026, 2, 2), _11=3),
        february: listed(february, _12=2),
        march: listed(march, _21=3),
    }
    await monthly(server)
    await server.later(days=16, hours=1)
    (message,) = server.papers.history()
    assert paper_ids(message) == ids(6, 3, 4, 91, 5)
    assert read_texts(message).startswith("# Monthly recap\n**January 2026**\n-# Top 5 of 8 papers")
    await server.later(days=28)
    _, message = server.papers.history()
    assert paper_ids(message) == ids(11, 12)
    assert read_texts(message).startswith("# Monthly recap\n**February 2026**\n-# All 2 papers")


async def test_a_monthly_recap_on_another_day_covers_a_month_up_to_there(
    server: Server, papers_server: PapersServer
) -> None:
    early, late = date(2026, 1, 1), date(2026, 1, 2)
    papers_server.lists = {**papers_server.lists, early: listed(early, _91=900), late: listed(late, _92=800)}
    await monthly(server, weekdays="monday", size=2)
    await server.later(days=17, hours=1)  # Monday 2 February: the lists from 2 January to 1 February
    (message,) = server.papers.history()
    assert paper_ids(message) == ids(92, 6)
    assert "Friday 2 January 2026 – Friday 16 January 2026" in read_texts(message)
