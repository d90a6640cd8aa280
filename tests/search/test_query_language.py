"""The query language: everything that can be typed means something."""

from datetime import date
from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.search import Query, Sort, parse_query
from bot.search.parser import MAX_OPERATORS, MAX_WORDS
from bot.search.query import Correction, Guess, Named, Word
from tests.support.indexes import TODAY, parse_on_day
from tests.support.parsed import wrong
from tests.support.queries import ANYTHING, HEAPS, HOSTILE

A, B, C = Word("a"), Word("b"), Word("c")


def test_a_query_looks_for_the_words_and_phrases_that_are_not_excluded() -> None:
    query = parse_on_day('a -b +c "d e" -"f g" author:h (i OR -j OR "k l") -(m n) o* min:5 (-(p) (q))')
    assert [*query.list_texts()] == ["a", "c", "d e", "i", "k l", "o", "q"]


def test_only_bare_words_rank() -> None:
    query = parse_on_day('a +b -c "d d" e* author:f (g) h OR i')
    assert [*query.words] == [A, B, Word("e", prefix=True)]


class TestOrder:
    @pytest.mark.parametrize(
        "text", ["", "min:5", "author:a org:b", "-word", "author:a -word", '-"a b"', "(author:a OR tag:b)", "(-a)"]
    )
    def test_without_words_a_query_is_sorted_by_upvotes(self, text: str) -> None:
        assert parse_on_day(text).order is Sort.UPVOTES
        assert parse_on_day(f"{text} sort:date").order is Sort.DATE

    @pytest.mark.parametrize("text", ["a", "+a", '"a"', "a*", "a min:5", "(a)", "a OR b", "(author:b OR a)", "-b (a)"])
    def test_a_query_with_words_is_sorted_by_relevance(self, text: str) -> None:
        assert parse_on_day(text).order is Sort.RELEVANCE
        assert parse_on_day(f"{text} sort:upvotes").order is Sort.UPVOTES


class TestRelaxing:
    def test_a_query_is_relaxed_by_leaving_out_each_operator_and_then_all(self) -> None:
        relaxed = [
            [each.typed for each in query.clauses]
            for query, _ in parse_on_day("a min:5 -has:code b author:c").list_relaxed_queries()
        ]
        assert relaxed == [
            ["a", "-has:code", "b", "author:c"],
            ["a", "min:5", "b", "author:c"],
            ["a", "min:5", "-has:code", "b"],
            ["a", "b"],
        ]

    @pytest.mark.parametrize("text", ["", "a", '+a "b c"', "min:5", "(a min:5)", "a -b"])
    def test_a_query_without_operators_or_without_words_is_not_relaxed(self, text: str) -> None:
        assert [*parse_on_day(text).list_relaxed_queries()] == []

    def test_the_operators_left_out_are_shown_as_typed(self) -> None:
        assert [left_out for _, left_out in parse_on_day("a min:5 -has:code").list_relaxed_queries()] == [
            ("min:5",),
            ("-has:code",),
            ("min:5", "-has:code"),
        ]

    @pytest.mark.parametrize(("count", "ways"), [(4, 5), (5, 6), (6, 1), (40, 1)])
    def test_of_many_operators_none_is_left_out_alone(self, count: int, ways: int) -> None:
        relaxed = [*parse_on_day("a " + " ".join(f"min:{number}" for number in range(count))).list_relaxed_queries()]
        assert len(relaxed) == ways
        assert len(relaxed[-1][1]) == count

    def test_a_relaxed_query_keeps_its_order(self) -> None:
        assert {query.sort for query, _ in parse_on_day("a min:5 sort:date").list_relaxed_queries()} == {Sort.DATE}


def test_corrections_replace_the_misspelled_words() -> None:
    query = parse_on_day('atention "atention" author:atention -x atention*').correct_spelling(
        [Correction("atention", ("attention", "attentive"), Guess.BEGINNING)]
    )
    assert [each.node for each in query.clauses] == [
        Word("attention", others=("attentive",)),
        Word("atention", quoted=True),
        Named("author", "atention"),
        Word("x"),
        Word("atention", prefix=True),
    ]
    assert query.clauses[0].typed == "atention"


def check(query: Query, text: str) -> None:
    """What holds for any text."""
    assert " ".join(query.text.split()) == query.text
    assert len(query.text) <= len(normalize("NFC", text))
    for mistake in query.mistakes:
        assert 0 <= mistake.start < mistake.end <= len(query.text)
        assert all(wrong(right) == [] for right in mistake.corrections if len(right) < 200)
    assert all(each.text.strip() == each.text for each in query.words)
    assert len([*query.list_texts()]) <= MAX_WORDS
    assert query.correct_spelling({}) == query
    assert all(len(each.clauses) < len(query.clauses) for each, _ in query.list_relaxed_queries())
    assert query.order in Sort


@hypothesis_settings(max_examples=800, deadline=None)
@given(ANYTHING | HEAPS, st.dates())
@example("a (\ud800b", TODAY)
@example("\u0a36", TODAY)  # NFC writes it as two
@example("after:7d", date.min)
@example("yesterday day:yesterday", date.min)
@example("day:today", date.max)
def test_any_text_on_any_day_is_a_query(text: str, today: date) -> None:
    check(parse_query(text, today), text)


def test_of_many_words_with_colons_only_the_first_are_read_as_misspelled_operators() -> None:
    slips = ["autor:lecun"] * (MAX_OPERATORS + 1)
    query = parse_on_day(" ".join([*["any:thing"] * (MAX_OPERATORS - 1), *slips]))
    assert [each.corrections for each in query.mistakes if each.corrections] == [("author:lecun",)]
    assert parse_on_day("autorautorautor:lecun").mistakes == ()


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_six_thousand_characters_of_any_text_are_a_query(text: str) -> None:
    check(parse_on_day(text), text)
