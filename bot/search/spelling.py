"""The nearest spellings of a word nobody wrote."""

import math
from collections.abc import Sequence
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

_SHORTEST = 4  # letters; below that everything is near to everything
_LONG = 7
_LOOKED_AT = 40
_REMEMBERED = 1000
_OTHER_BEGINNING = 0.6  # people seldom mistake the first letter


class Spelling:
    """The words of the archive, with the number of papers that hold each."""

    def __init__(self, words: Sequence[tuple[str, int]]) -> None:
        self._words = [word for word, _ in words]
        self._papers = [papers for _, papers in words]

        self.find_nearest = lru_cache(_REMEMBERED)(self._find_nearest)

    def _find_nearest(self, word: str) -> list[str]:
        """The words that `word` was most likely meant to be, likeliest first; takes milliseconds."""
        if len(word) < _SHORTEST:
            return []
        most = 1 if len(word) < _LONG else 2
        found = process.extract(word, self._words, scorer=OSA.distance, score_cutoff=most, limit=_LOOKED_AT)
        near = sorted(found, key=lambda each: self._score_candidate(word, each[0], each[1], each[2]))
        return [str(candidate) for candidate, _, _ in near]

    def _score_candidate(self, word: str, candidate: str, edits: float, place: int) -> float:
        beginning = 0 if candidate[0] == word[0] else _OTHER_BEGINNING
        return edits + beginning - math.log10(self._papers[place]) / 4
