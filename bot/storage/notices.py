"""The notices: which servers were told that digests cannot be posted in a channel, so that each is told once."""

from datetime import datetime

from bot.storage.connection import Connection
from bot.storage.database import Database, to_iso


class Notices:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def record_first_notice(self, guild_id: int, subscription_id: int, channel_id: int, now: datetime) -> bool:
        """Record that a server is told of a failing subscription.

        False if it was told of that subscription, or of its channel, before.
        """

        def note(connection: Connection) -> bool:
            ((earlier,),) = connection.execute(
                "SELECT count(*) FROM notices WHERE guild_id = ? AND (channel_id = ? OR subscription_id = ?)",
                (guild_id, channel_id, subscription_id),
            )
            connection.execute(
                "INSERT INTO notices (guild_id, subscription_id, channel_id, told_at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (guild_id, subscription_id, channel_id, to_iso(now)),
            )
            return not earlier

        return await self._database.write(note)


def delete_notice(connection: Connection, subscription_id: int) -> None:
    """Within a transaction: let the server be told again if the subscription fails again."""
    connection.execute("DELETE FROM notices WHERE subscription_id = ?", (subscription_id,))
