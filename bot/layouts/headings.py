"""The name of a digest: in its heading, over a highlight that has its own message, and as a thread."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from bot.digest import Digest
from bot.layouts.paper import join_facts
from bot.layouts.text import count_noun, format_day, format_short_day, make_link
from bot.subscription.schedule import Cadence
from bot.subscription.settings import DigestSettings

_TITLES = {Cadence.DAILY: "Daily Papers", Cadence.WEEKLY: "Weekly recap", Cadence.MONTHLY: "Monthly recap"}
_FIRST_LISTS = 4  # the day by which a month has a list: it may begin with a holiday and a weekend


def render_digest_heading(digest: Digest, settings: DigestSettings) -> str:
    """Its title, its days, and how many of their papers it shows."""
    cadence = settings.schedule.cadence
    days = _name_period(digest, cadence)
    if len(digest.days) == 1:
        days = make_link(days, f"https://huggingface.co/papers/date/{digest.days[0]}")
    count = _describe_paper_count(digest, is_filtered=bool(settings.selection.filter))
    return f"# {_TITLES[cadence]}\n**{days}**\n-# {count}"


def render_highlight_heading(digest: Digest, cadence: Cadence, positions: Sequence[int]) -> str:
    """A line over the highlights at these positions, which are consecutive."""
    first, last = positions[0], positions[-1]
    which = f"{first}" if first == last else f"{first}–{last}"
    count = f"{which} of {digest.highlights[-1].position}"
    return f"-# {join_facts(_TITLES[cadence], _name_period(digest, cadence), count)}"


def render_plain_digest_heading(digest: Digest, cadence: Cadence) -> str:
    """`Daily Papers, 28 May 2026`, for places where Discord shows no Markdown."""
    return f"{_TITLES[cadence]}, {_name_period(digest, cadence, format_short_day)}"


def _name_period(digest: Digest, cadence: Cadence, name: Callable[[date], str] = format_day) -> str:
    first = digest.named_days[0]
    if cadence is Cadence.MONTHLY and _is_calendar_month(first, digest.covered_until):
        return f"{first:%B} {first.year}"
    return name_days(digest, name)


def name_days(digest: Digest, name: Callable[[date], str]) -> str:
    """The day of a digest, or the first and the last of its days, each by `name`."""
    first, last = digest.named_days[0], digest.named_days[-1]
    return name(first) if first == last else f"{name(first)} – {name(last)}"


def _is_calendar_month(first: date, covered_until: date) -> bool:
    """Whether the lists from `first` to `covered_until` are those of a full calendar month."""
    following = covered_until + timedelta(days=1)
    return first.day <= _FIRST_LISTS and following.day == 1 and covered_until.replace(day=1) == first.replace(day=1)


def _describe_paper_count(digest: Digest, *, is_filtered: bool) -> str:
    shown = len(digest.highlights)
    listed = count_noun(digest.listed_count, "paper")
    if is_filtered:
        best = f"Top {shown} of the papers that match" if shown > 1 else "The most upvoted paper that matches"
        return f"{best}, of {listed} in total"
    if shown >= digest.listed_count:
        return f"All {listed}, by upvotes" if digest.listed_count > 1 else "The only paper"
    return f"Top {shown} of {listed} by upvotes" if shown > 1 else f"The most upvoted of {listed}"
