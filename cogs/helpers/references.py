"""The papers that a text refers to: one as its card, several as a page."""

import re
from collections.abc import Sequence

from bot.answering import defer_answer, reply
from bot.layouts.references import make_papers_text, render_no_references, render_referenced_papers
from bot.papers import References, parse_paper_id
from bot.refusals import Refusal, Refused
from cogs.helpers.cards import reply_with_card
from cogs.helpers.controls import Control, Interaction, get_viewer, show_page
from cogs.helpers.pages import QUERY_PATTERN, find_text, keep_texts

MAX_PAPERS = 10  # of a message that are looked up and shown


async def reply_with_references(interaction: Interaction, found: References, words: str) -> None:
    """Answer with the papers that a message refers to, or with what can be done with its `words` if there are none."""
    if not found.paper_ids:
        await reply(interaction, render_no_references(found.others, words))
        return
    await _reply_with_papers(interaction, found.paper_ids[:MAX_PAPERS], len(found.paper_ids), found.others)


async def _reply_with_papers(
    interaction: Interaction, ids: Sequence[str], total: int, others: Sequence[str] = ()
) -> None:
    services = interaction.client.services
    if await services.storage.papers.list_unknown(ids):
        await defer_answer(interaction, in_place=interaction.message is not None)
    found = await services.finder.get_or_fetch_papers(ids, services.clock(), get_viewer(interaction))
    if total == 1 and found.hits:
        await reply_with_card(interaction, found.hits[0].paper)
        return
    view = render_referenced_papers(found, total=total, others=others)
    await show_page(interaction, await keep_texts(interaction, [make_papers_text(ids)], view))


class PapersButton(Control, kind="papers", pattern=rf"1{QUERY_PATTERN}", in_place=True):
    """Looks the papers of a message up again, after some could not be fetched."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        ids = list(dict.fromkeys(filter(None, map(parse_paper_id, (await find_text(interaction, match)).split()))))
        if not ids:
            raise Refused(Refusal.CONTROL_STALE)
        await _reply_with_papers(interaction, ids[:MAX_PAPERS], len(ids[:MAX_PAPERS]))
