"""Highlights with one line each, so that all of them fit on a phone screen."""

from collections.abc import Sequence

from bot.digest import Highlight
from bot.layouts.paper import facts
from bot.layouts.text import cut, link

_WIDTH = 48  # visible characters in a line
_RISING, _MISSED = "↗", "◇"


def lines(highlights: Sequence[Highlight]) -> str:
    """A numbered list."""
    return "\n".join(map(_line, highlights))


def legend(highlights: Sequence[Highlight]) -> str:
    """What the marks in the lines mean; empty if there are none."""
    meanings = facts(
        f"{_RISING} rising" if any(each.riser for each in highlights) else "",
        f"{_MISSED} not in a daily digest" if any(each.missed for each in highlights) else "",
    )
    return f"-# {meanings}" if meanings else ""


def _line(highlight: Highlight) -> str:
    number = f"{highlight.position}. "
    marks = [_RISING] * highlight.riser + [_MISSED] * highlight.missed
    tail = " ".join(["", "▲", f"{highlight.upvotes:,}", *marks])
    title = cut(highlight.paper.name, _WIDTH - len(number) - len(tail))
    return f"{number}{link(title, highlight.paper.url)}{tail}"
