"""The card of a paper, and the buttons and selects that open it or are part of it."""

import io
import re
from random import SystemRandom

import discord
from discord import app_commands
from discord.ui import LayoutView

from bot.answering import defer_answer, reply
from bot.citations import CitationFormat, build_citation_file, fit_citation
from bot.layouts.card import BY_ITSELF, CardContext, has_figure, render_paper_card
from bot.layouts.citation import MAX_CITATION, render_citation
from bot.layouts.results import render_similar_papers
from bot.layouts.text import MAX_CHOICE, MAX_CHOICES, cut_plain
from bot.papers import ARXIV_ID, Paper
from bot.refusals import Refusal, Refused
from bot.search import Query
from cogs.helpers.controls import Choices, Control, Interaction, get_viewer, may_attach_files, show_page
from cogs.helpers.pages import (
    QUERY_PATTERN,
    fetch_examples,
    find_optional_text,
    keep_queries,
    keep_texts,
    parse_query_today,
    reply_with_nothing_found,
    reply_with_results,
    search_results_page,
)
from cogs.helpers.share_buttons import share_once

PAPER_OPTION = "Type words from its title and pick it, or enter its arXiv ID, a link or a DOI"
PAPER_PATTERN = rf"(?P<paper>{ARXIV_ID})"
_RANDOMNESS = SystemRandom()


async def get_or_fetch_paper(interaction: Interaction, reference: str) -> Paper:
    """The paper with this id. If it is not in the archive, it is fetched; the answer is deferred first."""
    services = interaction.client.services
    if paper := await services.finder.get_paper(reference):
        return paper
    await defer_answer(interaction)
    return await services.finder.fetch_paper(reference, services.clock())


async def find_referenced_paper(interaction: Interaction, typed: str) -> Paper:
    """The paper that is meant by a reference, or by words that describe it."""
    query = parse_query_today(interaction, typed)
    if query.reference:
        return await get_or_fetch_paper(interaction, query.reference)
    return await interaction.client.services.finder.find_best_match(query)


async def reply_with_best_match(interaction: Interaction, typed: str) -> None:
    """Answer with the card of a paper that is referred to, or that fits a description best, with the next best ones."""
    query = parse_query_today(interaction, typed)
    if query.reference:
        await reply_with_card(interaction, await get_or_fetch_paper(interaction, query.reference))
        return
    if not query.text:
        raise Refused(Refusal.PAPER_UNKNOWN)
    results = await search_results_page(interaction, query, 1)
    if not results.hits:
        await reply_with_nothing_found(interaction, results)
        return
    await reply_with_card(interaction, results.hits[0].paper, CardContext(results))


async def suggest_papers(interaction: Interaction, typed: str) -> Choices:
    """The papers to offer for what is typed so far."""
    services = interaction.client.services
    papers = await services.completer.complete_papers(typed, services.clock().date())
    return [app_commands.Choice(name=cut_plain(each.name, MAX_CHOICE), value=each.id) for each in papers[:MAX_CHOICES]]


async def reply_with_card(interaction: Interaction, paper: Paper, context: CardContext = BY_ITSELF) -> None:
    """Answer with the card of `paper`, for everyone if somebody shares it; without its figure if Discord rejects it."""
    is_shared = context.shared_by is not None
    card, simpler = await _render_card(interaction, paper, context)
    await reply(interaction, card, ephemeral=not is_shared, simpler=simpler)


async def _render_card(
    interaction: Interaction, paper: Paper, context: CardContext
) -> tuple[LayoutView, LayoutView | None]:
    """The card, and one without a figure if it has one. A shared one has no links to channels."""
    viewer = None if context.shared_by else get_viewer(interaction)
    details = await interaction.client.services.finder.get_details(paper, viewer)
    card = render_paper_card(details, context)
    if context.results:
        await keep_queries(interaction, context.results, card)
    if context.drawn_from:
        await keep_texts(interaction, [context.drawn_from], card)
    return card, render_paper_card(details, context, with_figure=False) if has_figure(paper) else None


async def show_random_paper(interaction: Interaction, query: Query, *, other_than: str = "") -> None:
    """Show a random paper that matches `query`, if possible another one; a button draws again, in the same message."""
    await fetch_examples(interaction, query)
    paper = await interaction.client.services.finder.pick_random_paper(query, _RANDOMNESS, other_than=other_than)
    if paper is None:
        raise Refused(Refusal.NOTHING_MATCHES if query.text else Refusal.ARCHIVE_EMPTY, text=query.text)
    card, simpler = await _render_card(interaction, paper, CardContext(drawn_from=query.text))
    await show_page(interaction, card, simpler=simpler)


async def reply_with_similar(interaction: Interaction, paper: Paper, *, shared_by: int | None = None) -> None:
    viewer = None if shared_by else get_viewer(interaction)
    hits = await interaction.client.services.finder.find_similar_papers(paper, viewer)
    await reply(interaction, render_similar_papers(paper, hits, shared_by=shared_by), ephemeral=shared_by is None)


async def reply_with_citation(interaction: Interaction, paper: Paper, format_: CitationFormat) -> None:
    view, files = _cite(interaction, paper, format_)
    await reply(interaction, view, file=files[0] if files else None)


def _cite(interaction: Interaction, paper: Paper, format_: CitationFormat) -> tuple[LayoutView, list[discord.File]]:
    """The citation as a message, with a file that has all of it if it does not fit and files are allowed here."""
    fitted = fit_citation(paper, format_, MAX_CITATION)
    if fitted.is_whole or not may_attach_files(interaction):
        return render_citation(paper, format_, fitted), []
    whole = build_citation_file(paper, format_)
    view = render_citation(paper, format_, fitted, whole.name)
    return view, [discord.File(io.BytesIO(whole.content), whole.name)]


class DetailsButton(Control, kind="details", pattern=rf"{PAPER_PATTERN}(?::[0-9a-f]+)?"):
    """The Details button beside a paper of a digest; the digest's nonce follows the id."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        await reply_with_card(interaction, await get_or_fetch_paper(interaction, match["paper"]))


class ShareCardButton(Control, kind="share-card", pattern=PAPER_PATTERN):
    """Shows everyone a paper's card."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        with share_once(interaction) as sharer:
            paper = await get_or_fetch_paper(interaction, match["paper"])
            await reply_with_card(interaction, paper, CardContext(shared_by=sharer))


class ShareSimilarButton(Control, kind="share-similar", pattern=PAPER_PATTERN):
    """Shows everyone the papers similar to one."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        with share_once(interaction) as sharer:
            await reply_with_similar(
                interaction, await get_or_fetch_paper(interaction, match["paper"]), shared_by=sharer
            )


class AnotherButton(Control, kind="another", pattern=rf"{PAPER_PATTERN}(?:{QUERY_PATTERN})?", in_place=True):
    """Draws another paper than the one that is shown, from what the same query finds."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        query = parse_query_today(interaction, await find_optional_text(interaction, match))
        await show_random_paper(interaction, query, other_than=match["paper"])


class DetailsSelect(Control, kind="pick", pattern=rf"(?:[0-9a-f]+:)?{PAPER_PATTERN}"):
    """Opens the card of one of a page's papers."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        await reply_with_card(interaction, await get_or_fetch_paper(interaction, match["paper"]))


class TagSelect(Control, kind="tag", pattern=r"(?P<tag>.+)"):
    """Searches for one of a paper's tags."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        await reply_with_results(interaction, parse_query_today(interaction, f'tag:"{match["tag"]}"'))


class SimilarButton(Control, kind="similar", pattern=PAPER_PATTERN):
    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        await reply_with_similar(interaction, await get_or_fetch_paper(interaction, match["paper"]))


class CiteControl(
    Control, kind="cite", pattern=rf"{PAPER_PATTERN}(?::(?P<format>{'|'.join(CitationFormat)}))?", in_place=True
):
    """The Cite button of a card, and the select that shows a citation in another format."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        paper = await get_or_fetch_paper(interaction, match["paper"])
        if match["format"]:
            view, files = _cite(interaction, paper, CitationFormat(match["format"]))
            await show_page(interaction, view, files=files)
        else:
            await reply_with_citation(interaction, paper, CitationFormat.BIBTEX)
