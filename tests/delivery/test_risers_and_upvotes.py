"""Which papers are posted: risers, enough upvotes, and no more than were asked for."""

from bot.demo.papers_server import PapersServer
from tests.support.builders import DAY, FRIDAY, entries, entry
from tests.support.messages import ids, paper_ids, read_texts
from tests.support.server import Server, post


async def test_one_paper_that_climbed_late_appears_as_rising(server: Server, papers_server: PapersServer) -> None:
    await post(server)  # papers 6 and 7, with 20 and 10 upvotes, are left over
    climbed = [entry("2601.00006", upvotes=99), entry("2601.00007", upvotes=98)]
    papers_server.lists = {DAY: climbed, FRIDAY: entries(5, FRIDAY, first=11)}
    await server.read_lists()
    await server.later(days=1)
    message = server.papers.history()[-1]
    assert paper_ids(message) == ids(6, 11, 12, 13, 14)
    assert read_texts(message).count("rising since 15 Jan") == 1


async def test_a_paper_below_the_median_is_not_rising(server: Server, papers_server: PapersServer) -> None:
    await post(server)
    # Those of Friday have 50, 40, 30, 20 and 10 upvotes.
    papers_server.lists = {DAY: [entry("2601.00006", upvotes=29)], FRIDAY: entries(5, FRIDAY, first=11)}
    await server.read_lists()
    await server.later(days=1)
    assert paper_ids(server.papers.history()[-1]) == ids(11, 12, 13, 14, 15)


async def test_a_paper_at_the_median_is_rising(server: Server, papers_server: PapersServer) -> None:
    await post(server)
    papers_server.lists = {DAY: [entry("2601.00006", upvotes=30)], FRIDAY: entries(5, FRIDAY, first=11)}
    await server.read_lists()
    await server.later(days=1)
    assert "2601.00006" in paper_ids(server.papers.history()[-1])


async def test_papers_with_too_few_upvotes_are_left_out(server: Server) -> None:
    await server.subscribe(min_upvotes=50)
    await server.later(hours=1)
    assert paper_ids(server.papers.history()[-1]) == ids(1, 2, 3)


async def test_when_no_paper_has_enough_upvotes_nothing_is_posted_and_the_status_says_why(server: Server) -> None:
    await server.subscribe(min_upvotes=500)
    await server.later(hours=1)
    assert server.posted == []
    assert "nothing new. No new paper had 500 upvotes or more" in await server.ask("digest status")


async def test_a_digest_holds_as_many_papers_as_were_asked_for(server: Server) -> None:
    await server.subscribe(size=2)
    await server.later(hours=1)
    assert paper_ids(server.papers.history()[-1]) == ids(1, 2)
