"""A server that comes back while what is kept of servers long gone is being deleted."""

from datetime import timedelta
from pathlib import Path

from bot.share import WHOLE
from bot.storage import KEPT_FOR, Storage
from tests.support.builders import MORNING, build_past
from tests.support.engines import add_trigger

LATER = MORNING + KEPT_FOR + timedelta(minutes=1)


async def test_a_server_that_comes_back_at_the_last_moment_loses_nothing(storage: Storage, path: Path) -> None:
    """The daily job has found two servers to forget. When it is done with the first, the bot is back in the other."""
    for guild_id in (1, 2):
        await storage.guilds.record_join(guild_id, MORNING)
        await build_past(storage, guild_id)
        await storage.guilds.record_leave(guild_id, MORNING)
    add_trigger(path, "AFTER DELETE ON guilds WHEN old.id = 1", "UPDATE guilds SET left_at = NULL WHERE id = 2")
    await storage.guilds.delete_left_servers(WHOLE, LATER)
    assert await storage.subscriptions.list_for_server(1) == []
    (kept,) = await storage.subscriptions.list_for_server(2)
    assert await storage.deliveries.list_latest(kept.id, 20)


async def test_a_server_that_came_back_and_left_again_gets_thirty_new_days(storage: Storage) -> None:
    await storage.guilds.record_join(1, MORNING)
    await build_past(storage, guild_id=1)
    await storage.guilds.record_leave(1, MORNING)
    await storage.guilds.record_join(1, MORNING + timedelta(days=20))
    await storage.guilds.record_leave(1, MORNING + timedelta(days=20))
    await storage.guilds.delete_left_servers(WHOLE, LATER)
    assert await storage.subscriptions.list_for_server(1)
    await storage.guilds.delete_left_servers(WHOLE, LATER + timedelta(days=20))
    assert await storage.subscriptions.list_for_server(1) == []
