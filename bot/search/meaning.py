"""Finds papers near in meaning, by the vectors that an encoder makes of their texts.

Each paper's vector is computed once and stored in the database, a signed byte for each number. Here all vectors are in
memory, together with the sign of each number as one bit. The bits choose candidates, and the bytes rank them.
"""

import heapq
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, TypeGuard

from bot.papers import Paper
from bot.search.encoders import Encoder

if TYPE_CHECKING:
    import numpy as np

CANDIDATES = 1000  # chosen by their bits, then ranked by their bytes
_FIRST_CAPACITY = 1024  # vectors; the arrays double when they are full
_WORD = 64  # bits that are compared at once


def get_embedded_text(paper: Paper) -> str:
    """The text of a paper that is given to the model."""
    return f"{paper.title}. {paper.abstract}"


class Meaning:
    """The vectors of the archive's papers, and which of them are near a text."""

    def __init__(self, encoder: Encoder) -> None:
        import numpy  # noqa: PLC0415  # comes with the extra

        self._np = numpy
        self._encoder = encoder
        self.version = 0  # grows with each change
        self._ids: list[str] = []
        self._rows: dict[str, int] = {}
        self._vectors = numpy.zeros((_FIRST_CAPACITY, encoder.dimensions), numpy.int8)
        self._lengths = numpy.zeros(_FIRST_CAPACITY, numpy.float32)
        self._bits = numpy.zeros((_FIRST_CAPACITY, -(-encoder.dimensions // _WORD)), numpy.uint64)

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def model(self) -> str:
        """The name of the encoder, which goes with every vector."""
        return self._encoder.name

    @property
    def knows_languages(self) -> bool:
        """Whether the encoder understands queries in other languages than English."""
        return self._encoder.knows_languages

    def fits(self, vector: bytes | None) -> "TypeGuard[bytes]":
        """Whether it is one of this encoder's: the search may have got another one a moment ago."""
        return vector is not None and len(vector) == self._encoder.dimensions

    def encode_query(self, text: str) -> bytes:
        """The vector of what somebody looks for."""
        return self._round(self._encoder.encode_query(text))

    def encode_paper(self, paper: Paper) -> bytes:
        """The vector of a paper, as it is stored."""
        return self._round(self._encoder.encode_passage(get_embedded_text(paper)))

    def _round(self, numbers: "np.ndarray") -> bytes:
        rounded = self._np.round(numbers * (127 / max(abs(numbers).max(), 1e-9)))
        return bytes(rounded.astype(self._np.int8).tobytes())

    def add_vectors(self, vectors: Sequence[tuple[str, bytes]]) -> None:
        """Add papers by id, or replace their vectors."""
        new = dict.fromkeys([paper_id for paper_id, _ in vectors if paper_id not in self._rows])
        new_rows = {paper_id: row for row, paper_id in enumerate(new, len(self._ids))}
        while len(self._ids) + len(new_rows) > len(self._vectors):
            self._vectors = self._double_capacity(self._vectors)
            self._lengths = self._double_capacity(self._lengths)
            self._bits = self._double_capacity(self._bits)
        numbers = self._np.frombuffer(b"".join([vector for _, vector in vectors]), self._np.int8)
        numbers = numbers.reshape(-1, self._encoder.dimensions)
        rows = [self._rows[paper_id] if paper_id in self._rows else new_rows[paper_id] for paper_id, _ in vectors]
        self._vectors[rows] = numbers
        self._lengths[rows] = self._np.linalg.norm(numbers.astype(self._np.float32), axis=1)
        self._bits[rows] = self._pack_signs(numbers)
        self._rows.update(new_rows)
        self._ids.extend(new_rows)  # last, because another thread may be searching
        self.version += 1

    def _double_capacity(self, full: "np.ndarray") -> "np.ndarray":
        """An array of twice the size that begins with `full`; its unused half takes no memory yet."""
        larger = self._np.zeros((2 * len(full), *full.shape[1:]), full.dtype)
        larger[: len(full)] = full
        return larger

    def _pack_signs(self, numbers: "np.ndarray") -> "np.ndarray":
        """The signs as bits, 64 in a number; the last bits of the last one may stand for nothing."""
        bits = self._np.packbits(numbers > 0, axis=-1)
        unused = self._bits.shape[1] * self._bits.itemsize - bits.shape[-1]
        padded = self._np.pad(bits, [(0, 0)] * (bits.ndim - 1) + [(0, unused)])
        return padded.view(self._np.uint64)

    def find_nearest_papers(self, vector: bytes, limit: int, among: Collection[str] | None = None) -> dict[str, float]:
        """The papers nearest to `vector`, of all or of those `among` which to look, with their cosines."""
        if among is not None:
            near = self.compute_cosines(vector, [*among])
            return {each: near[each] for each in heapq.nlargest(limit, near, near.__getitem__)}
        size = len(self._ids)
        if not size:
            return {}
        numbers = self._np.frombuffer(vector, self._np.int8)
        differing_bits = self._np.bitwise_count(self._bits[:size] ^ self._pack_signs(numbers))
        distances = differing_bits.sum(axis=1, dtype=self._np.uint16)
        count = min(CANDIDATES, size)
        rows = self._np.argpartition(distances, count - 1)[:count]
        cosines = self._compute_row_cosines(numbers, rows)
        best = self._np.argsort(-cosines)[:limit]
        return {self._ids[rows[each]]: float(cosines[each]) for each in best}

    def get_vector(self, paper_id: str) -> bytes | None:
        """The vector of a paper, if it has one."""
        row = self._rows.get(paper_id)
        return None if row is None else bytes(self._vectors[row].tobytes())

    def compare_vectors(self, ones: Sequence[bytes], others: Sequence[bytes]) -> list[list[float]]:
        """The cosines of each of `ones` with each of `others`; they don't depend on what is compared beside them."""
        if not ones or not others:
            return [[] for _ in ones]
        some, more = self._to_numbers(ones), self._to_numbers(others)
        # Whole numbers below 2 ** 24 (to 1,040 dimensions), which stay exact in whatever order they are added up.
        dots = some @ more.T
        lengths = self._np.sqrt((some * some).sum(axis=1))[:, None] * self._np.sqrt((more * more).sum(axis=1))
        cosines: list[list[float]] = (dots / self._np.maximum(lengths, 1e-9)).tolist()
        return cosines

    def _to_numbers(self, vectors: Sequence[bytes]) -> "np.ndarray":
        numbers = self._np.frombuffer(b"".join(vectors), self._np.int8).reshape(-1, self._encoder.dimensions)
        return numbers.astype(self._np.float32)

    def compute_cosines(self, vector: bytes, ids: Sequence[str]) -> dict[str, float]:
        """How near each of the papers `ids` is to `vector`; papers without a vector are left out."""
        known = [each for each in ids if each in self._rows]
        rows = self._np.array([self._rows[each] for each in known], int)
        numbers = self._np.frombuffer(vector, self._np.int8)
        return dict(zip(known, map(float, self._compute_row_cosines(numbers, rows)), strict=True))

    def _compute_row_cosines(self, numbers: "np.ndarray", rows: "np.ndarray") -> "np.ndarray":
        floats = numbers.astype(self._np.float32)
        dots = self._vectors[rows].astype(self._np.float32) @ floats
        cosines: np.ndarray = dots / self._np.maximum(self._lengths[rows] * self._np.linalg.norm(floats), 1e-9)
        return cosines
