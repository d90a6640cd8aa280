"""Comparing our servers with Discord's list: one that is missing there by mistake loses nothing."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import discord
import pytest

from bot.share import WHOLE
from bot.storage import Action, Storage, SubscriptionState
from tests.support.builders import FIRST_RUN, MORNING, subscribe
from tests.support.server import GUILD_ID, Server

LATER = MORNING + timedelta(days=1)


async def count(server: Server) -> None:
    """Run the daily job."""
    await server.bot.get_cog("Guilds").clean_up_servers()  # type: ignore[union-attr]


async def states(server: Server) -> list[SubscriptionState]:
    return [each.state for each in await server.bot.services.storage.subscriptions.list_for_server(GUILD_ID)]


@pytest.fixture
async def unlisted(server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server with a subscription that is missing from Discord's list of the bot's servers."""

    async def nothing(*_: Any, **__: Any) -> AsyncIterator[discord.Guild]:
        no_guilds: tuple[discord.Guild, ...] = ()
        for guild in no_guilds:
            yield guild

    await server.subscribe()
    monkeypatch.setattr(server.bot, "fetch_guilds", nothing)
    return server


async def test_a_server_missing_from_discords_list_keeps_its_digests(unlisted: Server) -> None:
    await count(unlisted)
    assert await states(unlisted) == [SubscriptionState.ACTIVE]
    await unlisted.later(hours=1)
    assert len(unlisted.posted) == 1


async def test_a_server_that_removed_the_bot_unnoticed_is_paused(unlisted: Server) -> None:
    unlisted.env.inject_error("GET", f"/guilds/{GUILD_ID}", status=404, code=10004, times=None)
    await count(unlisted)
    assert await states(unlisted) == [SubscriptionState.PAUSED]


async def test_a_server_wrongly_treated_as_left_resumes_automatically(unlisted: Server) -> None:
    unlisted.env.inject_error("GET", f"/guilds/{GUILD_ID}", status=403, code=50001, times=1)
    await count(unlisted)
    assert await states(unlisted) == [SubscriptionState.PAUSED]
    await count(unlisted)
    assert await states(unlisted) == [SubscriptionState.ACTIVE]
    await unlisted.later(hours=1)
    assert len(unlisted.posted) == 1
    assert "found that I am in the server, so I resumed it" in await unlisted.ask("digest log")


async def test_when_discord_does_not_answer_no_server_is_taken_for_gone(unlisted: Server) -> None:
    unlisted.env.inject_error("GET", f"/guilds/{GUILD_ID}", status=503, times=None)
    await count(unlisted)
    assert await states(unlisted) == [SubscriptionState.ACTIVE]


async def test_what_an_admin_had_paused_stays_paused_when_the_server_turns_up_again(storage: Storage) -> None:
    paused, going = await subscribe(storage), await subscribe(storage)
    await storage.guilds.reconcile_servers(WHOLE, [1], MORNING)
    await storage.subscriptions.pause(paused, by=7, now=MORNING)
    await storage.guilds.reconcile_servers(WHOLE, [], MORNING, counting=True)
    assert await storage.guilds.reconcile_servers(WHOLE, [1], LATER, counting=True) == []
    found = {each.id: each.state for each in await storage.subscriptions.list_for_server(1)}
    assert found == {paused.id: SubscriptionState.PAUSED, going.id: SubscriptionState.ACTIVE}
    assert (await storage.audit_log.list_latest(1, 1))[0].action is Action.RETURNED


@pytest.mark.parametrize("counted_after", [False, True])
async def test_a_server_that_was_really_gone_comes_back_paused(storage: Storage, counted_after: bool) -> None:
    await subscribe(storage, next_run=FIRST_RUN)
    await storage.guilds.record_join(1, MORNING)
    await storage.guilds.record_leave(1, MORNING)
    if counted_after:
        await storage.guilds.reconcile_servers(WHOLE, [], MORNING, counting=True)
    assert await storage.guilds.reconcile_servers(WHOLE, [1], LATER) == [1]
    assert [each.state for each in await storage.subscriptions.list_for_server(1)] == [SubscriptionState.PAUSED]
