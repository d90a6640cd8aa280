"""Composing: filters let through what an admin wants to read, and a quiet line says when that is nothing."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import simcord

from bot.demo.papers_server import PapersServer
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal
from bot.storage import Delivery
from tests.support.builders import DAY, FRIDAY, MONDAY, entries, entry, explain
from tests.support.messages import answer, custom_ids, ids, paper_ids, read_texts
from tests.support.server import Server, deliveries, get_subscription, without_drafts


def about(topic: str, number: int, upvotes: int, day: date = DAY) -> dict[str, Any]:
    return entry(ids(number)[0], day, title=f"{topic} {number}", summary=f"On {topic}.", upvotes=upvotes)


LIBRARY = [
    about("Robots", 1, 90),
    about("Diffusion", 2, 80),
    about("Robots", 3, 70),
    about("Diffusion", 4, 60),
    about("Robots", 5, 50),
    about("Diffusion", 6, 5),
]


@pytest.fixture
def papers_server(papers_server: PapersServer) -> PapersServer:
    papers_server.lists = {DAY: list(LIBRARY)}
    return papers_server


async def post(server: Server, **options: Any) -> None:
    await server.subscribe(**options)
    await server.later(hours=1)


def shown(server: Server) -> list[list[str]]:
    return [paper_ids(message) for message in server.papers.history()]


async def latest(server: Server) -> Delivery:
    return (await deliveries(server))[0]


# Filters


async def test_the_answer_to_a_setup_says_what_the_digest_is_about(server: Server) -> None:
    text = answer(await server.subscribe(filter="diffusion"))
    assert f"the top 5 papers about *diffusion* in <#{server.papers.id}>." in text
    assert "the top 5 papers matching `org:google min:3` in" in answer(
        await server.subscribe(filter="org:google min:3")
    )


@pytest.mark.parametrize(
    ("query", "passing"),
    [
        ("diffusion", (2, 4, 6)),
        ("robots OR diffusion", (1, 2, 3, 4, 5)),
        ("-diffusion", (1, 3, 5)),
        ("diffusion min:60", (2, 4)),
        ("author:lovelace robots after:7d", (1, 3, 5)),
    ],
)
async def test_only_papers_that_match_are_highlighted_best_first(
    server: Server, query: str, passing: tuple[int, ...]
) -> None:
    await post(server, filter=query)
    assert shown(server) == [ids(*passing)]
    assert (await latest(server)).digest.listed_count == 6


async def test_a_late_climber_comes_only_if_it_matches(server: Server, papers_server: PapersServer) -> None:
    await post(server, filter="diffusion", size=2)
    papers_server.lists = {
        DAY: [about("Robots", 1, 999), about("Diffusion", 6, 500)],
        FRIDAY: [about("Diffusion", 11, 10, FRIDAY), about("Robots", 12, 20, FRIDAY)],
    }
    await server.read_lists()
    await server.later(days=1)
    assert shown(server) == [ids(2, 4), ids(6, 11)]


async def test_a_day_without_a_match_is_quiet_and_the_status_says_why(server: Server) -> None:
    await post(server, filter="astronomy")
    assert server.posted == []
    assert "Run of 16 Jan 2026: nothing new. No new paper matched the filter." in await server.ask("digest status")


async def test_a_day_of_matches_with_too_few_upvotes_says_so(server: Server) -> None:
    await post(server, filter="diffusion", min_upvotes=81)
    assert "No new paper had 81 upvotes or more" in await server.ask("digest status")


async def test_a_preview_applies_the_filter(server: Server) -> None:
    await server.subscribe(filter="diffusion")
    result = await server.admin.slash(server.general, "digest preview")
    assert result.response
    assert paper_ids(result.response) == ids(2, 4, 6)
    await server.ask("digest edit", filter="astronomy")
    assert await server.ask("digest preview") == (
        "The next digest would be empty right now. No new paper matched the filter."
    )


@pytest.mark.parametrize("word", ["none", "None", "all", "off", "-"])
async def test_typing_none_as_the_filter_removes_it(server: Server, word: str) -> None:
    await server.subscribe(filter="astronomy")
    assert "the top 5 papers in <#" in await server.ask("digest edit", filter=word)
    await server.later(hours=1)
    assert shown(server) == [ids(1, 2, 3, 4, 5)]


async def test_an_edit_that_leaves_the_filter_out_keeps_it(server: Server) -> None:
    await server.subscribe(filter="diffusion")
    assert "the top 3 papers about *diffusion*" in await server.ask("digest edit", size=3)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("min:many", "I don't understand `min:many`. Write it like `min:50`."),
        ("diffusion before:whenever", "I don't understand `before:whenever`"),
        ("word " * 45, "A query can have up to 40 words"),
        ("x" * 301, "Up to 300 characters fit here. Nothing was changed. Try fewer words."),
    ],
)
async def test_a_mistake_in_the_filter_is_explained_and_nothing_is_saved(server: Server, query: str, told: str) -> None:
    await server.subscribe(filter="robots")
    before = without_drafts(server.tables())
    assert told in answer(await server.subscribe(filter=query))
    assert told in await server.ask("digest edit", filter=query)
    assert without_drafts(server.tables()) == before


async def test_a_run_waits_while_the_search_index_is_behind(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    await server.subscribe(filter="diffusion")
    await server.subscribe(channel=server.general)
    with monkeypatch.context() as patching:
        patching.setattr(server.bot.services.archive, "update_index", nothing)
        await server.later(hours=1)
        assert (server.posted, len(server.general.history())) == ([], 1)
        status = await server.ask("digest status", subscription="1")
        assert "but has to wait. The search index is being rebuilt. I'll post it once" in status
        refused = await server.send_now(subscription="1")
        assert refused == explain(Refusal.NOT_NOW, reason=Reason(ReasonKind.INDEX_BEHIND))
        assert "The search index is being rebuilt" in await server.ask("digest preview", subscription="1")
    await server.later(minutes=1)
    assert shown(server) == [ids(2, 4, 6)]
    assert "has to wait" not in await server.ask("digest status", subscription="1")


async def nothing() -> None:
    return


async def test_a_filtered_digest_says_how_many_papers_match_and_of_how_many(server: Server) -> None:
    await post(server, filter="diffusion", size=2)
    assert "Top 2 of the papers that match, of 6 papers in total" in server.posted[0]


# Quiet lines


async def want_quiet_line(server: Server, **options: Any) -> None:
    """A subscription, an hour from its first run, that says so when nothing passed."""
    await server.subscribe(**options)
    known = await get_subscription(server)
    settings = replace(known.settings, posting=replace(known.settings.posting, quiet_line=True))
    edit = server.bot.services.storage.subscriptions.edit
    await edit(known, settings, known.next_run, by=server.admin.id, now=server.clock.now)


async def quiet(server: Server) -> Any:
    """The message of a run in which nothing passed."""
    await want_quiet_line(server, filter="astronomy")
    await server.later(hours=1)
    (message,) = server.papers.history()
    return message


async def test_a_quiet_run_posts_nothing_unless_an_admin_wants_a_line(server: Server) -> None:
    await post(server, filter="astronomy")
    assert server.posted == []
    assert (await get_subscription(server)).settings.posting.quiet_line is False


async def test_a_quiet_line_says_why_once(server: Server) -> None:
    message = await quiet(server)
    await server.later(minutes=2)
    await server.later(hours=1)
    assert server.posted == ["Nothing new today. No new paper matched the filter."]
    assert f"nothing new]({message.jump_url}). No new paper matched the filter." in await server.ask("digest status")


async def test_the_button_under_a_quiet_line_shows_its_list_to_the_person_who_clicked(server: Server) -> None:
    message = await quiet(server)
    for _ in range(2):
        (custom_id,) = custom_ids(message)
        result = await server.member.click(message, custom_id=custom_id)
        assert "Thursday 15 January 2026" in answer(result)
        assert result.response
        assert paper_ids(result.response) == ids(1, 2, 3, 4, 5)
        await server.restart()
    assert len(server.posted) == 1


async def test_the_button_under_a_quiet_line_still_works_when_the_run_is_no_longer_stored(
    server: Server, papers_server: PapersServer
) -> None:
    message = await quiet(server)
    (custom_id,) = custom_ids(message)
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(2, FRIDAY, first=11)}
    await server.later(days=1)
    await server.bot.services.storage.guilds.delete_server(server.guild.id)
    result = await server.member.click(message, custom_id=custom_id)
    assert "Thursday 15 January 2026" in answer(result)
    assert result.response
    assert paper_ids(result.response) == ids(1, 2, 3, 4, 5)


async def test_a_weekend_without_new_lists_posts_no_quiet_line(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {**papers_server.lists, FRIDAY: [about("Astronomy", 11, 5, FRIDAY)]}
    papers_server.lists = {**papers_server.lists, MONDAY: [about("Robots", 12, 5, MONDAY)]}
    await want_quiet_line(server, filter="astronomy", time="9:00")
    await server.later(hours=1)  # Friday: the list of Thursday
    assert len(server.posted) == 1
    for expected in (2, 2, 2, 3):  # Saturday: the list of Friday; Tuesday: that of Monday
        await server.later(days=1)
        assert len(server.posted) == expected
    assert "Nothing new today" in server.posted[0]
    assert paper_ids(server.papers.history()[1]) == ids(11)
    assert "Nothing new today" in server.posted[2]


async def test_after_a_quiet_line_the_next_digest_comes_as_usual(server: Server, papers_server: PapersServer) -> None:
    await quiet(server)
    papers_server.lists = {**papers_server.lists, FRIDAY: [about("Astronomy", 11, 5, FRIDAY)]}
    await server.later(days=1)
    (_, message) = server.papers.history()
    assert paper_ids(message) == ids(11)


async def test_a_quiet_line_cannot_be_undone(server: Server) -> None:
    await quiet(server)
    assert await server.undo() == explain(Refusal.NOTHING_TO_UNDO)
    assert len(server.posted) == 1


async def test_undo_takes_the_digest_before_a_quiet_line(server: Server, papers_server: PapersServer) -> None:
    await want_quiet_line(server)
    await server.later(hours=1)
    assert len(shown(server)) == 1
    await server.ask("digest edit", filter="astronomy")
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(2, FRIDAY, first=11)}
    await server.later(days=1)
    assert "Nothing new" in server.posted[-1]
    assert "may come again" in await server.undo()
    (left,) = server.posted
    assert "Nothing new" in left


async def test_a_quiet_line_that_arrived_unnoticed_is_not_sent_again(server: Server) -> None:
    await want_quiet_line(server, filter="astronomy")
    server.env.inject_error("POST", "/channels/*/messages", status=503)
    await server.later(hours=1)
    (delivery,) = await deliveries(server)
    stand_in(server, delivery.messages[0].nonce)
    await server.later(minutes=2)
    assert len(server.posted) == 1
    assert (await latest(server)).state.value == "quiet"


def stand_in(server: Server, nonce: str) -> simcord.ChannelHandle:
    """The message is in the channel, although Discord answered otherwise."""
    button = {"type": 2, "style": 2, "label": "Show the list", "custom_id": f"quiet:{nonce}"}
    rows = [{"type": 10, "content": "Nothing new today"}, {"type": 1, "components": [button]}]
    backend = server.env.backend
    backend.create_message(server.papers.id, backend.bot_user.id, components=rows, flags=1 << 15)
    return server.papers


async def test_a_day_with_a_few_papers_is_not_quiet(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: entries(1)}
    await want_quiet_line(server)
    await server.later(hours=1)
    assert "The only paper" in read_texts(server.papers.history()[0])
