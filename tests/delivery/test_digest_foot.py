"""The foot of a digest: all papers of its days, a search, and how to get it differently, for the one who asks."""

from datetime import time
from zoneinfo import ZoneInfo

import pytest

from bot.demo.papers_server import PapersServer
from bot.refusals import Refusal
from bot.subscription.schedule import Schedule, find_next_run
from bot.subscription.settings import DigestLayout, DigestSettings, PostingOptions, Selection, Threads
from tests.support.builders import DAY, entry, explain
from tests.support.lookups import LIBRARY
from tests.support.messages import answer, button_labels, custom_ids, message_of, paper_ids
from tests.support.server import Server, post, stale_button

NINE = Schedule(time(9), ZoneInfo("UTC"))
FOOT = ["All 12 papers", "Search", "Settings"]


@pytest.fixture
def twelve(papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: [entry(f"2601.{n:05}", upvotes=20 - n) for n in range(1, 13)]}


@pytest.mark.usefixtures("twelve")
@pytest.mark.parametrize("layout", [DigestLayout.LIST, DigestLayout.COMPACT, DigestLayout.CARDS])
async def test_every_layout_ends_with_the_foot(server: Server, layout: DigestLayout) -> None:
    await server.subscribe(layout=layout.value)
    await server.later(hours=1)
    assert button_labels(server.papers.history()[-1])[-3:] == FOOT


@pytest.mark.usefixtures("twelve")
async def test_all_papers_of_the_day_are_shown_page_by_page_to_the_one_who_asks(server: Server) -> None:
    message = await post(server)
    first = await server.member.click(message, label="All 12 papers")
    assert answer(first).startswith("# Top papers\n**Thursday 15 January 2026** · 12 papers by upvotes")
    second = await server.member.click(message_of(first), label="Next")
    assert paper_ids(message_of(second)) == [f"2601.{n:05}" for n in range(6, 11)]
    assert "Page 2 of 3" in answer(second)
    assert len(server.papers.history(viewer=server.admin)) == 1
    assert button_labels(server.papers.history()[-1])[-3:] == FOOT


@pytest.mark.usefixtures("twelve")
async def test_a_digest_that_shows_the_whole_list_has_no_button_for_it(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {DAY: papers_server.lists[DAY][:3]}
    assert button_labels(await post(server))[-2:] == ["Search", "Settings"]


@pytest.mark.usefixtures("twelve")
async def test_with_a_message_for_each_paper_the_last_one_has_the_foot(server: Server) -> None:
    services, posting = server.bot.services, PostingOptions(threads=Threads.PER_PAPER)
    settings = DigestSettings(server.papers.id, NINE, Selection(2), posting)
    now = services.clock()
    await services.storage.subscriptions.add(
        server.guild.id, settings, by=server.admin.id, now=now, next_run=find_next_run(NINE, now)
    )
    await server.later(hours=1)
    first, last = [button_labels(each) for each in server.papers.history() if button_labels(each)]
    assert first == ["Details", "Save"]
    assert last == ["Details", "Save", *FOOT]


async def test_all_papers_of_several_days_are_in_one_list(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {
        DAY.replace(day=day): [entry(f"2601.{day}{n:03}", upvotes=9 + n) for n in range(1, 5)] for day in (13, 14, 15)
    }
    await server.read_lists()
    message = stale_button(server, f"listed:n1:{DAY.replace(day=13)}:{DAY}")
    first = await server.member.click(message, label="Details")
    assert answer(first).startswith("# All papers\n**13 Jan 2026 – 15 Jan 2026** · 12 papers by upvotes")
    last = await server.member.click(
        message_of(await server.member.click(message_of(first), label="Next")), label="Next"
    )
    assert len(paper_ids(message_of(last))) == 2
    assert len(server.papers.history(viewer=server.admin)) == 1


@pytest.mark.parametrize(
    "custom_id", ["listed:n1:2026-01-40:2026-01-15", "listed:n1:2026-01-15", "search:old", "settings:x", "settings:"]
)
async def test_a_forged_foot_says_what_would_help(server: Server, custom_id: str) -> None:
    message = stale_button(server, custom_id)
    assert answer(await server.member.click(message, custom_id=custom_id)) == explain(Refusal.CONTROL_STALE)


async def test_a_list_that_is_gone_says_so(server: Server) -> None:
    message = stale_button(server, "listed:n1:2020-01-01:2020-01-07")
    told = answer(await server.member.click(message, label="Details"))
    assert told == explain(Refusal.PAGE_GONE)


async def test_search_asks_for_words_and_answers_the_one_who_typed_them(
    server: Server, papers_server: PapersServer
) -> None:
    message = await post(server)
    papers_server.lists = {DAY: LIBRARY}
    await server.read_lists()
    opened = await server.member.click(message, label="Search")
    found = await server.member.submit_modal(opened, {"query": "diffusion"})
    assert "Diffusion Without Tears" in answer(found)
    assert len(server.papers.history(viewer=server.admin)) == 1


async def test_settings_open_the_panel_for_an_admin(server: Server) -> None:
    message = await post(server)
    opened = await server.admin.click(message, label="Settings")
    assert any(each.startswith("panel:") for each in custom_ids(message_of(opened)))
    assert answer(opened).startswith("### Edit subscription")


async def test_settings_tell_everyone_else_why_not_and_how_the_papers_come_to_them(server: Server) -> None:
    message = await post(server)
    told = await server.member.click(message, label="Settings")
    assert answer(told).startswith(explain(Refusal.MANAGE_SERVER_NEEDED))
    assert button_labels(message_of(told)) == ["Follow something", "Inbox"]
    assert "inbox" in answer(await server.member.click(message_of(told), label="Inbox"))


async def test_a_preview_looks_like_the_digest(server: Server) -> None:
    await server.subscribe()
    shown = await server.admin.slash(server.general, "digest preview")
    labels = button_labels(message_of(shown))
    assert {"1", "2", "3", "Search", "Settings"} <= {*labels}
