"""The feeds of servers: which servers have one, and the key by which it is read."""

from dataclasses import dataclass
from datetime import datetime

from bot.storage.connection import Row
from bot.storage.database import Database, to_iso


@dataclass(frozen=True, slots=True)
class ServerFeed:
    """A server's feed; whoever knows its `key` can read it."""

    guild_id: int
    key: str
    created_at: datetime


class ServerFeeds:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, guild_id: int) -> ServerFeed | None:
        """The feed of a server; None if it has none."""
        return _feed_from_rows(
            await self._database.fetch_rows("SELECT * FROM server_feeds WHERE guild_id = ?", guild_id)
        )

    async def find(self, key: str) -> ServerFeed | None:
        """The feed with this key; None if there is none, or if the bot has left its server."""
        return _feed_from_rows(
            await self._database.fetch_rows(
                "SELECT server_feeds.* FROM server_feeds JOIN guilds ON guilds.id = server_feeds.guild_id"
                " WHERE server_feeds.key = ? AND guilds.left_at IS NULL",
                key,
            )
        )

    async def add(self, guild_id: int, key: str, now: datetime) -> None:
        """Give a server a feed with this key, unless it has one."""
        await self._database.execute(
            "INSERT INTO server_feeds (guild_id, key, created_at) VALUES (?, ?, ?) ON CONFLICT (guild_id) DO NOTHING",
            *(guild_id, key, to_iso(now)),
            owner_id=guild_id,
        )

    async def replace_key(self, feed: ServerFeed, key: str, now: datetime) -> bool:
        """Give a feed another key, so that its own no longer works; False if the server has another feed by now."""
        changed = await self._database.execute(
            "UPDATE server_feeds SET key = ?, created_at = ? WHERE guild_id = ? AND key = ?",
            *(key, to_iso(now), feed.guild_id, feed.key),
            owner_id=feed.guild_id,
        )
        return changed > 0

    async def delete(self, feed: ServerFeed) -> bool:
        """Delete a feed; False if the server has another one by now, or none."""
        changed = await self._database.execute(
            "DELETE FROM server_feeds WHERE guild_id = ? AND key = ?", feed.guild_id, feed.key, owner_id=feed.guild_id
        )
        return changed > 0


def _feed_from_rows(rows: list[Row]) -> ServerFeed | None:
    if not rows:
        return None
    (row,) = rows
    return ServerFeed(row["guild_id"], row["key"], datetime.fromisoformat(row["created_at"]))
