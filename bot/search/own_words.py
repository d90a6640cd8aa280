"""Finds the words of a query in what a person wrote themselves, which is in no index."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from itertools import chain, filterfalse, islice
from unicodedata import normalize

from bot.search.letters import fold_commands, is_greek, is_run, set_runs_apart, spell_out_greek
from bot.search.likeness import STOP_WORDS
from bot.search.query import Query
from bot.search.schema import fold_word, split_stems
from bot.search.snippets import Snippet, cut_snippet

_ENDING = 2  # letters of a stem that its words need not begin with: `happi` is that of `happy`
_KEPT = 10_000  # letters and words whose folding and stems are remembered
_AT_ONCE = 500  # texts that are folded together: a megabyte if all are long
_MARK = "\0"  # which no text keeps, between two that are folded together
_BETWEEN = f"\n{_MARK}\n"  # no word and no formula goes over the end of a line


class OwnWords:
    """The words of `query`, as the index folds and stems them.

    Thousands of notes may be long, in any script, and all have the words. So only words that may be those are stemmed,
    and each of them once.
    """

    def __init__(self, query: Query) -> None:
        telling = [text for text in query.list_texts() if fold_word(text) not in STOP_WORDS]
        self._stems = frozenset(stem for text in telling for stem in split_stems(text))
        self._plain = frozenset(stem.replace("i\u0307", "i") for stem in self._stems)  # İ, which notes have as i

    def __bool__(self) -> bool:
        return bool(self._stems)

    @cached_property
    def _runs(self) -> tuple[str, ...]:
        """The stems in writing without spaces, which are found wherever they stand."""
        return tuple(stem for stem in self._plain if is_run(stem))

    @cached_property
    def _beginnings(self) -> Mapping[str, str]:
        """The other stems, and how their words begin."""
        return {stem: stem[: max(1, len(stem) - _ENDING)] for stem in self._plain if not is_run(stem)}

    def find_in(self, texts: Mapping[str, str]) -> Iterator[str]:
        """The keys of those `texts` that have all of the words, in their order."""
        remaining = iter(texts.items())
        while some := dict(islice(remaining, _AT_ONCE)):
            yield from self._find_in_some(some)

    def _find_in_some(self, texts: Mapping[str, str]) -> Iterable[str]:
        having = dict(zip(texts, _fold_texts(texts.values()), strict=True))
        for piece in (*self._runs, *self._beginnings.values()):
            having = {key: text for key, text in having.items() if piece in text}
        words = {key: set_runs_apart(text).split() for key, text in having.items()}
        different = {*chain.from_iterable(words.values())}
        for stem, beginning in self._beginnings.items():
            forms = {word for word in different if beginning in word and stem in _list_stems(word)}
            words = {key: its_words for key, its_words in words.items() if not forms.isdisjoint(its_words)}
        return words

    def cut_snippet(self, text: str, width: int) -> Snippet:
        """The piece of `text`, `width` characters at most, with the most of the words; empty if it has none."""
        weights: Mapping[str, float] = dict.fromkeys(self._stems, 1.0)
        return cut_snippet(text, weights, width)


def _fold_texts(texts: Iterable[str]) -> list[str]:
    """Each text in the letters of its terms. All are folded as one text, and each letter for itself, which is fast."""
    return _fold_letters(_BETWEEN.join(text.replace(_MARK, " ") for text in texts)).split(_BETWEEN)


def _fold_letters(text: str) -> str:
    if text.isascii():
        return fold_commands(text).lower()
    text = normalize("NFC", text.lower())
    for letter in filterfalse(str.isascii, {*text}):  # far fewer than the text is long
        text = text.replace(letter, _fold_letter(letter))
    return fold_commands(spell_out_greek(text))


@lru_cache(_KEPT)
def _fold_letter(letter: str) -> str:
    plain = normalize("NFKC", letter)
    return plain if is_greek(plain) else fold_word(letter)  # its neighbours tell whether a Greek letter is spelled out


@lru_cache(_KEPT)
def _list_stems(word: str) -> frozenset[str]:
    return frozenset(split_stems(word))
