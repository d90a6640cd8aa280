"""The card of a paper, and what leads to it and on from it."""

import re

from bot.citing import Format
from bot.client import Mistake, reply
from bot.layouts import replies
from bot.layouts.card import details_card
from bot.layouts.citation import citation
from bot.layouts.results import similar_message
from bot.papers import ARXIV_ID, Paper
from bot.papers.api import PapersUnavailable
from cogs.controls import Control, Interaction, place
from cogs.pages import read_query, show_found

PAPER = rf"(?P<paper>{ARXIV_ID})"


async def known_paper(interaction: Interaction, reference: str) -> Paper:
    """The paper with this id; one that is not in the archive is fetched, while Discord says that we think.

    Raises `Mistake`.
    """
    house = interaction.client.house
    papers = await house.storage.papers.get([reference])
    if papers:
        return papers[0]
    await interaction.response.defer(ephemeral=True, thinking=True)
    try:
        paper = await house.archive.fetch(reference, house.clock())
    except PapersUnavailable as error:
        raise Mistake(replies.PAPERS_DOWN) from error
    if paper is None:
        raise Mistake(replies.NO_SUCH_PAPER.format(reference))
    return paper


async def show_card(interaction: Interaction, paper: Paper) -> None:
    details = await interaction.client.house.finder.details(paper, place(interaction))
    await reply(interaction, details_card(details))


async def show_similar(interaction: Interaction, paper: Paper) -> None:
    hits = await interaction.client.house.finder.similar(paper, place(interaction))
    await reply(interaction, similar_message(paper, hits) if hits else replies.NOTHING_SIMILAR)


class DetailsButton(Control, kind="details", form=rf"{PAPER}(?::[0-9a-f]+)?"):
    """Stands under a paper of a digest, whose nonce follows the id."""

    async def answer(self, interaction: Interaction, said: re.Match[str]) -> None:
        await show_card(interaction, await known_paper(interaction, said["paper"]))


class PickSelect(Control, kind="pick", form=PAPER):
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
