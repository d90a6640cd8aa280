"""What people are answered where it is no paper: how a subscription stands, and what would be right."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from bot.digest import Digest
from bot.layouts.reasons import explain, permission_names
from bot.layouts.text import MAX_CONTENT, count, day_name, link, short_day, timestamp
from bot.layouts.wishes import sentence, when
from bot.papers import Paper
from bot.reasons import Reason
from bot.storage import PER_GUILD, Delivery, DeliveryState, Subscription, SubscriptionState
from bot.subscription.schedule import Run

NEEDS_MANAGE_SERVER = "You need the **Manage Server** permission to see or change what is posted here. Ask an admin."
SERVER_ONLY = "Digests are set up inside a server: use this command there."
BROKEN = "Something went wrong on my side, and it is in the log. Please try again."
NO_SUBSCRIPTIONS = "Nothing is set up here yet. `/digest setup` has the day's best papers posted in a channel."
UNKNOWN_SUBSCRIPTION = "There is no such subscription here: pick one that is offered while you type."
WHICH_SUBSCRIPTION = "This server has several subscriptions: say which one, they are offered while you type."
CHANNEL_GONE = "The channel of this subscription is gone. `/digest edit` moves it to another one."
NO_TAG_ADVICE = (
    "This forum demands a tag and has none that I may use. Add a tag to it that is not for moderators alone."
)
CHANGED_MEANWHILE = "Somebody has changed this subscription meanwhile; nothing of yours was done. Open it anew."
NOTHING_TO_UNDO = "No digest of this subscription can be undone: it has posted none, or the last one is undone already."
ON_ITS_WAY = "The last digest is still on its way. Try again in a minute."
RESUME_FIRST = "This subscription is not active. `/digest resume` it first."
PANEL_CLOSED = "This panel is closed. `/digest setup` opens another one."
NOT_YOURS = "This panel is somebody else's. `/digest setup` opens one of your own."
NO_CHANGES = "Nothing has been changed yet."
ROLE_GONE = "The role to ping is gone: nobody is pinged. `/digest setup` chooses another one."
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


def label(subscription: Subscription, channel_name: str) -> str:
    """A subscription where Discord shows no Markdown: in an autocomplete."""
    return f"{channel_name}, {_lower(when(subscription.wish.timetable))} (#{subscription.id})"


def _lower(words: str) -> str:
    return f"{words[0].lower()}{words[1:]}"


def saved(subscription: Subscription, done: str) -> str:
    """What was `done` to a subscription, and what comes of it."""
    return f"**{done}.** {sentence(subscription.wish)}.\n{next_run(subscription)}"


def removed(subscription: Subscription) -> str:
    return f"**Removed.** {sentence(subscription.wish)}. What it posted stays in the record; `/digest undo` is no more."


def next_run(subscription: Subscription) -> str:
    match subscription.state:
        case SubscriptionState.PAUSED:
            return "Nothing is posted until `/digest resume`."
        case SubscriptionState.SUSPENDED:
            return f"⚠️ Suspended. {_because(subscription.reason)}Fix that, then `/digest resume`."
        case _ if subscription.reason:
            since = timestamp(subscription.next_run.at)
            return f"Due since {since}, and waiting. {explain(subscription.reason)} It comes once the list can be read."
        case _:
            return coming(subscription.next_run)


def _because(reason: Reason | None) -> str:
    """The reason before a sentence that follows, if there is one."""
    return f"{explain(reason)} " if reason else ""


def coming(run: Run) -> str:
    return f"Next digest {timestamp(run.at)} ({timestamp(run.at, 'R')})."


def listed(subscription: Subscription) -> str:
    return f"{sentence(subscription.wish)} (#{subscription.id}) · {_state(subscription)}"


def _state(subscription: Subscription) -> str:
    if subscription.state is SubscriptionState.ACTIVE:
        return f"next {timestamp(subscription.next_run.at, 'R')}"
    return subscription.state.value


def standing(subscription: Subscription, deliveries: Sequence[Delivery], obstacles: Sequence[str]) -> str:
    """How a subscription stands: what comes, what came last, and what is in the way now."""
    lines = [f"**{sentence(subscription.wish)}** (#{subscription.id})", next_run(subscription)]
    lines += [_delivered(delivery) for delivery in deliveries]
    if not deliveries:
        lines.append("Nothing has been posted yet.")
    lines += [f"⚠️ {obstacle}" for obstacle in obstacles] or ["✓ I have every permission that this needs."]
    return "\n".join(lines)


def _delivered(delivery: Delivery) -> str:
    return f"Run of {short_day(delivery.run_date)}: {_fate(delivery)}"


def _fate(delivery: Delivery) -> str:
    """What became of a delivery, in a sentence or more."""
    because = _because(delivery.reason)
    match delivery.state:
        case DeliveryState.SENT:
            return f"{_figures(delivery)}.{f' ⚠️ {because}'.rstrip() if because else ''}"
        case DeliveryState.QUIET:
            return f"{_linked('nothing new', delivery)}. {_because(delivery.digest.reason)}".rstrip()
        case DeliveryState.FAILED if delivery.post:
            return f"⚠️ posted in part ({_figures(delivery)}). {because}The rest may come with the next."
        case DeliveryState.FAILED:
            return f"⚠️ not posted. {because}Its papers may come with the next."
        case DeliveryState.UNDONE:
            return "undone."
        case _:
            return f"on its way, delayed. {because}".rstrip() if because else "on its way."


def _figures(delivery: Delivery) -> str:
    highlights = delivery.digest.highlights
    shown = _linked(f"top {len(highlights)}" if len(highlights) > 1 else "the top paper", delivery)
    upvotes = count(sum(each.upvotes for each in highlights), "upvote")
    return f"{shown} of {count(delivery.digest.listed, 'paper')}, with {upvotes}"


def _linked(words: str, delivery: Delivery) -> str:
    return f"[{words}]({delivery.post.url})" if delivery.post else words


def quiet_preview(digest: Digest) -> str:
    return f"As things stand, the next run would highlight nothing. {_because(digest.reason)}".rstrip()


def not_now(reason: Reason) -> str:
    return f"That cannot be done just now. {explain(reason)} Nothing was changed; try again in a minute."


def missing_permissions(channel_id: int, missing: Sequence[str]) -> str:
    return (
        f"I lack {permission_names(missing)} in <#{channel_id}>. Open that channel's settings, *Permissions*, "
        "add my role, and allow what is missing."
    )


def failing(channel_id: int, reason: Reason) -> str:
    """What the server is told, once, of runs that fail."""
    return f"Two digests in a row did not get to <#{channel_id}>. {explain(reason)} `/digest status` has more."


def suspended(channel_id: int, reason: Reason) -> str:
    """What the server is told, once."""
    return (
        f"The digest in <#{channel_id}> is suspended. {explain(reason)} "
        "Once that is fixed, `/digest resume` starts it again."
    )


def messages(paragraphs: Iterable[str]) -> list[str]:
    """The paragraphs in as few messages as they fit in; only one that is too long is cut, between its lines."""
    fitted: list[str] = []
    for paragraph in paragraphs:
        parts = [paragraph] if len(paragraph) <= MAX_CONTENT else paragraph.splitlines()
        for number, part in enumerate(parts):
            joint = "\n" if number else "\n\n"
            if fitted and len(fitted[-1]) + len(joint) + len(part) <= MAX_CONTENT:
                fitted[-1] += f"{joint}{part}"
            else:
                fitted.append(part)
    return fitted


def no_results(query: str) -> str:
    """`query` is Markdown."""
    return f"Nothing in the archive matches **{query}**. Try fewer or other words."


def may_not_share(missing: Sequence[str]) -> str:
    """Why a page is not shown to everybody; `missing` are the permissions that the person lacks."""
    return f"You need {permission_names(missing)} in this channel to share a page."


def still_open(closes_at: datetime) -> str:
    return f"This list is open and grows until {timestamp(closes_at)}."


def latest_instead(day: date) -> str:
    return f"Nothing is on today's list yet: this is the list of {day_name(day)}."


def unpingable(role_id: int) -> str:
    return (
        f"<@&{role_id}> is mentioned but not notified. Allow anyone to mention it in the role's settings, or allow me "
        "**Mention @everyone, @here, and All Roles** in the channel."
    )


def sent_now(delivery: Delivery) -> str:
    """What became of a digest sent before its time."""
    return f"The run of {short_day(delivery.run_date)}, before its time: {_fate(delivery)}"


def nothing_to_send(reason: Reason) -> str:
    return f"There is nothing to send. {explain(reason)} Nothing was changed."


def undone(delivery: Delivery, *, everything_gone: bool) -> str:
    papers = count(len(delivery.digest.highlights), "paper")
    left = "" if everything_gone else " Threads that others wrote in, or that I may not delete, are still there."
    return f"The digest of {short_day(delivery.run_date)} is undone: its {papers} may come again.{left}"


def not_undone(reason: Reason) -> str:
    return f"Not all of the digest could be deleted. {explain(reason)} `/digest undo` again goes on with it."


def filter_too_long(most: int) -> str:
    return f"A filter has {most} characters at most. Shorten it; nothing was changed."


def about_paper(paper: Paper) -> str:
    return f"**{link(paper.title, paper.url)}**"
