"""The panel of `/digest setup`: a subscription as a sentence, what it would post, and a control for each part.

The sentence comes last, right above *Save*: on a phone, what is above it fills the screen. The custom_id of a control
says which draft it edits and what it changes or does: `panel:<draft>:<field or action>`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar
from zoneinfo import ZoneInfo

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

from bot.channels import OFFERED_CHANNEL_TYPES
from bot.editing.drafts import DraftStatus, MisreadField
from bot.editing.fields import OFF, ON
from bot.layouts.advice import advise_admin
from bot.layouts.caveats import describe_caveats
from bot.layouts.digest_settings import describe_settings
from bot.layouts.misread import MAX_NAMED, describe_misread_fields
from bot.layouts.paper import ACCENT, build_view
from bot.layouts.refusals import explain_refusal
from bot.layouts.subscriptions import describe_upcoming_run
from bot.layouts.text import (
    MAX_CHOICE,
    MAX_CHOICES,
    MAX_LABEL,
    compute_text_room,
    count_noun,
    cut_plain,
    measure_text,
)
from bot.reasons import ReasonKind
from bot.refusals import Refused
from bot.storage import Draft, Subscription
from bot.subscription.presets import PRESETS, Preset
from bot.subscription.schedule import DAY_NAMES, Cadence
from bot.subscription.settings import (
    MAX_FILTER_LENGTH,
    MAX_PAPERS,
    ArchiveMinutes,
    ChannelAbilities,
    DigestLayout,
    PostingOptions,
    Threads,
)
from bot.subscription.timezones import Place, find_meant_places, name_timezone

SECOND_PAGE = (
    "more",
    "threads",
    "archive_after",
    "ping_role_id",
    "publish",
    "silent",
    "quiet_line",
    "allow_repeats",
    "pings",
)
_Choice = TypeVar("_Choice", Cadence, DigestLayout, Threads)

CHOOSE_CHANNEL = "The channel is gone, or I can't post in it. Choose another one below."
_UNSAVED = "-# Nothing is posted or changed until you save."
_KEPT = "-# I kept everything you typed. Open the panel to see it and to save it."
_MAX_PLACES = 20  # in a select: the rest of a panel needs its bytes too
_LONGEST_PLACE = 40  # characters
_FRAME = 200  # of the room for text, which the heading and the container take
_UNCOUNTED = "I can't count last week's papers right now."
_NO_LAST_WEEK = "The archive has no papers from last week yet."
_PAUSED = "Paused: nothing is posted until you use `/digest resume`."
_CANCELLED = "Cancelled. Nothing was changed."
_FIRST_DAYS = {
    Cadence.DAILY: "",
    Cadence.WEEKLY: "A weekly recap is posted on the first chosen day of the week.",
    Cadence.MONTHLY: "A monthly recap is posted on the first chosen day of the month.",
}

PICKED_TIMEZONE = "picked_timezone"  # a modal's select
_MODAL_OF = {
    "time": "time",
    "timezone": "time",
    "weekdays": "days",
    "filter": "selection",
    "min_upvotes": "selection",
    "ping_upvotes": "pings",
}
_MODAL_NAMES = {"time": "the time and zone", "days": "the weekdays", "selection": "the filter", "pings": "the ping"}
_CADENCES = {
    Cadence.DAILY: ("Daily digest", "The best papers of each day, on the weekdays below"),
    Cadence.WEEKLY: ("Weekly recap", "The week's best papers by current upvotes"),
    Cadence.MONTHLY: ("Monthly recap", "The month's best papers by current upvotes"),
}
_PRESET_LABELS = {
    Preset.EVERYTHING: "About everything",
    Preset.LANGUAGE: "Language models",
    Preset.VISION: "Vision",
    Preset.ROBOTICS: "Robotics",
    Preset.AUDIO: "Audio",
    Preset.CODE: "Only with code",
}
_LAYOUTS = {
    DigestLayout.LIST: ("As a list", "Each paper with a short summary"),
    DigestLayout.COMPACT: ("Titles only", "Ten papers fit on a phone screen"),
    DigestLayout.CARDS: ("With a picture", "A picture of the first paper, then the list"),
}
_FORUM_THREADS = {
    Threads.PER_DIGEST: ("A post for each digest", "All papers of a digest in one post"),
    Threads.PER_PAPER: ("A post for each paper", "Each paper gets its own post"),
}
_THREADS = {
    Threads.NONE: ("No threads", "People reply in the channel"),
    Threads.PER_DIGEST: ("A thread for each digest", "All papers of a digest share one thread"),
    Threads.PER_PAPER: ("A thread for each paper", "Each paper gets its own message with a thread"),
}
_ARCHIVE_TIMES: Mapping[ArchiveMinutes, str] = {60: "1 hour", 1440: "1 day", 4320: "3 days", 10080: "1 week"}


def render_panel(shown: DraftStatus, note: str = "") -> LayoutView:
    """The first page: when, where, and what. `note` says what was wrong with what was just done."""
    return _render_panel_page(shown, note, [*_build_main_controls(shown)], _build_save_row(shown.draft))


def render_second_page(shown: DraftStatus, note: str = "") -> LayoutView:
    """The second page: how it is posted."""
    return _render_panel_page(shown, note, [*_build_second_page_controls(shown)], _build_back_row(shown.draft))


def render_kept_options(shown: DraftStatus, note: str = "") -> LayoutView:
    """What was wrong with a command's options, with a way to correct it. The rest is kept in a draft."""
    lines = [*describe_misread_fields(shown.misread), note, _KEPT]
    text = TextDisplay[LayoutView]("\n".join(filter(None, lines)))
    meant = [*_build_meant_buttons(shown)]
    rows = [ActionRow(*meant)] if meant else []
    if any(each.places for each in shown.misread):
        rows += _build_timezone_select(shown)
    opening = _build_panel_button(shown.draft, "back", "Open the panel", ButtonStyle.primary)
    return build_view(Container(text, *rows, ActionRow(*_build_correct_buttons(shown), opening), accent_colour=ACCENT))


def render_duplicate_digest(known: Subscription, draft: Draft) -> LayoutView:
    """A warning that the channel already has the digest of `draft`, with what to do about it."""
    repeats = draft.settings.selection.allow_repeats
    rest = "the same papers may come twice" if repeats else "it gets the papers that the first one leaves out"
    text = TextDisplay[LayoutView](
        f"**This channel already has this digest:** {describe_settings(known.settings)} (#{known.id}).\n"
        f"If you add another one, {rest}."
    )
    edit: Button[LayoutView] = Button(label="Edit it", style=ButtonStyle.primary, custom_id=f"setup:{known.id}")
    row = ActionRow(
        edit, _build_panel_button(draft, "another", "Add another"), _build_panel_button(draft, "back", "Go back")
    )
    return build_view(Container(text, row, accent_colour=ACCENT))


def describe_dropped_fields(misread: Iterable[MisreadField]) -> str:
    """What was mistyped and is not in what was saved."""
    return "\n".join(f"✏️ {each}" for each in describe_misread_fields([*misread]))


def render_cancelled_panel() -> LayoutView:
    return build_view(TextDisplay(_CANCELLED))


def explain_failed_save(refused: Refused) -> str:
    """Why a draft could not be saved."""
    gone = refused.reason and refused.reason.kind is ReasonKind.CHANNEL_GONE
    return CHOOSE_CHANNEL if gone else explain_refusal(refused)


# What it says


def _render_panel_page(
    shown: DraftStatus, note: str, controls: Sequence[Item[LayoutView]], last: Item[LayoutView]
) -> LayoutView:
    heading = "### New subscription" if shown.draft.subscription_id is None else "### Edit subscription"
    correcting = [*_build_correct_buttons(shown)]
    if correcting:
        correcting.append(_build_panel_button(shown.draft, "dismiss", "Leave it as it was"))
    rows: list[Item[LayoutView]] = [ActionRow(*each) for each in ([*_build_meant_buttons(shown)], correcting) if each]
    room = compute_text_room(each.to_component_dict() for each in [*controls, *rows, last]) - _FRAME
    text = "\n".join(filter(None, _render_panel_lines(shown)))
    notes = _fit_lines(_render_panel_notes(shown, note), room - measure_text(text))
    noted: list[Item[LayoutView]] = [TextDisplay(notes), *rows] if notes else rows
    return build_view(
        Container(TextDisplay(heading), *controls, Separator(), *noted, TextDisplay(text), last, accent_colour=ACCENT)
    )


def _fit_lines(lines: Iterable[str], room: int) -> str:
    """As many of the lines as there is room for."""
    kept = [line for line in lines if line]
    while kept and measure_text("\n".join(kept)) > room:
        kept[-2:] = [] if len(kept) == 1 else ["…"]
    return "\n".join(kept)


def _render_panel_lines(shown: DraftStatus) -> Iterator[str]:
    settings = shown.draft.settings
    yield _describe_match_count(shown)
    yield _FIRST_DAYS[settings.schedule.cadence]
    yield _describe_clock(shown)
    yield f"**{describe_settings(settings)}.**"
    yield _PAUSED if shown.is_paused else describe_upcoming_run(shown.next_run)
    yield _UNSAVED


def _render_panel_notes(shown: DraftStatus, note: str) -> Iterator[str]:
    """What is wrong, and what would be right."""
    channel_id = shown.draft.settings.channel_id
    yield from (f"✏️ {each}" for each in describe_misread_fields(shown.misread))
    yield f"✏️ {note}" if note else ""
    yield describe_caveats(shown.caveats)
    for reason in shown.obstacles:
        gone = reason.kind is ReasonKind.CHANNEL_GONE
        advice = CHOOSE_CHANNEL if gone else advise_admin(channel_id, reason)
        if advice not in note:
            yield f"⚠️ {advice}"


def _describe_clock(shown: DraftStatus) -> str:
    """What time it is in the time zone, which shows a wrong one at once; and whether the time zone is a guess."""
    timezone = shown.draft.settings.schedule.timezone
    name, clock = name_timezone(timezone.key), f"{shown.now.astimezone(timezone):%H:%M}"
    if shown.draft.guessed_from:
        why = "guessed from your Discord language" if shown.places else "until you choose a time zone"
        return f"🕘 **{name}**, {why}. It is {clock} there now. *Time and zone* changes it."
    return f"🕘 It is {clock} {name} now." if name.startswith("UTC") else f"🕘 It is {clock} in {name} now."


def _describe_match_count(shown: DraftStatus) -> str:
    if shown.match_count is None:
        return _UNCOUNTED
    matching, listed = shown.match_count
    if not listed:
        return _NO_LAST_WEEK
    if shown.draft.settings.selection.filter or shown.draft.settings.selection.min_upvotes:
        return f"Last week this would have matched {matching:,} of {count_noun(listed, 'paper')}."
    return f"Last week had {count_noun(listed, 'paper')} to choose from."


# The first page's controls


def _build_main_controls(shown: DraftStatus) -> Iterator[Item[LayoutView]]:
    draft, settings = shown.draft, shown.draft.settings
    yield _build_channel_select(shown)
    if draft.subscription_id is None:
        yield _build_preset_select(shown)
    yield _build_panel_select(draft, "cadence", _list_choice_options(_CADENCES, settings.schedule.cadence))
    yield _build_weekday_select(draft)
    yield _build_panel_select(draft, "size", _list_size_options(settings.selection.size))
    yield _build_panel_select(draft, "layout", _list_choice_options(_LAYOUTS, settings.posting.layout))
    yield from _build_timezone_select(shown)
    yield ActionRow(
        _build_panel_button(draft, "time", "Time and zone"),
        _build_panel_button(draft, "selection", "Filter and upvotes"),
        _build_panel_button(draft, "more", "Threads and pings"),
    )


def _build_save_row(draft: Draft) -> ActionRow[LayoutView]:
    return ActionRow(
        _build_panel_button(draft, "preview", "Preview", ButtonStyle.primary),
        _build_panel_button(draft, "save", "Save", ButtonStyle.success),
        _build_panel_button(draft, "cancel", "Cancel"),
    )


def _build_meant_buttons(shown: DraftStatus) -> Iterator[Button[LayoutView]]:
    """The places that a misspelled one may mean, if a few buttons are enough for them."""
    for misread in shown.misread:
        if len(misread.places) <= MAX_NAMED:
            for place in misread.places:
                label = cut_plain(f"Use {place.name}", MAX_LABEL)
                yield _build_panel_button(shown.draft, f"timezone:{place.timezone}", label, ButtonStyle.success)


def _build_timezone_select(shown: DraftStatus) -> Iterator[ActionRow[LayoutView]]:
    """The other time zones that an admin may mean, if there are any and they have no buttons."""
    if any(_build_meant_buttons(shown)):
        return
    current = shown.draft.settings.schedule.timezone.key
    others = [place for place in shown.places if shown.misread or place.timezone != current]
    if others:
        placeholder = "Another time zone"
        yield _build_panel_select(shown.draft, "timezone", _list_place_options(shown, others), placeholder=placeholder)


def _list_place_options(shown: DraftStatus, places: Sequence[Place]) -> list[SelectOption]:
    return [
        SelectOption(
            label=cut_plain(place.name, _LONGEST_PLACE),
            value=place.timezone,
            description=f"{shown.now.astimezone(ZoneInfo(place.timezone)):%H:%M} now",
        )
        for place in places[:_MAX_PLACES]
    ]


def _build_correct_buttons(shown: DraftStatus) -> Iterator[Button[LayoutView]]:
    """A button for each modal in which something was mistyped."""
    modals = list(dict.fromkeys(_MODAL_OF[each.field] for each in shown.misread if each.field in _MODAL_OF))
    for modal in modals:
        label = "Correct it" if len(modals) == 1 else f"Correct {_MODAL_NAMES[modal]}"
        yield _build_panel_button(shown.draft, f"correct:{modal}", label, ButtonStyle.primary)


def _build_channel_select(shown: DraftStatus) -> ActionRow[LayoutView]:
    return ActionRow(
        ChannelSelect(
            custom_id=_make_control_id(shown.draft, "channel_id"),
            channel_types=list(OFFERED_CHANNEL_TYPES),
            placeholder="The channel to post in",
            default_values=_list_default_values(
                SelectDefaultValueType.channel, shown.draft.settings.channel_id if shown.abilities else None
            ),
        )
    )


def _build_preset_select(shown: DraftStatus) -> ActionRow[LayoutView]:
    """What the papers are about; with a filter that is no preset, nothing is selected."""
    options = [
        SelectOption(
            label=label,
            value=preset,
            description=_describe_preset_count((shown.preset_counts or {}).get(preset)),
            default=shown.draft.settings.selection.filter == PRESETS[preset],
        )
        for preset, label in _PRESET_LABELS.items()
    ]
    return _build_panel_select(shown.draft, "preset", options, placeholder="Your own filter. You can pick another one")


def _describe_preset_count(count: int | None) -> str | None:
    return None if count is None else f"{count_noun(count, 'paper')} in the last 30 days"


def _build_weekday_select(draft: Draft) -> ActionRow[LayoutView]:
    schedule = draft.settings.schedule
    options = [
        SelectOption(label=name, value=str(number), default=number in schedule.weekdays)
        for number, name in enumerate(DAY_NAMES)
    ]
    placeholder = _FIRST_DAYS[schedule.cadence] or "The weekdays to post on"
    return _build_panel_select(draft, "weekdays", options, placeholder=placeholder, max_values=len(options))


def _list_size_options(chosen: int) -> list[SelectOption]:
    return [
        SelectOption(
            label=f"The top {count_noun(size, 'paper')}" if size > 1 else "The top paper",
            value=str(size),
            default=size == chosen,
        )
        for size in range(1, MAX_PAPERS + 1)
    ]


# The second page's controls


def _build_second_page_controls(shown: DraftStatus) -> Iterator[Item[LayoutView]]:
    draft, posting = shown.draft, shown.draft.settings.posting
    abilities = shown.abilities or ChannelAbilities()
    words = _FORUM_THREADS if abilities.is_forum else _THREADS
    possible = {each: words[each] for each in abilities.threads}
    yield _build_panel_select(draft, "threads", _list_choice_options(possible, posting.threads))
    if posting.threads is not Threads.NONE:
        yield _build_archive_select(draft)
    yield _build_role_select(shown)
    switches = [_build_notifications_button(draft)]
    if abilities.quiet_line:
        switches.append(_build_switch(draft, "quiet_line", "Say when nothing is new", is_on=posting.quiet_line))
    switches.append(
        _build_switch(
            draft, "allow_repeats", "Repeat papers from other digests", is_on=draft.settings.selection.allow_repeats
        )
    )
    if abilities.publish_limit:
        switches.append(_build_switch(draft, "publish", "Publish to followers", is_on=posting.publish))
    yield ActionRow(*switches)
    if posting.ping_role_id:
        yield ActionRow(_build_panel_button(draft, "pings", _label_ping_button(posting)))


def _build_back_row(draft: Draft) -> ActionRow[LayoutView]:
    return ActionRow(_build_panel_button(draft, "back", "Back", ButtonStyle.primary))


def _build_archive_select(draft: Draft) -> ActionRow[LayoutView]:
    options = [
        SelectOption(
            label=f"Archive after {time} of inactivity",
            value=str(minutes),
            default=minutes == draft.settings.posting.archive_after,
        )
        for minutes, time in _ARCHIVE_TIMES.items()
    ]
    return _build_panel_select(draft, "archive_after", options)


def _build_role_select(shown: DraftStatus) -> ActionRow[LayoutView]:
    return ActionRow(
        RoleSelect(
            custom_id=_make_control_id(shown.draft, "ping_role_id"),
            placeholder="Choose a role to ping (optional)",
            min_values=0,
            default_values=_list_default_values(SelectDefaultValueType.role, shown.role_id),
        )
    )


def _label_ping_button(posting: PostingOptions) -> str:
    floor = posting.ping_upvotes
    return f"Ping at {count_noun(floor, 'upvote')} or more" if floor else "Ping for every digest"


def _build_notifications_button(draft: Draft) -> Button[LayoutView]:
    """A switch for notifications, which is what people know; the setting that is stored is the silence."""
    silent = draft.settings.posting.silent
    style = ButtonStyle.secondary if silent else ButtonStyle.success
    return _build_panel_button(
        draft, f"silent:{OFF if silent else ON}", f"Notifications: {OFF if silent else ON}", style
    )


def _build_switch(draft: Draft, field: str, label: str, *, is_on: bool) -> Button[LayoutView]:
    """A switch whose custom_id says what a click sets it to, so that a double click counts once."""
    style = ButtonStyle.success if is_on else ButtonStyle.secondary
    return _build_panel_button(draft, f"{field}:{OFF if is_on else ON}", f"{label}: {ON if is_on else OFF}", style)


# What all controls are made of


def _make_control_id(draft: Draft, part: str) -> str:
    return f"panel:{draft.id}:{part}"


def _build_panel_button(
    draft: Draft, part: str, label: str, style: ButtonStyle = ButtonStyle.secondary
) -> Button[LayoutView]:
    return Button(label=label, custom_id=_make_control_id(draft, part), style=style)


def _build_panel_select(
    draft: Draft, field: str, options: list[SelectOption], *, placeholder: str | None = None, max_values: int = 1
) -> ActionRow[LayoutView]:
    custom_id = _make_control_id(draft, field)
    return ActionRow(Select(custom_id=custom_id, options=options, placeholder=placeholder, max_values=max_values))


def _list_choice_options(choices: Mapping[_Choice, tuple[str, str]], chosen: _Choice) -> list[SelectOption]:
    return [
        SelectOption(label=label, value=choice.value, description=description, default=choice is chosen)
        for choice, (label, description) in choices.items()
    ]


def _list_default_values(kind: SelectDefaultValueType, chosen: int | None) -> list[SelectDefaultValue]:
    return [SelectDefaultValue(id=chosen, type=kind)] if chosen else []


# Modals


def build_time_modal(draft: Draft) -> Modal:
    """The time and the time zone; if that was mistyped, the places that were meant can be picked."""
    schedule = draft.settings.schedule
    fields = [
        _build_modal_field(draft, "time", "Time", "Such as 9:00, 18:30 or 9am", f"{schedule.time:%H:%M}", longest=20),
        _build_modal_field(
            draft,
            "timezone",
            "Time zone",
            "Your city, your country or the name of the time zone",
            schedule.timezone.key,
            longest=100,
        ),
    ]
    if places := find_meant_places(draft.mistyped.get("timezone", "")):
        options = [
            SelectOption(label=cut_plain(place.name, MAX_CHOICE), value=place.timezone, description=place.timezone)
            for place in places[:MAX_CHOICES]
        ]
        select: Select[Modal] = Select(custom_id=PICKED_TIMEZONE, options=options, required=False)
        fields.append(Label(text="Or pick what you meant", component=select))
    return _build_modal(draft, "time", "Time and zone", *fields)


def build_weekdays_modal(draft: Draft) -> Modal:
    days = draft.settings.schedule.weekdays
    now = ", ".join(DAY_NAMES[number] for number in sorted(days))
    field = _build_modal_field(draft, "weekdays", "Weekdays", "Such as weekdays, mon-fri, or tue and thu", now)
    return _build_modal(draft, "days", "Weekdays", field)


def build_selection_modal(draft: Draft) -> Modal:
    selection = draft.settings.selection
    hint = "Only papers that match, such as diffusion or org:google. Leave it empty for all."
    return _build_modal(
        draft,
        "selection",
        "Filter and upvotes",
        _build_modal_field(
            draft, "filter", "Filter", hint, selection.filter, longest=MAX_FILTER_LENGTH, required=False
        ),
        _build_modal_field(
            draft,
            "min_upvotes",
            "Minimum upvotes",
            "Papers with fewer are left out. 0 means no minimum.",
            str(selection.min_upvotes),
            longest=20,
            required=False,
        ),
    )


def build_pings_modal(draft: Draft) -> Modal:
    hint = "Ping only when a paper in the digest has at least this many. 0 means always."
    floor = str(draft.settings.posting.ping_upvotes)
    return _build_modal(
        draft,
        "pings",
        "When to ping",
        _build_modal_field(draft, "ping_upvotes", "Upvotes", hint, floor, longest=20, required=False),
    )


def _build_modal(draft: Draft, part: str, title: str, *fields: Label[Modal]) -> Modal:
    """A modal that discord.py sends but does not keep: like a button, it is answered by its custom_id."""
    modal = Modal(title=title, custom_id=_make_control_id(draft, part))
    for field in fields:
        modal.add_item(field)
    modal.stop()
    return modal


def _build_modal_field(
    draft: Draft, name: str, label: str, hint: str, value: str, *, longest: int = 100, required: bool = True
) -> Label[Modal]:
    """A text field that opens with what was mistyped, or else with `value`. Its custom_id is the field's name."""
    value = draft.mistyped.get(name, value)
    entry: TextInput[Modal] = TextInput(
        custom_id=name, default=value or None, max_length=max(longest, len(value)), required=required
    )
    return Label(text=label, description=hint, component=entry)
