"""Colours that can be told apart on Discord's dark and light, and pictures that say what they show, as WCAG asks."""

import pytest
from discord import Colour

from bot.layouts.paper import ACCENT
from bot.subscription.settings import DigestLayout
from tests.support.builders import build_settings, digest_message, highlight_message
from tests.support.layouts import NONCE, digest_of, pictures, ten

GRAPHICS = 3.0  # to one, says WCAG 2.2 in 1.4.11; text needs 4.5
# The grounds of a chat in Discord's themes, and of a container in it.
GROUNDS = {
    "light": 0xFFFFFF,
    "a container in light": 0xF2F3F5,
    "ash": 0x323339,
    "a container in ash": 0x393A41,
    "dark": 0x1A1A1E,
    "a container in dark": 0x242429,
    "dark as it was": 0x313338,
    "a container in dark as it was": 0x2B2D31,
    "onyx": 0x070709,
}


def compute_contrast(one: Colour, other: Colour) -> float:
    lighter, darker = sorted(map(compute_luminance, (one, other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def compute_luminance(colour: Colour) -> float:
    """As WCAG defines it."""
    parts = [each / 255 for each in colour.to_rgb()]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_contrast_is_computed_as_wcag_says() -> None:
    assert compute_contrast(Colour(0), Colour(0xFFFFFF)) == pytest.approx(21)
    assert compute_contrast(Colour(0x777777), Colour(0xFFFFFF)) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("ground", GROUNDS)
def test_the_line_beside_a_message_can_be_seen_in_every_theme(ground: str) -> None:
    assert compute_contrast(ACCENT, Colour(GROUNDS[ground])) >= GRAPHICS


def test_every_picture_in_a_digest_says_what_it_shows() -> None:
    digest = digest_of(*ten(title="A Title"))
    for layout in DigestLayout:
        for view in (
            digest_message(digest, build_settings(layout=layout), NONCE),
            highlight_message(digest, 1, build_settings(layout=layout), NONCE),
        ):
            assert all("A Title" in each["description"] for each in pictures(view))
            assert bool(pictures(view)) == (layout is DigestLayout.CARDS)
