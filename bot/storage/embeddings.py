"""The embeddings: vectors of the papers' texts, stored as bytes that only the search understands."""

import json
from collections.abc import AsyncIterator, Iterable

from bot.papers import Paper
from bot.storage.database import Database
from bot.storage.papers import SELECT_PAPERS, paper_from_row

BATCH = 2000


class Embeddings:
    """One vector for each paper, made from its title and abstract, and deleted when these change."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_missing(self, model: str, limit: int) -> list[Paper]:
        """The newest papers that have no vector of `model`."""
        return await self._list_papers_beyond("SELECT paper_id FROM embeddings WHERE model = ?", limit, model)

    async def list_without_any(self, limit: int) -> list[Paper]:
        """The newest papers that have no vector of any model."""
        return await self._list_papers_beyond("SELECT paper_id FROM embeddings", limit)

    async def _list_papers_beyond(self, select_known: str, limit: int, *values: str) -> list[Paper]:
        rows = await self._database.fetch_rows(
            f"{SELECT_PAPERS} WHERE id IN (SELECT id FROM papers EXCEPT {select_known} ORDER BY id DESC LIMIT ?)"
            " ORDER BY id DESC",
            *values,
            limit,
        )
        return [paper_from_row(row) for row in rows]

    async def save(self, model: str, vectors: Iterable[tuple[Paper, bytes]]) -> None:
        """Store vectors that `model` computed, without those of papers whose text has changed meanwhile."""
        rows = [(model, vector, paper.id, paper.title, paper.abstract) for paper, vector in vectors]
        await self._database.write(
            lambda connection: connection.executemany(
                "INSERT INTO embeddings (paper_id, model, vector)"
                " SELECT id, ?, ? FROM papers WHERE id = ? AND title = ? AND abstract = ?"
                " ON CONFLICT (paper_id) DO UPDATE SET model = excluded.model, vector = excluded.vector",
                rows,
            )
        )

    async def get(self, model: str, ids: Iterable[str]) -> dict[str, bytes]:
        """The vectors of these papers, without the papers that `model` has none for."""
        rows = await self._database.fetch_rows(
            "SELECT paper_id, vector FROM embeddings WHERE model = ? AND paper_id IN (SELECT value FROM json_each(?))",
            model,
            json.dumps(list(ids)),
        )
        return {row["paper_id"]: row["vector"] for row in rows}

    async def read_all(self, model: str) -> AsyncIterator[list[tuple[str, bytes]]]:
        """All vectors of `model`, in batches by paper id; the database is free for others between two batches."""
        select_batch = (
            "SELECT paper_id, vector FROM embeddings WHERE model = ? AND paper_id > ? ORDER BY paper_id LIMIT ?"
        )
        last_id = ""
        while rows := await self._database.fetch_rows(select_batch, model, last_id, BATCH):
            yield [(row["paper_id"], row["vector"]) for row in rows]
            last_id = rows[-1]["paper_id"]
