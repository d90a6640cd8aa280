"""Leaderboards: `/top` ranks the archive by upvotes, over any period and around any date."""

from datetime import date, timedelta
from typing import Any

import pytest
import simcord

from bot.demo.papers_server import PapersServer
from bot.digest import get_closing_time
from bot.papers.entry import read_list_entry
from bot.ranking import Period, rank_papers
from bot.refusals import Refusal
from tests.support.builders import DAY, FRIDAY, entries, entry, explain
from tests.support.messages import answer, button_labels, ids, paper_ids, read_texts
from tests.support.server import Server, stale_button

MONDAY = date(2026, 1, 12)
DAYS = {  # one paper each; the later, the fewer upvotes
    MONDAY - timedelta(days=14): "2601.00050",  # December
    MONDAY - timedelta(days=1): "2601.00040",
    MONDAY: "2601.00030",
    DAY: "2601.00020",
    MONDAY + timedelta(days=4): "2601.00010",  # today
}


@pytest.fixture
async def archive(server: Server, papers_server: PapersServer) -> Server:
    papers_server.lists = {day: [entry(paper, day, upvotes=int(paper[-2:]))] for day, paper in DAYS.items()}
    for day in DAYS:
        await server.bot.services.archive.refresh_list(day, server.clock())
    return server


async def top(server: Server, **options: Any) -> simcord.ResponseMessage:
    result = await server.member.slash(server.general, "top", **options)
    answer(result)
    assert result.response
    return result.response


@pytest.mark.parametrize(
    ("period", "heading", "count"),
    [
        ("day", "Friday 16 January 2026", 1),
        ("week", "Week of 12 Jan 2026", 3),
        ("month", "January 2026", 4),
        ("year", "2026", 4),
        ("all time", "All time", 5),
    ],
)
async def test_each_period_ranks_what_was_listed_in_it(archive: Server, period: str, heading: str, count: int) -> None:
    message = await top(archive, period=period)
    assert paper_ids(message) == [*DAYS.values()][-count:]
    papers = "1 paper" if count == 1 else f"{count} papers"
    assert f"**{heading}** · {papers} by upvotes" in str(message.components)


async def test_without_a_period_the_week_is_shown(archive: Server) -> None:
    assert paper_ids(await top(archive)) == ["2601.00030", "2601.00020", "2601.00010"]


async def test_a_period_around_another_date_can_be_asked_for(archive: Server) -> None:
    assert paper_ids(await top(archive, period="day", date=" 2026-01-15 ")) == ["2601.00020"]
    assert paper_ids(await top(archive, period="week", date="2026-01-11")) == ["2601.00040"]
    assert paper_ids(await top(archive, period="year", date="2025-06-01")) == ["2601.00050"]


@pytest.mark.parametrize(
    ("typed", "heading", "number"),
    [
        ("yesterday", "Thursday 15 January 2026", 20),
        ("2026-1-15", "Thursday 15 January 2026", 20),
        ("15 Jan", "Thursday 15 January 2026", 20),
        ("15.1.2026", "Thursday 15 January 2026", 20),
        ("last week", "Week of 5 Jan 2026", 40),
        ("this week", "Week of 12 Jan 2026", 30),
        ("last month", "December 2025", 50),
        ("2025", "2025", 50),
    ],
)
async def test_a_date_is_read_as_in_a_search_and_sets_the_period_that_it_names(
    archive: Server, typed: str, heading: str, number: int
) -> None:
    message = await top(archive, date=typed)
    assert f"**{heading}** · " in str(message.components)
    assert paper_ids(message)[0] == ids(number)[0]


async def test_a_chosen_period_counts_more_than_the_one_that_a_date_names(archive: Server) -> None:
    assert "**January 2026**" in str((await top(archive, period="month", date="last week")).components)


async def test_a_date_of_two_senses_says_how_it_was_read_and_offers_the_other(
    archive: Server, papers_server: PapersServer
) -> None:
    march = date(2025, 3, 12)
    papers_server.lists = {march: entries(1, march, first=61), date(2025, 12, 3): entries(1, first=71)}
    for day in (march, date(2025, 12, 3)):
        await archive.bot.services.archive.refresh_list(day, archive.clock())
    message = await top(archive, date="3/12/2025")
    text = str(message.components)
    assert "**Wednesday 3 December 2025**" in text
    assert "I read `3/12/2025` as 3 Dec 2025. For 12 Mar 2025, write `2025-03-12`." in text
    await archive.member.click(message, label="12 Mar 2025 instead")
    assert "**Wednesday 12 March 2025**" in str(message.components)


async def test_dates_are_offered_with_what_they_mean_while_one_is_typed(archive: Server) -> None:
    async def offered(typed: str) -> dict[str, str]:
        choices = await archive.member.autocomplete(archive.general, "top", "date", typed)
        return {each["name"]: each["value"] for each in choices}

    assert (await offered(""))["Week of 5 Jan 2026"] == "last week"
    assert await offered("yest") == {"Thursday 15 January 2026": "yesterday"}
    assert await offered("5/9/2025") == {
        "Friday 5 September 2025": "5/9/2025",
        "Friday 9 May 2025": "2025-05-09",
    }
    assert await offered("zeppelin") == {}
    assert await offered("9" * 2000) == {}


async def test_each_paper_shows_the_day_it_was_listed_unless_it_is_the_day_of_them_all(archive: Server) -> None:
    assert str((await top(archive, period="week", date="2026-01-15")).components).count("15 Jan 2026") == 2
    day = str((await top(archive, period="day", date="2026-01-15")).components)
    assert "Thursday 15 January 2026" in day
    assert "15 Jan 2026" not in day


@pytest.mark.parametrize(
    "text",
    ["tomorrow", "2026-13-01", "2026-02-30", "32.01.2026", "-1", "9" * 2000, "  ", "20260116x", "\u202e2026"],
)
async def test_a_bad_date_is_answered_with_an_example_of_a_good_one(archive: Server, text: str) -> None:
    result = await archive.member.slash(archive.general, "top", date=text)
    assert answer(result) == explain(Refusal.DATE_UNCLEAR)


@pytest.mark.parametrize("period", [each.value for each in Period])
@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_the_first_and_the_last_possible_date_have_leaderboards(archive: Server, period: str, day: str) -> None:
    message = await top(archive, period=period, date=day)
    assert len(paper_ids(message)) == (5 if period == "all time" else 0)


async def test_a_period_without_papers_says_so_and_offers_longer_ones(server: Server) -> None:
    message = (await top(server)).message
    assert read_texts(message) == explain(Refusal.NOTHING_LISTED)
    assert button_labels(message) == ["Top papers of this week", "Of all time"]


async def test_the_order_is_upvotes_then_comments_then_id(server: Server, papers_server: PapersServer) -> None:
    votes = [(3, 0), (5, 1), (5, 2), (3, 9), (5, 1)]
    some = [entry(f"2601.{n:05}", upvotes=up, comments=said) for n, (up, said) in enumerate(votes)]
    papers_server.lists = {DAY: some}
    await server.read_lists()
    expected = [paper.id for paper in rank_papers(read_list_entry(each, DAY) for each in some)]
    assert paper_ids(await top(server)) == expected == ids(2, 1, 4, 3, 0)


async def test_pages_go_through_all_papers_in_rank_order(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: entries(12)}
    await server.read_lists()
    message = await top(server)
    pages = [paper_ids(message)]
    for label in ("Next", "Next", "Previous"):
        await server.member.click(message, label=label)
        pages.append(paper_ids(message))
    assert pages == [ids(1, 2, 3, 4, 5), ids(6, 7, 8, 9, 10), ids(11, 12), ids(6, 7, 8, 9, 10)]
    assert "### 6. " in str(message.components)


async def test_pages_still_turn_after_a_restart_and_stay_in_their_period(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {DAY: entries(7), FRIDAY: entries(7, FRIDAY, first=21)}
    await server.read_lists()
    message = await top(server, period="day", date=str(DAY))
    await server.restart()
    server.clock.advance(days=40)
    await server.member.click(message, label="Next")
    assert paper_ids(message) == ids(6, 7)


async def test_details_are_a_click_away(archive: Server) -> None:
    message = await top(archive)
    assert "2601.00030" in answer(await archive.member.select(message, ["2601.00030"], custom_id="pick"))


async def test_a_list_that_is_still_growing_says_until_when(archive: Server) -> None:
    closes = int(get_closing_time(archive.clock().date()).timestamp())
    assert f"may grow until <t:{closes}:f>" in str((await top(archive, period="day")).components)
    assert "grows" not in str((await top(archive, period="day", date="2026-01-15")).components)


@pytest.mark.parametrize(
    ("custom_id", "refusal"),
    [
        ("top:l99999:all time:2026-01-16", Refusal.PAGE_GONE),
        ("top:f1:week:0001-01-01", Refusal.NOTHING_LISTED),
        ("top:n1:day:9999-12-31", Refusal.NOTHING_LISTED),
    ],
)
async def test_a_button_of_a_page_that_is_gone_says_so(archive: Server, custom_id: str, refusal: Refusal) -> None:
    message = stale_button(archive, custom_id)
    assert answer(await archive.member.click(message, custom_id=custom_id)) == explain(refusal)


@pytest.mark.parametrize(
    "custom_id",
    ["top:n1:day:9999-99-99", "top:n1:decade:2026-01-16", "top:n0:day:2026-01-16", "top:", "top:week:2026-01-16:2"],
)
async def test_a_forged_page_button_gets_an_answer_and_does_no_harm(archive: Server, custom_id: str) -> None:
    before = archive.tables()
    message = stale_button(archive, custom_id)
    assert answer(await archive.member.click(message, custom_id=custom_id)) == explain(Refusal.CONTROL_STALE)
    assert archive.tables() == before


async def test_leaderboards_work_in_a_direct_message(archive: Server) -> None:
    result = await archive.member.user.slash("top", period="all time")
    assert paper_ids(result.response) == [*DAYS.values()]
