"""The setting that blocks servers, in a bot of its own: nothing is posted there, not even in its first minute."""

import pytest

from tests.support.bot_process import DUE, World


async def test_a_server_that_the_settings_block_is_left_before_anything_is_posted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ((guild_id, guild),) = world.wire.guilds.items()
    monkeypatch.setenv("PAPERBOY_BLOCKED_SERVERS", f"12, {guild_id}")
    leaving = f"DELETE /users/@me/guilds/{guild_id}"
    async with world.child(DUE) as child:
        while leaving not in world.wire.requests:
            await child.tick()
        await child.tick()
        said = await child.stop()
    assert f"server {guild_id} is blocked: left it" in said
    assert world.channel.messages == []
    monkeypatch.delenv("PAPERBOY_BLOCKED_SERVERS")
    world.wire.guilds[guild_id] = guild
    async with world.child(DUE) as child:
        while not world.channel.messages:
            await child.tick()
        await child.tick()
        await child.stop()
    await world.assert_arrived_once()
