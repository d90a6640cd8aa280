"""Citing, at its edges: keys that say something, maths that would break an entry, titles without end."""

from datetime import UTC, datetime

import pytest

from bot.citations import CitationFormat, fit_citation
from bot.papers import Paper
from tests.support.builders import paper

MOST = 1900


def format_citation(known: Paper, format_: CitationFormat, most: int) -> str:
    return fit_citation(known, format_, most).text


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
        (
            r"The set $\{a$ of it",
            r"The set \$\textbackslash{}\{\vphantom{\}}a\$ of it",
        ),  # closes for TeX, not for BibTeX
        ("Maths $}{$ turned round", r"Maths \$\vphantom{\{}\}\{\vphantom{\}}\$ turned round"),
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
def test_a_title_without_end_is_cut_and_leaves_room_for_authors(format_: CitationFormat) -> None:
    long = titled("{}&_ `" * 1000, *(f"Author Number {number:03}" for number in range(664)))
    fitted = fit_citation(long, format_, MOST)
    assert not fitted.is_whole
    assert MOST - 60 < len(fitted.text) <= MOST
    assert "…" in fitted.text
    assert fitted.text.count("Number") > 4


@pytest.mark.parametrize("format_", CitationFormat)
def test_what_fits_to_the_last_character_is_whole(format_: CitationFormat) -> None:
    known = titled("Attention " * 60, "Ashish Vaswani", "Noam Shazeer")
    whole = fit_citation(known, format_, 10_000)
    assert whole.is_whole
    assert fit_citation(known, format_, len(whole.text)) == whole
    shorter = fit_citation(known, format_, len(whole.text) - 1)
    assert not shorter.is_whole
    assert len(shorter.text) < len(whole.text)


@pytest.mark.parametrize("format_", CitationFormat)
def test_a_citation_names_as_many_authors_as_fit(format_: CitationFormat) -> None:
    crowd = titled("Attention", *(f"Author Number {number:03}" for number in range(664)))
    for most in range(1000, 1025):
        one_more = len('{"family": "000", "given": "Author Number"},\n  ')
        assert most - one_more <= len(format_citation(crowd, format_, most)) <= most
