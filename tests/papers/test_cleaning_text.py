"""Text from outside: names are compared without accents, and what nobody can see is not taken for text."""

import pytest

from bot.text import fold_text, is_visible


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("São Paulo", "sao paulo"),
        ("Łódź", "lodz"),
        ("Tromsø", "tromso"),
        ("Đà Nẵng", "da nang"),
        ("Ærø", "aero"),
        ("Œuvre", "oeuvre"),
        ("Þórður", "thordur"),
        ("Diyarbak\N{LATIN SMALL LETTER DOTLESS I}r", "diyarbakir"),
        ("ﬁne STRASSE Straße", "fine strasse strasse"),
    ],
)
def test_a_name_is_found_without_its_accents(name: str, folded: str) -> None:
    assert fold_text(name) == folded


def test_a_title_of_invisible_characters_counts_as_none() -> None:
    assert is_visible("a")
    assert is_visible("a\u00a0b")
    for blank in ("", "  ", "\u3164", "\u200b\u2800", "\x07"):
        assert not is_visible(blank)
