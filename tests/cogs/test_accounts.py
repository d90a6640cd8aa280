"""Accounts: `/digest status` and `/digest log` tell admins what became of their digests, and who changed what."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.demo.papers_server import PapersServer
from bot.layouts.advice import advise_admin
from bot.layouts.history import NO_ACTIONS
from bot.layouts.subscriptions import describe_status as standing_text
from bot.layouts.text import fit_in_messages
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal
from bot.subscription.schedule import Schedule
from bot.subscription.settings import DigestLayout, DigestSettings, PostingOptions, Selection, Threads
from tests.support import builders
from tests.support.builders import DAY, FRIDAY, GONE, Clock, entries, explain
from tests.support.destinations import latest, wanted
from tests.support.messages import answer
from tests.support.server import GUILD_ID, Server, delete, forbid, get_subscription, other_admin


def a_list_a_day(papers_server: PapersServer, days: int, count: int = 3) -> None:
    """Lists of `count` papers, each day others."""
    papers_server.lists = {
        day: entries(count, day, first=1 + 10 * number)
        for number, day in enumerate(DAY + timedelta(days=each) for each in range(days))
    }


def lines(text: str, beginning: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(beginning)]


# Status


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
    await server.ask("digest undo")
    papers_server.lists = {DAY: entries(3)}
    await server.ask("digest edit", min_upvotes=500)
    await server.later(days=1)
    server.env.inject_error("POST", "/channels/*/messages", status=503, times=None)
    papers_server.lists = {DAY + timedelta(days=4): entries(1, DAY + timedelta(days=4), first=91)}
    await server.ask("digest edit", min_upvotes=0)
    await server.later(days=1)
    refused = (
        "⚠️ not posted. Discord did not accept the message (error 50008). Its papers may come with the next digest."
    )
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


async def test_the_status_tells_of_a_digest_that_arrived_without_all_that_was_wanted(server: Server) -> None:
    channel = server.guild.create_news_channel("news")
    await wanted(server, channel, publish=True)
    server.env.inject_error("POST", "/channels/*/crosspost", status=403, code=50013)
    await server.later(hours=1)
    (message,) = channel.history()
    text = await server.ask("digest status")
    assert f"[top 5]({message.jump_url}) of 7 papers, with 250 upvotes. ⚠️ But it wasn't published to all" in text


async def test_the_longest_status_there_can_be_fits_into_messages_and_loses_nothing(server: Server) -> None:
    """A filter that is all escapes, every extra, and five digests that lack something."""
    extras: dict[str, Any] = {
        "publish": True,
        "silent": True,
        "quiet_line": True,
        "ping_role_id": GUILD_ID,
        "ping_upvotes": 10_000,
    }
    posting = PostingOptions(DigestLayout.CARDS, Threads.PER_HIGHLIGHT, **extras)
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
    text = standing_text(known, deliveries, in_the_way)
    assert len(text) > 2000
    told = fit_in_messages([text, "The next."])
    assert all(1 <= len(each) <= 2000 for each in told)
    assert "\n".join(told).replace("\n\n", "\n").splitlines() == [*text.splitlines(), "The next."]


# Log


def stamp(instant: datetime) -> str:
    return f"<t:{int(instant.timestamp())}:f>"


async def test_the_log_of_a_server_where_nothing_was_done_says_so(server: Server) -> None:
    assert await server.ask("digest log") == NO_ACTIONS


async def test_the_log_tells_who_did_what_and_when_the_bot_itself_as_well(server: Server, clock: Clock) -> None:
    hedy = other_admin(server, server.guild, "hedy")
    began = clock.now
    await server.subscribe()
    await hedy.slash(server.general, "digest send now")
    clock.advance(minutes=1)
    await server.ask("digest undo")
    await server.ask("digest pause")
    await hedy.slash(server.general, "digest resume")
    forbid(server, server.papers, "send_messages")
    await server.later(hours=25)
    suspended = clock.now
    clock.advance(minutes=1)
    await hedy.slash(server.general, "digest remove")
    ada, other = f"<@{server.admin.id}>", f"<@{hedy.id}>"
    minute = began + timedelta(minutes=1)
    assert (await server.ask("digest log")).split("\n\n") == [
        f"{stamp(clock.now)} · subscription #1 · {other} removed it.",
        f"{stamp(suspended)} · subscription #1 · I suspended it. I'm missing **Send Messages** in the channel.",
        f"{stamp(minute)} · subscription #1 · {other} resumed it.",
        f"{stamp(minute)} · subscription #1 · {ada} paused it.",
        f"{stamp(minute)} · subscription #1 · {ada} undid the last digest.",
        f"{stamp(began)} · subscription #1 · {other} sent the next digest early.",
        f"{stamp(began)} · subscription #1 · {ada} set it up.",
    ]


async def test_the_log_says_what_an_edit_changed_from_what_to_what(server: Server) -> None:
    await server.subscribe(weekdays="weekdays")
    changes = {"time": "7:30", "timezone": "Europe/Berlin", "size": 3, "weekdays": "mon, tue", "min_upvotes": 4}
    more = {"filter": "diffusion `x`", "cadence": "weekly", "layout": "cards"}
    await server.ask("digest edit", channel=server.general, **changes, **more)
    await server.ask("digest edit", filter="none")
    cleared, edited, _ = (await server.ask("digest log")).split("\n\n")
    said = edited.split(f"<@{server.admin.id}> changed ")[1].removesuffix(".").split("; ")
    assert said == [
        f"channel <#{server.papers.id}> → <#{server.general.id}>",
        "time `09:00` → `07:30`",
        "time zone `UTC` → `Europe/Berlin`",
        "weekdays Mon, Tue, Wed, Thu, Fri → Mon, Tue",
        "cadence `daily` → `weekly`",
        "size `5` → `3`",
        "minimum upvotes `0` → `4`",
        "filter none → `diffusion 'x'`",
        "layout `list` → `cards`",
    ]
    assert cleared.endswith("changed filter `diffusion 'x'` → none.")


async def test_the_log_shows_the_latest_changes_in_messages_that_fit_and_of_this_server_alone(server: Server) -> None:
    other = server.env.create_guild("Reading Group")
    channel = other.create_text_channel("digest")
    stranger = other_admin(server, other, "emmy")
    await stranger.slash(channel, "digest add", channel=channel, time="9:00", timezone="UTC")
    await server.subscribe()
    for number in range(24):
        await server.ask("digest edit", filter=f"{'elephantine ' * 15}{number}")
    result = await server.admin.slash(server.general, "digest log")
    assert result.response
    messages = [result.response, *result.followups]
    assert all(message.ephemeral and len(message.content) <= 2000 for message in messages)
    text = "\n\n".join(message.content for message in messages)
    assert text.count(" changed filter ") == 20
    assert "set it up" not in text
    assert text.count("subscription #2") == 20
    assert answer(await stranger.slash(channel, "digest log")).count("set it up") == 1


@pytest.mark.parametrize("command", ["pause", "resume", "remove", "edit"])
async def test_what_was_refused_is_not_in_the_log(server: Server, command: str) -> None:
    await server.subscribe()
    forbid(server, server.papers, "view_channel")
    before = await server.ask("digest log")
    known = await get_subscription(server)
    told = await server.ask(f"digest {command}", subscription="999")
    assert told == explain(Refusal.SUBSCRIPTION_UNKNOWN)
    assert "I'm missing **View Channel**" in answer(await server.subscribe())
    assert await server.ask("digest log") == before
    assert await get_subscription(server) == known


async def test_a_preview_and_a_look_are_not_in_the_log(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(2, FRIDAY, first=21)}
    await server.subscribe()
    before = await server.ask("digest log")
    for command in ("preview", "status", "list"):
        await server.ask(f"digest {command}")
    await server.ask("digest why", paper="2601.00001")
    assert await server.ask("digest log") == before
