"""Following something: what it would bring is shown first, then a click follows it.

Nothing is stored before that click: the request is in the custom_ids of the buttons, all as it was typed.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from zoneinfo import ZoneInfo

from discord.ui import LayoutView

from bot.answering import open_modal, reply
from bot.editing import fields
from bot.editing.drafts import MisreadField, list_misread_fields
from bot.following.preview import FollowCaveat, FollowPreview
from bot.layouts import follow_requests as layout
from bot.layouts.follow_requests import FollowMinimum, FollowRequest, FollowTimes
from bot.layouts.following import render_closed_inbox, render_followed
from bot.refusals import Refusal, Refused
from bot.storage import FollowedQuery, Following, How
from bot.subscription.schedule import Schedule
from bot.subscription.timezones import guess_timezone
from bot.text import join_lines
from cogs.helpers.cards import PAPER_PATTERN, get_or_fetch_paper
from cogs.helpers.controls import Control, Interaction, ModalHandler, show_page
from cogs.helpers.inboxes import OpenedInbox, has_working_inbox, open_inbox, send_first_message
from cogs.helpers.pages import QUERY_PATTERN, find_text, keep_texts, try_to_fetch_examples

Show = Callable[[Interaction, LayoutView], Awaitable[None]]
MINIMUMS = (25, 50, 100, 200)  # upvotes that are tried if a query brings too many papers
_MINIMUMS_SHOWN = 3
_CALM = 15  # papers a week that somebody reads
_HOW_PATTERN = rf"(?P<how>[{''.join(layout.HOWS)}])"
_TO_BE_CORRECTED = {
    *(Refusal.FILTER_UNCLEAR, Refusal.FILTER_TOO_LONG, Refusal.FOLLOWS_EVERYTHING, Refusal.TIME_UNCLEAR),
    *(Refusal.TIMEZONE_UNKNOWN, Refusal.TIMEZONE_AMBIGUOUS),
}


@dataclass(frozen=True, slots=True)
class _ReadRequest:
    """What was understood of a request: when papers would come, what is wrong with that, and with the query."""

    times: FollowTimes
    misread: tuple[MisreadField, ...] = ()
    problem: Refused | None = None


async def show_request(interaction: Interaction, request: FollowRequest, how: How, show: Show = show_page) -> None:
    """Show what following something would bring, or what has to be corrected first."""
    services, now = interaction.client.services, interaction.client.services.clock()
    following = await services.follower.get_overview(interaction.user.id)
    read = _read_request(interaction, request, following)
    await try_to_fetch_examples(interaction, request.query)
    try:
        preview = await services.follower.preview_query(request.query, how, now)
    except Refused as refused:
        if refused.refusal not in _TO_BE_CORRECTED:
            raise
        read = replace(read, problem=refused)
    if read.problem or read.misread:
        await _show_unclear_request(interaction, request, how, read, show)
        return
    minimums = await _find_minimums(interaction, preview)
    known = next((each for each in following.queries if each.query == preview.query), None)
    view = layout.render_follow_preview(preview, request, read.times, known, minimums)
    harder = [replace(request, query=f"{request.query} min:{each.upvotes}") for each in minimums]
    texts = [*(each.text for each in [request, *harder]), preview.query]
    await show(interaction, await keep_texts(interaction, texts, view))


async def _show_unclear_request(
    interaction: Interaction, request: FollowRequest, how: How, read: _ReadRequest, show: Show = show_page
) -> None:
    view = layout.render_unclear_request(read.problem, read.misread, request, how)
    places = layout.list_meant_places(read.misread)
    texts = [request.text, *(replace(request, timezone=each.timezone).text for each in places)]
    await show(interaction, await keep_texts(interaction, texts, view))


def _read_request(interaction: Interaction, request: FollowRequest, following: Following) -> _ReadRequest:
    """The schedule that a person has or typed."""
    now = interaction.client.services.clock()
    known = following.subscription
    guess = guess_timezone(str(interaction.locale))
    schedule = known.settings.schedule if known else Schedule(fields.DEFAULT_TIME, ZoneInfo(guess or "UTC"))
    typed = {name: text for name, text in {"time": request.time, "timezone": request.timezone}.items() if text.strip()}
    values, mistyped = fields.read_typed_fields(typed, now.date())
    schedule = replace(schedule, **values)  # type: ignore[arg-type]
    times = FollowTimes(schedule, now, guessed=known is None and "timezone" not in typed)
    return _ReadRequest(times, tuple(list_misread_fields(mistyped, now.date())))


async def _find_minimums(interaction: Interaction, preview: FollowPreview) -> Sequence[FollowMinimum]:
    """Upvotes that would leave as many papers as somebody reads, or some at all."""
    services = interaction.client.services
    if FollowCaveat.FLOOD in preview.caveats:
        tried = [each for each in MINIMUMS if each > preview.least_upvotes]
    elif FollowCaveat.UPVOTES_UNREACHED in preview.caveats:
        tried = [max(1, preview.best_upvotes // 2)] if preview.best_upvotes > 1 else []
    else:
        return ()
    found: list[FollowMinimum] = []
    for upvotes in tried:
        text = f"{preview.query} min:{upvotes}"
        try:
            harder = await services.follower.preview_query(text, preview.how, services.clock())
        except Refused:  # it is too long with that
            return ()
        if harder.month_count:
            found.append(FollowMinimum(upvotes, harder.per_week or 0))
        if (harder.per_week or 0) <= _CALM:
            break
    return found[-_MINIMUMS_SHOWN:]


async def follow_request(interaction: Interaction, request: FollowRequest, how: How) -> None:
    """Follow what was shown. The first time, a message shows where its papers come."""
    bot, user_id, now = interaction.client, interaction.user.id, interaction.client.services.clock()
    follower = bot.services.follower
    following = await follower.get_overview(user_id)
    read = _read_request(interaction, request, following)
    if read.misread:
        await _show_unclear_request(interaction, request, how, read)
        return
    query = follower.read_query(request.query, now)  # before any direct message is opened
    opened = await open_inbox(interaction, following)
    has_typed_time = bool(request.time.strip() or request.timezone.strip())
    schedule = read.times.schedule if has_typed_time or following.subscription is None else None
    followed = await follower.follow(user_id, query, how, opened.channel_id, schedule, now, obstacle=opened.obstacle)
    await show_outcome(interaction, following, followed, opened)


async def show_outcome(
    interaction: Interaction, before: Following, followed: FollowedQuery, opened: OpenedInbox
) -> None:
    """Answer that something is followed; the first time, after sending the first message."""
    is_first, obstacle = not has_working_inbox(before), opened.obstacle
    if is_first and obstacle is None:
        obstacle = await send_first_message(interaction, opened.channel_id, followed)
    if obstacle:
        await show_page(interaction, render_closed_inbox(obstacle, followed))
        return
    following = await interaction.client.services.follower.get_overview(interaction.user.id)
    await show_page(interaction, render_followed(followed, following, is_first=is_first))


async def follow_again(interaction: Interaction, wanted: Sequence[tuple[How, str]]) -> bool:
    """Follow everything that was stopped. What can't be followed any more is left out; returns whether anything was.

    If that is all of it, raises `Refused`.
    """
    bot, user_id, now = interaction.client, interaction.user.id, interaction.client.services.clock()
    follower, refused = bot.services.follower, list[Refused]()
    before = await follower.get_overview(user_id)
    opened = await open_inbox(interaction, before)
    known = before.subscription
    obstacle = opened.obstacle or (known.reason if known and not has_working_inbox(before) else None)
    for how, query in wanted:
        follow = partial(follower.follow, user_id, query) if query else partial(follower.change_inbox, user_id)
        try:
            await follow(how, opened.channel_id, None, now, obstacle=obstacle)
        except Refused as error:
            refused.append(error)
    if refused and len(refused) == len(wanted):
        raise refused[0]
    return bool(refused)


class FollowControl(Control, kind="follow", pattern=rf"(?:new|paper:{PAPER_PATTERN}|q{QUERY_PATTERN})"):
    """A Follow button, wherever it stands: it leads to what following would bring."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        if match["paper"]:
            paper = await get_or_fetch_paper(interaction, match["paper"])
            await reply(interaction, layout.render_follow_choices(paper))
        elif match["query"] or match["key"]:
            await show_request(interaction, FollowRequest(await find_text(interaction, match)), How.DAILY, reply)
        else:
            await open_modal(interaction, layout.build_request_modal(FollowRequest(""), How.DAILY))


class RequestControl(
    Control,
    kind="request",
    pattern=rf"(?:(?:pick|tag):(?P<picked>.+)|(?P<step>see|save|edit)-{_HOW_PATTERN}{QUERY_PATTERN})",
    in_place=True,
):
    """A control of a preview: it shows another one, follows it, or opens a modal with what was typed."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        if match["picked"]:
            await show_request(interaction, FollowRequest(match["picked"]), How.DAILY)
            return
        request = layout.read_follow_request(await find_text(interaction, match))
        how = layout.HOWS[match["how"]]
        match match["step"]:
            case "see":
                await show_request(interaction, request, how)
            case "save":
                await follow_request(interaction, request, how)
            case _:
                await open_modal(interaction, layout.build_request_modal(request, how))


class RequestModal(ModalHandler, kind="follow", pattern="typed"):
    """What somebody typed to follow. What can't be used of it is shown with a button that opens it again."""

    async def answer(self, interaction: Interaction, match: re.Match[str], typed: Mapping[str, str]) -> None:  # noqa: ARG002
        how = next((each for each in How if each.value == typed.get("how")), How.DAILY)
        names = ("query", "time", "timezone")
        await show_request(interaction, FollowRequest(*(join_lines(typed.get(name, "")) for name in names)), how)
