"""Discord's limits, to the character: what just fits stays whole, what is one too long goes on elsewhere."""

import pytest

from bot.layouts.card import render_paper_card
from bot.layouts.text import compute_text_room, fit_in_messages, format_compact, measure_text, shorten
from bot.lookups.finder import PaperDetails
from tests.support.builders import paper

MOST = 2000  # characters of a plain message, says Discord
MOST_TEXT = 4000  # over all the text displays of a message


def test_what_fits_one_message_to_the_character_comes_in_one() -> None:
    exactly = ["a" * 1000, "b" * (MOST - 1000 - len("\n\n"))]
    assert fit_in_messages(exactly) == ["\n\n".join(exactly)]
    assert fit_in_messages(["a" * MOST]) == ["a" * MOST]


@pytest.mark.parametrize("more", range(1, 5))
def test_what_is_a_character_too_long_for_one_message_comes_in_two(more: int) -> None:
    paragraphs = ["a" * 1000, "b" * (MOST - 1000 - len("\n\n") + more)]
    assert fit_in_messages(paragraphs) == paragraphs


@pytest.mark.parametrize("more", range(1, 5))
def test_a_paragraph_too_long_for_one_message_is_cut_between_its_lines(more: int) -> None:
    lines = ["a" * 1000, "b" * (MOST - 1000 - len("\n") + more)]
    assert fit_in_messages(["\n".join(lines)]) == lines


def test_the_lines_of_a_long_paragraph_stay_together_and_the_next_paragraph_stands_apart() -> None:
    lines = ["a" * 900, "b" * 900, "c" * 900]
    assert fit_in_messages(["\n".join(lines), "The next."]) == ["\n".join(lines[:2]), f"{lines[2]}\n\nThe next."]


@pytest.mark.parametrize("letter", ["x", "é", "字", "*"])
def test_an_endless_text_fills_a_message_to_the_last_character_that_discord_takes(letter: str) -> None:
    shown = shorten(letter * 9000, compute_text_room(()), measure_text)
    assert len(shown) <= MOST_TEXT
    assert measure_text(shown) in range(MOST_TEXT - 5, MOST_TEXT + 1)


@pytest.mark.parametrize("length", [512, 513])
def test_a_paper_whose_page_has_an_address_too_long_for_a_button_is_shown_without_it(length: int) -> None:
    page = "https://example.org/".ljust(length, "x")
    card = render_paper_card(PaperDetails(paper("2601.00001", project_page=page)))
    assert (page in str(card.to_components())) == (length == 512)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("number", "written"), [(999, "999"), (1000, "1.0k"), (9_949, "9.9k"), (9_950, "10k"), (34_100, "34k")]
)
def test_stars_are_counted_briefly_from_a_thousand_on(number: int, written: str) -> None:
    assert format_compact(number) == written
