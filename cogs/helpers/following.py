"""What people follow: `/following`, and the buttons of their digests that stop something, or bring less like it.

Everything is about the person who clicks: nobody can change what another follows, whatever message a button is from.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from bot.answering import open_modal, reply
from bot.editing import fields
from bot.editing.drafts import list_misread_fields
from bot.following.follower import list_mutable
from bot.layouts import follow_requests as request_layout
from bot.layouts import following as layout
from bot.layouts.query_buttons import make_query_id
from bot.refusals import Refusal, Refused
from bot.storage import FollowedQuery, Following, How, Muted, SubscriptionState, get_query_key
from bot.text import join_lines
from cogs.helpers.cards import PAPER_PATTERN, get_or_fetch_paper
from cogs.helpers.controls import Control, Interaction, ModalHandler, list_message_options, show_page
from cogs.helpers.follow_requests import follow_again
from cogs.helpers.inboxes import send_first_message
from cogs.helpers.pages import QUERY_PATTERN, find_text, keep_texts

BROUGHT_DAYS = timedelta(days=30)
PANELS: dict[str, Callable[[Interaction], Awaitable[None]]] = {}  # that a time is changed in, by what opens them
_NONCE = r"[0-9a-f]+"
_KEY = r"[0-9a-f]{24}"


async def show_following(interaction: Interaction, note: str = "") -> None:
    """Show what the person follows."""
    services, now = interaction.client.services, interaction.client.services.clock()
    following = await services.follower.get_overview(interaction.user.id)
    brought = await _count_brought(interaction, following)
    await show_page(interaction, layout.render_following(layout.FollowingView(following, brought, now), note))


PANELS["following"] = show_following


async def _count_brought(interaction: Interaction, following: Following) -> Mapping[int, int]:
    """How many papers each followed query has brought lately, by its id."""
    services = interaction.client.services
    if following.subscription is None:
        return {}
    since = services.clock().date() - BROUGHT_DAYS
    counts = await services.storage.followed_queries.count_brought(following.subscription.id, since)
    return {each.id: counts.get(each.query, 0) for each in following.followed}


async def find_followed(interaction: Interaction, followed_id: str) -> tuple[Following, FollowedQuery]:
    """What the person follows with this id, among all that they follow. Raises `Refused`."""
    following = await interaction.client.services.follower.get_overview(interaction.user.id)
    for each in following.followed:
        if str(each.id) == followed_id:
            return following, each
    raise Refused(Refusal.FOLLOWED_GONE)


# What `/following` does


async def _show_one(interaction: Interaction, picked: str) -> None:
    following, followed = await find_followed(interaction, picked)
    brought = await _count_brought(interaction, following)
    view = layout.render_followed_query(followed, brought.get(followed.id, 0))
    await show_page(interaction, await keep_texts(interaction, [followed.query], view))


async def _change_how(interaction: Interaction, picked: str) -> None:
    followed_id, _, value = picked.partition(":")
    how = next((each for each in How if each.value == value), None)
    following, followed = await find_followed(interaction, followed_id)
    known = following.subscription
    if how is None or known is None:
        raise Refused(Refusal.CONTROL_STALE)
    services = interaction.client.services
    obstacle = known.reason if known.state is SubscriptionState.SUSPENDED else None
    await services.follower.follow(
        followed.user_id, followed.query, how, known.settings.channel_id, None, services.clock(), obstacle=obstacle
    )
    await _show_one(interaction, followed_id)


async def _stop_one(interaction: Interaction, followed_id: str) -> None:
    services = interaction.client.services
    stopped = await services.follower.stop(interaction.user.id, int(followed_id), services.clock())
    await show_stopped(interaction, [stopped])


async def _change_weekdays(interaction: Interaction, picked: str) -> None:
    weekdays = fields.read_picked_field("weekdays", picked.split(":"))
    services = interaction.client.services
    await services.follower.change_settings(interaction.user.id, {"weekdays": weekdays}, services.clock())
    await show_following(interaction)


async def _ask_for_time(interaction: Interaction, typed: str) -> None:
    await open_time_modal(interaction, "following", typed)


async def _show_muted(interaction: Interaction, page: str, note: str = "") -> None:
    muted = await interaction.client.services.storage.followed_queries.list_muted(interaction.user.id)
    view = layout.render_muted(muted, [*map(make_mute_key, muted)], max(1, int(page or 1)), note)
    await show_page(interaction, view)


async def _undo_listed_mute(interaction: Interaction, picked: str) -> None:
    page, _, key = picked.partition(":")
    unmuted = await undo_mute(interaction, key)
    await _show_muted(interaction, page, layout.describe_unmuted(unmuted) if unmuted else "")


async def _ask_to_stop_all(interaction: Interaction, _: str) -> None:
    following = await interaction.client.services.follower.get_overview(interaction.user.id)
    if not following.followed:
        await show_stopped(interaction, [], all_of_it=True)
    else:
        await show_page(interaction, layout.render_stop_question(following.followed))


async def _try_again(interaction: Interaction, _: str) -> None:
    """Write to a person whose direct messages were closed."""
    bot, user_id = interaction.client, interaction.user.id
    await bot.services.storage.subscriptions.take_closed_inbox_notice(user_id)
    following = await bot.services.follower.get_overview(user_id)
    if following.subscription is None or not following.followed:
        await show_following(interaction)
        return
    followed = following.followed[-1]
    if following.subscription.state is SubscriptionState.SUSPENDED:
        obstacle = await send_first_message(interaction, following.subscription.settings.channel_id, followed)
        if obstacle:
            await show_page(interaction, layout.render_closed_inbox(obstacle))
            return
    await show_following(interaction, layout.INBOX_WORKS)


async def _show(interaction: Interaction, _: str) -> None:
    await show_following(interaction)


_ACTIONS: Mapping[str, Callable[[Interaction, str], Awaitable[None]]] = {
    "show": _show,
    "one": _show_one,
    "how": _change_how,
    "stop": _stop_one,
    "weekdays": _change_weekdays,
    "time": _ask_for_time,
    "muted": _show_muted,
    "unmute": _undo_listed_mute,
    "ask": _ask_to_stop_all,
    "retry": _try_again,
}
_REST = {  # what may follow each action
    "show": _NONCE,
    "one": r"\d{1,18}",
    "how": r"\d{1,18}:[a-z ]+",
    "stop": r"\d{1,18}",
    "weekdays": r"[0-6](?::[0-6]){0,6}",
    "muted": r"\d{1,3}",
    "unmute": rf"\d{{1,3}}:{_KEY}",
}


class FollowingControl(
    Control, kind="following", pattern=r"(?P<action>[a-z]+)(?::(?P<rest>[0-9a-z: ]+))?", in_place=True
):
    """Shows or changes what the person who clicks follows."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        action, rest = match["action"], match["rest"] or ""
        expected = _REST.get(action, "")
        if action not in _ACTIONS or not re.fullmatch(rf"(?:{expected})?" if action == "show" else expected, rest):
            raise Refused(Refusal.CONTROL_STALE)
        await _ACTIONS[action](interaction, rest)


# The time and the time zone


async def open_time_modal(interaction: Interaction, panel: str, typed: str = "") -> None:
    """Open a modal with the time and the time zone, as they are, or as they were mistyped."""
    following = await interaction.client.services.follower.get_overview(interaction.user.id)
    if following.subscription is None:
        raise Refused(Refusal.FOLLOWS_NOTHING)
    schedule = following.subscription.settings.schedule
    time, _, timezone = typed.partition("|")
    await open_modal(
        interaction,
        request_layout.build_time_modal(
            f"clock:{panel}", time or f"{schedule.time:%H:%M}", timezone or schedule.timezone.key
        ),
    )


async def change_time(interaction: Interaction, panel: str, typed: Mapping[str, str]) -> bool:
    """Change the time and the time zone as typed; False if that was answered because something has to be corrected."""
    services, now = interaction.client.services, interaction.client.services.clock()
    given = {name: join_lines(typed.get(name, "")) for name in ("time", "timezone")}
    values, mistyped = fields.read_typed_fields(given, now.date())
    if not mistyped:
        await services.follower.change_settings(interaction.user.id, values, now)
        return True
    misread = [*list_misread_fields(mistyped, now.date())]
    view = request_layout.render_unclear_time(misread, panel, given["time"], given["timezone"])
    timezones = [given["timezone"], *(each.timezone for each in request_layout.list_meant_places(misread))]
    texts = [f"{given['time']}|{each}" for each in timezones]
    await show_page(interaction, await keep_texts(interaction, texts, view))
    return False


class ClockControl(
    Control, kind="clock", pattern=rf"(?P<panel>following|inbox):(?P<step>use|ask){QUERY_PATTERN}", in_place=True
):
    """After a time or a time zone that can't be read: another one, or the modal with what was typed."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        text = await find_text(interaction, match)
        if match["step"] == "ask":
            await open_time_modal(interaction, match["panel"], text)
            return
        time, _, timezone = text.partition("|")
        if await change_time(interaction, match["panel"], {"time": time, "timezone": timezone}):
            await PANELS[match["panel"]](interaction)


class ClockModal(ModalHandler, kind="clock", pattern=r"(?P<panel>following|inbox)"):
    """The time and the time zone that somebody typed."""

    async def answer(self, interaction: Interaction, match: re.Match[str], typed: Mapping[str, str]) -> None:
        if await change_time(interaction, match["panel"], typed):
            await PANELS[match["panel"]](interaction)


# Stopping


async def show_stopped(interaction: Interaction, stopped: Sequence[FollowedQuery], *, all_of_it: bool = False) -> None:
    """Say what does not come any more, with a button that follows it again."""
    wanted = json.dumps(
        [[request_layout.LETTERS[each.how], each.query] for each in stopped], ensure_ascii=False, separators=(",", ":")
    )
    undo_id = make_query_id("stop:undo", wanted) if stopped else None
    view = layout.render_stopped(stopped, undo_id, all_of_it=all_of_it)
    await show_page(interaction, await keep_texts(interaction, [wanted], view))


class StopControl(
    Control,
    kind="stop",
    pattern=(
        rf"(?:(?P<all>all)(?::{_NONCE})?|this:{_NONCE}:(?P<which>{_KEY})|(?P<asks>which):{_NONCE}"
        rf"|one:(?P<id>\d{{1,18}})|undo{QUERY_PATTERN})"
    ),
    in_place=True,
):
    """Stops what the person who clicks follows: all, what brought a digest, or one that is picked. Or undoes that."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        services, user_id, now = interaction.client.services, interaction.user.id, interaction.client.services.clock()
        if match["all"]:
            await show_stopped(interaction, await services.follower.stop_all(user_id, now), all_of_it=True)
        elif match["id"]:
            await _stop_one(interaction, match["id"])
        elif match["which"]:
            followed = (await services.follower.get_overview(user_id)).followed
            meant = [each for each in followed if get_query_key(each.query) == match["which"]]
            if meant:
                await _stop_one(interaction, str(meant[0].id))
            else:
                await show_stopped(interaction, [])
        elif match["asks"]:
            followed = (await services.follower.get_overview(user_id)).followed
            if followed:
                await reply(interaction, layout.render_which_question(followed))
            else:
                await show_stopped(interaction, [])
        else:
            await self._undo(interaction, await find_text(interaction, match))

    async def _undo(self, interaction: Interaction, text: str) -> None:
        try:
            wanted = [(request_layout.HOWS[letter], str(query)) for letter, query in json.loads(text)]
        except (ValueError, TypeError, KeyError):  # forged
            raise Refused(Refusal.CONTROL_STALE) from None
        is_partly = await follow_again(interaction, wanted)
        await show_following(interaction, layout.UNDONE_PARTLY if is_partly else "")


# Less like this


async def show_less_of(interaction: Interaction, paper_id: str, picked: Sequence[str] | None = None) -> None:
    """Show what about a paper can be muted. What is `picked` is muted, and what is not picked any more comes again.

    What was muted since the message was made is not picked there, and stays muted.
    """
    services, user_id = interaction.client.services, interaction.user.id
    paper = await get_or_fetch_paper(interaction, paper_id)
    mutable = list_mutable(paper)
    muted = {*await services.storage.followed_queries.list_muted(user_id)}
    if picked is not None:
        before = {each.value for each in list_message_options(interaction.message, "mute") if each.default}
        for each in mutable:
            key = make_mute_key(each)
            if key in picked and each not in muted:
                await services.follower.mute(user_id, each, services.clock())
            elif key in before and each in muted and key not in picked:
                await services.follower.unmute(user_id, each)
        muted = {*await services.storage.followed_queries.list_muted(user_id)}
    await show_page(interaction, layout.render_less_of(paper, mutable, [*map(make_mute_key, mutable)], muted))


async def undo_mute(interaction: Interaction, key: str) -> Muted | None:
    """Bring the person again what they muted under this key, and return it; None if it is not muted any more."""
    services, user_id = interaction.client.services, interaction.user.id
    for each in await services.storage.followed_queries.list_muted(user_id):
        if make_mute_key(each) == key:
            await services.follower.unmute(user_id, each)
            return each
    return None


def make_mute_key(muted: Muted) -> str:
    """The value of an option: names can be too long for one."""
    return get_query_key(f"{muted.kind.value}:{muted.value}")


class LessControl(Control, kind="less", pattern=rf"{_NONCE}(?::{PAPER_PATTERN})?"):
    """*Less like this* under a person's digest."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        if match["paper"]:
            await show_less_of(interaction, match["paper"])
            return
        papers = [(each.value, each.label) for each in list_message_options(interaction.message, "pick")]
        if not papers:
            raise Refused(Refusal.CONTROL_STALE)
        await reply(interaction, layout.render_less_question(papers))


class MuteControl(Control, kind="mute", pattern=rf"{PAPER_PATTERN}(?P<keys>(?::{_KEY})*)", in_place=True):
    """Picks what about a paper there should be less of."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        await show_less_of(interaction, match["paper"], match["keys"].split(":")[1:])
