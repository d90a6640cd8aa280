"""Dates as people write them, wherever a date can be typed."""

import time
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.dates import Span, TypedDate, read_date
from bot.search import parse_query
from bot.search.query import Days, Word
from tests.support.queries import ANYTHING, HOSTILE

FRIDAY = date(2026, 8, 21)
YESTERDAY, MONDAY = date(2026, 8, 20), date(2026, 8, 17)


def read(text: str, today: date = FRIDAY) -> TypedDate:
    found = read_date(text, today)
    assert found, text
    return found


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", FRIDAY),
        ("Yesterday", YESTERDAY),
        ("2026-5-9", date(2026, 5, 9)),
        ("2026/08/20", YESTERDAY),
        ("2026.8.20", YESTERDAY),
        ("20260820", YESTERDAY),
        ("20.8.2026", YESTERDAY),
        ("20.8.26", YESTERDAY),
        ("20.8.", YESTERDAY),
        ("8/20/2026", YESTERDAY),
        ("20/8", YESTERDAY),
        ("28 May", date(2026, 5, 28)),
        ("28 may 2025", date(2025, 5, 28)),
        ("May 28", date(2026, 5, 28)),
        ("May 28th, 2025", date(2025, 5, 28)),
        ("the 28th of May", date(2026, 5, 28)),
        ("on Thu 28 May", date(2026, 5, 28)),
        ("sept. 3", date(2025, 9, 3)),
        ("31 December", date(2025, 12, 31)),
        ("29 Feb", date(2024, 2, 29)),
        ("29/2", date(2024, 2, 29)),
        ("friday", FRIDAY),
        ("last friday", FRIDAY - timedelta(days=7)),
        ("monday", MONDAY),
        ("3 days ago", FRIDAY - timedelta(days=3)),
        ("two weeks ago", FRIDAY - timedelta(days=14)),
        ("a month ago", date(2026, 7, 21)),
        ("a year ago", date(2025, 8, 21)),
        ("2 years ago", date(2024, 8, 21)),
        ("28-May-2026", date(2026, 5, 28)),
        ("may-28", date(2026, 5, 28)),
        ("20 August 2027", date(2027, 8, 20)),
    ],
)
def test_a_day_is_read_as_people_write_it(text: str, day: date) -> None:
    assert read(text) == TypedDate(day, day + timedelta(days=1))
    assert read(f"  {text.upper()}  ") == read(text)


@pytest.mark.parametrize(
    ("text", "first", "end", "span"),
    [
        ("this week", MONDAY, MONDAY + timedelta(days=7), Span.WEEK),
        ("last week", MONDAY - timedelta(days=7), MONDAY, Span.WEEK),
        ("the past week", MONDAY - timedelta(days=7), MONDAY, Span.WEEK),
        ("last month", date(2026, 7, 1), date(2026, 8, 1), Span.MONTH),
        ("August", date(2026, 8, 1), date(2026, 9, 1), Span.MONTH),
        ("last december", date(2025, 12, 1), date(2026, 1, 1), Span.MONTH),
        ("last august", date(2025, 8, 1), date(2025, 9, 1), Span.MONTH),  # this one is not over
        ("5/2026", date(2026, 5, 1), date(2026, 6, 1), Span.MONTH),
        ("May of 2025", date(2025, 5, 1), date(2025, 6, 1), Span.MONTH),
        ("in may", date(2026, 5, 1), date(2026, 6, 1), Span.MONTH),
        ("2026-05", date(2026, 5, 1), date(2026, 6, 1), Span.MONTH),
        ("last year", date(2025, 1, 1), date(2026, 1, 1), Span.YEAR),
        ("2025", date(2025, 1, 1), date(2026, 1, 1), Span.YEAR),
        ("last 7 days", FRIDAY - timedelta(days=7), FRIDAY + timedelta(days=1), Span.DAY),
    ],
)
def test_a_week_a_month_and_a_year_are_read_too(text: str, first: date, end: date, span: Span) -> None:
    assert read(text) == TypedDate(first, end, span)


@pytest.mark.parametrize(
    ("text", "day", "other"),
    [
        ("5/8/2026", date(2026, 8, 5), date(2026, 5, 8)),
        ("5-8-26", date(2026, 8, 5), date(2026, 5, 8)),
        ("5/9/2026", date(2026, 5, 9), date(2026, 9, 5)),  # September is still to come
        ("9/5", date(2026, 5, 9), date(2025, 9, 5)),
    ],
)
def test_a_date_that_may_mean_two_days_names_the_other_one_too(text: str, day: date, other: date) -> None:
    assert read(text) == TypedDate(day, day + timedelta(days=1), other=other)


@pytest.mark.parametrize("text", ["5.9.2026", "13/5/2026", "5/13/2026", "5/5/2026", "2026-5-9", "5 September"])
def test_a_date_with_dots_or_with_one_sense_is_not_ambiguous(text: str) -> None:
    assert read(text).other is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "x",
            "a",
            "5",
            "12",
            "28th",
            "sam",
            "now",
            "tomorrow",
            "next week",
            "in 2 weeks",
            "10:30",
            "-1",
            "1/2/3/4",
        ),
        *("31 Feb", "2026-02-31", "13.13.2026", "0/1/2026", "may 0", "28 mai", "12 ene", "٣ may", "9999 years ago"),
        *("last", "ago", "of", "the", "may may", "28 May 2026 2026", "attention", "week of 12 May", "2026-W22"),
    ],
)
def test_what_is_no_date_is_not_taken_for_one(text: str) -> None:
    assert read_date(text, FRIDAY) is None


@hypothesis_settings(max_examples=300, deadline=None)
@given(ANYTHING | st.from_regex(r"[0-9]{1,4}[-/. ][a-z0-9]{1,9}[-/. ]?[0-9]{0,4}", fullmatch=True), st.dates())
@example("last week", date.min)
@example("28 May", date.min)
@example("today", date.max)
@example("this week", date.max)
def test_any_text_on_any_day_is_a_date_or_none(text: str, today: date) -> None:
    found = read_date(text, today)
    assert found is None or found.end is None or found.first < found.end


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_six_thousand_characters_are_no_date(text: str) -> None:
    assert read_date(text, FRIDAY) is None


def test_a_date_is_read_in_the_same_way_wherever_the_machine_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    for timezone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        monkeypatch.setenv("TZ", timezone)
        time.tzset()
        assert [read_date(text, FRIDAY) for text in ("1 day ago", "last monday")] == [
            TypedDate(YESTERDAY, FRIDAY),
            TypedDate(MONDAY, MONDAY + timedelta(days=1)),
        ]
    monkeypatch.undo()
    time.tzset()


class TestOperators:
    @pytest.mark.parametrize(
        ("text", "first", "rest"),
        [
            ('after:"28 May"', date(2026, 5, 28), []),
            ("after:28 May", date(2026, 5, 28), []),
            ("after:28 May 2025", date(2025, 5, 28), []),
            ("after:the 28th of May 2025", date(2025, 5, 28), []),
            ("since:last week diffusion", MONDAY - timedelta(days=7), ["diffusion"]),
            ("after:may attention", date(2026, 5, 1), ["attention"]),
            ("after:may 2025 attention", date(2025, 5, 1), ["attention"]),
            ("after:yesterday 2025", YESTERDAY, ["2025"]),
            ("after:2026 march of the penguins", date(2026, 1, 1), ["march", "of", "the", "penguins"]),
            ("after:2026-05 28", date(2026, 5, 1), ["28"]),
            ("after:aug 3d generation", date(2026, 8, 1), ["3d", "generation"]),
            ("after:3 days ago robots", FRIDAY - timedelta(days=3), ["robots"]),
        ],
    )
    def test_an_operator_takes_the_words_that_belong_to_its_date_and_no_others(
        self, text: str, first: date, rest: list[str]
    ) -> None:
        query = parse_query(text, FRIDAY)
        assert query.mistakes == ()
        assert [each.node for each in query.clauses] == [Days(first, None), *map(Word, rest)]
        assert query.clauses[0].typed == text.removesuffix(" ".join(rest)).strip()

    @pytest.mark.parametrize("name", ["day", "on", "ON", "date"])
    def test_the_list_of_a_day_can_be_asked_for_in_several_ways(self, name: str) -> None:
        (clause,) = parse_query(f"{name}:yesterday", FRIDAY).clauses
        assert clause.node == Days(YESTERDAY, FRIDAY)

    @pytest.mark.parametrize("text", ["Focus on: attention", "Since: a story", "On : a"])
    def test_without_a_value_such_a_word_is_prose(self, text: str) -> None:
        query = parse_query(text, FRIDAY)
        assert query.mistakes == ()
        assert all(isinstance(each.node, Word) for each in query.clauses)

    def test_an_ambiguous_date_is_named_once(self) -> None:
        query = parse_query("after:5/9/2026 -on:5/9/2026 before:5.9.2026", FRIDAY)
        assert [(each.typed, each.day, each.other) for each in query.ambiguous_dates] == [
            ("5/9/2026", date(2026, 5, 9), date(2026, 9, 5))
        ]
