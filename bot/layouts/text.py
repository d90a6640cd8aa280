"""Text for Discord: makes the words of strangers harmless, and long texts short."""

import json
import math
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime

from bot.text import remove_invisible

MAX_TEXT = 4000  # characters over all text displays of a message; discord.py does not check it
_MAX_TEXT_BYTES = 6600  # in UTF-8, as JSON
_MAX_BYTES = 9600  # of texts and controls; a message of more than 10,170 has been answered with a 500
MAX_CUSTOM_ID = 100
MAX_URL = 512
MAX_CHOICES = 25
MAX_CHOICE = 100  # characters; the label, value and description of a select's option too
MAX_LABEL = 80
MAX_CONTENT = 2000
MAX_MODAL_TEXT = 4000  # characters of a field in a modal
MAX_THREAD_NAME = 100  # characters, of a thread
QUOTE = "'"  # for a backtick, which would end a piece of code

_URL = r"https?://[^\s<>\[\]()|`*\\]+"
_HOST = r"\b(?:www\.|[\w-]{1,63}(?:\.[\w-]{1,63}){0,5}\.[a-z]{2,20}/)"  # of an address that does not say `https`
_ADDRESS = re.compile(rf"{_URL}|{_HOST}[^\s<>()\[\]]*", re.IGNORECASE)
_MARKUP = re.compile(rf"{_URL}|[\\*_~`|\[\]<>#]|(?<=@)(?=everyone|here)|^(?=[-+] )")
# Discord shows the backslashes in a link's label, and an emoji there may break the link.
_EMOJI = (
    "\u00a9\u00ae\u203c\u2049\u20e3\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a-\u23ff\u24c2\u25aa-\u27bf\u2934\u2935"
    "\u2b05-\u2b55\u3030\u303d\u3297\u3299\ufe0f\U0001f000-\U0001faff"
)
_UNFIT_IN_LABELS = re.compile(rf"\\.|:\w+:|[{_EMOJI}]", re.DOTALL)
_UNSAFE_IN_LINKS = {ord(letter): f"%{ord(letter):02X}" for letter in "()[]<>*`|\\ "}
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_MIN_SUMMARY = 60  # a summary of fewer characters says too little


def escape_markdown(text: str) -> str:
    """`text` as Discord shows it word for word: no Markdown, no mention; URLs and LaTeX stay readable."""
    return _escape_visible(remove_invisible(text))


def _escape_visible(text: str) -> str:
    return _MARKUP.sub(_escape_match, text)


def _escape_match(found: re.Match[str]) -> str:
    if found[0].startswith("http"):
        return found[0]
    return f"\\{found[0]}" if found[0] else "\u200b"


def remove_urls(text: str) -> str:
    """`text` without the addresses in it."""
    return " ".join(_ADDRESS.sub("", text).split())


def make_link(label: str, url: str, limit: int = 300) -> str:
    """A label of at most `limit` characters as a masked link.

    If the label contains emoji or characters that must be escaped, only its longest part without them is the link, and
    the rest is put around it as text. Discord does not show a masked link if its label contains a URL.
    """
    shown = _shorten_visible(" ".join(remove_invisible(label).split()).replace("://", ":\u200b//"), limit, len)
    before, masked, after = _split_for_link(shown)
    return f"{before}[{masked}]({url.translate(_UNSAFE_IN_LINKS)}){after}"


def _split_for_link(shown: str) -> tuple[str, str, str]:
    """The escaped text `shown` in three parts: the text before the link, the link's label, and the text after it."""
    unfit = [found.span() for found in _UNFIT_IN_LABELS.finditer(shown)]
    unfit_words = []
    for start, end in unfit:
        space = shown.find(" ", end)
        unfit_words.append((shown.rfind(" ", 0, start) + 1, space if space >= 0 else len(shown)))
    span = _find_longest_gap(shown, unfit_words) or _find_longest_gap(shown, unfit)  # whole words, if there are any
    if span is None:
        return f"{shown} " if shown else "", "→", ""
    start, end = span
    return shown[:start], shown[start:end], shown[end:]


def _find_longest_gap(text: str, occupied: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """The span of the longest piece of `text` outside the spans `occupied`; None if no word is left there."""
    starts, ends = [0, *(end for _, end in occupied)], [*(start for start, _ in occupied), len(text)]
    gaps = [(start, text[start:end]) for start, end in zip(starts, ends, strict=True)]
    trimmed = [(start + len(gap) - len(gap.lstrip()), gap.strip()) for start, gap in gaps if re.search(r"\w", gap)]
    start, longest = max(trimmed, key=lambda each: len(each[1]), default=(0, ""))
    return (start, start + len(longest)) if longest else None


def measure_text(text: str) -> int:
    """How much of `MAX_TEXT` the `text` uses: its characters, or more if they take many bytes, such as Chinese ones."""
    size = count_bytes(text) - len('""')
    return max(len(text), math.ceil(size * MAX_TEXT / _MAX_TEXT_BYTES))


def count_bytes(sent: object) -> int:
    """The bytes of what is sent as JSON."""
    return len(json.dumps(sent, ensure_ascii=False).encode(errors="replace"))


def compute_text_room(controls: Iterable[object]) -> int:
    """The total `measure_text` that the texts of a message may have beside these components, as they are sent."""
    return min(MAX_TEXT, (_MAX_BYTES - sum(map(count_bytes, controls))) * MAX_TEXT // _MAX_TEXT_BYTES)


def fits_in_message(texts: Iterable[str], components: object) -> bool:
    """Whether a message may have these components, as they are sent, with these texts in them."""
    return sum(map(measure_text, texts)) <= MAX_TEXT and count_bytes(components) <= _MAX_BYTES


def shorten(text: str, limit: int, measure: Callable[[str], int] = len) -> str:
    """`text` escaped and cut between words until it measures at most `limit`; empty if nothing sensible fits.

    `measure` counts characters; pass `measure_text` for a text that fills the room left in a message.
    """
    return _shorten_visible(remove_invisible(text), limit, measure)


def _shorten_visible(text: str, limit: int, measure: Callable[[str], int]) -> str:
    if measure(_escape_visible(text)) <= limit:
        return _escape_visible(text)
    width = limit
    while width > 1:
        shown = _cut_visible(" ".join(text.split()), width)
        excess = measure(_escape_visible(shown)) - limit
        if excess <= 0:
            return _escape_visible(shown)
        width = min(width, len(shown)) - max(1, excess // 2)
    return ""


def cut_line(line: str, width: int) -> str:
    """`line` cut between words to at most `width` characters, for places where Discord shows no Markdown."""
    return _cut_visible(remove_invisible(line), width)


def _cut_visible(line: str, width: int) -> str:
    if len(line) <= width:
        return line
    short = textwrap.shorten(line, width, placeholder="…", break_on_hyphens=False)
    short = re.sub(r"[,;:]+…$", "…", short)
    if short.endswith("…") and 3 * len(short) < 2 * width:  # a long word, or a script without spaces
        short = line[: width - 1] + "…"
    return short


def mark_text_spans(text: str, marks: Iterable[tuple[int, int]], limit: int, sign: str = "**") -> str:
    """`text` escaped and cut to at most `limit` characters, with a `sign` before and after each of `marks`."""
    line = re.sub(r"\s", " ", text)
    spans = list(_find_markable(line, marks))
    width = len(line)
    while width > 0:
        end = width if width == len(line) else line.rfind(" ", width // 2, width + 1)
        end = end if end > 0 else width
        shown = _insert_signs(line[:end], [each for each in spans if each[1] <= end], sign)
        shown += "…" if end < len(line) else ""
        if len(shown) <= limit:
            return shown
        width = min(width, end) - max(1, (len(shown) - limit) // 2)
    return ""


def _find_markable(text: str, marks: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The marks that can be shown, from left to right: those around words that touch no other mark and no URL."""
    occupied = [found.span() for found in re.finditer(_URL, text)]
    for start, end in sorted(marks):
        apart = all(end < first or last < start for first, last in occupied)
        if apart and start >= 0 and text[start:end].strip() == text[start:end] and remove_invisible(text[start:end]):
            occupied.append((start, end))
            yield start, end


def _insert_signs(text: str, spans: Iterable[tuple[int, int]], sign: str) -> str:
    parts, done = [], 0
    for start, end in spans:
        parts += [escape_markdown(text[done:start]), sign, escape_markdown(text[start:end]), sign]
        done = end
    return "".join([*parts, escape_markdown(text[done:])])


def format_code(text: str, limit: int = 100) -> str:
    """A piece of code within a line. One that begins like a command must not become a mention: see `commands`."""
    shown = cut_plain(text.replace("`", QUOTE), limit)
    tick = "``" if shown.startswith("/") else "`"
    return f"{tick}{shown}{tick}"


def format_code_block(text: str, language: str = "") -> str:
    """A block of lines to copy as they are."""
    return f"```{language}\n{remove_invisible(text).replace('```', QUOTE * 3)}\n```"


def cut_plain(text: str, limit: int) -> str:
    """`text` cut to at most `limit` characters, for labels and choices, where Discord shows no Markdown."""
    text = remove_invisible(text)
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def cut_bytes(text: str, most: int) -> str:
    """`text` cut like that to at most `most` bytes, where many share what a message may have."""
    cut = cut_plain(text, most)
    while count_bytes(cut) - len('""') > most:
        cut = cut_plain(text, len(cut) - 1)
    return cut


def take_first_sentences(text: str) -> str:
    """The first sentences of `text`, as many as it takes to say something."""
    summary = ""
    for sentence in _SENTENCE_END.split(" ".join(text.split())):
        summary = f"{summary} {sentence}".strip()
        if len(summary) >= _MIN_SUMMARY:
            break
    return summary


def fit_in_messages(paragraphs: Iterable[str]) -> list[str]:
    """The paragraphs in as few messages as possible; a paragraph is only cut, between its lines, if it is too long."""
    fitted: list[str] = []
    for paragraph in paragraphs:
        parts = [paragraph] if len(paragraph) <= MAX_CONTENT else paragraph.splitlines()
        for number, part in enumerate(parts):
            joint = "\n" if number else "\n\n"
            if fitted and len(fitted[-1]) + len(joint) + len(part) <= MAX_CONTENT:
                fitted[-1] += f"{joint}{part}"
            else:
                fitted.append(part)
    return fitted


def format_day(day: date) -> str:
    """`Thursday 28 May 2026`, in every locale."""
    return f"{day:%A} {day.day} {day:%B} {day.year}"


def format_short_day(day: date) -> str:
    return f"{day.day} {day:%b} {day.year}"


def format_month_day(day: date) -> str:
    """`28 May`, where the year is clear."""
    return f"{day.day} {day:%b}"


def format_timestamp(instant: datetime, style: str = "f") -> str:
    """An instant that each reader's client shows in their own time zone."""
    return f"<t:{int(instant.timestamp())}:{style}>"


def count_noun(number: int, noun: str) -> str:
    """`1 paper`, `1,204 papers`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def join_words(words: Sequence[str], joint: str = "and") -> str:
    """`a, b and c`."""
    *others, last = words
    return f"{', '.join(others)} {joint} {last}" if others else last


def format_compact(number: int) -> str:
    """`987`, `1.2k`, `34k`."""
    if number < 1000:  # noqa: PLR2004
        return str(number)
    thousands = number / 1000
    return f"{thousands:.1f}k" if thousands < 9.95 else f"{thousands:.0f}k"  # noqa: PLR2004
