"""Text for Discord: strangers' words made harmless, long ones made short."""

import re
import textwrap
from datetime import date, datetime

MAX_TEXT = 4000  # characters over all text displays of a message; discord.py does not check it
MAX_CUSTOM_ID = 100
MAX_URL = 512
MAX_CHOICES = 25
MAX_CHOICE = 100
MAX_CONTENT = 2000

_MARKUP = re.compile(r"https?://[^\s<>\[\]()|`*\\]+|[\\*_~`|\[\]<>#]|(?<=@)(?=everyone|here)|^(?=[-+] )")
_UNSAFE_IN_LINKS = {ord(letter): f"%{ord(letter):02X}" for letter in "()[]<>*`|\\ "}
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_ENOUGH = 120  # a summary of fewer characters says too little


def escape(text: str) -> str:
    """`text` as Discord shows it word for word: no Markdown, no mention; URLs and LaTeX stay readable."""
    return _MARKUP.sub(_harmless, text)


def _harmless(found: re.Match[str]) -> str:
    if found[0].startswith("http"):
        return found[0]
    return f"\\{found[0]}" if found[0] else "\u200b"


def link(label: str, url: str, limit: int = 300) -> str:
    """A masked link, its label at most `limit` characters. Discord shows no mask over a text with a URL in it."""
    unlinked = label.replace("://", ":\u200b//")
    return f"[{shorten(unlinked, limit)}]({url.translate(_UNSAFE_IN_LINKS)})"


def shorten(text: str, limit: int) -> str:
    """`text` escaped and cut between words to at most `limit` characters; empty when nothing sensible fits."""
    if len(escape(text)) <= limit:
        return escape(text)
    width = limit
    while width > 1:
        cut = _cut(" ".join(text.split()), width)
        excess = len(escape(cut)) - limit
        if excess <= 0:
            return escape(cut)
        width = min(width, len(cut)) - max(1, excess // 2)
    return ""


def _cut(text: str, width: int) -> str:
    cut = textwrap.shorten(text, width, placeholder="…")
    if cut.endswith("…") and len(cut) <= width // 2:  # a long word, or a script without spaces
        cut = text[: width - 1] + "…"
    return cut


def plain(text: str, limit: int) -> str:
    """`text` cut to at most `limit` characters where Discord knows no Markdown: labels and choices."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def first_sentences(text: str) -> str:
    """As many sentences from the start of `text` as it takes to say something."""
    said = ""
    for sentence in _SENTENCE_END.split(text):
        said = f"{said} {sentence}".strip()
        if len(said) >= _ENOUGH:
            break
    return said


def day_name(day: date) -> str:
    """`Thursday 28 May 2026`, in every locale."""
    return f"{day:%A} {day.day} {day:%B} {day.year}"


def short_day(day: date) -> str:
    return f"{day.day} {day:%b} {day.year}"


def timestamp(instant: datetime, style: str = "f") -> str:
    """An instant that each reader's client shows in their own zone."""
    return f"<t:{int(instant.timestamp())}:{style}>"


def count(number: int, noun: str) -> str:
    """`1 paper`, `1,204 papers`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def compact(number: int) -> str:
    """`987`, `1.2k`, `34k`."""
    if number < 1000:  # noqa: PLR2004
        return str(number)
    thousands = number / 1000
    return f"{thousands:.1f}k" if thousands < 9.95 else f"{thousands:.0f}k"  # noqa: PLR2004
