"""The words of the archive that a misspelled word may have been meant to be, by how people slip when they write."""

import heapq
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from rapidfuzz import process
from rapidfuzz.distance import OSA

SHORTEST = 4  # letters; a shorter word is near to too many others
_WEIGHED = 60  # words whose slips are weighed, those nearest in plain letters
_CACHED = 1000
_LONGEST = 60  # letters, as in the index
_MOST_EDITS = ((SHORTEST, 1), (8, 2), (_LONGEST, 3))  # to so many letters, of words that are weighed
_NAME_SHARE = 0.2  # of the papers with a word that call their own work so, from which on it is their name
NAME_BONUS = 0.4  # of a slip: people look for names, and misspell them, more than other words
FREQUENCY_BONUS = 0.25  # of a slip, for each ten times as many papers

# What slips cost; any other letter that is wrong, missing or too much costs 1 or more.
_DOUBLED, _SOUND, _SWAPPED, _VOWEL, _NEAR_KEY, _MISSING, _EXTRA, _WRONG = 0.4, 0.4, 0.5, 0.7, 0.8, 0.8, 0.9, 1.2
_WRONG_FIRST_LETTER = 0.6  # on top: people seldom get the first letter wrong
_VOWELS = frozenset("aeiouy")
_SOUNDS = (
    ("f", "ph"), ("k", "c"), ("k", "q"), ("k", "ck"), ("k", "ch"), ("c", "ck"), ("s", "z"), ("s", "c"), ("z", "c"),
    ("y", "i"), ("y", "ie"), ("t", "th"), ("x", "ks"), ("x", "cs"), ("j", "g"), ("v", "w"), ("kw", "qu"),
    ("ei", "ie"), ("u", "oo"), ("ee", "ea"), ("er", "re"), ("sh", "ch"), ("w", "wh"), ("r", "rh"), ("s", "ps"),
    ("n", "kn"), ("u", "w"),
)  # fmt: skip
_SPELLED_ALIKE = frozenset(pair for one, other in _SOUNDS for pair in ((one, other), (other, one)))
_KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def _list_near_keys() -> Iterator[tuple[str, str]]:
    for above, row in enumerate(_KEYS, -1):
        for place, key in enumerate(row):
            upper = _KEYS[above][place : place + 2] if above >= 0 else ""
            for near in row[place + 1 : place + 2] + upper:
                yield key, near
                yield near, key


_NEAR_KEYS = frozenset(_list_near_keys())


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word of the archive that another may have been meant to be, with the number of papers that have it.

    `slips` is what people must have got wrong; 1 is a whole letter. `is_name` if papers call their own work so.
    """

    text: str
    papers: int
    slips: float
    is_name: bool

    @property
    def distance(self) -> float:
        """Its slips, less what its frequency and being a name speak for it."""
        return self.slips - FREQUENCY_BONUS * math.log10(self.papers) - NAME_BONUS * self.is_name


class Spelling:
    """The words of the archive, and what papers call their work, each with the number of papers that have it."""

    def __init__(self, words: Sequence[tuple[str, int]], called: Sequence[tuple[str, int]] = ()) -> None:
        naming = dict(called)
        papers = {**naming, **dict(words)}
        self._papers: Mapping[str, int] = papers
        self._names = frozenset(name for name, count in naming.items() if count >= _NAME_SHARE * papers[name])
        self._words: dict[tuple[str, int], list[str]] = defaultdict(list)  # by first letter and number of letters
        for word in papers:
            self._words[word[:1], len(word)].append(word)
        self.find_nearest = lru_cache(_CACHED)(self._find_nearest)

    def _find_nearest(self, word: str) -> tuple[Candidate, ...]:
        """The words that `word` may have been meant to be, the likeliest first; takes milliseconds.

        Their numbers are the same: `qwen3` is not `qwen2`.
        """
        if not SHORTEST <= len(word) <= _LONGEST:
            return ()
        digits = [letter for letter in word if letter.isdigit()]
        near = [each for each in self._list_near(word) if [letter for letter in each if letter.isdigit()] == digits]
        found = [Candidate(each, self._papers[each], measure_slips(word, each), each in self._names) for each in near]
        return tuple(sorted(found, key=lambda each: each.distance))

    def _list_near(self, word: str) -> list[str]:
        """The words with few other letters, the nearest and then the most common first."""
        most = next(edits for letters, edits in _MOST_EDITS if len(word) <= letters)
        found: dict[str, int] = {}
        for spelled in {word, word.replace("f", "ph")}:
            lengths = range(len(spelled) - most, len(spelled) + most + 1)
            for begun in product(_list_first_letters(spelled), lengths):
                words = self._words.get(begun, ())
                near = process.extract(spelled, words, scorer=OSA.distance, score_cutoff=most, limit=None)
                found.update({each: min(int(edits), found.get(each, most)) for each, edits, _ in near if each != word})
        return heapq.nsmallest(_WEIGHED, found, key=lambda each: (found[each], -self._papers[each]))


def _list_first_letters(word: str) -> set[str]:
    """What a word may begin with that was typed so: the first letters may be swapped, or sound alike."""
    alike = (meant[0] for typed, meant in _SPELLED_ALIKE if word.startswith(typed))
    return {*word[:2], *alike}


def measure_slips(typed: str, meant: str) -> float:
    """What people must have got wrong to type one word for the other; 1 is a whole letter."""
    costs = [[0.0] * (len(meant) + 1) for _ in range(len(typed) + 1)]  # of the first letters of both
    for i in range(len(typed) + 1):
        for j in range(len(meant) + 1):
            ways = []
            if i and j:
                ways.append(costs[i - 1][j - 1] + _price_letter(typed[i - 1], meant[j - 1]))
            if i:
                ways.append(costs[i - 1][j] + (_DOUBLED if typed[i - 1] == typed[i - 2 : i - 1] else _EXTRA))
            if j:
                ways.append(costs[i][j - 1] + (_DOUBLED if meant[j - 1] == meant[j - 2 : j - 1] else _MISSING))
            if i > 1 or j > 1:
                ways += [costs[i - a][j - b] + cost for a, b, cost in _list_pairs(typed[:i], meant[:j])]
            costs[i][j] = min(ways, default=0.0)
    return costs[-1][-1] + (0.0 if _begin_alike(typed, meant) else _WRONG_FIRST_LETTER)


def _list_pairs(typed: str, meant: str) -> Iterator[tuple[int, int, float]]:
    """The slips of two letters that the ends may differ by: how many letters of both, and what it costs."""
    if len(typed) > 1 and typed[-2:] == meant[:-3:-1]:
        yield 2, 2, _SWAPPED
    for a, b in ((1, 2), (2, 1), (2, 2)):
        if a <= len(typed) and b <= len(meant) and (typed[-a:], meant[-b:]) in _SPELLED_ALIKE:
            yield a, b, _SOUND


@lru_cache(2000)
def _price_letter(typed: str, meant: str) -> float:
    """What it costs to type one letter for the other."""
    if typed == meant:
        return 0.0
    if (typed, meant) in _SPELLED_ALIKE:
        return _SOUND
    if _VOWELS.issuperset((typed, meant)):
        return _VOWEL
    return _NEAR_KEY if (typed, meant) in _NEAR_KEYS else _WRONG


def _begin_alike(typed: str, meant: str) -> bool:
    """Whether the first letters are the same, swapped, or sound the same."""
    if typed[:1] == meant[:1] or typed[:2] == meant[1::-1]:
        return True
    return any((typed[:a], meant[:b]) in _SPELLED_ALIKE for a in (1, 2) for b in (1, 2))
