"""The gateway: connections lost, servers unavailable, commands refused, and the token kept secret."""

import logging

import pytest

from bot.app import Services
from bot.storage import DeliveryState
from tests.support.builders import Clock
from tests.support.delivery_rig import DeliveryRig, running_bot, subscribe
from tests.support.wire import TOKEN, Fault, Wire, rate_limit


async def test_a_lost_gateway_connection_does_not_lose_the_digest(rig: DeliveryRig) -> None:
    await rig.wire.gateway.drop()
    await rig.tick()
    assert await rig.wire.gateway.arrivals.get() == "resume"
    await rig.tick(minutes=2)
    await rig.assert_arrived_once()


async def test_a_gateway_session_that_discord_forgot_does_not_lose_the_digest(rig: DeliveryRig) -> None:
    await rig.wire.gateway.drop(forget=True)
    assert await rig.wire.gateway.arrivals.get() == "identify"
    await rig.tick()
    await rig.assert_arrived_once()


async def test_a_gateway_connection_lost_while_sending_does_not_lose_the_digest(rig: DeliveryRig) -> None:
    rig.wire.post_faults.append(Fault(200, created=True, meanwhile=rig.wire.gateway.drop))
    await rig.tick()
    assert await rig.wire.gateway.arrivals.get() == "resume"
    await rig.assert_arrived_once()


async def test_a_server_that_discord_calls_unavailable_gets_its_digest_once(
    services: Services, wire: Wire, clock: Clock
) -> None:
    guild = wire.add_guild()
    guild.available = False
    subscription = await subscribe(services, guild)
    wire.post_faults.append(Fault(created=True))
    async with running_bot(services, wire) as bot:
        rig = DeliveryRig(bot, wire, clock, services.storage, guild, subscription)
        await rig.tick(hours=1)
        await rig.tick(minutes=5)
        (delivery,) = await rig.deliveries()
        assert delivery.state is DeliveryState.PLANNED
        assert delivery.reason
        assert not wire.bodies
        await rig.learn(guild, "guild_available")
        await rig.tick(minutes=5)
        await rig.tick(minutes=10)
        await rig.assert_arrived_once()


@pytest.mark.parametrize(("status", "code"), [(400, 30034), (403, 0), (503, 0), (None, 0)])
async def test_a_bot_whose_commands_discord_rejects_starts_and_posts(
    services: Services, wire: Wire, clock: Clock, status: int | None, code: int
) -> None:
    wire.commands_refusal = Fault(status, code)
    guild = wire.add_guild()
    await subscribe(services, guild)
    clock.advance(hours=1)
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.run_due(clock())
    assert len(guild.papers.digests) == 1


async def test_the_token_is_in_no_log_record_and_in_no_message(
    services: Services, wire: Wire, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    guild = wire.add_guild()
    subscription = await subscribe(services, guild)
    wire.post_faults.extend([Fault(), Fault(503), Fault(401), rate_limit(0.1), Fault(400, 50035)])
    async with running_bot(services, wire) as bot:
        rig = DeliveryRig(bot, wire, clock, services.storage, guild, subscription)
        await rig.tick(hours=1)
        await wire.gateway.drop()
        for _ in range(5):
            await rig.tick(hours=1)
    assert set(wire.authorizations) == {f"Bot {TOKEN}"}
    assert len(wire.bodies) >= 5
    logged = [caplog.handler.format(record) for record in caplog.records]
    assert any("IDENTIFY" in line for line in logged)
    assert not [line for line in logged if TOKEN in line]
    assert TOKEN not in str(wire.bodies)
