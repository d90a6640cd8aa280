"""Typical queries, picked from the papers: the same papers give the same queries.

Always pick them from the real papers, even if the engines have made-up ones too, so that sizes can be compared.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, pairwise
from typing import TypeVar

from bench.peers import Peer, Row
from bot.papers import Paper

EACH = 8
RARE = range(2, 11)  # papers that have the word
COMMON = 30
_LONG_ENOUGH = 4
# Frequent words of abstracts that people do not search for.
_STOP_WORDS = """
    a about achieve achieves across address after all also an and any are as at based be been between both but by can
    com demonstrate demonstrates each existing experiments extensive first for from further github has have how
    however https in including into introduce is it its more most not novel of often on only or other our over paper
    present propose proposed results show shows significantly such than that the their them these they this through to
    two under use used using via was we what when where which while with within without work yet your
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

T = TypeVar("T")
Pick = Callable[[Sequence[Paper], random.Random], Iterator["Asked"]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A query of one kind. `text` holds its words without any engine's operators."""

    kind: str
    text: str
    author: str | None = None
    min_upvotes: int | None = None

    @property
    def ours(self) -> str:
        """The query as people type it for our search."""
        if self.author is not None:
            return f"author:{self.author} {self.text}"
        if self.min_upvotes is not None:
            return f"min:{self.min_upvotes} {self.text}"
        return {PHRASE: f'"{self.text}"', PREFIX: f"{self.text}*"}.get(self.kind, self.text)

    def ask(self, peer: Peer, limit: int) -> list[Row]:
        """The query, asked in the peer's own way."""
        if self.author is not None:
            return peer.author_and_word(self.author, self.text, limit)
        if self.min_upvotes is not None:
            return peer.min_and_word(self.min_upvotes, self.text, limit)
        return {PHRASE: peer.phrase, PREFIX: peer.prefix}.get(self.kind, peer.words)(self.text, limit)


RARE_WORD, COMMON_WORD, TWO_WORDS, THREE_WORDS = "one rare word", "one common word", "two words", "three words"
PHRASE, PREFIX = "a phrase", "a prefix of three letters"
AUTHOR_AND_WORD, MIN_AND_WORD = "author and word", "min: and a common word"


def asked(papers: Sequence[Paper], each: int = EACH) -> list[Asked]:
    """`each` queries of every kind, or fewer if the corpus is too small."""
    return [query for kind, pick in _PICKS.items() for query in _first(pick(papers, random.Random(kind)), each)]


def _first(queries: Iterator[Asked], each: int) -> list[Asked]:
    different: dict[Asked, None] = {}
    for query in queries:
        different[query] = None
        if len(different) == each:
            break
    return list(different)


def _telling(text: str) -> list[str]:
    """The words that people would search for, in their order."""
    words = re.findall(r"[a-z]+", text.lower())
    return [word for word in words if len(word) >= _LONG_ENOUGH and word not in STOP_WORDS]


def _frequencies(texts: Iterable[str]) -> Counter[str]:
    """How many of the texts contain each word."""
    return Counter(word for text in texts for word in sorted(set(_telling(text))))


def _shuffled(values: Iterable[T], chance: random.Random) -> list[T]:
    found = list(values)
    chance.shuffle(found)
    return found


def _rare_words(papers: Sequence[Paper], chance: random.Random) -> Iterator[Asked]:
    """Rare words from titles, where they are names; in abstracts, many are typos."""
    held = _frequencies(f"{paper.title} {paper.abstract}" for paper in papers)
    titled = sorted(_frequencies(paper.title for paper in papers))
    rare = [word for word in titled if held[word] in RARE]
    return (Asked(RARE_WORD, word) for word in _shuffled(rare, chance))


def _top_words(papers: Sequence[Paper], chance: random.Random) -> list[str]:
    top = _frequencies(paper.abstract for paper in papers).most_common(COMMON)
    return _shuffled((word for word, _ in top), chance)


def _common_words(papers: Sequence[Paper], chance: random.Random) -> Iterator[Asked]:
    return (Asked(COMMON_WORD, word) for word in _top_words(papers, chance))


def _from_titles(kind: str, words: int) -> Pick:
    def pick(papers: Sequence[Paper], chance: random.Random) -> Iterator[Asked]:
        for paper in _shuffled(papers, chance):
            telling = list(dict.fromkeys(_telling(paper.title)))
            if len(telling) >= words:
                chosen = sorted(chance.sample(range(len(telling)), words))
                yield Asked(kind, " ".join(telling[place] for place in chosen))

    return pick


def _phrases(papers: Sequence[Paper], chance: random.Random) -> Iterator[Asked]:
    """Word pairs that are frequent in titles."""
    pairs: Counter[tuple[str, str]] = Counter()
    for paper in papers:
        pairs.update(pairwise(re.findall(r"\w+", paper.title.lower())))
    telling = [pair for pair, _ in pairs.most_common() if len(_telling(" ".join(pair))) == 2]
    return (Asked(PHRASE, " ".join(pair)) for pair in _shuffled(telling[:COMMON], chance))


def _prefixes(papers: Sequence[Paper], chance: random.Random) -> Iterator[Asked]:
    """The first letters of words that are frequent in titles."""
    top = _frequencies(paper.title for paper in papers).most_common(10 * COMMON)
    return (Asked(PREFIX, word[:3]) for word in _shuffled((word for word, _ in top), chance))


def _authors(papers: Sequence[Paper], chance: random.Random) -> Iterator[Asked]:
    """A family name, and a word of one of that author's titles."""
    for paper in _shuffled(papers, chance):
        names = [name for author in paper.authors for name in author.split()[-1:] if re.fullmatch(r"[A-Za-z]+", name)]
        words = _telling(paper.title)
        if names and words:
            yield Asked(AUTHOR_AND_WORD, chance.choice(words), author=chance.choice(names).lower())


def _minimums(papers: Sequence[Paper], chance: random.Random) -> Iterator[Asked]:
    for word, least in zip(_top_words(papers, chance), cycle((20, 50, 100)), strict=False):
        yield Asked(MIN_AND_WORD, word, min_upvotes=least)


_PICKS: dict[str, Pick] = {
    RARE_WORD: _rare_words,
    COMMON_WORD: _common_words,
    TWO_WORDS: _from_titles(TWO_WORDS, 2),
    THREE_WORDS: _from_titles(THREE_WORDS, 3),
    PHRASE: _phrases,
    PREFIX: _prefixes,
    AUTHOR_AND_WORD: _authors,
    MIN_AND_WORD: _minimums,
}
