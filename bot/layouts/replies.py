"""What people are answered where it is no paper: how a subscription stands, and what would be right."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from bot.digest import Digest
from bot.layouts.text import MAX_CONTENT, count, day_name, short_day, timestamp
from bot.schedule import weekdays_name
from bot.storage import PER_GUILD, Delivery, DeliveryState, Subscription, SubscriptionState

NEEDS_MANAGE_SERVER = "Only members with the **Manage Server** permission can change where digests are posted."
SERVER_ONLY = "Digests are set up inside a server: use this command there."
BROKEN = "Something went wrong on my side, and it is in the log. Please try again."
NO_SUBSCRIPTIONS = "Nothing is set up here yet. `/digest add` posts the day's best papers in a channel."
UNKNOWN_SUBSCRIPTION = "There is no such subscription here: pick one that is offered while you type."
WHICH_SUBSCRIPTION = "This server has several subscriptions: say which one, they are offered while you type."
CHANNEL_GONE = "The channel of this subscription is gone. `/digest edit` moves it to another one."
CHANNEL_UNSEEN = "I cannot see that channel. Allow me **View Channel** there, then try again; nothing was changed."
TOO_MANY = f"This server has {PER_GUILD} subscriptions, and no more fit. `/digest remove` makes room."
UNKNOWN_PAPER = (
    "I know no such paper. Give an arXiv id such as `2605.29801`, or a link from "
    "huggingface.co/papers or arxiv.org; `/paper search` finds papers by their words."
)
NO_SUCH_PAPER = "Hugging Face has no paper **{}**. Please check the id."
PAPERS_DOWN = "That paper is not in the archive, and Hugging Face does not answer just now. Please try again later."
HUB_DOWN = "Hugging Face does not answer just now, so only the archive was searched."
HUB_KNOWS_NO_MORE = "Hugging Face found nothing beyond the archive."
NOTHING_SIMILAR = "The archive holds nothing like that paper yet."
EMPTY_ARCHIVE = "The archive is empty: it fills in the first minutes after the bot's first start."
POSTED_WHERE = "A server's digests are listed inside the server: use this command there."
NOTHING_POSTED = "No digest was posted here in that time."
PAGE_GONE = "There is no such page any more. Please ask again."
STALE = "This no longer works. Please search again."
NO_QUERY = "Type some words of the paper you look for: of its title, abstract, authors or tags."
NO_PAPERS = "No papers were listed then. Try another date, or a longer period."
BAD_DATE = "A date looks like `2026-05-28`."


def wish(subscription: Subscription) -> str:
    """A subscription as a sentence."""
    timetable, taste = subscription.timetable, subscription.taste
    floor = f" with at least {count(taste.min_upvotes, 'upvote')}" if taste.min_upvotes else ""
    return (
        f"the top {taste.size}{floor} in <#{subscription.channel_id}>, {weekdays_name(timetable.weekdays)} "
        f"at {timetable.at:%H:%M} {timetable.zone.key}"
    )


def label(subscription: Subscription, channel_name: str) -> str:
    """A subscription where Discord shows no Markdown: in an autocomplete."""
    at = f"{subscription.timetable.at:%H:%M} {subscription.timetable.zone.key}"
    return f"{channel_name}, {weekdays_name(subscription.timetable.weekdays)} at {at} (#{subscription.id})"


def saved(subscription: Subscription, done: str) -> str:
    """What was `done` to a subscription, and what comes of it."""
    return f"{done}: {wish(subscription)}.\n{next_run(subscription)}"


def next_run(subscription: Subscription) -> str:
    match subscription.state:
        case SubscriptionState.PAUSED:
            return "Nothing is posted until `/digest resume`."
        case SubscriptionState.SUSPENDED:
            return f"⚠️ Suspended, as {subscription.reason}. Mend that, then `/digest resume`."
        case _ if subscription.reason:
            since = timestamp(subscription.next_run.at)
            return f"Due since {since}, and waiting, as {subscription.reason}. It comes once the list can be read."
        case _:
            at = subscription.next_run.at
            return f"Next digest {timestamp(at)} ({timestamp(at, 'R')})."


def listed(subscription: Subscription) -> str:
    return f"{_sentence(wish(subscription))} · {_state(subscription)}"


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}"


def _state(subscription: Subscription) -> str:
    if subscription.state is SubscriptionState.ACTIVE:
        return f"next {timestamp(subscription.next_run.at, 'R')}"
    return subscription.state.value


def standing(subscription: Subscription, deliveries: Sequence[Delivery], missing: Sequence[str] | None) -> str:
    """How a subscription stands: what comes, what came last, and what is in the way.

    `missing` are the permissions the bot lacks in the channel, None where the channel is gone.
    """
    lines = [f"**{_sentence(wish(subscription))}**", next_run(subscription)]
    lines += [_delivered(delivery) for delivery in deliveries]
    if not deliveries:
        lines.append("Nothing has been posted yet.")
    if missing is None:
        lines.append(f"⚠️ {CHANNEL_GONE}")
    elif missing:
        lines.append(f"⚠️ {missing_permissions(subscription.channel_id, missing)}")
    return "\n".join(lines)


def _delivered(delivery: Delivery) -> str:
    run = f"Run of {short_day(delivery.run_date)}"
    match delivery.state:
        case DeliveryState.SENT:
            shown = count(len(delivery.digest.highlights), "highlight")
            return f"{run}: {f'[{shown}]({delivery.post.url})' if delivery.post else shown}."
        case DeliveryState.QUIET:
            return f"{run}: nothing was posted, as {delivery.reason}."
        case DeliveryState.FAILED:
            return f"{run}: ⚠️ not posted, as {delivery.reason}."
        case _:
            return f"{run}: on its way{f', delayed, as {delivery.reason}' if delivery.reason else ''}."


def quiet_preview(digest: Digest) -> str:
    return f"As things stand, the next run would post nothing, as {digest.reason}."


def missing_permissions(channel_id: int, missing: Sequence[str]) -> str:
    return (
        f"I lack {_bold(missing)} in <#{channel_id}>. Open that channel's settings, *Permissions*, add my role, "
        "and allow what is missing."
    )


def _bold(names: Sequence[str]) -> str:
    """**a**, **b** and **c**."""
    *others, last = (f"**{name}**" for name in names)
    return f"{', '.join(others)} and {last}" if others else last


def suspended(channel_id: int, reason: str) -> str:
    """What the server is told, once."""
    return (
        f"The digest in <#{channel_id}> is suspended, as {reason}. "
        "Once that is mended, `/digest resume` starts it again."
    )


def messages(paragraphs: Iterable[str]) -> list[str]:
    """The paragraphs in as few messages as they fit in, none cut in two."""
    fitted: list[str] = []
    for paragraph in paragraphs:
        if fitted and len(fitted[-1]) + len(paragraph) + 2 <= MAX_CONTENT:
            fitted[-1] += f"\n\n{paragraph}"
        else:
            fitted.append(paragraph)
    return fitted


def no_results(query: str) -> str:
    """`query` is Markdown."""
    return f"Nothing in the archive matches **{query}**. Try fewer or other words."


def may_not_share(missing: Sequence[str]) -> str:
    """Why a page is not shown to everybody; `missing` are the permissions that the person lacks."""
    return f"You need {_bold(missing)} in this channel to share a page."


def still_open(closes_at: datetime) -> str:
    return f"This list is open and grows until {timestamp(closes_at)}."


def latest_instead(day: date) -> str:
    return f"Nothing is on today's list yet: this is the list of {day_name(day)}."
