"""The compact layout: one line for each paper."""

import re

from hypothesis import given

from bot.digest import Digest
from tests.support.any_paper import digests, within_seconds
from tests.support.builders import build_settings, digest_message, paper
from tests.support.discord_limits import walk
from tests.support.layouts import COMPACT, LONG_TITLE, NONCE, check, components_of, digest_of, ten
from tests.support.markdown import visible


def test_a_compact_digest_has_a_line_for_each_paper_and_one_select() -> None:
    digest = digest_of(*ten(title=LONG_TITLE, upvotes=1234))
    view = digest_message(digest, COMPACT, NONCE)
    heading, lines = check(view)
    assert heading == check(digest_message(digest, build_settings(), NONCE))[0]
    assert lines.split("\n")[0] == (
        "1. [Attention Is All You Need and…](https://huggingface.co/papers/2601.00001) ▲ 1,234"
    )
    assert [line.partition(".")[0] for line in lines.split("\n")] == [str(number) for number in range(1, 11)]
    controls = [each for each in walk(components_of(view)) if "custom_id" in each]
    assert [each["custom_id"] for each in controls] == [f"pick:{NONCE}"]
    assert [each["value"] for each in controls[0]["options"]] == [f"2601.{number:05}" for number in range(1, 11)]


@within_seconds
@given(digests)
def test_the_lines_of_a_compact_digest_fit_a_phone(digest: Digest) -> None:
    lines = check(digest_message(digest, COMPACT, NONCE))[1].split("\n")
    for highlight, line in zip(digest.highlights, lines, strict=True):
        shown = visible(re.sub(r"\]\(https://[^)]*\)", "", line.replace("[", "", 1)))
        assert len(shown) <= 48
        assert f" ▲ {highlight.upvotes:,}" in shown


def test_a_compact_digest_uses_the_width_of_a_line() -> None:
    title = "x" * 37
    _, lines = check(digest_message(digest_of(paper("2601.00001", title=title, upvotes=1234)), COMPACT, NONCE))
    assert f"[{title}](" in lines
    _, lines = check(digest_message(digest_of(paper("2601.00001", title=title + "x", upvotes=1234)), COMPACT, NONCE))
    assert f"[{'x' * 36}…](" in lines


def test_a_compact_digest_marks_papers_briefly_and_says_what_the_marks_mean() -> None:
    _, lines, legend = check(digest_message(digest_of(*ten(), is_riser=True, is_missed=True), COMPACT, NONCE))
    assert [line[-1] for line in lines.split("\n")] == [*"0000000000"[:9], "◇"]
    assert lines.endswith("▲ 100 ↗ ◇")
    assert legend == "-# ↗ rising · ◇ not in a daily digest"
    assert check(digest_message(digest_of(*ten(), is_riser=True), COMPACT, NONCE))[2] == "-# ↗ rising"
    assert len(check(digest_message(digest_of(*ten()), COMPACT, NONCE))) == 2


def test_a_compact_digest_shows_the_same_upvotes_everywhere() -> None:
    view = digest_message(digest_of(paper("2601.00001", upvotes=99), upvotes=12), COMPACT, NONCE)
    assert "99" not in str(components_of(view))
