"""`/paper posted`: what was posted in this server, with links that the reader may open."""

from bot.demo.papers_server import PapersServer
from bot.refusals import Refusal
from tests.support.builders import DAY, FRIDAY, entries, explain
from tests.support.lookups import paper_command, read_results
from tests.support.messages import answer, ids, options, paper_ids, read_texts
from tests.support.server import Server, forbid_everybody, post


async def test_posted_papers_are_listed_newest_first_with_links_to_their_messages(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {DAY: entries(7), FRIDAY: entries(4, FRIDAY, first=11)}
    first = await post(server)
    await server.later(days=1)
    second = server.papers.history()[-1]
    result = await paper_command(server, "posted")
    text = answer(result)
    assert f"**The last month** · {len(paper_ids(first)) + len(paper_ids(second))} papers, newest first" in text
    assert text.count(second.jump_url) == len(paper_ids(second))
    assert result.response
    assert paper_ids(result.response) == [*paper_ids(second), *paper_ids(first)][:5]
    await server.member.click(result.response, label="Next")
    assert paper_ids(result.response) == [*paper_ids(second), *paper_ids(first)][5:10]
    assert first.jump_url in read_texts(result.response.message)


async def test_papers_posted_longer_ago_are_listed_on_request(server: Server) -> None:
    await post(server)
    server.clock.advance(days=8)
    assert answer(await paper_command(server, "posted", period="week")) == explain(Refusal.NOTHING_POSTED)
    assert "**All time** · 5 papers" in answer(await paper_command(server, "posted", period="all time"))


async def test_everything_ever_posted_in_a_server_can_be_read_page_by_page(server: Server) -> None:
    await server.subscribe(size=7)
    await server.later(hours=1)
    server.clock.advance(days=500)
    result = await paper_command(server, "posted", period="all time")
    assert result.response
    assert len(paper_ids(result.response)) == 5
    await server.member.click(result.response, label="Next")
    assert len(paper_ids(result.response)) == 2
    assert "**All time** · 7 papers" in read_texts(result.response.message)


async def test_a_search_offers_no_period_that_leaves_nothing_out(server: Server) -> None:
    (registered,) = [each.json for each in server.env.http_requests if each.method == "PUT"]
    assert isinstance(registered, list)
    (group,) = [each for each in registered if each["name"] == "paper"]
    periods = {
        command["name"]: [choice["value"] for choice in option["choices"]]
        for command in group["options"]
        for option in command["options"]
        if option["name"] == "period"
    }
    assert periods == {"search": ["week", "month", "year"], "posted": ["week", "month", "year", "all time"]}


async def test_a_paper_posted_in_two_channels_is_listed_twice_and_picked_once(server: Server) -> None:
    await server.subscribe(size=1)
    await server.subscribe(channel=server.general, size=1)
    await server.later(hours=1)
    result = await paper_command(server, "posted")
    assert answer(result).count("[Paper 2601.00001]") == 2
    assert result.response
    assert options(result.response, "pick") == ids(1)


async def test_posted_explains_itself_outside_a_server(server: Server) -> None:
    result = await server.member.user.slash("paper posted")
    assert result.response.content == explain(Refusal.POSTED_OUTSIDE_SERVER)


async def test_a_channel_that_the_reader_may_not_view_is_never_linked(library: Server) -> None:
    message = await post(library)
    assert message.jump_url in await read_results(library, "diffusion")
    forbid_everybody(library, library.papers, "view_channel")
    assert "posted here" not in await read_results(library, "diffusion")
    assert "posted here" not in answer(await paper_command(library, "show", paper="2601.00002"))
    assert "posted here" not in answer(await paper_command(library, "similar", paper="2601.00001"))
    assert answer(await paper_command(library, "posted", period="all time")) == explain(Refusal.NOTHING_EVER_POSTED)


async def test_of_two_channels_the_one_that_the_reader_may_view_is_linked(server: Server) -> None:
    await server.subscribe(size=1)
    await server.subscribe(channel=server.general, size=1)
    await server.later(hours=1)
    forbid_everybody(server, server.papers, "view_channel")
    text = answer(await paper_command(server, "posted"))
    assert "· 1 paper, newest first" in text
    assert server.general.history()[-1].jump_url in text
    assert server.papers.history()[-1].jump_url not in text


async def test_a_deleted_channel_is_not_linked(server: Server) -> None:
    await post(server)
    server.env.backend.delete_channel(server.papers.id)
    await server.env.settle()
    assert answer(await paper_command(server, "posted")) == explain(Refusal.NOTHING_POSTED)
