"""Who may use `/digest`: whom Discord lets, by Manage Server or a server's settings, and only for their own server."""

from typing import Any

import pytest
from simcord.backend.errors import SetupError

from bot.refusals import Refusal
from tests.support.builders import explain
from tests.support.messages import answer, read_texts
from tests.support.server import Server, other_admin, override_command


async def test_members_without_manage_server_are_not_offered_the_commands(server: Server) -> None:
    assert "digest add" in server.admin.available_commands(server.general)
    assert not [each for each in server.member.available_commands(server.general) if each.startswith("digest")]


async def test_a_role_that_was_given_the_command_may_use_it(server: Server) -> None:
    curators = server.guild.create_role("Curators")
    curator = server.guild.add_member(server.env.create_user("hedy"), roles=[curators])
    override_command(server, {curators: True})
    wanted: dict[str, Any] = {"channel": server.papers, "time": "8:30", "timezone": "UTC"}
    assert "**Set up.**" in answer(await curator.slash(server.general, "digest add", **wanted))
    assert await curator.autocomplete(server.general, "digest edit", "subscription", "") != []
    with pytest.raises(SetupError):
        await server.member.slash(server.general, "digest list")


async def test_only_a_server_installs_the_command_because_nobody_there_could_refuse_it_otherwise(
    server: Server,
) -> None:
    (registered,) = [each.json for each in server.env.http_requests if each.method == "PUT"]
    assert isinstance(registered, list)
    (digest,) = [each for each in registered if each["name"] == "digest"]
    assert (digest["integration_types"], digest["dm_permission"]) == ([0], False)


async def test_digests_cannot_be_set_up_in_a_direct_message(server: Server) -> None:
    with pytest.raises(SetupError, match="context"):
        await server.admin.user.slash("digest list")


async def test_a_digest_command_that_still_arrives_from_a_direct_message_is_refused(server: Server) -> None:
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
