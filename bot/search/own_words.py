"""Finds the words of a query in what a person wrote themselves, which is in no index."""

from collections.abc import Iterable, Mapping
from functools import cached_property

from bot.search.likeness import STOP_WORDS
from bot.search.query import Query
from bot.search.schema import fold_word, split_stems
from bot.search.snippets import Snippet, cut_snippet

_ENDING = 2  # letters of a stem that its words need not begin with: `happi` is that of `happy`


class OwnWords:
    """The words of `query`, as the index folds and stems them: words of thousands of notes are looked at quickly."""

    def __init__(self, query: Query) -> None:
        telling = [text for text in query.list_texts() if fold_word(text) not in STOP_WORDS]
        self._stems = frozenset(stem for text in telling for stem in split_stems(text))

    def __bool__(self) -> bool:
        return bool(self._stems)

    @cached_property
    def _beginnings(self) -> tuple[str, ...]:
        return tuple(stem[: max(1, len(stem) - _ENDING)] for stem in self._stems)

    def are_in(self, texts: Iterable[str]) -> bool:
        """Whether these texts together have all of the words."""
        text = "\n".join(texts)
        if text.isascii() and "\\" not in text and "^" not in text:  # letters that are folded by none of the rules
            small = text.lower()
            if not all(each in small for each in self._beginnings):
                return False
        return self._stems <= {*split_stems(text)}

    def cut_snippet(self, text: str, width: int) -> Snippet:
        """The piece of `text`, `width` characters at most, with the most of the words; empty if it has none."""
        weights: Mapping[str, float] = dict.fromkeys(self._stems, 1.0)
        return cut_snippet(text, weights, width)
