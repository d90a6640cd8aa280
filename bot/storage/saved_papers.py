"""The papers that people save, with their notes and their own tags."""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import NamedTuple

from bot.refusals import Refusal, Refused
from bot.share import Share
from bot.storage.connection import Connection, Row, fetch_all
from bot.storage.database import Database, to_iso
from bot.storage.deletion import mark_for_rewriting

MAX_SAVED = 5000  # papers of a person
MAX_NOTE = 2000  # characters
MAX_OWN_TAGS = 10  # of a paper
MAX_OWN_TAG = 30  # characters
REMOVED_KEPT_FOR = timedelta(days=1)
_DELETED_AT_ONCE = 1000  # papers
MAX_REMOVED = 100  # papers of a person that can be saved again with their notes


@dataclass(frozen=True, slots=True)
class SavedPaper:
    """A paper that a person saved, when they marked it as read, and what they wrote about it."""

    paper_id: str
    saved_at: datetime
    read_at: datetime | None = None
    note: str = ""
    own_tags: tuple[str, ...] = ()


class OwnTexts(NamedTuple):
    """What a person wrote about a paper."""

    note: str = ""
    own_tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SavedOverview:
    """All that a person has saved, as far as papers are found by it: whether each is read, the last saved first.

    `own_texts` has no papers without a note and tags.
    """

    is_read: Mapping[str, bool]
    own_texts: Mapping[str, OwnTexts]


class SavedPapers:
    """Changes what people have saved, each change in one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, user_id: int, paper_id: str, now: datetime) -> SavedPaper:
        """Save a paper; one that was removed lately has its note again. Raises `Refused` if it is one too many."""
        work = partial(_save, user_id=user_id, paper_id=paper_id, now=now)
        return await self._database.write(work, owner_id=user_id)

    async def remove(self, user_id: int, paper_id: str, now: datetime) -> SavedPaper | None:
        """Remove a paper, and return it as it was; None if it was not saved."""
        work = partial(_remove, user_id=user_id, paper_id=paper_id, now=now)
        return await self._database.write(work, owner_id=user_id)

    async def toggle(self, user_id: int, paper_id: str, now: datetime) -> SavedPaper | None:
        """Save a paper and return it; or, if it is saved already, remove it and return None."""

        def toggle(connection: Connection) -> SavedPaper | None:
            if _remove(connection, user_id, paper_id, now):
                return None
            return _save(connection, user_id, paper_id, now)

        return await self._database.write(toggle, owner_id=user_id)

    async def annotate(
        self, user_id: int, paper_id: str, *, note: str, own_tags: Collection[str] | None, now: datetime
    ) -> SavedPaper:
        """Give a paper this note, and these tags unless they are None; it is saved if it is not. Raises `Refused`."""

        def annotate(connection: Connection) -> SavedPaper:
            _save(connection, user_id, paper_id, now)
            (row,) = fetch_all(
                connection,
                "UPDATE saved_papers SET note = ?, own_tags = coalesce(?, own_tags)"
                " WHERE user_id = ? AND paper_id = ? RETURNING *",
                (note, None if own_tags is None else json.dumps(list(own_tags)), user_id, paper_id),
            )
            return _saved_paper_from_row(row)

        return await self._database.write(annotate, owner_id=user_id)

    async def mark_read(self, user_id: int, paper_id: str, read_at: datetime | None) -> SavedPaper | None:
        """Mark a paper as read, or with None as unread; None if it is not saved any more."""
        statement = (
            "UPDATE saved_papers SET read_at = ? WHERE user_id = ? AND paper_id = ? AND removed_at IS NULL RETURNING *"
        )
        values = (to_iso(read_at) if read_at else None, user_id, paper_id)
        rows = await self._database.write(lambda connection: fetch_all(connection, statement, values), owner_id=user_id)
        return _saved_paper_from_row(rows[0]) if rows else None

    async def get(self, user_id: int, paper_id: str) -> SavedPaper | None:
        rows = await self._database.fetch_rows(
            "SELECT * FROM saved_papers WHERE user_id = ? AND paper_id = ? AND removed_at IS NULL", user_id, paper_id
        )
        return _saved_paper_from_row(rows[0]) if rows else None

    async def get_several(self, user_id: int, ids: Collection[str]) -> dict[str, SavedPaper]:
        """Those of the papers `ids` that are saved."""
        rows = await self._database.fetch_rows(
            "SELECT * FROM saved_papers WHERE user_id = ? AND removed_at IS NULL"
            " AND paper_id IN (SELECT value FROM json_each(?))",
            user_id,
            json.dumps(list(ids)),
        )
        return {row["paper_id"]: _saved_paper_from_row(row) for row in rows}

    async def count(self, user_id: int) -> int:
        """How many papers a person has saved."""
        rows = await self._database.fetch_rows(
            "SELECT count(*) AS papers FROM saved_papers WHERE user_id = ? AND removed_at IS NULL", user_id
        )
        return int(rows[0]["papers"])

    async def read_overview(self, user_id: int, *, with_texts: bool) -> SavedOverview:
        """All that a person has saved, with what they wrote only if that is asked for: it takes longer."""

        def select(connection: Connection) -> SavedOverview:
            return SavedOverview(
                _select_read_marks(connection, user_id), _select_own_texts(connection, user_id) if with_texts else {}
            )

        return await self._database.read(select)

    async def list_own_tags(self, user_id: int) -> tuple[str, ...]:
        """A person's own tags, those of most papers first."""
        rows = await self._database.fetch_rows(
            "SELECT own_tags, count(*) AS papers FROM saved_papers"
            " WHERE user_id = ? AND removed_at IS NULL AND own_tags != '[]' GROUP BY own_tags",
            user_id,
        )
        counts: Counter[str] = Counter()
        for row in rows:
            counts.update(dict.fromkeys(json.loads(row["own_tags"]), row["papers"]))
        return tuple(tag for tag, _ in sorted(counts.items(), key=lambda each: (-each[1], each[0])))

    async def delete_removed(self, share: Share, now: datetime) -> None:
        """Delete for good what was removed over `REMOVED_KEPT_FOR` ago, some at a time, as others write too."""
        these = (
            f"SELECT user_id, paper_id FROM saved_papers WHERE removed_at < ? AND {share.build_condition('user_id')}"
            f" LIMIT {_DELETED_AT_ONCE}"
        )

        def delete(connection: Connection) -> int:
            statement = f"DELETE FROM saved_papers WHERE (user_id, paper_id) IN ({these})"
            deleted = connection.execute(statement, (to_iso(now - REMOVED_KEPT_FOR),)).rowcount
            if deleted:
                mark_for_rewriting(connection)
            return deleted

        while await self._database.write(delete) == _DELETED_AT_ONCE:
            pass


def _select_read_marks(connection: Connection, user_id: int) -> dict[str, bool]:
    """Whether each paper is read, the last saved first; the index has all of it."""
    rows = connection.execute(
        "SELECT paper_id, read_at IS NOT NULL FROM saved_papers"
        " WHERE user_id = ? AND removed_at IS NULL ORDER BY saved_at DESC, paper_id DESC",
        (user_id,),
    )
    return {paper_id: bool(is_read) for paper_id, is_read in rows}


def _select_own_texts(connection: Connection, user_id: int) -> dict[str, OwnTexts]:
    rows = connection.execute(
        "SELECT paper_id, note, own_tags FROM saved_papers"
        " WHERE user_id = ? AND removed_at IS NULL AND (note != '' OR own_tags != '[]')",
        (user_id,),
    )
    return {paper_id: OwnTexts(note, _read_own_tags(own_tags)) for paper_id, note, own_tags in rows}


def _save(connection: Connection, user_id: int, paper_id: str, now: datetime) -> SavedPaper:
    """Save a paper, unless it is saved already. Raises `Refused`."""
    ((count,),) = connection.execute(
        "SELECT count(*) FROM saved_papers WHERE user_id = ? AND paper_id != ? AND removed_at IS NULL",
        (user_id, paper_id),
    )
    if count >= MAX_SAVED:
        raise Refused(Refusal.TOO_MANY_SAVED, number=MAX_SAVED)
    (row,) = fetch_all(
        connection,
        "INSERT INTO saved_papers (user_id, paper_id, saved_at) VALUES (?, ?, ?)"
        " ON CONFLICT (user_id, paper_id) DO UPDATE SET removed_at = NULL RETURNING *",
        (user_id, paper_id, to_iso(now)),
    )
    return _saved_paper_from_row(row)


def _remove(connection: Connection, user_id: int, paper_id: str, now: datetime) -> SavedPaper | None:
    rows = fetch_all(
        connection,
        "UPDATE saved_papers SET removed_at = ? WHERE user_id = ? AND paper_id = ? AND removed_at IS NULL RETURNING *",
        (to_iso(now), user_id, paper_id),
    )
    too_many = connection.execute(
        "DELETE FROM saved_papers WHERE user_id = ? AND paper_id IN (SELECT paper_id FROM saved_papers"
        " WHERE user_id = ? AND removed_at IS NOT NULL ORDER BY removed_at DESC LIMIT 1000 OFFSET ?)",
        (user_id, user_id, MAX_REMOVED),
    )
    if too_many.rowcount:
        mark_for_rewriting(connection)
    return _saved_paper_from_row(rows[0]) if rows else None


def _saved_paper_from_row(row: Row) -> SavedPaper:
    saved_at, read_at = datetime.fromisoformat(row["saved_at"]), row["read_at"]
    read = datetime.fromisoformat(read_at) if read_at else None
    return SavedPaper(row["paper_id"], saved_at, read, row["note"], _read_own_tags(row["own_tags"]))


@lru_cache(1024)  # most papers have the same few
def _read_own_tags(stored: str) -> tuple[str, ...]:
    return tuple(json.loads(stored))
