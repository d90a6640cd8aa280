"""The settings of a subscription as a sentence: what is posted, where and when."""

import re
from collections.abc import Iterator

from bot.layouts.text import count_noun, escape_markdown, format_code, join_words
from bot.subscription.presets import PRESETS, Preset
from bot.subscription.schedule import DAY_NAMES, EVERY_DAY, MONDAY_TO_FRIDAY, Cadence, Schedule
from bot.subscription.settings import DigestLayout, DigestSettings, Threads

_PERIODS = {Cadence.DAILY: "the", Cadence.WEEKLY: "the week's", Cadence.MONTHLY: "the month's"}
_LAYOUTS = {DigestLayout.COMPACT: "titles only", DigestLayout.CARDS: "with a picture of the first"}
_THREADS = {Threads.PER_DIGEST: "with one thread", Threads.PER_PAPER: "each with its own thread"}

_PRESET_PHRASES = {  # by filter
    PRESETS[Preset.LANGUAGE]: " about language models",
    PRESETS[Preset.VISION]: " about vision",
    PRESETS[Preset.ROBOTICS]: " about robotics",
    PRESETS[Preset.AUDIO]: " about audio",
    PRESETS[Preset.CODE]: " with code",
}


def describe_settings(settings: DigestSettings) -> str:
    """`Every weekday at 09:00 Europe/Berlin, the top 5 papers about *diffusion* in #papers`."""
    schedule, selection = describe_schedule(settings.schedule), _describe_selection(settings)
    extras = "".join(f", {each}" for each in _list_extras(settings))
    return f"{schedule}, {selection} in <#{settings.channel_id}>{extras}"


def describe_schedule(schedule: Schedule) -> str:
    """`Every weekday at 09:00 Europe/Berlin`."""
    return f"{describe_dates(schedule)} at {schedule.time:%H:%M} {schedule.timezone.key}"


def describe_dates(schedule: Schedule) -> str:
    """`Every weekday`, or `Every week on Monday`."""
    weekdays = schedule.weekdays
    if schedule.cadence is Cadence.WEEKLY:
        return f"Every week on {DAY_NAMES[min(weekdays)]}"
    if schedule.cadence is Cadence.DAILY:
        return f"Every {_describe_weekdays(weekdays, 'and')}"
    return f"On the first {_describe_weekdays(weekdays, 'or')} of every month"


def _describe_weekdays(weekdays: frozenset[int], joint: str) -> str:
    if weekdays == EVERY_DAY:
        return "day"
    if weekdays == MONDAY_TO_FRIDAY:
        return "weekday"
    return join_words([DAY_NAMES[number] for number in sorted(weekdays)], joint)


def _describe_selection(settings: DigestSettings) -> str:
    selection = settings.selection
    papers = f"top {count_noun(selection.size, 'paper')}" if selection.size > 1 else "top paper"
    floor = f" with at least {count_noun(selection.min_upvotes, 'upvote')}" if selection.min_upvotes else ""
    return f"{_PERIODS[settings.schedule.cadence]} {papers}{describe_filter(selection.filter)}{floor}"


def describe_filter(filter_: str) -> str:
    """` about vision` for a preset, ` about *diffusion*` for words, ` matching` and the filter for others."""
    if not filter_:
        return ""
    if filter_ in _PRESET_PHRASES:
        return _PRESET_PHRASES[filter_]
    plain = re.fullmatch(r"[\w\s]+", filter_) and "OR" not in filter_.split()
    return f" about *{escape_markdown(filter_)}*" if plain else f" matching {format_code(filter_, 300)}"


def _list_extras(settings: DigestSettings) -> Iterator[str]:
    posting = settings.posting
    if posting.layout in _LAYOUTS:
        yield _LAYOUTS[posting.layout]
    if posting.threads in _THREADS:
        yield _THREADS[posting.threads]
    if posting.publish:
        yield "published to followers"
    if posting.ping_role_id:
        floor = f" at {count_noun(posting.ping_upvotes, 'upvote')} or more" if posting.ping_upvotes else ""
        yield f"pinging <@&{posting.ping_role_id}>{floor}"
    if posting.silent:
        yield "without notifications"
    if posting.quiet_line:
        yield "with a note when nothing is new"
    if settings.selection.allow_repeats:
        yield "including papers from other digests here"
