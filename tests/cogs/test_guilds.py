"""Servers: the welcome when the bot joins one, what happens when it is removed, and forgetting."""

import re
from typing import Any

import discord
import simcord
from discord.ui import TextDisplay
from simcord.backend import serializers

from bot.demo.papers_server import PapersServer
from bot.layouts.history import NO_ACTIONS
from bot.layouts.notices import render_welcome
from bot.layouts.privacy import DELETED, PRIVACY
from bot.refusals import Refusal
from bot.storage import KEPT_FOR, SubscriptionState
from cogs.guilds import JOB
from tests.support.builders import FRIDAY, entries, explain
from tests.support.messages import answer, custom_ids, ids, paper_ids, read_texts
from tests.support.server import GUILD_ID, Server, forbid, let_in, other_admin, post, subscriptions

OF_A_SERVER = {
    *("subscriptions", "digest_settings", "deliveries", "messages", "highlights"),
    *("drafts", "audit_log", "notices", "guilds"),
}


def new_server(server: Server, *channels: str) -> simcord.GuildHandle:
    """A server that the bot has just been added to, with these text channels; it hears of it at the next settling."""
    guild = server.env.create_guild("Reading Group")
    for name in channels:
        guild.create_text_channel(name)
    return guild


def channel(guild: simcord.GuildHandle, name: str) -> simcord.ChannelHandle:
    return guild.channels[name]


def heard(guild: simcord.GuildHandle) -> dict[str, list[str]]:
    """What stands in each channel, and in the owner's direct messages."""
    places = guild.channels | {"owner": guild.owner.dm_channel}
    return {name: [read_texts(message) for message in place.history()] for name, place in places.items()}


def welcomed(guild: simcord.GuildHandle) -> dict[str, int]:
    return {name: sum(text.startswith("## Paperboy brings") for text in texts) for name, texts in heard(guild).items()}


def furnished(server: Server, guild_id: int) -> dict[str, list[tuple[Any, ...]]]:
    """All rows that are of a server; there are as many columns with its id as tables need."""
    tables = server.tables()
    mine = {row[0] for row in tables["subscriptions"] if guild_id in row}
    sent = {row[0] for row in tables["deliveries"] if row[1] in mine}
    rows = {name: [row for row in tables[name] if guild_id in row] for name in OF_A_SERVER}
    rows["digest_settings"] = [row for row in tables["digest_settings"] if row[0] in mine]
    rows["deliveries"] = [row for row in tables["deliveries"] if row[1] in mine]
    rows["messages"] = [row for row in tables["messages"] if row[0] in sent]
    rows["highlights"] = [row for row in tables["highlights"] if row[0] in sent]
    return rows


async def remove_bot(server: Server) -> None:
    """An admin removes the bot; the server itself goes on."""
    server.env.backend.guilds.pop(GUILD_ID)
    server.env.backend.emit("GUILD_DELETE", {"id": str(GUILD_ID)})
    await server.env.settle()


async def add_again(server: Server) -> None:
    backend = server.env.backend
    backend.guilds[GUILD_ID] = server.guild._guild
    backend.emit("GUILD_CREATE", serializers.guild_create_payload(backend, server.guild._guild))
    await server.env.settle()


async def forget_job(server: Server, **later: float) -> None:
    """The daily job, some time later."""
    server.clock.advance(**later)
    job = server.bot.services.scheduler.get_job(JOB)
    assert job
    await job.func()


# Welcome


async def test_the_system_channel_is_welcomed_once(server: Server) -> None:
    guild = new_server(server, "first", "lobby")
    server.env.backend.edit_guild(guild.id, {"system_channel_id": channel(guild, "lobby").id})
    await server.env.settle()
    assert welcomed(guild) == {"first": 0, "lobby": 1, "owner": 0}
    await server.later(days=1)
    await server.restart()
    assert welcomed(guild) == {"first": 0, "lobby": 1, "owner": 0}
    assert len(heard(guild)["lobby"]) == 1


async def test_without_a_system_channel_the_first_one_that_can_be_written_in_is_welcomed(server: Server) -> None:
    guild = new_server(server, "rules", "hidden", "lobby")
    forbid(server, channel(guild, "rules"), "send_messages")
    forbid(server, channel(guild, "hidden"), "view_channel")
    await server.env.settle()
    assert welcomed(guild) == {"rules": 0, "hidden": 0, "lobby": 1, "owner": 0}


async def test_where_it_can_write_nowhere_the_owner_is_told(server: Server) -> None:
    guild = new_server(server, "rules")
    forbid(server, channel(guild, "rules"), "send_messages")
    await server.env.settle()
    assert welcomed(guild) == {"rules": 0, "owner": 1}


async def test_an_owner_who_takes_no_messages_is_left_in_peace(server: Server) -> None:
    guild = new_server(server)
    server.env.inject_error("POST", "/channels/*/messages", status=403, code=50007, times=None)
    await server.env.settle()
    assert welcomed(guild) == {"owner": 0}
    assert len([each for each in server.env.http_requests if each.path.endswith("/messages")]) == 1


async def test_the_welcome_says_what_the_bot_does_and_pings_nobody(server: Server) -> None:
    guild = new_server(server, "lobby")
    await server.env.settle()
    (message,) = channel(guild, "lobby").history()
    text = read_texts(message)
    for word in ("Hugging Face's Daily Papers", "/paper search", "Manage Server", "/privacy"):
        assert word in text
    assert custom_ids(message) == ["setup:new"]
    (request,) = [each for each in server.env.http_requests if each.path.endswith("/messages")]
    assert request.json
    assert request.json["allowed_mentions"] == {"parse": []}


async def test_the_set_up_button_opens_the_panel_for_an_admin_alone_after_a_restart_too(server: Server) -> None:
    guild = new_server(server, "lobby")
    await server.env.settle()
    (message,) = channel(guild, "lobby").history()
    emmy = other_admin(server, guild, "emmy")
    for _ in range(2):
        text = answer(await emmy.click(message, custom_id="setup:new"))
        assert f"in <#{channel(guild, 'lobby').id}>" in text
        await server.restart()
    assert len(channel(guild, "lobby").history()) == 1


async def test_the_set_up_button_refuses_a_member_and_nothing_changes(server: Server) -> None:
    guild = new_server(server, "lobby")
    await server.env.settle()
    (message,) = channel(guild, "lobby").history()
    member = guild.add_member(server.env.create_user("mary"))
    before = server.tables()
    assert answer(await member.click(message, custom_id="setup:new")) == explain(Refusal.MANAGE_SERVER_NEEDED)
    assert server.tables() == before


async def test_servers_of_before_the_first_count_are_not_welcomed(server: Server) -> None:
    """The bot was there before it kept count: a new version welcomes nobody."""
    await server.bot.services.storage.guilds._database.execute("DELETE FROM guilds")
    await server.restart()
    assert heard(server.guild) == {"papers": [], "general": [], "owner": []}
    await server.later(days=1)
    await server.restart()
    assert heard(server.guild) == {"papers": [], "general": [], "owner": []}


async def test_a_server_that_added_the_bot_while_it_was_away_is_welcomed_when_it_is_back(server: Server) -> None:
    await server.env._detach_bot()
    guild = new_server(server, "lobby")
    await server.restart()
    assert welcomed(guild) == {"lobby": 1, "owner": 0}
    assert welcomed(server.guild) == {"papers": 0, "general": 0, "owner": 0}
    await server.restart()
    assert welcomed(guild) == {"lobby": 1, "owner": 0}


async def test_an_outage_of_discord_is_no_farewell(server: Server) -> None:
    await server.subscribe()
    server.env.backend.emit("GUILD_DELETE", {"id": str(GUILD_ID), "unavailable": True})
    await server.env.settle()
    assert [each.state for each in await subscriptions(server)] == [SubscriptionState.ACTIVE]
    before = server.tables()
    server.env.backend.edit_guild(GUILD_ID, {"name": "Paper Club"})
    await server.env.settle()
    assert server.tables() == before
    assert heard(server.guild) == {"papers": [], "general": [], "owner": []}


# Leaving


async def test_when_the_bot_is_removed_nothing_more_is_tried_and_the_log_says_why(server: Server) -> None:
    await server.subscribe()
    await server.subscribe(channel=server.general, time="10:00")
    await remove_bot(server)
    assert [each.state for each in await subscriptions(server)] == [SubscriptionState.PAUSED] * 2
    sent = len(server.env.http_requests)
    for _ in range(3):
        await server.later(hours=1)
    assert len(server.env.http_requests) == sent
    changes = await server.bot.services.storage.audit_log.list_latest(GUILD_ID, 9)
    assert [(each.action.value, each.user_id) for each in changes][:2] == [("left", None), ("left", None)]


async def test_a_digest_on_its_way_is_given_up_when_the_bot_is_removed(server: Server) -> None:
    await server.subscribe()
    server.env.inject_error("POST", "/channels/*/messages", status=503)
    await server.later(hours=1)
    await remove_bot(server)
    sent = len(server.env.http_requests)
    await server.later(hours=1)
    assert len(server.env.http_requests) == sent


async def test_what_is_kept_of_a_server_is_deleted_after_thirty_days_and_not_before(server: Server) -> None:
    await post(server)
    await remove_bot(server)
    kept = furnished(server, GUILD_ID)
    assert kept["subscriptions"]
    assert kept["highlights"]
    await forget_job(server, days=KEPT_FOR.days)
    assert furnished(server, GUILD_ID) == kept
    await forget_job(server, minutes=1)
    assert not any(furnished(server, GUILD_ID).values())


async def test_the_daily_job_leaves_servers_alone_that_the_bot_is_in(server: Server) -> None:
    await post(server)
    before = server.tables()
    await forget_job(server, days=400)
    assert server.tables() == before


async def test_a_server_that_comes_back_in_time_finds_its_digests_paused_and_is_told_so(server: Server) -> None:
    await post(server)
    await server.subscribe(channel=server.general)
    await remove_bot(server)
    await server.later(days=20)
    await add_again(server)
    _digest, told = server.posted
    assert "I kept 2 subscriptions from last time, paused for now." in told
    await forget_job(server, days=KEPT_FOR.days + 1)
    assert [each.state for each in await subscriptions(server)] == [SubscriptionState.PAUSED] * 2


async def test_a_server_that_comes_back_goes_on_where_it_left_off(server: Server, papers_server: PapersServer) -> None:
    await post(server)
    await remove_bot(server)
    await add_again(server)
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(5, FRIDAY, first=11)}
    assert "Resumed." in await server.ask("digest resume")
    await server.later(days=1)
    assert paper_ids(server.papers.history()[-1]) == ids(11, 12, 13, 14, 15)


async def test_a_server_that_comes_and_goes_and_comes_is_told_each_time(server: Server) -> None:
    for number in range(1, 4):
        await remove_bot(server)
        await add_again(server)
        assert len(server.posted) == number


async def test_a_server_that_comes_back_too_late_begins_anew(server: Server) -> None:
    await post(server)
    await remove_bot(server)
    await forget_job(server, days=KEPT_FOR.days, minutes=1)
    await add_again(server)
    _digest, told = server.posted
    assert told.startswith("## Paperboy brings")
    assert "paused" not in told
    assert await subscriptions(server) == []


async def test_a_server_that_came_back_while_the_bot_was_away_is_told_what_is_paused(server: Server) -> None:
    await post(server)
    await remove_bot(server)
    await server.env._detach_bot()
    server.env.backend.guilds[GUILD_ID] = server.guild._guild
    await server.restart()
    _digest, told = server.posted
    assert "I kept 1 subscription from last time, paused for now." in told
    await server.restart()
    assert len(server.posted) == 2


async def test_a_server_that_removed_the_bot_while_it_was_away_is_paused_when_it_is_back(server: Server) -> None:
    await post(server)
    await server.env._detach_bot()
    server.env.backend.guilds.pop(GUILD_ID)
    await server.restart()
    assert [each.state for each in await subscriptions(server)] == [SubscriptionState.PAUSED]
    await forget_job(server, days=KEPT_FOR.days, minutes=1)
    assert not any(furnished(server, GUILD_ID).values())


# Forgetting


async def both(server: Server) -> simcord.MemberActor:
    """The admin of another server that has all that this one has."""
    other = new_server(server, "digest")
    emmy: simcord.MemberActor = other_admin(server, other, "emmy")
    where = channel(other, "digest")
    await emmy.slash(where, "digest add", channel=where, time="9:00", timezone="UTC")
    await emmy.slash(where, "digest setup")
    await server.admin.slash(server.general, "digest setup")
    await post(server)
    assert all(len(rows) for name, rows in furnished(server, other.id).items() if name != "notices")
    return emmy


async def forget(server: Server, clicks: int = 1) -> str:
    """What the admin reads after the last click on the button."""
    result = await server.admin.slash(server.general, "digest forget-everything")
    assert result.response
    for _ in range(clicks):
        told = answer(await server.admin.click(result.response, custom_id="forget:everything"))
    return told


async def test_forgetting_asks_first(server: Server) -> None:
    await both(server)
    before = server.tables()
    result = await server.admin.slash(server.general, "digest forget-everything")
    assert "This deletes 1 subscription, the record of every digest posted here" in answer(result)
    assert result.response
    assert custom_ids(result.response) == ["forget:everything"]
    assert server.tables() == before


async def test_the_button_deletes_all_of_that_server_and_nothing_of_another(server: Server) -> None:
    emmy = await both(server)
    other_id = emmy.guild.id
    await server.bot.services.storage.notices.record_if_first(GUILD_ID, 1, 1, server.clock.now)
    before, archive = furnished(server, other_id), server.tables()
    assert await forget(server) == DELETED
    left = furnished(server, GUILD_ID)
    assert {name for name, rows in left.items() if rows} == {"guilds"}  # else it would be welcomed again
    assert furnished(server, other_id) == before
    after = server.tables()
    untouched = after.keys() - OF_A_SERVER - {"traces"}
    assert {name: after[name] for name in untouched} == {name: archive[name] for name in untouched}
    assert len(server.posted) == 1


async def test_after_forgetting_a_server_begins_anew_and_is_not_welcomed_again(server: Server) -> None:
    await post(server)
    assert await forget(server) == DELETED
    await server.restart()
    assert await server.ask("digest list") == explain(Refusal.NO_SUBSCRIPTIONS)
    assert await server.ask("digest log") == NO_ACTIONS
    assert heard(server.guild)["general"] == []
    await server.subscribe()
    await server.later(days=1)
    assert [len(paper_ids(message)) for message in server.papers.history()] == [5, 5]


async def test_the_button_that_forgets_refuses_a_member_and_nothing_changes(server: Server) -> None:
    await post(server)
    let_in(server, server.member)
    backend = server.env.backend
    button = {"type": 2, "style": 4, "label": "Delete everything", "custom_id": "forget:everything"}
    rows = [{"type": 10, "content": "Forget this server?"}, {"type": 1, "components": [button]}]
    backend.create_message(server.general.id, backend.bot_user.id, components=rows, flags=1 << 15)
    (message,) = server.general.history()
    before = server.tables()
    result = await server.member.click(message, custom_id="forget:everything")
    assert answer(result) == explain(Refusal.MANAGE_SERVER_NEEDED)
    assert server.tables() == before


async def test_a_second_click_on_the_button_is_answered_too(server: Server) -> None:
    await post(server)
    assert await forget(server, clicks=2) == DELETED


async def test_a_digest_button_goes_on_working_after_forgetting(server: Server) -> None:
    message = await post(server)
    assert await forget(server) == DELETED
    assert "Paper 2601.00001" in answer(await server.member.click(message, custom_id=custom_ids(message)[0]))


# Privacy


async def test_everybody_is_told_what_is_stored_in_a_server_and_in_a_direct_message(server: Server) -> None:
    assert answer(await server.member.slash(server.general, "privacy")) == PRIVACY
    result = await server.member.user.slash("privacy")
    assert result.response
    assert read_texts(result.response.message) == PRIVACY
    assert isinstance(result.response.message, discord.Message)
    assert len(PRIVACY) <= 2000


async def test_what_is_said_of_commands_names_those_there_are(server: Server) -> None:
    offered = server.admin.available_commands(server.general)
    texts = [item.content for item in render_welcome(1).walk_children() if isinstance(item, TextDisplay)]
    named = set(re.findall(r"`/([a-z -]+)`", PRIVACY + DELETED + " ".join(texts)))
    assert len(named) >= 5
    assert {each for each in named if not any(name.startswith(each) for name in offered)} == set()
