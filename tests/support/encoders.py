"""Encoders whose vectors a test knows, in place of the real model."""

from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np

from bot.papers import Paper
from bot.search import Encoder, Meaning, get_embedded_text
from bot.search.meaning import DIMENSIONS


class RandomEncoder:
    """An encoder without sense: each text has a vector of its own, always the same."""

    def embed(self, text: str) -> np.ndarray:
        return np.random.default_rng(crc32(text.encode())).standard_normal(DIMENSIONS)


class ScriptedEncoder:
    """An encoder that was told what to say; other texts mean nothing like it."""

    def __init__(self, vectors: Mapping[str, list[float]]) -> None:
        self._vectors = vectors

    def embed(self, text: str) -> np.ndarray:
        if text not in self._vectors:
            return RandomEncoder().embed(text) * 0.001
        return np.resize([*self._vectors[text], *[0.0] * DIMENSIONS], DIMENSIONS)


def understood(papers: Sequence[Paper], encoder: Encoder) -> Meaning:
    meaning = Meaning(encoder)
    meaning.add_vectors([(each.id, meaning.encode_text(get_embedded_text(each))) for each in papers])
    return meaning
