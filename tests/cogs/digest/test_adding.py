"""`/digest add`: what an admin sets up, and what is refused with an explanation."""

import discord
import pytest

from bot.refusals import Refusal
from tests.support.builders import explain
from tests.support.destinations import NEEDED
from tests.support.messages import answer
from tests.support.server import Server, forbid, without_drafts


async def test_an_admin_sets_up_a_digest_and_reads_what_will_happen(server: Server) -> None:
    text = answer(await server.subscribe(size=3, weekdays="weekdays", min_upvotes=10))
    assert text.startswith(
        f"**Set up.** Every weekday at 09:00 UTC, the top 3 papers with at least 10 upvotes in <#{server.papers.id}>.\n"
    )
    assert "Next digest <t:1768554000:f>" in text


async def test_by_default_a_digest_has_five_papers_every_day(server: Server) -> None:
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


async def test_a_time_zone_may_be_given_by_its_city(server: Server) -> None:
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
async def test_a_mistake_is_answered_with_what_would_be_right_and_nothing_is_saved(
    server: Server, options: dict[str, str], hint: str
) -> None:
    await server.subscribe()
    before = without_drafts(server.tables())
    assert hint in answer(await server.subscribe(**options))
    assert hint in await server.ask("digest edit", **options)
    assert without_drafts(server.tables()) == before


@pytest.mark.parametrize(("permission", "name"), NEEDED.items())
async def test_a_channel_is_refused_with_the_name_of_the_missing_permission(
    server: Server, permission: str, name: str
) -> None:
    forbid(server, server.papers, permission)
    before = without_drafts(server.tables())
    text = answer(await server.subscribe())
    assert text.startswith(f"I'm missing **{name}**")
    assert "Nothing was changed." in text
    assert without_drafts(server.tables()) == before


async def test_every_missing_permission_is_named_at_once(server: Server) -> None:
    forbid(server, server.papers, "send_messages", "read_message_history")
    assert "I'm missing **Send Messages** and **Read Message History**" in answer(await server.subscribe())


async def test_a_channel_the_bot_does_not_know_is_refused(server: Server) -> None:
    guild = server.bot.get_guild(server.guild.id)
    assert guild
    guild._channels.pop(server.papers.id)
    before = without_drafts(server.tables())
    assert answer(await server.subscribe()) == explain(Refusal.CHANNEL_HIDDEN)
    assert without_drafts(server.tables()) == before
    (error,) = server.env.errors
    assert isinstance(error, discord.app_commands.TransformerError)
    server.env._errors.clear()


async def test_the_twenty_sixth_digest_of_a_server_is_refused(server: Server) -> None:
    for minute in range(25):
        assert "Set up." in answer(await server.subscribe(time=f"9:{minute:02}"))
    before = without_drafts(server.tables())
    assert answer(await server.subscribe(time="8:00")) == explain(Refusal.TOO_MANY_SUBSCRIPTIONS)
    assert without_drafts(server.tables()) == before
    await server.remove(subscription="7")
    assert "Set up." in answer(await server.subscribe(time="8:00"))
