"""Why settings don't do what an admin expects, with the figures that say so."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from bot.composing.outlook import Caveat, CaveatKind
from bot.layouts.text import count_noun, format_code, join_words
from bot.subscription.schedule import DAY_NAMES

_LAST_YEAR = 360  # days; an archive that is this old has about a year
_TYPED_LENGTH = 60  # characters of a part of a filter
_MAX_PARTS = 3


def describe_caveats(caveats: Iterable[Caveat]) -> str:
    """A line for each."""
    return "\n".join(f"⚠️ {_SENTENCES[each.kind](each)}" for each in caveats)


def _describe_minimum(caveat: Caveat) -> str:
    return f"**{count_noun(caveat.asked, 'upvote')}:** {_describe_best(caveat)}, so nothing would be posted."


def _describe_ping(caveat: Caveat) -> str:
    return f"**A ping at {count_noun(caveat.asked, 'upvote')}:** {_describe_best(caveat)}, so no one is pinged."


def _describe_best(caveat: Caveat) -> str:
    which = " that matches the filter" if caveat.is_filtered else ""
    best = f"the best of {caveat.papers:,}" if caveat.papers > 1 else "the only one"
    return f"no paper of {_describe_span(caveat)}{which} has that; {best} has {caveat.best:,}"


def _describe_constant_ping(caveat: Caveat) -> str:
    least = count_noun(caveat.least, "upvote")
    return f"Every paper has at least {least} here, so the ping at {caveat.asked:,} comes with every digest."


def _describe_filter(caveat: Caveat) -> str:
    papers = count_noun(caveat.papers, "paper")
    told = f"**Filter:** none of the {papers} of {_describe_span(caveat)} matches."
    parts = [f"{format_code(typed, _TYPED_LENGTH)} ({count:,})" for typed, count in caveat.without[:_MAX_PARTS]]
    return f"{told} Some would without {join_words(parts, 'or')}." if parts else told


def _describe_unused_weekdays(caveat: Caveat) -> str:
    counts, *others = (DAY_NAMES[number] for number in caveat.weekdays)
    return f"A weekly recap comes once a week, on {counts}. I don't use {join_words(others, 'or')}."


def describe_unknown_examples(examples: Sequence[str]) -> str:
    """Which papers others can't be like, and what to do about it."""
    papers = join_words([format_code(each) for each in examples[:_MAX_PARTS]])
    them = "it" if len(examples) == 1 else "them"
    which = "the paper" if len(examples) == 1 else "the papers"
    return (
        f"I don't have {which} {papers}, so nothing is like {them}. Check the ID, or open {them} with `/paper show`, "
        f"which looks for {them} on Hugging Face."
    )


def _describe_span(caveat: Caveat) -> str:
    if caveat.days >= _LAST_YEAR:
        return "the last year"
    return f"the last {caveat.days} days" if caveat.days > 1 else "the last day"


_SENTENCES: Mapping[CaveatKind, Callable[[Caveat], str]] = {
    CaveatKind.UPVOTES_UNREACHED: _describe_minimum,
    CaveatKind.PING_UNREACHED: _describe_ping,
    CaveatKind.PING_ALWAYS: _describe_constant_ping,
    CaveatKind.PING_SILENT: lambda _: "**The ping notifies no one**, because notifications are off.",
    CaveatKind.NOTHING_MATCHES: _describe_filter,
    CaveatKind.DATES_OVER: lambda _: "**Filter:** its dates leave out every new paper, so nothing would be posted.",
    CaveatKind.EXAMPLES_UNKNOWN: lambda caveat: f"**Filter:** {describe_unknown_examples(caveat.examples)}",
    CaveatKind.SORT_IGNORED: lambda _: "**Filter:** `sort:` does nothing here. A digest begins with the most upvotes.",
    CaveatKind.WEEKDAYS_IGNORED: _describe_unused_weekdays,
}
