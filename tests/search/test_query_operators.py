"""The query language: operators, and ids and links of papers."""

from datetime import date, timedelta

import pytest

from bot.search import HAS, RIGHT_FORMS, Sort
from bot.search.query import Clause, Days, Group, Has, Named, Upvotes, Word
from tests.support.indexes import TODAY, parse_on_day
from tests.support.parsed import nodes, wrong

TOMORROW = TODAY + timedelta(days=1)
A, B, C = Word("a"), Word("b"), Word("c")
PERIODS = [
    ("2026-08-20", date(2026, 8, 20), date(2026, 8, 21)),
    ("2026-8-2", date(2026, 8, 2), date(2026, 8, 3)),
    ("2026-08", date(2026, 8, 1), date(2026, 9, 1)),
    ("2026-12", date(2026, 12, 1), date(2027, 1, 1)),
    ("2026-02", date(2026, 2, 1), date(2026, 3, 1)),
    ("2026", date(2026, 1, 1), date(2027, 1, 1)),
    ("2024-02-29", date(2024, 2, 29), date(2024, 3, 1)),
    ("9998", date(9998, 1, 1), date(9999, 1, 1)),
    ("9999", date(9999, 1, 1), None),
    ("9999-12", date(9999, 12, 1), None),
    ("9999-12-31", date(9999, 12, 31), None),
    ("9999-12-30", date(9999, 12, 30), date(9999, 12, 31)),
    ("0001-01-01", date(1, 1, 1), date(1, 1, 2)),
    ("today", TODAY, TOMORROW),
    ("yesterday", TODAY - timedelta(1), TODAY),
    ("0d", TODAY, TOMORROW),
    ("7d", TODAY - timedelta(7), TOMORROW),
    ("2w", TODAY - timedelta(14), TOMORROW),
    ("3m", TODAY - timedelta(90), TOMORROW),
    ("1y", TODAY - timedelta(365), TOMORROW),
    ("TODAY", TODAY, TOMORROW),
    ("7D", TODAY - timedelta(7), TOMORROW),
]


class TestFilters:
    @pytest.mark.parametrize(("value", "first", "end"), PERIODS)
    def test_days_and_periods_are_read_as_a_first_day_and_an_end(
        self, value: str, first: date, end: date | None
    ) -> None:
        assert nodes(f"day:{value}") == [Days(first, end)]
        assert nodes(f"after:{value}") == [Days(first, None)]
        assert nodes(f"before:{value}") == [Days(None, first)]

    @pytest.mark.parametrize(
        "value",
        [
            *("2026-02-31", "2026-02-29", "2026-13", "2026-00", "2026-00-05", "2026-08-00", "2026-08-32", "0000"),
            *("99999", "26", "2026-", "2026-08-", "2026-08-20-1", "2026-08/20", "32.8.2026", "13/13/2026", "28th"),
            *("9999y", "99999d", "d", "7", "7x", "-7d", "tomorrow", "٣d0", "2026-08-20T12:00", "31/2", "a", "10:30"),
        ],
    )
    @pytest.mark.parametrize("name", ["day", "after", "before"])
    def test_a_day_that_does_not_exist_is_marked_as_a_mistake(self, name: str, value: str) -> None:
        assert wrong(f"a {name}:{value} b") == [(f"{name}:{value}", RIGHT_FORMS[name])]
        assert [each.node for each in parse_on_day(f"a {name}:{value} b").clauses] == [A, B]

    @pytest.mark.parametrize(("value", "least"), [("50", 50), ("0", 0), ("007", 7), ("999999", 999_999), ('"5"', 5)])
    def test_min_is_a_number_of_upvotes(self, value: str, least: int) -> None:
        assert nodes(f"min:{value}") == [Upvotes(least)]

    @pytest.mark.parametrize("value", ["", "x", "-5", "5.5", "1e3", "1000000", "9" * 5000, "٣", "²", "5k", "+5", "0x5"])
    def test_a_min_that_is_not_a_number_is_marked_as_a_mistake(self, value: str) -> None:
        assert wrong(f"a min:{value}") == [(f"min:{value}", ("min:50",))]

    @pytest.mark.parametrize("what", HAS)
    def test_has_names_what_a_paper_comes_with(self, what: str) -> None:
        assert nodes(f"has:{what}") == nodes(f"HAS:{what.upper()}") == [Has(what)]

    @pytest.mark.parametrize("value", ["", "video", "code|media"])
    def test_an_unknown_value_of_has_is_marked_as_a_mistake(self, value: str) -> None:
        assert wrong(f"has:{value}") == [(f"has:{value}", ("has:code", "has:project", "has:summary", "has:media"))]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("author:lecun", Named("author", "lecun")),
            ("Author:LeCun", Named("author", "LeCun")),
            ("AUTHOR:lecun", Named("author", "lecun")),
            ('author:"Yann LeCun"', Named("author", "Yann LeCun")),
            ('org:" Google  DeepMind "', Named("org", "Google DeepMind")),
            ("org:nvidia*", Named("org", "nvidia*")),
            ('tag:"speech recognition"', Named("tag", "speech recognition")),
            ("tag:C++", Named("tag", "C++")),
            ("author:Schölkopf", Named("author", "Schölkopf")),
            ("author:李", Named("author", "李")),
            ('tag:"OR NOT (x)"', Named("tag", "OR NOT (x)")),
            ("tag:a:b", Named("tag", "a:b")),
        ],
    )
    def test_the_names_of_operators_are_read_as_they_were_typed(self, text: str, expected: Named) -> None:
        assert nodes(text) == [expected]

    @pytest.mark.parametrize("name", ["author", "org", "tag"])
    @pytest.mark.parametrize("value", ["", '""', '" "', "-", "...", "*"])
    def test_a_name_without_a_letter_is_marked_as_a_mistake(self, name: str, value: str) -> None:
        assert wrong(f"{name}:{value}") == [(" ".join(f"{name}:{value}".split()), RIGHT_FORMS[name])]

    def test_a_name_ends_at_a_space_unless_it_is_quoted(self) -> None:
        assert nodes("author:yann lecun") == [Named("author", "yann"), Word("lecun")]
        assert nodes('(author:"yann lecun")') == [
            Group((Clause(Named("author", "yann lecun"), typed='author:"yann lecun"'),))
        ]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("sort:upvotes", Sort.UPVOTES),
            ("sort:date", Sort.DATE),
            ("sort:relevance", Sort.RELEVANCE),
            ("Sort:DATE", Sort.DATE),
            ('sort:"date"', Sort.DATE),
            ("sort:date sort:upvotes", Sort.DATE),  # the last one, as options come after what was typed
            ("(sort:date)", Sort.DATE),
            ("-sort:date", Sort.DATE),
        ],
    )
    def test_sort_is_read_and_is_not_a_clause(self, text: str, expected: Sort) -> None:
        assert nodes(f"a {text}") == [A]
        assert parse_on_day(f"a {text}").sort is expected

    @pytest.mark.parametrize("value", ["", "votes", "up", "dates"])
    def test_an_unknown_order_is_marked_as_a_mistake(self, value: str) -> None:
        assert wrong(f"sort:{value}") == [(f"sort:{value}", ("sort:relevance", "sort:upvotes", "sort:date"))]
        assert parse_on_day(f"sort:{value}").sort is Sort.RELEVANCE

    @pytest.mark.parametrize("form", [form for forms in RIGHT_FORMS.values() for form in forms])
    def test_the_forms_shown_as_right_are_right(self, form: str) -> None:
        assert wrong(form) == []
        assert parse_on_day(form).clauses or form.startswith("sort:")
        assert all(form.startswith(f"{name}:") for name, forms in RIGHT_FORMS.items() for form in forms)


class TestReferences:
    @pytest.mark.parametrize(
        "text",
        [
            "2605.29801",
            "2605.29801v2",
            "arXiv:2605.29801",
            "https://arxiv.org/abs/2605.29801",
            "arxiv.org/pdf/2605.29801v1.pdf",
            "https://huggingface.co/papers/2605.29801",
            "https://hf.co/papers/2605.29801?x=y#z",
            "<https://hf.co/papers/2605.29801>",
            "did you see 2605.29801?",
            "this one (https://arxiv.org/abs/2605.29801), please",
            "min:50 2605.29801 and 2605.00001",
            '"2605.29801"',
        ],
    )
    def test_a_paper_is_named_anywhere_in_the_text(self, text: str) -> None:
        assert parse_on_day(text).reference == "2605.29801"

    @pytest.mark.parametrize(
        "text", ["", "attention", "2605", "version 1.5", "12605.29801", "2605.298", "2605.298011", "a2605.29801b"]
    )
    def test_numbers_that_only_look_like_an_id_name_no_paper(self, text: str) -> None:
        assert parse_on_day(text).reference is None
