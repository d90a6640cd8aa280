"""The panel of `/digest setup`: it edits a draft, which the custom_ids of its controls and modals name.

Nothing is kept in memory: what a click needs is in the database, so that a restart does not matter. A draft holds what
the admin chose; what its channel cannot do is left out when it is shown, previewed and saved, and back in another one.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from datetime import time
from functools import partial
from typing import Any, get_args
from zoneinfo import ZoneInfo

import discord
from discord.ui import Modal

from bot.answering import Mistake, reply, reply_to_error
from bot.delivery.channels import as_destination
from bot.delivery.channels.destination import Destination
from bot.layouts import panel as layout
from bot.layouts import replies
from bot.papers.api import PapersUnavailable
from bot.storage import Draft, Subscription, SubscriptionState
from bot.subscription.schedule import Cadence, Run, Timetable, first_run, parse_time
from bot.subscription.settings import MOST_PAPERS, MOST_UPVOTES, ArchiveMinutes, Discussion, Layout, Posting, Wish
from bot.subscription.zones import find_zones, guess_zone, parse_zone
from cogs import admins
from cogs.controls import Control, Interaction

NINE = time(9)
COUNT_SECONDS = 1  # Discord waits three for the answer
FORM = r"(?P<draft>[0-9a-f]+):(?P<part>[a-z_]+)"

_SWITCH: Mapping[str, object] = {layout.ON: True, layout.OFF: False}
_OFFERED: Mapping[str, Mapping[str, object]] = {  # what the selects and switches of a field may say
    "cadence": {each.value: each for each in Cadence},
    "weekdays": {str(number): number for number in range(7)},
    "size": {str(size): size for size in range(1, MOST_PAPERS + 1)},
    "layout": {each.value: each for each in Layout},
    "discussion": {each.value: each for each in Discussion},
    "archive_after": {str(minutes): minutes for minutes in get_args(ArchiveMinutes)},
    "publish": _SWITCH,
    "silent": _SWITCH,
    "quiet_line": _SWITCH,
}
_MODALS: Mapping[str, Callable[[Draft], Modal]] = {
    "time": layout.time_modal,
    "taste": partial(layout.taste_modal, longest=admins.MOST_FILTER),
    "pings": layout.pings_modal,
}


async def open_panel(interaction: Interaction, known: Subscription | None = None) -> None:
    """Answer with a panel for `known`, or for a new subscription that could be saved as it is. Raises `Mistake`."""
    admins.check_admin(interaction)
    house = interaction.client.house
    draft = await house.storage.drafts.begin(
        admins.guild_of(interaction).id,
        interaction.user.id,
        known.wish if known else _first_wish(interaction),
        house.clock(),
        subscription_id=known.id if known else None,
        revision=known.revision if known else None,
    )
    await reply(interaction, layout.panel(await _prospect(interaction, draft)))


def _first_wish(interaction: Interaction) -> Wish:
    zone = guess_zone(str(interaction.locale)) or "UTC"
    return Wish(_first_channel(interaction).id, Timetable(NINE, ZoneInfo(zone)))


def _first_channel(interaction: Interaction) -> Destination:
    """Where the admin is, if the bot may post there; else the first channel where it may. Raises `Mistake`."""
    guild, here = admins.guild_of(interaction), interaction.channel
    around = here.parent if isinstance(here, discord.Thread) else here
    known = [around, *guild.text_channels] if isinstance(around, discord.TextChannel) else guild.text_channels
    channels = [each for each in map(as_destination, [*known, *guild.forums]) if each]
    if not channels:
        raise Mistake(layout.NO_CHANNELS)
    postable = (each for each in channels if not each.missing_permissions(Posting()))
    return next(postable, channels[0])


class PanelControl(Control, kind="panel", form=rf"{FORM}(?P<picked>(?::.+)?)"):
    """A part of a panel: it changes the draft, opens a modal to type in, or does something with the whole."""

    async def answer(self, interaction: Interaction, said: re.Match[str]) -> None:
        draft, part = await _own_draft(interaction, said["draft"]), said["part"]
        if part in _DEEDS:
            await _DEEDS[part](interaction, draft)
        elif part in _MODALS:
            await interaction.response.send_modal(_MODALS[part](draft))
        else:
            await _take_in(interaction, draft, part, said["picked"].split(":")[1:])


CONTROLS = (PanelControl,)


async def submitted(interaction: Interaction) -> None:
    """Answer a modal, if it is one of a panel's; one opened before a restart too."""
    data: Any = interaction.data
    custom_id = data["custom_id"]
    if not custom_id.startswith("panel:"):
        return
    try:
        said = re.fullmatch(f"panel:{FORM}", custom_id)
        if said is None:
            raise Mistake(replies.PANEL_CLOSED)
        draft = await _own_draft(interaction, said["draft"])
        await _take_in_typed(interaction, draft, said["part"], dict(_typed(data["components"])))
    except Exception as error:  # noqa: BLE001  # it is logged there
        await reply_to_error(interaction, error)


def _typed(components: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """What was typed in which field, whatever the fields are wrapped in."""
    for each in components:
        if "value" in each:
            yield each["custom_id"], each["value"]
        yield from _typed([*each.get("components", ()), *([each["component"]] if "component" in each else [])])


async def _own_draft(interaction: Interaction, draft_id: str) -> Draft:
    """The draft that somebody edits: an admin, here, and the one who began it. Raises `Mistake`."""
    admins.check_admin(interaction)
    draft = await interaction.client.house.storage.drafts.get(draft_id)
    if draft is None:
        raise Mistake(replies.PANEL_CLOSED)
    if (draft.guild_id, draft.user_id) != (interaction.guild_id, interaction.user.id):
        raise Mistake(replies.NOT_YOURS)
    return draft


# Changes


async def _take_in(interaction: Interaction, draft: Draft, field: str, picked: list[str]) -> None:
    try:
        value = _read(field, picked)
    except (KeyError, ValueError):  # of another version, or of nobody's making
        raise Mistake(replies.PANEL_CLOSED) from None
    if field == "ping_role_id" and value == draft.guild_id:
        await _show(interaction, draft, field, note=layout.NOT_EVERYONE)
        return
    await _show(interaction, await _changed(interaction, draft, {field: value}), field)


def _read(field: str, picked: list[str]) -> object:
    """What a select or switch says of a field of the wish; `KeyError` or `ValueError` for what none would."""
    if field == "weekdays" and picked:
        return frozenset(_OFFERED[field][each] for each in picked)
    if field == "ping_role_id" and not picked:
        return None
    (one,) = picked
    if field in {"channel_id", "ping_role_id"}:
        return int(one)
    return ZoneInfo(one) if field == "zone" else _OFFERED[field][one]


async def _take_in_typed(interaction: Interaction, draft: Draft, part: str, typed: Mapping[str, str]) -> None:
    """Change what was typed rightly; of the rest, say what would be right."""
    right, wrong = {}, []
    for field, text in typed.items():
        try:
            right[field] = _parse(interaction, field, text)
        except (ValueError, Mistake) as error:
            wrong.append(layout.misread(text, str(error)))
    zones = find_zones(typed["zone"]) if "zone" in typed else ()
    changed = await _changed(interaction, draft, right)
    await _show(interaction, changed, part, note="\n".join(wrong), zones=zones)


def _parse(interaction: Interaction, field: str, text: str) -> object:
    """Raises `ValueError` or `Mistake`, which say what would be right."""
    match field:
        case "at":
            return parse_time(text)
        case "zone":
            return parse_zone(text)
        case "query":
            return admins.read_filter(interaction, text)
        case _:
            return _upvotes(text)


def _upvotes(text: str) -> int:
    digits = text.strip().replace(",", "") or "0"
    if not digits.isdecimal() or int(digits) > MOST_UPVOTES:
        raise ValueError(layout.RIGHT_UPVOTES)
    return int(digits)


async def _changed(interaction: Interaction, draft: Draft, values: Mapping[str, object]) -> Draft:
    house = interaction.client.house
    changed = await house.storage.drafts.change(draft.id, lambda wish: _with(wish, values), house.clock())
    if changed is None:
        raise Mistake(replies.PANEL_CLOSED)
    return changed


def _with(wish: Wish, values: Mapping[str, object]) -> Wish:
    """The wish with these fields, each wherever it belongs: no two parts of a wish have one of the same name."""

    def taken(part: Any) -> Any:
        return replace(part, **{each.name: values[each.name] for each in fields(part) if each.name in values})

    changed: Wish = taken(wish)
    parts = {"timetable": wish.timetable, "taste": wish.taste, "posting": wish.posting}
    return replace(changed, **{name: taken(part) for name, part in parts.items()})


# The panel as it is seen


async def _show(
    interaction: Interaction, draft: Draft, part: str = "", *, note: str = "", zones: Sequence[str] = ()
) -> None:
    """Show the page of the panel that `part` is on, in its place."""
    prospect = replace(await _prospect(interaction, draft), note=note, zones=tuple(zones))
    view = layout.extras_panel(prospect) if part in layout.EXTRAS else layout.panel(prospect)
    await interaction.response.edit_message(view=view)


async def _prospect(interaction: Interaction, draft: Draft) -> layout.Prospect:
    channel = _channel(interaction, draft)
    wish = _possible(interaction, draft)
    run, paused = await _next_run(interaction, draft)
    role = channel.pinged_role(wish.posting) if channel else None
    in_the_way = admins.obstacles(channel, wish.posting) if channel else [layout.CHOOSE_CHANNEL]
    return layout.Prospect(
        replace(draft, wish=wish),
        run,
        paused,
        await _outlook(interaction, wish),
        channel.channel.type if channel else None,
        role.id if role else None,
        (*in_the_way, *admins.warnings(channel, wish.posting)),
    )


def _channel(interaction: Interaction, draft: Draft) -> Destination | None:
    return admins.destination_of(interaction, draft.wish.channel_id)


def _possible(interaction: Interaction, draft: Draft) -> Wish:
    """The draft's wish without what its channel cannot do."""
    channel = _channel(interaction, draft)
    return admins.fitted(draft.wish, channel) if channel else draft.wish


async def _next_run(interaction: Interaction, draft: Draft) -> tuple[Run, bool]:
    """The run that comes next if the draft is saved, and whether it will not, as the subscription is paused."""
    house, timetable = interaction.client.house, draft.wish.timetable
    known = await house.storage.subscriptions.get(draft.subscription_id) if draft.subscription_id else None
    if known is None:
        return first_run(timetable, house.clock()), False
    return await admins.next_run(interaction, known, timetable), known.state is SubscriptionState.PAUSED


async def _outlook(interaction: Interaction, wish: Wish) -> tuple[int, int] | None:
    bot = interaction.client
    with suppress(PapersUnavailable, TimeoutError):
        async with asyncio.timeout(COUNT_SECONDS):
            return await bot.house.composer.outlook(wish, bot.house.clock())
    return None


# Deeds


async def _more(interaction: Interaction, draft: Draft) -> None:
    await _show(interaction, draft, "more")


async def _preview(interaction: Interaction, draft: Draft) -> None:
    run, _ = await _next_run(interaction, draft)
    await admins.show_preview(interaction, _possible(interaction, draft), run, draft.subscription_id)


async def _save(interaction: Interaction, draft: Draft) -> None:
    """Of two clicks, one gets the draft: a kill after its end may lose it, but it is never saved twice."""
    house = interaction.client.house
    ended = await house.storage.drafts.end(draft.id)
    if ended is None:
        raise Mistake(replies.PANEL_CLOSED)
    try:
        confirmation = await _saved(interaction, ended)
    except Exception as error:
        await house.storage.drafts.put(ended, house.clock())
        if not isinstance(error, Mistake):
            raise
        await _show(interaction, ended, note=str(error))
    else:
        await interaction.response.edit_message(view=layout.saved(confirmation))


async def _saved(interaction: Interaction, draft: Draft) -> str:
    """The confirmation; raises `Mistake`."""
    if _channel(interaction, draft) is None:
        raise Mistake(layout.CHOOSE_CHANNEL)
    wish = _possible(interaction, draft)
    if draft.subscription_id is None:
        return replies.saved(await admins.add(interaction, wish), "Set up")
    known = await interaction.client.house.storage.subscriptions.get(draft.subscription_id)
    if known is None or known.revision != draft.revision:
        raise Mistake(replies.CHANGED_MEANWHILE)
    return replies.saved(await admins.edit(interaction, known, wish), "Changed")


async def _cancel(interaction: Interaction, draft: Draft) -> None:
    await interaction.client.house.storage.drafts.end(draft.id)
    await interaction.response.edit_message(view=layout.cancelled())


_DEEDS: Mapping[str, Callable[[Interaction, Draft], Awaitable[None]]] = {
    "more": _more,
    "back": _show,
    "preview": _preview,
    "save": _save,
    "cancel": _cancel,
}
