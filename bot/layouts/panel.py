"""The panel of `/digest setup`: a subscription as a sentence, what it would post, and a control for each part.

The custom_id of a control says which draft it edits, and which part: `panel:<draft>:<field of the wish, or action>`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from discord import ButtonStyle, SelectDefaultValue, SelectDefaultValueType, SelectOption
from discord.ui import (
    ActionRow,
    Button,
    ChannelSelect,
    Container,
    Item,
    Label,
    LayoutView,
    Modal,
    RoleSelect,
    Select,
    Separator,
    TextDisplay,
    TextInput,
)

from bot.channels import OFFERED
from bot.editing.drafts import Prospect
from bot.editing.fields import OFF, ON
from bot.layouts.advice import advise
from bot.layouts.paper import ACCENT, finished
from bot.layouts.refusals import explain_refusal
from bot.layouts.subscriptions import coming
from bot.layouts.text import MAX_CHOICES, code, count
from bot.layouts.wishes import sentence
from bot.reasons import ReasonKind
from bot.refusals import Refused
from bot.storage import Draft, Subscription
from bot.subscription.schedule import DAY_NAMES, Cadence
from bot.subscription.settings import MOST_FILTER, MOST_PAPERS, Abilities, ArchiveMinutes, Discussion, Layout, Posting

EXTRAS = (
    "more",
    "discussion",
    "archive_after",
    "ping_role_id",
    "publish",
    "silent",
    "quiet_line",
    "repeats",
    "pings",
)  # page 2
_Choice = TypeVar("_Choice", Cadence, Layout, Discussion)

CHOOSE_CHANNEL = "The channel is gone, or I can't post in it. Choose another one below."
_UNSAVED = "-# Nothing is posted or changed until you save."
_UNCOUNTED = "I can't count last week's papers right now."
_NO_LAST_WEEK = "The archive has no papers from last week yet."
_PAUSED = "Paused: nothing is posted until you use `/digest resume`."
_SAVED = "-# `/digest preview` shows the next digest, and `/digest status` shows whether all is well."
_CANCELLED = "Cancelled. Nothing was changed."
_FIRST_DAYS = {
    Cadence.DAILY: "",
    Cadence.WEEKLY: "A weekly recap is posted on the first chosen day of the week.",
    Cadence.MONTHLY: "A monthly recap is posted on the first chosen day of the month.",
}

_CADENCES = {
    Cadence.DAILY: ("Daily digest", "The best papers of each day, on the weekdays below"),
    Cadence.WEEKLY: ("Weekly recap", "The week's best papers by current upvotes, and what is rising"),
    Cadence.MONTHLY: ("Monthly recap", "The month's best papers by current upvotes, and what is rising"),
}
_LAYOUTS = {
    Layout.LIST: ("As a list", "Each paper with a short summary"),
    Layout.COMPACT: ("One line each", "Ten papers fit on a phone screen"),
    Layout.CARDS: ("With a picture", "A picture of the first paper, then the list"),
}
_POSTS = {
    Discussion.DIGEST: ("A post for each digest", "All papers of a digest in one post"),
    Discussion.HIGHLIGHT: ("A post for each paper", "Each paper gets its own post"),
}
_THREADS = {
    Discussion.NONE: ("No threads", "People reply in the channel"),
    Discussion.DIGEST: ("A thread for each digest", "All papers of a digest share one thread"),
    Discussion.HIGHLIGHT: ("A thread for each paper", "Each paper gets its own message with a thread"),
}
_ARCHIVED: Mapping[ArchiveMinutes, str] = {60: "1 hour", 1440: "1 day", 4320: "3 days", 10080: "1 week"}


def panel(shown: Prospect, note: str = "", zones: Sequence[str] = ()) -> LayoutView:
    """The first page: when, where, and what.

    `note` says what was wrong with the text just typed, and `zones` are the time zones that it may mean.
    """
    return _page(shown, note, *_main_controls(shown, zones))


def extras_panel(shown: Prospect, note: str = "") -> LayoutView:
    """The second page: how it is posted."""
    return _page(shown, note, *_extra_controls(shown))


def saved_panel(confirmation: str) -> LayoutView:
    return finished(TextDisplay(f"{confirmation}\n{_SAVED}"))


def same_digest(known: Subscription, draft: Draft) -> LayoutView:
    """A warning that the channel already has the digest of `draft`, with what to do about it."""
    repeats = draft.wish.taste.repeats
    rest = "the same papers may come twice" if repeats else "it gets the papers that the first one leaves out"
    text = TextDisplay[LayoutView](
        f"**This channel already has this digest:** {sentence(known.wish)} (#{known.id}).\n"
        f"If you add another one, {rest}."
    )
    edit: Button[LayoutView] = Button(label="Edit it", style=ButtonStyle.primary, custom_id=f"setup:{known.id}")
    row = ActionRow(edit, _button(draft, "another", "Add another"), _button(draft, "back", "Go back"))
    return finished(Container(text, row, accent_colour=ACCENT))


def cancelled_panel() -> LayoutView:
    return finished(TextDisplay(_CANCELLED))


def misread(typed: str, refused: Refused) -> str:
    """What was typed, and how to write it."""
    words, hint = " ".join(typed.split()), explain_refusal(refused)
    return f"You typed {code(words, 300)}. That doesn't work here, so I kept the old value. {hint}" if words else hint


def not_saved(refused: Refused) -> str:
    """Why a draft could not be saved."""
    gone = refused.reason and refused.reason.kind is ReasonKind.CHANNEL_GONE
    return CHOOSE_CHANNEL if gone else explain_refusal(refused)


# What it says


def _page(shown: Prospect, note: str, *controls: Item[LayoutView]) -> LayoutView:
    text = TextDisplay[LayoutView]("\n".join(line for line in _lines(shown, note) if line))
    return finished(Container(text, Separator(), *controls, accent_colour=ACCENT))


def _lines(shown: Prospect, note: str) -> Iterator[str]:
    wish = shown.draft.wish
    yield "### New subscription" if shown.draft.subscription_id is None else "### Edit subscription"
    yield f"**{sentence(wish)}.**"
    yield _PAUSED if shown.paused else coming(shown.next_run)
    yield _count(shown)
    yield _FIRST_DAYS[wish.timetable.cadence]
    yield from (f"⚠️ {remark}" for remark in _obstacles(shown) if remark not in note)
    yield f"✏️ {note}" if note else ""
    yield _UNSAVED


def _obstacles(shown: Prospect) -> Iterator[str]:
    for reason in shown.obstacles:
        gone = reason.kind is ReasonKind.CHANNEL_GONE
        yield CHOOSE_CHANNEL if gone else advise(shown.draft.wish.channel_id, reason)


def _count(shown: Prospect) -> str:
    if shown.outlook is None:
        return _UNCOUNTED
    matching, listed = shown.outlook
    if not listed:
        return _NO_LAST_WEEK
    if shown.draft.wish.taste.query or shown.draft.wish.taste.min_upvotes:
        return f"Last week this would have matched {matching:,} of {count(listed, 'paper')}."
    return f"Last week had {count(listed, 'paper')} to choose from."


# The first page's controls


def _main_controls(shown: Prospect, zones: Sequence[str]) -> Iterator[Item[LayoutView]]:
    draft, wish = shown.draft, shown.draft.wish
    yield _channels(shown)
    yield _select(draft, "cadence", _described(_CADENCES, wish.timetable.cadence))
    yield _weekdays(draft)
    yield _select(draft, "size", _sizes(wish.taste.size))
    yield _select(draft, "layout", _described(_LAYOUTS, wish.posting.layout))
    if others := [zone for zone in zones if zone != wish.timetable.zone.key]:
        yield _zones(draft, others)
    yield ActionRow(
        _button(draft, "time", "Time and zone"),
        _button(draft, "taste", "Filter and upvotes"),
        _button(draft, "more", "Threads and pings"),
    )
    yield ActionRow(
        _button(draft, "preview", "Preview", ButtonStyle.primary),
        _button(draft, "save", "Save", ButtonStyle.success),
        _button(draft, "cancel", "Cancel"),
    )


def _zones(draft: Draft, zones: list[str]) -> ActionRow[LayoutView]:
    options = [SelectOption(label=zone, value=zone) for zone in zones[:MAX_CHOICES]]
    return _select(draft, "zone", options, placeholder="Wrong time zone? Pick the right one")


def _channels(shown: Prospect) -> ActionRow[LayoutView]:
    return ActionRow(
        ChannelSelect(
            custom_id=_control_id(shown.draft, "channel_id"),
            channel_types=list(OFFERED),
            placeholder="The channel to post in",
            default_values=_chosen(
                SelectDefaultValueType.channel, shown.draft.wish.channel_id if shown.abilities else None
            ),
        )
    )


def _weekdays(draft: Draft) -> ActionRow[LayoutView]:
    timetable = draft.wish.timetable
    options = [
        SelectOption(label=name, value=str(number), default=number in timetable.weekdays)
        for number, name in enumerate(DAY_NAMES)
    ]
    placeholder = _FIRST_DAYS[timetable.cadence] or "The weekdays to post on"
    return _select(draft, "weekdays", options, placeholder=placeholder, max_values=len(options))


def _sizes(chosen: int) -> list[SelectOption]:
    return [
        SelectOption(
            label=f"The top {count(size, 'paper')}" if size > 1 else "The top paper",
            value=str(size),
            default=size == chosen,
        )
        for size in range(1, MOST_PAPERS + 1)
    ]


# The second page's controls


def _extra_controls(shown: Prospect) -> Iterator[Item[LayoutView]]:
    draft, posting = shown.draft, shown.draft.wish.posting
    abilities = shown.abilities or Abilities()
    words = _POSTS if abilities.in_posts else _THREADS
    possible = {each: words[each] for each in abilities.discussions}
    yield _select(draft, "discussion", _described(possible, posting.discussion))
    if posting.discussion is not Discussion.NONE:
        yield _archiving(draft)
    yield _roles(shown)
    switches = [_silence(draft)]
    if abilities.quiet_line:
        switches.append(_switch(draft, "quiet_line", "Say when nothing is new", is_on=posting.quiet_line))
    switches.append(_switch(draft, "repeats", "Repeat papers from other digests", is_on=draft.wish.taste.repeats))
    if abilities.published_an_hour:
        switches.append(_switch(draft, "publish", "Publish to followers", is_on=posting.publish))
    yield ActionRow(*switches)
    pings = [_button(draft, "pings", _floor(posting))] if posting.ping_role_id else []
    yield ActionRow(*pings, _button(draft, "back", "Back", ButtonStyle.primary))


def _archiving(draft: Draft) -> ActionRow[LayoutView]:
    options = [
        SelectOption(
            label=f"Archive after {time} of inactivity",
            value=str(minutes),
            default=minutes == draft.wish.posting.archive_after,
        )
        for minutes, time in _ARCHIVED.items()
    ]
    return _select(draft, "archive_after", options)


def _roles(shown: Prospect) -> ActionRow[LayoutView]:
    return ActionRow(
        RoleSelect(
            custom_id=_control_id(shown.draft, "ping_role_id"),
            placeholder="Choose a role to ping (optional)",
            min_values=0,
            default_values=_chosen(SelectDefaultValueType.role, shown.role_id),
        )
    )


def _floor(posting: Posting) -> str:
    floor = posting.ping_upvotes
    return f"Ping at {count(floor, 'upvote')} or more" if floor else "Ping for every digest"


def _silence(draft: Draft) -> Button[LayoutView]:
    """A switch for notifications, which is what people know; the setting that is stored is the silence."""
    silent = draft.wish.posting.silent
    style = ButtonStyle.secondary if silent else ButtonStyle.success
    return _button(draft, f"silent:{OFF if silent else ON}", f"Notifications: {OFF if silent else ON}", style)


def _switch(draft: Draft, field: str, label: str, *, is_on: bool) -> Button[LayoutView]:
    """A switch whose custom_id says what a click sets it to, so that a double click counts once."""
    style = ButtonStyle.success if is_on else ButtonStyle.secondary
    return _button(draft, f"{field}:{OFF if is_on else ON}", f"{label}: {ON if is_on else OFF}", style)


# What all controls are made of


def _control_id(draft: Draft, part: str) -> str:
    return f"panel:{draft.id}:{part}"


def _button(draft: Draft, part: str, label: str, style: ButtonStyle = ButtonStyle.secondary) -> Button[LayoutView]:
    return Button(label=label, custom_id=_control_id(draft, part), style=style)


def _select(
    draft: Draft, field: str, options: list[SelectOption], *, placeholder: str | None = None, max_values: int = 1
) -> ActionRow[LayoutView]:
    custom_id = _control_id(draft, field)
    return ActionRow(Select(custom_id=custom_id, options=options, placeholder=placeholder, max_values=max_values))


def _described(choices: Mapping[_Choice, tuple[str, str]], chosen: _Choice) -> list[SelectOption]:
    return [
        SelectOption(label=label, value=choice.value, description=description, default=choice is chosen)
        for choice, (label, description) in choices.items()
    ]


def _chosen(kind: SelectDefaultValueType, chosen: int | None) -> list[SelectDefaultValue]:
    return [SelectDefaultValue(id=chosen, type=kind)] if chosen else []


# Modals


def time_modal(draft: Draft) -> Modal:
    timetable = draft.wish.timetable
    return _modal(
        draft,
        "time",
        "Time and zone",
        _field("at", "Time", "Such as 9:00, 18:30 or 9am", f"{timetable.at:%H:%M}", longest=20),
        _field(
            "zone", "Time zone", "Your city, your country or the name of the time zone", timetable.zone.key, longest=100
        ),
    )


def taste_modal(draft: Draft) -> Modal:
    taste = draft.wish.taste
    hint = "Only papers that match, such as diffusion or org:google. Leave it empty for all."
    return _modal(
        draft,
        "taste",
        "Filter and upvotes",
        _field("query", "Filter", hint, taste.query, longest=MOST_FILTER, required=False),
        _field(
            "min_upvotes",
            "Minimum upvotes",
            "Papers with fewer are left out. 0 means no minimum.",
            str(taste.min_upvotes),
            longest=20,
            required=False,
        ),
    )


def pings_modal(draft: Draft) -> Modal:
    hint = "Ping only when a paper in the digest has at least this many. 0 means always."
    floor = str(draft.wish.posting.ping_upvotes)
    return _modal(
        draft,
        "pings",
        "When to ping",
        _field("ping_upvotes", "Upvotes", hint, floor, longest=20, required=False),
    )


def _modal(draft: Draft, part: str, title: str, *fields: Label[Modal]) -> Modal:
    """A modal that discord.py sends but does not keep: like a button, it is answered by its custom_id."""
    modal = Modal(title=title, custom_id=_control_id(draft, part))
    for field in fields:
        modal.add_item(field)
    modal.stop()
    return modal


def _field(name: str, label: str, hint: str, value: str, *, longest: int, required: bool = True) -> Label[Modal]:
    """A text field; its custom_id is the field of the wish."""
    entry: TextInput[Modal] = TextInput(custom_id=name, default=value or None, max_length=longest, required=required)
    return Label(text=label, description=hint, component=entry)
