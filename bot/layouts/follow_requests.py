"""Before something is followed: what it would bring, and what was typed.

The state of a preview is in the custom_ids of its buttons, all as it was typed: see `FollowRequest`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from discord import ButtonStyle, SelectOption
from discord.ui import ActionRow, Button, Container, Item, Label, LayoutView, Modal, Select, TextDisplay, TextInput

from bot.editing.drafts import MisreadField
from bot.following.preview import FollowCaveat, FollowPreview
from bot.layouts.caveats import describe_unknown_examples
from bot.layouts.digest_settings import describe_dates
from bot.layouts.misread import MAX_NAMED, describe_misread_fields
from bot.layouts.paper import ACCENT, build_details_select, build_view, join_facts
from bot.layouts.query_buttons import make_query_id
from bot.layouts.refusals import explain_refusal
from bot.layouts.text import (
    MAX_CHOICE,
    MAX_CHOICES,
    MAX_LABEL,
    MAX_MODAL_TEXT,
    count_bytes,
    count_noun,
    cut_plain,
    format_code,
    format_month_day,
    join_words,
    make_link,
)
from bot.papers import Paper
from bot.refusals import Refused
from bot.storage import FollowedQuery, How
from bot.subscription.schedule import DAY_NAMES, Cadence, Schedule
from bot.subscription.settings import MAX_FILTER_LENGTH
from bot.subscription.timezones import Place, name_timezone

LETTERS = {How.DAILY: "d", How.WEEKLY: "w", How.AT_ONCE: "o"}  # in custom_ids
HOWS = {letter: how for how, letter in LETTERS.items()}
MAX_TYPED_TIME, MAX_TYPED_TIMEZONE = 20, 100
QUERY_SHOWN = 200  # characters of a query in a sentence
_OPTIONS = 3500  # bytes of a select's options, about
_TITLE = 120
HOW_WORDS = {How.DAILY: "daily", How.WEEKLY: "weekly", How.AT_ONCE: "at once"}
_HOW_CHOICES = {
    How.DAILY: ("Daily", "In one message a day, at the time you choose"),
    How.WEEKLY: ("Weekly", "In one message a week"),
    How.AT_ONCE: ("At once", "As soon as a paper has enough upvotes: 50, or what min: says"),
}
_OTHER_LABELS = {How.DAILY: "Daily instead", How.WEEKLY: "Weekly instead", How.AT_ONCE: "At once"}
AT_ONCE_WHEN = "as soon as a paper has 50 upvotes, or as many as `min:` says"
AT_ONCE_NOTE = f"*At once* means {AT_ONCE_WHEN}."


@dataclass(frozen=True, slots=True)
class FollowRequest:
    """What somebody wants to follow, as they typed it; time and time zone are empty if they left them out."""

    query: str
    time: str = ""
    timezone: str = ""

    @property
    def text(self) -> str:
        """All of it in one line, which `read_follow_request` reads; long ones have to be stored."""
        return f"{self.time.replace('|', '/')}|{self.timezone.replace('|', '/')}|{self.query}"


def read_follow_request(text: str) -> FollowRequest:
    time, _, rest = text.partition("|")
    timezone, _, query = rest.partition("|")
    return FollowRequest(query, time, timezone)


def make_follow_id(step: str, how: How, request: FollowRequest) -> str:
    """The custom_id of a button that goes on with a request: `see` it, `save` it, or `edit` it."""
    return make_query_id(f"request:{step}-{LETTERS[how]}", request.text)


# Before something is followed


@dataclass(frozen=True, slots=True)
class FollowTimes:
    """When a person's digests would come: `guessed` if the time zone is one, `now` for the local clock."""

    schedule: Schedule
    now: datetime
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class FollowMinimum:
    """How many papers a week a query would bring if they needed so many upvotes."""

    upvotes: int
    per_week: float


def render_follow_preview(
    preview: FollowPreview,
    request: FollowRequest,
    times: FollowTimes,
    known: FollowedQuery | None = None,
    minimums: Sequence[FollowMinimum] = (),
) -> LayoutView:
    """What following would have brought, and buttons to follow; `known` if the person follows it already."""
    lines = [
        f"### Follow {format_code(preview.query, QUERY_SHOWN)}?",
        *_describe_outlook(preview),
        *(f"- {_describe_example(each)}" for each in preview.examples),
    ]
    notes = [*_describe_caveats(preview, minimums), _describe_when(preview.how, times)]
    if known:
        notes.append(f"You follow this already, {HOW_WORDS[known.how]}. You can change how.")
    rows: list[Item[LayoutView]] = []
    if preview.examples:
        rows.append(build_details_select(preview.examples))
    if helping := [*_build_help_buttons(preview, request, minimums)]:
        rows.append(ActionRow(*helping))
    rows.append(ActionRow(*_build_follow_buttons(preview.how, request, known)))
    texts = [TextDisplay[LayoutView]("\n".join(each)) for each in (lines, notes)]
    return build_view(Container(*texts, *rows, accent_colour=ACCENT))


def render_unclear_request(
    problem: Refused | None, misread: Sequence[MisreadField], request: FollowRequest, how: How
) -> LayoutView:
    """What can't be followed like this, and why, with all that was typed to be corrected. `problem` is the query's."""
    buttons = [
        _build_place_button(place, make_follow_id("see", how, replace(request, timezone=place.timezone)))
        for place in list_meant_places(misread)
    ]
    buttons.append(
        Button(label="Correct it", custom_id=make_follow_id("edit", how, request), style=ButtonStyle.primary)
    )
    problems = [*([explain_refusal(problem)] if problem else []), *describe_misread_fields(misread)]
    text = "\n".join([*(f"✏️ {each}" for each in problems), "-# Nothing you typed is lost."])
    return build_view(Container(TextDisplay(text), ActionRow(*buttons), accent_colour=ACCENT))


def list_meant_places(misread: Sequence[MisreadField]) -> Sequence[Place]:
    """The places that a misspelled time zone may mean, as many as there are buttons for."""
    return [place for each in misread for place in each.places[:MAX_NAMED]]


def _build_place_button(place: Place, custom_id: str) -> Button[LayoutView]:
    label = cut_plain(f"Use {place.name}", MAX_LABEL)
    return Button(label=label, custom_id=custom_id, style=ButtonStyle.success)


def render_unclear_time(misread: Sequence[MisreadField], panel: str, time: str, timezone: str) -> LayoutView:
    """Why a time or a time zone can't be read, with what was typed to be corrected. `panel` is where it was opened."""
    buttons = [
        _build_place_button(place, make_query_id(f"clock:{panel}:use", f"{time}|{place.timezone}"))
        for place in list_meant_places(misread)
    ]
    correct: Button[LayoutView] = Button(
        label="Correct it",
        custom_id=make_query_id(f"clock:{panel}:ask", f"{time}|{timezone}"),
        style=ButtonStyle.primary,
    )
    back: Button[LayoutView] = Button(label="Leave it as it was", custom_id=f"{panel}:show")
    text = "\n".join([*(f"✏️ {each}" for each in describe_misread_fields(misread)), "-# Nothing was changed yet."])
    return build_view(Container(TextDisplay(text), ActionRow(*buttons, correct, back), accent_colour=ACCENT))


def render_follow_choices(paper: Paper) -> LayoutView:
    """What one can follow that has to do with a paper."""
    text = f"### Follow what?\n**{make_link(paper.name, paper.url, _TITLE)}**"
    people = [("Papers like this one", f"like:{paper.id}")]
    if paper.organization:
        people.append((paper.organization, _name_query("org", paper.organization)))
    people += [(each, _name_query("author", each)) for each in _pick_authors(paper.authors)]
    rows = [_build_query_select("request:pick", "This paper, its authors, its organization…", people)]
    if tags := [(each, _name_query("tag", each)) for each in paper.tags]:
        rows.append(_build_query_select("request:tag", "Its tags…", tags))
    shown = [TextDisplay[LayoutView](text), *(each for each in rows if each)]
    return build_view(Container(*shown, accent_colour=ACCENT))


def build_request_modal(request: FollowRequest, how: How) -> Modal:
    """A modal with what was typed so far; discord.py sends it but does not keep it."""
    modal = Modal(title="Follow papers", custom_id="follow:typed")
    query = _build_text_input("query", request.query, MAX_FILTER_LENGTH)
    hint = "Words, or author:lecun, org:google, tag:agents, min:50, like:2605.29801"
    modal.add_item(Label(text="What to follow", description=hint, component=query))
    select: Select[Modal] = Select(custom_id="how", options=list_how_options(how))
    modal.add_item(Label(text="When it comes", component=select))
    for label in _build_time_fields(request.time, request.timezone, required=False):
        modal.add_item(label)
    modal.stop()
    return modal


def build_time_modal(custom_id: str, time: str, timezone: str) -> Modal:
    """The time and the time zone of a person's digests, as they are or as they were mistyped."""
    modal = Modal(title="Time and zone", custom_id=custom_id)
    for label in _build_time_fields(time, timezone, required=True):
        modal.add_item(label)
    modal.stop()
    return modal


def _build_time_fields(time: str, timezone: str, *, required: bool) -> Iterator[Label[Modal]]:
    fields = (
        ("time", "Time", "Such as 9:00, 18:30 or 9am", time, MAX_TYPED_TIME),
        ("timezone", "Time zone", "Your city, your country or the name of the time zone", timezone, MAX_TYPED_TIMEZONE),
    )
    for name, label, hint, value, longest in fields:
        entry = _build_text_input(name, value, longest, required=required)
        yield Label(text=label, description=hint if required else f"{hint}. Optional.", component=entry)


def _build_text_input(name: str, value: str, longest: int, *, required: bool = True) -> TextInput[Modal]:
    """A field that opens with what was typed, even if that is too long."""
    value = value[:MAX_MODAL_TEXT]
    return TextInput(custom_id=name, default=value or None, max_length=max(longest, len(value)), required=required)


def _name_query(operator: str, name: str) -> str:
    return f'{operator}:"{" ".join(name.replace(chr(34), " ").split())}"'


def _pick_authors(authors: Sequence[str]) -> Sequence[str]:
    """The first ones and the last one, as many as a select has room for."""
    most = MAX_CHOICES - 2
    return authors if len(authors) <= most else (*authors[: most - 1], authors[-1])


def _build_query_select(
    custom_id: str, placeholder: str, choices: Iterable[tuple[str, str]]
) -> ActionRow[LayoutView] | None:
    """A select of queries that fit into it, by their labels; None if there are none."""
    select: Select[LayoutView] = Select(custom_id=custom_id, placeholder=placeholder)
    room = _OPTIONS
    for query, label in {query: label for label, query in choices}.items():
        shown, size = cut_plain(label, MAX_CHOICE).strip(), 2 * count_bytes(query)
        if shown and len(query) <= MAX_CHOICE and size <= room and len(select.options) < MAX_CHOICES:
            select.add_option(label=shown, value=query)
            room -= size
    return ActionRow(select) if select.options else None


def _describe_outlook(preview: FollowPreview) -> Iterator[str]:
    if preview.month_count is None or preview.week_count is None:
        yield "I can't count right now what it would have brought."
    elif preview.month_count:
        week, month = f"**{preview.week_count:,}**", count_noun(preview.month_count, "paper")
        rate = f", {_name_rate(preview)}" if preview.week_count < preview.month_count else ""
        yield f"It would have brought {week} in the last 7 days and **{month}** in the last 30{rate}."


def _name_rate(preview: FollowPreview) -> str:
    """`about 3 a week`."""
    rate = preview.per_week or 0
    return f"about {round(rate):,} a week" if rate >= 1 else "less than one a week"


def _describe_caveats(preview: FollowPreview, minimums: Sequence[FollowMinimum]) -> Iterator[str]:
    """What to know before following it, and what to do about it, with figures."""
    for caveat in preview.caveats:
        match caveat:
            case FollowCaveat.FLOOD:
                yield f"⚠️ **That is a lot.** {_describe_minimums(minimums)}".rstrip()
            case FollowCaveat.DROUGHT:
                yield (
                    "⚠️ **No paper of the last 30 days matches**, so it may stay silent for long. Check the spelling, "
                    "or use fewer words. *Search now* looks through all papers."
                )
            case FollowCaveat.UPVOTES_UNREACHED:
                best = count_noun(preview.best_upvotes, "upvote")
                yield (
                    f"⚠️ **None would have come at once**: that takes {preview.least_upvotes:,} upvotes, and the best "
                    f"of the last 30 days had {best}. {_describe_minimums(minimums)}".rstrip()
                )
            case FollowCaveat.DATES_OVER:
                yield "⚠️ Its dates leave out every new paper, so nothing would come."
            case FollowCaveat.SORT_IGNORED:
                yield "⚠️ `sort:` does nothing here. A digest begins with the most upvotes."
            case FollowCaveat.EXAMPLES_UNKNOWN:
                yield f"⚠️ {describe_unknown_examples(preview.unknown_examples)}"


def _describe_minimums(minimums: Sequence[FollowMinimum]) -> str:
    """What would come with at least so many upvotes."""
    if not minimums:
        return ""
    parts = [f"`min:{each.upvotes}` {_format_rate(each.per_week)} a week" for each in minimums]
    return f"With {join_words(parts, 'or')}."


def _format_rate(rate: float) -> str:
    return f"{rate:.0f}" if rate >= 1 else "less than one"


def _build_help_buttons(
    preview: FollowPreview, request: FollowRequest, minimums: Sequence[FollowMinimum]
) -> Iterator[Button[LayoutView]]:
    """What makes a query bring less or more."""
    for each in minimums:
        better = replace(request, query=f"{request.query} min:{each.upvotes}")
        yield Button(label=f"Add min:{each.upvotes}", custom_id=make_follow_id("see", preview.how, better))
    if FollowCaveat.DROUGHT in preview.caveats:
        yield Button(label="Search now", custom_id=make_query_id("find:n1", preview.query))


def _describe_example(paper: Paper) -> str:
    day = paper.listed_or_published_on
    return join_facts(
        make_link(paper.name, paper.url, _TITLE), f"▲\u00a0{paper.upvotes:,}", format_month_day(day) if day else ""
    )


def _describe_when(how: How, times: FollowTimes) -> str:
    """When papers would come, on whose clock, and whether that is a guess."""
    if how is How.AT_ONCE:
        return f"-# {AT_ONCE_NOTE}"
    schedule, timezone = times.schedule, times.schedule.timezone
    when = name_times(how, schedule)
    clock = f"It is {times.now.astimezone(timezone):%H:%M} there now"
    guess = ", guessed from your Discord language. *Change it* sets another time zone" if times.guessed else ""
    return f"-# It comes {when}, in one direct message with everything else you follow. {clock}{guess}."


def name_times(how: How, schedule: Schedule) -> str:
    """`every Monday at 09:00, Berlin time`."""
    return f"{name_dates(how, schedule)} at {schedule.time:%H:%M}, {name_timezone(schedule.timezone.key)} time"


def name_dates(how: How, schedule: Schedule) -> str:
    """`every weekday`, or `every Monday`: weekly papers come on the first of the chosen weekdays."""
    if how is How.WEEKLY:
        return f"every {DAY_NAMES[min(schedule.weekdays)]}"
    dates = describe_dates(replace(schedule, cadence=Cadence.DAILY))
    return f"{dates[0].lower()}{dates[1:]}"


def _build_follow_buttons(
    how: How, request: FollowRequest, known: FollowedQuery | None
) -> Iterator[Button[LayoutView]]:
    """The way that was chosen first."""
    for each in sorted(How, key=lambda other: other is not how):
        label = "Follow" if each is How.DAILY else f"Follow {HOW_WORDS[each]}"
        yield Button(
            label=label if each is how else _OTHER_LABELS[each],
            custom_id=make_follow_id("save", each, request),
            style=ButtonStyle.success if each is how else ButtonStyle.secondary,
            disabled=known is not None and known.how is each,
        )
    yield Button(label="Change it", custom_id=make_follow_id("edit", how, request))


def list_how_options(chosen: How) -> list[SelectOption]:
    return [
        SelectOption(label=label, value=how.value, description=description, default=how is chosen)
        for how, (label, description) in _HOW_CHOICES.items()
    ]
