"""How many lines a text takes on a phone 360 pixels wide, where most people read."""

import re
import textwrap
import unicodedata
from functools import lru_cache

SMALL_LINE = 31  # characters of small text that fit in a line beside the avatar, if most of them are wide
_TITLE_LINE = 26  # characters of a bold title
_WIDE = ("F", "W")  # letters that take the room of two, such as Chinese ones
_UNSEEN = re.compile(r"\]\(\S*?\)|\*\*|\[|\\(?=\W)")


def strip_markdown(shown: str) -> str:
    """What a reader sees of our own Markdown: no link's address, no sign for bold, no escape."""
    return _UNSEEN.sub("", shown)


@lru_cache(maxsize=2048)  # the papers of one morning go to thousands of channels
def count_phone_lines(text: str) -> int:
    """The lines of a text of titles and small print."""
    return sum(map(_count_lines, text.split("\n")))


def _count_lines(line: str) -> int:
    seen = strip_markdown(line.removeprefix("### ").removeprefix("-# "))
    spread = "".join(letter * 2 if unicodedata.east_asian_width(letter) in _WIDE else letter for letter in seen)
    return len(textwrap.wrap(spread, _TITLE_LINE if line.startswith("### ") else SMALL_LINE))
