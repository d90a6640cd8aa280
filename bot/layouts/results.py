"""Papers that people asked for: five to a page, a select for their details, and buttons that turn the page."""

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import date

from discord.ui import ActionRow, Button, Container, Item, LayoutView, Separator, TextDisplay

from bot.layouts import search_notes
from bot.layouts.paper import (
    ACCENT,
    PaperBlock,
    build_details_select,
    build_paper_list,
    build_rows,
    build_view,
    describe_likeness,
    describe_paper_listing,
    describe_sharer,
    join_facts,
)
from bot.layouts.query_buttons import (
    MAX_BUTTONS,
    build_as_typed_button,
    build_exclusion_buttons,
    build_follow_button,
    build_hub_button,
    make_query_id,
)
from bot.layouts.save_buttons import build_save_rows, measure_save_rows
from bot.layouts.text import (
    compute_text_room,
    count_noun,
    format_day,
    format_short_day,
    format_timestamp,
    make_link,
    measure_text,
)
from bot.lookups.finder import AGES, PER_PAGE, Hit, Leaderboard, SearchResults
from bot.papers import Paper
from bot.ranking import Period
from bot.search import AmbiguousDate, Query, Sort

Rows = Sequence[ActionRow[LayoutView]]
# The custom_id of a button, from its letter and the page it leads to. The letter keeps the buttons of a message apart.
PageId = Callable[[str, int], str]
MAX_PAGES = 99_999
_INBOX_PERIODS = {Period.DAY, Period.WEEK}  # whose best papers can come to a person
SHARED = "Shared with everyone here."
_ORDERS = {Sort.RELEVANCE: "best first", Sort.UPVOTES: "most upvoted first", Sort.DATE: "newest first"}


def render_search_results(
    results: SearchResults, *, shared_by: int | None = None, with_feed: bool = False
) -> LayoutView:
    """A page of what was found, `with_feed` if a feed, which guesses nothing, would have it too.

    One that a person shares with everyone says so, and has no Share button.
    """
    query = results.query.text
    query_text, found = search_notes.render_query(results.query), search_notes.count_results(results)
    lines = [
        f"{describe_sharer(shared_by)}# Papers found\n**{query_text}** · {found}, {describe_order(results.query)}",
        *search_notes.list_search_notes(results),
        *describe_page(results.page, results.total),
    ]
    buttons = [
        *build_page_buttons(results.page, results.total, lambda key, page: make_query_id(f"find:{key}{page}", query))
    ]
    if shared_by is None:
        buttons.append(Button(label="Share", custom_id=make_query_id(f"share:{results.page}", query)))
    if not results.query.reference:
        buttons.append(build_follow_button(query))
        if with_feed:
            buttons.append(Button(label="Copy feed link", custom_id=make_query_id("feed:1", query)))
    instead = [*build_exclusion_buttons(results)]
    if (as_typed := build_as_typed_button(results)) and len(instead) < MAX_BUTTONS:
        instead.append(as_typed)
    if results.complete == 0 and shared_by is None and len(instead) < MAX_BUTTONS:  # what was meant may be there
        instead.append(build_hub_button(results.query))
    rows = [*build_rows(buttons), *build_rows(instead)]
    return render_paper_page("\n".join(lines), _build_hit_blocks(results.hits, results.page), rows)


def describe_order(query: Query) -> str:
    """Which of the papers that a query finds come first."""
    is_by_likeness = query.order is Sort.RELEVANCE and query.list_examples() and not any(query.list_texts())
    return "nearest first" if is_by_likeness else _ORDERS[query.order]


def render_leaderboard(
    board: Leaderboard, ambiguous_date: AmbiguousDate | None = None, *, shared_by: int | None = None
) -> LayoutView:
    """A page of a leaderboard; `ambiguous_date` is the one that was typed for it."""
    period, total = name_period(board.period, board.day), count_noun(board.total, "paper")
    lines = [f"{describe_sharer(shared_by)}# Top papers\n**{period}** · {total} by upvotes"]
    if board.instead_of:
        lines.append(f"Today's list is still empty, so this is the list of {format_day(board.day)}.")
    if board.closes_at:
        lines.append(f"This list is still open and may grow until {format_timestamp(board.closes_at)}.")
    if ambiguous_date:
        lines.append(search_notes.describe_ambiguous_date(ambiguous_date))
    has_several_days = board.period is not Period.DAY  # otherwise the heading has the date of them all
    page_id = _make_page_id("top", f"{board.period.value}:{board.day.isoformat()}")
    lines += describe_page(board.page, board.total)
    buttons = [*build_page_buttons(board.page, board.total, page_id)]
    if ambiguous_date:
        other = f"top:o1:{board.period.value}:{ambiguous_date.other.isoformat()}"
        buttons.append(Button(label=f"{format_short_day(ambiguous_date.other)} instead", custom_id=other))
    if board.period in _INBOX_PERIODS:
        buttons.append(Button(label="To my inbox", custom_id="get:inbox"))
    if board.papers and shared_by is None:
        share_id = f"share-top:{board.page}:{board.period.value}:{board.day.isoformat()}"
        buttons.append(Button(label="Share", custom_id=share_id))
    blocks = _build_hit_blocks(map(Hit, board.papers), board.page, dated=has_several_days)
    return render_paper_page("\n".join(lines), blocks, build_rows(buttons), dated=has_several_days)


def render_posted_papers(
    period: str, hits: Sequence[Hit], *, total: int, page: int, shared_by: int | None = None
) -> LayoutView:
    """A page of what a server's digests highlighted within one of `AGES`."""
    span = f"The last {period}" if AGES[period] else period.capitalize()
    sharer = describe_sharer(shared_by)
    heading = f"{sharer}# Posted here\n**{span}** · {count_noun(total, 'paper')}, newest first"
    buttons = [*build_page_buttons(page, total, _make_page_id("posted", period))]
    if hits and shared_by is None:
        buttons.append(Button(label="Share", custom_id=f"share-posted:{page}:{period}"))
    lines = (heading, *describe_page(page, total))
    return render_paper_page("\n".join(lines), _build_hit_blocks(hits, page), build_rows(buttons))


def render_listed_papers(first: date, last: date, papers: Sequence[Paper], *, total: int, page: int) -> LayoutView:
    """A page of all papers that were listed on these days."""
    days = f"{format_short_day(first)} – {format_short_day(last)}"
    heading = f"# All papers\n**{days}** · {count_noun(total, 'paper')} by upvotes"
    rows = build_rows(build_page_buttons(page, total, _make_page_id("listed", f"{first}:{last}")))
    blocks = _build_hit_blocks(map(Hit, papers), page)
    return render_paper_page("\n".join((heading, *describe_page(page, total))), blocks, rows)


def render_similar_papers(paper: Paper, hits: Sequence[Hit], *, shared_by: int | None = None) -> LayoutView:
    heading = f"{describe_sharer(shared_by)}# Similar papers\nto **{make_link(paper.name, paper.url)}**"
    share = Button[LayoutView](label="Share", custom_id=f"share-similar:{paper.id}")
    return render_paper_page(heading, _build_hit_blocks(hits), build_rows([share] if shared_by is None else []))


def render_nearest_papers(query: Query, hits: Sequence[Hit]) -> LayoutView:
    """The papers nearest in meaning to the words of `query`."""
    heading = f"# Nearest in meaning\nto **{search_notes.render_query(query)}**"
    return render_paper_page(heading, _build_hit_blocks(hits), [])


def render_hub_results(
    query: Query, papers: Sequence[Paper], *, instead: bool = False, shared_by: int | None = None
) -> LayoutView:
    """Papers that Hugging Face has and the archive does not; `instead` if the archive has none at all."""
    archive = "no paper in the archive matches" if instead else "not in the archive yet"
    where = "On" if instead else "Also on"
    heading = f"{describe_sharer(shared_by)}# {where} Hugging Face\n**{search_notes.render_query(query)}** · {archive}"
    blocks = [_build_hit_block(position, Hit(paper), search_notes.HUB_MARK) for position, paper in enumerate(papers, 1)]
    return render_paper_page(heading, blocks, [])


def render_hits(heading: str, hits: Sequence[Hit], rows: Rows) -> LayoutView:
    """A page with these hits and nothing to turn, such as that of the papers in a message."""
    return render_paper_page(heading, _build_hit_blocks(hits), rows)


def name_period(period: Period, day: date) -> str:
    """`Thursday 28 May 2026`, `Week of 25 May 2026`, `May 2026`."""
    match period:
        case Period.DAY:
            return format_day(day)
        case Period.WEEK:
            return f"Week of {format_short_day(period.get_days(day)[0])}"
        case Period.MONTH:
            return f"{day:%B} {day.year}"
        case Period.YEAR:
            return str(day.year)
        case _:
            return "All time"


def _build_hit_blocks(hits: Iterator[Hit] | Sequence[Hit], page: int = 1, *, dated: bool = True) -> list[PaperBlock]:
    first = (page - 1) * PER_PAGE + 1
    return [_build_hit_block(position, hit, dated=dated) for position, hit in enumerate(hits, first)]


def _build_hit_block(position: int, hit: Hit, mark: str = "", *, dated: bool = True) -> PaperBlock:
    paper = hit.paper
    note = join_facts(describe_likeness(hit.likeness), describe_paper_listing(paper, dated=dated), mark)
    return PaperBlock(position, paper, paper.upvotes, paper.comments, note, hit.snippet, hit.posted_message)


def render_paper_page(
    heading: str, blocks: Sequence[PaperBlock], rows: Rows, *, dated: bool = True, are_saved: bool = False
) -> LayoutView:
    """The blocks under a heading, with a select for their details, buttons that save them, and other rows."""
    numbered = [] if are_saved else [(block.position, block.paper.id) for block in blocks]
    details = [build_details_select([block.paper for block in blocks], dated=dated)] if blocks else []
    controls: list[Item[LayoutView]] = [*details, *build_save_rows(numbered), *rows]
    room = compute_text_room(each.to_component_dict() for each in controls)
    room -= measure_text(heading) + measure_save_rows(numbered)
    papers = [build_paper_list(blocks, room)] if blocks else []
    return build_view(Container(TextDisplay(heading), Separator(), *papers, *controls, accent_colour=ACCENT))


def _make_page_id(prefix: str, suffix: str) -> PageId:
    return lambda button, number: f"{prefix}:{button}{number}:{suffix}"


def _count_pages(total: int) -> int:
    return min(MAX_PAGES, max(1, math.ceil(total / PER_PAGE)))


def describe_page(page: int, total: int) -> Iterator[str]:
    """Which page it is, if there are several."""
    if (last := _count_pages(total)) > 1:
        yield f"-# Page {page:,} of {last:,}"


def build_page_buttons(page: int, total: int, page_id: PageId) -> Iterator[Button[LayoutView]]:
    """The buttons that turn `page`, if there are several; with Share and Follow they are as wide as a phone."""
    if (last := _count_pages(total)) > 1:
        yield Button(label="Previous", custom_id=page_id("p", max(1, page - 1)), disabled=page <= 1)
        yield Button(label="Next", custom_id=page_id("n", min(last, page + 1)), disabled=page >= last)
