"""The posted messages: which papers a server's channels were shown, and where."""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.papers import Paper
from bot.storage.connection import Connection, Row
from bot.storage.database import Database, to_iso
from bot.storage.papers import select_papers
from bot.storage.past_runs import PastRun, select_runs_since, select_server_runs_with_papers

_MESSAGE_COLUMNS = "guild_id, deliveries.channel_id AS posted_in, place_id, message_id, sent_at"
_MESSAGES = "JOIN messages ON messages.delivery_id = highlights.delivery_id AND number = highlights.message"
_SHOWN = "WHERE deliveries.channel_id IN (SELECT CAST(value AS BIGINT) FROM json_each(?)) AND message_id IS NOT NULL"
# `CROSS JOIN` makes SQLite begin with the channels, not with the highlights of all servers.
_POSTED = (
    "FROM deliveries CROSS JOIN highlights ON highlights.delivery_id = deliveries.id"
    f" {_MESSAGES} JOIN subscriptions ON subscriptions.id = deliveries.subscription_id {_SHOWN}"
)
# Begins with the server's subscriptions: each has highlighted a paper once.
_POSTED_OF = (
    "FROM subscriptions CROSS JOIN highlights ON highlights.subscription_id = subscriptions.id"
    f" JOIN deliveries ON deliveries.id = highlights.delivery_id {_MESSAGES} {_SHOWN}"
    " AND guild_id = ? AND paper_id IN (SELECT value FROM json_each(?))"
)


@dataclass(frozen=True, slots=True)
class PostedMessage:
    """A message in which a server or person saw papers. `place_id` is the channel or forum post that it is in.

    `guild_id` is 0 for a person's.
    """

    guild_id: int
    channel_id: int
    place_id: int
    message_id: int
    sent_at: datetime

    @property
    def url(self) -> str:
        return f"https://discord.com/channels/{self.guild_id or '@me'}/{self.place_id}/{self.message_id}"


_PostedPaper = tuple[int, int, str, PostedMessage]  # delivery id, position in the digest, paper id, message


class PostedPapers:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_channels(self, guild_id: int) -> list[int]:
        """The server's channels in which something was posted."""
        rows = await self._database.fetch_rows(
            "SELECT DISTINCT deliveries.channel_id FROM deliveries"
            " JOIN subscriptions ON subscriptions.id = subscription_id"
            " WHERE guild_id = ? AND EXISTS (SELECT 1 FROM messages"
            " WHERE delivery_id = deliveries.id AND message_id IS NOT NULL)"
            " UNION SELECT CAST(settings ->> 'channel_id' AS BIGINT) FROM digest_settings WHERE subscription_id IN"
            " (SELECT id FROM subscriptions WHERE guild_id = ?)"
            " AND EXISTS (SELECT 1 FROM past_runs WHERE past_runs.subscription_id = digest_settings.subscription_id)"
            " ORDER BY 1",
            guild_id,
            guild_id,
        )
        return [channel_id for (channel_id,) in rows]

    async def find_latest(
        self, guild_id: int, channels: Iterable[int], paper_ids: Iterable[str]
    ) -> dict[str, PostedMessage]:
        """The latest message in these channels that shows each paper, without the papers that none of them shows."""
        channel_ids, ids = list(channels), set(paper_ids)

        def select_posted(connection: Connection) -> list[tuple[str, PostedMessage]]:
            runs = select_server_runs_with_papers(connection, guild_id, ids)
            past = [
                (paper_id, message)
                for _, _, paper_id, message in _list_past_papers(runs, channel_ids)
                if paper_id in ids
            ]
            rows = connection.execute(
                f"SELECT paper_id, {_MESSAGE_COLUMNS} {_POSTED_OF} ORDER BY sent_at, deliveries.id",
                (json.dumps(channel_ids), guild_id, json.dumps(list(ids))),
            )
            return [*past, *((row["paper_id"], _message_from_row(row)) for row in rows)]

        latest: dict[str, PostedMessage] = {}
        for paper_id, message in await self._database.read(select_posted):
            if paper_id not in latest or message.sent_at >= latest[paper_id].sent_at:
                latest[paper_id] = message
        return latest

    async def list_since(
        self, guild_id: int, channels: Iterable[int], since: datetime, *, limit: int, offset: int = 0
    ) -> tuple[list[tuple[Paper, PostedMessage]], int]:
        """The papers that these channels were shown from `since` on, with their messages, and how many in all.

        The newest message comes first; its papers are in their order in the digest.
        """
        channel_ids = list(channels)

        def select_page(connection: Connection) -> tuple[list[tuple[Paper, PostedMessage]], int]:
            rows = connection.execute(
                f"SELECT paper_id, highlights.delivery_id AS delivery, position, {_MESSAGE_COLUMNS} {_POSTED}"
                " AND guild_id = ? AND sent_at >= ?",
                (json.dumps(channel_ids), guild_id, to_iso(since)),
            )
            shown = [(row["delivery"], row["position"], row["paper_id"], _message_from_row(row)) for row in rows]
            runs = select_runs_since(connection, guild_id, since.astimezone(UTC).date())
            shown += [each for each in _list_past_papers(runs, channel_ids) if each[-1].sent_at >= since]
            shown.sort(key=_sort_key_newest_first)
            page = shown[offset : offset + limit]
            papers = select_papers(connection, [paper_id for _, _, paper_id, _ in page])
            return [(papers[paper_id], message) for _, _, paper_id, message in page], len(shown)

        return await self._database.read(select_page)


def _sort_key_newest_first(shown: _PostedPaper) -> tuple[float, int, int]:
    delivery_id, position, _, message = shown
    return (-message.sent_at.timestamp(), -delivery_id, position)


def _list_past_papers(runs: Iterable[PastRun], channels: Collection[int]) -> Iterator[_PostedPaper]:
    """The papers that past runs showed in these channels."""
    for run in runs:
        if run.channel_id not in channels:
            continue
        for position, highlight in enumerate(run.highlights, 1):
            if past := run.get_message_of(highlight):
                message = PostedMessage(run.guild_id, run.channel_id, past.place_id, past.message_id, past.sent_at)
                yield (run.id, position, highlight.paper_id, message)


def _message_from_row(row: Row) -> PostedMessage:
    sent_at = datetime.fromisoformat(row["sent_at"])
    return PostedMessage(row["guild_id"], row["posted_in"], row["place_id"], row["message_id"], sent_at)
