"""Text for Discord: escaped, marked, shortened and counted."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.layouts.text import (
    count_noun,
    cut_plain,
    escape_markdown,
    format_code,
    format_code_block,
    format_compact,
    mark_text_spans,
    measure_text,
    remove_urls,
    shorten,
    take_first_sentences,
)
from bot.text import remove_invisible
from tests.support.any_paper import letters, texts
from tests.support.markdown import visible


@pytest.mark.parametrize(
    ("text", "marks", "shown"),
    [
        ("We augment agents", [(3, 10)], "We **augment** agents"),
        ("both words", [(0, 4), (5, 10)], "**both** **words**"),
        ("touching", [(0, 5), (5, 8)], "**touch**ing"),
        ("over and over", [(0, 8), (5, 13)], "**over and** over"),
        ("a_b *c*", [(0, 3), (5, 6)], r"**a\_b** \***c**\*"),
        ("see https://x.org/word now", [(18, 22), (23, 26)], "see https://x.org/word **now**"),
        ("nothing", [(7, 7), (3, 2), (90, 99), (-4, 2)], "nothing"),
        (" space ", [(0, 7), (0, 1)], " space "),
    ],
)
def test_marked_characters_are_bold(text: str, marks: list[tuple[int, int]], shown: str) -> None:
    assert mark_text_spans(text, marks, 100) == shown


@given(st.text(letters), st.lists(st.tuples(st.integers(-3, 50), st.integers(-3, 50))), st.integers(0, 60))
def test_marked_text_keeps_its_words_and_its_limit(text: str, marks: list[tuple[int, int]], limit: int) -> None:
    assert len(mark_text_spans(text, marks, limit)) <= limit
    whole = re.sub(r"\s", " ", remove_invisible(text))
    assert visible(re.sub(r"(?<!\\)\*\*", "", mark_text_spans(whole, [], 9999))) == whole


def test_marked_text_is_cut_between_words_and_says_so() -> None:
    assert mark_text_spans("Attention is all you need", [(0, 9), (21, 25)], 22) == "**Attention** is all…"


def test_text_cannot_break_out_of_a_code_block() -> None:
    assert format_code("a`b") == "`a'b`"
    assert format_code("/digest undo") == format_code("\u2060/digest undo") == "``/digest undo``"
    assert format_code_block("a\n```\nb") == "```\na\n'''\nb\n```"


@given(st.text(letters))
def test_discord_shows_escaped_text_word_for_word(text: str) -> None:
    assert visible(escape_markdown(text)) == remove_invisible(text)


@given(st.text(st.sampled_from(r"*_~`|[]<>#\ a")))
def test_no_markdown_survives_escaping(text: str) -> None:
    without_pairs = re.sub(r"\\.", "", escape_markdown(text))
    assert not re.search(r"[*_~`|\[\]<>#\\]", without_pairs)


def test_mentions_do_not_survive_escaping() -> None:
    assert escape_markdown("@everyone @here <@1> <#2>") == "@\u200beveryone @\u200bhere \\<@1\\> \\<\\#2\\>"


def test_urls_and_latex_stay_readable() -> None:
    assert escape_markdown("https://x.org/a_b") == "https://x.org/a_b"
    assert visible(escape_markdown(r"$\alpha_{i}^{*}$")) == r"$\alpha_{i}^{*}$"


def test_a_list_or_quote_mark_at_the_start_stays_text() -> None:
    assert escape_markdown("- one") == "\u200b- one"
    assert escape_markdown("> one") == "\\> one"


@given(texts, st.integers(0, 500))
def test_shortened_text_is_never_longer_than_allowed(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit


@given(texts, st.integers(1, 500))
def test_shortened_text_says_that_it_was_cut(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert not short or short.endswith("…") or short.split() == escape_markdown(text).split()


@given(texts, st.integers(1, 100))
def test_plain_text_is_never_longer_than_allowed(text: str, limit: int) -> None:
    assert len(cut_plain(text, limit)) <= limit


def test_words_are_not_cut_in_the_middle() -> None:
    assert shorten("Attention is all you need", 20) == "Attention is all…"


def test_a_text_without_spaces_is_cut_too() -> None:
    assert shorten("深層学習" * 10, 12) == "深層学習深層学習深層学…"
    assert shorten("深層学習" * 10, 12, measure_text) == "深層学習深…"


def test_a_summary_has_enough_sentences_to_say_something() -> None:
    said = "We do it. It works. " + "This sentence goes on for long enough to say what the paper is about, " * 2
    assert take_first_sentences(f"{said}finally. And more. And more.") == f"{said}finally."
    assert take_first_sentences("It works\n- on\ntwo lines. ") == "It works - on two lines."  # small print is one line


def test_counts_are_written_as_people_write_them() -> None:
    assert [count_noun(1, "paper"), count_noun(0, "paper"), count_noun(1204, "paper")] == [
        "1 paper",
        "0 papers",
        "1,204 papers",
    ]
    assert [format_compact(each) for each in (987, 1234, 9949, 9950, 34_000)] == ["987", "1.2k", "9.9k", "10k", "34k"]


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("Weights are at https://example.com/w?a=1#b today.", "Weights are at today."),
        ("See www.example.com, or evil.example.co.uk/path.", "See or"),
        ("It scores 3.5/4 and 10.5/11, e.g. in and/or tasks.", "It scores 3.5/4 and 10.5/11, e.g. in and/or tasks."),
        ("[here](http://example.com/a) it is", "[here]() it is"),
        ("", ""),
    ],
)
def test_links_are_removed_from_a_text(text: str, without: str) -> None:
    assert remove_urls(text) == without
