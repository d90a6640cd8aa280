"""`/digest preview`: what the next run will post, without recording anything."""

from bot.demo.papers_server import PapersServer
from tests.support.builders import DAY, FRIDAY, Clock, entries, entry
from tests.support.messages import answer, button_labels, ids, paper_ids, read_texts
from tests.support.server import Server


async def test_a_preview_shows_what_the_next_run_posts_and_records_nothing(server: Server) -> None:
    await server.subscribe()
    await server.read_lists()
    before = server.tables()
    result = await server.admin.slash(server.general, "digest preview")
    assert server.tables() == before
    assert "Only you can see this preview" in answer(result)
    await server.later(hours=1)
    (message,) = server.papers.history()
    assert result.response
    assert paper_ids(result.response) == paper_ids(message)
    assert answer(result).split("\n### ")[1:] == read_texts(message).split("\n### ")[1:]


async def test_a_preview_leads_to_editing_and_to_an_extra_digest(server: Server) -> None:
    await server.subscribe()
    await server.read_lists()
    result = await server.admin.slash(server.general, "digest preview")
    assert result.response
    assert button_labels(result.response)[-3:] == ["Edit", "Post an extra one", "More"]
    await server.admin.click(result.response, label="Post an extra one")
    assert len(server.posted) == 1


async def test_a_preview_shows_an_open_list_as_it_is_so_far(
    server: Server, papers_server: PapersServer, clock: Clock
) -> None:
    await server.subscribe()
    await server.later(hours=1)
    papers_server.lists = {
        DAY: [entry("2601.00006", upvotes=99)],
        FRIDAY: [*entries(6, FRIDAY, first=11), entry("2601.00001", FRIDAY, upvotes=999)],
    }
    await server.read_lists()
    result = await server.admin.slash(server.general, "digest preview")  # the list of Friday is still open
    clock.advance(hours=24)
    await server.tick()
    assert result.response
    assert paper_ids(result.response) == paper_ids(server.papers.history()[-1]) == ids(6, 11, 12, 13, 14)
    assert answer(result).split("\n### ")[1:] == server.posted[-1].split("\n### ")[1:]


async def test_a_preview_reads_the_lists_that_the_archive_does_not_have_yet(server: Server) -> None:
    await server.subscribe()
    assert "Top 5 of 7 papers by upvotes" in await server.ask("digest preview")


async def test_a_preview_says_when_nothing_would_be_posted(server: Server) -> None:
    await server.subscribe(min_upvotes=1000)
    await server.read_lists()
    before = server.tables()
    assert await server.ask("digest preview") == (
        "The next digest would be empty right now. No new paper had 1,000 upvotes or more."
    )
    assert server.tables() == before
