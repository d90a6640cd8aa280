"""The names of authors, split into the parts that reference managers sort and abbreviate by. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from unicodedata import name as get_letter_name

from bot.text import join_lines

_PARTICLES = frozenset(
    {"af", "al", "bin", "da", "dal", "de", "degli", "del", "della", "den", "der", "di", "do", "dos", "du", "el"}
    | {"ibn", "la", "le", "ten", "ter", "van", "vom", "von", "zu", "zum", "zur"}
)
_OWN_PARTICLES = frozenset({"da", "de", "del", "della", "di", "dos", "van", "von"})  # in `Luc Van Gool`
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
_GROUPS = frozenset(
    {"authors", "collaboration", "community", "consortium", "foundation", "group", "inc", "institute", "lab", "labs"}
    | {"laboratory", "ltd", "project", "research", "team", "university"}
)
_JOINED = re.compile(r"[,;&]|\band\b")
_TELLING = _PARTICLES | _SUFFIXES | _GROUPS | {"ai", "and"}
_LETTERS = re.compile(r"[a-z .'-]+", re.ASCII | re.IGNORECASE)
_EASTERN = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")


@dataclass(frozen=True, slots=True)
class AuthorName:
    """A name as it is `spoken`, and its parts; a group, or whoever has one name only, has just the `family`.

    The `particle` stands before the family name and is not sorted by: `van der` of *van der Waals*.
    """

    spoken: str
    family: str
    given: str = ""
    particle: str = ""
    suffix: str = ""

    @property
    def sorted(self) -> str:
        """`van der Waals, Johannes`; a group has no comma, at which it would be split."""
        if not self.given:
            return join_lines(self.family.replace(",", " "))
        family = f"{self.particle} {self.family}".strip()
        return ", ".join(filter(None, (family, self.given, self.suffix)))


def split_names(names: Iterable[str]) -> tuple[AuthorName, ...]:
    """The names that have a letter or a number."""
    return tuple(split for name in names if (split := _split_raw_name(name)))


@lru_cache(8192)
def _split_raw_name(name: str) -> AuthorName | None:
    line = join_lines(name)
    return split_name(line) if any(map(str.isalnum, line)) else None


def split_name(name: str) -> AuthorName:
    """The parts of a name as it is said, with the given name first. A group stays whole."""
    words = name.split()
    if _is_plain(name, words):
        return AuthorName(name, words[-1], " ".join(words[:-1]))
    if _is_group(name, words):
        return AuthorName(name, name)
    if _is_eastern(name):
        return AuthorName(name, words[0], " ".join(words[1:]))
    suffix = words.pop() if len(words) > 2 and _fold(words[-1]) in _SUFFIXES else ""  # noqa: PLR2004
    start = next((at for at in range(1, len(words) - 1) if words[at] in _PARTICLES), len(words) - 1)
    family = start
    while family < len(words) - 1 and words[family] in _PARTICLES:
        family += 1
    if start > 1 and _fold(words[start - 1]) in _OWN_PARTICLES:
        start = family = start - 1
    given, particle = " ".join(words[:start]), " ".join(words[start:family])
    return AuthorName(name, " ".join(words[family:]), given, particle, suffix)


def _is_plain(name: str, words: list[str]) -> bool:
    """Whether no rule below applies, as to most names; a file of thousands of papers may have millions of them."""
    return (
        len(words) > 1
        and bool(_LETTERS.fullmatch(name))
        and _TELLING.isdisjoint(name.lower().replace(".", "").replace("-", " ").split())
    )


def _is_group(name: str, words: list[str]) -> bool:
    return (
        len(words) < 2  # noqa: PLR2004  # a person with one name, or a group: nobody can tell
        or bool(_JOINED.search(name))
        or words[-1] == "AI"
        or bool(_GROUPS.intersection({_fold(words[0]), _fold(words[-1])}))
    )


def _fold(word: str) -> str:
    return word.casefold().rstrip(".")


def _is_eastern(name: str) -> bool:
    """Whether it is written in Chinese, Japanese or Korean letters, where the family name is first."""
    return not name.isascii() and all(
        get_letter_name(letter, "").startswith(_EASTERN) for letter in name if not letter.isspace()
    )
