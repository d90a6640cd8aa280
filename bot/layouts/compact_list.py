"""Highlights in small print without summaries, so that ten of them fit on a phone's screen."""

from collections.abc import Sequence
from functools import lru_cache

from bot.digest import Highlight
from bot.layouts.paper import describe_likeness, join_facts
from bot.layouts.phone import SMALL_LINE, count_phone_lines
from bot.layouts.text import cut_line, make_link, measure_text

_SCREEN = 22  # lines of small print that a phone shows beside the heading and the select
_MIN_TITLE = 20  # characters, even if they take more lines
_RISING, _MISSED = "↗", "◇"


@lru_cache(maxsize=64)  # the papers of one morning go to thousands of channels
def render_highlight_lines(highlights: tuple[Highlight, ...], budget: int) -> str:
    """A numbered list with a size of at most `budget`; titles are cut only as far as it takes to fit on a screen."""
    lines = [_render_highlight_line(each) for each in highlights]
    heights = [*map(count_phone_lines, lines)]
    while max(heights) > 1 and (sum(heights) > _SCREEN or measure_text("\n".join(lines)) > budget):
        tallest = len(heights) - 1 - heights[::-1].index(max(heights))  # the last of them has the fewest upvotes
        heights[tallest] -= 1
        lines[tallest] = _render_highlight_line(highlights[tallest], heights[tallest])
    return "\n".join(lines)


def render_mark_legend(highlights: Sequence[Highlight]) -> str:
    """What the marks in the lines mean; empty if there are none."""
    meanings = join_facts(
        f"{_RISING} rising" if any(each.is_riser for each in highlights) else "",
        f"{_MISSED} not in a daily digest" if any(each.is_missed for each in highlights) else "",
    )
    return f"-# {meanings}" if meanings else ""


def _render_highlight_line(highlight: Highlight, most: int | None = None) -> str:
    """A highlight, with as much of its title as at most `most` lines of a phone can show; all of it if that is None."""
    marks = "".join((f" {_RISING}" if highlight.is_riser else "", f" {_MISSED}" if highlight.is_missed else ""))
    likeness = describe_likeness(highlight.likeness)
    title = highlight.paper.name if most is None else cut_line(highlight.paper.name, most * SMALL_LINE)
    while True:
        link = make_link(title, highlight.paper.url)
        line = join_facts(f"-# **{highlight.position}.** {link} ▲\u00a0{highlight.upvotes:,}{marks}", likeness)
        if most is None or count_phone_lines(line) <= most or len(title) <= _MIN_TITLE:
            return line
        title = cut_line(title.removesuffix("…"), len(title.removesuffix("…")) - 1)
