"""A message as Discord would have it, from a layout."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from discord.ui import LayoutView

from bot.digest import Digest, Highlight
from bot.papers import Paper
from bot.subscription.settings import DigestLayout
from tests.support.builders import DAY, build_settings, paper
from tests.support.discord_limits import check_message, walk

LONG_TITLE = "Attention Is All You Need and Everything Else Is a Matter of Taste"
MAY = date(2026, 5, 31)  # the last day of a month
COMPACT, CARDS = build_settings(layout=DigestLayout.COMPACT), build_settings(layout=DigestLayout.CARDS)
NONCE = "a7f4130a4d6bb9e8b7694ef9"


def components_of(view: LayoutView) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = view.to_components()  # type: ignore[no-untyped-call]
    return found


def check(view: LayoutView) -> list[str]:
    """The texts of a message, which Discord would take, but for the line over the buttons that save.

    In a list, the text of each paper is apart.
    """
    components = components_of(view)
    check_message({"components": components, "flags": 1 << 15, "allowed_mentions": {"parse": []}})
    texts = [each["content"] for each in walk(components) if each["type"] == 10]
    texts = [each for each in texts if each != "-# Save for later"]
    return [part for text in texts for part in re.split(r"\n(?=### \d+\. )", text)]


def digest_of(*some: Paper, last: date = DAY, days: int = 1, **marks: Any) -> Digest:
    """Of these papers, listed on the `days` before and on `last`; the last of them has the `marks`."""
    highlights = [Highlight(number, each, each.upvotes, each.comments) for number, each in enumerate(some, 1)]
    highlights[-1] = replace(highlights[-1], **marks)
    span = tuple(last - timedelta(days=n) for n in reversed(range(days)))
    return Digest(last, span, 23, tuple(highlights))


def ten(**known: Any) -> list[Paper]:
    return [paper(f"2601.{number:05}", **{"upvotes": 10 * number, **known}) for number in range(1, 11)]


def pictures(view: LayoutView) -> list[dict[str, Any]]:
    return [item for each in walk(components_of(view)) if each["type"] == 12 for item in each["items"]]
