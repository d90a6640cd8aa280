"""The buttons that save a paper: one on its card, and under a list a small one with each paper's number."""

from collections.abc import Iterator, Sequence

from discord.ui import ActionRow, Button, Item, LayoutView, TextDisplay

from bot.layouts.text import measure_text

SAVED_PAGE = "saved:e1:"  # the custom_id of the button that opens what one has saved
_MOST_NUMBERS = 10  # papers of a list that each have a button
_PER_ROW = 5
_OVER_NUMBERS = "-# Save for later"


def build_save_button(paper_id: str) -> Button[LayoutView]:
    """Saves a paper for whoever clicks it; a second click removes it."""
    return Button(label="Save", custom_id=f"save:{paper_id}")


def build_saved_page_button() -> Button[LayoutView]:
    return Button(label="Your saved papers", custom_id=SAVED_PAGE)


def build_save_rows(numbered: Sequence[tuple[int, str]]) -> Iterator[Item[LayoutView]]:
    """A line, and under it a button with the number of each paper, five in a row of a phone; nothing for a long list.

    `numbered` are the numbers that the list shows, with the ids of its papers.
    """
    if not 0 < len(numbered) <= _MOST_NUMBERS:
        return
    numbers: dict[str, int] = {}
    for number, paper_id in numbered:
        numbers.setdefault(paper_id, number)  # a message has no custom_id twice
    buttons = [Button[LayoutView](label=str(number), custom_id=f"save:{each}") for each, number in numbers.items()]
    yield TextDisplay(_OVER_NUMBERS)
    for first in range(0, len(buttons), _PER_ROW):
        yield ActionRow(*buttons[first : first + _PER_ROW])


def measure_save_rows(numbered: Sequence[tuple[int, str]]) -> int:
    """The `measure_text` of what they say."""
    return measure_text(_OVER_NUMBERS) if 0 < len(numbered) <= _MOST_NUMBERS else 0
