"""`/digest log`: who changed what, and when."""

from datetime import datetime, timedelta

import pytest

from bot.demo.papers_server import PapersServer
from bot.layouts.history import NO_ACTIONS
from bot.refusals import Refusal
from tests.support.builders import FRIDAY, Clock, entries, explain
from tests.support.messages import answer, read_all
from tests.support.server import Server, click_after, forbid, get_subscription, other_admin


def stamp(instant: datetime) -> str:
    return f"<t:{int(instant.timestamp())}:f>"


async def test_an_empty_log_says_so(server: Server) -> None:
    assert await server.ask("digest log") == NO_ACTIONS


async def test_the_log_says_who_did_what_and_when_even_if_it_was_the_bot(server: Server, clock: Clock) -> None:
    hedy = other_admin(server, server.guild, "hedy")
    began = clock.now
    await server.subscribe()
    await click_after(server, hedy, "digest send now", "Post it now")
    clock.advance(minutes=1)
    await server.undo()
    await server.ask("digest pause")
    await hedy.slash(server.general, "digest resume")
    forbid(server, server.papers, "send_messages")
    await server.later(hours=25)
    suspended = clock.now
    clock.advance(minutes=1)
    await click_after(server, hedy, "digest remove", "Remove it")
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


async def test_the_log_shows_the_old_and_the_new_value_of_each_edit(server: Server) -> None:
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
        "papers at most `5` → `3`",
        "minimum upvotes `0` → `4`",
        "filter none → `diffusion 'x'`",
        "layout `list` → `cards`",
    ]
    assert cleared.endswith("changed filter `diffusion 'x'` → none.")


async def test_the_log_shows_only_this_servers_latest_changes_in_messages_that_fit(server: Server) -> None:
    other = server.env.create_guild("Reading Group")
    channel = other.create_text_channel("digest")
    stranger = other_admin(server, other, "emmy")
    await stranger.slash(channel, "digest add", channel=channel, time="9:00", timezone="UTC")
    await server.subscribe()
    for number in range(24):
        await server.ask("digest edit", filter=f"{'elephantine ' * 15}{number}")
    texts = read_all(await server.admin.slash(server.general, "digest log"))
    assert all(len(text) <= 2000 for text in texts)
    text = "\n\n".join(texts)
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


async def test_commands_that_only_show_something_are_not_in_the_log(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(2, FRIDAY, first=21)}
    await server.subscribe()
    before = await server.ask("digest log")
    for command in ("preview", "status", "list"):
        await server.ask(f"digest {command}")
    await server.ask("digest why", paper="2601.00001")
    assert await server.ask("digest log") == before
