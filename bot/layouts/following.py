"""What people follow: all of it, what was just followed or stopped, and what they see less of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from discord import ButtonStyle, SelectOption
from discord.ui import ActionRow, Button, Container, Item, LayoutView, Select, TextDisplay

from bot.layouts.follow_requests import (
    AT_ONCE_NOTE,
    AT_ONCE_WHEN,
    HOW_WORDS,
    QUERY_SHOWN,
    list_how_options,
    name_dates,
    name_times,
)
from bot.layouts.paper import ACCENT, build_panel, build_view
from bot.layouts.query_buttons import build_follow_button, make_query_id
from bot.layouts.reasons import explain_reason
from bot.layouts.text import (
    MAX_CHOICES,
    count_noun,
    cut_bytes,
    escape_markdown,
    format_code,
    format_timestamp,
    join_words,
    make_link,
)
from bot.papers import Paper
from bot.reasons import Reason, ReasonKind
from bot.storage import FollowedQuery, Following, How, Muted, MutedKind, SubscriptionState
from bot.subscription.schedule import DAY_NAMES, Cadence, Schedule

_TITLE = 120
_NOTHING_FOLLOWED = (
    "Follow authors, organizations, topics or words, and their papers come to you by direct message. Or let the best "
    "papers of the day come, whatever they are about.\n-# Each paper's card and each search has a *Follow* button too."
)
_CLOSED = "⚠️ **Your direct messages are closed**, so nothing comes. *Try again* says how to open them."
_MAX_NAMED = 3  # followed queries in a sentence
PLAIN_FIRST_MESSAGE = "## This is where your papers come\n-# Only you see this. `/following` shows and stops them."
UNDONE_PARTLY = "What there was no room for any more stays stopped."
INBOX_WORKS = "✓ Your direct messages are open. Your papers come there."
_LISTED_QUERY = 70  # bytes of one of up to 25 queries or names
_MAX_MUTED_NAMED = 8
_MUTED_NAMES = {
    MutedKind.TAG: "the tag {}",
    MutedKind.AUTHOR: "{}",
    MutedKind.ORG: "{}",
    MutedKind.PAPER: "papers like {}",
}


# Once something is followed


def render_followed(followed: FollowedQuery, following: Following, *, is_first: bool = False) -> LayoutView:
    """What is followed now, and when it comes; `is_first` if that was just shown in a direct message."""
    first = "I've just sent you a direct message, so that you see where it comes. " if is_first else ""
    name = "**Your inbox is on**" if followed.is_inbox else f"**You follow {format_code(followed.query, QUERY_SHOWN)}**"
    text = f"{name}, {HOW_WORDS[followed.how]}. {first}{_describe_next(followed, following)}"
    settings = [_build_inbox_button()] if followed.is_inbox else []
    return build_panel(text, [*settings, _build_show_button(), _build_more_button("Follow more")])


def render_closed_inbox(obstacle: Reason, followed: FollowedQuery | None = None) -> LayoutView:
    """Why a person can't be written to, and how they change that; `followed` waits for it."""
    kept = ""
    if followed:
        kept = "**Your inbox is kept**, " if followed.is_inbox else f"**{name_followed(followed)} is kept**, "
    if obstacle.kind is ReasonKind.INBOX_CLOSED:
        lines = [
            f"{kept}but I can't send you direct messages yet."
            if kept
            else "**I can't send you direct messages**, so nothing comes. What you follow is kept.",
            "Discord says that yours are closed to me. Open them, then click *Try again*:",
            "- In a server where we both are: the menu under its name, *Privacy Settings*, allow *Direct Messages*.",
            "- If you use me without such a server, add me to your account, or join one.",
            "- Check that you haven't blocked me.",
        ]
    else:
        lines = [
            f"{kept}but I can't write to you right now." if kept else "**I can't write to you right now.**",
            explain_reason(obstacle),
            "What you follow is kept. Click *Try again* then.",
        ]
    retry: Button[LayoutView] = Button(label="Try again", custom_id="following:retry", style=ButtonStyle.success)
    return build_panel("\n".join(lines), [retry, _build_show_button()])


def render_first_message(followed: FollowedQuery, following: Following) -> LayoutView:
    """The first direct message: this is where it will come."""
    what = "The best papers" if followed.is_inbox else f"Papers that match {format_code(followed.query, QUERY_SHOWN)}"
    text = (
        f"## This is where your papers come\n{what}, {HOW_WORDS[followed.how]}. {_describe_next(followed, following)}\n"
        "-# Only you see this. I write here only what you follow, and one click stops it."
    )
    stop: Button[LayoutView] = Button(label="Stop all", custom_id="stop:all")
    return build_panel(text, [_build_show_button(), stop])


def _describe_next(followed: FollowedQuery, following: Following) -> str:
    known = following.subscription
    if followed.how is How.AT_ONCE:
        return f"That is {AT_ONCE_WHEN}."
    if known is None:
        return ""
    schedule = known.settings.schedule
    if known.state is not SubscriptionState.ACTIVE:  # it will be, if this message arrives: it has been closed before
        return f"They come {name_times(followed.how, schedule)}."
    if followed.how is How.WEEKLY and schedule.cadence is not Cadence.WEEKLY:  # the next digest has only the daily part
        return f"It comes {name_dates(followed.how, schedule)}, with what else comes that day."
    at = format_timestamp(known.next_run.at)
    return f"The next digest comes {at} ({format_timestamp(known.next_run.at, 'R')}), if there is something new."


# What one follows


@dataclass(frozen=True, slots=True)
class FollowingView:
    """What `/following` shows: all of it, and how many papers each followed query brought in the last 30 days."""

    following: Following
    brought: Mapping[int, int]
    now: datetime


def render_following(shown: FollowingView, note: str = "") -> LayoutView:
    """What one follows, when it comes, and what is muted. `note` says what was just done, or what was wrong."""
    following = shown.following
    if not following.followed and not following.muted:
        return _render_nothing_followed(note)
    lines = ["## What you follow", note]
    lines += [_describe_followed(each, following, shown.brought) for each in following.followed]
    if not following.followed:
        lines.append("Nothing right now. No papers come.")
    notes = filter(None, (describe_state(following, shown.now), _describe_muted(following.muted)))
    rows: list[Item[LayoutView]] = []
    if following.queries:
        rows.append(_build_followed_select("following:one", "Change or stop one…", following.queries))
    if following.subscription and following.followed:
        rows.append(build_weekday_select("following:weekdays", following.subscription.settings.schedule))
    rows += [ActionRow(*_build_following_buttons(following))]
    if more := [*_build_more_following_buttons(following)]:
        rows.append(ActionRow(*more))
    texts = ["\n".join(filter(None, lines)), "\n".join(notes)]
    displays = [TextDisplay[LayoutView](each) for each in texts if each]
    return build_view(Container(*displays, *rows, accent_colour=ACCENT))


def _render_nothing_followed(note: str) -> LayoutView:
    lines = ["## You follow nothing yet", note, _NOTHING_FOLLOWED]
    return build_panel(
        "\n".join(filter(None, lines)),
        [_build_more_button("Follow something", ButtonStyle.success), _build_inbox_button()],
    )


def _describe_followed(followed: FollowedQuery, following: Following, brought: Mapping[int, int]) -> str:
    count = brought.get(followed.id, 0)
    papers = f"brought {count_noun(count, 'paper')} in 30 days" if count else "nothing came in 30 days"
    if followed.is_inbox:
        size = following.subscription.settings.selection.size if following.subscription else 0
        period = "week" if followed.how is How.WEEKLY else "day"
        return f"- **Inbox** · the top {size} of the {period} · {papers}"
    return f"- {format_code(cut_bytes(followed.query, _LISTED_QUERY))} · {HOW_WORDS[followed.how]} · {papers}"


def describe_state(following: Following, now: datetime) -> str:
    """When a person's digests come, on their clock, or why they don't."""
    known = following.subscription
    if known is None or not following.followed:
        return ""
    schedule = known.settings.schedule
    times = name_times(How.WEEKLY if schedule.cadence is Cadence.WEEKLY else How.DAILY, schedule)
    shown = f"**{times[0].upper()}{times[1:]}.** It is {now.astimezone(schedule.timezone):%H:%M} there now."
    match known.state:
        case SubscriptionState.ACTIVE:
            at = known.next_run.at
            return f"{shown} Next digest {format_timestamp(at)} ({format_timestamp(at, 'R')})."
        case SubscriptionState.SUSPENDED:
            return f"{shown}\n{describe_obstacle(known.reason)}"
        case _:
            return f"{shown}\nPaused: nothing comes."


def describe_obstacle(reason: Reason | None) -> str:
    """Why nothing comes to a person who cannot be written to."""
    if reason is None or reason.kind is ReasonKind.INBOX_CLOSED:
        return _CLOSED
    return f"⚠️ **I can't write to you right now**, so nothing comes. {explain_reason(reason)} Click *Try again* then."


def _describe_muted(muted: Sequence[Muted]) -> str:
    if not muted:
        return ""
    names = [name_muted(each) for each in muted[:_MAX_MUTED_NAMED]]
    if len(muted) > _MAX_MUTED_NAMED:
        names.append(f"{len(muted) - _MAX_MUTED_NAMED} more")
    return f"**Less of** {join_words(names)}."


def name_muted(muted: Muted) -> str:
    """`the tag video`, `papers like 2605.29801`, as Markdown."""
    return _MUTED_NAMES[muted.kind].format(f"*{escape_markdown(cut_bytes(muted.value, _LISTED_QUERY))}*")


def describe_unmuted(muted: Muted) -> str:
    """What is no longer muted."""
    return f"Undone: {name_muted(muted)} may come again."


def _build_following_buttons(following: Following) -> Iterator[Button[LayoutView]]:
    known = following.subscription
    if known and known.state is SubscriptionState.SUSPENDED:
        yield Button(label="Try again", custom_id="following:retry", style=ButtonStyle.success)
    yield _build_more_button("Follow more", ButtonStyle.primary)
    if known and following.followed:
        yield Button(label="Time and zone", custom_id="following:time")
    yield _build_inbox_button()
    if following.followed:
        yield Button(label="Stop all", custom_id="following:ask", style=ButtonStyle.danger)


def _build_more_following_buttons(following: Following) -> Iterator[Button[LayoutView]]:
    if following.muted:
        yield Button(label=f"Less of… ({len(following.muted)})", custom_id="following:muted:1")
    if following.followed:
        yield Button(label="Why a paper?", custom_id="why:ask")


def render_followed_query(followed: FollowedQuery, brought: int) -> LayoutView:
    """One followed query, with what can be done with it."""
    papers = f"It brought {count_noun(brought, 'paper')} in the last 30 days."
    text = (
        f"### {format_code(followed.query, QUERY_SHOWN)}\nComes {HOW_WORDS[followed.how]}. {papers}\n-# {AT_ONCE_NOTE}"
    )
    how: Select[LayoutView] = Select(custom_id=f"following:how:{followed.id}", options=list_how_options(followed.how))
    buttons: list[Button[LayoutView]] = [
        Button(label="Stop this", custom_id=f"following:stop:{followed.id}", style=ButtonStyle.danger),
        build_follow_button(followed.query, "What it brings"),
        Button(label="Search now", custom_id=make_query_id("find:n1", followed.query)),
        Button(label="Go back", custom_id="following:show"),
    ]
    return build_view(Container(TextDisplay(text), ActionRow(how), ActionRow(*buttons), accent_colour=ACCENT))


def render_muted(muted: Sequence[Muted], keys: Sequence[str], page: int, note: str = "") -> LayoutView:
    """A page of what one sees less of, to be undone by their `keys`."""
    pages = max(1, -(-len(muted) // MAX_CHOICES))
    page = min(page, pages)
    part = slice((page - 1) * MAX_CHOICES, page * MAX_CHOICES)
    head = "### You see less of" if muted else "### You see less of nothing"
    text = "\n".join(filter(None, (head, note, *(f"- {name_muted(each)}" for each in muted[part]))))
    rows: list[Item[LayoutView]] = []
    if muted:
        select: Select[LayoutView] = Select(custom_id=f"following:unmute:{page}", placeholder="Undo…")
        for each, key in zip(muted[part], keys[part], strict=True):
            select.add_option(label=cut_bytes(label_muted(each), _LISTED_QUERY) or key, value=key)
        rows.append(ActionRow(select))
    buttons: list[Button[LayoutView]] = []
    if pages > 1:
        buttons.append(Button(label="Previous", custom_id=f"following:muted:{page - 1}", disabled=page <= 1))
        buttons.append(Button(label="Next", custom_id=f"following:muted:{page + 1}", disabled=page >= pages))
    buttons.append(Button(label="Go back", custom_id="following:show"))
    return build_view(Container(TextDisplay(text), *rows, ActionRow(*buttons), accent_colour=ACCENT))


def render_stop_question(followed: Sequence[FollowedQuery]) -> LayoutView:
    text = (
        f"**Stop all of it?** You follow {_count_followed(followed)}. No more papers come, and what you have muted is "
        "kept. You can follow it all again right after."
    )
    buttons: list[Button[LayoutView]] = [
        Button(label="Stop all", custom_id="stop:all", style=ButtonStyle.danger),
        Button(label="Keep it", custom_id="following:show"),
    ]
    return build_panel(text, buttons)


def render_which_question(followed: Sequence[FollowedQuery]) -> LayoutView:
    """Which one of what is followed should stop."""
    select = _build_followed_select("stop:one", "Stop…", followed)
    rows = ActionRow[LayoutView](_build_show_button())
    return build_view(Container(TextDisplay("**Which one should stop?**"), select, rows, accent_colour=ACCENT))


def render_stopped(stopped: Sequence[FollowedQuery], undo_id: str | None, *, all_of_it: bool = False) -> LayoutView:
    """What does not come any more; `undo_id` is the custom_id that follows it again."""
    if not stopped:
        return build_panel("That was stopped already. Nothing of it comes.", [_build_show_button()])
    is_short = len(stopped) <= _MAX_NAMED
    what = join_words([*map(name_followed, stopped)]) if is_short else _count_followed(stopped)
    rest = "No more papers come" if all_of_it else "It no longer comes"
    undo: list[Button[LayoutView]] = []
    if undo_id:
        undo.append(Button(label="Undo", custom_id=undo_id, style=ButtonStyle.primary))
    return build_panel(f"**Stopped {what}.** {rest}.", [*undo, _build_show_button()])


def name_followed(followed: FollowedQuery) -> str:
    """`` `tag:video` ``, `your inbox`."""
    return "your inbox" if followed.is_inbox else format_code(cut_bytes(followed.query, _LISTED_QUERY))


def _count_followed(followed: Sequence[FollowedQuery]) -> str:
    queries = sum(not each.is_inbox for each in followed)
    inbox = ["your inbox"] if queries < len(followed) else []
    counted = ([f"{queries} queries" if queries > 1 else "one query"] if queries else []) + inbox
    return join_words(counted) if counted else "nothing"


# Less like this


def render_less_of(paper: Paper, mutable: Sequence[Muted], keys: Sequence[str], muted: Iterable[Muted]) -> LayoutView:
    """What one can see less of, because of a paper; picked is muted at once, and undone by leaving it out."""
    chosen = set(muted)
    done = [name_muted(each) for each in mutable if each in chosen]
    told = (
        f"You see less of {join_words(done)}. Take something out below to undo it."
        if done
        else "Pick what it is about it."
    )
    text = f"### Less like this\n**{make_link(paper.name, paper.url, _TITLE)}**\n{told}"
    select: Select[LayoutView] = Select(
        custom_id=f"mute:{paper.id}", placeholder="Less of…", min_values=0, max_values=len(mutable)
    )
    for each, key in zip(mutable, keys, strict=True):
        select.add_option(label=cut_bytes(label_muted(each), _LISTED_QUERY) or key, value=key, default=each in chosen)
    row = ActionRow[LayoutView](_build_show_button())
    return build_view(Container(TextDisplay(text), ActionRow(select), row, accent_colour=ACCENT))


def render_less_question(papers: Sequence[tuple[str, str]]) -> LayoutView:
    """Of which paper there should be less: ids and labels."""
    select: Select[LayoutView] = Select(custom_id="less:0", placeholder="Less like…")
    for paper_id, label in papers:
        select.add_option(label=label, value=paper_id)
    return build_view(Container(TextDisplay("**Less like which paper?**"), ActionRow(select), accent_colour=ACCENT))


def label_muted(muted: Muted) -> str:
    """`Tag: video`, `Papers like 2605.29801`, as plain text."""
    kinds = {
        MutedKind.TAG: "Tag: {}",
        MutedKind.AUTHOR: "Author: {}",
        MutedKind.ORG: "Organization: {}",
        MutedKind.PAPER: "Papers like {}",
    }
    return kinds[muted.kind].format(muted.value)


# Controls


def _build_followed_select(
    custom_id: str, placeholder: str, followed: Sequence[FollowedQuery]
) -> ActionRow[LayoutView]:
    select: Select[LayoutView] = Select(custom_id=custom_id, placeholder=placeholder)
    for each in followed[:MAX_CHOICES]:
        label = "Inbox" if each.is_inbox else cut_bytes(each.query, _LISTED_QUERY)
        select.add_option(label=label, value=str(each.id), description=HOW_WORDS[each.how])
    return ActionRow(select)


def build_weekday_select(custom_id: str, schedule: Schedule) -> ActionRow[LayoutView]:
    """The weekdays on which everything comes that a person follows."""
    options = [
        SelectOption(label=name, value=str(number), default=number in schedule.weekdays)
        for number, name in enumerate(DAY_NAMES)
    ]
    return ActionRow(Select(custom_id=custom_id, options=options, placeholder="The weekdays", max_values=len(options)))


def _build_show_button() -> Button[LayoutView]:
    return Button(label="What you follow", custom_id="following:show")


def _build_more_button(label: str, style: ButtonStyle = ButtonStyle.secondary) -> Button[LayoutView]:
    return Button(label=label, custom_id="follow:new", style=style)


def _build_inbox_button() -> Button[LayoutView]:
    return Button(label="Inbox", custom_id="inbox:show")
