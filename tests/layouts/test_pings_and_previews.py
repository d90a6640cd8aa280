"""The ping above a digest, the line of a quiet day, and previews."""

import pytest

from bot.layouts.digest import PREVIEW, render_digest_preview, render_quiet_message
from bot.reasons import Reason, ReasonKind
from bot.subscription.schedule import Cadence
from bot.subscription.settings import DigestLayout, Threads
from tests.support.builders import build_settings, digest_message, highlight_message
from tests.support.discord_limits import walk
from tests.support.layouts import CARDS, COMPACT, NONCE, check, components_of, digest_of, ten


def test_the_ping_is_above_the_digest() -> None:
    for settings in (build_settings(), COMPACT, CARDS):
        for view in (
            digest_message(digest_of(*ten()), settings, NONCE, ping=42),
            highlight_message(digest_of(*ten()), 3, settings, NONCE, ping=42),
        ):
            assert check(view)[0] == "<@&42>"
            assert [each["type"] for each in components_of(view)] == [10, 17]


def test_a_quiet_line_says_why_and_leads_to_what_was_listed() -> None:
    view = render_quiet_message(Reason(ReasonKind.NONE_MATCHES_FILTER), Cadence.DAILY, NONCE)
    assert check(view) == ["Nothing new today. No new paper matched the filter."]
    (button,) = [each for each in walk(components_of(view)) if each["type"] == 2]
    assert (button["label"], button["custom_id"]) == ("Show the list", f"quiet:{NONCE}")


def test_a_preview_shows_what_would_be_posted_without_ping_or_nonce() -> None:
    digest = digest_of(*ten())
    for settings in (
        build_settings(ping_role_id=42),
        build_settings(layout=DigestLayout.COMPACT, ping_role_id=42),
        CARDS,
    ):
        view, posted = render_digest_preview(digest, settings, 1), digest_message(digest, settings, NONCE)
        assert str(components_of(view)) == (
            str(components_of(posted))
            .replace(f":{NONCE}", "")
            .replace("10 of 23 papers by upvotes", f"10 of 23 papers by upvotes\\n-# {PREVIEW}")
        )


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, ""),
        (2, " 1 more message like this would follow, each with its own thread."),
        (5, " 4 more messages like this would follow, each with its own thread."),
    ],
)
def test_a_preview_of_one_message_per_paper_shows_the_first_and_counts_the_others(number: int, said: str) -> None:
    digest = digest_of(*ten()[:number])
    heading, block = check(render_digest_preview(digest, build_settings(threads=Threads.PER_PAPER, ping_role_id=42)))
    assert heading == f"-# Daily Papers · Thursday 15 January 2026 · 1 of {number}\n-# {PREVIEW}{said}"
    assert block == check(highlight_message(digest, 1, build_settings(), NONCE))[1]
