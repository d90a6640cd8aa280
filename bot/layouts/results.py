"""Papers somebody asked for: five to a page, with buttons that turn it."""

from collections.abc import Callable, Sequence
from datetime import date

from discord.ui import ActionRow, Button, Container, LayoutView, TextDisplay

from bot.layouts.paper import ACCENT, Block, finished, sections
from bot.layouts.text import MAX_CUSTOM_ID, MAX_TEXT, count, day_name, short_day, shorten
from bot.papers import Paper
from bot.ranking import Period

PER_PAGE = 5


def leaderboard_message(period: Period, day: date, papers: Sequence[Paper], *, total: int, page: int) -> LayoutView:
    """A page of the leaderboard of the `period` around `day`."""
    heading = f"# Top papers\n**{_span(period, day)}** · {count(total, 'paper')} by upvotes"
    return _page(heading, papers, total, page, lambda number: f"top:{period.value}:{day.isoformat()}:{number}")


def found_message(query: str, papers: Sequence[Paper], *, total: int, page: int) -> LayoutView:
    """A page of what matches `query`, best first."""
    heading = f"# Papers found\n**{shorten(query, 300)}** · {count(total, 'paper')}, best first"
    return _page(heading, papers, total, page, lambda number: f"find:{number}:{query}")


def _span(period: Period, day: date) -> str:
    match period:
        case Period.DAY:
            return day_name(day)
        case Period.WEEK:
            return f"Week of {short_day(period.span(day)[0])}"
        case Period.MONTH:
            return f"{day:%B} {day.year}"
        case Period.YEAR:
            return str(day.year)
        case _:
            return "All time"


def _pages(total: int) -> int:
    return max(1, -(-total // PER_PAGE))


def _page(heading: str, papers: Sequence[Paper], total: int, page: int, page_id: Callable[[int], str]) -> LayoutView:
    """`page_id` gives the custom_id that leads to a page; too long for Discord, there is one page only."""
    first = (page - 1) * PER_PAGE + 1
    blocks = [
        Block(position, paper, paper.upvotes, paper.comments, short_day(paper.day))
        for position, paper in enumerate(papers, first)
    ]
    turnable = len(page_id(_pages(total) + 1)) <= MAX_CUSTOM_ID
    foot = "" if turnable or total <= PER_PAGE else "\n-# Shorten the query to see more pages."
    text = f"{heading}{foot}"
    container: Container[LayoutView] = Container(
        TextDisplay(text), *sections(blocks, MAX_TEXT - len(text)), accent_colour=ACCENT
    )
    if turnable and total > PER_PAGE:
        container.add_item(_turner(page, _pages(total), page_id))
    return finished(container)


def _turner(page: int, last: int, page_id: Callable[[int], str]) -> ActionRow[LayoutView]:
    return ActionRow(
        Button(label="Previous", custom_id=page_id(page - 1), disabled=page <= 1),
        Button(label=f"Page {page} of {last}", custom_id="page", disabled=True),
        Button(label="Next", custom_id=page_id(page + 1), disabled=page >= last),
    )
