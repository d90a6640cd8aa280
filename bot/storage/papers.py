"""The archive's papers: which days they were listed on, and their upvotes."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields, replace
from datetime import date, datetime

from bot.digest import Candidate
from bot.papers import Paper
from bot.storage.connection import Connection, Row
from bot.storage.database import Database, from_iso, to_iso
from bot.storage.listings import has_later_capture, store_list

MAX_SORTED_DAYS = 92  # up to so many days, a leaderboard sorts their papers; for more, it reads an index in order
_COLUMNS = tuple(field.name for field in fields(Paper) if field.name != "day")
_LISTS = ("authors", "tags", "media_urls")
_INSTANTS = ("published_at", "withdrawn_at")
_DAYS = "(SELECT json_group_array(day) FROM listings WHERE paper_id = papers.id) AS days"
SELECT_PAPERS = f"SELECT {', '.join(f'papers.{name}' for name in _COLUMNS)}, papers.change, {_DAYS} FROM papers"
_UPSERT = f"""
    INSERT INTO papers ({", ".join(_COLUMNS)}, change) VALUES ({", ".join("?" for _ in _COLUMNS)}, ?)
    ON CONFLICT (id) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in (*_COLUMNS[1:], "change"))}
"""
_BY_RANK = "ORDER BY upvotes DESC, comments DESC, id"  # the order of bot.ranking, which an index has too


class Papers:
    """Every paper seen, once each, by arXiv id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record_list(
        self, day: date, papers: Sequence[Paper], now: datetime, *, ids: Collection[str] | None = None
    ) -> int:
        """Store the list of `day` as it was read at `now`; returns how many papers are new or changed.

        `ids` are those of all its entries, readable or not. With them, papers that have left the list are taken off
        it; without them, the list only grows. One transaction writes the papers, their days, a snapshot where upvotes
        changed, and the capture. A reading that is older than the stored capture changes nothing.
        """
        listed = {paper.id: paper.day or day for paper in papers}
        seen = [replace(paper, day=listed[paper.id]) for paper in papers]

        def store(connection: Connection) -> int:
            if has_later_capture(connection, day, now):
                return 0
            _, changed = _store_papers(connection, seen, now)
            store_list(connection, day, listed, ids, now)
            return changed

        return await self._database.write(store)

    async def record_paper(self, paper: Paper, now: datetime) -> Paper:
        """Store one paper that was looked up at `now`; returns all that is now known of it.

        Its listed days do not change: a digest's candidates come only from lists.
        """
        without_day = [replace(paper, day=None)]
        (merged,), _ = await self._database.write(lambda connection: _store_papers(connection, without_day, now))
        return merged

    async def complete_papers(self, seen: Sequence[Paper]) -> list[Paper]:
        """Papers from elsewhere, completed with what the archive knows of them. Stores nothing."""
        ids = [paper.id for paper in seen]
        known = await self._database.read(lambda connection: select_papers(connection, ids))
        return [_merge_papers(known.get(paper.id), paper) for paper in seen]

    async def list_snapshots(self, paper_id: str) -> list[tuple[datetime, int]]:
        """A paper's upvotes at each time they changed, oldest first."""
        rows = await self._database.fetch_rows(
            "SELECT taken_at, upvotes FROM upvote_snapshots WHERE paper_id = ? ORDER BY taken_at", paper_id
        )
        return [(datetime.fromisoformat(taken_at), upvotes) for taken_at, upvotes in rows]

    async def get_capture_times(self, days: Iterable[date]) -> dict[date, datetime]:
        """When the lists of `days` were last read, without the days never read."""
        wanted = list(days)
        return await self._database.read(lambda connection: select_capture_times(connection, wanted))

    async def get(self, ids: Iterable[str]) -> list[Paper]:
        """The papers with these ids, in the same order, without the unknown ones."""
        wanted = list(ids)
        found = await self._database.read(lambda connection: select_papers(connection, wanted))
        return [found[each] for each in wanted if each in found]

    async def list_unknown(self, ids: Collection[str]) -> tuple[str, ...]:
        """Those of these ids that no paper has."""
        known = {paper.id for paper in await self.get(ids)} if ids else ()
        return tuple(each for each in ids if each not in known)

    async def list_top_papers(self, first: date, last: date, *, limit: int, offset: int = 0) -> tuple[list[Paper], int]:
        """Papers listed from `first` to `last`, most upvoted first, and how many there are in all."""
        if (last - first).days <= MAX_SORTED_DAYS:
            listed = "papers.id IN (SELECT paper_id FROM listings WHERE day BETWEEN ? AND ?)"
            order = _BY_RANK.replace("upvotes", "+upvotes")  # the sign keeps SQLite from walking the index
        else:  # in the index's order, a page of a long span is soon full
            listed = "EXISTS (SELECT 1 FROM listings WHERE paper_id = papers.id AND day BETWEEN ? AND ?)"
            order = _BY_RANK
        span = (first.isoformat(), last.isoformat())

        def select_top(connection: Connection) -> tuple[list[Paper], int]:
            rows = connection.execute(
                f"{SELECT_PAPERS} WHERE {listed} {order} LIMIT ? OFFSET ?", (*span, limit, offset)
            )
            found = [paper_from_row(row) for row in rows]
            ((total,),) = connection.execute(
                "SELECT count(DISTINCT paper_id) FROM listings WHERE day BETWEEN ? AND ?", span
            )
            return found, total

        return await self._database.read(select_top)

    async def list_best_at(self, first: date, last: date, instant: datetime, *, limit: int) -> list[tuple[Paper, int]]:
        """The papers listed from `first` to `last` that had the most upvotes at `instant`, with these.

        Votes that come later change nothing. A paper that was not seen by then has the upvotes of its first sight.
        """
        first_seen = "(SELECT upvotes FROM upvote_snapshots WHERE paper_id = papers.id ORDER BY taken_at LIMIT 1)"
        then = (
            "(SELECT upvotes FROM upvote_snapshots WHERE paper_id = papers.id AND taken_at <= ?"
            " ORDER BY taken_at DESC LIMIT 1)"
        )
        ranked = (
            f"SELECT id, coalesce({then}, {first_seen}, 0) AS upvotes_then FROM papers"
            " WHERE id IN (SELECT paper_id FROM listings WHERE day BETWEEN ? AND ?) AND withdrawn_at IS NULL"
            " ORDER BY upvotes_then DESC, id LIMIT ?"
        )

        def select_best(connection: Connection) -> list[tuple[Paper, int]]:
            rows = connection.execute(ranked, (to_iso(instant), first.isoformat(), last.isoformat(), limit))
            upvotes = {paper_id: int(number) for paper_id, number in rows}
            papers = select_papers(connection, [*upvotes])
            return [(papers[paper_id], number) for paper_id, number in upvotes.items()]

        return await self._database.read(select_best)

    async def list_candidates(self, first: date, last: date) -> tuple[Candidate, ...]:
        """The papers listed from `first` to `last`."""
        listed = f"{SELECT_PAPERS} WHERE id IN (SELECT paper_id FROM listings WHERE day BETWEEN ? AND ?)"

        def select_candidates(connection: Connection) -> tuple[Candidate, ...]:
            rows = connection.execute(listed, (first.isoformat(), last.isoformat()))
            return tuple(Candidate(paper_from_row(row), frozenset(_read_listed_days(row))) for row in rows)

        return await self._database.read(select_candidates)

    async def list_days_with_papers(self, first: date, last: date) -> tuple[date, ...]:
        """The days from `first` to `last` that had papers, in order."""
        rows = await self._database.fetch_rows(
            "SELECT DISTINCT day FROM listings WHERE day BETWEEN ? AND ? ORDER BY day",
            first.isoformat(),
            last.isoformat(),
        )
        return tuple(date.fromisoformat(day) for (day,) in rows)

    async def list_days_of_paper(self, paper_id: str) -> tuple[date, ...]:
        """The days that listed a paper, in order."""
        rows = await self._database.fetch_rows("SELECT day FROM listings WHERE paper_id = ? ORDER BY day", paper_id)
        return tuple(date.fromisoformat(day) for (day,) in rows)

    async def get_latest_listed_day(self, until: date) -> date | None:
        """The latest day up to `until` that had papers."""
        ((day,),) = await self._database.fetch_rows("SELECT max(day) FROM listings WHERE day <= ?", until.isoformat())
        return date.fromisoformat(day) if day else None

    async def get_first_listed_day(self, since: date) -> date | None:
        """The first day from `since` on that had papers."""
        ((day,),) = await self._database.fetch_rows("SELECT min(day) FROM listings WHERE day >= ?", since.isoformat())
        return date.fromisoformat(day) if day else None

    async def list_changed_since(self, change: int, limit: int) -> list[tuple[int, Paper]]:
        """The next papers with a change number above `change`, in that order: what the search index lacks."""
        changed = f"{SELECT_PAPERS} WHERE change > ? ORDER BY change LIMIT ?"

        def select_changed(connection: Connection) -> list[tuple[int, Paper]]:
            return [(row["change"], paper_from_row(row)) for row in connection.execute(changed, (change, limit))]

        return await self._database.read(select_changed)

    async def get_last_change(self) -> int:
        return await self._database.read(select_last_change)

    async def count(self) -> int:
        """How many there are; reads all of the smallest index."""
        ((number,),) = await self._database.fetch_rows("SELECT count(*) FROM papers")
        return int(number)

    async def get_archive_id(self) -> str:
        """An id that no other archive has."""
        ((identity,),) = await self._database.fetch_rows("SELECT id FROM archive")
        return str(identity)


def select_capture_times(connection: Connection, days: Iterable[date]) -> dict[date, datetime]:
    rows = connection.execute(
        "SELECT day, captured_at FROM captures WHERE day IN (SELECT value FROM json_each(?))",
        (json.dumps([day.isoformat() for day in days]),),
    )
    return {date.fromisoformat(day): datetime.fromisoformat(instant) for day, instant in rows}


def select_last_change(connection: Connection) -> int:
    ((last,),) = connection.execute("SELECT coalesce(max(change), 0) FROM papers")
    return int(last)


def select_papers(connection: Connection, ids: Sequence[str]) -> dict[str, Paper]:
    rows = connection.execute(f"{SELECT_PAPERS} WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(ids),))
    return {row["id"]: paper_from_row(row) for row in rows}


def _store_papers(connection: Connection, papers: Sequence[Paper], now: datetime) -> tuple[list[Paper], int]:
    """Write the papers that changed; returns all that is now known of each, and how many are new or changed."""
    known = select_papers(connection, [paper.id for paper in papers])
    merged = [_merge_papers(known.get(paper.id), paper) for paper in papers]
    changed = [paper for paper in merged if paper != known.get(paper.id)]
    upserts = [
        (*(_value_to_column(getattr(paper, name)) for name in _COLUMNS), change)
        for change, paper in enumerate(changed, select_last_change(connection) + 1)
    ]
    snapshots, outdated_embeddings = [], []
    for paper in changed:
        before = known.get(paper.id)
        if before is None or paper.upvotes != before.upvotes:
            snapshots.append((paper.id, to_iso(now), paper.upvotes))
        if before and (paper.title, paper.abstract) != (before.title, before.abstract):
            outdated_embeddings.append((paper.id,))
    connection.executemany(_UPSERT, upserts)
    connection.executemany(
        "INSERT INTO upvote_snapshots (paper_id, taken_at, upvotes) VALUES (?, ?, ?)"
        " ON CONFLICT (paper_id, taken_at) DO UPDATE SET upvotes = excluded.upvotes",
        snapshots,
    )
    connection.executemany("DELETE FROM embeddings WHERE paper_id = ?", outdated_embeddings)
    return merged, len(changed)


def _merge_papers(known: Paper | None, seen: Paper) -> Paper:
    """A paper as it was just seen; fields that are missing this time keep what was known.

    The papers API has dropped summaries and tags for weeks and brought them back. A list has no linked counts,
    and a paper that is looked up alone has no day, no comments and sometimes no authors.
    """
    if known is None:
        return seen
    present = {name: value for name in _COLUMNS if (value := getattr(seen, name)) not in (None, (), "")}
    if seen.day is None and not seen.comments:
        present["comments"] = known.comments
    days = [paper.day for paper in (seen, known) if paper.day]
    return replace(known, **present, day=max(days, default=None))


def _value_to_column(value: object) -> object:
    if isinstance(value, tuple):
        return json.dumps(value, ensure_ascii=False)
    return to_iso(value) if isinstance(value, datetime) else value


def _read_listed_days(row: Row) -> list[date]:
    return [date.fromisoformat(day) for day in json.loads(row["days"])]


def paper_from_row(row: Row) -> Paper:
    values = {name: row[name] for name in _COLUMNS}
    values |= {name: tuple(json.loads(row[name])) for name in _LISTS}
    values |= {name: from_iso(row[name]) for name in _INSTANTS}
    return Paper(**values, day=max(_read_listed_days(row), default=None))
