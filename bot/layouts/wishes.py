"""A wish as a sentence: what is posted, where and when."""

import re
from collections.abc import Iterator

from bot.layouts.text import code, count, escape, joined
from bot.subscription.schedule import DAY_NAMES, EVERY_DAY, MONDAY_TO_FRIDAY, Cadence, Timetable
from bot.subscription.settings import Discussion, Layout, Wish

_PERIODS = {Cadence.DAILY: "the", Cadence.WEEKLY: "the week's", Cadence.MONTHLY: "the month's"}
_LOOKS = {Layout.COMPACT: "one line each", Layout.CARDS: "with a picture of the first"}
_THREADS = {Discussion.DIGEST: "discussed in one thread", Discussion.HIGHLIGHT: "each with its own thread"}


def sentence(wish: Wish) -> str:
    """`Every weekday at 09:00 Europe/Berlin, the top 5 papers about *diffusion* in #papers`."""
    extras = "".join(f", {each}" for each in _extras(wish))
    return f"{when(wish.timetable)}, {_what(wish)} in <#{wish.channel_id}>{extras}"


def when(timetable: Timetable) -> str:
    """`Every weekday at 09:00 Europe/Berlin`."""
    return f"{_dates(timetable)} at {timetable.at:%H:%M} {timetable.zone.key}"


def _dates(timetable: Timetable) -> str:
    weekdays = timetable.weekdays
    if timetable.cadence is Cadence.WEEKLY:
        return f"Every week on {DAY_NAMES[min(weekdays)]}"
    if timetable.cadence is Cadence.DAILY:
        return f"Every {_weekdays(weekdays, 'day', 'and')}"
    return f"On the first {_weekdays(weekdays, 'day', 'or')} of every month"


def _weekdays(weekdays: frozenset[int], every: str, joint: str) -> str:
    if weekdays == EVERY_DAY:
        return every
    if weekdays == MONDAY_TO_FRIDAY:
        return "weekday"
    return joined([DAY_NAMES[number] for number in sorted(weekdays)], joint)


def _what(wish: Wish) -> str:
    taste = wish.taste
    papers = f"top {count(taste.size, 'paper')}" if taste.size > 1 else "top paper"
    floor = f" with at least {count(taste.min_upvotes, 'upvote')}" if taste.min_upvotes else ""
    return f"{_PERIODS[wish.timetable.cadence]} {papers}{about(taste.query)}{floor}"


def about(query: str) -> str:
    """` about *diffusion*`, or ` matching` and the filter if it is more than words; empty without a filter."""
    if not query:
        return ""
    plain = re.fullmatch(r"[\w\s]+", query) and "OR" not in query.split()
    return f" about *{escape(query)}*" if plain else f" matching {code(query, 300)}"


def _extras(wish: Wish) -> Iterator[str]:
    posting = wish.posting
    if posting.layout in _LOOKS:
        yield _LOOKS[posting.layout]
    if posting.discussion in _THREADS:
        yield _THREADS[posting.discussion]
    if posting.publish:
        yield "published to followers"
    if posting.ping_role_id:
        floor = f" at {count(posting.ping_upvotes, 'upvote')} or more" if posting.ping_upvotes else ""
        yield f"pinging <@&{posting.ping_role_id}>{floor}"
    if posting.silent:
        yield "without notifications"
    if posting.quiet_line:
        yield "with a note when nothing is new"
    if wish.taste.repeats:
        yield "including papers from other digests here"
