"""The state of a subscription: what was changed, what comes next, how the last runs went, and what is wrong."""

from collections.abc import Sequence

from bot.digest import Digest
from bot.layouts.advice import advise_admin
from bot.layouts.digest_settings import describe_schedule, describe_settings
from bot.layouts.reasons import explain_reason
from bot.layouts.text import count_noun, escape_markdown, format_short_day, format_timestamp, join_words
from bot.reasons import Reason, ReasonKind
from bot.storage import Action, Delivery, DeliveryState, MessageForm, Subscription, SubscriptionState
from bot.subscription.schedule import Run
from bot.subscription.settings import Threads

_ACTIONS = {
    Action.ADDED: "Set up",
    Action.EDITED: "Changed",
    Action.PAUSED: "Paused",
    Action.RESUMED: "Resumed",
}


def label_subscription(subscription: Subscription, channel_name: str | None) -> str:
    """A subscription without Markdown, which Discord does not show in an autocomplete."""
    channel = f"#{channel_name}" if channel_name else "a deleted channel"
    schedule = describe_schedule(subscription.settings.schedule)
    return f"{channel}, {schedule[0].lower()}{schedule[1:]} (#{subscription.id})"


def describe_saved_subscription(subscription: Subscription, done: Action) -> str:
    """What was `done` to a subscription, and what happens next."""
    return f"**{_ACTIONS[done]}.** {describe_settings(subscription.settings)}.\n{describe_next_run(subscription)}"


def describe_removed_subscription(subscription: Subscription) -> str:
    stays = "Its messages stay, but `/digest undo` can no longer delete them."
    return f"**Removed.** {describe_settings(subscription.settings)}. {stays}"


def describe_next_run(subscription: Subscription) -> str:
    because = _prefix_reason(subscription.reason)
    match subscription.state:
        case SubscriptionState.PAUSED:
            return "Nothing is posted until you use `/digest resume`."
        case SubscriptionState.SUSPENDED:
            resumes = subscription.is_recoverable
            then = (
                "Once that is fixed, it resumes automatically." if resumes else "Fix that, then use `/digest resume`."
            )
            return f"⚠️ Suspended. {because}{then}"
        case _ if subscription.reason and subscription.reason.kind is ReasonKind.SEARCHING_AFTER_RESTORE:
            return f"{because}{describe_upcoming_run(subscription.next_run)}"
        case _ if because:
            since = format_timestamp(subscription.next_run.at)
            return f"It was due {since}, but has to wait. {because}I'll post it once I can read the list."
        case _:
            return describe_upcoming_run(subscription.next_run)


def _prefix_reason(reason: Reason | None) -> str:
    """The reason, if there is one, with a space for the sentence that follows."""
    return f"{explain_reason(reason)} " if reason else ""


def describe_upcoming_run(run: Run) -> str:
    return f"Next digest {format_timestamp(run.at)} ({format_timestamp(run.at, 'R')})."


def describe_listed_subscription(subscription: Subscription) -> str:
    state = subscription.state.value
    if subscription.state is SubscriptionState.ACTIVE:
        state = f"next {format_timestamp(subscription.next_run.at, 'R')}"
    return f"{describe_settings(subscription.settings)} (#{subscription.id}) · {state}"


def describe_subscription_status(
    subscription: Subscription, deliveries: Sequence[Delivery], obstacles: Sequence[Reason]
) -> str:
    """The state of a subscription: what comes next, how the last runs went, and what is wrong now."""
    lines = [f"**{describe_settings(subscription.settings)}** (#{subscription.id})", describe_next_run(subscription)]
    lines += [
        f"{'Extra digest' if delivery.extra else 'Run'} of {format_short_day(delivery.run_date)}: "
        f"{_describe_delivery(delivery)}"
        for delivery in deliveries
    ]
    if not deliveries:
        lines.append("Nothing has been posted yet.")
    lines += [f"⚠️ {advise_admin(subscription.settings.channel_id, obstacle)}" for obstacle in obstacles]
    if not obstacles:
        lines.append("✓ I have all the permissions I need.")
    return "\n".join(lines)


def _describe_delivery(delivery: Delivery) -> str:
    """How a delivery ended, in one or more sentences."""
    sentences = (
        _describe_delivery_state(delivery),
        describe_rejected_papers(delivery),
        _describe_simpler_messages(delivery),
    )
    return " ".join(sentence for sentence in sentences if sentence)


def _describe_delivery_state(delivery: Delivery) -> str:
    because = _prefix_reason(delivery.reason)
    match delivery.state:
        case DeliveryState.SENT:
            problem = f" ⚠️ {_describe_failed_follow_up(delivery)}{because}" if because else ""
            return f"{_describe_digest_figures(delivery)}.{problem}".rstrip()
        case DeliveryState.QUIET:
            return f"{_link_to_message('nothing new', delivery)}. {_prefix_reason(delivery.digest.reason)}".rstrip()
        case DeliveryState.FAILED:
            return _describe_failed_delivery(delivery)
        case DeliveryState.UNDONE:
            return "undone."
        case _:
            return f"delayed, but on its way. {because}".rstrip() if because else "on its way."


def _describe_failed_delivery(delivery: Delivery) -> str:
    because = _prefix_reason(delivery.reason)
    if delivery.reason and delivery.reason.kind is ReasonKind.IN_DOUBT:
        then = "To avoid posting anything twice, I won't post its papers again. Please check the channel."
        return f"⚠️ maybe posted. {because}{then}"
    if delivery.posted_message:
        return (
            f"⚠️ partly posted ({_describe_digest_figures(delivery)}). {because}The rest may come with the next digest."
        )
    rest = f"{because}Its papers may come with the next digest." if delivery.messages else ""
    return f"⚠️ not posted. {rest}".rstrip()


def describe_rejected_papers(delivery: Delivery) -> str:
    """The papers that Discord rejected, if any."""
    if not delivery.rejected_papers:
        return ""
    papers = join_words([escape_markdown(each.paper_id) for each in delivery.rejected_papers])
    errors = join_words(sorted({str(each.error_code) for each in delivery.rejected_papers}))
    them = "this paper" if len(delivery.rejected_papers) == 1 else "these papers"
    return f"Discord rejected {papers} (error {errors}). I skip {them} from now on."


def _describe_simpler_messages(delivery: Delivery) -> str:
    """How it was posted in a simpler form because Discord rejected something, if it was."""
    changed = [message for message in delivery.messages if message.error_code]
    forms = {message.form for message in changed}
    apart = delivery.settings.posting.has_message_per_paper or len(delivery.messages) == 1
    ways = (
        "without pictures and outside links" if MessageForm.UNLINKED in forms else "",
        "as plain lines" if MessageForm.PLAIN in forms else "",
        "" if apart else f"in {len(delivery.messages)} messages",
    )
    if not changed or not any(ways):
        return ""
    errors = join_words(sorted({str(message.error_code) for message in changed}))
    part = "it" if len(changed) == len(delivery.messages) else "part of it"
    comes = "is" if delivery.state is DeliveryState.PLANNED else "was"
    return (
        f"Discord rejected {part} at first (error {errors}), so it {comes} posted {join_words([*filter(None, ways)])}."
    )


def _describe_failed_follow_up(delivery: Delivery) -> str:
    """The follow-up that failed: publishing, or opening a thread."""
    unpublished = delivery.settings.posting.publish and any(not each.published_at for each in delivery.messages)
    return "But it wasn't published to all followers. " if unpublished else "But I couldn't open a thread. "


def _describe_digest_figures(delivery: Delivery) -> str:
    highlights = delivery.digest.highlights
    shown = _link_to_message(f"top {len(highlights)}" if len(highlights) > 1 else "the top paper", delivery)
    upvotes = count_noun(sum(each.upvotes for each in highlights), "upvote")
    return f"{shown} of {count_noun(delivery.digest.listed_count, 'paper')}, with {upvotes}"


def _link_to_message(words: str, delivery: Delivery) -> str:
    return f"[{words}]({delivery.posted_message.url})" if delivery.posted_message else words


def describe_quiet_preview(digest: Digest) -> str:
    return f"The next digest would be empty right now. {_prefix_reason(digest.reason)}".rstrip()


def describe_digest_sent_now(delivery: Delivery) -> str:
    """How it went with a digest that was sent early, or beside the runs."""
    day = format_short_day(delivery.run_date)
    which = f"The extra digest posted on {day}" if delivery.extra else f"The run of {day}, posted early"
    return f"{which}: {_describe_delivery(delivery)}"


def describe_undoing(delivery: Delivery) -> str:
    """What undoing a digest would delete, and what it would change."""
    posting, highlights = delivery.settings.posting, delivery.digest.highlights
    messages = [each for each in delivery.messages if each.message_id]
    things = [count_noun(len(messages), "message") + f" with {count_noun(len(highlights), 'paper')}"]
    if posting.threads is not Threads.NONE:
        things.append("the threads, unless others wrote in them")
    rest = " What hasn't been posted of it will not come." if len(messages) < len(delivery.messages) else ""
    return (
        f"**Undo the digest of {format_short_day(delivery.run_date)} in <#{delivery.channel_id}>?** This deletes "
        f"{join_words(things)}.{rest} Its papers may come again with the next digest."
    )


def describe_undone_digest(delivery: Delivery, *, everything_gone: bool) -> str:
    papers = count_noun(len(delivery.digest.highlights), "paper")
    undone = f"The digest of {format_short_day(delivery.run_date)} is undone: its {papers} may come again."
    if everything_gone:
        return undone
    return f"{undone} Some threads are still there, because others wrote in them or I'm not allowed to delete them."
