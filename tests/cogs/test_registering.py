"""Registering the commands: only what changed is sent, and the bot works even if Discord refuses them."""

import logging

import pytest

from bot.registering import register_commands
from tests.support.server import Server


def registrations(server: Server) -> int:
    return sum(each.method == "PUT" and each.path.endswith("/commands") for each in server.env.http_requests)


async def register(server: Server) -> None:
    bot = server.bot
    assert bot.application_id
    await register_commands(bot.tree, bot.application_id, bot.services.storage, server.clock.now, bot.services.vitals)


async def test_commands_that_have_not_changed_are_not_registered_again(server: Server) -> None:
    assert registrations(server) == 1
    for _ in range(3):
        await server.restart()
    assert registrations(server) == 1


async def test_a_command_that_has_changed_is_registered(server: Server) -> None:
    command = server.bot.tree.get_command("privacy")
    assert command
    command.description = "Something else"
    await register(server)
    assert registrations(server) == 2
    await register(server)
    assert registrations(server) == 2


async def test_commands_that_another_program_replaced_are_registered_again(server: Server) -> None:
    assert server.bot.application_id
    await server.bot.http.bulk_upsert_global_commands(
        server.bot.application_id, [{"name": "song", "type": 1, "description": "Sings"}]
    )
    await server.restart()
    assert registrations(server) == 3
    names = {each.name for each in await server.bot.tree.fetch_commands()}
    assert names == {each.name for each in server.bot.tree.get_commands()}


async def test_if_discord_does_not_say_which_commands_it_has_nothing_is_registered(server: Server) -> None:
    server.env.inject_error("GET", "/applications/*/commands", status=503)
    await register(server)
    assert registrations(server) == 1


async def test_the_ids_of_the_commands_are_kept(server: Server) -> None:
    assert server.bot.application_id
    known = await server.bot.services.storage.commands.get(server.bot.application_id)
    assert known
    assert known.ids.keys() == {
        *("digest", "follow", "following", "help", "inbox", "paper", "saved", "top", "privacy"),
        "Papers in this message",
    }
    assert all(each > 0 for each in known.ids.values())


@pytest.mark.parametrize(("status", "code"), [(400, 30034), (403, 0), (503, 0)])
async def test_when_discord_rejects_the_commands_the_log_says_so_and_the_next_start_tries_again(
    server: Server, caplog: pytest.LogCaptureFixture, status: int, code: int
) -> None:
    command = server.bot.tree.get_command("privacy")
    assert command
    command.description = "Something else"
    server.env.inject_error("PUT", "/applications/*/commands", status=status, code=code)
    with caplog.at_level(logging.WARNING):
        await register(server)
    (line,) = [each for each in caplog.records if each.name == "bot.registering"]
    assert (line.levelno, line.exc_info) == (logging.WARNING, None)
    await register(server)
    assert registrations(server) == 3
