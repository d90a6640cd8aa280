"""The panel of `/inbox`. Each change counts at once, so nothing is kept in drafts."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from bot.answering import defer_answer, reply
from bot.editing import fields
from bot.layouts import inbox as layout
from bot.layouts.follow_requests import FollowTimes
from bot.layouts.personal_digest import render_personal_preview
from bot.storage import INBOX, Following, How
from bot.subscription.schedule import Cadence, find_next_run
from bot.subscription.settings import DigestSettings
from bot.subscription.timezones import guess_timezone
from cogs.helpers.controls import Control, Interaction, show_page
from cogs.helpers.follow_requests import Show, show_outcome
from cogs.helpers.following import PANELS, open_time_modal, show_stopped
from cogs.helpers.inboxes import has_working_inbox, open_inbox


async def show_inbox(interaction: Interaction, show: Show = show_page) -> None:
    """Show the panel."""
    services, now = interaction.client.services, interaction.client.services.clock()
    following = await services.follower.get_overview(interaction.user.id)
    settings = _get_settings(interaction, following)
    times = FollowTimes(settings.schedule, now, guessed=following.subscription is None)
    await show(interaction, layout.render_inbox(following, settings, times))


PANELS["inbox"] = show_inbox


def _get_settings(interaction: Interaction, following: Following) -> DigestSettings:
    """The person's settings, or those that they would begin with."""
    if following.subscription:
        return following.subscription.settings
    return fields.build_default_settings(0, guess_timezone(str(interaction.locale)) or "UTC")


async def _turn_on(interaction: Interaction, value: str) -> None:
    how = How(value)
    services, user_id, now = interaction.client.services, interaction.user.id, interaction.client.services.clock()
    before = await services.follower.get_overview(user_id)
    opened = await open_inbox(interaction, before)
    schedule = None if before.subscription else _get_settings(interaction, before).schedule
    followed = await services.follower.change_inbox(
        user_id, how, opened.channel_id, schedule, now, obstacle=opened.obstacle
    )
    if before.inbox and has_working_inbox(before):
        await show_inbox(interaction)
    else:
        await show_outcome(interaction, before, followed, opened)


async def _turn_off(interaction: Interaction, _: str) -> None:
    services, user_id = interaction.client.services, interaction.user.id
    inbox = (await services.follower.get_overview(user_id)).inbox
    stopped = [await services.follower.stop(user_id, inbox.id, services.clock())] if inbox else []
    await show_stopped(interaction, stopped)


async def _change(interaction: Interaction, field: str, picked: str) -> None:
    services = interaction.client.services
    value = fields.read_picked_field(field, picked.split(":"))
    await services.follower.change_settings(interaction.user.id, {field: value}, services.clock())
    await show_inbox(interaction)


async def _preview(interaction: Interaction, _: str) -> None:
    """Show what would come if it came now."""
    services, now = interaction.client.services, interaction.client.services.clock()
    following = await services.follower.get_overview(interaction.user.id)
    settings = _get_settings(interaction, following)
    how = following.inbox.how if following.inbox else How.DAILY
    cadence = Cadence.WEEKLY if how is How.WEEKLY else Cadence.DAILY
    settings = replace(settings, schedule=replace(settings.schedule, cadence=cadence))
    await defer_answer(interaction)
    run = find_next_run(settings.schedule, now)
    digest = await services.composer.preview_digest(settings, 0, now, run_at=run.at)
    found = replace(digest, highlights=tuple(replace(each, followed=(INBOX,)) for each in digest.highlights))
    await reply(interaction, render_personal_preview(found, settings.posting.layout))


async def _ask_for_time(interaction: Interaction, _: str) -> None:
    await open_time_modal(interaction, "inbox")


async def _show(interaction: Interaction, _: str) -> None:
    await show_inbox(interaction)


_ACTIONS: Mapping[str, Callable[[Interaction, str], Awaitable[None]]] = {
    "show": _show,
    "off": _turn_off,
    "preview": _preview,
    "time": _ask_for_time,
}


class InboxControl(
    Control,
    kind="inbox",
    pattern=(
        r"(?:(?P<action>show|off|preview|time)|on:(?P<how>daily|weekly)"
        r"|(?P<field>size|layout|weekdays):(?P<picked>[0-9a-z]+(?::[0-6])*))"
    ),
    in_place=True,
):
    """A control of the panel, or a button that opens it."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        if match["how"]:
            await _turn_on(interaction, match["how"])
        elif match["field"]:
            await _change(interaction, match["field"], match["picked"])
        else:
            await _ACTIONS[match["action"]](interaction, "")


class GetInboxButton(Control, kind="get", pattern="inbox"):
    """Opens the panel from a leaderboard, which stays."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:  # noqa: ARG002
        await show_inbox(interaction, reply)
