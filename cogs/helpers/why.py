"""Why a paper came to somebody, or what keeps it: `/following` with a paper, and its buttons.

Whoever asks learns only about what they follow themselves.
"""

import re
from collections.abc import Mapping

from bot.answering import open_modal
from bot.layouts import why as layout
from bot.papers import Paper
from bot.text import join_lines
from cogs.helpers.cards import PAPER_PATTERN, find_referenced_paper, get_or_fetch_paper
from cogs.helpers.controls import Control, Interaction, ModalHandler, show_page
from cogs.helpers.following import make_mute_key, undo_mute


async def explain_paper(interaction: Interaction, typed: str) -> None:
    """Say why a paper that is referred to, or described, came to the person, or didn't."""
    await _show_explanation(interaction, await find_referenced_paper(interaction, join_lines(typed)))


async def _show_explanation(interaction: Interaction, paper: Paper) -> None:
    services = interaction.client.services
    given = await services.personal_explainer.explain_paper(interaction.user.id, paper, services.clock())
    view = layout.render_personal_explanation(given, [*map(make_mute_key, given.muted)])
    await show_page(interaction, view)


class WhyControl(Control, kind="why", pattern=rf"(?:ask|undo:{PAPER_PATTERN}:(?P<key>[0-9a-f]{{24}}))", in_place=True):
    """Asks for a paper, or undoes what keeps one back; then it says what that changed."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        if match["key"] is None:
            await open_modal(interaction, layout.build_why_modal())
            return
        paper = await get_or_fetch_paper(interaction, match["paper"])
        await undo_mute(interaction, match["key"])
        await _show_explanation(interaction, paper)


class WhyModal(ModalHandler, kind="why", pattern="typed"):
    """The paper that somebody typed."""

    async def answer(self, interaction: Interaction, match: re.Match[str], typed: Mapping[str, str]) -> None:  # noqa: ARG002
        await explain_paper(interaction, typed.get("paper", ""))
