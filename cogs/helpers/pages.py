"""Pages of papers, and the buttons that turn and share them; a page's whole state is in their custom_ids."""

import re
from datetime import date

import discord
from discord.ui import LayoutView

from bot.answering import reply
from bot.layouts.results import found_message, leaderboard_message, nothing_message, posted_message
from bot.lookups.finder import AGES, Results
from bot.ranking import Period
from bot.refusals import Refusal, Refused
from bot.search import Query, parse
from cogs.helpers.controls import Control, Interaction, place, turn

NUMBER = r"(?P<page>[1-9]\d{0,4})"
PAGE = rf"[a-z]{NUMBER}"  # the letter of the button, then the page it leads to


def read_query(interaction: Interaction, text: str) -> Query:
    """The query in `text`, read as of today."""
    return parse(text, interaction.client.house.clock().date())


async def found_page(interaction: Interaction, query: Query, page: int, *, shared: bool = False) -> Results:
    """A page of what `query` finds; a page `shared` with everyone has no links to channels."""
    results = await interaction.client.house.finder.page(query, page, None if shared else place(interaction))
    if results.total and not results.hits:
        raise Refused(Refusal.PAGE_GONE)
    return results


async def show_found(interaction: Interaction, query: Query, *, shared: bool = False) -> None:
    """Answer with the first page, `shared` with everyone if there is anything to share."""
    results = await found_page(interaction, query, 1, shared=shared)
    if results.total:
        await reply(interaction, found_message(results, shared=shared), ephemeral=not shared)
    else:
        await reply(interaction, nothing_message(results))


async def leaderboard_page(
    interaction: Interaction, period: Period, day: date, page: int, *, if_empty: Refusal = Refusal.PAGE_GONE
) -> LayoutView:
    house = interaction.client.house
    board = await house.finder.leaderboard(period, day, page, house.clock())
    if not board.papers:
        raise Refused(if_empty)
    return leaderboard_message(board)


async def posted_page(interaction: Interaction, period: str, page: int) -> LayoutView:
    """A page of what this server's digests highlighted."""
    here, house = place(interaction), interaction.client.house
    if here is None:
        raise Refused(Refusal.POSTED_OUTSIDE_SERVER)
    hits, total = await house.finder.posted(here, period, page, house.clock())
    if not hits:
        raise Refused(Refusal.PAGE_GONE if total else Refusal.NOTHING_POSTED)
    return posted_message(period, hits, total=total, page=page)


def check_may_share(interaction: Interaction) -> None:
    """Refuses people who may not post a message here that everyone sees."""
    missing = [name for name in _needed_to_share(interaction) if not getattr(interaction.permissions, name)]
    if missing:
        raise Refused(Refusal.MAY_NOT_SHARE, permissions=missing)


def _needed_to_share(interaction: Interaction) -> list[str]:
    if interaction.guild_id is None:
        return []
    in_thread = isinstance(interaction.channel, discord.Thread)
    needed = ["send_messages_in_threads" if in_thread else "send_messages"]
    brought_along = interaction.is_user_integration() and not interaction.is_guild_integration()
    return [*needed, "use_external_apps"] if brought_along else needed


async def _found(interaction: Interaction, said: re.Match[str], *, shared: bool = False) -> Results:
    return await found_page(interaction, read_query(interaction, said["query"]), int(said["page"]), shared=shared)


class FoundPage(Control, kind="find", form=rf"{PAGE}:(?P<query>.+)", in_place=True):
    """Shows a page of what a query finds."""

    async def answer(self, interaction: Interaction, said: re.Match[str]) -> None:
        results = await _found(interaction, said)
        await turn(interaction, found_message(results) if results.total else nothing_message(results))


class ShareButton(Control, kind="share", form=rf"{NUMBER}:(?P<query>.+)"):
    """Shows everyone the page that one person sees."""

    async def answer(self, interaction: Interaction, said: re.Match[str]) -> None:
        check_may_share(interaction)
        results = await _found(interaction, said, shared=True)
        if not results.total:
            raise Refused(Refusal.PAGE_GONE)
        await reply(interaction, found_message(results, shared=True), ephemeral=False)


class TopPage(Control, kind="top", form=rf"{PAGE}:(?P<period>[a-z ]+):(?P<day>\d{{4}}-\d\d-\d\d)", in_place=True):
    """Shows a page of a leaderboard."""

    async def answer(self, interaction: Interaction, said: re.Match[str]) -> None:
        try:
            period, day = Period(said["period"]), date.fromisoformat(said["day"])
        except ValueError:
            raise Refused(Refusal.CONTROL_STALE) from None
        await turn(interaction, await leaderboard_page(interaction, period, day, int(said["page"])))


class PostedPage(Control, kind="posted", form=rf"{PAGE}:(?P<period>{'|'.join(AGES)})", in_place=True):
    """Shows a page of what a server's digests highlighted."""

    async def answer(self, interaction: Interaction, said: re.Match[str]) -> None:
        await turn(interaction, await posted_page(interaction, said["period"], int(said["page"])))


class QuietButton(Control, kind="quiet", form=r"(?P<nonce>[0-9a-f]+)"):
    """Part of the note of a quiet run; it shows the list that the run looked at."""

    async def answer(self, interaction: Interaction, said: re.Match[str]) -> None:
        house, now = interaction.client.house, interaction.client.house.clock()
        sent_at = interaction.message.created_at if interaction.message else now
        await reply(interaction, leaderboard_message(await house.finder.list_behind(said["nonce"], sent_at, now)))
