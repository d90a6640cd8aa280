"""A server that removes the bot: its digests stop, and its data is deleted after thirty days."""

from bot.storage import KEPT_FOR, SubscriptionState
from tests.support.guilds import forget_job, read_rows_of, remove_bot
from tests.support.server import GUILD_ID, Server, post, subscriptions


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


async def test_the_data_of_a_server_that_left_is_deleted_after_thirty_days_and_not_before(server: Server) -> None:
    await post(server)
    await remove_bot(server)
    kept = read_rows_of(server, GUILD_ID)
    assert kept["subscriptions"]
    assert kept["highlights"]
    await forget_job(server, days=KEPT_FOR.days)
    assert read_rows_of(server, GUILD_ID) == kept
    await forget_job(server, minutes=1)
    assert not any(read_rows_of(server, GUILD_ID).values())


async def test_the_daily_job_deletes_nothing_of_servers_that_the_bot_is_in(server: Server) -> None:
    await post(server)
    before = server.tables()
    await forget_job(server, days=400)
    assert server.tables() == before


async def test_a_server_that_removed_the_bot_while_it_was_away_is_paused_when_it_is_back(server: Server) -> None:
    await post(server)
    await server.env._detach_bot()
    server.env.backend.guilds.pop(GUILD_ID)
    await server.restart()
    assert [each.state for each in await subscriptions(server)] == [SubscriptionState.PAUSED]
    await forget_job(server, days=KEPT_FOR.days, minutes=1)
    assert not any(read_rows_of(server, GUILD_ID).values())
