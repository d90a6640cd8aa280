"""Archives of several sizes on disk, each built once for all benchmarks that search.

For the extra `semantic`, a few hundred papers have real vectors. The others have seeded mixtures of three of these,
with noise: they cost as much as real ones, but what they find means nothing.
"""

import shutil
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bench import corpus
from bench.used import NOWHERE
from bot.app import Services, get_index_path, open_services
from bot.archive import INDEX_BATCH
from bot.papers import Paper
from bot.papers.api import PapersAPI
from bot.search import Encoder, Meaning
from bot.storage import Storage, open_storage

if TYPE_CHECKING:
    import numpy as np

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
REAL_VECTORS = 300
MIXED, NOISE = 3, 0.02

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FilledIndex:
    """An archive of `size` papers, made from the `real` ones: the database, and an up-to-date index beside it."""

    real: Sequence[Paper]
    size: int
    database: Path

    @property
    def name(self) -> str:
        return f"{self.size:,}"

    @property
    def today(self) -> date:
        return NOW.date()

    def papers(self) -> list[Paper]:
        return list(corpus.grown(self.real, self.size))

    def following(self, number: int) -> list[Paper]:
        """The next papers that would be made."""
        return list(islice(corpus.grown(self.real, self.size + number), self.size, None))

    def copied(self, folder: Path, *, index: bool = True) -> "FilledIndex":
        """A copy in a new `folder`, for benchmarks that write."""
        folder.mkdir(parents=True)
        copy = replace(self, database=folder / self.database.name)
        shutil.copy(self.database, copy.database)
        if index:
            shutil.copytree(get_index_path(self.database), get_index_path(copy.database))
        return copy

    @asynccontextmanager
    async def open(self, encoder: Encoder | None = None, now: datetime = NOW) -> AsyncIterator[Services]:
        async with (
            PapersAPI(NOWHERE) as api,
            open_services(self.database, api, clock=lambda: now, encoder=encoder) as services,
        ):
            yield services


async def fill_index(folder: Path, real: Sequence[Paper], size: int, encoder: Encoder | None) -> FilledIndex:
    """The archive of that size in `folder`; builds it if it is missing, and updates its index."""
    place, building = folder / str(size), folder / f"{size}.building"
    if not place.exists():
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        await _fill(FilledIndex(real, size, building / "paperboy.db"), encoder)
        building.rename(place)
    filled = FilledIndex(real, size, place / "paperboy.db")
    async with filled.open() as services:
        await services.archive.update_index()  # rebuilds an index with another schema
    return filled


async def _fill(filled: FilledIndex, encoder: Encoder | None) -> None:
    papers = filled.papers()
    async with open_storage(filled.database) as storage:
        for batch in batches(papers, INDEX_BATCH):
            await storage.papers.record_list(batch[0].day or filled.today, batch, NOW)
        if encoder:
            await _embed(storage, papers, Meaning(encoder))


async def _embed(storage: Storage, papers: Sequence[Paper], meaning: Meaning) -> None:
    vectors = _vectors([meaning.encode_paper(paper) for paper in papers[:REAL_VECTORS]])
    for batch in batches(papers, INDEX_BATCH):
        await storage.embeddings.save(meaning.model, list(zip(batch, vectors, strict=False)))


def _vectors(real: Sequence[bytes]) -> Iterator[bytes]:
    """The `real` vectors, then endless mixtures of them."""
    import numpy  # noqa: PLC0415  # comes with the extra

    yield from real
    chance = numpy.random.default_rng(1)
    known = numpy.stack([numpy.frombuffer(each, numpy.int8) for each in real]).astype(numpy.float32)
    known /= numpy.linalg.norm(known, axis=1, keepdims=True)
    while True:
        parts = known[chance.integers(len(known), size=MIXED)]
        yield _bytes(chance.random(MIXED) @ parts + chance.normal(0, NOISE, known.shape[1]))


def _bytes(numbers: "np.ndarray") -> bytes:
    return bytes((numbers * (127 / abs(numbers).max())).round().astype("int8").tobytes())


def batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in batches of `size`."""
    remaining = iter(values)
    while batch := list(islice(remaining, size)):
        yield batch
