"""The state of a subscription: what was changed, what comes next, how the last runs went, and what is wrong."""

from collections.abc import Sequence

from bot.digest import Digest
from bot.layouts.advice import advise
from bot.layouts.reasons import explain
from bot.layouts.text import count, escape, joined, short_day, timestamp
from bot.layouts.wishes import sentence, when
from bot.reasons import Reason, ReasonKind
from bot.storage import Action, Delivery, DeliveryState, Form, Subscription, SubscriptionState
from bot.subscription.schedule import Run

_DONE = {
    Action.ADDED: "Set up",
    Action.EDITED: "Changed",
    Action.PAUSED: "Paused",
    Action.RESUMED: "Resumed",
}


def label(subscription: Subscription, channel_name: str | None) -> str:
    """A subscription without Markdown, which Discord does not show in an autocomplete."""
    channel = f"#{channel_name}" if channel_name else "a deleted channel"
    return f"{channel}, {_lower(when(subscription.wish.timetable))} (#{subscription.id})"


def _lower(words: str) -> str:
    return f"{words[0].lower()}{words[1:]}"


def saved(subscription: Subscription, done: Action) -> str:
    """What was `done` to a subscription, and what happens next."""
    return f"**{_DONE[done]}.** {sentence(subscription.wish)}.\n{next_run(subscription)}"


def removed(subscription: Subscription) -> str:
    stays = "Its messages stay, but `/digest undo` can no longer delete them."
    return f"**Removed.** {sentence(subscription.wish)}. {stays}"


def next_run(subscription: Subscription) -> str:
    because = _because(subscription.reason)
    match subscription.state:
        case SubscriptionState.PAUSED:
            return "Nothing is posted until you use `/digest resume`."
        case SubscriptionState.SUSPENDED:
            return f"⚠️ Suspended. {because}{_way_on(subscription)}"
        case _ if because:
            since = timestamp(subscription.next_run.at)
            return f"Due since {since}, and waiting. {because}I'll post it once I can read the list."
        case _:
            return coming(subscription.next_run)


def _way_on(subscription: Subscription) -> str:
    return (
        "Once that is fixed, it resumes automatically."
        if subscription.recovers
        else "Fix that, then use `/digest resume`."
    )


def _because(reason: Reason | None) -> str:
    """The reason, if there is one, with a space for the sentence that follows."""
    return f"{explain(reason)} " if reason else ""


def coming(run: Run) -> str:
    return f"Next digest {timestamp(run.at)} ({timestamp(run.at, 'R')})."


def listed(subscription: Subscription) -> str:
    return f"{sentence(subscription.wish)} (#{subscription.id}) · {_state(subscription)}"


def _state(subscription: Subscription) -> str:
    if subscription.state is SubscriptionState.ACTIVE:
        return f"next {timestamp(subscription.next_run.at, 'R')}"
    return subscription.state.value


def standing(subscription: Subscription, deliveries: Sequence[Delivery], obstacles: Sequence[Reason]) -> str:
    """The state of a subscription: what comes next, how the last runs went, and what is wrong now."""
    lines = [f"**{sentence(subscription.wish)}** (#{subscription.id})", next_run(subscription)]
    lines += [f"Run of {short_day(delivery.run_date)}: {_fate(delivery)}" for delivery in deliveries]
    if not deliveries:
        lines.append("Nothing has been posted yet.")
    in_the_way = [f"⚠️ {advise(subscription.wish.channel_id, obstacle)}" for obstacle in obstacles]
    return "\n".join([*lines, *(in_the_way or ["✓ I have all the permissions I need."])])


def _fate(delivery: Delivery) -> str:
    """How a delivery ended, in one or more sentences."""
    return " ".join(filter(None, [_outcome(delivery), refused(delivery), _simplified(delivery)]))


def _outcome(delivery: Delivery) -> str:
    because = _because(delivery.reason)
    match delivery.state:
        case DeliveryState.SENT:
            return f"{_figures(delivery)}.{f' ⚠️ {_left_undone(delivery)}{because}' if because else ''}".rstrip()
        case DeliveryState.QUIET:
            return f"{_linked('nothing new', delivery)}. {_because(delivery.digest.reason)}".rstrip()
        case DeliveryState.FAILED:
            return _failed(delivery)
        case DeliveryState.UNDONE:
            return "undone."
        case _:
            return f"delayed, but on its way. {because}".rstrip() if because else "on its way."


def _failed(delivery: Delivery) -> str:
    because = _because(delivery.reason)
    if delivery.reason and delivery.reason.kind is ReasonKind.IN_DOUBT:
        said = "To avoid posting anything twice, I won't post its papers again. Please check the channel."
        return f"⚠️ maybe posted. {because}{said}"
    if delivery.post:
        return f"⚠️ partly posted ({_figures(delivery)}). {because}The rest may come with the next digest."
    rest = f"{because}Its papers may come with the next digest." if delivery.messages else ""
    return f"⚠️ not posted. {rest}".rstrip()


def refused(delivery: Delivery) -> str:
    """The papers that Discord refused, if any."""
    if not delivery.refused:
        return ""
    papers = joined([escape(each.paper_id) for each in delivery.refused])
    errors = joined(sorted({str(each.refusal) for each in delivery.refused}))
    them = "this paper" if len(delivery.refused) == 1 else "these papers"
    return f"Discord refused {papers} (error {errors}). I skip {them} from now on."


def _simplified(delivery: Delivery) -> str:
    """How it was posted differently because Discord refused something, if it was."""
    changed = [message for message in delivery.messages if message.refusal]
    forms = {message.form for message in changed}
    apart = delivery.wish.posting.one_message_each or len(delivery.messages) == 1
    ways = (
        "without pictures and outside links" if Form.BARE in forms else "",
        "as plain lines" if Form.PLAIN in forms else "",
        "" if apart else f"in {len(delivery.messages)} messages",
    )
    if not changed or not any(ways):
        return ""
    errors = joined(sorted({str(message.refusal) for message in changed}))
    part = "it" if len(changed) == len(delivery.messages) else "part of it"
    comes = "is" if delivery.state is DeliveryState.PLANNED else "was"
    return f"Discord refused {part} at first (error {errors}), so it {comes} posted {joined([*filter(None, ways)])}."


def _left_undone(delivery: Delivery) -> str:
    """What is missing beside the messages: followers were not reached, or a thread is not there."""
    unpublished = delivery.wish.posting.publish and any(not each.published_at for each in delivery.messages)
    return "But it wasn't published to all followers. " if unpublished else "But I couldn't open a thread. "


def _figures(delivery: Delivery) -> str:
    highlights = delivery.digest.highlights
    shown = _linked(f"top {len(highlights)}" if len(highlights) > 1 else "the top paper", delivery)
    upvotes = count(sum(each.upvotes for each in highlights), "upvote")
    return f"{shown} of {count(delivery.digest.listed, 'paper')}, with {upvotes}"


def _linked(words: str, delivery: Delivery) -> str:
    return f"[{words}]({delivery.post.url})" if delivery.post else words


def quiet_preview(digest: Digest) -> str:
    return f"Right now, the next run would highlight nothing. {_because(digest.reason)}".rstrip()


def sent_now(delivery: Delivery) -> str:
    """How it went with a digest that was sent early."""
    return f"The run of {short_day(delivery.run_date)}, sent early: {_fate(delivery)}"


def undone(delivery: Delivery, *, everything_gone: bool) -> str:
    papers = count(len(delivery.digest.highlights), "paper")
    kept = " Some threads are still there, because others wrote in them or I'm not allowed to delete them."
    left = "" if everything_gone else kept
    return f"The digest of {short_day(delivery.run_date)} is undone: its {papers} may come again.{left}"
