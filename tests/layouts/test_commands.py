"""Commands that texts name: people can click them wherever Discord shows them as mentions."""

import pytest
from discord import SelectOption
from discord.ui import ActionRow, Button, Container, LayoutView, Section, Select, TextDisplay, Thumbnail

from bot.layouts.commands import CommandMentions, RunnableCommand
from bot.layouts.paper import build_view
from bot.layouts.text import MAX_CONTENT, MAX_TEXT, escape_markdown, format_code, measure_text

UNDO, SEND, TOP = "</digest undo:12345678901234567>", "</digest send now:12345678901234567>", "</top:98765432109876543>"


@pytest.fixture
def mentions() -> CommandMentions:
    known = CommandMentions()
    root, other = 12345678901234567, 98765432109876543
    known.learn_commands(
        [
            RunnableCommand("digest undo", root, needs_server=True),
            RunnableCommand("digest send now", root, needs_server=True),
            RunnableCommand("top", other),
        ]
    )
    return known


def show(view: LayoutView) -> list[str]:
    return [each.content for each in view.walk_children() if isinstance(each, TextDisplay)]


def test_commands_become_mentions(mentions: CommandMentions) -> None:
    text = "Use `/digest undo` or `/digest send now`, and **`/top`**."
    assert mentions.mention_in_text(text) == f"Use {UNDO} or {SEND}, and **{TOP}**."


@pytest.mark.parametrize(
    "text",
    [
        "`/digest` has many commands",  # and cannot be run itself
        "`/digest fly` is no command",
        "`/top 5` has an option",
        "/top is no code",
        "`top` has no slash",
        "a `path/top`",
        "``/top`` is code of another kind",
        "```\n`/top\n```",
    ],
)
def test_what_cannot_be_run_stays_as_it_is(mentions: CommandMentions, text: str) -> None:
    assert mentions.mention_in_text(text) == text


def test_before_the_commands_are_known_they_are_shown_as_code() -> None:
    assert CommandMentions().mention_in_text("Use `/top`.") == "Use `/top`."


def test_in_a_direct_message_only_commands_that_work_there_are_mentioned(mentions: CommandMentions) -> None:
    shown = mentions.mention_in_text("`/top`, and in a server `/digest undo`", in_server=False)
    assert shown == f"{TOP}, and in a server `/digest undo`"


@pytest.mark.parametrize("typed", ["/top", "`/top`", "/digest undo", "``/top``", "\\`/top\\`"])
def test_what_a_stranger_wrote_never_becomes_a_mention(mentions: CommandMentions, typed: str) -> None:
    for text in (escape_markdown(typed), format_code(typed), f"You typed {format_code(typed)}."):
        assert mentions.mention_in_text(text) == text


def test_all_texts_of_a_layout_have_mentions_and_no_label_has(mentions: CommandMentions) -> None:
    options = [SelectOption(label="`/top`", value="`/top`", description="`/top`")]
    select: Select[LayoutView] = Select(custom_id="`/top`", options=options, placeholder="`/top`")
    button: Button[LayoutView] = Button(label="`/top`", custom_id="top")
    section: Section[LayoutView] = Section(TextDisplay("`/top`"), accessory=Thumbnail("https://x.org/`/top`.png"))
    view = build_view(Container(TextDisplay("`/top`"), section, ActionRow(button)), ActionRow(select))
    mentions.mention_in_view(view)
    assert show(view) == [TOP, TOP]
    assert str(view.to_components()).count("</top") == 2  # type: ignore[no-untyped-call]


def test_a_text_that_would_become_too_long_keeps_its_commands_as_code(mentions: CommandMentions) -> None:
    text = "`/top` ".ljust(MAX_CONTENT, "x")
    assert mentions.mention_in_text(text) == text
    view = build_view(TextDisplay("`/top`"), TextDisplay("`/top`".ljust(MAX_TEXT - 6 - 20, "x")))
    mentions.mention_in_view(view)
    first, second = show(view)
    assert (first, second[:6]) == (TOP, "`/top`")  # the first one fitted
    assert measure_text(first) + measure_text(second) <= MAX_TEXT
