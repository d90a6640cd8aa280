"""Highlights with one line each, so that all of them fit on a phone screen."""

from collections.abc import Sequence

from bot.digest import Highlight
from bot.layouts.paper import join_facts
from bot.layouts.text import cut_line, make_link

_WIDTH = 48  # visible characters in a line
_RISING, _MISSED = "↗", "◇"


def render_highlight_lines(highlights: Sequence[Highlight]) -> str:
    """A numbered list."""
    return "\n".join(map(_render_highlight_line, highlights))


def render_mark_legend(highlights: Sequence[Highlight]) -> str:
    """What the marks in the lines mean; empty if there are none."""
    meanings = join_facts(
        f"{_RISING} rising" if any(each.is_riser for each in highlights) else "",
        f"{_MISSED} not in a daily digest" if any(each.is_missed for each in highlights) else "",
    )
    return f"-# {meanings}" if meanings else ""


def _render_highlight_line(highlight: Highlight) -> str:
    number = f"{highlight.position}. "
    tail = f" ▲ {highlight.upvotes:,}"
    if highlight.is_riser:
        tail += f" {_RISING}"
    if highlight.is_missed:
        tail += f" {_MISSED}"
    title = cut_line(highlight.paper.name, _WIDTH - len(number) - len(tail))
    return f"{number}{make_link(title, highlight.paper.url)}{tail}"
