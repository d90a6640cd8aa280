"""Encoders whose vectors a test knows, in place of the real model."""

import threading
from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np

from bot.papers import Paper
from bot.search import Encoder, Meaning

DIMENSIONS = 384


class RandomEncoder:
    """An encoder without sense: each text has a vector of its own, always the same."""

    knows_languages = False

    def __init__(self, name: str = "random", dimensions: int = DIMENSIONS) -> None:
        self.name, self.dimensions = name, dimensions

    def encode_query(self, text: str) -> np.ndarray:
        return self.encode_passage(text)

    def encode_passage(self, text: str) -> np.ndarray:
        return np.random.default_rng(crc32(text.encode())).standard_normal(self.dimensions)


class ScriptedEncoder(RandomEncoder):
    """An encoder that was told what to say; other texts mean nothing like it."""

    def __init__(self, vectors: Mapping[str, list[float]]) -> None:
        super().__init__("scripted")
        self._vectors = vectors

    def encode_passage(self, text: str) -> np.ndarray:
        if text not in self._vectors:
            return super().encode_passage(text) * 0.001
        return np.resize([*self._vectors[text], *[0.0] * self.dimensions], self.dimensions)


class CountingEncoder:
    """Another encoder, whose texts are remembered in `given`; each waits while `free` is not set."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.name, self.dimensions, self.knows_languages = encoder.name, encoder.dimensions, encoder.knows_languages
        self.given: list[str] = []
        self.begun, self.free = threading.Event(), threading.Event()
        self.free.set()

    def encode_query(self, text: str) -> np.ndarray:
        self._note(text)
        return self._encoder.encode_query(text)

    def encode_passage(self, text: str) -> np.ndarray:
        self._note(text)
        return self._encoder.encode_passage(text)

    def _note(self, text: str) -> None:
        self.given.append(text)
        self.begun.set()
        assert self.free.wait(60)


def understood(papers: Sequence[Paper], encoder: Encoder) -> Meaning:
    meaning = Meaning(encoder)
    meaning.add_vectors([(each.id, meaning.encode_paper(each)) for each in papers])
    return meaning
