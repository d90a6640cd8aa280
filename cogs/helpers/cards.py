"""The card of a paper, and the buttons and selects that open it or are part of it."""

import re

from discord import app_commands

from bot.answering import announce, reply
from bot.layouts.card import citation, details_card
from bot.layouts.results import similar_message
from bot.layouts.text import MAX_CHOICE, MAX_CHOICES, plain
from bot.lookups.citations import Format
from bot.papers import ARXIV_ID, Paper
from bot.refusals import Refusal, Refused
from cogs.helpers.controls import Choices, Control, Interaction, place
from cogs.helpers.pages import read_query, show_found

A_PAPER = "Type words from its title and pick it, or enter its arXiv ID, a link or a DOI"
PAPER = rf"(?P<paper>{ARXIV_ID})"


async def known_paper(interaction: Interaction, reference: str) -> Paper:
    """The paper with this id. If it is not in the archive, it is fetched; the answer is announced first."""
    house = interaction.client.house
    if paper := await house.finder.known(reference):
        return paper
    await announce(interaction)
    return await house.finder.fetch(reference, house.clock())


async def meant_paper(interaction: Interaction, wanted: str) -> Paper:
    """The paper that is meant by a reference, or by words that describe it."""
    query = read_query(interaction, wanted)
    if query.reference:
        return await known_paper(interaction, query.reference)
    return await interaction.client.house.finder.best(query)


async def paper_choices(interaction: Interaction, typed: str) -> Choices:
    """The papers to offer for what is typed so far."""
    house = interaction.client.house
    papers = await house.completer.papers(typed, house.clock().date())
    return [app_commands.Choice(name=plain(each.name, MAX_CHOICE), value=each.id) for each in papers[:MAX_CHOICES]]


async def show_card(interaction: Interaction, paper: Paper) -> None:
    details = await interaction.client.house.finder.details(paper, place(interaction))
    await reply(interaction, details_card(details))


async def show_similar(interaction: Interaction, paper: Paper) -> None:
    hits = await interaction.client.house.finder.similar(paper, place(interaction))
    if not hits:
        raise Refused(Refusal.NOTHING_SIMILAR)
    await reply(interaction, similar_message(paper, hits))


class DetailsButton(Control, kind="details", form=rf"{PAPER}(?::[0-9a-f]+)?"):
    """The Details button beside a paper of a digest; the digest's nonce follows the id."""

    async def answer(self, interaction: Interaction, said: re.Match[str]) -> None:
        await show_card(interaction, await known_paper(interaction, said["paper"]))


class PickSelect(Control, kind="pick", form=rf"(?:[0-9a-f]+:)?{PAPER}"):
    """Opens the card of one of a page's papers."""

    async def answer(self, interaction: Interaction, said: re.Match[str]) -> None:
        await show_card(interaction, await known_paper(interaction, said["paper"]))


class TagSelect(Control, kind="tag", form=r"(?P<tag>.+)"):
    """Searches for one of a paper's tags."""

    async def answer(self, interaction: Interaction, said: re.Match[str]) -> None:
        await show_found(interaction, read_query(interaction, f'tag:"{said["tag"]}"'))


class SimilarButton(Control, kind="similar", form=PAPER):
    async def answer(self, interaction: Interaction, said: re.Match[str]) -> None:
        await show_similar(interaction, await known_paper(interaction, said["paper"]))


class CiteButton(Control, kind="cite", form=PAPER):
    async def answer(self, interaction: Interaction, said: re.Match[str]) -> None:
        paper = await known_paper(interaction, said["paper"])
        await reply(interaction, citation(paper, Format.BIBTEX))
