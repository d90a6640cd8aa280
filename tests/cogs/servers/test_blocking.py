"""Servers that the operator blocks: the bot leaves them, posts nothing there, and comes back once they are not."""

from simcord.backend import serializers

from bot.blocking import Blocklist
from bot.demo.papers_server import PapersServer
from bot.storage import SubscriptionState
from tests.support.builders import FRIDAY, entries
from tests.support.guilds import add_again, new_server, read_rows_of
from tests.support.messages import answer, ids, paper_ids
from tests.support.server import GUILD_ID, Server, post, subscriptions

BLOCKED = Blocklist(servers=frozenset({GUILD_ID}))


def is_member(server: Server) -> bool:
    return GUILD_ID in server.env.backend.guilds


def cannot_leave(server: Server) -> None:
    server.env.inject_error("DELETE", "/users/@me/guilds/*", status=503, times=99)


async def test_a_blocked_server_is_left_at_the_next_start_and_its_record_is_kept(server: Server) -> None:
    await post(server)
    kept = read_rows_of(server, GUILD_ID)
    await server.restart(BLOCKED)
    assert not is_member(server)
    sent = len(server.env.http_requests)
    for _ in range(3):
        await server.later(days=1)
    assert len(server.env.http_requests) == sent
    now = read_rows_of(server, GUILD_ID)
    assert [len(rows) for name, rows in now.items() if name != "audit_log"] == [
        len(rows) for name, rows in kept.items() if name != "audit_log"
    ]
    assert [each.state for each in await subscriptions(server)] == [SubscriptionState.PAUSED]


async def test_a_server_that_is_blocked_no_longer_goes_on_with_one_digest_when_it_adds_the_bot_again(
    server: Server, papers_server: PapersServer
) -> None:
    await post(server)
    channels, messages = dict(server.env.backend.channels), dict(server.env.backend.messages)
    await server.restart(BLOCKED)
    server.env.backend.channels |= channels  # a server goes on without the bot, but not in the simulated Discord
    server.env.backend.messages |= messages
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(5, FRIDAY, first=11)}
    await server.later(days=4)
    await server.restart()
    await add_again(server)
    assert len(server.posted) == 1  # no greeting: it has been set up all the time
    await server.read_lists()
    for _ in range(3):
        await server.later(minutes=1)
    assert [paper_ids(each) for each in server.papers.history()][1:] == [ids(11, 12, 13, 14, 15)]
    assert [each.state for each in await subscriptions(server)] == [SubscriptionState.ACTIVE]


async def test_a_blocked_server_that_adds_the_bot_is_left_without_a_word(server: Server) -> None:
    guild = new_server(server, "general")
    server.env.backend.guilds.pop(guild.id)
    await server.env.settle()
    await server.restart(Blocklist(servers=frozenset({guild.id})))
    sent = len(server.env.http_requests)
    server.env.backend.guilds[guild.id] = guild._guild
    server.env.backend.emit("GUILD_CREATE", serializers.guild_create_payload(server.env.backend, guild._guild))
    await server.env.settle()
    assert guild.id not in server.env.backend.guilds
    (left,) = server.env.http_requests[sent:]
    assert left.method == "DELETE"
    assert is_member(server)


async def test_where_the_bot_cannot_leave_it_posts_nothing_and_answers_nobody(
    server: Server, papers_server: PapersServer
) -> None:
    await post(server)
    cannot_leave(server)
    await server.restart(BLOCKED)
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(5, FRIDAY, first=11)}
    await server.later(days=1)
    assert is_member(server)
    assert len(server.posted) == 1
    for command in ("paper today", "digest list", "help"):
        told = answer(await server.admin.slash(server.general, command))
        assert told.startswith("Whoever runs this bot has switched it off in this server.")
    about = answer(await server.member.slash(server.general, "privacy about"))
    assert "switched it off" not in about
    await server.restart()
    await server.read_lists()
    await server.later(minutes=1)
    assert len(server.posted) == 2
    assert [each.state for each in await subscriptions(server)] == [SubscriptionState.ACTIVE]


async def test_what_an_admin_had_paused_stays_paused(server: Server) -> None:
    await server.subscribe()
    await server.ask("digest pause")
    cannot_leave(server)
    await server.restart(BLOCKED)
    await server.restart()
    assert [each.state for each in await subscriptions(server)] == [SubscriptionState.PAUSED]
