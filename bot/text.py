"""Text that people and programs send, made fit to be kept and compared."""

import re
from unicodedata import normalize

# Controls, bidi overrides, and half pairs, which JSON may smuggle in and no database takes.
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ACCENT = re.compile("[\u0300-\u036f]")
_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
    | {"\N{LATIN SMALL LETTER DOTLESS I}": "i"}
)


def one_line(text: str) -> str:
    """`text` without what nobody sees, and with single spaces."""
    return " ".join(_UNSEEN.sub("", text).split())


def legible(text: str) -> str:
    """`text` without halves of surrogate pairs, which neither UTF-8 nor tantivy takes; Discord may send them."""
    return text.encode(errors="ignore").decode()


def fold(text: str) -> str:
    """How names are compared, without case and accents: `São Paulo` and `SAO PAULO` are `sao paulo`."""
    bare = _ACCENT.sub("", normalize("NFKD", normalize("NFKD", text).casefold()))
    return normalize("NFC", bare).translate(_LETTERS)
