"""Finds the words of a query in what a person wrote themselves, which is in no index."""

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from itertools import filterfalse
from unicodedata import normalize

from bot.search.letters import fold_commands, is_greek, is_run, set_runs_apart
from bot.search.likeness import STOP_WORDS
from bot.search.query import Query
from bot.search.schema import fold_word, split_stems
from bot.search.snippets import Snippet, cut_snippet

_ENDING = 2  # letters of a stem that its words need not begin with: `happi` is that of `happy`
_KEPT = 10_000  # letters and words whose folding and stems are remembered


class OwnWords:
    """The words of `query`, as the index folds and stems them.

    Thousands of notes may be long, in any script, and all have the words. So only words that may be those are stemmed.
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

    def are_in(self, texts: Iterable[str]) -> bool:
        """Whether these texts together have all of the words."""
        text = _fold_text("\n".join(texts))
        if not all(each in text for each in (*self._runs, *self._beginnings.values())):
            return False
        words = {*set_runs_apart(text).split()}
        return all(
            any(beginning in word and stem in _list_stems(word) for word in words)
            for stem, beginning in self._beginnings.items()
        )

    def cut_snippet(self, text: str, width: int) -> Snippet:
        """The piece of `text`, `width` characters at most, with the most of the words; empty if it has none."""
        weights: Mapping[str, float] = dict.fromkeys(self._stems, 1.0)
        return cut_snippet(text, weights, width)


def _fold_text(text: str) -> str:
    """`text` in the letters of its terms, each folded for itself, which is fast; then the same with words in Greek."""
    if text.isascii():
        return fold_commands(text).lower()
    text = normalize("NFC", text.lower())
    letters = [each for each in filterfalse(str.isascii, {*text}) if _fold_letter(each) != each]
    greek = text if any(map(is_greek, letters)) else ""
    for each in letters:  # far fewer than the text is long
        text = text.replace(each, _fold_letter(each))
        greek = greek if is_greek(each) else greek.replace(each, _fold_letter(each))
    return fold_commands(f"{text}\n{greek}")


@lru_cache(_KEPT)
def _fold_letter(letter: str) -> str:
    return fold_word(letter)


@lru_cache(_KEPT)
def _list_stems(word: str) -> frozenset[str]:
    return frozenset(split_stems(word))
