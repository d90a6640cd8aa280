"""A highlight in a message of its own says more than a list has room for."""

from tests.support.builders import build_settings, highlight_message, paper
from tests.support.discord_limits import walk
from tests.support.layouts import CARDS, NONCE, check, components_of, digest_of

SAID = "It says a lot. " * 200


def test_a_highlights_own_message_says_more_than_a_list() -> None:
    known = paper("2601.00002", ai_summary="One sentence. " * 60, abstract=SAID)
    digest = digest_of(paper("2601.00001", abstract=SAID), known, upvotes=7)
    view = highlight_message(digest, 2, build_settings(), NONCE)
    heading, block, said = check(view)
    assert heading == "-# Daily Papers · Thursday 15 January 2026 · 2 of 2"
    assert block == "### 2. [Paper 2601.00002](https://huggingface.co/papers/2601.00002)\n-# ▲ **7**"
    assert said == known.ai_summary
    assert [each["custom_id"] for each in walk(components_of(view)) if "custom_id" in each] == [
        f"details:2601.00002:{NONCE}",
        "save:2601.00002",
        "top:n1:day:2026-01-15",
        "search:new",
        "settings:1",
    ]
    _, _, said = check(highlight_message(digest, 1, build_settings(), NONCE))
    assert said.endswith("…")
    assert 950 < len(said) <= 1000


def test_an_endless_summary_leaves_room_for_the_rest_of_a_highlights_message() -> None:
    digest = digest_of(paper("2601.00001", ai_summary="It says a lot. " * 900))
    _, _, _, said = check(highlight_message(digest, 1, CARDS, NONCE, ping=2**62))
    assert said.endswith("…")


def test_a_highlight_we_know_nothing_more_about_says_no_more() -> None:
    assert len(check(highlight_message(digest_of(paper("2601.00001")), 1, CARDS, NONCE))) == 2
