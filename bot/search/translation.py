"""Queries in other languages, in English, by a small table of the field's terms in `terms.tsv`.

Writing without spaces is matched by its longest terms, and other words by their beginnings, as their ends change, up to
half of the word. What no term has is left out. The first line of the table has small words, which only say which
language it is; those that are small words in English too are no evidence.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from itertools import groupby

from bot.search.dictionary import is_english_word
from bot.search.known_names import is_known_name, looks_like_name
from bot.search.letters import WITHOUT_SPACES, fold_letters, is_in_other_script
from bot.search.likeness import STOP_WORDS
from bot.search.query import Clause, Occur, Phrase, Query, Translation, Word
from bot.search.schema import fold_word

_UNSPACED, _CYRILLIC = ("zh", "ja", "ko"), "ru"
_LEAST_EVIDENCE = 2  # that a text in Latin letters is in another language: terms, small words, an accent
_SHORTEST_PART = 3  # letters of a part of a compound
_LINKS = ("", "s", "n", "en", "es", "e", "er")  # between the parts of one
_LATIN = ("es", "fr", "de")
_PIECE = re.compile(rf"{WITHOUT_SPACES}+|(?:(?!{WITHOUT_SPACES})[\w.+#/-])+")
_SPACE_WITHIN = re.compile(rf"(?<={WITHOUT_SPACES})\s+(?={WITHOUT_SPACES})")
_HYPHEN = re.compile(r"(?<=[\u0400-\u04ff])-|-(?=[\u0400-\u04ff])")
_UNSPACED_LETTER = re.compile(WITHOUT_SPACES)
_LATIN_WORD = re.compile(r"[\w.+#/-]*\w[+#]*")

_Stems = tuple[str, ...]  # the beginnings of a term's words


@dataclass(frozen=True, slots=True)
class _Terms:
    """The table: English for each term, which may have several meanings, the most common one first."""

    unspaced: dict[str, list[str]] = field(default_factory=dict)
    spaced: dict[str, dict[str, dict[_Stems, list[str]]]] = field(default_factory=dict)  # by language and first stem
    small: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # by language
    english: set[str] = field(default_factory=set)  # all words of the English terms

    @property
    def longest(self) -> int:
        return max(map(len, self.unspaced))


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text in Latin letters, read in a language that it seems to be in."""

    words: tuple[Word, ...]
    evidence: int
    lost: int  # its words that are left out


def find_translation(query: Query) -> Translation | None:
    """The plain words of `query` in English; None if they are not in another language, or have to be as typed.

    They have to if others in their letters are in quotes.
    """
    text = " ".join(word.text for word in query.plain_words)
    if not text:
        return None
    exact = [*filter(None, map(_get_exact_text, query.clauses))]
    if any(is_in_other_script(each) == is_in_other_script(text) for each in exact):
        return None
    return translate(text)


def _get_exact_text(clause: Clause) -> str | None:
    """What is in quotes and is looked for."""
    node = clause.node
    is_exact = isinstance(node, Phrase) or (isinstance(node, Word) and node.quoted)
    return node.text if isinstance(node, Phrase | Word) and is_exact and clause.occur is not Occur.NOT else None


def translate(text: str) -> Translation | None:
    """`text` in English; None if it has no term of the table, or is not clearly in one of its languages."""
    text = fold_letters(text)
    found = _translate_script(text) if is_in_other_script(text) else _translate_latin(text)
    words = {fold_word(word.text): word for word in reversed(found)}
    return Translation(tuple(reversed(words.values()))) if words else None


def _translate_script(text: str) -> list[Word]:
    """A text in other letters than Latin ones; words in Latin letters stay. Empty without a term."""
    pieces = _PIECE.findall(_HYPHEN.sub(" ", _SPACE_WITHIN.sub("", text)))
    words: list[Word] = []
    found_term = False
    for kind, group in groupby(pieces, _get_kind):
        if kind == "latin":
            words += [Word(each) for each in group if len(each) > 1 or each.isalpha()]
            continue
        if kind == "unspaced":
            terms = _match_run("".join(group))
        else:
            small = _read_terms().small[_CYRILLIC]
            terms = _match_words([each for each in group if fold_word(each) not in small], _CYRILLIC)
        for typed, english in terms:
            found_term |= bool(english)
            words += _build_words(english, (typed,))
    return words if found_term else []


def _get_kind(piece: str) -> str:
    if _UNSPACED_LETTER.match(piece):
        return "unspaced"
    return "spaced" if is_in_other_script(piece) else "latin"


def _match_run(run: str) -> Iterator[tuple[str, list[str]]]:
    """The longest terms in writing without spaces, from its start, and their English."""
    terms, longest, place = _read_terms().unspaced, _read_terms().longest, 0
    run = fold_word(run)
    while place < len(run):
        ends = range(min(len(run), place + longest), place, -1)
        end = next((end for end in ends if run[place:end] in terms), None)
        if end:
            yield run[place:end], terms[run[place:end]]
        place = end or place + 1


def _match_words(words: Sequence[str], language: str) -> Iterator[tuple[str, list[str]]]:
    """Each term of several words, or else each word, and its English, which is empty if it is no term."""
    folded, terms, place = [*map(fold_word, words)], _read_terms().spaced[language], 0
    while place < len(words):
        stems, english = _find_longest_term(folded[place:], terms)
        end = place + max(1, len(stems))
        yield " ".join(words[place:end]), english
        place = end


def _find_longest_term(words: Sequence[str], terms: dict[str, dict[_Stems, list[str]]]) -> tuple[_Stems, list[str]]:
    """The term that `words` begin with: the one of the most words, and of the most letters."""
    beginnings = (words[0][:length] for length in range(len(words[0]), 0, -1))
    fitting = [
        (stems, english)
        for beginning in beginnings
        for stems, english in terms.get(beginning, {}).items()
        if len(stems) <= len(words) and all(map(_begins_with, words, stems))
    ]
    return max(fitting, key=lambda each: (len(each[0]), sum(map(len, each[0]))), default=((), []))


def _begins_with(word: str, stem: str) -> bool:
    return word.startswith(stem) and len(word) - len(stem) <= max(1, len(stem) - 2)


def _build_words(english: Sequence[str], typed: tuple[str, ...]) -> Iterator[Word]:
    """The words of the first meaning. Another one is as good, and so is what was typed, which a paper may have."""
    if english:
        first, *others = english
        also = () if " " in first else tuple(each for each in others if " " not in each)
        yield from (Word(word, others=also + typed) for word in first.split())


def _translate_latin(text: str) -> list[Word]:
    """A text in Latin letters, if it is clearly in one of the languages, else empty.

    English may have words of them, too: names of people, `de novo`, `la`.
    """
    text = re.sub(r"\b(?:[cdjlmnst]|qu)['\u2019](?=\w)", "", text, flags=re.IGNORECASE)
    typed = [each for word in _LATIN_WORD.findall(text) for each in _split_hyphens(word)]
    readings = filter(None, (_read_as(language, typed) for language in _LATIN))
    best = max(readings, key=lambda each: (each.evidence, -each.lost), default=None)
    return [*best.words] if best and best.lost <= len(best.words) else []


def _split_hyphens(word: str) -> list[str]:
    return [word] if any(map(str.isdigit, word)) else [each for each in word.split("-") if each]


def _read_as(language: str, typed: Sequence[str]) -> _Reading | None:
    """None if too little says that it is in this language, which is known before the dictionary is asked about it."""
    small = _read_terms().small[language]
    telling = [each for each in typed if (word := fold_word(each)) not in small and word not in STOP_WORDS]
    if language == "de":
        telling = [part for each in telling for part in _split_compound(each)]
    matches = [*_match_words(telling, language)]
    foreign = [term for term, english in matches if english and any(map(_is_foreign, fold_word(term).split()))]
    small_words = {word for each in typed if len(word := fold_word(each)) > 1} & small - STOP_WORDS
    evidence = len(foreign) + len(small_words) + (not all(map(str.isascii, typed)))
    if not foreign or evidence < _LEAST_EVIDENCE:
        return None
    words: list[Word] = []
    lost = 0
    for term, english in matches:
        if term in foreign:
            words += _build_words(english, ())
        elif english or _is_kept(term):
            words += map(Word, term.split())
        else:
            lost += 1
    return _Reading(tuple(words), evidence, lost)


def _split_compound(word: str) -> list[str]:
    """`bild` and `generierung` for `Bildgenerierung`; the word alone if it is a term, or its parts are none."""
    terms, folded = _read_terms().spaced["de"], fold_word(word)
    if _find_longest_term([folded], terms)[0]:
        return [word]
    for end in range(len(folded) - _SHORTEST_PART, _SHORTEST_PART - 1, -1):
        if (folded[:end],) not in terms.get(folded[:end], {}):
            continue
        rests = (folded[end + len(link) :] for link in _LINKS if folded[end:].startswith(link))
        for rest in rests:
            if rest and _find_longest_term([rest], terms)[0]:
                return [folded[:end], rest]
    return [word]


@lru_cache(1024)
def _is_foreign(word: str) -> bool:
    """Whether it is neither an English word nor a known name."""
    return word not in _read_terms().english and not is_known_name(word) and not is_english_word(word)


def _is_kept(word: str) -> bool:
    """Whether it says something in English too: a name, or an English word."""
    return looks_like_name(word) or any(map(str.isdigit, word)) or not _is_foreign(fold_word(word))


@cache
def _read_terms() -> _Terms:
    """The table, read once."""
    head, *rows = files("bot.search").joinpath("terms.tsv").read_text(encoding="utf-8").splitlines()
    terms = _Terms()
    for row in rows:
        cells = dict(zip(head.split("\t"), row.split("\t"), strict=True))
        english = cells.pop("en")
        terms.english.update(english.replace("-", " ").split())
        for language, cell in cells.items():
            for term in filter(None, map(fold_word, cell.split(";"))):
                if english:
                    _add_term(terms, language, term, english)
                else:
                    terms.small[language].add(term)
    return terms


def _add_term(terms: _Terms, language: str, term: str, english: str) -> None:
    if language in _UNSPACED:
        meanings = terms.unspaced.setdefault(term.replace(" ", ""), [])
    else:
        stems = tuple(term.split())
        meanings = terms.spaced.setdefault(language, {}).setdefault(stems[0], {}).setdefault(stems, [])
    if english not in meanings:
        meanings.append(english)
