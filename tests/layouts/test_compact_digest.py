"""The compact layout: ten papers on one screen of a phone, their titles as whole as that allows."""

import re
from dataclasses import replace

from hypothesis import given

from bot.digest import Digest
from tests.support.any_paper import digests, within_seconds
from tests.support.builders import DAY, build_settings, digest_message, paper
from tests.support.discord_limits import walk
from tests.support.layouts import COMPACT, LONG_TITLE, NONCE, check, components_of, digest_of, ten
from tests.support.markdown import links, visible
from tests.support.phone import SCREEN, estimate_height_of_papers

LONG = "A Title of Many Words " * 7 + "Which Ends At Last!!!"  # 175 characters, as the longest real one


def read_lines(digest: Digest) -> list[str]:
    """Without the line that says what the marks mean."""
    lines = check(digest_message(digest, COMPACT, NONCE))[1].split("\n")
    return lines[: len(digest.highlights)]


def test_a_compact_digest_has_a_paragraph_for_each_paper_and_one_select() -> None:
    digest = digest_of(*ten(title="Attention Is All You Need", upvotes=1234))
    view = digest_message(digest, COMPACT, NONCE)
    heading, lines = check(view)
    assert heading == check(digest_message(digest, build_settings(), NONCE))[0]
    assert lines.split("\n")[0] == (
        "-# **1.** [Attention Is All You Need](https://huggingface.co/papers/2601.00001) ▲\u00a01,234"
    )
    assert [line.partition(".")[0] for line in lines.split("\n")] == [f"-# **{number}" for number in range(1, 11)]
    (select,) = [each for each in walk(components_of(view)) if "options" in each]
    assert select["custom_id"] == f"pick:{NONCE}"
    assert [each["value"] for each in select["options"]] == [f"2601.{number:05}" for number in range(1, 11)]


@within_seconds
@given(digests)
def test_every_line_of_a_compact_digest_has_its_upvotes_whatever_its_papers_hold(digest: Digest) -> None:
    for highlight, line in zip(digest.highlights, read_lines(digest), strict=True):
        shown = visible(re.sub(r"\]\(https://[^)]*\)", "", line.replace("[", "", 1)))
        assert f" ▲\u00a0{highlight.upvotes:,}" in shown


def test_titles_stay_whole_where_there_is_room() -> None:
    for papers in (ten(title=LONG_TITLE)[:7], ten(title="A Short Title"), ten(title=LONG)[:3]):
        shown = [links(line)[0][0] for line in read_lines(digest_of(*papers))]
        assert shown == [each.title for each in papers]


def test_the_longest_titles_are_cut_first_and_those_with_most_upvotes_last() -> None:
    papers = ten(title="A Short Title")[:4] + ten(title=LONG)[4:]
    shown = [links(line)[0][0] for line in read_lines(digest_of(*papers))]
    assert shown[:4] == ["A Short Title"] * 4
    assert all(title.endswith("…") for title in shown[4:])
    assert [len(title) for title in shown[4:]] == sorted((len(title) for title in shown[4:]), reverse=True)


def test_ten_papers_with_the_longest_titles_are_on_one_screen() -> None:
    view = digest_message(digest_of(*ten(title=LONG, upvotes=1234)), COMPACT, NONCE)
    assert estimate_height_of_papers(view) <= SCREEN


def test_a_compact_digest_marks_papers_briefly_and_says_what_the_marks_mean() -> None:
    _, shown = check(digest_message(digest_of(*ten(), is_riser=True, is_missed=True), COMPACT, NONCE))
    *lines, legend = shown.split("\n")
    assert [line[-1] for line in lines] == [*"0000000000"[:9], "◇"]
    assert lines[-1].endswith("▲\u00a0100 ↗ ◇")
    assert legend == "-# ↗ rising · ◇ not in a daily digest"
    assert check(digest_message(digest_of(*ten(), is_riser=True), COMPACT, NONCE))[1].endswith("\n-# ↗ rising")
    assert len(read_lines(digest_of(*ten()))) == 10


def test_a_compact_recap_of_papers_from_one_daily_digest_has_its_lines() -> None:
    digest = digest_of(*ten())
    seen = replace(digest, highlights=tuple(replace(each, seen_on=DAY) for each in digest.highlights))
    assert "All highlighted on 15 Jan 2026" in check(digest_message(seen, COMPACT, NONCE))[0]
    assert read_lines(seen) == read_lines(digest)


def test_a_compact_digest_shows_the_same_upvotes_everywhere() -> None:
    view = digest_message(digest_of(paper("2601.00001", upvotes=99), upvotes=12), COMPACT, NONCE)
    assert "99" not in str(components_of(view))
