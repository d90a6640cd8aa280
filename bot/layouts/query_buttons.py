"""Buttons that lead to a search: without the part that excluded everything, on Hugging Face, or by meaning."""

from collections.abc import Iterator

from discord.ui import ActionRow, Button, LayoutView

from bot.layouts.paper import make_details_id
from bot.layouts.text import MAX_LABEL, cut_plain
from bot.lookups.finder import PER_PAGE, Exclusion, SearchResults
from bot.search import Part, Query
from bot.storage import get_query_key, has_to_be_stored
from bot.text import is_visible

MAX_BUTTONS = 5  # of a row
_PART = 40  # characters of a part of a query or a word, in a label
# Letters that keep these buttons of a message apart, and apart from those that turn its pages.
_SUGGESTIONS, _EXCLUSIONS, _ALL_RESULTS, _AS_TYPED = "abcde", "qrstu", "o", "l"


def make_query_id(start: str, query: str) -> str:
    """A custom_id with a query, or with the key of one that is too long and has to be stored."""
    return f"{start}#{get_query_key(query)}" if has_to_be_stored(query) else f"{start}:{query}"


def build_exclusion_buttons(results: SearchResults) -> Iterator[Button[LayoutView]]:
    """A button for each part that excluded everything; it searches for the rest."""
    exclusions = results.exclusions[:MAX_BUTTONS]
    several_phrases = sum(each.part is Part.PHRASE for each in exclusions) > 1
    for letter, each in zip(_EXCLUSIONS, exclusions, strict=False):
        label = _name_exclusion_button(each, names_phrase=several_phrases)
        yield Button(label=label, custom_id=make_query_id(f"find:{letter}1", each.rest))


def _name_exclusion_button(exclusion: Exclusion, *, names_phrase: bool) -> str:
    if exclusion.part is Part.DATES:
        return "Any time"
    if exclusion.part is Part.PHRASE and not names_phrase:
        return "Without quotes"
    return f"Without {cut_plain(exclusion.typed, _PART)}"


def build_as_typed_button(results: SearchResults) -> Button[LayoutView] | None:
    """Searches for just the words that were typed, if others were looked for."""
    if not results.is_reworded:
        return None
    only = cut_plain(results.corrections[0].typed, _PART) if len(results.corrections) == 1 else "what I typed"
    return Button(label=f"Only {only}", custom_id=make_query_id(f"find:{_AS_TYPED}1", results.uncorrected_text))


def build_suggestion_buttons(words: tuple[str, ...]) -> Iterator[Button[LayoutView]]:
    """A button for each of the words to try."""
    for letter, word in zip(_SUGGESTIONS, filter(is_visible, dict.fromkeys(words)), strict=False):
        yield Button(label=cut_plain(word, _PART), custom_id=make_query_id(f"find:{letter}1", word))


def build_search_again_button(query: Query) -> Button[LayoutView]:
    """Asks for other words, with those that were typed to begin with."""
    return Button(label="Search again", custom_id=make_query_id("search:again", query.text))


def build_hub_button(query: Query) -> Button[LayoutView]:
    return Button(label="Ask Hugging Face", custom_id=make_query_id("hub:1", query.text))


def build_meaning_button(query: Query) -> Button[LayoutView]:
    return Button(label="Nearest papers by meaning", custom_id=make_query_id("near:1", query.text))


def build_follow_button(query: str, label: str = "Follow") -> Button[LayoutView]:
    """Shows what following `query` would bring, to whoever clicks it."""
    return Button(label=label, custom_id=make_query_id("follow:q", query))


def build_other_hits(results: SearchResults) -> ActionRow[LayoutView] | None:
    """The hits of a page after its best one, as buttons, and one for the whole page if there are more."""
    hits = results.hits[1:PER_PAGE]
    buttons: list[Button[LayoutView]] = [
        Button(label=cut_plain(hit.paper.name, MAX_LABEL) or hit.paper.id, custom_id=make_details_id(hit.paper.id))
        for hit in hits
    ]
    if results.total > PER_PAGE:
        all_id = make_query_id(f"find:{_ALL_RESULTS}1", results.query.text)
        buttons.append(Button(label=f"All {results.total:,} papers", custom_id=all_id))
    return ActionRow(*buttons) if buttons else None
