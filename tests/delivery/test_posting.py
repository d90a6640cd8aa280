"""Posting: the digest arrives once, on time, and its buttons go on working."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.demo.papers_server import PapersServer
from bot.papers.titles import render_title
from bot.refusals import Refusal
from tests.support.builders import DAY, FRIDAY, MONDAY, Clock, entries, entry, explain
from tests.support.markdown import links, visible
from tests.support.messages import answer, custom_ids, ids, paper_ids, read_texts
from tests.support.server import Server, delete, deliveries, forbid, other_admin, post, stale_button, system_channel

# On time, once


async def test_a_due_digest_is_posted_once_in_rank_order(server: Server, clock: Clock) -> None:
    await server.subscribe()
    clock.advance(hours=1)
    await server.tick()
    await server.tick()
    (message,) = server.papers.history()
    text = read_texts(message)
    assert "Top 5 of 7 papers by upvotes" in text
    assert [f"Paper 2601.0000{n}" in text for n in range(1, 8)] == [True] * 5 + [False] * 2


async def test_nothing_is_posted_before_its_time(server: Server) -> None:
    await server.subscribe()
    await server.later(minutes=59)
    assert server.posted == []
    await server.later(minutes=1)
    assert len(server.posted) == 1


async def test_the_timer_posts_what_is_due(server: Server, clock: Clock) -> None:
    await server.subscribe()
    clock.advance(hours=1)
    await server.bot.get_cog("Posting").tick()  # type: ignore[union-attr]
    await server.bot.dispatcher.wait_until_idle()
    assert len(server.posted) == 1


async def test_a_digest_says_which_day_it_is_about(server: Server) -> None:
    assert "Thursday 15 January 2026" in read_texts(await post(server))


async def test_a_digest_comes_at_the_local_time_of_its_zone(server: Server) -> None:
    await server.subscribe(time="9:30 pm", timezone="America/New_York")
    await server.later(hours=18, minutes=29)  # 02:29 UTC, 21:29 in New York
    assert server.posted == []
    await server.later(minutes=1)
    assert len(server.posted) == 1


async def test_a_digest_does_not_come_on_other_weekdays(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: entries(3), FRIDAY: entries(3, FRIDAY, first=11)}
    await server.subscribe(weekdays="mon-thu")
    for _ in range(3):
        await server.later(days=1)  # Saturday, Sunday, Monday at eight
        assert server.posted == []
    await server.later(hours=1)
    assert len(server.posted) == 1


async def test_a_paper_is_never_highlighted_twice_over_successive_days(
    server: Server, papers_server: PapersServer
) -> None:
    # Every paper is listed again on the next day, with more votes than the new ones.
    papers_server.lists = {
        day: entries(6, day, first=1 + 3 * number)
        for number, day in enumerate(DAY + timedelta(days=each) for each in range(5))
    }
    await post(server)
    for _ in range(4):
        await server.later(days=1)
    shown = [each for message in server.papers.history() for each in paper_ids(message)]
    assert len(server.posted) == 5
    assert len(shown) == len(set(shown))


async def test_a_weekend_is_quiet_and_says_so_in_the_status(server: Server) -> None:
    await post(server)
    await server.later(days=1)
    assert len(server.posted) == 1
    latest = (await deliveries(server))[0]
    assert (latest.state, latest.run_date, latest.posted_message) == ("quiet", date(2026, 1, 17), None)
    assert "Run of 17 Jan 2026: nothing new. No new papers were listed." in await server.ask("digest status")


async def test_after_three_days_down_one_digest_covers_all_closed_days(
    server: Server, papers_server: PapersServer
) -> None:
    await post(server)
    papers_server.lists = {FRIDAY: entries(4, FRIDAY, first=11), MONDAY: entries(4, MONDAY, first=21)}
    await server.restart()
    await server.later(days=4, hours=3)  # Tuesday noon
    (_, text) = server.posted
    assert "Friday 16 January 2026 – Monday 19 January 2026" in text
    assert "Top 5 of 8 papers" in text
    await server.later(minutes=1)
    assert len(server.posted) == 2
    assert [each.run_date.day for each in await deliveries(server)] == [20, 16]


async def test_a_new_subscription_covers_only_the_latest_closed_day(
    server: Server, papers_server: PapersServer
) -> None:
    before = DAY - timedelta(days=1)
    papers_server.lists = {before: entries(5, before, first=31), DAY: entries(7)}
    message = await post(server)
    assert paper_ids(message) == ids(1, 2, 3, 4, 5)
    assert "Top 5 of 7 papers" in read_texts(message)


async def test_a_new_subscription_looks_back_over_days_without_papers(
    server: Server, papers_server: PapersServer
) -> None:
    monday = DAY - timedelta(days=3)
    papers_server.lists = {monday: entries(2, monday)}
    message = await post(server)
    assert paper_ids(message) == ids(1, 2)
    assert "Monday 12 January 2026" in read_texts(message)


async def test_papers_of_the_day_still_open_wait_for_the_next_digest(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {DAY: entries(7), FRIDAY: entries(2, FRIDAY, first=11)}
    assert paper_ids(await post(server)) == ids(1, 2, 3, 4, 5)
    await server.later(days=1)
    assert set(paper_ids(server.papers.history()[-1])) >= set(ids(11, 12))


# Risers and filters


async def test_one_paper_that_climbed_late_appears_as_rising(server: Server, papers_server: PapersServer) -> None:
    await post(server)  # papers 6 and 7, with 20 and 10 upvotes, are left over
    climbed = [entry("2601.00006", upvotes=99), entry("2601.00007", upvotes=98)]
    papers_server.lists = {DAY: climbed, FRIDAY: entries(5, FRIDAY, first=11)}
    await server.read_lists()
    await server.later(days=1)
    message = server.papers.history()[-1]
    assert paper_ids(message) == ids(6, 11, 12, 13, 14)
    assert read_texts(message).count("rising since 15 Jan 2026") == 1


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


# Details


async def test_details_answer_only_to_the_one_who_clicked(server: Server) -> None:
    message = await post(server)
    result = await server.member.click(message, custom_id=custom_ids(message)[0])
    text = answer(result)
    assert "Paper 2601.00001" in text
    assert "Ada Lovelace, Emmy Noether" in text
    assert len(server.papers.history(viewer=server.admin)) == 1


async def test_details_still_work_after_a_restart(server: Server) -> None:
    message = await post(server)
    await server.restart()
    result = await server.member.click(message, custom_id=custom_ids(message)[2])
    assert "Paper 2601.00003" in answer(result)


async def test_details_show_the_upvotes_of_now(server: Server, papers_server: PapersServer) -> None:
    message = await post(server)
    papers_server.lists[DAY][0]["paper"]["upvotes"] = 1234
    await server.read_lists()
    assert "▲ **1,234**" in answer(await server.member.click(message, custom_id=custom_ids(message)[0]))


async def test_details_of_a_paper_that_is_not_in_the_archive_are_looked_up(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.unlisted = [entry("2601.99999", title="Found Elsewhere")]
    message = stale_button(server, "details:2601.99999:abc")
    assert "Found Elsewhere" in answer(await server.member.click(message, label="Details"))


@pytest.mark.parametrize(
    ("custom_id", "reply"),
    [
        ("details:9999.99999", explain(Refusal.NO_SUCH_PAPER, text="9999.99999")),
        ("details:.:0", explain(Refusal.CONTROL_STALE)),
        ("details:", explain(Refusal.CONTROL_STALE)),
        ("details", explain(Refusal.CONTROL_STALE)),
        ("details:2601.00001:0:0", explain(Refusal.CONTROL_STALE)),
    ],
)
async def test_a_stale_details_button_says_what_would_help(server: Server, custom_id: str, reply: str) -> None:
    message = stale_button(server, custom_id)
    assert answer(await server.member.click(message, custom_id=custom_id)) == reply


# When Discord refuses or stumbles


async def test_a_deleted_channel_suspends_its_subscription_and_the_server_is_told_once(server: Server) -> None:
    await system_channel(server)
    await server.subscribe()
    await delete(server, server.papers.id)
    for _ in range(3):
        await server.later(hours=1)
    (told,) = server.general.history(viewer=server.member)
    assert "suspended. The channel is gone" in told.content
    text = await server.ask("digest status")
    assert "Suspended. The channel is gone" in text
    assert "Run of 16 Jan 2026: ⚠️ not posted. The channel is gone." in text


async def test_one_servers_lost_channel_does_not_cost_another_its_digest(server: Server) -> None:
    other = server.env.create_guild("Reading Group")
    digest = other.create_text_channel("digest")
    await other_admin(server, other, "emmy").slash(digest, "digest add", channel=digest, time="9:00", timezone="UTC")
    await server.subscribe()
    await delete(server, server.papers.id)
    await server.later(hours=1)
    _welcome, posted = digest.history(viewer=other.owner)
    assert paper_ids(posted) == ids(1, 2, 3, 4, 5)


async def test_a_permission_taken_away_suspends_the_subscription_until_it_is_given_back(server: Server) -> None:
    await server.subscribe()
    forbid(server, server.papers, "send_messages")
    await server.later(hours=1)
    text = await server.ask("digest status")
    assert "Suspended. I'm missing **Send Messages** in the channel" in text
    assert f"I'm missing **Send Messages** in <#{server.papers.id}>" in text
    forbid(server, server.papers)
    await server.ask("digest resume")
    await server.later(days=1)
    assert [paper_ids(each) for each in server.papers.history()] == [ids(1, 2, 3, 4, 5)]


@pytest.mark.parametrize("failure", [500, 502, 503])
async def test_a_passing_failure_of_discord_delays_the_digest_and_it_is_posted_once(
    server: Server, failure: int
) -> None:
    await server.subscribe()
    server.env.inject_error("POST", "/channels/*/messages", status=failure, times=2)
    await server.later(hours=1)
    assert server.posted == []
    assert f"delayed, but on its way. Discord answered with error {failure}" in await server.ask("digest status")
    await server.later(seconds=59)
    await server.later(seconds=1)  # the second try, which fails too
    await server.later(seconds=119)
    assert server.posted == []
    await server.later(seconds=1)
    await server.later(minutes=30)
    assert len(server.posted) == 1
    assert "[top 5](https://discord.com/channels/" in await server.ask("digest status")


async def test_a_message_discord_will_never_take_is_not_tried_again(server: Server) -> None:
    await server.subscribe()
    server.env.inject_error("POST", "/channels/*/messages", status=400, code=50008, times=None)
    await server.later(hours=1)
    await server.later(hours=1)
    assert len([each for each in server.env.http_requests if each.path.endswith("/messages")]) == 1
    assert "not posted. Discord did not accept the message (error 50008)" in await server.ask("digest status")
    assert "Next digest" in await server.ask("digest status")


async def test_papers_of_a_digest_that_failed_come_with_the_next(server: Server) -> None:
    await server.subscribe()
    server.env.inject_error("POST", "/channels/*/messages", status=400, code=50035)
    await server.later(hours=1)
    await server.later(days=1)
    assert [paper_ids(message) for message in server.papers.history()] == [ids(1, 2, 3, 4, 5)]


# Strangers' text

HOSTILE = {
    "markdown": "**bold** _it_ __under__ ~~gone~~ ||spoiler|| `code` # heading > quote",
    "everyone": "Attention @everyone and @here, all you need",
    "mentions": "Ask <@1>, <@&2>, <#3>, </digest add:4> at <t:5:R> <:smile:6>",
    "masked link": "[Click](https://evil.example) ](https://evil.example) [here",
    "backticks": "``` a ``` b ` c",
    "latex": r"$\alpha_i \leq \beta^{*}$ and $\mathbb{R}_{+}$ \\ end",
    "bidi": "Safe \u202etxet desrever\u202c \u2066isolate\u2069 end",
    "long": "Very long titles of papers happen " * 5 + "now!!",
    "cjk": "深層学習による自然言語処理の研究" * 10,
    "url": "See https://evil.example/_x_ for more",
    "quotes": "> not a quote\n- not a list",
    "zalgo": "Z̵͓̈a̷͇͗l̸̰͝g̵͙̿o̶͎̚" * 8,
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈" * 15,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_titles_and_abstracts_are_shown_harmlessly(
    server: Server, papers_server: PapersServer, text: str
) -> None:
    papers_server.lists = {DAY: [entry("2601.00001", title=text, summary=text, authors=[{"name": text}])]}
    message = await post(server)
    card = answer(await server.member.click(message, custom_id=custom_ids(message)[0]))
    seen = render_title(text)
    for shown, mark in ((read_texts(message), "### 1. "), (card, "## ")):
        assert_harmless(shown)
        (title,) = re.findall(rf"^{mark}(.*\]\(https://huggingface.co/papers/2601.00001\).*)$", shown, re.MULTILINE)
        assert visible(title).removesuffix(" →") == seen
        ((label, url),) = links(title)
        assert "://" not in label  # Discord shows no mask over a text with a URL in it
        around = title.replace(f"[{label}]({url})", label)
        assert not re.search(r"(?<!\\)[\[\]*_~`|<>#]", around.replace(r"\\", ""))


def assert_harmless(markdown: str) -> None:
    live = re.sub(r"\\.|posted here on <t:\d+:D>", "", markdown)
    assert not re.search(r"@(everyone|here)|<[@#/:t]|`|~~|\|\||[\u202a-\u202e\u2066-\u2069]", live)
    assert "](https://evil" not in live


async def test_no_message_ever_pings(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: [entry("2601.00001", title="@everyone <@1> <@&2>", summary="@here")]}
    message = await post(server)
    await server.member.click(message, custom_id=custom_ids(message)[0])
    await server.ask("paper search", query="@everyone <@1>")
    bodies = [each.json or {} for each in server.env.http_requests if each.path[:4] in {"/cha", "/int"}]
    sent = [body.get("data", body) for body in bodies]
    assert len(sent) == 4
    assert [each["allowed_mentions"] for each in sent] == [{"parse": []}] * 4
    assert not message.mention_everyone
    assert not message.raw_mentions or not message.mentions


async def test_instants_are_shown_in_each_readers_own_zone(server: Server) -> None:
    await server.subscribe()
    stamp = int(datetime(2026, 1, 16, 9, tzinfo=UTC).timestamp())
    assert f"<t:{stamp}:f> (<t:{stamp}:R>)" in await server.ask("digest status")
