"""The panel of `/inbox`: a person's digest of the best papers, whatever they are about. Each change counts at once."""

from collections.abc import Iterator

from discord import ButtonStyle, SelectOption
from discord.ui import ActionRow, Button, Container, Item, LayoutView, Select, TextDisplay

from bot.layouts.follow_requests import FollowTimes, name_dates
from bot.layouts.following import build_weekday_select, describe_state
from bot.layouts.paper import ACCENT, build_view
from bot.layouts.text import count_noun
from bot.storage import Following, How
from bot.subscription.settings import MAX_PAPERS, DigestLayout, DigestSettings
from bot.subscription.timezones import name_timezone

_PERIODS = {How.DAILY: "day", How.WEEKLY: "week"}
_LAYOUTS = {
    DigestLayout.LIST: ("As a list", "Each paper with a short summary"),
    DigestLayout.COMPACT: ("Titles only", "Ten papers fit on a phone screen"),
    DigestLayout.CARDS: ("With a picture", "A picture of the first paper, then the list"),
}


def render_inbox(following: Following, settings: DigestSettings, times: FollowTimes) -> LayoutView:
    """The panel, with the settings that count, or those that would if the inbox was turned on."""
    inbox = following.inbox
    lines = ["### Your inbox"]
    rows: list[Item[LayoutView]] = []
    if inbox:
        rows += _build_controls(inbox.how, settings)
        papers = count_noun(settings.selection.size, "paper")
        when = f", {name_dates(inbox.how, settings.schedule)}" if inbox.how is How.WEEKLY else ""
        lines.append(f"**The top {papers} of the {_PERIODS[inbox.how]}** come by direct message{when}.")
        lines.append(describe_state(following, times.now))
        lines.append("-# Each change counts at once. Time, weekdays and layout are those of all that you follow.")
    else:
        time, timezone = f"{times.schedule.time:%H:%M}", times.schedule.timezone
        guess = ", guessed from your Discord language; you can change it afterwards" if times.guessed else ""
        lines.append(
            "It is off. Turned on, the best papers of the day or week come to you by direct message, whatever they are "
            f"about: the top {settings.selection.size} at {time}, {name_timezone(timezone.key)} time. It is "
            f"{times.now.astimezone(timezone):%H:%M} there now{guess}."
        )
    text = TextDisplay[LayoutView]("\n".join(filter(None, lines)))
    return build_view(Container(text, *rows, ActionRow(*_build_buttons(following)), accent_colour=ACCENT))


def _build_controls(how: How, settings: DigestSettings) -> Iterator[Item[LayoutView]]:
    cadences = {How.DAILY: "Every day, the day's best", How.WEEKLY: "Every week, the week's best"}
    yield _build_select(
        "inbox:on", [SelectOption(label=cadences[each], value=each.value, default=each is how) for each in cadences]
    )
    yield build_weekday_select("inbox:weekdays", settings.schedule)
    sizes = [
        SelectOption(
            label=f"The top {count_noun(size, 'paper')}" if size > 1 else "The top paper",
            value=str(size),
            default=size == settings.selection.size,
        )
        for size in range(1, MAX_PAPERS + 1)
    ]
    yield _build_select("inbox:size", sizes)
    layouts = [
        SelectOption(label=label, value=each.value, description=told, default=each is settings.posting.layout)
        for each, (label, told) in _LAYOUTS.items()
    ]
    yield _build_select("inbox:layout", layouts)


def _build_select(custom_id: str, options: list[SelectOption]) -> ActionRow[LayoutView]:
    return ActionRow(Select(custom_id=custom_id, options=options))


def _build_buttons(following: Following) -> Iterator[Button[LayoutView]]:
    if following.inbox is None:
        yield Button(label="Turn on, daily", custom_id="inbox:on:daily", style=ButtonStyle.success)
        yield Button(label="Weekly", custom_id="inbox:on:weekly")
    yield Button(label="Preview", custom_id="inbox:preview", style=ButtonStyle.primary)
    if following.subscription:
        yield Button(label="Time and zone", custom_id="inbox:time")
    if following.inbox:
        yield Button(label="Turn off", custom_id="inbox:off", style=ButtonStyle.danger)
    yield Button(label="What you follow", custom_id="following:show")
