"""Subscriptions: what admins set up, see, and are refused."""

from dataclasses import replace
from typing import Any

import discord
import pytest
from simcord.backend.errors import SetupError

from bot.demo.papers_server import PapersServer
from bot.layouts.advice import advise_admin
from bot.refusals import Refusal
from tests.support.builders import DAY, FRIDAY, GONE, MONDAY, Clock, entries, entry, explain
from tests.support.messages import answer, ids, paper_ids, read_texts
from tests.support.papers_server import Papers
from tests.support.server import Server, delete, forbid, get_subscription, let_in, other_admin

NEEDED = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "read_message_history": "Read Message History",
}


async def choices(server: Server, command: str, option: str, typed: str) -> list[str]:
    return [each["name"] for each in await server.admin.autocomplete(server.general, command, option, typed)]


# Setting up


async def test_an_admin_sets_up_a_digest_and_reads_what_will_happen(server: Server) -> None:
    text = answer(await server.subscribe(size=3, weekdays="weekdays", min_upvotes=10))
    assert text.startswith(
        f"**Set up.** Every weekday at 09:00 UTC, the top 3 papers with at least 10 upvotes in <#{server.papers.id}>.\n"
    )
    assert "Next digest <t:1768554000:f>" in text


async def test_a_digest_is_of_five_papers_every_day_unless_said_otherwise(server: Server) -> None:
    assert f"Every day at 09:00 UTC, the top 5 papers in <#{server.papers.id}>." in answer(await server.subscribe())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("9:00", "09:00"),
        ("09:00", "09:00"),
        ("9am", "09:00"),
        ("9 PM", "21:00"),
        ("6:30pm", "18:30"),
        ("23.59", "23:59"),
    ],
)
async def test_a_time_may_be_written_in_many_ways(server: Server, typed: str, meant: str) -> None:
    assert f"Every day at {meant} UTC" in answer(await server.subscribe(time=typed))


async def test_a_zone_may_be_named_by_its_city(server: Server) -> None:
    assert "at 09:00 America/New_York" in answer(await server.subscribe(timezone="new york"))


async def test_several_digests_may_be_set_up_in_one_server(server: Server) -> None:
    await server.subscribe()
    await server.subscribe(channel=server.general, time="18:00")
    text = await server.ask("digest list")
    assert f"Every day at 09:00 UTC, the top 5 papers in <#{server.papers.id}>" in text
    assert f"Every day at 18:00 UTC, the top 5 papers in <#{server.general.id}>" in text


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"time": "25:00"}, "A time looks like"),
        ({"time": "nine"}, "A time looks like"),
        ({"time": "13pm"}, "A time looks like"),
        ({"timezone": "Nirgendwo"}, "A time zone looks like"),
        ({"timezone": " "}, "A time zone looks like"),
        ({"timezone": "../../etc/passwd"}, "A time zone looks like"),
        ({"weekdays": "someday"}, "Weekdays look like"),
        ({"weekdays": "mon-"}, "Weekdays look like"),
        ({"weekdays": ","}, "Weekdays look like"),
    ],
)
async def test_a_mistake_says_what_would_be_right_and_nothing_is_written(
    server: Server, options: dict[str, str], hint: str
) -> None:
    await server.subscribe()
    before = server.tables()
    assert hint in answer(await server.subscribe(**options))
    assert hint in await server.ask("digest edit", **options)
    assert server.tables() == before


@pytest.mark.parametrize(("permission", "name"), NEEDED.items())
async def test_a_channel_where_the_bot_lacks_a_permission_is_refused_by_name(
    server: Server, permission: str, name: str
) -> None:
    forbid(server, server.papers, permission)
    before = server.tables()
    text = answer(await server.subscribe())
    assert text.startswith(f"I'm missing **{name}**")
    assert text.endswith("Nothing was changed.")
    assert server.tables() == before


async def test_a_digest_is_not_moved_to_a_channel_the_bot_may_not_write_in(server: Server) -> None:
    await server.subscribe(channel=server.general)
    forbid(server, server.papers, "send_messages")
    before = server.tables()
    assert "I'm missing **Send Messages**" in await server.ask("digest edit", channel=server.papers)
    assert server.tables() == before


async def test_every_missing_permission_is_named_at_once(server: Server) -> None:
    forbid(server, server.papers, "send_messages", "read_message_history")
    assert "I'm missing **Send Messages** and **Read Message History**" in answer(await server.subscribe())


async def test_a_channel_the_bot_does_not_know_is_refused(server: Server) -> None:
    guild = server.bot.get_guild(server.guild.id)
    assert guild
    guild._channels.pop(server.papers.id)
    before = server.tables()
    assert answer(await server.subscribe()) == explain(Refusal.CHANNEL_HIDDEN)
    assert server.tables() == before
    (error,) = server.env.errors
    assert isinstance(error, discord.app_commands.TransformerError)
    server.env._errors.clear()


async def test_the_twenty_sixth_digest_of_a_server_is_refused(server: Server) -> None:
    for minute in range(25):
        assert "Set up." in answer(await server.subscribe(time=f"9:{minute:02}"))
    before = server.tables()
    assert answer(await server.subscribe(time="8:00")) == explain(Refusal.TOO_MANY_SUBSCRIPTIONS)
    assert server.tables() == before
    await server.ask("digest remove", subscription="7")
    assert "Set up." in answer(await server.subscribe(time="8:00"))


@pytest.mark.parametrize("command", ["digest list", "digest status"])
async def test_all_of_25_long_digests_are_shown_in_as_many_messages_as_it_takes(server: Server, command: str) -> None:
    wanted = {"timezone": "America/Argentina/Buenos_Aires", "weekdays": "mon, wed, fri", "min_upvotes": 1000}
    for minute in range(25):
        await server.subscribe(time=f"9:{minute:02}", **wanted)
    result = await server.admin.slash(server.general, command)
    assert result.response
    messages = [result.response, *result.followups]
    assert all(message.ephemeral and len(message.content) <= 2000 for message in messages)
    assert sum(message.content.count("Buenos_Aires") for message in messages) == 25
    assert len(await choices(server, "digest edit", "subscription", "")) == 25


# Who may


async def test_members_without_manage_server_are_not_offered_the_commands(server: Server) -> None:
    assert "digest add" in server.admin.available_commands(server.general)
    assert not [each for each in server.member.available_commands(server.general) if each.startswith("digest")]


async def test_a_member_let_in_by_mistake_is_refused_and_nothing_changes(server: Server) -> None:
    await server.subscribe()
    let_in(server, server.member)
    before = server.tables()
    wanted: dict[str, Any] = {"channel": server.papers, "time": "8:30", "timezone": "UTC"}
    text = answer(await server.member.slash(server.general, "digest add", **wanted))
    assert "**Manage Server**" in text
    assert answer(await server.member.slash(server.general, "digest remove")) == text
    assert server.tables() == before


async def test_a_member_let_in_by_mistake_learns_nothing_from_autocompletion(server: Server) -> None:
    await server.subscribe()
    let_in(server, server.member)
    assert await server.member.autocomplete(server.general, "digest edit", "subscription", "") == []


async def test_digests_cannot_be_set_up_in_a_direct_message(server: Server) -> None:
    with pytest.raises(SetupError, match="context"):
        await server.admin.user.slash("digest list")


async def test_a_direct_message_that_reaches_us_all_the_same_is_refused(server: Server) -> None:
    command = server.env.backend.find_command("digest", None)
    assert command
    command["dm_permission"] = True  # as Discord once did with commands of old clients
    assert read_texts((await server.admin.user.slash("digest list")).response.message) == explain(Refusal.SERVER_ONLY)


async def test_another_servers_digest_cannot_be_touched(server: Server) -> None:
    await server.subscribe()
    other = server.env.create_guild("Reading Group")
    channel = other.create_text_channel("digest")
    stranger = other_admin(server, other, "emmy")
    await stranger.slash(channel, "digest add", channel=channel, time="9:00", timezone="UTC")
    before = server.tables()
    for command in ("edit", "pause", "resume", "remove", "preview", "status"):
        result = await stranger.slash(channel, f"digest {command}", subscription="1")
        assert answer(result) == explain(Refusal.SUBSCRIPTION_UNKNOWN)
    assert server.tables() == before
    assert f"<#{server.papers.id}>" not in answer(await stranger.slash(channel, "digest list"))


# Autocompletion


async def test_typing_a_city_offers_its_zone_first(server: Server) -> None:
    assert (await choices(server, "digest add", "timezone", "berl"))[0] == "Europe/Berlin"
    assert (await choices(server, "digest add", "timezone", "ista"))[0] == "Europe/Istanbul"
    assert (await choices(server, "digest add", "timezone", "new y"))[0] == "America/New_York"
    assert (await choices(server, "digest edit", "timezone", "KOLKATA"))[0] == "Asia/Kolkata"


async def test_at_most_25_zones_are_offered(server: Server) -> None:
    assert len(await choices(server, "digest add", "timezone", "")) == 25
    assert await choices(server, "digest add", "timezone", "x" * 100) == []


async def test_weekdays_are_offered_while_typing(server: Server) -> None:
    assert (await choices(server, "digest add", "weekdays", ""))[:3] == ["every day", "weekdays", "weekends"]
    assert await choices(server, "digest edit", "weekdays", "Tu") == ["Tuesday"]


async def test_digests_are_offered_by_their_channel(server: Server) -> None:
    await server.subscribe()
    await server.subscribe(channel=server.general, time="18:00")
    (found,) = await server.admin.autocomplete(server.general, "digest pause", "subscription", "GENER")
    assert found == {"name": "#general, every day at 18:00 UTC (#2)", "value": "2"}
    assert len(await choices(server, "digest pause", "subscription", "#")) == 2


async def test_a_digest_whose_channel_is_gone_is_still_offered(server: Server) -> None:
    await server.subscribe()
    await delete(server, server.papers.id)
    assert await choices(server, "digest remove", "subscription", "") == [
        "a deleted channel, every day at 09:00 UTC (#1)"
    ]


# Changing


async def test_what_an_edit_leaves_out_stays_as_it_is(server: Server) -> None:
    await server.subscribe(time="18:30", timezone="Asia/Kolkata", size=7, weekdays="mon, thu", min_upvotes=12)
    before = await get_subscription(server)
    await server.ask("digest edit", size=3)
    after = await get_subscription(server)
    assert after.settings.selection.size == 3
    assert after.settings == replace(before.settings, selection=replace(before.settings.selection, size=3))
    assert after.next_run == before.next_run
    await server.ask("digest edit", min_upvotes=0)
    assert (await get_subscription(server)).settings.selection.min_upvotes == 0


async def test_every_part_of_a_digest_can_be_changed(server: Server) -> None:
    await server.subscribe()
    changes = {"time": "7am", "timezone": "Europe/Berlin", "size": 10, "weekdays": "weekends", "min_upvotes": 3}
    text = await server.ask("digest edit", channel=server.general, **changes)
    when = "Every Saturday and Sunday at 07:00 Europe/Berlin"
    assert f"{when}, the top 10 papers with at least 3 upvotes in <#{server.general.id}>" in text


async def test_an_earlier_time_holds_from_today(server: Server) -> None:
    await server.subscribe()
    await server.ask("digest edit", time="8:30")
    await server.later(minutes=30)
    assert len(server.posted) == 1


async def test_a_later_time_does_not_bring_a_second_digest_today(server: Server, papers_server: PapersServer) -> None:
    await server.subscribe()
    await server.later(hours=1)
    papers_server.lists = {FRIDAY: entries(3, FRIDAY, first=11)}
    await server.ask("digest edit", time="10:00")
    assert (await get_subscription(server)).next_run.date.day == 17
    await server.later(hours=2)
    assert len(server.posted) == 1
    await server.later(hours=23)
    assert len(server.posted) == 2


async def test_a_paused_digest_posts_nothing(server: Server) -> None:
    await server.subscribe()
    assert "Nothing is posted until" in await server.ask("digest pause")
    await server.later(days=1)
    assert server.posted == []
    assert "Nothing is posted until you use `/digest resume`." in await server.ask("digest status")
    assert "paused" in await server.ask("digest list")


async def test_a_resumed_digest_brings_what_was_missed_in_one_message(
    server: Server, papers_server: PapersServer
) -> None:
    await server.subscribe()
    await server.later(hours=1)
    await server.ask("digest pause")
    papers_server.lists = {FRIDAY: entries(4, FRIDAY, first=11), MONDAY: entries(4, MONDAY, first=21)}
    await server.later(days=3, hours=23)
    assert "Resumed." in await server.ask("digest resume")
    await server.later(hours=1)
    (_, text) = server.posted
    assert "Friday 16 January 2026 – Monday 19 January 2026" in text


async def test_a_digest_is_not_resumed_in_a_channel_that_is_gone(server: Server) -> None:
    await server.subscribe()
    await delete(server, server.papers.id)
    await server.later(hours=1)
    before = server.tables()
    assert await server.ask("digest resume") == advise_admin(0, GONE)
    assert server.tables() == before


async def test_moving_a_suspended_digest_to_another_channel_starts_it_again(server: Server) -> None:
    await server.subscribe()
    await delete(server, server.papers.id)
    await server.later(hours=1)
    haven = server.guild.create_text_channel("haven")
    assert "Next digest" in await server.ask("digest edit", channel=haven)
    await server.later(days=1)
    assert [paper_ids(each) for each in haven.history()] == [ids(1, 2, 3, 4, 5)]


async def test_a_removed_digest_is_gone_and_what_it_posted_stays(server: Server) -> None:
    await server.subscribe()
    await server.later(hours=1)
    text = await server.ask("digest remove")
    assert text.startswith(f"**Removed.** Every day at 09:00 UTC, the top 5 papers in <#{server.papers.id}>.")
    await server.later(days=1)
    assert len(server.posted) == 1
    assert await server.ask("digest list") == explain(Refusal.NO_SUBSCRIPTIONS)


async def test_with_several_digests_one_has_to_be_named(server: Server) -> None:
    await server.subscribe()
    await server.subscribe(channel=server.general)
    before = server.tables()
    assert await server.ask("digest remove") == explain(Refusal.SUBSCRIPTION_NEEDED)
    assert await server.ask("digest remove", subscription="general") == explain(Refusal.SUBSCRIPTION_UNKNOWN)
    assert server.tables() == before
    assert f"<#{server.general.id}>" in await server.ask("digest remove", subscription="2")


@pytest.mark.parametrize("command", ["edit", "pause", "resume", "remove", "preview", "status"])
async def test_without_a_digest_the_answer_says_how_to_set_one_up(server: Server, command: str) -> None:
    assert await server.ask(f"digest {command}") == explain(Refusal.NO_SUBSCRIPTIONS)


async def test_a_digest_comes_back_after_a_restart(server: Server) -> None:
    await server.subscribe()
    await server.restart()
    await server.later(hours=1)
    assert len(server.posted) == 1


# Looking


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


async def test_a_preview_shows_a_list_that_is_still_open_as_far_as_it_is_known(
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
        "Right now, the next run would highlight nothing. No new paper had 1,000 upvotes or more."
    )
    assert server.tables() == before


async def test_the_status_shows_the_next_run_and_links_the_last_digest(server: Server) -> None:
    await server.subscribe()
    assert "Nothing has been posted yet." in await server.ask("digest status")
    await server.later(hours=1)
    (message,) = server.papers.history()
    text = await server.ask("digest status")
    assert f"Run of 16 Jan 2026: [top 5]({message.jump_url}) of 7 papers, with 250 upvotes." in text
    assert "Next digest <t:1768640400:f> (<t:1768640400:R>)." in text


@pytest.mark.parametrize(("permission", "name"), NEEDED.items())
async def test_the_status_names_the_permissions_that_are_missing_by_now(
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
    assert "and waiting. Hugging Face answered with error 503." in await server.ask("digest status")
    papers_server.down = False
    await server.later(minutes=5)
    assert len(server.posted) == 1
    assert "waiting" not in await server.ask("digest status")


async def test_an_edit_does_not_wake_a_digest_that_is_still_blocked(server: Server) -> None:
    await server.subscribe()
    forbid(server, server.papers, "send_messages")
    await server.later(hours=1)
    assert "I'm missing **Send Messages**" in await server.ask("digest edit", size=3)
    forbid(server, server.papers)
    assert "the top 3 papers" in await server.ask("digest edit", size=3)


async def test_a_resume_does_not_cost_an_overdue_digest_its_run(server: Server, papers_server: Papers) -> None:
    await server.subscribe()
    papers_server.down = True
    await server.later(hours=1)
    await server.ask("digest resume")
    papers_server.down = False
    await server.later(minutes=5)
    assert len(server.posted) == 1


async def test_an_edit_does_not_cost_an_overdue_digest_its_run(server: Server, papers_server: Papers) -> None:
    await server.subscribe()
    papers_server.down = True
    await server.later(hours=1)
    await server.ask("digest edit", size=3)
    papers_server.down = False
    await server.later(minutes=5)
    assert [paper_ids(each) for each in server.papers.history()] == [ids(1, 2, 3)]
