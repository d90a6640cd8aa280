"""The panel of `/digest setup`: it edits a draft, whose id is in the custom_ids of its controls and modals.

Nothing is kept in memory: everything a click needs is in the database, so it also works after a restart.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

import discord
from discord.ui import Modal

from bot.answering import open_modal, reply, update_message
from bot.editing.drafts import list_misread_fields
from bot.layouts import panel as layout
from bot.layouts.digest import render_digest_preview
from bot.layouts.refusals import explain_refusal
from bot.layouts.subscriptions import describe_quiet_preview
from bot.refusals import Refusal, Refused
from bot.storage import Draft, DuplicateDigest, Subscription
from cogs.helpers import admins
from cogs.helpers.controls import Control, Interaction, ModalHandler
from cogs.helpers.pages import try_to_fetch_examples
from cogs.helpers.subscription_actions import show_saved_subscription

DRAFT_PATTERN = r"(?P<draft>[0-9a-f]+):(?P<part>[a-z_]+)"

_SHOWN_IN_PANEL = {Refusal.EVERYONE_NOT_PINGED, Refusal.MAY_NOT_POST, Refusal.MAY_NOT_PING}  # of what was picked

_MODALS: Mapping[str, Callable[[Draft], Modal]] = {
    "time": layout.build_time_modal,
    "days": layout.build_weekdays_modal,
    "selection": layout.build_selection_modal,
    "pings": layout.build_pings_modal,
}


async def open_panel(interaction: Interaction, known: Subscription | None = None) -> None:
    """Answer with a panel for `known`, or for a new subscription that is ready to be saved."""
    await admins.check_admin(interaction)
    drafts, actor, now = interaction.client.drafts, admins.get_actor(interaction), interaction.client.services.clock()
    if known:
        draft = await drafts.start_draft_from_subscription(known, actor.id, now)
    else:
        guild_id, locale = admins.get_guild(interaction).id, str(interaction.locale)
        channel = interaction.channel
        channel_id = channel.parent_id if isinstance(channel, discord.Thread) else interaction.channel_id
        draft = await drafts.start_new_draft(guild_id, actor, now, channel_id=channel_id, locale=locale)
    await reply(interaction, layout.render_panel(await drafts.get_draft_status(draft, now)))


async def reply_with_kept_options(interaction: Interaction, draft: Draft, refused: Refused | None = None) -> None:
    """Answer what was mistyped or `refused` in a command's options, whose others wait in `draft`."""
    bot = interaction.client
    status = await bot.drafts.get_draft_status(draft, bot.services.clock())
    await reply(interaction, layout.render_kept_options(status, explain_refusal(refused) if refused else ""))


class PanelControl(Control, kind="panel", pattern=rf"{DRAFT_PATTERN}(?P<picked>(?::.+)?)", in_place=True):
    """A control of a panel: it changes the draft, opens a modal to type in, or does something with the draft."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        draft, part = await _get_own_draft(interaction, match["draft"]), match["part"]
        if part in _ACTIONS:
            await _ACTIONS[part](interaction, draft)
        elif part == "correct" and (modal := match["picked"].removeprefix(":")) in _MODALS:
            await open_modal(interaction, _MODALS[modal](draft))
        elif part in _MODALS:
            await open_modal(interaction, _MODALS[part](draft))
        else:
            await _apply_picked_value(interaction, draft, part, match["picked"].split(":")[1:])


class PanelModal(ModalHandler, kind="panel", pattern=DRAFT_PATTERN):
    """A modal of a panel: valid values change the draft; for the others the panel says how to write them.

    Discord refuses a modal in answer to a modal. So what was mistyped waits in the draft, and a button opens it again.
    """

    async def answer(self, interaction: Interaction, match: re.Match[str], typed: Mapping[str, str]) -> None:
        bot = interaction.client
        draft = await _get_own_draft(interaction, match["draft"])
        fields = {name: text for name, text in typed.items() if name != layout.PICKED_TIMEZONE}
        if picked := typed.get(layout.PICKED_TIMEZONE):
            fields["timezone"] = picked
        if filter_ := fields.get("filter"):
            await try_to_fetch_examples(interaction, filter_)
        changed = await bot.drafts.apply_typed_values(draft, fields, bot.services.clock())
        await _show_panel(interaction, changed, match["part"], typed_timezone=fields.get("timezone", ""))


class CopyControl(Control, kind="copy", pattern=r"(?P<subscription>\d{1,19}):(?P<channel>\d{1,19})", in_place=True):
    """Opens a panel for a copy of a subscription in the channel that was picked."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        await admins.check_admin(interaction)
        bot, now = interaction.client, interaction.client.services.clock()
        known = await bot.editor.get_subscription(admins.get_guild(interaction).id, int(match["subscription"]))
        draft = await bot.drafts.start_copy(known, int(match["channel"]), interaction.user.id, now)
        await _show_panel(interaction, draft)


async def _get_own_draft(interaction: Interaction, draft_id: str) -> Draft:
    """The draft to edit. Only the admin who began it may edit it, and only in this server."""
    await admins.check_admin(interaction)
    return await interaction.client.drafts.get_own_draft(draft_id, interaction.guild_id, interaction.user.id)


async def _apply_picked_value(interaction: Interaction, draft: Draft, field: str, picked: list[str]) -> None:
    bot, actor = interaction.client, admins.get_actor(interaction)
    try:
        changed = await bot.drafts.apply_picked_value(draft, field, picked, actor, bot.services.clock())
    except Refused as refused:
        if refused.refusal is Refusal.FIELD_UNKNOWN:
            raise Refused(Refusal.PANEL_CLOSED) from refused
        if refused.refusal not in _SHOWN_IN_PANEL:
            raise
        await _show_panel(interaction, draft, field, note=explain_refusal(refused))
    else:
        await _show_panel(interaction, changed, field)


async def _show_panel(
    interaction: Interaction, draft: Draft, part: str = "", *, note: str = "", typed_timezone: str = ""
) -> None:
    """Update the panel to show the page that `part` is on."""
    bot = interaction.client
    status = await bot.drafts.get_draft_status(draft, bot.services.clock(), typed_timezone=typed_timezone)
    render = layout.render_second_page if part in layout.SECOND_PAGE else layout.render_panel
    await update_message(interaction, render(status, note))


async def _show_second_page(interaction: Interaction, draft: Draft) -> None:
    await _show_panel(interaction, draft, "more")


async def _show_preview(interaction: Interaction, draft: Draft) -> None:
    bot = interaction.client
    run, _ = await bot.drafts.find_next_run(draft, bot.services.clock())
    settings = bot.drafts.get_effective_settings(draft)
    digest = await admins.compose_preview(interaction, settings, run, draft.subscription_id)
    await reply(
        interaction, render_digest_preview(digest, settings) if digest.highlights else describe_quiet_preview(digest)
    )


async def _save_draft(interaction: Interaction, draft: Draft, *, another: bool = False) -> None:
    bot, by, now = interaction.client, admins.get_actor(interaction), interaction.client.services.clock()
    try:
        subscription, done = await bot.drafts.save_draft(draft, by=by, now=now, another=another)
    except DuplicateDigest as duplicate:
        await update_message(interaction, layout.render_duplicate_digest(duplicate.existing, draft))
    except Refused as refused:
        if refused.refusal is Refusal.PANEL_CLOSED:
            raise
        latest = await _get_own_draft(interaction, draft.id)
        await _show_panel(interaction, latest, note=layout.explain_failed_save(refused))
    else:
        dropped = list_misread_fields(draft.mistyped, now.date())
        await show_saved_subscription(interaction, subscription, done, layout.describe_dropped_fields(dropped))


async def _dismiss_mistyped(interaction: Interaction, draft: Draft) -> None:
    bot = interaction.client
    await _show_panel(interaction, await bot.drafts.dismiss_mistyped(draft, bot.services.clock()))


async def _cancel_draft(interaction: Interaction, draft: Draft) -> None:
    await interaction.client.drafts.discard_draft(draft)
    await update_message(interaction, layout.render_cancelled_panel())


_ACTIONS: Mapping[str, Callable[[Interaction, Draft], Awaitable[None]]] = {
    "more": _show_second_page,
    "back": _show_panel,
    "dismiss": _dismiss_mistyped,
    "preview": _show_preview,
    "save": _save_draft,
    "another": partial(_save_draft, another=True),
    "cancel": _cancel_draft,
}
