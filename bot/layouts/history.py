"""What admins are told about the past: why a paper was highlighted or not, and who changed what."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bot.composing.explainer import ExampleLikeness, Explanation, PaperOutcome
from bot.digest import get_closing_time
from bot.layouts.digest_settings import describe_filter, describe_settings
from bot.layouts.reasons import explain_reason
from bot.layouts.subscriptions import describe_rejected_papers
from bot.layouts.text import (
    count_noun,
    escape_markdown,
    format_code,
    format_day,
    format_short_day,
    format_timestamp,
    make_link,
)
from bot.papers import Paper
from bot.search import LIKENESS_BAR
from bot.storage import DELETED_PERSON, Action, AuditEntry, Delivery, Subscription, SubscriptionState
from bot.subscription.schedule import DAY_NAMES

NO_ACTIONS = "No changes yet."
_VALUE_LIMIT = 60  # characters of a value that was changed
_MOST_EXAMPLES = 8  # of a filter
_COLUMN_NAMES = {
    "channel_id": "channel",
    "time": "time",
    "timezone": "time zone",
    "min_upvotes": "minimum upvotes",
    "filter": "filter",
    "threads": "threads",
    "archive_after": "minutes until threads are archived",
    "size": "papers at most",
    "risers": "rising papers",
    "publish": "publishing to followers",
    "silent": "without notifications",
    "ping_role_id": "pinged role",
    "ping_upvotes": "upvotes for a ping",
    "quiet_line": "note when nothing is new",
    "allow_repeats": "papers from other digests",
}
_ACTIONS = {
    Action.ADDED: "set it up",
    Action.EDITED: "saved it without changes",
    Action.PAUSED: "paused it",
    Action.RESUMED: "resumed it",
    Action.REMOVED: "removed it",
    Action.SENT: "sent the next digest early",
    Action.EXTRA: "posted an extra digest",
    Action.UNDONE: "undid the last digest",
    Action.SUSPENDED: "suspended it",
    Action.RECOVERED: "resumed it automatically, because the problem was gone",
    Action.LEFT: "was no longer in the server, so I paused it",
    Action.RETURNED: "found that I am in the server, so I resumed it",
}


def render_paper_link(paper: Paper) -> str:
    """The paper that the explanations are about."""
    return f"**{make_link(paper.name, paper.url)}**"


def describe_explanation(subscription: Subscription, given: Explanation) -> str:
    """What happened to a paper in a subscription, under the subscription's sentence."""
    lines = [f"{describe_settings(subscription.settings)}:", f"→ {_describe_paper_outcome(subscription, given)}"]
    return "\n".join([*lines, *describe_likenesses(given.likenesses)])


def describe_likenesses(likenesses: Sequence[ExampleLikeness], most: int = _MOST_EXAMPLES) -> Iterator[str]:
    """A line that says how like a paper is to each example of a filter, and what that means."""
    if not likenesses:
        return
    shown = [_describe_example(each) for each in likenesses[:most]]
    more = len(likenesses) - len(shown)
    rest = f" and {more:,} more" if more else ""
    yield f"-# Likeness: {', '.join(shown)}{rest}. A paper is like another from {LIKENESS_BAR} on."


def _describe_example(each: ExampleLikeness) -> str:
    example = escape_markdown(each.example)
    if each.value is None:
        return f"unknown to {example}, which I don't have"
    away = " (pushed away)" if each.is_pushed_away else ""
    return f"{each.value:.2f} to {example}{away}"


def _describe_paper_outcome(subscription: Subscription, given: Explanation) -> str:
    if given.delivery and given.outcome in _FROM_RECORD:
        return _FROM_RECORD[given.outcome](given.delivery)
    if given.outcome is PaperOutcome.WITHDRAWN:
        return "Not highlighted: the paper was withdrawn."
    if given.outcome is PaperOutcome.NEVER_LISTED or given.day is None:
        return "Never highlighted: it isn't on any daily list I know of."
    if given.outcome is PaperOutcome.STILL_OPEN:
        closes = format_timestamp(get_closing_time(given.day))
        return (
            f"Not yet: the list of {format_day(given.day)} is open until {closes}. The paper's first chance is "
            f"{_describe_next_run(subscription)}."
        )
    outcome, why = _describe_not_highlighted(given), _describe_why_not(subscription, given)
    return f"{outcome}: it was on the list of {format_day(given.day)}{why}"


def _describe_highlighted(delivery: Delivery) -> str:
    message = delivery.posted_message
    if message:
        when = f"on {format_timestamp(message.sent_at)} → [jump]({message.url})"
    else:
        when = f"in the run of {format_short_day(delivery.run_date)}"
    return f"Highlighted {when}. A subscription never highlights a paper twice."


def _describe_elsewhere(delivery: Delivery) -> str:
    message = delivery.posted_message
    when = f", on {format_timestamp(message.sent_at)} → [jump]({message.url})" if message else ""
    return (
        f"Not highlighted here: another digest in this channel had it{when}. You can allow repeats in `/digest setup`."
    )


def _describe_rejected(delivery: Delivery) -> str:
    return f"Not highlighted in the run of {format_short_day(delivery.run_date)}. {describe_rejected_papers(delivery)}"


_FROM_RECORD = {
    PaperOutcome.HIGHLIGHTED: _describe_highlighted,
    PaperOutcome.HIGHLIGHTED_ELSEWHERE: _describe_elsewhere,
    PaperOutcome.REJECTED: _describe_rejected,
}


def _describe_not_highlighted(given: Explanation) -> str:
    if given.delivery:
        return f"Not highlighted in the run of {format_short_day(given.delivery.run_date)}"
    match given.outcome:
        case PaperOutcome.LISTED_TOO_EARLY:
            return "Not highlighted"
        case PaperOutcome.FILTERED:
            return "It will not be highlighted"
        case _:
            return "Not yet"


def _describe_why_not(subscription: Subscription, given: Explanation) -> str:
    """The end of the sentence, after the day of the paper's list."""
    selection = (given.delivery or subscription).settings.selection
    upvotes = count_noun(given.upvotes, "upvote")
    match given.outcome:
        case PaperOutcome.LISTED_TOO_EARLY:
            return ", which closed before this subscription started."
        case PaperOutcome.FILTERED:
            return f", but the filter only allows papers{describe_filter(selection.filter)}."
        case PaperOutcome.TOO_FEW_UPVOTES if given.delivery:
            return f" with {upvotes} at the time, but needed {selection.min_upvotes:,}."
        case PaperOutcome.TOO_FEW_UPVOTES:
            return f" with {upvotes} so far, but needs {selection.min_upvotes:,} by {_describe_next_run(subscription)}."
        case PaperOutcome.BELOW_THE_CUT if given.delivery:
            return f" with {upvotes} at the time{_describe_cut(given.delivery)}."
        case _:
            return f" with {upvotes} so far, and may come with {_describe_next_run(subscription)}."


def _describe_next_run(subscription: Subscription) -> str:
    if subscription.state is SubscriptionState.ACTIVE:
        return f"the run of {format_timestamp(subscription.next_run.at)}"
    return "the first run after `/digest resume`"


def _describe_cut(delivery: Delivery) -> str:
    highlights = delivery.digest.highlights
    if not highlights:
        return ", and that digest had no highlights"
    shown = count_noun(len(highlights), "highlight")
    return f", too few to make the cut: the last of {shown} had {highlights[-1].upvotes:,}"


def render_audit_log(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """A paragraph for each entry."""
    for entry in entries:
        who = _name_person(entry.user_id)
        why = f" {explain_reason(entry.reason)}" if entry.reason else ""
        edits = "; ".join(
            f"{_COLUMN_NAMES.get(name, name)} {_describe_value(name, before)} → {_describe_value(name, after)}"
            for name, (before, after) in entry.details.items()
        )
        did = f"changed {edits}" if edits else _ACTIONS[entry.action]
        yield f"{format_timestamp(entry.made_at)} · subscription #{entry.subscription_id} · {who} {did}.{why}"


def _name_person(user_id: int | None) -> str:
    if user_id == DELETED_PERSON:
        return "Someone who deleted their data"
    return f"<@{user_id}>" if user_id else "I"


def _describe_value(name: str, value: Any) -> str:
    if name == "channel_id":
        return f"<#{value}>"
    if name == "ping_role_id":
        return f"<@&{value}>" if value else "none"
    if name == "weekdays":
        return ", ".join(DAY_NAMES[int(number)][:3] for number in value)
    if name in {"publish", "silent", "quiet_line", "allow_repeats"}:
        return "yes" if value else "no"
    if name == "threads":
        return {"digest": "for each digest", "highlight": "for each paper"}.get(value, "none")
    return format_code(str(value), _VALUE_LIMIT) if value != "" else "none"
