"""A server that adds the bot again."""

from bot.demo.papers_server import PapersServer
from bot.storage import KEPT_FOR, SubscriptionState
from tests.support.builders import FRIDAY, entries
from tests.support.guilds import add_again, forget_job, remove_bot
from tests.support.messages import ids, paper_ids
from tests.support.server import GUILD_ID, Server, post, subscriptions


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


async def test_a_server_that_leaves_and_comes_back_again_and_again_is_told_each_time(server: Server) -> None:
    for number in range(1, 4):
        await remove_bot(server)
        await add_again(server)
        assert len(server.posted) == number


async def test_a_server_that_comes_back_too_late_starts_from_scratch(server: Server) -> None:
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
