"""Citing, at its edges: keys that say something, maths that would break an entry, titles without end."""

from datetime import UTC, datetime

import pytest

from bot.lookups.citations import MAX_TITLE, CitationFormat, format_citation
from bot.papers import Paper
from tests.support.builders import paper

MOST = 1900


def titled(title: str, *authors: str) -> Paper:
    return paper("1706.03762", title=title, authors=authors, published_at=datetime(2017, 6, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    "small", ["A", "An", "And", "For", "In", "Is", "Of", "On", "The", "To", "Towards", "With", "Of the"]
)
def test_the_key_of_a_citation_is_never_a_small_word(small: str) -> None:
    assert format_citation(titled(f"{small} Attention"), CitationFormat.BIBTEX, MOST).startswith(
        "@misc{arxiv2017attention,\n"
    )


@pytest.mark.parametrize(
    ("title", "written"),
    [
        (r"The set $\{a$ of it", r"The set \$\textbackslash{}\{a\$ of it"),  # closes for TeX, not for BibTeX
        ("Maths $}{$ turned round", r"Maths \$\}\{\$ turned round"),
        (r"Whole sets $\{a\}$ stay", r"Whole sets $\{a\}$ stay"),
    ],
)
def test_maths_that_would_break_the_entry_are_written_as_text(title: str, written: str) -> None:
    assert f"title = {{{{{written}}}}},\n" in format_citation(titled(title), CitationFormat.BIBTEX, MOST)


def test_a_backtick_does_not_end_the_block_that_a_plain_citation_stands_in() -> None:
    assert format_citation(titled("The `ls` Command", "Ada `the` Lovelace"), CitationFormat.PLAIN, MOST).startswith(
        "Ada 'the' Lovelace (2017). The 'ls' Command. "
    )


@pytest.mark.parametrize("format_", CitationFormat)
def test_a_title_is_whole_up_to_the_last_character_there_is_room_for(format_: CitationFormat) -> None:
    whole, longer = "x" * MAX_TITLE, "x" * (MAX_TITLE + 1)
    assert whole in format_citation(titled(whole), format_, MOST)
    assert "…" not in format_citation(titled(whole), format_, MOST)
    cut = format_citation(titled(longer), format_, MOST)
    assert f"{longer[: MAX_TITLE - 1]}…" in cut
    assert whole not in cut


@pytest.mark.parametrize("format_", CitationFormat)
def test_a_citation_names_as_many_authors_as_fit(format_: CitationFormat) -> None:
    crowd = titled("Attention", *(f"Author Number {number:03}" for number in range(664)))
    for most in range(1000, 1025):
        assert most - len(" and Author Number 000") <= len(format_citation(crowd, format_, most)) <= most
