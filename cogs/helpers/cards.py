"""The card of a paper, and the buttons and selects that open it or are part of it."""

import re

from discord import app_commands

from bot.answering import defer_answer, reply
from bot.layouts.card import render_citation, render_paper_card
from bot.layouts.results import render_similar_papers
from bot.layouts.text import MAX_CHOICE, MAX_CHOICES, cut_plain
from bot.lookups.citations import CitationFormat
from bot.papers import ARXIV_ID, Paper
from bot.refusals import Refusal, Refused
from cogs.helpers.controls import Choices, Control, Interaction, get_viewer
from cogs.helpers.pages import (
    keep_queries,
    parse_query_today,
    reply_with_nothing_found,
    reply_with_results,
    search_results_page,
)

PAPER_OPTION = "Type words from its title and pick it, or enter its arXiv ID, a link or a DOI"
PAPER_PATTERN = rf"(?P<paper>{ARXIV_ID})"


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
    details = await interaction.client.services.finder.get_details(results.hits[0].paper, get_viewer(interaction))
    await reply(interaction, await keep_queries(interaction, results, render_paper_card(details, results)))


async def suggest_papers(interaction: Interaction, typed: str) -> Choices:
    """The papers to offer for what is typed so far."""
    services = interaction.client.services
    papers = await services.completer.complete_papers(typed, services.clock().date())
    return [app_commands.Choice(name=cut_plain(each.name, MAX_CHOICE), value=each.id) for each in papers[:MAX_CHOICES]]


async def reply_with_card(interaction: Interaction, paper: Paper) -> None:
    details = await interaction.client.services.finder.get_details(paper, get_viewer(interaction))
    await reply(interaction, render_paper_card(details))


async def reply_with_similar(interaction: Interaction, paper: Paper) -> None:
    hits = await interaction.client.services.finder.find_similar_papers(paper, get_viewer(interaction))
    await reply(interaction, render_similar_papers(paper, hits))


class DetailsButton(Control, kind="details", pattern=rf"{PAPER_PATTERN}(?::[0-9a-f]+)?"):
    """The Details button beside a paper of a digest; the digest's nonce follows the id."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        await reply_with_card(interaction, await get_or_fetch_paper(interaction, match["paper"]))


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


class CiteButton(Control, kind="cite", pattern=PAPER_PATTERN):
    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        paper = await get_or_fetch_paper(interaction, match["paper"])
        await reply(interaction, render_citation(paper, CitationFormat.BIBTEX))
