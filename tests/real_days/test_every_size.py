"""Everything that the bot says of a real day fits into a message of Discord."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from itertools import groupby
from typing import Any

import pytest
from discord.ui import LayoutView

from bot.digest import Candidate, Digest, choose_highlights, mark_seen_highlights
from bot.layouts.card import render_paper_card
from bot.layouts.digest import get_paper_thread_name, render_digest_preview
from bot.layouts.text import escape_markdown, make_link
from bot.lookups.finder import PaperDetails
from bot.papers import Paper
from bot.subscription.schedule import Cadence
from bot.subscription.settings import DigestLayout, Selection, Threads
from tests.support import builders
from tests.support.builders import digest_message, highlight_message
from tests.support.discord_limits import check_message, walk
from tests.support.markdown import links, visible
from tests.support.real_days import ARCHIVE, RealDay, real_days

pytestmark = [
    pytest.mark.real_days,
    pytest.mark.skipif(not ARCHIVE.exists(), reason="the real days are not beside the project"),
]
NONCE = "a7f4130a4d6bb9e8b7694ef9"


@cache
def papers_of_days() -> tuple[tuple[RealDay, tuple[Paper, ...]], ...]:
    return tuple((known, known.papers) for known in real_days())


def message(view: LayoutView) -> dict[str, Any]:
    """The body that creates a message of `view`."""
    return {
        "components": view.to_components(),  # type: ignore[no-untyped-call]
        "flags": 1 << 15,
        "allowed_mentions": {"parse": []},
    }


def check_size(body: dict[str, Any]) -> None:
    components = list(walk(body["components"]))
    assert len(components) <= 40
    assert sum(len(each["content"]) for each in components if each["type"] == 10) <= 4000
    used = [each["custom_id"] for each in components if "custom_id" in each]
    assert len(set(used)) == len(used)


def digest_of(known: RealDay, papers: Sequence[Paper], size: int) -> Digest:
    return choose_highlights(
        [Candidate(paper, frozenset({known.day})) for paper in papers], (known.day,), known.day, Selection(size)
    )


PAPER = r"^(?:### |-# \*\*)\d+\.(?:\*\*)? .*?\[[^\[\]]+\]\(https://huggingface.co/papers/(.*?)\)"
PARTLY_CAPTURED = {date(2024, 5, 1), *(date(2026, month, 1) for month in (6, 7, 8))}


def recap_of(month: date, days: Sequence[tuple[RealDay, tuple[Paper, ...]]]) -> Digest:
    """Of a month, from its first day on, none of whose papers were seen before."""
    candidates = [Candidate(paper, frozenset({known.day})) for known, papers in days for paper in papers]
    until = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return mark_seen_highlights(
        choose_highlights(candidates, tuple(known.day for known, _ in days), until, Selection(10)), {}
    )


def texts(body: dict[str, Any]) -> list[str]:
    return [each["content"] for each in walk(body["components"]) if each["type"] == 10]


class TestLayouts:
    @pytest.mark.parametrize("layout", DigestLayout)
    @pytest.mark.parametrize("size", range(1, 11))
    def test_a_digest_of_every_day_fits_in_every_size_and_layout(self, size: int, layout: DigestLayout) -> None:
        settings = builders.build_settings(layout=layout)
        for number, (known, papers) in enumerate(papers_of_days()):
            digest = digest_of(known, papers, size)
            body = message(digest_message(digest, settings, NONCE, ping=2**63))
            check_size(body)
            shown = re.findall(PAPER, "\n".join(texts(body)), re.MULTILINE)
            assert shown == [each.paper.id for each in digest.highlights]
            assert len(shown) == min(size, len(papers))
            if number % 20 == size:  # Discord's schema takes its time
                check_message(body)

    @pytest.mark.parametrize("layout", DigestLayout)
    def test_the_message_of_every_highlight_of_every_day_fits(self, layout: DigestLayout) -> None:
        settings = builders.build_settings(layout=layout)
        for known, papers in papers_of_days():
            digest = digest_of(known, papers, 10)
            for number, highlight in enumerate(digest.highlights, 1):
                body = message(highlight_message(digest, number, settings, NONCE, ping=2**63))
                check_size(body)
                summary = highlight.paper.ai_summary
                assert texts(body)[-1] == escape_markdown(summary) if summary else len(texts(body)[-1]) <= 1000
                assert 1 <= len(get_paper_thread_name(highlight.paper)) <= 100
                if number == known.day.day:
                    check_message(body)

    def test_every_title_is_shown_word_for_word_and_its_link_has_no_backslash(self) -> None:
        for paper in {paper for _, papers in papers_of_days() for paper in papers}:
            markdown = make_link(paper.name, paper.url)
            ((label, url),) = links(markdown)
            assert visible(markdown) == paper.name
            assert url == paper.url
            assert "\\" not in label
            assert 3 * len(label) > len(paper.name)

    @pytest.mark.parametrize("layout", DigestLayout)
    def test_a_preview_of_every_day_fits(self, layout: DigestLayout) -> None:
        all_settings = [builders.build_settings(layout=layout, threads=each) for each in Threads]
        for number, (known, papers) in enumerate(papers_of_days()):
            for settings in all_settings:
                body = message(render_digest_preview(digest_of(known, papers, 10), settings))
                check_size(body)
                if number % 20 == 0:
                    check_message(body)

    @pytest.mark.parametrize("layout", DigestLayout)
    def test_a_recap_of_every_month_fits_and_names_its_month(self, layout: DigestLayout) -> None:
        settings = builders.build_settings(cadence=Cadence.MONTHLY, layout=layout)
        for first, days in groupby(papers_of_days(), key=lambda each: each[0].day.replace(day=1)):
            if first not in PARTLY_CAPTURED:
                body = message(digest_message(recap_of(first, [*days]), settings, NONCE, ping=2**63))
                check_message(body)
                assert texts(body)[1].startswith(f"# Monthly recap\n**{first:%B %Y}**\n")

    def test_a_digest_over_two_missed_weeks_fits(self) -> None:
        days = papers_of_days()
        for first in range(0, len(days) - 10, 10):
            missed = days[first : first + 10]
            candidates = [Candidate(paper, frozenset({known.day})) for known, papers in missed for paper in papers]
            covered = tuple(known.day for known, _ in missed)
            digest = choose_highlights(candidates, covered, covered[-1], Selection(10))
            for layout in DigestLayout:
                check_message(message(digest_message(digest, builders.build_settings(layout=layout), NONCE)))

    def test_the_details_of_every_paper_fit(self) -> None:
        papers = [paper for _, papers in papers_of_days() for paper in papers]
        for number, paper in enumerate(papers):
            body = message(render_paper_card(PaperDetails(paper)))
            check_size(body)
            if number % 10 == 0:  # Discord's schema takes its time
                check_message(body)
