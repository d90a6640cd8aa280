"""Cleans the text that people and programs send, so that it can be stored and compared."""

import re
from unicodedata import normalize

# Letters that an invisible joiner between them changes, as in Persian and Hindi, and emoji.
_JOINED = "\u0600-\u109f\u1780-\u18af\u2600-\u27bf\ufe0f\U0001f000-\U0001faff"
# Control characters, marks of direction or without width, and half pairs, which JSON may have but no database stores.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x9f\xad\u034f\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
    f"|(?<![{_JOINED}])[\u200c\u200d]|[\u200c\u200d](?![{_JOINED}])"
)
_BLANK = re.compile("[\\s\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]*")
_PLAINLY_SEEN = re.compile("[!-~]")
_ACCENT = re.compile("[\u0300-\u036f]")
_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d"}
    | {"\N{LATIN SMALL LETTER DOTLESS I}": "i"}
)


def join_lines(text: str) -> str:
    """`text` in one line, with single spaces and without invisible characters."""
    return " ".join(remove_invisible(text).split())


def remove_invisible(text: str) -> str:
    """`text` without invisible characters, which may hide or reverse the text around them."""
    return text if text.isascii() and text.isprintable() else _UNSEEN.sub("", text)


def is_visible(text: str) -> bool:
    """Whether any character of `text` is visible."""
    if _PLAINLY_SEEN.search(text):  # true of nearly all, and told by a letter or two
        return True
    return not _BLANK.fullmatch(remove_invisible(text)) and any(
        letter.isprintable() for letter in text if not letter.isspace()
    )


def fold_text(text: str) -> str:
    """`text` without case and accents, to compare names: `São Paulo` and `SAO PAULO` become `sao paulo`."""
    without_accents = _ACCENT.sub("", normalize("NFKD", normalize("NFKD", text).casefold()))
    return normalize("NFC", without_accents).translate(_LETTERS)
