"""What admins do with a subscription, by a command of `/digest` or by a button or select of its answers."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime

from bot.answering import reply, reply_with_each
from bot.layouts import subscription_views as views
from bot.layouts.caveats import describe_caveats
from bot.layouts.subscriptions import describe_removed_subscription
from bot.refusals import Refusal, Refused
from bot.storage import Action, Subscription
from cogs.helpers.admins import check_admin, compose_preview, get_actor, get_guild
from cogs.helpers.controls import Control, Interaction, show_page

DELIVERIES_SHOWN = 5  # of a subscription in its status


async def show_saved_subscription(
    interaction: Interaction, subscription: Subscription, done: Action, notes: str = ""
) -> None:
    """Answer with what was `done` to a subscription, and what an admin can do next."""
    number = await _get_next_extra_number(interaction, subscription)
    if done in {Action.ADDED, Action.EDITED}:
        found = await interaction.client.services.outlook.find_caveats(subscription.settings, _get_now(interaction))
        notes = "\n".join(filter(None, (notes, describe_caveats(found))))
    await show_page(interaction, views.render_saved_subscription(subscription, done, number, notes))


async def show_subscription(interaction: Interaction, known: Subscription, _: str = "") -> None:
    deliveries = await interaction.client.services.storage.deliveries.list_latest(known.id, DELIVERIES_SHOWN)
    obstacles = interaction.client.editor.list_obstacles(known.guild_id, known.settings)
    number = await _get_next_extra_number(interaction, known)
    await show_page(interaction, views.render_subscription(known, deliveries, obstacles, number))


async def pause_subscription(interaction: Interaction, known: Subscription, _: str = "") -> None:
    paused = await interaction.client.editor.pause_subscription(
        known, by=get_actor(interaction), now=_get_now(interaction)
    )
    await show_saved_subscription(interaction, paused, Action.PAUSED)


async def resume_subscription(interaction: Interaction, known: Subscription, _: str = "") -> None:
    resumed = await interaction.client.editor.resume_subscription(
        known, by=get_actor(interaction), now=_get_now(interaction)
    )
    await show_saved_subscription(interaction, resumed, Action.RESUMED)


async def preview_digest(interaction: Interaction, known: Subscription, _: str = "") -> None:
    digest = await compose_preview(interaction, known.settings, known.next_run, known.id)
    number = await _get_next_extra_number(interaction, known)
    await reply(interaction, views.render_preview(known, digest, number))


async def ask_to_send(interaction: Interaction, known: Subscription, _: str = "") -> None:
    interaction.client.editor.check_sendable(known, get_actor(interaction))
    run, following = await interaction.client.dispatcher.find_early_run(known, _get_now(interaction))
    number = await _get_next_extra_number(interaction, known)
    await show_page(interaction, views.render_send_question(known, run, following, number))


async def send_digest(interaction: Interaction, known: Subscription, key: str) -> None:
    """Send early the digest of the run whose date is `key`."""
    interaction.client.editor.check_sendable(known, get_actor(interaction))
    run_date = _read_date(key)
    sent = await interaction.client.dispatcher.send_digest_now(
        known, run_date, _get_now(interaction), by=interaction.user.id
    )
    current = await _reload(interaction, known)
    await show_page(interaction, views.render_sent_digest(current, sent))


async def send_extra_digest(interaction: Interaction, known: Subscription, key: str) -> None:
    """Post the day's extra digest with the number `key`."""
    interaction.client.editor.check_sendable(known, get_actor(interaction))
    number = _read_number(key)
    sent = await interaction.client.dispatcher.send_extra_digest(
        known, _get_now(interaction), by=interaction.user.id, number=number
    )
    current = await _reload(interaction, known)
    await show_page(interaction, views.render_sent_digest(current, sent))


async def ask_to_undo(interaction: Interaction, known: Subscription, _: str = "") -> None:
    delivery = await interaction.client.dispatcher.find_undoable_digest(known)
    await show_page(interaction, views.render_undo_question(known, delivery))


async def undo_digest(interaction: Interaction, known: Subscription, key: str) -> None:
    """Undo the delivery whose id is `key`."""
    delivery_id = _read_number(key)
    delivery, gone = await interaction.client.dispatcher.undo_digest(
        known, delivery_id, _get_now(interaction), by=interaction.user.id
    )
    await show_page(interaction, views.render_undone_digest(known, delivery, everything_gone=gone))


async def ask_to_remove(interaction: Interaction, known: Subscription, _: str = "") -> None:
    await show_page(interaction, views.render_remove_question(known))


async def remove_subscription(interaction: Interaction, known: Subscription, key: str) -> None:
    """Remove a subscription, if its revision is still `key`."""
    if str(known.revision) != key:
        raise Refused(Refusal.CHANGED_MEANWHILE)
    await interaction.client.editor.remove_subscription(known, by=get_actor(interaction), now=_get_now(interaction))
    await show_page(interaction, views.render_removed_subscription(describe_removed_subscription(known)))


async def ask_where_to_copy(interaction: Interaction, known: Subscription, _: str = "") -> None:
    await show_page(interaction, views.render_copy_question(known))


async def list_subscriptions(interaction: Interaction) -> None:
    editor = interaction.client.editor
    choices = editor.name_channels(await editor.list_subscriptions(get_guild(interaction).id))
    pages = views.render_subscription_list(choices)
    await show_page(interaction, pages[0])
    await reply_with_each(interaction, pages[1:])


def _get_now(interaction: Interaction) -> datetime:
    return interaction.client.services.clock()


async def _get_next_extra_number(interaction: Interaction, known: Subscription) -> int:
    today = _get_now(interaction).astimezone(known.settings.schedule.timezone).date()
    return await interaction.client.services.storage.deliveries.count_extra_digests(known.id, today) + 1


def _read_number(key: str) -> int:
    if not key.isdecimal() or not int(key):
        raise Refused(Refusal.CONTROL_STALE)
    return int(key)


def _read_date(key: str) -> date:
    try:
        return date.fromisoformat(key)
    except ValueError:
        raise Refused(Refusal.CONTROL_STALE) from None


async def _reload(interaction: Interaction, known: Subscription) -> Subscription:
    """The subscription as it is now."""
    return await interaction.client.services.storage.subscriptions.get(known.id) or known


_ACTIONS: Mapping[str, Callable[[Interaction, Subscription, str], Awaitable[None]]] = {
    "show": show_subscription,
    "pause": pause_subscription,
    "resume": resume_subscription,
    "preview": preview_digest,
    "send": ask_to_send,
    "send_now": send_digest,
    "extra": send_extra_digest,
    "undo": ask_to_undo,
    "undo_now": undo_digest,
    "copy": ask_where_to_copy,
    "remove": ask_to_remove,
    "remove_now": remove_subscription,
}


class SubscriptionControl(
    Control,
    kind="digest",
    pattern=r"(?P<action>[a-z_]+):(?P<subscription>\d{1,19})(?::(?P<key>\d{1,19}|\d{4}-\d\d-\d\d))?",
    in_place=True,
):
    """Does something with the subscription that it names or that was picked."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        await check_admin(interaction)
        act = _ACTIONS.get(match["action"])
        if act is None:
            raise Refused(Refusal.CONTROL_STALE)
        known = await interaction.client.editor.get_subscription(get_guild(interaction).id, int(match["subscription"]))
        await act(interaction, known, match["key"] or "")


class SubscriptionListButton(Control, kind="subscriptions", pattern="all", in_place=True):
    """Lists the subscriptions of the server."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:  # noqa: ARG002
        await check_admin(interaction)
        await list_subscriptions(interaction)
