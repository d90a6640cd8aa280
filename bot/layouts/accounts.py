"""Accounts given to admins: why a paper was highlighted or not, and who changed what."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bot.composing.explainer import Verdict, Why
from bot.digest import closed_at
from bot.layouts.reasons import explain
from bot.layouts.subscriptions import refused
from bot.layouts.text import code, count, day_name, link, short_day, timestamp
from bot.layouts.wishes import about, sentence
from bot.papers import Paper
from bot.storage import Action, Change, Delivery, Subscription, SubscriptionState
from bot.subscription.schedule import DAY_NAMES

NO_CHANGES = "No changes yet."
_SHOWN = 60  # characters of a value that was changed
_NAMES = {
    "channel_id": "channel",
    "at": "time",
    "zone": "time zone",
    "min_upvotes": "minimum upvotes",
    "query": "filter",
    "discussion": "threads",
    "archive_after": "minutes until threads are archived",
    "ping_role_id": "pinged role",
    "ping_upvotes": "upvotes for a ping",
    "quiet_line": "note when nothing is new",
    "repeats": "papers from other digests",
}
_DONE = {
    Action.ADDED: "set it up",
    Action.EDITED: "saved it without changes",
    Action.PAUSED: "paused it",
    Action.RESUMED: "resumed it",
    Action.REMOVED: "removed it",
    Action.SENT: "sent the next digest early",
    Action.UNDONE: "undid the last digest",
    Action.SUSPENDED: "suspended it",
    Action.RECOVERED: "resumed it automatically, because the problem was gone",
    Action.LEFT: "was removed from the server, so I paused it",
    Action.RETURNED: "found that I am still in the server, so I resumed it",
}


def about_paper(paper: Paper) -> str:
    """The paper that the verdicts are about."""
    return f"**{link(paper.name, paper.url)}**"


def verdict(subscription: Subscription, given: Verdict) -> str:
    """What happened to a paper in a subscription, under the subscription's sentence."""
    return f"{sentence(subscription.wish)}:\n→ {_reason(subscription, given)}"


def _reason(subscription: Subscription, given: Verdict) -> str:
    if given.delivery and given.why in _RECORDED:
        return _RECORDED[given.why](given.delivery)
    if given.why is Why.WITHDRAWN:
        return "Not highlighted: the paper was withdrawn."
    if given.why is Why.NEVER_LISTED or given.day is None:
        return "Never highlighted: it isn't on any daily list I know of."
    if given.why is Why.STILL_OPEN:
        closes = timestamp(closed_at(given.day))
        return (
            f"Not yet: the list of {day_name(given.day)} is open until {closes}. The paper's first chance is "
            f"{_coming(subscription)}."
        )
    return f"{_outcome(given)}: it was on the list of {day_name(given.day)}{_because(subscription, given)}"


def _highlighted(delivery: Delivery) -> str:
    at = f"on {timestamp(delivery.post.sent_at)}" if delivery.post else f"in the run of {short_day(delivery.run_date)}"
    where = f" → [jump]({delivery.post.url})" if delivery.post else ""
    return f"Highlighted {at}{where}. A subscription never highlights a paper twice."


def _had_elsewhere(delivery: Delivery) -> str:
    where = f", on {timestamp(delivery.post.sent_at)} → [jump]({delivery.post.url})" if delivery.post else ""
    return (
        f"Not highlighted here: another digest in this channel had it{where}. You can allow repeats in `/digest setup`."
    )


def _not_taken(delivery: Delivery) -> str:
    return f"Not highlighted in the run of {short_day(delivery.run_date)}. {refused(delivery)}"


_RECORDED = {Why.HIGHLIGHTED: _highlighted, Why.ELSEWHERE: _had_elsewhere, Why.REFUSED: _not_taken}


def _outcome(given: Verdict) -> str:
    if given.delivery:
        return f"Not highlighted in the run of {short_day(given.delivery.run_date)}"
    return {Why.BEFORE: "Not highlighted", Why.FILTERED: "It will not be highlighted"}.get(given.why, "Not yet")


def _because(subscription: Subscription, given: Verdict) -> str:
    """The end of the sentence, after the day of the paper's list."""
    taste = (given.delivery or subscription).wish.taste
    upvotes = count(given.upvotes, "upvote")
    match given.why:
        case Why.BEFORE:
            return ", which closed before this subscription started."
        case Why.FILTERED:
            return f", but it isn't a paper{about(taste.query)}."
        case Why.TOO_FEW_UPVOTES if given.delivery:
            return f" with {upvotes} at the time, but needed {taste.min_upvotes:,}."
        case Why.TOO_FEW_UPVOTES:
            return f" with {upvotes} so far, but needs {taste.min_upvotes:,} by {_coming(subscription)}."
        case Why.BELOW_THE_CUT if given.delivery:
            return f" with {upvotes} at the time{_cut(given.delivery)}."
        case _:
            return f" with {upvotes} so far, and may come with {_coming(subscription)}."


def _coming(subscription: Subscription) -> str:
    if subscription.state is SubscriptionState.ACTIVE:
        return f"the run of {timestamp(subscription.next_run.at)}"
    return "the first run after `/digest resume`"


def _cut(delivery: Delivery) -> str:
    highlights = delivery.digest.highlights
    if not highlights:
        return ", and that digest had no highlights"
    return (
        f", too few to make the cut: the last of {count(len(highlights), 'highlight')} had {highlights[-1].upvotes:,}"
    )


def changes_text(changes: Iterable[Change]) -> Iterator[str]:
    """A paragraph for each change."""
    for change in changes:
        who = f"<@{change.user_id}>" if change.user_id else "I"
        why = f" {explain(change.reason)}" if change.reason else ""
        edits = "; ".join(_edited(change.details))
        did = f"changed {edits}" if edits else _DONE[change.action]
        yield f"{timestamp(change.made_at)} · subscription #{change.subscription_id} · {who} {did}.{why}"


def _edited(details: Mapping[str, tuple[Any, Any]]) -> Iterator[str]:
    for name, (before, after) in details.items():
        yield f"{_NAMES.get(name, name)} {_value(name, before)} → {_value(name, after)}"


def _value(name: str, value: Any) -> str:
    if name == "channel_id":
        return f"<#{value}>"
    if name == "ping_role_id":
        return f"<@&{value}>" if value else "none"
    if name == "weekdays":
        return ", ".join(DAY_NAMES[int(number)][:3] for number in value)
    if name in {"publish", "silent", "quiet_line", "repeats"}:
        return "yes" if value else "no"
    if name == "discussion":
        return {"digest": "for each digest", "highlight": "for each paper"}.get(value, "none")
    return code(str(value), _SHOWN) if value != "" else "none"
