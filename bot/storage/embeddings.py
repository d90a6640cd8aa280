"""The embeddings: what the papers' texts mean, as vectors of one model; what they are is not known here."""

import json
from collections.abc import AsyncIterator, Iterable

from bot.papers import Paper
from bot.storage.database import Database
from bot.storage.papers import SELECT_PAPERS, read_paper

BATCH = 2000


class Embeddings:
    """One vector a paper, of its title and abstract; it is gone as soon as these change."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_missing(self, model: str, limit: int) -> list[Paper]:
        """The newest papers without a vector of `model`; empty when each has one."""
        rows = await self._database.fetch_rows(
            f"{SELECT_PAPERS} WHERE id IN (SELECT id FROM papers EXCEPT"
            " SELECT paper_id FROM embeddings WHERE model = ? ORDER BY id DESC LIMIT ?) ORDER BY id DESC",
            model,
            limit,
        )
        return [read_paper(row) for row in rows]

    async def save(self, model: str, vectors: Iterable[tuple[Paper, bytes]]) -> None:
        """Keep the vectors `model` computed of these papers; one whose text has changed meanwhile is dropped."""
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
        """The vectors of these papers; a paper without one of `model` is not in it."""
        rows = await self._database.fetch_rows(
            "SELECT paper_id, vector FROM embeddings WHERE model = ? AND paper_id IN (SELECT value FROM json_each(?))",
            model,
            json.dumps(list(ids)),
        )
        return {row["paper_id"]: row["vector"] for row in rows}

    async def read_all(self, model: str) -> AsyncIterator[list[tuple[str, bytes]]]:
        """Every paper's vector of `model`, in batches by id; others may read and write between two of them."""
        last = ""
        while batch := await self._read_after(model, last):
            yield batch
            last, _ = batch[-1]

    async def _read_after(self, model: str, paper_id: str) -> list[tuple[str, bytes]]:
        rows = await self._database.fetch_rows(
            "SELECT paper_id, vector FROM embeddings WHERE model = ? AND paper_id > ? ORDER BY paper_id LIMIT ?",
            model,
            paper_id,
            BATCH,
        )
        return [(row["paper_id"], row["vector"]) for row in rows]
