"""The posts: where a server's channels were shown which papers."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.papers import Paper
from bot.storage.database import Database, iso
from bot.storage.papers import SELECT_PAPERS, read_paper

_POST = "guild_id, deliveries.channel_id AS posted_in, place_id, message_id, sent_at"
_MESSAGES = "JOIN messages ON messages.delivery_id = highlights.delivery_id AND number = highlights.message"
_SHOWN = "WHERE deliveries.channel_id IN (SELECT value FROM json_each(?)) AND message_id IS NOT NULL"
# From the channels on: `CROSS JOIN` keeps SQLite from beginning with the highlights of all servers.
_POSTED = (
    "FROM deliveries CROSS JOIN highlights ON highlights.delivery_id = deliveries.id"
    f" {_MESSAGES} JOIN subscriptions ON subscriptions.id = deliveries.subscription_id {_SHOWN}"
)
# From the server's subscriptions on: each has highlighted a paper once.
_POSTED_OF = (
    "FROM subscriptions CROSS JOIN highlights ON highlights.subscription_id = subscriptions.id"
    f" JOIN deliveries ON deliveries.id = highlights.delivery_id {_MESSAGES} {_SHOWN}"
    " AND guild_id = ? AND paper_id IN (SELECT value FROM json_each(?))"
)


@dataclass(frozen=True, slots=True)
class Post:
    """A message in which a server was shown papers; `place_id` is the channel or forum post that it stands in."""

    guild_id: int
    channel_id: int
    place_id: int
    message_id: int
    sent_at: datetime

    @property
    def url(self) -> str:
        return f"https://discord.com/channels/{self.guild_id}/{self.place_id}/{self.message_id}"


class Posts:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def channels(self, guild_id: int) -> list[int]:
        """The channels of a server in which something was posted."""
        rows = await self._database.rows(
            "SELECT DISTINCT deliveries.channel_id FROM deliveries"
            " JOIN subscriptions ON subscriptions.id = subscription_id"
            " WHERE guild_id = ? AND EXISTS (SELECT 1 FROM messages"
            " WHERE delivery_id = deliveries.id AND message_id IS NOT NULL) ORDER BY deliveries.channel_id",
            guild_id,
        )
        return [channel for (channel,) in rows]

    async def latest(self, guild_id: int, channels: Iterable[int], paper_ids: Iterable[str]) -> dict[str, Post]:
        """Where these channels of a server were last shown each of these papers; one they never were is not in it."""
        rows = await self._database.rows(
            f"SELECT paper_id, {_POST} {_POSTED_OF} ORDER BY sent_at, deliveries.id",
            json.dumps(list(channels)),
            guild_id,
            json.dumps(list(paper_ids)),
        )
        return {row["paper_id"]: _post(row) for row in rows}

    async def since(
        self, channels: Iterable[int], since: datetime, *, limit: int, offset: int = 0
    ) -> tuple[list[tuple[Paper, Post]], int]:
        """What these channels were shown from `since` on, and how much that is in all.

        The newest message comes first, its papers in their order there.
        """
        span = f"{_POSTED} AND sent_at >= ?"
        newest = "ORDER BY sent_at DESC, delivery DESC, position"
        values = (json.dumps(list(channels)), iso(since))

        def look_up(connection: sqlite3.Connection) -> tuple[list[tuple[Paper, Post]], int]:
            rows = connection.execute(
                "SELECT paper.*, posted.* FROM"
                f" (SELECT paper_id, highlights.delivery_id AS delivery, position, {_POST} {span}"
                f" {newest} LIMIT ? OFFSET ?) AS posted"
                f" JOIN ({SELECT_PAPERS}) AS paper ON paper.id = paper_id {newest}",
                (*values, limit, offset),
            )
            found = [(read_paper(row), _post(row)) for row in rows]
            ((total,),) = connection.execute(f"SELECT count(*) {span}", values)
            return found, total

        return await self._database.read(look_up)


def _post(row: sqlite3.Row) -> Post:
    sent_at = datetime.fromisoformat(row["sent_at"])
    return Post(row["guild_id"], row["posted_in"], row["place_id"], row["message_id"], sent_at)
