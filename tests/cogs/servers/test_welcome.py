"""The welcome: once, where it is seen, with a button that opens the panel."""

from bot.refusals import Refusal
from bot.storage import SubscriptionState
from tests.support.builders import explain
from tests.support.guilds import channel, count_welcomes, new_server, read_channels
from tests.support.messages import answer, custom_ids, read_texts
from tests.support.server import GUILD_ID, Server, forbid, other_admin, subscriptions


async def test_the_system_channel_is_welcomed_once(server: Server) -> None:
    guild = new_server(server, "first", "lobby")
    server.env.backend.edit_guild(guild.id, {"system_channel_id": channel(guild, "lobby").id})
    await server.env.settle()
    assert count_welcomes(guild) == {"first": 0, "lobby": 1, "owner": 0}
    await server.later(days=1)
    await server.restart()
    assert count_welcomes(guild) == {"first": 0, "lobby": 1, "owner": 0}
    assert len(read_channels(guild)["lobby"]) == 1


async def test_without_a_system_channel_the_first_one_that_can_be_written_in_is_welcomed(server: Server) -> None:
    guild = new_server(server, "rules", "hidden", "lobby")
    forbid(server, channel(guild, "rules"), "send_messages")
    forbid(server, channel(guild, "hidden"), "view_channel")
    await server.env.settle()
    assert count_welcomes(guild) == {"rules": 0, "hidden": 0, "lobby": 1, "owner": 0}


async def test_where_the_bot_can_write_nowhere_the_owner_is_welcomed(server: Server) -> None:
    guild = new_server(server, "rules")
    forbid(server, channel(guild, "rules"), "send_messages")
    await server.env.settle()
    assert count_welcomes(guild) == {"rules": 0, "owner": 1}


async def test_an_owner_who_accepts_no_direct_messages_is_left_alone(server: Server) -> None:
    guild = new_server(server)
    server.env.inject_error("POST", "/channels/*/messages", status=403, code=50007, times=None)
    await server.env.settle()
    assert count_welcomes(guild) == {"owner": 0}
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


async def test_the_set_up_button_opens_a_panel_only_the_admin_sees_also_after_a_restart(server: Server) -> None:
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


async def test_servers_that_had_the_bot_before_it_counted_them_are_not_welcomed(server: Server) -> None:
    """An older version had joined them without keeping count. The new version must not welcome them now."""
    await server.bot.services.storage.guilds._database.execute("DELETE FROM guilds")
    await server.restart()
    assert read_channels(server.guild) == {"papers": [], "general": [], "owner": []}
    await server.later(days=1)
    await server.restart()
    assert read_channels(server.guild) == {"papers": [], "general": [], "owner": []}


async def test_a_server_that_added_the_bot_while_it_was_away_is_welcomed_when_it_is_back(server: Server) -> None:
    await server.env._detach_bot()
    guild = new_server(server, "lobby")
    await server.restart()
    assert count_welcomes(guild) == {"lobby": 1, "owner": 0}
    assert count_welcomes(server.guild) == {"papers": 0, "general": 0, "owner": 0}
    await server.restart()
    assert count_welcomes(guild) == {"lobby": 1, "owner": 0}


async def test_an_outage_of_discord_does_not_count_as_leaving(server: Server) -> None:
    await server.subscribe()
    server.env.backend.emit("GUILD_DELETE", {"id": str(GUILD_ID), "unavailable": True})
    await server.env.settle()
    assert [each.state for each in await subscriptions(server)] == [SubscriptionState.ACTIVE]
    before = server.tables()
    server.env.backend.edit_guild(GUILD_ID, {"name": "Paper Club"})
    await server.env.settle()
    assert server.tables() == before
    assert read_channels(server.guild) == {"papers": [], "general": [], "owner": []}
