"""What people follow, and what they want to see less of."""

import sqlite3
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.refusals import Refusal, Refused
from bot.storage.database import Database, fetch_all, to_iso

MAX_FOLLOWED = 25  # queries of a person, besides the inbox
MAX_MUTED = 100  # of a person
INBOX = ""  # the query of the inbox, which every paper matches


class How(StrEnum):
    """When the papers of a followed query come: with the next digest of the day or of the week, or at once."""

    DAILY = "daily"
    WEEKLY = "weekly"
    AT_ONCE = "at once"


@dataclass(frozen=True, slots=True)
class FollowedQuery:
    """A query that a person follows, as typed; the empty one is their inbox.

    Papers that were listed only before `first_day` don't come.
    """

    id: int
    user_id: int
    query: str
    how: How
    first_day: date

    @property
    def is_inbox(self) -> bool:
        return self.query == INBOX


class MutedKind(StrEnum):
    """What a person can see less of: papers with a tag, by an author or an organisation, or like a paper."""

    TAG = "tag"
    AUTHOR = "author"
    ORG = "org"
    PAPER = "paper"


@dataclass(frozen=True, slots=True)
class Muted:
    """What a person wants to see less of: a name, or for `MutedKind.PAPER` the id of a paper."""

    kind: MutedKind
    value: str


class FollowedQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_for_person(self, user_id: int) -> list[FollowedQuery]:
        """What a person follows, oldest first."""
        rows = await self._database.fetch_rows("SELECT * FROM followed_queries WHERE user_id = ? ORDER BY id", user_id)
        return [_followed_query_from_row(row) for row in rows]

    async def follow(self, user_id: int, query: str, how: How, first_day: date, now: datetime) -> FollowedQuery:
        """Follow a query, or change how it is followed. Raises `Refused` if a person follows too many."""

        def insert(connection: sqlite3.Connection) -> FollowedQuery:
            ((count,),) = connection.execute(
                "SELECT count(*) FROM followed_queries WHERE user_id = ? AND query NOT IN (?, ?)",
                (user_id, query, INBOX),
            )
            if query != INBOX and count >= MAX_FOLLOWED:
                raise Refused(Refusal.TOO_MANY_FOLLOWED, number=MAX_FOLLOWED)
            (row,) = fetch_all(
                connection,
                "INSERT INTO followed_queries (user_id, query, how, first_day, created_at) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (user_id, query) DO UPDATE SET how = excluded.how RETURNING *",
                (user_id, query, how.value, first_day.isoformat(), to_iso(now)),
            )
            return _followed_query_from_row(row)

        return await self._database.write(insert)

    async def unfollow(self, user_id: int, followed_id: int) -> FollowedQuery | None:
        """Stop following a query, which is returned; None if the person does not follow it."""

        def delete(connection: sqlite3.Connection) -> FollowedQuery | None:
            deleted = fetch_all(
                connection,
                "DELETE FROM followed_queries WHERE id = ? AND user_id = ? RETURNING *",
                (followed_id, user_id),
            )
            return _followed_query_from_row(deleted[0]) if deleted else None

        return await self._database.write(delete)

    async def list_muted(self, user_id: int) -> list[Muted]:
        """What a person sees less of, oldest first."""
        rows = await self._database.fetch_rows("SELECT * FROM muted WHERE user_id = ? ORDER BY muted_at", user_id)
        return [Muted(MutedKind(row["kind"]), row["value"]) for row in rows]

    async def mute(self, user_id: int, muted: Muted, now: datetime) -> None:
        """Let a person see less of something; of more than `MAX_MUTED`, the oldest are forgotten."""

        def insert(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO muted (user_id, kind, value, muted_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (user_id, muted.kind.value, muted.value, to_iso(now)),
            )
            connection.execute(
                "DELETE FROM muted WHERE user_id = ?1 AND (kind, value) IN (SELECT kind, value FROM muted"
                " WHERE user_id = ?1 ORDER BY muted_at DESC LIMIT -1 OFFSET ?2)",
                (user_id, MAX_MUTED),
            )

        await self._database.write(insert)

    async def unmute(self, user_id: int, muted: Muted) -> bool:
        """Undo that; False if it was undone before."""
        deleted = await self._database.execute(
            "DELETE FROM muted WHERE user_id = ? AND kind = ? AND value = ?", user_id, muted.kind.value, muted.value
        )
        return deleted > 0


def _followed_query_from_row(row: sqlite3.Row) -> FollowedQuery:
    return FollowedQuery(row["id"], row["user_id"], row["query"], How(row["how"]), date.fromisoformat(row["first_day"]))
