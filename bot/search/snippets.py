"""The piece of a text that shows best why its paper was found."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.search.letters import WITHOUT_SPACES, list_pairs
from bot.search.schema import get_stem

_VOWELS = r"\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff"  # and other marks after letters
_LETTER = rf"(?!{WITHOUT_SPACES})(?:[^\W_]|[{_VOWELS}])"
_WORD = re.compile(f"(?:{_LETTER})+|(?P<run>{WITHOUT_SPACES}+)")
_SENTENCE_END = re.compile(r"[.!?]\s+")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text, and the spans (in characters) of the words in it that were looked for."""

    text: str
    marks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Mark:
    start: int
    end: int
    stem: str


def cut_snippet(text: str, weights: Mapping[str, float], width: int) -> Snippet:
    """The piece of `text`, `width` characters at most, with the most telling of the stems; each has its weight.

    It is empty if the text has none of them.
    """
    marks = [each for each in _list_marks(text, weights) if each.end - each.start <= width]
    if not marks:
        return Snippet("", ())
    shown = max((_take_near(marks, first, width) for first in range(len(marks))), key=lambda each: _rate(each, weights))
    start, end = _widen(text, shown[0].start, shown[-1].end, width)
    inside = [each for each in marks if start <= each.start and each.end <= end]
    return Snippet(text[start:end], tuple((each[0] - start, each[1] - start) for each in _join_spans(inside)))


def _list_marks(text: str, stems: Mapping[str, float]) -> Iterator[_Mark]:
    for word in _WORD.finditer(text):
        for start, end in list_pairs(*word.span()) if word["run"] else [word.span()]:
            if (stem := get_stem(text[start:end])) in stems:
                yield _Mark(start, end, stem)


def _take_near(marks: Sequence[_Mark], first: int, width: int) -> Sequence[_Mark]:
    """The mark at the place `first`, and those after it that fit in."""
    last = first
    while last + 1 < len(marks) and marks[last + 1].end - marks[first].start <= width:
        last += 1
    return marks[first : last + 1]


def _rate(marks: Sequence[_Mark], weights: Mapping[str, float]) -> tuple[float, int]:
    return sum(weights[stem] for stem in {each.stem for each in marks}), len(marks)


def _widen(text: str, start: int, end: int, width: int) -> tuple[int, int]:
    """From `start` to `end` with what fits around it: whole words, and the beginning of the sentence if it can be."""
    least = max(0, min(end, len(text)) - width)
    sentences = [0, *(each.end() for each in _SENTENCE_END.finditer(text, 0, start))]
    begun = max(sentences)
    if begun < least:
        space = text.find(" ", max(least, start - (width - (end - start)) // 2), start)
        begun = space + 1 if space >= 0 else start
    if len(text) - begun <= width:
        return begun, len(text.rstrip())
    space = text.rfind(" ", end, begun + width + 1)
    return begun, space if space >= 0 else end


def _join_spans(marks: Sequence[_Mark]) -> list[tuple[int, int]]:
    """The spans of `marks`; those that overlap or touch become one."""
    spans: list[tuple[int, int]] = []
    for each in marks:
        if spans and each.start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], each.end)
        else:
            spans.append((each.start, each.end))
    return spans
