"""The words of the English dictionary that comes with `symspellpy`."""

from functools import cache
from importlib.resources import files

_FILE = "frequency_dictionary_en_82_765.txt"  # a word and its frequency on each line


def is_english_word(word: str) -> bool:
    """Whether `word`, in small letters, is in the dictionary. Takes half a millisecond, which saves ten megabytes."""
    return word.isalpha() and f"\n{word}\n".encode() in _read_words()


@cache
def _read_words() -> bytes:
    """All words, each between line breaks: less than a megabyte, where a set of them has ten."""
    lines = files("symspellpy").joinpath(_FILE).read_text(encoding="utf-8-sig").splitlines()
    return "\n".join(["", *(line.split()[0] for line in lines), ""]).encode()
