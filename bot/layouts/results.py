"""Papers that people asked for: five to a page, a select for their details, and buttons that turn the page."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from discord.ui import ActionRow, Button, Container, LayoutView, Separator, TextDisplay

from bot.layouts import notes
from bot.layouts.paper import ACCENT, Block, block_texts, details_id, details_select, facts, finished, listed_note
from bot.layouts.text import (
    MAX_CUSTOM_ID,
    MAX_LABEL,
    count,
    day_name,
    link,
    plain,
    room_beside,
    short_day,
    size,
    timestamp,
)
from bot.lookups.finder import AGES, PER_PAGE, Hit, Leaderboard, Results
from bot.papers import Paper
from bot.ranking import Period
from bot.search import Query, Sort
from bot.text import shows

Rows = Sequence[ActionRow[LayoutView]]
PageId = Callable[
    [str, int], str
]  # the custom_id of a button that leads to a page; its letter keeps the buttons of a message apart
MOST_PAGES = 99_999
SHARED = "Shared with everyone here."
_ORDERS = {Sort.RELEVANCE: "best first", Sort.UPVOTES: "most upvoted first", Sort.DATE: "newest first"}


def found_message(results: Results, *, shared: bool = False) -> LayoutView:
    """A page of what was found; one that is `shared` with everyone has no Share button."""
    query = results.query.text
    page_id, share_id = _page_id("find", query), f"share:{results.page}:{query}"
    turnable = _fits(page_id, results.total)
    remarks = [*notes.on(results), *([] if turnable else [notes.TOO_LONG])]
    order = _ORDERS[results.query.order]
    rows = [*_turner(results.page, results.total, page_id)] if turnable else []
    if not shared and len(share_id) <= MAX_CUSTOM_ID:
        rows.append(ActionRow(Button(label="Share", custom_id=share_id)))
    heading = f"# Papers found\n**{notes.asked(results.query)}** · {count(results.total, 'paper')}, {order}"
    return _listing("\n".join([heading, *remarks]), _blocks(results.hits, results.page), rows)


def nothing_message(results: Results) -> LayoutView:
    """A message that nothing was found, with what may help."""
    container: Container[LayoutView] = Container(TextDisplay("\n".join(notes.nothing(results))), accent_colour=ACCENT)
    ways_on = [*_ways_on(results)]
    if ways_on:
        container.add_item(ActionRow(*ways_on))
    return finished(container)


def _ways_on(results: Results) -> Iterator[Button[LayoutView]]:
    if results.query.reference:
        yield Button(label="Look it up", custom_id=details_id(results.query.reference))
    for button, word in zip("abcde", dict.fromkeys(results.near), strict=False):
        custom_id = _page_id("find", word)(button, 1)
        if len(custom_id) <= MAX_CUSTOM_ID and shows(word):
            yield Button(label=plain(word, MAX_LABEL), custom_id=custom_id)


def leaderboard_message(board: Leaderboard) -> LayoutView:
    """A page of a leaderboard."""
    heading = f"# Top papers\n**{_span(board.period, board.day)}** · {count(board.total, 'paper')} by upvotes"
    rows = [*_turner(board.page, board.total, _page_id("top", f"{board.period.value}:{board.day.isoformat()}"))]
    return _listing("\n".join([heading, *_remarks(board)]), _blocks(map(Hit, board.papers), board.page), rows)


def _remarks(board: Leaderboard) -> Iterator[str]:
    if board.instead_of:
        yield f"Today's list is still empty, so this is the list of {day_name(board.day)}."
    if board.closes_at:
        yield f"This list is still open and may grow until {timestamp(board.closes_at)}."


def posted_message(period: str, hits: Sequence[Hit], *, total: int, page: int) -> LayoutView:
    """A page of what a server's digests highlighted within one of `AGES`."""
    span = f"The last {period}" if AGES[period] else period.capitalize()
    heading = f"# Posted here\n**{span}** · {count(total, 'paper')}, newest first"
    return _listing(heading, _blocks(hits, page), [*_turner(page, total, _page_id("posted", period))])


def similar_message(paper: Paper, hits: Sequence[Hit]) -> LayoutView:
    heading = f"# Similar papers\nto **{link(paper.name, paper.url)}**"
    return _listing(heading, _blocks(hits), [])


def hub_message(query: Query, papers: Sequence[Paper]) -> LayoutView:
    """Papers that Hugging Face has and the archive does not."""
    heading = f"# Also on Hugging Face\n**{notes.asked(query)}** · not in the archive yet"
    blocks = [_block(position, Hit(paper), notes.FROM_THE_HUB) for position, paper in enumerate(papers, 1)]
    return _listing(heading, blocks, [])


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


def _blocks(hits: Iterator[Hit] | Sequence[Hit], page: int = 1) -> list[Block]:
    return [_block(position, hit) for position, hit in enumerate(hits, (page - 1) * PER_PAGE + 1)]


def _block(position: int, hit: Hit, mark: str = "") -> Block:
    paper = hit.paper
    note = facts(listed_note(paper), mark)
    return Block(position, paper, paper.upvotes, paper.comments, note, hit.snippet, hit.post)


def _listing(heading: str, blocks: Sequence[Block], rows: Rows) -> LayoutView:
    controls = [*([details_select([block.paper for block in blocks])] if blocks else []), *rows]
    room = room_beside(each.to_component_dict() for each in controls)
    texts = [TextDisplay[LayoutView](text) for text in block_texts(blocks, room - size(heading))]
    return finished(Container(TextDisplay(heading), Separator(), *texts, *controls, accent_colour=ACCENT))


def _page_id(prefix: str, suffix: str) -> PageId:
    return lambda button, number: f"{prefix}:{button}{number}:{suffix}"


def _pages(total: int) -> int:
    return min(MOST_PAGES, max(1, -(-total // PER_PAGE)))


def _fits(page_id: PageId, total: int) -> bool:
    """Whether every page can be turned to."""
    return total <= PER_PAGE or len(page_id("l", _pages(total))) <= MAX_CUSTOM_ID


def _turner(page: int, total: int, page_id: PageId) -> Iterator[ActionRow[LayoutView]]:
    """The buttons that turn `page`, if there are several."""
    last = _pages(total)
    if last > 1:
        yield ActionRow(
            Button(label="First", custom_id=page_id("f", 1), disabled=page <= 1),
            Button(label="Previous", custom_id=page_id("p", max(1, page - 1)), disabled=page <= 1),
            Button(label=f"Page {page:,} of {last:,}", custom_id="page", disabled=True),
            Button(label="Next", custom_id=page_id("n", min(last, page + 1)), disabled=page >= last),
            Button(label="Last", custom_id=page_id("l", last), disabled=page >= last),
        )
