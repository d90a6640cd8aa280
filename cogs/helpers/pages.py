"""Pages of papers, and the buttons that turn and share them; a page's whole state is in their custom_ids."""

import re
from datetime import date

import discord
from discord.ui import LayoutView

from bot.answering import reply
from bot.layouts.results import render_leaderboard, render_nothing_found, render_posted_papers, render_search_results
from bot.lookups.finder import AGES, SearchResults
from bot.ranking import Period
from bot.refusals import Refusal, Refused
from bot.search import AmbiguousDate, Query, parse_query
from cogs.helpers.controls import Control, Interaction, get_viewer, show_page

PAGE_NUMBER = r"(?P<page>[1-9]\d{0,4})"
PAGE_PATTERN = rf"[a-z]{PAGE_NUMBER}"  # the letter of the button, then the page it leads to


def parse_query_today(interaction: Interaction, text: str) -> Query:
    """The query in `text`, read as of today."""
    return parse_query(text, interaction.client.services.clock().date())


async def search_results_page(
    interaction: Interaction, query: Query, page: int, *, shared: bool = False
) -> SearchResults:
    """A page of what `query` finds; a page `shared` with everyone has no links to channels."""
    results = await interaction.client.services.finder.search_papers(
        query, page, None if shared else get_viewer(interaction)
    )
    if results.total and not results.hits:
        raise Refused(Refusal.PAGE_GONE)
    return results


async def reply_with_results(interaction: Interaction, query: Query, *, shared: bool = False) -> None:
    """Answer with the first page, `shared` with everyone if there is anything to share."""
    results = await search_results_page(interaction, query, 1, shared=shared)
    if results.total:
        await reply(interaction, render_search_results(results, shared=shared), ephemeral=not shared)
    else:
        await reply(interaction, render_nothing_found(results))


async def render_leaderboard_page(
    interaction: Interaction,
    period: Period,
    day: date,
    page: int,
    *,
    ambiguous_date: AmbiguousDate | None = None,
) -> LayoutView:
    services = interaction.client.services
    now = services.clock()
    board = await services.finder.build_leaderboard(period, day, page, now)
    if not board.papers and page > 1:
        raise Refused(Refusal.PAGE_GONE)
    if not board.papers:
        empty = Refusal.ARCHIVE_EMPTY if period is Period.ALL_TIME else Refusal.NOTHING_LISTED
        raise Refused(empty, text=now.date().isoformat())
    return render_leaderboard(board, ambiguous_date)


async def render_posted_page(interaction: Interaction, period: str, page: int) -> LayoutView:
    """A page of what this server's digests highlighted."""
    viewer, services = get_viewer(interaction), interaction.client.services
    if viewer is None:
        raise Refused(Refusal.POSTED_OUTSIDE_SERVER)
    hits, total = await services.finder.list_posted_papers(viewer, period, page, services.clock())
    if not hits:
        nothing = Refusal.NOTHING_POSTED if AGES[period] else Refusal.NOTHING_EVER_POSTED
        raise Refused(Refusal.PAGE_GONE if total else nothing, text=services.clock().date().isoformat())
    return render_posted_papers(period, hits, total=total, page=page)


def check_may_share(interaction: Interaction) -> None:
    """Refuses people who may not post a message here that everyone sees."""
    if interaction.guild_id is None:
        return
    in_thread = isinstance(interaction.channel, discord.Thread)
    needed = ["send_messages_in_threads" if in_thread else "send_messages"]
    if interaction.is_user_integration() and not interaction.is_guild_integration():
        needed.append("use_external_apps")  # the person installed the bot, not the server
    missing = [name for name in needed if not getattr(interaction.permissions, name)]
    if missing:
        raise Refused(Refusal.MAY_NOT_SHARE, permissions=missing)


async def _repeat_search(interaction: Interaction, match: re.Match[str], *, shared: bool = False) -> SearchResults:
    query = parse_query_today(interaction, match["query"])
    return await search_results_page(interaction, query, int(match["page"]), shared=shared)


class ResultsPageButton(Control, kind="find", pattern=rf"{PAGE_PATTERN}:(?P<query>.+)", in_place=True):
    """Shows a page of what a query finds."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        results = await _repeat_search(interaction, match)
        await show_page(interaction, render_search_results(results) if results.total else render_nothing_found(results))


class ShareButton(Control, kind="share", pattern=rf"{PAGE_NUMBER}:(?P<query>.+)"):
    """Shows everyone the page that one person sees."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        check_may_share(interaction)
        results = await _repeat_search(interaction, match, shared=True)
        if not results.total:
            raise Refused(Refusal.PAGE_GONE)
        await reply(interaction, render_search_results(results, shared=True), ephemeral=False)


class LeaderboardPageButton(
    Control, kind="top", pattern=rf"{PAGE_PATTERN}:(?P<period>[a-z ]+):(?P<day>\d{{4}}-\d\d-\d\d)", in_place=True
):
    """Shows a page of a leaderboard."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        try:
            period, day = Period(match["period"]), date.fromisoformat(match["day"])
        except ValueError:
            raise Refused(Refusal.CONTROL_STALE) from None
        await show_page(interaction, await render_leaderboard_page(interaction, period, day, int(match["page"])))


class PostedPageButton(Control, kind="posted", pattern=rf"{PAGE_PATTERN}:(?P<period>{'|'.join(AGES)})", in_place=True):
    """Shows a page of what a server's digests highlighted."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        await show_page(interaction, await render_posted_page(interaction, match["period"], int(match["page"])))


class QuietRunListButton(Control, kind="quiet", pattern=r"(?P<nonce>[0-9a-f]+)"):
    """Part of a quiet line; it shows the list that the run looked at."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        services, now = interaction.client.services, interaction.client.services.clock()
        sent_at = interaction.message.created_at if interaction.message else now
        await reply(
            interaction,
            render_leaderboard(await services.finder.build_quiet_run_leaderboard(match["nonce"], sent_at, now)),
        )
