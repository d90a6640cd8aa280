"""Archives of several sizes on disk, each built once for all the benchmarks that search.

Their vectors, for the extra `semantic`, are real ones of a few hundred papers; all others are seeded mixtures
of three of these with noise. They cost what real ones cost; what they find means nothing.
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
from bot.app import House, index_beside, open_house
from bot.archive import BATCH
from bot.papers import Paper
from bot.papers.api import PapersAPI
from bot.search import MODEL, Encoder, Meaning, text_of
from bot.storage import Storage, open_storage

if TYPE_CHECKING:
    import numpy as np

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
REAL_VECTORS = 300
MIXED, NOISE = 3, 0.02

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shelf:
    """An archive of `size` papers grown from the `real` ones: the database, and a current index beside it."""

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
        """The papers that would come next."""
        return list(islice(corpus.grown(self.real, self.size + number), self.size, None))

    def copied(self, folder: Path, *, index: bool = True) -> "Shelf":
        """A copy to write to, in a new `folder`."""
        folder.mkdir(parents=True)
        copy = replace(self, database=folder / self.database.name)
        shutil.copy(self.database, copy.database)
        if index:
            shutil.copytree(index_beside(self.database), index_beside(copy.database))
        return copy

    @asynccontextmanager
    async def open(self, encoder: Encoder | None = None, now: datetime = NOW) -> AsyncIterator[House]:
        async with (
            PapersAPI(NOWHERE) as api,
            open_house(self.database, api, clock=lambda: now, encoder=encoder) as house,
        ):
            yield house


async def shelve(folder: Path, real: Sequence[Paper], size: int, encoder: Encoder | None) -> Shelf:
    """The archive of that size in `folder`, built unless it is there; its index is brought up to date."""
    place, building = folder / str(size), folder / f"{size}.building"
    if not place.exists():
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        await _fill(Shelf(real, size, building / "paperboy.db"), encoder)
        building.rename(place)
    shelf = Shelf(real, size, place / "paperboy.db")
    async with shelf.open() as house:
        await house.archive.index()  # one of another schema is made anew
    return shelf


async def _fill(shelf: Shelf, encoder: Encoder | None) -> None:
    papers = shelf.papers()
    async with open_storage(shelf.database) as storage:
        for batch in batches(papers, BATCH):
            await storage.papers.record(batch[0].day or shelf.today, batch, NOW)
        if encoder:
            await _embed(storage, papers, Meaning(encoder))


async def _embed(storage: Storage, papers: Sequence[Paper], meaning: Meaning) -> None:
    vectors = _vectors([meaning.vector(text_of(paper)) for paper in papers[:REAL_VECTORS]])
    for batch in batches(papers, BATCH):
        await storage.embeddings.save(MODEL, list(zip(batch, vectors, strict=False)))


def _vectors(real: Sequence[bytes]) -> Iterator[bytes]:
    """The `real` ones, then mixtures of them without end."""
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
    """`size` of them at a time."""
    remaining = iter(values)
    while batch := list(islice(remaining, size)):
        yield batch
