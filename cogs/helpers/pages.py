"""Pages of papers, and the buttons that turn and share them, or search for something else.

A page's whole state is in their custom_ids; a query that is too long for them is stored.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date

from discord.ui import LayoutView

from bot.answering import defer_answer, open_modal, reply
from bot.feed_addresses import MAX_QUERY, FeedFormat
from bot.layouts.digest_foot import build_search_modal
from bot.layouts.feed_links import render_search_feed
from bot.layouts.no_results import render_nothing_found
from bot.layouts.results import (
    render_hub_results,
    render_leaderboard,
    render_listed_papers,
    render_nearest_papers,
    render_posted_papers,
    render_search_results,
)
from bot.lookups.finder import AGES, SearchResults
from bot.ranking import Period
from bot.refusals import Refusal, Refused
from bot.search import AmbiguousDate, Query, parse_query
from bot.storage import CANNOT_STORE, get_query_key, has_to_be_stored
from bot.text import join_lines
from cogs.helpers.controls import Control, Interaction, ModalHandler, get_everyones_viewer, get_viewer, show_page
from cogs.helpers.share_buttons import share_once

PAGE_NUMBER = r"(?P<page>[1-9]\d{0,4})"
PAGE_PATTERN = rf"[a-z]{PAGE_NUMBER}"  # the letter of the button, then the page it leads to
PERIOD_PATTERN = r"(?P<period>[a-z ]+):(?P<day>\d{4}-\d\d-\d\d)"
QUERY_PATTERN = r"(?::(?P<query>.+)|#(?P<key>[0-9a-f]{24}))"  # as `make_query_id` writes it

FETCH_SECONDS = 1.5  # that saving a filter waits for the papers it names; Discord waits three for the whole answer
STORE_SECONDS = 1.0  # that an answer waits for its queries to be stored
_STORING: set[asyncio.Task[None]] = set()  # what goes on afterwards


def parse_query_today(interaction: Interaction, text: str) -> Query:
    """The query in `text`, read as of today."""
    return parse_query(text, interaction.client.services.clock().date())


async def search_results_page(
    interaction: Interaction, query: Query, page: int, *, shared: bool = False
) -> SearchResults:
    """A page of what `query` finds; a page `shared` with everyone has no links to channels."""
    services = interaction.client.services
    await fetch_examples(interaction, query)
    results = await services.finder.search_papers(query, page, None if shared else get_viewer(interaction))
    if results.total and not results.hits:
        raise Refused(Refusal.PAGE_GONE)
    return results


async def fetch_examples(interaction: Interaction, query: Query) -> None:
    """Fetch the papers that `query` compares others with, if some are missing; then the answer is deferred first."""
    services = interaction.client.services
    if query.reference is None and await services.finder.list_missing_examples(query):
        await defer_answer(interaction)
        await services.finder.fetch_examples(query, services.clock())


async def try_to_fetch_examples(interaction: Interaction, filter_: str) -> None:
    """The same for a filter that was typed, if it goes fast; the caveats name what is still missing."""
    services = interaction.client.services
    with suppress(Refused, TimeoutError):
        async with asyncio.timeout(FETCH_SECONDS):
            await services.finder.fetch_examples(parse_query_today(interaction, filter_), services.clock())


async def keep_queries(interaction: Interaction, results: SearchResults, view: LayoutView) -> LayoutView:
    """`view`, after storing those queries of its buttons that their custom_ids lack; without it, they say so.

    The answer does not wait long for that, as it needs no write itself.
    """
    return await keep_texts(interaction, results.list_queries(), view)


async def keep_texts(interaction: Interaction, texts: Iterable[str], view: LayoutView) -> LayoutView:
    """`view`, after storing those of these texts whose keys are in its custom_ids."""
    ids = " ".join(getattr(each, "custom_id", None) or "" for each in view.walk_children())  # a link has none
    needed = [each for each in texts if has_to_be_stored(each) and get_query_key(each) in ids]
    if needed:
        storing = asyncio.create_task(_store_queries(interaction, needed))
        _STORING.add(storing)
        storing.add_done_callback(_STORING.discard)
        await asyncio.wait({storing}, timeout=STORE_SECONDS)
    return view


async def _store_queries(interaction: Interaction, queries: Sequence[str]) -> None:
    services = interaction.client.services
    with suppress(*CANNOT_STORE):
        await services.storage.stored_queries.store(queries, services.clock())


async def reply_with_results(interaction: Interaction, query: Query, *, shared: bool = False) -> bool:
    """Answer with the first page, `shared` with everyone if there is anything to share.

    Words that the archive has nothing for are looked up on Hugging Face at once; returns whether they were.
    """
    results = await search_results_page(interaction, query, 1, shared=shared)
    if results.total:
        view = _render_results(interaction, results, interaction.user.id if shared else None)
        await reply(interaction, await keep_queries(interaction, results, view), ephemeral=not shared)
        return False
    return await reply_with_nothing_found(interaction, results, shared=shared)


def _render_results(interaction: Interaction, results: SearchResults, shared_by: int | None = None) -> LayoutView:
    with_feed = interaction.client.feeds is not None and results.is_as_typed and not results.query.has_foreign_link
    return render_search_results(results, shared_by=shared_by, with_feed=with_feed)


async def reply_with_nothing_found(interaction: Interaction, results: SearchResults, *, shared: bool = False) -> bool:
    """Answer that the archive has nothing, with what Hugging Face has if words were looked for."""
    query = results.query
    if query.reference or not query.has_only_words or results.progress:
        await reply(interaction, await keep_queries(interaction, results, render_nothing_found(results)))
        return False
    try:
        papers = await interaction.client.services.finder.search_beyond_archive(query)
    except Refused as refused:
        view = render_nothing_found(results, refused.refusal)
        await reply(interaction, await keep_queries(interaction, results, view))
    else:
        view = render_hub_results(query, papers, instead=True, shared_by=interaction.user.id if shared else None)
        await reply(interaction, view, ephemeral=not shared)
    return True


async def render_leaderboard_page(
    interaction: Interaction,
    period: Period,
    day: date,
    page: int,
    *,
    ambiguous_date: AmbiguousDate | None = None,
    shared_by: int | None = None,
) -> LayoutView:
    services = interaction.client.services
    now = services.clock()
    board = await services.finder.build_leaderboard(period, day, page, now)
    if not board.papers and page > 1:
        raise Refused(Refusal.PAGE_GONE)
    if not board.papers:
        empty = Refusal.ARCHIVE_EMPTY if period is Period.ALL_TIME else Refusal.NOTHING_LISTED
        raise Refused(empty, text=now.date().isoformat())
    return render_leaderboard(board, ambiguous_date, shared_by=shared_by)


async def render_posted_page(
    interaction: Interaction, period: str, page: int, *, shared_by: int | None = None
) -> LayoutView:
    """A page of what this server's digests highlighted; a shared one has only what everyone may see."""
    services = interaction.client.services
    viewer = get_everyones_viewer(interaction) if shared_by else get_viewer(interaction)
    if viewer is None:
        raise Refused(Refusal.POSTED_OUTSIDE_SERVER)
    hits, total = await services.finder.list_posted_papers(viewer, period, page, services.clock())
    if not hits and shared_by:
        raise Refused(Refusal.NOTHING_TO_SHARE)
    if not hits:
        nothing = Refusal.NOTHING_POSTED if AGES[period] else Refusal.NOTHING_EVER_POSTED
        raise Refused(Refusal.PAGE_GONE if total else nothing, text=services.clock().date().isoformat())
    return render_posted_papers(period, hits, total=total, page=page, shared_by=shared_by)


async def find_text(interaction: Interaction, match: re.Match[str]) -> str:
    """The text of a button that matches `QUERY_PATTERN`: in its custom_id, or stored. Raises `Refused`."""
    text: str | None = match["query"]
    if text is None:
        services = interaction.client.services
        text = await services.storage.stored_queries.find(match["key"])
    if text is None:
        raise Refused(Refusal.SEARCH_EXPIRED)
    return text


async def find_optional_text(interaction: Interaction, match: re.Match[str]) -> str:
    """The text of a button that may have none, and is then empty. Raises `Refused`."""
    return await find_text(interaction, match) if match["query"] or match["key"] else ""


async def _find_query(interaction: Interaction, match: re.Match[str]) -> Query:
    return parse_query_today(interaction, await find_text(interaction, match))


async def _repeat_search(interaction: Interaction, match: re.Match[str], *, shared: bool = False) -> SearchResults:
    query = await _find_query(interaction, match)
    return await search_results_page(interaction, query, int(match["page"]), shared=shared)


class ResultsPageButton(Control, kind="find", pattern=rf"{PAGE_PATTERN}{QUERY_PATTERN}", in_place=True):
    """Shows a page of what a query finds."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        results = await _repeat_search(interaction, match)
        view = _render_results(interaction, results) if results.total else render_nothing_found(results)
        await show_page(interaction, await keep_queries(interaction, results, view))


class ShareButton(Control, kind="share", pattern=rf"{PAGE_NUMBER}{QUERY_PATTERN}"):
    """Shows everyone the page that one person sees."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        with share_once(interaction) as sharer:
            results = await _repeat_search(interaction, match, shared=True)
            if not results.total:
                raise Refused(Refusal.PAGE_GONE)
            view = _render_results(interaction, results, sharer)
            await reply(interaction, await keep_queries(interaction, results, view), ephemeral=False)


class FeedButton(Control, kind="feed", pattern=rf"1{QUERY_PATTERN}"):
    """Gives the addresses of the feed of what a query finds."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        feeds, text = interaction.client.feeds, await find_text(interaction, match)
        if feeds is None:
            raise Refused(Refusal.NO_FEEDS)
        atom, json = (feeds.build_search(text, each) for each in FeedFormat)
        if atom is None or json is None:
            raise Refused(Refusal.FEED_TOO_LONG, number=MAX_QUERY)
        await reply(interaction, await keep_texts(interaction, [text], render_search_feed(text, atom, json)))


class HubButton(Control, kind="hub", pattern=rf"1{QUERY_PATTERN}"):
    """Asks Hugging Face for papers that the archive does not have."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        query = await _find_query(interaction, match)
        papers = await interaction.client.services.finder.search_beyond_archive(query)
        await reply(interaction, render_hub_results(query, papers))


class MeaningButton(Control, kind="near", pattern=rf"1{QUERY_PATTERN}"):
    """Shows the papers nearest in meaning to the words of a query."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        query = await _find_query(interaction, match)
        finder = interaction.client.services.finder
        hits = await finder.find_nearest_in_meaning(query, get_viewer(interaction))
        await reply(interaction, render_nearest_papers(query, hits))


class LeaderboardPageButton(Control, kind="top", pattern=rf"{PAGE_PATTERN}:{PERIOD_PATTERN}", in_place=True):
    """Shows a page of a leaderboard."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        period, day = _read_period(match)
        await show_page(interaction, await render_leaderboard_page(interaction, period, day, int(match["page"])))


class ShareLeaderboardButton(Control, kind="share-top", pattern=rf"{PAGE_NUMBER}:{PERIOD_PATTERN}"):
    """Shows everyone a page of a leaderboard."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        with share_once(interaction) as sharer:
            period, day = _read_period(match)
            view = await render_leaderboard_page(interaction, period, day, int(match["page"]), shared_by=sharer)
            await reply(interaction, view, ephemeral=False)


def _read_period(match: re.Match[str]) -> tuple[Period, date]:
    try:
        return Period(match["period"]), date.fromisoformat(match["day"])
    except ValueError:
        raise Refused(Refusal.CONTROL_STALE) from None


class ListedPageButton(
    Control,
    kind="listed",
    pattern=rf"{PAGE_PATTERN}:(?P<first>\d{{4}}-\d\d-\d\d):(?P<last>\d{{4}}-\d\d-\d\d)",
    in_place=True,
):
    """Shows a page of the papers that were listed on the days of a digest."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        try:
            first, last = date.fromisoformat(match["first"]), date.fromisoformat(match["last"])
        except ValueError:
            raise Refused(Refusal.CONTROL_STALE) from None
        page = int(match["page"])
        papers, total = await interaction.client.services.finder.list_listed_papers(first, last, page)
        if not papers:
            raise Refused(Refusal.PAGE_GONE)
        await show_page(interaction, render_listed_papers(first, last, papers, total=total, page=page))


class SearchButton(Control, kind="search", pattern=rf"(?:new|again{QUERY_PATTERN})"):
    """Asks what to search for; *Search again* begins with what was typed before."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        await open_modal(interaction, build_search_modal(await find_optional_text(interaction, match)))


class SearchModal(ModalHandler, kind="search", pattern="typed"):
    """What somebody typed to search for."""

    async def answer(self, interaction: Interaction, match: re.Match[str], typed: Mapping[str, str]) -> None:  # noqa: ARG002
        query = join_lines(typed.get("query", ""))
        if not query:
            raise Refused(Refusal.QUERY_EMPTY)
        await reply_with_results(interaction, parse_query_today(interaction, query))


class PostedPageButton(Control, kind="posted", pattern=rf"{PAGE_PATTERN}:(?P<period>{'|'.join(AGES)})", in_place=True):
    """Shows a page of what a server's digests highlighted."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        await show_page(interaction, await render_posted_page(interaction, match["period"], int(match["page"])))


class SharePostedButton(Control, kind="share-posted", pattern=rf"{PAGE_NUMBER}:(?P<period>{'|'.join(AGES)})"):
    """Shows everyone a page of what a server's digests highlighted, in channels that everyone may see."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        with share_once(interaction) as sharer:
            view = await render_posted_page(interaction, match["period"], int(match["page"]), shared_by=sharer)
            await reply(interaction, view, ephemeral=False)


class QuietRunListButton(Control, kind="quiet", pattern=r"(?P<nonce>[0-9a-f]+)"):
    """Part of a quiet line; it shows the list that the run looked at."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        services, now = interaction.client.services, interaction.client.services.clock()
        sent_at = interaction.message.created_at if interaction.message else now
        await reply(
            interaction,
            render_leaderboard(await services.finder.build_quiet_run_leaderboard(match["nonce"], sent_at, now)),
        )
