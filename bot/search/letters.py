"""The letters in which texts are indexed and looked for, however people write them.

Greek letters are spelled out, so that `tau-bench` finds *τ-bench*. Signs that only look different become plain letters:
`x²` is `x2`, and so are full width, ligatures and the letters of formulas. Han, kana, Hangul and Thai have no spaces
between words, so each two neighbours become a word: `扩散模型` is `扩散 散模 模型`.
"""

import re
from unicodedata import combining, name, normalize

_GREEK_LETTER = r"[\u0370-\u03ff\u1f00-\u1fff]"
_LONE_GREEK = re.compile(f"(?<!{_GREEK_LETTER}){_GREEK_LETTER}(?!{_GREEK_LETTER})")  # others are words of Greeks
_GREEK_NAME = re.compile(r"GREEK (?:SMALL|CAPITAL) LETTER (?:FINAL )?(\w+)")
_SPELLED_OUT = {
    letter: found[1].lower().replace("lamda", "lambda")  # Unicode's name of λ
    for letter in map(chr, range(0x370, 0x400))
    if (found := _GREEK_NAME.fullmatch(name(letter, "")))
}
# What normalization leaves, or would make a part of the word before.
_SIGNS = str.maketrans({"∞": "infinity", "∇": "nabla", "×": "x", "™": "", "®": "", "℠": ""})
# Marks that no letter takes up, such as tones and vowels of Arabic; they would split a word, or keep it apart.
_MARK = re.compile(f"[{''.join(letter for letter in map(chr, range(0x300, 0x10000)) if combining(letter))}]")
_FORMULA = re.compile(r"\$([^$\s]{1,40})\$")  # not prices, between which there are spaces
_COMMAND = re.compile(rf"\{{?\\({'|'.join({*_SPELLED_OUT.values()})})(?![A-Za-z])\}}?", re.IGNORECASE)
_POWER = re.compile(r"(?<=\w)\^(?:\{(\w+)\}|(?=\w))")
WITHOUT_SPACES = (
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3131-\u318e\u3400-\u4dbf\u4e00-\u9fff"
    r"\uac00-\ud7a3\U00020000-\U0003ffff]"
)
_RUN = re.compile(f"{WITHOUT_SPACES}+")


def fold_letters(text: str) -> str:
    """`text` in plain letters; case and accents stay."""
    if not text.isascii():
        text = spell_out_greek(_MARK.sub("", normalize("NFKC", text.translate(_SIGNS))))
    return fold_commands(text)


def spell_out_greek(text: str) -> str:
    """`text` with the names of lone Greek letters; those of Greek words stay."""
    return _LONE_GREEK.sub(lambda found: _SPELLED_OUT.get(found[0], found[0]), text)


def fold_commands(text: str) -> str:
    """`text` without what LaTeX has around its letters: `$\\alpha$` is `alpha`."""
    if "$" in text or "\\" in text or "^" in text:
        text = _POWER.sub(r"\1", _COMMAND.sub(r"\1", _FORMULA.sub(r"\1", text)))
    return text


def split_runs(text: str) -> str:
    """`text` with the words of two letters that stand for writing without spaces."""
    return text if text.isascii() else _RUN.sub(_split_run, text)


def set_runs_apart(text: str) -> str:
    """`text` with spaces around what is written without them."""
    return text if text.isascii() else _RUN.sub(r" \g<0> ", text)


def is_greek(letter: str) -> bool:
    """Whether `letter` is one Greek letter."""
    return _LONE_GREEK.fullmatch(letter) is not None


def is_run(text: str) -> bool:
    """Whether all of `text` is writing without spaces."""
    return _RUN.fullmatch(text) is not None


def _split_run(run: re.Match[str]) -> str:
    return f" {' '.join(run.string[start:end] for start, end in list_pairs(*run.span()))} "


def list_pairs(start: int, end: int) -> list[tuple[int, int]]:
    """Where each two neighbours are in a run from `start` to `end`, or the letter if it is one alone."""
    return [(each, min(each + 2, end)) for each in range(start, max(start + 1, end - 1))]


def is_in_other_script(text: str) -> bool:
    """Whether a letter of `text` is not one of those in which papers in English are written."""
    return any(each.isalpha() and not name(each, "LATIN").startswith("LATIN") for each in fold_letters(text))
