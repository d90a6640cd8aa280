"""What the numbers of papers that have a word say of it: whether it is unknown, rare, ordinary, or a name."""

import math
from collections.abc import Iterator, Sequence

import tantivy

from bot.search.likeness import STOP_WORDS
from bot.search.schema import (
    IDENTIFIERS,
    LONGEST_JOIN,
    NAMES,
    PROSE,
    fold_word,
    join_neighbours,
    join_word,
    split_names,
    split_stems,
)

OWN_NAMES = ("authors", "organization")  # without what is only likely
NAME_SHARE = 0.4  # a word is a name if more names than this have it, for each paper that has it in prose
RARE, SHORTEST_RARE = 2, 6  # papers and letters of a word that may be a slip of theirs


class WordCounts:
    """Counts the papers that `searcher` sees by their words."""

    def __init__(self, searcher: tantivy.Searcher) -> None:
        self._searcher = searcher

    def find_unknown_words(self, words: Sequence[str]) -> Iterator[str]:
        """Those of `words` that no paper has in any form, nor joined with its neighbours."""
        for word, unknown in self.find_unknown_parts(words):
            if len(unknown) == len(split_names(word)):
                yield word

    def find_unknown_parts(self, words: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        """Those of `words` that papers do not write so, even joined with a neighbour, and their parts that none has.

        A part is `atention` in `self-atention`.
        """
        for index, word in enumerate(words):
            forms = join_with_neighbours(words, index)
            if any(self._searcher.doc_freq(field, form) for form in forms for field in IDENTIFIERS):
                continue
            unknown = [name for stem, name in list_terms(word) if not self._has_word(stem, name)]
            if unknown:
                yield word, unknown

    def is_rare(self, word: str) -> bool:
        """Whether one or two papers have just these letters in their text, and none in its title or as a name."""
        form = fold_word(word)
        if not form.isalpha() or len(form) < SHORTEST_RARE or not 0 < self._searcher.doc_freq("words", form) <= RARE:
            return False
        return not any(self._searcher.doc_freq(field, form) for field in (*NAMES, *IDENTIFIERS))

    def has_all_words(self, text: str) -> bool:
        """Whether papers have all words of `text`, not necessarily the same paper."""
        stems = [
            stem for word, stem in zip(split_names(text), split_stems(text), strict=True) if word not in STOP_WORDS
        ]
        return all(any(self._searcher.doc_freq(field, stem) for field in PROSE) for stem in stems)

    def measure_rarity(self, field: str, term: str) -> float:
        """The inverse document frequency of BM25."""
        having = self._searcher.doc_freq(field, term)
        papers = max(having, self._searcher.num_docs)  # deleted ones are still counted among those having it
        return math.log(1 + (papers - having + 0.5) / (having + 0.5))

    def is_name(self, stem: str, name: str) -> bool:
        prose = max(self._searcher.doc_freq(field, stem) for field in PROSE)
        return max(self._searcher.doc_freq(field, name) for field in OWN_NAMES) > NAME_SHARE * prose

    def is_plain(self, form: str) -> bool:
        """Whether it is an ordinary word rather than a name."""
        return form.isalpha() and any(self._searcher.doc_freq("abstract", stem) for stem in split_stems(form))

    def _has_word(self, stem: str, name: str) -> bool:
        """Whether a paper has the word in any form."""
        return any(self._searcher.doc_freq(*term) for term in (*((each, stem) for each in PROSE), ("words", name)))


def join_with_neighbours(words: Sequence[str], place: int) -> set[str]:
    """The word at this place, and all that it makes if it is written as one with its neighbours."""
    around = words[max(0, place - LONGEST_JOIN + 1) : place + LONGEST_JOIN]
    return {form for form in join_neighbours(around) if join_word(words[place]) in form}


def list_terms(text: str) -> list[tuple[str, str]]:
    """Each word of `text` in two forms: its stem, as in the fields of prose, and whole, as in the fields of names."""
    return list(zip(split_stems(text), split_names(text), strict=True))
