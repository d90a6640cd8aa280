"""Drafts: settings that admins have not saved yet, one for each open panel."""

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.storage.connection import Connection, Row
from bot.storage.database import Database, to_iso
from bot.storage.digest_settings import dump_settings, settings_from_columns
from bot.subscription.settings import DigestSettings

KEPT_FOR = timedelta(days=1)  # Discord lets a panel be edited for a quarter of an hour after the last click
MAX_TYPED = 4000  # characters that are kept of what was typed into a field: a modal shows no more


@dataclass(frozen=True, slots=True)
class Draft:
    """The settings that a user is editing. `subscription_id` and its `revision` are None for a new subscription.

    `mistyped` is what was typed for a field and is not understood; it waits to be corrected. `guessed_from` is the
    language of Discord, such as `pt-BR`, that the time zone was guessed from; empty once somebody has chosen one.
    """

    id: str
    guild_id: int
    user_id: int
    subscription_id: int | None
    revision: int | None
    settings: DigestSettings
    mistyped: Mapping[str, str] = field(default_factory=dict)
    guessed_from: str = ""


class Drafts:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self,
        guild_id: int,
        user_id: int,
        settings: DigestSettings,
        now: datetime,
        *,
        subscription_id: int | None = None,
        revision: int | None = None,
        mistyped: Mapping[str, str] | None = None,
        guessed_from: str = "",
    ) -> Draft:
        """Create a draft."""
        draft_id = secrets.token_hex(6)
        draft = Draft(
            draft_id, guild_id, user_id, subscription_id, revision, settings, dict(mistyped or {}), guessed_from
        )
        await self.restore(draft, now)
        return draft

    async def restore(self, draft: Draft, now: datetime) -> None:
        """Store a draft, either a new one or one that was deleted."""
        await self._database.execute(
            "INSERT INTO drafts (id, guild_id, user_id, subscription_id, revision, settings, mistyped, guessed_from,"
            " updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(draft.id, draft.guild_id, draft.user_id, draft.subscription_id, draft.revision),
            *(dump_settings(draft.settings), _dump_typed(draft.mistyped), draft.guessed_from, to_iso(now)),
        )

    async def get(self, draft_id: str) -> Draft | None:
        return _draft_from_rows(await self._database.fetch_rows("SELECT * FROM drafts WHERE id = ?", draft_id))

    async def change(self, draft_id: str, edit: Callable[[Draft], Draft], now: datetime) -> Draft | None:
        """Apply `edit` to the draft as it is now, in one transaction; None if the draft is gone."""

        def change(connection: Connection) -> Draft | None:
            draft = _draft_from_rows(connection.execute("SELECT * FROM drafts WHERE id = ?", (draft_id,)))
            if draft is None:
                return None
            edited = edit(draft)
            connection.execute(
                "UPDATE drafts SET settings = ?, mistyped = ?, guessed_from = ?, updated_at = ? WHERE id = ?",
                (
                    dump_settings(edited.settings),
                    _dump_typed(edited.mistyped),
                    edited.guessed_from,
                    to_iso(now),
                    draft_id,
                ),
            )
            return edited

        return await self._database.write(change)

    async def delete(self, draft_id: str) -> Draft | None:
        """Delete the draft and return it; None if it was gone, so that of two deletions only one gets it."""
        statement = "DELETE FROM drafts WHERE id = ? RETURNING *"
        return await self._database.write(
            lambda connection: _draft_from_rows(connection.execute(statement, (draft_id,)).fetchall())
        )

    async def delete_old(self, now: datetime) -> None:
        """Delete drafts that have not been edited for a day."""
        await self._database.execute("DELETE FROM drafts WHERE updated_at < ?", to_iso(now - KEPT_FOR))


def _draft_from_rows(rows: Iterable[Row]) -> Draft | None:
    for row in rows:
        settings = settings_from_columns(json.loads(row["settings"]))
        return Draft(
            row["id"],
            row["guild_id"],
            row["user_id"],
            row["subscription_id"],
            row["revision"],
            settings,
            json.loads(row["mistyped"]),
            row["guessed_from"],
        )
    return None


def _dump_typed(typed: Mapping[str, str]) -> str:
    return json.dumps({name: text[:MAX_TYPED] for name, text in typed.items()})
