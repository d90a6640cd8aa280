"""`/digest why`: whether and when a paper was highlighted, and why it was not."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from bot.demo.papers_server import PapersServer
from bot.refusals import Refusal
from tests.support.builders import DAY, FRIDAY, MONDAY, entries, entry, explain
from tests.support.lookups import why
from tests.support.papers_server import Papers
from tests.support.server import Server, post

OPEN_UNTIL = int(datetime(2026, 1, 17, 3, tzinfo=UTC).timestamp())
NEXT = "<t:1768640400:f>"  # Saturday at nine
EVERY_DAY = "Every day at 09:00 UTC, the top 5 papers"


async def vote(server: Server, papers_server: PapersServer, votes: Mapping[int, int]) -> None:
    """An hour later the papers of `DAY` have these upvotes, and the archive knows."""
    for each in papers_server.lists[DAY]:
        number = int(each["paper"]["id"][5:])
        each["paper"]["upvotes"] = votes.get(number, each["paper"]["upvotes"])
    server.clock.advance(hours=1)
    await server.read_lists()


async def test_a_highlighted_paper_has_a_link_to_the_message(server: Server) -> None:
    message = await post(server)
    assert await why(server, 5) == (
        f"Highlighted on <t:{int(message.created_at.timestamp())}:f> → [jump]({message.jump_url}). "
        "A subscription never highlights a paper twice."
    )


async def test_a_paper_below_the_cut_is_explained_with_its_upvotes_at_that_time(
    server: Server, papers_server: PapersServer
) -> None:
    await post(server)
    await vote(server, papers_server, {6: 999, 5: 1})
    assert await why(server, 6) == (
        "Not highlighted in the run of 16 Jan 2026: it was on the list of Thursday 15 January 2026 with 20 upvotes "
        "at the time, too few to make the cut: the last of 5 highlights had 30."
    )


async def test_a_late_climber_that_came_as_a_riser_counts_as_highlighted(
    server: Server, papers_server: PapersServer
) -> None:
    await post(server)
    await vote(server, papers_server, {6: 999})
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(3, FRIDAY, first=11)}
    await server.later(days=1)
    (_, message) = server.papers.history()
    assert f"[jump]({message.jump_url})" in await why(server, 6)


async def test_a_paper_with_too_few_upvotes_is_explained_with_its_upvotes_and_the_minimum_at_that_time(
    server: Server, papers_server: PapersServer
) -> None:
    await server.subscribe(min_upvotes=50)
    await server.later(hours=1)
    await vote(server, papers_server, {4: 999})
    await server.ask("digest edit", min_upvotes=3)
    assert await why(server, 4) == (
        "Not highlighted in the run of 16 Jan 2026: it was on the list of Thursday 15 January 2026 with 40 upvotes "
        "at the time, but needed 50."
    )


@pytest.mark.parametrize(
    ("query", "shown"), [("diffusion", "about *diffusion*"), ("org:google", "matching `org:google`")]
)
async def test_a_paper_that_the_filter_left_out_is_explained_with_the_filter(
    server: Server, papers_server: PapersServer, query: str, shown: str
) -> None:
    known = entry("2601.00009", title="Diffusion", organization={"name": "google", "fullname": "Google"})
    papers_server.lists = {DAY: [*entries(3), known]}
    await server.subscribe(filter=query)
    expected = f"it was on the list of Thursday 15 January 2026, but the filter only allows papers {shown}."
    await server.read_lists()
    assert await why(server) == f"It will not be highlighted: {expected}"
    await server.later(hours=1)
    await server.ask("digest edit", filter="none")
    assert await why(server) == f"Not highlighted in the run of 16 Jan 2026: {expected}"


async def test_for_a_paper_whose_list_is_still_open_the_closing_time_is_named(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(2, FRIDAY, first=11)}
    await post(server)
    await server.read_lists()
    assert await why(server, 11) == (
        f"Not yet: the list of Friday 16 January 2026 is open until <t:{OPEN_UNTIL}:f>. The paper's first chance is "
        f"the run of {NEXT}."
    )


async def test_a_paper_older_than_the_subscription_is_explained_as_such(
    server: Server, papers_server: PapersServer
) -> None:
    before = DAY - timedelta(days=1)
    papers_server.lists = {**papers_server.lists, before: entries(2, before, first=31)}
    await server.subscribe()
    await server.read_lists()
    expected = "Not highlighted: it was on the list of Wednesday 14 January 2026, which closed before this subscription"
    assert (await why(server, 31)).startswith(expected)
    await server.later(hours=1)
    assert (await why(server, 31)).startswith(expected)


async def test_a_paper_added_to_a_list_after_its_digest_does_not_come(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {}
    await server.subscribe()
    await server.later(hours=1)
    papers_server.lists = {DAY: entries(1)}
    await server.read_lists()
    assert (await why(server)).startswith("Not highlighted: it was on the list of Thursday 15 January 2026")


async def test_a_paper_that_was_never_on_a_list_is_explained_as_such(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.unlisted = [entry("2601.00077")]
    await server.subscribe()
    assert await why(server, 77) == "Never highlighted: it isn't on any daily list I know of."


async def test_a_paper_for_the_coming_run_may_come_if_it_keeps_its_place(server: Server) -> None:
    await server.subscribe()
    await server.read_lists()
    assert await why(server) == (
        "Not yet: it was on the list of Thursday 15 January 2026 with 70 upvotes so far, and may come with the run "
        "of <t:1768554000:f>."
    )


async def test_a_paper_of_the_coming_run_with_too_few_upvotes_so_far_is_explained_as_such(server: Server) -> None:
    await server.subscribe(min_upvotes=50)
    await server.read_lists()
    assert await why(server, 7) == (
        "Not yet: it was on the list of Thursday 15 January 2026 with 10 upvotes so far, but needs 50 by the run "
        "of <t:1768554000:f>."
    )


async def test_papers_of_a_list_that_closed_since_the_last_digest_are_for_the_coming_run(
    server: Server, papers_server: PapersServer
) -> None:
    await post(server)
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(2, FRIDAY, first=11)}
    server.clock.advance(hours=20)
    await server.read_lists()
    assert (await why(server, 11)).endswith(f"with 20 upvotes so far, and may come with the run of {NEXT}.")


async def test_papers_of_an_undone_digest_may_come_again(server: Server) -> None:
    await post(server)
    await server.undo()
    assert (await why(server, 1)).endswith(f"and may come with the run of {NEXT}.")


async def test_papers_of_a_digest_that_failed_may_come_again(server: Server) -> None:
    await server.subscribe()
    server.env.inject_error("POST", "/channels/*/messages", status=400, code=50008)
    await server.later(hours=1)
    assert (await why(server, 1)).endswith(f"and may come with the run of {NEXT}.")


@pytest.mark.parametrize("wanted", [{}, {"min_upvotes": 80}])
async def test_while_a_digest_is_paused_its_papers_wait_until_it_is_resumed(
    server: Server, wanted: dict[str, int]
) -> None:
    await server.subscribe(**wanted)
    await server.read_lists()
    await server.ask("digest pause")
    assert (await why(server)).endswith(" the first run after `/digest resume`.")


async def test_a_paper_that_was_listed_again_is_judged_by_its_latest_list(
    server: Server, papers_server: PapersServer
) -> None:
    await post(server)
    papers_server.lists = {
        **papers_server.lists,
        FRIDAY: [*entries(5, FRIDAY, first=11), entry("2601.00007", FRIDAY, upvotes=5)],
    }
    await server.later(days=1)
    assert (await why(server, 7)).startswith(
        "Not highlighted in the run of 17 Jan 2026: it was on the list of Friday 16 January 2026 with 5 upvotes at"
    )


async def test_after_days_away_the_digest_that_covered_them_explains_the_paper(
    server: Server, papers_server: PapersServer
) -> None:
    await post(server)
    papers_server.lists = {FRIDAY: entries(4, FRIDAY, first=11), MONDAY: entries(4, MONDAY, first=21)}
    await server.later(days=4)
    for number, day in ((14, "Friday 16"), (24, "Monday 19")):
        assert (await why(server, number)).startswith(
            f"Not highlighted in the run of 20 Jan 2026: it was on the list of {day} January 2026 with 10 upvotes at"
        )


async def test_each_digest_of_a_server_answers_unless_one_is_chosen(server: Server) -> None:
    await server.subscribe()
    await server.subscribe(channel=server.general, min_upvotes=65, time="10:00")
    await server.later(hours=2)
    text = await server.ask("digest why", paper="2601.00002")
    (message,) = server.papers.history()
    _, first, second = text.split("\n\n")
    assert first.startswith(f"{EVERY_DAY} in <#{server.papers.id}>:\n→ Highlighted ")
    assert message.jump_url in first
    assert f"in <#{server.general.id}>:\n→ Not highlighted" in second
    assert "with 60 upvotes at the time, but needed 65." in second
    assert "but needed 65." in await why(server, 2, subscription="2")


async def test_a_paper_can_be_named_by_words_or_a_link(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists[DAY][0]["paper"]["title"] = "Sparrows in Space"
    await post(server)
    await server.read_lists()
    by_id = await server.ask("digest why", paper="2601.00001")
    assert "Highlighted" in by_id
    assert await server.ask("digest why", paper="https://arxiv.org/abs/2601.00001v2") == by_id
    assert await server.ask("digest why", paper="sparrows") == by_id
    (offered,) = await server.admin.autocomplete(server.general, "digest why", "paper", "sparr")
    assert offered == {"name": "Sparrows in Space", "value": "2601.00001"}


async def test_a_question_that_cannot_be_answered_says_what_would_help(server: Server, papers_server: Papers) -> None:
    assert await server.ask("digest why", paper="2601.00001") == explain(Refusal.NO_SUBSCRIPTIONS)
    await server.subscribe()
    assert await server.ask("digest why", paper="nothing like this") == explain(Refusal.PAPER_UNKNOWN)
    assert await server.ask("digest why", paper="9999.99999") == explain(Refusal.NO_SUCH_PAPER, text="9999.99999")
    assert await server.ask("digest why", paper="2601.00001", subscription="9") == explain(Refusal.SUBSCRIPTION_UNKNOWN)
    papers_server.down = True
    assert await server.ask("digest why", paper="2601.55555") == explain(Refusal.PAPERS_DOWN)


async def test_asking_why_changes_nothing(server: Server) -> None:
    await post(server)
    before = server.tables()
    await why(server, 6)
    assert server.tables() == before
