"""Shards begin their sessions at the pace of Discord's gateway, in however many processes they are."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from bot import identifying
from bot.app import Services
from bot.claims import Claims, SoleClaims
from bot.client import PaperBot
from bot.database_address import PostgresAddress
from bot.share import parse_shards
from bot.storage import ClaimLost
from bot.storage.postgres.claims import open_claims
from tests.support.builders import MORNING
from tests.support.delivery_rig import LIMIT
from tests.support.wire import TOKEN, Wire

GAP = 0.25  # seconds that the gateway wants between two identifies of a bucket


@pytest.fixture(autouse=True)
def quick(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    wire.gateway.identify_seconds = GAP
    monkeypatch.setattr(identifying, "SPACING", 2 * GAP)


@asynccontextmanager
async def connecting(services: Services, claims: Claims, shards: int, only: list[int]) -> AsyncIterator[PaperBot]:
    async with asyncio.timeout(LIMIT), PaperBot(replace(services, claims=claims), shard_count=shards) as bot:
        bot.shard_ids = only
        bot._connection.guild_ready_timeout = 0.05
        connection = asyncio.create_task(bot.start(TOKEN))
        try:
            yield bot
        finally:
            await bot.close()
            await connection


async def wait_for(wire: Wire, *arrivals: str) -> None:
    for wanted in arrivals:
        assert await wire.gateway.arrivals.get() == wanted


async def test_shards_of_different_buckets_identify_side_by_side(services: Services, wire: Wire) -> None:
    wire.gateway.max_concurrency = 2
    async with connecting(services, SoleClaims(), 4, [0, 1, 2, 3]) as bot:
        await wait_for(wire, *["identify"] * 4)
        await bot.wait_until_ready()
    assert wire.gateway.too_fast == 0
    first, second, third, fourth = (each.shard for each in wire.gateway.identifies)
    assert {first, second} == {0, 1}
    assert {third, fourth} == {2, 3}


async def test_processes_take_turns_to_identify(
    services: Services, wire: Wire, postgres_address: PostgresAddress
) -> None:
    bots: list[PaperBot] = []
    async with AsyncExitStack() as stack:
        for only in ([0, 1], [2, 3]):
            share = parse_shards(f"{only[0]}-{only[1]}/4")
            claims = await stack.enter_async_context(
                open_claims(postgres_address, share, lambda: MORNING, lambda _: None)
            )
            bots.append(await stack.enter_async_context(connecting(services, claims, 4, only)))
        await wait_for(wire, *["identify"] * 4)
        await asyncio.gather(*(bot.wait_until_ready() for bot in bots))
    assert wire.gateway.too_fast == 0
    assert {each.shard for each in wire.gateway.identifies} == {0, 1, 2, 3}


async def test_a_shard_that_waits_for_its_turn_keeps_no_other_from_going_on(
    services: Services, wire: Wire, postgres_address: PostgresAddress
) -> None:
    async with (
        open_claims(postgres_address, parse_shards("0-1/4"), lambda: MORNING, lambda _: None) as claims,
        open_claims(postgres_address, parse_shards("2/4"), lambda: MORNING, lambda _: None) as others,
        connecting(services, claims, 4, [0, 1]),
    ):
        await wait_for(wire, "identify", "identify")
        async with others.hold_bucket(0):  # another process identifies for long
            (first, second) = wire.gateway._sessions
            forgotten = wire.gateway._sessions.pop(first)
            await forgotten.socket.close(code=4000)
            await wire.gateway._sessions[second].socket.close(code=4000)
            await wait_for(wire, "resume")
        await wait_for(wire, "identify")
    assert wire.gateway.too_fast == 0


async def test_shards_wait_when_discord_allows_no_more_identifies_today(
    services: Services, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever goes on loses the bot's token."""
    wire.session_starts = 1
    heard = asyncio.Event()

    def listen(record: logging.LogRecord) -> bool:
        if record.levelno == logging.ERROR:
            heard.set()
        return True

    caplog.handler.addFilter(listen)
    async with connecting(services, SoleClaims(), 2, [0, 1]) as bot:
        await heard.wait()
        assert not wire.gateway.identifies
        wire.session_starts = 100
        await wait_for(wire, "identify", "identify")
        await bot.wait_until_ready()
    assert "1 identifies are left, too few for 2 shards" in caplog.text
    assert "1 of 1000 identifies are left" in caplog.text


async def test_a_bot_starts_although_discord_does_not_say_how_many_identifies_are_left(
    services: Services, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_gateway", None)
    async with connecting(services, SoleClaims(), 1, [0]) as bot:
        await wait_for(wire, "identify")
        await bot.wait_until_ready()


async def test_a_process_that_lost_its_shards_identifies_no_more(
    services: Services, wire: Wire, postgres_address: PostgresAddress
) -> None:
    async with (
        open_claims(postgres_address, parse_shards("0/1"), lambda: MORNING, lambda _: None) as claims,
        connecting(services, claims, 1, [0]) as bot,
    ):
        await wait_for(wire, "identify")
        await bot.wait_until_ready()
        claims._lost.set()
        with pytest.raises(ClaimLost):
            await bot.before_identify_hook(0)
