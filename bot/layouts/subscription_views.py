"""The answers of `/digest`: what is set up here, with buttons for what an admin would do next.

The custom_id of a control says what it does, and to which subscription: `digest:<action>:<subscription>`. Sometimes it
also says what exactly is meant, so that a second or a late click does no harm.
"""

from collections.abc import Iterable, Iterator, Sequence

from discord import ButtonStyle, SelectOption
from discord.ui import ActionRow, Button, ChannelSelect, Container, Item, LayoutView, Select, TextDisplay

from bot.channels import OFFERED_CHANNEL_TYPES
from bot.digest import Digest
from bot.layouts.digest import render_digest_preview
from bot.layouts.digest_settings import describe_settings
from bot.layouts.fitting import fits_discord
from bot.layouts.paper import ACCENT, build_panel, build_view
from bot.layouts.subscriptions import (
    describe_digest_sent_now,
    describe_listed_subscription,
    describe_next_run,
    describe_quiet_preview,
    describe_saved_subscription,
    describe_subscription_status,
    describe_undoing,
    describe_undone_digest,
    label_subscription,
)
from bot.layouts.text import MAX_CHOICE, cut_plain, fit_in_messages, format_short_day, format_timestamp
from bot.reasons import Reason
from bot.storage import Action, Delivery, Subscription, SubscriptionState
from bot.subscription.schedule import Run

SubscriptionChoices = Sequence[tuple[Subscription, str | None]]  # subscriptions with the names of their channels

_ANY_QUESTION = "Choose a subscription"


# Answers


def render_saved_subscription(
    subscription: Subscription, done: Action, extra_number: int, notes: str = ""
) -> LayoutView:
    """What was `done` to a subscription, what comes next, and the buttons for the first digest.

    `extra_number` is the number that the day's next extra digest would have; `notes` are lines with warnings.
    """
    lines = (describe_saved_subscription(subscription, done), notes)
    if subscription.state is SubscriptionState.ACTIVE:
        buttons = [
            _build_extra_button(subscription, extra_number, "Post one now", ButtonStyle.success),
            _build_action_button(subscription, "preview", "Preview"),
            build_setup_button("Another digest"),
            _build_action_button(subscription, "show", "More"),
        ]
        if notes:  # then there is something to change first
            buttons.insert(0, build_setup_button("Edit", subscription.id))
    else:
        buttons = [_build_resume_button(subscription), _build_action_button(subscription, "show", "More")]
    return build_panel("\n".join(line for line in lines if line), buttons)


def render_subscription(
    subscription: Subscription, deliveries: Sequence[Delivery], obstacles: Sequence[Reason], extra_number: int
) -> LayoutView:
    """All about one subscription: what comes next, how the last runs went, and everything that can be done with it."""
    text = describe_subscription_status(subscription, deliveries, obstacles)
    main = [build_setup_button("Edit", subscription.id)]
    if subscription.state is SubscriptionState.ACTIVE:
        main += [
            _build_action_button(subscription, "pause", "Pause"),
            _build_action_button(subscription, "preview", "Preview"),
            _build_action_button(subscription, "send", "Post the next one now"),
            _build_extra_button(subscription, extra_number, "Post an extra one"),
        ]
    else:
        main += [_build_resume_button(subscription), _build_action_button(subscription, "preview", "Preview")]
    return build_panel(text, main, list(_list_other_buttons(subscription, deliveries)))


def _list_other_buttons(subscription: Subscription, deliveries: Sequence[Delivery]) -> Iterator[Button[LayoutView]]:
    posted = [each.posted_message for each in deliveries if each.posted_message]
    if posted:
        yield Button(label="Open the last one", url=posted[0].url)
        yield _build_action_button(subscription, "undo", "Undo the last one")
    yield _build_action_button(subscription, "copy", "Copy")
    yield _build_action_button(subscription, "remove", "Remove", ButtonStyle.danger)
    yield build_list_button()


def render_subscription_list(choices: SubscriptionChoices) -> list[LayoutView]:
    """Each subscription in a line, with a select to go on with one of them, in as many messages as it takes."""
    lines = [describe_listed_subscription(subscription) for subscription, _ in choices]
    return _render_pages(lines, build_subscription_select(choices), ActionRow(build_setup_button("Another digest")))


def render_statuses(
    choices: SubscriptionChoices, statuses: Iterable[tuple[Subscription, Sequence[Delivery], Sequence[Reason]]]
) -> list[LayoutView]:
    """The status of several subscriptions, with a select to go on with one of them."""
    return _render_pages(
        [describe_subscription_status(*status) for status in statuses], build_subscription_select(choices)
    )


def render_paragraphs_with_choices(paragraphs: Iterable[str], choices: SubscriptionChoices) -> list[LayoutView]:
    """Paragraphs about several subscriptions, and a select to go on with one of them, if there is any."""
    controls = [build_subscription_select(choices)] if choices else [ActionRow(build_setup_button("Set up a digest"))]
    return _render_pages(paragraphs, *controls)


# Questions before what cannot be undone


def render_send_question(subscription: Subscription, run: Run, following: Run, extra_number: int) -> LayoutView:
    """Says which run the digest stands in for, and offers an extra digest instead."""
    text = (
        f"**Post the digest of {format_short_day(run.date)} now?** It stands in for the run at "
        f"{format_timestamp(run.at)}, so the next digest after it comes {format_timestamp(following.at)}.\n"
        "An extra digest leaves all runs as they are, and its papers don't come again."
    )
    buttons = [
        _build_action_button(subscription, "send_now", "Post it now", ButtonStyle.success, key=run.date.isoformat()),
        _build_extra_button(subscription, extra_number, "Post an extra one"),
        _build_action_button(subscription, "preview", "Preview"),
        _build_action_button(subscription, "show", "Go back"),
    ]
    return build_panel(text, buttons)


def render_undo_question(subscription: Subscription, delivery: Delivery) -> LayoutView:
    """Says what will be deleted, with the button that deletes it."""
    buttons: list[Button[LayoutView]] = [
        _build_action_button(subscription, "undo_now", "Delete it", ButtonStyle.danger, key=str(delivery.id))
    ]
    if delivery.posted_message:
        buttons.append(Button(label="Open it", url=delivery.posted_message.url))
    buttons.append(_build_action_button(subscription, "show", "Keep it"))
    return build_panel(describe_undoing(delivery), buttons)


def render_remove_question(subscription: Subscription) -> LayoutView:
    """Says what will go and what will stay, with the button that removes it."""
    text = (
        f"**Remove this subscription?** {describe_settings(subscription.settings)} (#{subscription.id}).\n"
        "Its settings are lost, and nothing more is posted. Its messages stay, but `/digest undo` can no longer delete "
        "them. You can't undo this."
    )
    buttons = [
        _build_action_button(
            subscription, "remove_now", "Remove it", ButtonStyle.danger, key=str(subscription.revision)
        )
    ]
    if subscription.state is SubscriptionState.ACTIVE:
        buttons.append(_build_action_button(subscription, "pause", "Pause it instead"))
    buttons.append(_build_action_button(subscription, "show", "Keep it"))
    return build_panel(text, buttons)


def render_copy_question(subscription: Subscription) -> LayoutView:
    """Asks for the channel of a copy, which can still be changed before it is saved."""
    text = (
        f"**Copy this subscription to which channel?** {describe_settings(subscription.settings)} "
        f"(#{subscription.id}).\nNothing is saved yet: a panel opens with the same settings, and you can change them."
    )
    select: ChannelSelect[LayoutView] = ChannelSelect(
        custom_id=f"copy:{subscription.id}",
        channel_types=list(OFFERED_CHANNEL_TYPES),
        placeholder="The channel to copy it to",
    )
    back = ActionRow[LayoutView](_build_action_button(subscription, "show", "Go back"))
    return build_view(Container(TextDisplay(text), ActionRow(select), back, accent_colour=ACCENT))


# Results


def render_sent_digest(subscription: Subscription, delivery: Delivery) -> LayoutView:
    """How it went with a digest that an admin sent, and the next run."""
    text = f"{describe_digest_sent_now(delivery)}\n{describe_next_run(subscription)}"
    buttons: list[Button[LayoutView]] = []
    if delivery.posted_message:
        buttons.append(Button(label="Open it", url=delivery.posted_message.url))
        buttons.append(_build_action_button(subscription, "undo", "Undo"))
    buttons.append(_build_action_button(subscription, "show", "More"))
    return build_panel(text, buttons)


def render_undone_digest(subscription: Subscription, delivery: Delivery, *, everything_gone: bool) -> LayoutView:
    buttons = [
        build_setup_button("Edit", subscription.id),
        _build_action_button(subscription, "preview", "Preview"),
        _build_action_button(subscription, "show", "More"),
    ]
    return build_panel(describe_undone_digest(delivery, everything_gone=everything_gone), buttons)


def render_preview(subscription: Subscription, digest: Digest, extra_number: int) -> LayoutView:
    """What the next run would post, or why nothing, and buttons for what to do next if there is room for them."""
    buttons = [build_setup_button("Edit", subscription.id), _build_action_button(subscription, "show", "More")]
    if subscription.state is SubscriptionState.ACTIVE:
        buttons.insert(1, _build_extra_button(subscription, extra_number, "Post an extra one"))
    if not digest.highlights:
        return build_panel(describe_quiet_preview(digest), buttons)
    preview, row = render_digest_preview(digest, subscription.settings, subscription.id), ActionRow(*buttons)
    preview.add_item(row)
    return preview if fits_discord(preview) else preview.remove_item(row)


def render_removed_subscription(description: str) -> LayoutView:
    return build_panel(description, [build_setup_button("Set up another"), build_list_button()])


# Controls


def build_setup_button(label: str, subscription_id: int | None = None) -> Button[LayoutView]:
    """Opens the panel for this subscription, or for a new one."""
    return Button(label=label, custom_id=f"setup:{subscription_id or 'new'}")


def build_list_button() -> Button[LayoutView]:
    return Button(label="All subscriptions", custom_id="subscriptions:all")


def build_subscription_select(choices: SubscriptionChoices, action: str = "show") -> ActionRow[LayoutView]:
    """A select that goes on with an action for the subscription that is picked."""
    options = [
        SelectOption(label=cut_plain(label_subscription(subscription, name), MAX_CHOICE), value=str(subscription.id))
        for subscription, name in choices
    ]
    custom_id = "setup" if action == "setup" else f"digest:{action}"
    return ActionRow(Select(custom_id=custom_id, options=options, placeholder=_ANY_QUESTION))


def _build_action_button(
    subscription: Subscription,
    action: str,
    label: str,
    style: ButtonStyle = ButtonStyle.secondary,
    *,
    key: str = "",
) -> Button[LayoutView]:
    suffix = f":{key}" if key else ""
    return Button(label=label, custom_id=f"digest:{action}:{subscription.id}{suffix}", style=style)


def _build_resume_button(subscription: Subscription) -> Button[LayoutView]:
    return _build_action_button(subscription, "resume", "Resume", ButtonStyle.success)


def _build_extra_button(
    subscription: Subscription, number: int, label: str, style: ButtonStyle = ButtonStyle.secondary
) -> Button[LayoutView]:
    """Names the extra digest by its number, so that a second click posts no second one."""
    return _build_action_button(subscription, "extra", label, style, key=str(number))


def _render_pages(paragraphs: Iterable[str], *controls: Item[LayoutView]) -> list[LayoutView]:
    """The paragraphs in as many messages as they take; the last one has the controls."""
    *earlier, last = fit_in_messages(paragraphs) or [""]
    pages = [build_view(TextDisplay(text)) for text in earlier]
    with_controls = build_view(TextDisplay(last), *controls)
    if fits_discord(with_controls):
        return [*pages, with_controls]
    return [*pages, build_view(TextDisplay(last)), build_view(TextDisplay(_ANY_QUESTION), *controls)]
