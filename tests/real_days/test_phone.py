"""On a phone 360 pixels wide, five papers of a real day take two screens, and ten compact ones take one."""

import re
from datetime import date

import pytest
from discord.ui import LayoutView

from bot.digest import Digest, Highlight
from bot.layouts.text import make_link
from bot.papers import Paper
from bot.subscription.settings import DigestSettings
from tests.support.builders import build_settings, digest_message
from tests.support.layouts import COMPACT, NONCE, check
from tests.support.phone import SCREEN, estimate_height_of_papers
from tests.support.real_days import ARCHIVE, real_days

pytestmark = [
    pytest.mark.real_days,
    pytest.mark.skipif(not ARCHIVE.exists(), reason="the real days are not beside the project"),
]


def digests(size: int, settings: DigestSettings) -> dict[date, tuple[list[Paper], LayoutView]]:
    """The papers of each real day that has `size` of them, and their digest."""
    rendered = {}
    for known in real_days():
        best = sorted(known.papers, key=lambda each: (-each.upvotes, -each.comments, each.id))[:size]
        if len(best) == size:
            highlights = tuple(Highlight(n, each, each.upvotes, each.comments) for n, each in enumerate(best, 1))
            digest = Digest(known.day, (known.day,), len(known.papers), highlights)
            rendered[known.day] = best, digest_message(digest, settings, NONCE)
    return rendered


@pytest.fixture(scope="module")
def lists() -> dict[date, tuple[list[Paper], LayoutView]]:
    return digests(5, build_settings())


def test_five_papers_take_at_most_two_screens_with_their_titles_whole(
    lists: dict[date, tuple[list[Paper], LayoutView]],
) -> None:
    for day, (papers, view) in lists.items():
        assert estimate_height_of_papers(view) <= 2 * SCREEN, day
        _, *blocks = check(view)
        for each, block in zip(papers, blocks, strict=True):
            assert make_link(each.name, each.url) in block, day


def test_each_of_five_papers_has_its_facts_on_one_line_and_something_of_its_summary(
    lists: dict[date, tuple[list[Paper], LayoutView]],
) -> None:
    for day, (_, view) in lists.items():
        for block in check(view)[1:]:
            _, facts, said = block.split("\n")
            assert len(re.sub(r"\]\(\S+\)|\[|\*|^-# ", "", facts)) <= 33, day
            assert len(said) >= 60, day


def test_ten_compact_papers_take_one_screen_and_fill_it_before_a_title_is_cut() -> None:
    for day, (papers, view) in digests(10, COMPACT).items():
        assert estimate_height_of_papers(view) <= SCREEN, day
        are_whole = all(make_link(each.name, each.url) in check(view)[1] for each in papers)
        assert are_whole or estimate_height_of_papers(view) > SCREEN - 90, day
