"""The panel of `/digest setup`: it edits a draft, whose id is in the custom_ids of its controls and modals.

Nothing is kept in memory: everything a click needs is in the database, so it also works after a restart.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial

import discord
from discord.ui import Modal

from bot.answering import open_modal, reply, update
from bot.layouts import panel as layout
from bot.layouts.refusals import explain_refusal
from bot.layouts.subscriptions import saved
from bot.refusals import Refusal, Refused
from bot.storage import Draft, SameDigest, Subscription
from bot.subscription.zones import find_zones
from cogs.helpers import admins
from cogs.helpers.controls import Control, Interaction, ModalForm

FORM = r"(?P<draft>[0-9a-f]+):(?P<part>[a-z_]+)"

_MODALS: Mapping[str, Callable[[Draft], Modal]] = {
    "time": layout.time_modal,
    "taste": layout.taste_modal,
    "pings": layout.pings_modal,
}


async def open_panel(interaction: Interaction, known: Subscription | None = None) -> None:
    """Answer with a panel for `known`, or for a new subscription that is ready to be saved."""
    admins.check_admin(interaction)
    drafts, user_id, now = interaction.client.drafts, interaction.user.id, interaction.client.house.clock()
    if known:
        draft = await drafts.begin_change(known, user_id, now)
    else:
        guild_id, locale = admins.guild_of(interaction).id, str(interaction.locale)
        draft = await drafts.begin_new(guild_id, user_id, now, channel_id=_channel_id(interaction), locale=locale)
    await reply(interaction, layout.panel(await drafts.look_ahead(draft, now)))


def _channel_id(interaction: Interaction) -> int | None:
    """The channel where the interaction happens; for a thread, its parent channel."""
    channel = interaction.channel
    return channel.parent_id if isinstance(channel, discord.Thread) else interaction.channel_id


class PanelControl(Control, kind="panel", form=rf"{FORM}(?P<picked>(?::.+)?)", in_place=True):
    """A control of a panel: it changes the draft, opens a modal to type in, or does something with the draft."""

    async def answer(self, interaction: Interaction, said: re.Match[str]) -> None:
        draft, part = await _own_draft(interaction, said["draft"]), said["part"]
        if part in _ACTIONS:
            await _ACTIONS[part](interaction, draft)
        elif part in _MODALS:
            await open_modal(interaction, _MODALS[part](draft))
        else:
            await _pick(interaction, draft, part, said["picked"].split(":")[1:])


class PanelForm(ModalForm, kind="panel", form=FORM):
    """A modal of a panel: valid values change the draft; for the others the panel says how to write them."""

    async def answer(self, interaction: Interaction, said: re.Match[str], typed: Mapping[str, str]) -> None:
        bot = interaction.client
        draft = await _own_draft(interaction, said["draft"])
        changed, wrong = await bot.drafts.type_in(draft, typed, bot.house.clock())
        note = "\n".join(layout.misread(text, refused) for text, refused in wrong)
        zones = find_zones(typed["zone"]) if "zone" in typed else ()
        await _show(interaction, changed, said["part"], note=note, zones=zones)


async def _own_draft(interaction: Interaction, draft_id: str) -> Draft:
    """The draft to edit. Only the admin who began it may edit it, and only in this server."""
    admins.check_admin(interaction)
    return await interaction.client.drafts.get(draft_id, interaction.guild_id, interaction.user.id)


async def _pick(interaction: Interaction, draft: Draft, field: str, picked: list[str]) -> None:
    bot = interaction.client
    try:
        changed = await bot.drafts.pick(draft, field, picked, bot.house.clock())
    except Refused as refused:
        if refused.refusal is Refusal.FIELD_UNKNOWN:
            raise Refused(Refusal.PANEL_CLOSED) from refused
        if refused.refusal is not Refusal.EVERYONE_NOT_PINGED:
            raise
        await _show(interaction, draft, field, note=explain_refusal(refused))
    else:
        await _show(interaction, changed, field)


async def _show(
    interaction: Interaction, draft: Draft, part: str = "", *, note: str = "", zones: Sequence[str] = ()
) -> None:
    """Update the panel to show the page that `part` is on."""
    bot = interaction.client
    prospect = await bot.drafts.look_ahead(draft, bot.house.clock())
    extras = part in layout.EXTRAS
    view = layout.extras_panel(prospect, note) if extras else layout.panel(prospect, note, zones)
    await update(interaction, view)


async def _more(interaction: Interaction, draft: Draft) -> None:
    await _show(interaction, draft, "more")


async def _preview(interaction: Interaction, draft: Draft) -> None:
    bot = interaction.client
    run, _ = await bot.drafts.next_run(draft, bot.house.clock())
    await admins.show_preview(interaction, bot.drafts.wish_of(draft), run, draft.subscription_id)


async def _save(interaction: Interaction, draft: Draft, *, another: bool = False) -> None:
    bot, by = interaction.client, interaction.user.id
    try:
        subscription, done = await bot.drafts.save(draft, by=by, now=bot.house.clock(), another=another)
    except SameDigest as same:
        await update(interaction, layout.same_digest(same.known, draft))
    except Refused as refused:
        if refused.refusal is Refusal.PANEL_CLOSED:
            raise
        await _show(interaction, await _own_draft(interaction, draft.id), note=layout.not_saved(refused))
    else:
        await update(interaction, layout.saved_panel(saved(subscription, done)))


async def _cancel(interaction: Interaction, draft: Draft) -> None:
    await interaction.client.drafts.cancel(draft)
    await update(interaction, layout.cancelled_panel())


_ACTIONS: Mapping[str, Callable[[Interaction, Draft], Awaitable[None]]] = {
    "more": _more,
    "back": _show,
    "preview": _preview,
    "save": _save,
    "another": partial(_save, another=True),
    "cancel": _cancel,
}
