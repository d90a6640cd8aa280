"""Answers to a search that found nothing: what excluded everything, and buttons for what to try instead."""

from discord.ui import ActionRow, Button, Container, LayoutView, TextDisplay

from bot.layouts import search_notes
from bot.layouts.paper import ACCENT, build_view, make_details_id
from bot.layouts.query_buttons import (
    build_exclusion_buttons,
    build_hub_button,
    build_meaning_button,
    build_search_again_button,
    build_suggestion_buttons,
)
from bot.lookups.finder import SearchResults
from bot.refusals import Refusal


def render_nothing_found(results: SearchResults, hub: Refusal | None = None) -> LayoutView:
    """A message that nothing was found, with what may help; `hub` is why Hugging Face, which was asked, has no more."""
    query = results.query
    lines = "\n".join(search_notes.describe_nothing_found(results, hub))
    container: Container[LayoutView] = Container(TextDisplay(lines), accent_colour=ACCENT)
    beyond: list[Button[LayoutView]] = []
    if query.reference:
        beyond.append(Button(label="Look it up", custom_id=make_details_id(query.reference)))
    else:
        if any(query.list_texts()):
            if results.knows_meaning:
                beyond.append(build_meaning_button(query))
            if hub is not Refusal.HUB_HAS_NOTHING_NEW:
                beyond.append(build_hub_button(query))
        beyond.append(build_search_again_button(query))
    for buttons in (
        [*build_exclusion_buttons(results)],
        [*build_suggestion_buttons(results.suggestions)],
        beyond,
    ):
        if buttons:
            container.add_item(ActionRow(*buttons))
    return build_view(container)
