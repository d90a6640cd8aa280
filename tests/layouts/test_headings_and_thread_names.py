"""What a digest, its highlights and its threads are called."""

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from bot.layouts.digest import get_digest_thread_name, get_paper_thread_name
from bot.subscription.schedule import Cadence
from bot.subscription.settings import DigestLayout
from tests.support.builders import DAY, build_settings, digest_message, highlight_message, paper
from tests.support.layouts import LONG_TITLE, MAY, NONCE, check, digest_of, ten


@pytest.mark.parametrize(
    ("cadence", "last", "days", "title", "span"),
    [
        (Cadence.DAILY, DAY, 2, "Daily Papers", "Wednesday 14 January 2026 – Thursday 15 January 2026"),
        (Cadence.DAILY, MAY, 31, "Daily Papers", "Friday 1 May 2026 – Sunday 31 May 2026"),
        (Cadence.WEEKLY, MAY, 7, "Weekly recap", "Monday 25 May 2026 – Sunday 31 May 2026"),
        (Cadence.WEEKLY, date(2026, 5, 5), 1, "Weekly recap", "Tuesday 5 May 2026"),
        (Cadence.MONTHLY, MAY, 31, "Monthly recap", "May 2026"),
        (Cadence.MONTHLY, MAY, 28, "Monthly recap", "May 2026"),
        (Cadence.MONTHLY, MAY, 27, "Monthly recap", "Tuesday 5 May 2026 – Sunday 31 May 2026"),
        (Cadence.MONTHLY, MAY, 32, "Monthly recap", "Thursday 30 April 2026 – Sunday 31 May 2026"),
        (Cadence.MONTHLY, MAY, 59, "Monthly recap", "Friday 3 April 2026 – Sunday 31 May 2026"),
        (Cadence.MONTHLY, date(2026, 5, 30), 30, "Monthly recap", "Friday 1 May 2026 – Saturday 30 May 2026"),
    ],
)
def test_a_digest_is_named_after_its_cadence_and_its_days(
    cadence: Cadence, last: date, days: int, title: str, span: str
) -> None:
    digest = digest_of(paper("2601.00001"), last=last, days=days)
    whole, own = (
        check(digest_message(digest, build_settings(cadence=cadence), NONCE))[0],
        check(highlight_message(digest, 1, build_settings(cadence=cadence), NONCE))[0],
    )
    assert re.sub(r"\*\*\[(.*)\]\(.*\)\*\*", r"**\1**", whole).split("\n")[:2] == [f"# {title}", f"**{span}**"]
    assert own == f"-# {title} · {span} · 1 of 1"


def test_a_monthly_recap_is_named_after_its_month_even_if_its_last_days_had_no_papers() -> None:
    digest = replace(digest_of(paper("2601.00001"), last=date(2026, 5, 29), days=29), covered_until=MAY)
    assert "**May 2026**" in check(digest_message(digest, build_settings(cadence=Cadence.MONTHLY), NONCE))[0]


@pytest.mark.parametrize(
    ("marks", "note"),
    [
        ({"seen_on": date(2026, 5, 12)}, "highlighted on 12 May"),
        ({"is_missed": True}, "not in a daily digest"),
        ({"is_missed": True, "is_riser": True}, "not in a daily digest · rising since 15 Jan"),
        ({"seen_on": DAY, "is_riser": True}, "highlighted on 15 Jan · rising since 15 Jan"),
    ],
)
@pytest.mark.parametrize("layout", [DigestLayout.LIST, DigestLayout.CARDS])
def test_a_recap_says_when_a_daily_digest_had_each_highlight(
    layout: DigestLayout, marks: dict[str, Any], note: str
) -> None:
    digest, settings = digest_of(*ten(), **marks), build_settings(cadence=Cadence.WEEKLY, layout=layout)
    _, *blocks = check(digest_message(digest, settings, NONCE))
    assert [note in block for block in blocks] == [False] * 9 + [True]
    assert f"▲ **100** · {note}" in check(highlight_message(digest, 10, settings, NONCE))[1]


def test_a_thread_is_named_after_its_digest_or_its_paper() -> None:
    digest = digest_of(paper("2601.00001"), paper("2601.00002", title=LONG_TITLE * 2), last=MAY, days=31)
    assert get_digest_thread_name(digest, build_settings()) == "Daily Papers, 1 May 2026 – 31 May 2026"
    assert get_digest_thread_name(replace(digest, days=(MAY,)), build_settings()) == "Daily Papers, 31 May 2026"
    assert get_digest_thread_name(digest, build_settings(cadence=Cadence.MONTHLY)) == "Monthly recap, May 2026"
    assert (
        get_digest_thread_name(digest, build_settings(cadence=Cadence.WEEKLY))
        == "Weekly recap, 1 May 2026 – 31 May 2026"
    )
    first, second = (each.paper for each in digest.highlights)
    assert get_paper_thread_name(first) == "Paper 2601.00001"
    assert get_paper_thread_name(second) == f"{LONG_TITLE}Attention Is All You Need and…"


def test_the_thread_of_a_paper_with_an_invisible_title_is_named_after_its_id() -> None:
    assert get_paper_thread_name(paper("2601.00001", title="\u200b \u200d")) == "arXiv:2601.00001"
