"""The words of the archive that are spelled most like a word that no paper has."""

import math
from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter

from rapidfuzz import process
from rapidfuzz.distance import OSA

_SHORTEST = 4  # letters; a shorter word is near to too many others
_LONG = 7  # letters; such a word may have two mistakes
_CANDIDATES = 40
_CACHED = 1000
_WRONG_FIRST_LETTER = 0.6  # of an edit, on top: people seldom get the first letter wrong


class Spelling:
    """The words of the archive, each with the number of papers that have it."""

    def __init__(self, words: Sequence[tuple[str, int]]) -> None:
        self._words = [word for word, _ in words]
        self._papers = [papers for _, papers in words]
        self.find_nearest = lru_cache(_CACHED)(self._find_nearest)

    def _find_nearest(self, word: str) -> list[str]:
        """The words that `word` may have been meant to be, the likeliest first; takes milliseconds."""
        if len(word) < _SHORTEST:
            return []
        most = 1 if len(word) < _LONG else 2
        found = process.extract(word, self._words, scorer=OSA.distance, score_cutoff=most, limit=_CANDIDATES)
        scored = []
        for candidate, edits, place in found:
            first_letter = 0 if candidate[0] == word[0] else _WRONG_FIRST_LETTER
            scored.append((edits + first_letter - math.log10(self._papers[place]) / 4, str(candidate)))
        return [candidate for _, candidate in sorted(scored, key=itemgetter(0))]
