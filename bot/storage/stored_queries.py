"""Searches that are too long for a button's custom_id, kept for a while so that their buttons work."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.storage.connection import Connection, fetch_all
from bot.storage.database import Database, to_iso

MAX_INLINE_QUERY = 80  # bytes; a longer query is stored, and a custom_id has its key
QUERIES_KEPT_FOR = timedelta(days=30)  # after its last use
_USE_COUNTS_AFTER = timedelta(days=1)  # so that turning pages writes nothing


def has_to_be_stored(query: str) -> bool:
    """Whether a query is too long for a custom_id. Bytes count too: Discord limits those of a whole message."""
    return len(query.encode(errors="surrogatepass")) > MAX_INLINE_QUERY


def get_query_key(query: str) -> str:
    """The key under which a query is stored; equal queries share it."""
    return hashlib.sha256(query.encode(errors="surrogatepass")).hexdigest()[:24]


class StoredQueries:
    """At most 2,000, of at most some 6,000 characters each; those that were not used for longest make room."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def store(self, queries: Iterable[str], now: datetime) -> None:
        """Store those of `queries` that are too long for a custom_id."""
        rows = {get_query_key(each): each for each in queries if has_to_be_stored(each)}
        used_lately = await self._database.read(lambda connection: _list_used_lately(connection, rows, now))
        new = [(key, query, to_iso(now)) for key, query in rows.items() if key not in used_lately]
        if new:
            await self._database.write(lambda connection: _store(connection, new))

    async def find(self, key: str) -> str | None:
        """The query with this key; None if it is not stored any more."""
        rows = await self._database.fetch_rows("SELECT query FROM stored_queries WHERE key = ?", key)
        return str(rows[0]["query"]) if rows else None

    async def delete_old(self, now: datetime) -> None:
        """Delete queries that were not used for `QUERIES_KEPT_FOR`."""
        await self._database.execute("DELETE FROM stored_queries WHERE used_at < ?", to_iso(now - QUERIES_KEPT_FOR))


def _list_used_lately(connection: Connection, keys: Iterable[str], now: datetime) -> set[str]:
    """Those of `keys` that are stored, and whose time of use need not be written again."""
    sql, since = "SELECT 1 FROM stored_queries WHERE key = ? AND used_at >= ?", to_iso(now - _USE_COUNTS_AFTER)
    return {key for key in keys if fetch_all(connection, sql, (key, since))}


def _store(connection: Connection, rows: Iterable[tuple[str, str, str]]) -> None:
    connection.executemany(
        "INSERT INTO stored_queries (key, query, used_at) VALUES (?, ?, ?)"
        " ON CONFLICT (key) DO UPDATE SET used_at = excluded.used_at",
        rows,
    )
