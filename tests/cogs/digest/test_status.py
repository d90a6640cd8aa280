"""`/digest status`: what became of each run, what comes next, and what is in the way."""

from dataclasses import replace
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.demo.papers_server import PapersServer
from bot.layouts.advice import advise_admin
from bot.layouts.subscriptions import describe_subscription_status
from bot.layouts.text import fit_in_messages
from bot.reasons import Reason, ReasonKind
from bot.subscription.schedule import Schedule
from bot.subscription.settings import DigestLayout, DigestSettings, PostingOptions, Selection, Threads
from tests.support import builders
from tests.support.builders import DAY, GONE, entries
from tests.support.destinations import NEEDED, latest, wanted
from tests.support.papers_server import Papers
from tests.support.server import GUILD_ID, Server, delete, forbid


async def test_the_status_shows_the_next_run_and_links_the_last_digest(server: Server) -> None:
    await server.subscribe()
    assert "Nothing has been posted yet." in await server.ask("digest status")
    await server.later(hours=1)
    (message,) = server.papers.history()
    text = await server.ask("digest status")
    assert f"Run of 16 Jan 2026: [top 5]({message.jump_url}) of 7 papers, with 250 upvotes." in text
    assert "Next digest <t:1768640400:f> (<t:1768640400:R>)." in text


@pytest.mark.parametrize(("permission", "name"), NEEDED.items())
async def test_the_status_names_the_permissions_that_are_missing_now(
    server: Server, permission: str, name: str
) -> None:
    await server.subscribe()
    forbid(server, server.papers, permission)
    assert f"I'm missing **{name}** in <#" in await server.ask("digest status")


async def test_the_status_says_that_the_channel_is_gone_before_a_run_finds_out(server: Server) -> None:
    await server.subscribe()
    await delete(server, server.papers.id)
    assert advise_admin(0, GONE) in await server.ask("digest status")


async def test_the_status_of_one_of_several_digests_can_be_asked_for(server: Server) -> None:
    await server.subscribe()
    await server.subscribe(channel=server.general)
    assert f"<#{server.papers.id}>" in await server.ask("digest status")
    assert f"<#{server.papers.id}>" not in await server.ask("digest status", subscription="2")


async def test_the_status_says_what_an_overdue_digest_waits_for(server: Server, papers_server: Papers) -> None:
    await server.subscribe()
    papers_server.down = True
    await server.later(hours=1)
    assert server.posted == []
    assert "but has to wait. Hugging Face answered with error 503." in await server.ask("digest status")
    papers_server.down = False
    await server.later(minutes=5)
    assert len(server.posted) == 1
    assert "has to wait" not in await server.ask("digest status")


def a_list_a_day(papers_server: PapersServer, days: int, count: int = 3) -> None:
    """Lists of `count` papers, different ones each day."""
    papers_server.lists = {
        day: entries(count, day, first=1 + 10 * number)
        for number, day in enumerate(DAY + timedelta(days=each) for each in range(days))
    }


def lines(text: str, beginning: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(beginning)]


async def test_the_status_shows_the_last_five_deliveries_with_links_and_figures(
    server: Server, papers_server: PapersServer
) -> None:
    a_list_a_day(papers_server, days=7)
    await server.subscribe()
    await server.later(hours=1)
    for _ in range(6):
        await server.later(days=1)
    newest = reversed(server.papers.history()[-5:])
    assert lines(await server.ask("digest status"), "Run of ") == [
        f"Run of {day} Jan 2026: [top 3]({message.jump_url}) of 3 papers, with 60 upvotes."
        for day, message in zip((22, 21, 20, 19, 18), newest, strict=True)
    ]


async def test_the_status_says_what_became_of_every_run(server: Server, papers_server: PapersServer) -> None:
    a_list_a_day(papers_server, days=4)
    await server.subscribe()
    await server.later(hours=1)
    (message,) = server.papers.history()
    server.env.inject_error("POST", "/channels/*/messages", status=400, code=50008)
    await server.later(days=1)
    await server.later(days=1)
    await server.undo()
    papers_server.lists = {DAY: entries(3)}
    await server.ask("digest edit", min_upvotes=500)
    await server.later(days=1)
    server.env.inject_error("POST", "/channels/*/messages", status=503, times=None)
    papers_server.lists = {DAY + timedelta(days=4): entries(1, DAY + timedelta(days=4), first=91)}
    await server.ask("digest edit", min_upvotes=0)
    await server.later(days=1)
    refused = "⚠️ not posted. Discord rejected the message (error 50008). Its papers may come with the next digest."
    assert lines(await server.ask("digest status"), "Run of ") == [
        "Run of 20 Jan 2026: delayed, but on its way. Discord answered with error 503.",
        "Run of 19 Jan 2026: nothing new. No new paper had 500 upvotes or more.",
        "Run of 18 Jan 2026: undone.",
        f"Run of 17 Jan 2026: {refused}",
        f"Run of 16 Jan 2026: [top 3]({message.jump_url}) of 3 papers, with 60 upvotes.",
    ]


async def test_the_status_says_what_is_in_the_way_and_what_to_click(server: Server) -> None:
    await server.subscribe()
    assert "✓ I have all the permissions I need." in await server.ask("digest status")
    forbid(server, server.papers, "send_messages", "read_message_history")
    text = await server.ask("digest status")
    assert (
        f"⚠️ I'm missing **Send Messages** and **Read Message History** in <#{server.papers.id}>. Open the channel's "
        "settings, go to *Permissions*, add my role, and allow what is missing."
    ) in text
    assert "✓" not in text


async def test_the_status_of_a_channel_that_is_gone_says_how_to_move_the_digest(server: Server) -> None:
    await server.subscribe()
    await delete(server, server.papers.id)
    await server.later(hours=1)
    text = await server.ask("digest status")
    assert f"⚠️ {advise_admin(0, GONE)}" in text
    assert "⚠️ Suspended. The channel is gone. Fix that, then use `/digest resume`." in text


async def test_the_status_says_what_a_posted_digest_is_missing(server: Server) -> None:
    channel = server.guild.create_news_channel("news")
    await wanted(server, channel, publish=True)
    server.env.inject_error("POST", "/channels/*/crosspost", status=403, code=50013)
    await server.later(hours=1)
    (message,) = channel.history()
    text = await server.ask("digest status")
    assert f"[top 5]({message.jump_url}) of 7 papers, with 250 upvotes. ⚠️ But it wasn't published to all" in text


async def test_the_longest_possible_status_fits_into_messages_and_loses_nothing(server: Server) -> None:
    """A filter of nothing but characters to escape, every option, and five digests that lack something."""
    extras: dict[str, Any] = {
        "publish": True,
        "silent": True,
        "quiet_line": True,
        "ping_role_id": GUILD_ID,
        "ping_upvotes": 10_000,
    }
    posting = PostingOptions(DigestLayout.CARDS, Threads.PER_PAPER, **extras)
    timezone = ZoneInfo("America/Argentina/ComodRivadavia")
    schedule = Schedule(time(9), timezone, frozenset(range(6)))
    settings = DigestSettings(GUILD_ID, schedule, Selection(10, 10_000, filter="_" * 300), posting)
    known = replace(await wanted(server, server.papers), settings=settings)
    await server.later(hours=1)
    sent = replace(await latest(server), reason=builders.build_missing_permissions("create_public_threads"))
    deliveries = [replace(sent, run_date=DAY + timedelta(days=each)) for each in range(5)]
    in_the_way = [
        builders.build_missing_permissions("send_messages", "read_message_history"),
        Reason(ReasonKind.ROLE_GONE),
    ]
    text = describe_subscription_status(known, deliveries, in_the_way)
    assert len(text) > 2000
    told = fit_in_messages([text, "The next."])
    assert all(1 <= len(each) <= 2000 for each in told)
    assert "\n".join(told).replace("\n\n", "\n").splitlines() == [*text.splitlines(), "The next."]
