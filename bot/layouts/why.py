"""Why a paper came to a person, or what keeps it, in their words: by what they follow and have muted."""

from collections.abc import Iterator, Mapping, Sequence

from discord import ButtonStyle
from discord.ui import ActionRow, Button, Container, Label, LayoutView, Modal, TextDisplay, TextInput

from bot.digest import get_closing_time
from bot.following.explainer import WAITING, Fate, PersonalExplanation, PersonalOutcome, QueryFate
from bot.layouts.following import describe_obstacle, label_muted, name_followed, name_muted
from bot.layouts.history import describe_likenesses, render_paper_link
from bot.layouts.paper import ACCENT, build_view
from bot.layouts.subscriptions import describe_rejected_papers
from bot.layouts.text import (
    MAX_LABEL,
    compute_text_room,
    count_noun,
    cut_plain,
    format_code,
    format_day,
    format_short_day,
    format_timestamp,
    join_words,
    measure_text,
)
from bot.storage import INBOX, Delivery, Message, Muted, PostedMessage

_MOST_FATES = 10  # followed queries with a line each
_MOST_NAMED = 3  # followed queries or muted names in a sentence
_MOST_EXAMPLES = 20
_MOST_UNDONE = 5  # a row of buttons
_MOST_TYPED = 1000  # characters
_NAMED_QUERY = 70  # characters
_OUTCOMES: Mapping[PersonalOutcome, str] = {
    PersonalOutcome.ON_ITS_WAY: "It is on its way to you.",
    PersonalOutcome.FOLLOWS_NOTHING: "It did not come: you follow nothing right now, so no papers come.",
    PersonalOutcome.WITHDRAWN: "It does not come: the paper was withdrawn.",
    PersonalOutcome.NONE_MATCHES: "It does not come: nothing that you follow matches it.",
    PersonalOutcome.NEVER_LISTED: "Not yet: it isn't on any daily list I know of, and only listed papers come.",
    PersonalOutcome.MAY_COME: "Not yet.",
    PersonalOutcome.KEPT_BACK: "It did not come.",
}
_MATCHES = "{name} matches it."
_ANY_PAPER = "Your inbox may bring any paper."
_TOO_FEW_FOR_AT_ONCE = "{name} matches it, but it has {upvotes}, and comes at once only with {least:,}."
_QUERY_FATES: Mapping[Fate, str] = {
    Fate.UNLISTED: "{name} matches it, and brings it once it is listed.",
    Fate.LISTED_BEFORE: "{name} matches it, but it was on the list of {day}, before you followed that.",
    Fate.LISTED_LONG_AGO: "{name} matches it, but it was on the list of {day}, too long ago to come now.",
    Fate.TOO_FEW_UPVOTES: "{name} matches it only with more upvotes. It has {upvotes} so far.",
    Fate.STILL_OPEN: "{name} matches it. The list of {day} is open until {closes}, and it comes with the run of {at}.",
    Fate.LEFT_FOR_NEXT: "{name} matches it. The last digest was full, so it is left for the run of {at}.",
    Fate.UPCOMING: "{name} matches it. It comes with the run of {at}.",
    Fate.COMING_AT_ONCE: "{name} matches it. It comes at once, when the lists have been read again.",
}
_INBOX_FATES: Mapping[Fate, str] = {
    Fate.UNLISTED: "Your inbox has only listed papers.",
    Fate.LISTED_BEFORE: "Your inbox began later: it was on the list of {day}.",
    Fate.LISTED_LONG_AGO: "Your inbox is past the list of {day}, which it was on.",
    Fate.BELOW_THE_TOP: "Your inbox had others from the list of {day}: it brings the top {size} by upvotes.",
    Fate.STILL_OPEN: (
        "Your inbox: the list of {day} is open until {closes}. It comes with the run of {at} if it is then among the "
        "top {size} by upvotes."
    ),
    Fate.UPCOMING: "Your inbox brings it with the run of {at} if it is then among the top {size} by upvotes.",
}


def render_personal_explanation(given: PersonalExplanation, keys: Sequence[str]) -> LayoutView:
    """Why a paper came, or didn't. The `keys` are those of what is muted, to be undone."""
    rows = [ActionRow(*row) for row in (_build_undo_buttons(given, keys), _build_buttons(given)) if row]
    room = compute_text_room(each.to_component_dict() for each in rows)
    text = ""
    for most in range(_MOST_FATES, 0, -1):
        text = _render_text(given, most)
        if measure_text(text) <= room:
            break
    return build_view(Container(TextDisplay(text), *rows, accent_colour=ACCENT))


def _render_text(given: PersonalExplanation, most_fates: int) -> str:
    return "\n".join(
        [
            f"### Why this paper?\n{render_paper_link(given.paper)}",
            f"→ {_describe_outcome(given)}",
            *_describe_fates(given, most_fates),
            *_describe_other_mutes(given),
            *describe_likenesses(given.likenesses, _MOST_EXAMPLES),
        ]
    )


def build_why_modal() -> Modal:
    """Asks for the paper."""
    modal = Modal(title="Why a paper?", custom_id="why:typed")
    entry: TextInput[Modal] = TextInput(custom_id="paper", max_length=_MOST_TYPED)
    hint = "Words from its title, its arXiv ID, a link or a DOI"
    modal.add_item(Label(text="Paper", description=hint, component=entry))
    modal.stop()
    return modal


def _describe_outcome(given: PersonalExplanation) -> str:
    match given.outcome:
        case PersonalOutcome.CAME if given.delivery:
            because = f" {_describe_brought_by(given.brought_by)}" if given.brought_by else ""
            return f"It came {_describe_arrival(given.delivery, given.message)}.{because} No paper comes twice."
        case PersonalOutcome.REJECTED if given.delivery:
            return f"It did not come. {describe_rejected_papers(given.delivery)}"
        case PersonalOutcome.SUSPENDED:
            return describe_obstacle(given.reason)
        case PersonalOutcome.MUTED:
            return f"Kept back: you see less of {_join_named([*map(name_muted, given.muted)])}."
        case _:
            return _OUTCOMES[given.outcome]


def _describe_arrival(delivery: Delivery, message: Message | None) -> str:
    posted = delivery.posted_message
    if message and message.place_id and message.message_id and message.sent_at:
        posted = PostedMessage(
            delivery.guild_id, delivery.channel_id, message.place_id, message.message_id, message.sent_at
        )
    if posted:
        return f"on {format_timestamp(posted.sent_at)} → [jump]({posted.url})"
    return f"with the digest of {format_short_day(delivery.run_date)}"


def _describe_brought_by(queries: Sequence[str]) -> str:
    named = [format_code(each, _NAMED_QUERY) if each != INBOX else "your inbox" for each in queries]
    return f"Brought by {_join_named(named)}."


def _join_named(names: Sequence[str]) -> str:
    more = [f"{len(names) - _MOST_NAMED} more"] if len(names) > _MOST_NAMED else []
    return join_words([*names[:_MOST_NAMED], *more])


def _describe_fates(given: PersonalExplanation, most: int) -> Iterator[str]:
    """A line for each followed query that matches, those that may bring it first, and one for the others."""
    matching = [each for each in given.fates if each.fate is not Fate.NOT_MATCHING]
    matching.sort(key=lambda each: each.fate not in WAITING)
    may_come = given.outcome in {PersonalOutcome.MAY_COME, PersonalOutcome.KEPT_BACK}
    for each in matching[:most]:
        yield f"- {_describe_fate(each, given, may_come=may_come)}"
    if len(matching) > most:
        yield f"- {len(matching) - most} more match it."
    others = [name_followed(each.followed) for each in given.fates if each.fate is Fate.NOT_MATCHING]
    if others and given.outcome is not PersonalOutcome.NONE_MATCHES:
        verb = "doesn't" if len(others) == 1 else "don't"
        yield f"-# {_join_named(others)} {verb} match it."


def _describe_fate(given: QueryFate, explanation: PersonalExplanation, *, may_come: bool) -> str:
    templates = _INBOX_FATES if given.followed.is_inbox else _QUERY_FATES
    template = templates.get(given.fate, _MATCHES)
    if given.fate in WAITING and not may_come:
        template = _ANY_PAPER if given.followed.is_inbox else _MATCHES
    elif given.fate is Fate.TOO_FEW_UPVOTES and given.least_upvotes:
        template = _TOO_FEW_FOR_AT_ONCE
    return template.format(
        name=name_followed(given.followed),
        day=format_day(given.day) if given.day else "",
        closes=format_timestamp(get_closing_time(given.day)) if given.day else "",
        at=format_timestamp(given.at) if given.at else "",
        upvotes=count_noun(explanation.paper.upvotes, "upvote"),
        least=given.least_upvotes,
        size=explanation.size,
    )


def _describe_other_mutes(given: PersonalExplanation) -> Iterator[str]:
    """What would keep it back, were there not something else already."""
    if given.muted and given.outcome is not PersonalOutcome.MUTED:
        yield f"You also see less of {_join_named([*map(name_muted, given.muted)])}."


def _build_undo_buttons(given: PersonalExplanation, keys: Sequence[str]) -> list[Button[LayoutView]]:
    return [
        Button(label=_label_undo(each), custom_id=f"why:undo:{given.paper.id}:{key}", style=ButtonStyle.primary)
        for each, key in list(zip(given.muted, keys, strict=True))[:_MOST_UNDONE]
    ]


def _label_undo(muted: Muted) -> str:
    return cut_plain(f"Undo: less of {label_muted(muted)}", MAX_LABEL)


def _build_buttons(given: PersonalExplanation) -> list[Button[LayoutView]]:
    buttons: list[Button[LayoutView]] = []
    if given.outcome is PersonalOutcome.SUSPENDED:
        buttons.append(Button(label="Try again", custom_id="following:retry", style=ButtonStyle.success))
    buttons.append(Button(label="Details", custom_id=f"details:{given.paper.id}"))
    if given.outcome in {PersonalOutcome.NONE_MATCHES, PersonalOutcome.FOLLOWS_NOTHING}:
        buttons.append(Button(label="Follow…", custom_id=f"follow:paper:{given.paper.id}", style=ButtonStyle.success))
    elif given.outcome is PersonalOutcome.CAME:
        buttons.append(Button(label="Less like this", custom_id=f"less:0:{given.paper.id}"))
    buttons.append(Button(label="Another paper", custom_id="why:ask"))
    buttons.append(Button(label="What you follow", custom_id="following:show"))
    return buttons
