"""`/paper today`: the daily list as it is right now."""

from datetime import timedelta

from bot.demo.papers_server import PapersServer
from bot.digest import get_closing_time
from bot.refusals import Refusal
from tests.support.builders import DAY, FRIDAY, entries, explain
from tests.support.lookups import paper_command
from tests.support.messages import answer, ids, paper_ids
from tests.support.server import Server


async def test_todays_list_is_ranked_as_it_is_now_and_says_that_it_is_still_growing(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {FRIDAY: list(reversed(entries(7, FRIDAY)))}
    await server.read_lists()
    result = await paper_command(server, "today")
    assert "Friday 16 January 2026" in answer(result)
    assert "This list is still open and may grow until" in answer(result)
    assert "16 Jan 2026" not in str(result.response and result.response.components)  # the heading has it
    assert result.response
    assert paper_ids(result.response) == ids(1, 2, 3, 4, 5)
    await server.member.click(result.response, label="Next")
    assert paper_ids(result.response) == ids(6, 7)


async def test_before_todays_list_begins_the_latest_one_is_shown_with_its_date(library: Server) -> None:
    text = answer(await paper_command(library, "today"))
    assert "Today's list is still empty, so this is the list of Thursday 15 January 2026." in text


async def test_after_midnight_yesterdays_list_is_shown_and_still_grows(library: Server) -> None:
    library.clock.now = get_closing_time(DAY) - timedelta(hours=1)
    text = answer(await paper_command(library, "today"))
    assert "Today's list is still empty" in text
    assert f"may grow until <t:{int(get_closing_time(DAY).timestamp())}:f>" in text


async def test_today_in_an_empty_archive_says_so(server: Server) -> None:
    assert answer(await paper_command(server, "today")) == explain(Refusal.ARCHIVE_EMPTY)
