"""Saving a paper from wherever it is shown, and taking that back.

*Save* saves the paper, or removes it if it is saved: on any message, and however old that is. The buttons of the
answer do what they say, whatever happened meanwhile.
"""

import re

from bot.answering import reply
from bot.layouts.saving import render_removed, render_save_question, render_saved
from bot.refusals import Refusal, Refused
from cogs.helpers.cards import PAPER_PATTERN, get_or_fetch_paper
from cogs.helpers.controls import Control, Interaction, list_message_options, show_page


async def save_or_remove(interaction: Interaction, paper_id: str) -> None:
    """Answer with what was done. A paper that the archive has not got is fetched before it is saved."""
    services, user_id, now = interaction.client.services, interaction.user.id, interaction.client.services.clock()
    saved_papers = services.storage.saved_papers
    paper = await services.finder.get_paper(paper_id)
    if paper is None:
        if await saved_papers.remove(user_id, paper_id, now):
            await reply(interaction, render_removed(paper_id, None))
            return
        paper = await get_or_fetch_paper(interaction, paper_id)
    saved = await saved_papers.toggle(user_id, paper.id, now)
    await reply(interaction, render_saved(paper) if saved else render_removed(paper.id, paper))


class SaveControl(Control, kind="save", pattern=rf"(?:(?P<asks>which)|{PAPER_PATTERN})"):
    """*Save* on a card, the number of a paper under a list, or one that is picked."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        if match["paper"]:
            await save_or_remove(interaction, match["paper"])
            return
        papers = [(each.value, each.label) for each in list_message_options(interaction.message, "pick")]
        if not papers:
            raise Refused(Refusal.CONTROL_STALE)
        await reply(interaction, render_save_question(papers))


class SavingControl(Control, kind="saving", pattern=rf"(?P<action>again|undo):{PAPER_PATTERN}", in_place=True):
    """After a paper was saved, *Undo*; after it was removed, *Save again*."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        services, user_id, now = interaction.client.services, interaction.user.id, interaction.client.services.clock()
        if match["action"] == "undo":
            await services.storage.saved_papers.remove(user_id, match["paper"], now)
            paper = await services.finder.get_paper(match["paper"])
            await show_page(interaction, render_removed(match["paper"], paper))
            return
        paper = await get_or_fetch_paper(interaction, match["paper"])
        await services.storage.saved_papers.save(user_id, paper.id, now)
        await show_page(interaction, render_saved(paper))
