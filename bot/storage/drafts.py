"""Drafts: subscriptions as admins are about to have them, one for each panel that is open."""

import json
import secrets
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.storage.database import Database, iso
from bot.storage.wishes import read_wish, wish_json
from bot.subscription.settings import Wish

KEPT_FOR = timedelta(days=1)  # Discord lets a panel be edited for a quarter of an hour after the last click


@dataclass(frozen=True, slots=True)
class Draft:
    """A wish that `user_id` edits; `subscription_id` and its `revision` are None for a new subscription."""

    id: str
    guild_id: int
    user_id: int
    subscription_id: int | None
    revision: int | None
    wish: Wish


class Drafts:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(
        self,
        guild_id: int,
        user_id: int,
        wish: Wish,
        now: datetime,
        *,
        subscription_id: int | None = None,
        revision: int | None = None,
    ) -> Draft:
        """A new draft."""
        draft = Draft(secrets.token_hex(6), guild_id, user_id, subscription_id, revision, wish)
        await self.put(draft, now)
        return draft

    async def put(self, draft: Draft, now: datetime) -> None:
        """Put a draft (back) in its place."""
        await self._database.execute(
            "INSERT INTO drafts (id, guild_id, user_id, subscription_id, revision, wish, updated_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(draft.id, draft.guild_id, draft.user_id, draft.subscription_id, draft.revision),
            *(wish_json(draft.wish), iso(now)),
        )

    async def get(self, draft_id: str) -> Draft | None:
        return _only(await self._database.rows("SELECT * FROM drafts WHERE id = ?", draft_id))

    async def change(self, draft_id: str, edit: Callable[[Wish], Wish], now: datetime) -> Draft | None:
        """The draft with its newest wish edited, whatever else is being clicked; None where there is none."""

        def change(connection: sqlite3.Connection) -> Draft | None:
            draft = _only(connection.execute("SELECT * FROM drafts WHERE id = ?", (draft_id,)))
            if draft is None:
                return None
            edited = replace(draft, wish=edit(draft.wish))
            connection.execute(
                "UPDATE drafts SET wish = ?, updated_at = ? WHERE id = ?", (wish_json(edited.wish), iso(now), draft_id)
            )
            return edited

        return await self._database.write(change)

    async def end(self, draft_id: str) -> Draft | None:
        """The draft, which is no more; None where it was none already: of two who end it, one gets it."""
        ended = "DELETE FROM drafts WHERE id = ? RETURNING *"
        return await self._database.write(lambda connection: _only(connection.execute(ended, (draft_id,)).fetchall()))

    async def forget_old(self, now: datetime) -> None:
        """Delete the drafts that nobody has touched for a day."""
        await self._database.execute("DELETE FROM drafts WHERE updated_at < ?", iso(now - KEPT_FOR))


def _only(rows: Iterable[sqlite3.Row]) -> Draft | None:
    for row in rows:
        wish = read_wish(json.loads(row["wish"]))
        return Draft(row["id"], row["guild_id"], row["user_id"], row["subscription_id"], row["revision"], wish)
    return None
