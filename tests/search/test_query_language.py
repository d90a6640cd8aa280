"""The query language: everything typed means something, and what is wrong is shown where it stands."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.search import HAS, RIGHT_FORMS, Query, Sort, parse_query
from bot.search.parser import DEEPEST, MOST_MISTAKES, MOST_OPERATORS, MOST_WORDS
from bot.search.query import (
    AnyOf,
    Clause,
    Days,
    Group,
    Has,
    Named,
    Node,
    Occur,
    Phrase,
    Upvotes,
    Word,
)
from tests.support.indexes import TODAY, parse_on_day
from tests.support.queries import ANYTHING, HEAPS, HOSTILE

TOMORROW = TODAY + timedelta(days=1)


def nodes(text: str) -> list[Node]:
    """What the clauses of `text` say; checks that there is no mistake in it."""
    query = parse_on_day(text)
    assert query.mistakes == ()
    return [each.node for each in query.clauses]


def words(text: str) -> list[str]:
    """The words that rank; checks that `text` is nothing but words."""
    assert all(isinstance(node, Word) and not node.prefix for node in nodes(text))
    assert all(each.occur is Occur.SHOULD for each in parse_on_day(text).clauses)
    return [word.text for word in parse_on_day(text).words]


def signs(text: str) -> list[tuple[str, Node]]:
    """Each clause with `+` where it is demanded and `-` where it is ruled out."""
    marks = {Occur.SHOULD: "", Occur.MUST: "+", Occur.NOT: "-"}
    return [(marks[each.occur], each.node) for each in parse_on_day(text).clauses]


def wrong(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """The pieces of the text that are marked as wrong, with the right forms shown for them."""
    query = parse_on_day(text)
    return [(query.text[each.start : each.end], each.corrections) for each in query.mistakes]


def option(node: Node, occur: Occur = Occur.SHOULD) -> tuple[Occur, Node]:
    return occur, node


def options(node: Node) -> list[tuple[Occur, Node]]:
    assert isinstance(node, AnyOf)
    return [(each.occur, each.node) for each in node.options]


def inner(node: Node) -> list[tuple[str, Node]]:
    marks = {Occur.SHOULD: "", Occur.MUST: "+", Occur.NOT: "-"}
    assert isinstance(node, Group)
    return [(marks[each.occur], each.node) for each in node.clauses]


A, B, C = Word("a"), Word("b"), Word("c")


class TestWords:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("", []),
            ("   \t\n ", []),
            ("attention", ["attention"]),
            ("  flow\n matching\t", ["flow", "matching"]),
            ("not or and", ["not", "or", "and"]),  # operators are written in capitals
            ("AND", ["AND"]),
            ("GPT-4o C++ state-of-the-art", ["GPT-4o", "C++", "state-of-the-art"]),
            ("Attention - All of It", ["Attention", "-", "All", "of", "It"]),
            ("Attention – All of It", ["Attention", "–", "All", "of", "It"]),
            ("a + b", ["a", "+", "b"]),
            ("a+b a-b", ["a+b", "a-b"]),
            ("what - if", ["what", "-", "if"]),
            ("*", ["*"]),
            ("a*b", ["a*b"]),
            ("100%? [sic] {x} ~2 ^3 \\ /re/", ["100%?", "[sic]", "{x}", "~2", "^3", "\\", "/re/"]),
            ("注意力机制 🔥", ["注意力机制", "🔥"]),
            ("a\u2003b\u00a0c", ["a", "b", "c"]),  # spaces of other kinds
        ],
    )
    def test_words_are_read_as_they_were_typed(self, text: str, expected: list[str]) -> None:
        assert words(text) == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("BERT: Pre-training of Deep Models", ["BERT:", "Pre-training", "of", "Deep", "Models"]),
            ("Parrot: Attention - All of It", ["Parrot:", "Attention", "-", "All", "of", "It"]),
            ("title:attention", ["title:attention"]),
            ("at 10:30", ["at", "10:30"]),
            ("https://example.org/a:b", ["https://example.org/a:b"]),
            ("GPT-4:a", ["GPT-4:a"]),
            ("x:", ["x:"]),
            (":x", [":x"]),
            ("autor: lecun", ["autor:", "lecun"]),  # with a space it may well be prose
        ],
    )
    def test_a_colon_in_prose_is_no_operator(self, text: str, expected: list[str]) -> None:
        assert words(text) == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("diffus*", [Word("diffus", prefix=True)]),
            ("diffus**", [Word("diffus", prefix=True)]),
            ("text diffus*", [Word("text"), Word("diffus", prefix=True)]),
            ("GPT-4*", [Word("GPT-4", prefix=True)]),
        ],
    )
    def test_a_star_ends_half_a_word(self, text: str, expected: list[Node]) -> None:
        assert nodes(text) == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("+a", [("+", A)]),
            ("-a", [("-", A)]),
            ("NOT a", [("-", A)]),
            ("a -b +c", [("", A), ("-", B), ("+", C)]),
            ("a NOT b c", [("", A), ("-", B), ("", C)]),  # for one clause only
            ("NOT NOT a", [("-", A)]),
            ("NOT +a", [("+", A)]),  # the nearest sign
            ("-b*", [("-", Word("b", prefix=True))]),
            ('+"a b"', [("+", Phrase("a b"))]),
            ('-"a b"', [("-", Phrase("a b"))]),
            ("-author:a", [("-", Named("author", "a"))]),
            ("NOT has:code", [("-", Has("code"))]),
            ("--a", [("-", Word("-a"))]),
            ("a NOT", [("", A)]),
            ("(-a)", [("", Group((Clause(A, Occur.NOT, "-a"),)))]),
        ],
    )
    def test_words_are_demanded_and_ruled_out(self, text: str, expected: list[tuple[str, Node]]) -> None:
        assert signs(text) == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ('"flow matching"', [Phrase("flow matching")]),
            ('  "flow   matching"  ', [Phrase("flow matching")]),
            ('a"flow matching"b', [A, Phrase("flow matching"), B]),
            ('"a" "b"', [Phrase("a"), Phrase("b")]),
            ('"NOT this (or) -that min:5"', [Phrase("NOT this (or) -that min:5")]),
            ('""', []),
            ('" "', []),
        ],
    )
    def test_quotes_keep_words_together(self, text: str, expected: list[Node]) -> None:
        assert nodes(text) == expected


class TestAlternatives:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("a OR b", [option(A), option(B)]),
            ("a OR b OR c", [option(A), option(B), option(C)]),
            ("a OR -b", [option(A), option(B, Occur.NOT)]),
            ("-a OR +b", [option(A, Occur.NOT), option(B, Occur.MUST)]),
            ("a OR NOT b", [option(A), option(B, Occur.NOT)]),
            ('a OR "b c" OR author:x', [option(A), option(Phrase("b c")), option(Named("author", "x"))]),
        ],
    )
    def test_any_of_them_will_do(self, text: str, expected: list[tuple[Occur, Node]]) -> None:
        (node,) = nodes(text)
        assert options(node) == expected

    def test_they_join_their_neighbours_only(self) -> None:
        before, either, after = nodes("a a OR b c")
        assert (before, after) == (A, C)
        assert options(either) == [option(A), option(B)]

    @pytest.mark.parametrize("text", ["a OR", "OR a", "(OR a)", "OR OR a", "a OR ()"])
    def test_an_or_without_two_sides_joins_nothing(self, text: str) -> None:
        assert [each for node in nodes(text) for each in ([node] if node == A else [n for _, n in inner(node)])] == [A]

    def test_an_operator_that_only_sorts_is_no_side(self) -> None:
        assert nodes("a OR sort:date b") == [A, B]

    def test_a_bar_is_a_word_like_any_other(self) -> None:
        assert nodes("a | b") == [A, Word("|"), B]
        assert nodes("a|b") == [Word("a|b")]


class TestGroups:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("(a)", [("", A)]),
            ("(a b)", [("", A), ("", B)]),
            ("( a -b )", [("", A), ("-", B)]),
            ("(a NOT) b", [("", A)]),  # what a group leaves open ends with it
        ],
    )
    def test_parentheses_hold_clauses(self, text: str, expected: list[tuple[str, Node]]) -> None:
        assert inner(nodes(text)[0]) == expected

    def test_a_sign_before_a_group_is_the_groups(self) -> None:
        assert [sign for sign, _ in signs("+(a b) -(a c) NOT (b c) (a)")] == ["+", "-", "-", ""]

    def test_groups_stand_in_groups_and_beside_alternatives(self) -> None:
        either, last = nodes('(a OR (b "c d")) OR -(a) c')
        assert last == C
        (_, first), (occur, second) = options(either)
        assert (occur, inner(second)) == (Occur.NOT, [("", A)])
        ((_, deep),) = inner(first)
        (_, one), (_, other) = options(deep)
        assert one == A
        assert inner(other) == [("", B), ("", Phrase("c d"))]

    @pytest.mark.parametrize("text", ["()", "( )", "(())", "(NOT)", "(OR)"])
    def test_an_empty_group_says_nothing(self, text: str) -> None:
        assert nodes(text) == []

    def test_ten_are_as_deep_as_it_goes(self) -> None:
        (node,) = nodes("(" * DEEPEST + "a" + ")" * DEEPEST)
        for _ in range(DEEPEST):
            ((_, node),) = inner(node)
        assert node == A
        deeper = parse_on_day("(" * (DEEPEST + 1) + "a" + ")" * (DEEPEST + 1))
        assert [*deeper.list_texts()] == ["a"]
        assert [each.start for each in deeper.mistakes] == [
            DEEPEST,
            2 * DEEPEST + 2,
        ]  # the eleventh, and what closes it


PERIODS = [
    ("2026-08-20", date(2026, 8, 20), date(2026, 8, 21)),
    ("2026-8-2", date(2026, 8, 2), date(2026, 8, 3)),
    ("2026-08", date(2026, 8, 1), date(2026, 9, 1)),
    ("2026-12", date(2026, 12, 1), date(2027, 1, 1)),
    ("2026-02", date(2026, 2, 1), date(2026, 3, 1)),
    ("2026", date(2026, 1, 1), date(2027, 1, 1)),
    ("2024-02-29", date(2024, 2, 29), date(2024, 3, 1)),
    ("9998", date(9998, 1, 1), date(9999, 1, 1)),
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
    def test_days_are_from_the_first_up_to_the_one_after_the_last(self, value: str, first: date, end: date) -> None:
        assert nodes(f"day:{value}") == [Days(first, end)]
        assert nodes(f"after:{value}") == [Days(first, None)]
        assert nodes(f"before:{value}") == [Days(None, first)]

    @pytest.mark.parametrize(
        "value",
        [
            *("2026-02-31", "2026-02-29", "2026-13", "2026-00", "2026-00-05", "2026-08-00", "2026-08-32", "0000"),
            *("9999", "9999-12", "9999-12-31", "99999", "26", "2026-", "2026-08-", "2026-08-20-1", "2026/08/20"),
            *("20.8.2026", "august", "9999y", "99999d", "d", "7", "7x", "-7d", "tomorrow", "٣d0", "2026-08-20T12:00"),
        ],
    )
    @pytest.mark.parametrize("name", ["day", "after", "before"])
    def test_a_day_that_does_not_exist_is_told(self, name: str, value: str) -> None:
        assert wrong(f"a {name}:{value} b") == [(f"{name}:{value}", RIGHT_FORMS[name])]
        assert [each.node for each in parse_on_day(f"a {name}:{value} b").clauses] == [A, B]

    @pytest.mark.parametrize(("value", "least"), [("50", 50), ("0", 0), ("007", 7), ("999999", 999_999), ('"5"', 5)])
    def test_min_is_a_number_of_upvotes(self, value: str, least: int) -> None:
        assert nodes(f"min:{value}") == [Upvotes(least)]

    @pytest.mark.parametrize("value", ["", "x", "-5", "5.5", "1e3", "1000000", "9" * 5000, "٣", "²", "5k", "+5", "0x5"])
    def test_a_min_that_is_no_number_is_told(self, value: str) -> None:
        assert wrong(f"a min:{value}") == [(f"min:{value}", ("min:50",))]

    @pytest.mark.parametrize("what", HAS)
    def test_has_names_what_a_paper_comes_with(self, what: str) -> None:
        assert nodes(f"has:{what}") == nodes(f"HAS:{what.upper()}") == [Has(what)]

    @pytest.mark.parametrize("value", ["", "video", "code|media"])
    def test_what_no_paper_can_have_is_told(self, value: str) -> None:
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
    def test_names_are_read_as_they_were_typed(self, text: str, expected: Named) -> None:
        assert nodes(text) == [expected]

    @pytest.mark.parametrize("name", ["author", "org", "tag"])
    @pytest.mark.parametrize("value", ["", '""', '" "', "-", "...", "*"])
    def test_a_name_without_a_letter_is_told(self, name: str, value: str) -> None:
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
    def test_sort_is_no_clause(self, text: str, expected: Sort) -> None:
        assert nodes(f"a {text}") == [A]
        assert parse_on_day(f"a {text}").sort is expected

    @pytest.mark.parametrize("value", ["", "votes", "up", "dates"])
    def test_an_order_that_does_not_exist_is_told(self, value: str) -> None:
        assert wrong(f"sort:{value}") == [(f"sort:{value}", ("sort:relevance", "sort:upvotes", "sort:date"))]
        assert parse_on_day(f"sort:{value}").sort is Sort.RELEVANCE

    @pytest.mark.parametrize("form", [form for forms in RIGHT_FORMS.values() for form in forms])
    def test_the_right_forms_are_right(self, form: str) -> None:
        assert wrong(form) == []
        assert parse_on_day(form).clauses or form.startswith("sort:")
        assert all(form.startswith(f"{name}:") for name, forms in RIGHT_FORMS.items() for form in forms)


class TestMistakes:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ('find "flow matching', [('"flow matching', ('"flow matching"',))]),
            ('"', [('"', ('""',))]),
            ('author:"yann lecun', [('author:"yann lecun', ('author:"yann lecun"',))]),
            ('tag:"a" org:"b c', [('org:"b c', ('org:"b c"',))]),
            ("(a b", [("(", ("(this OR that)",))]),
            ("a) b", [(")", ("(this OR that)",))]),
            ("(a (b) c", [("(", ("(this OR that)",))]),
            ("(a) (b", [("(", ("(this OR that)",))]),
            ("((a) (b", [("(", ("(this OR that)",)), ("(", ("(this OR that)",))]),
            ("((a)", [("(", ("(this OR that)",))]),
            ("(a))", [(")", ("(this OR that)",))]),
            (")(", [(")", ("(this OR that)",)), ("(", ("(this OR that)",))]),
            ("autor:lecun", [("autor:lecun", ("author:lecun",))]),
            ("AUTHORS:LeCun", [("AUTHORS:LeCun", ("author:LeCun",))]),
            ('authors:"Yann LeCun"', [('authors:"Yann LeCun"', ('author:"Yann LeCun"',))]),
            ('tags:"vision"', [('tags:"vision"', ("tag:vision",))]),
            ("befor:2026", [("befor:2026", ("before:2026",))]),
            ("hass:code minn:5", [("hass:code", ("has:code",)), ("minn:5", ("min:5",))]),
            ("-autor:lecun", [("autor:lecun", ("author:lecun",))]),
            ("(day:32 x", [("day:32", ("day:2026-08-20",)), ("(", ("(this OR that)",))]),
        ],
    )
    def test_the_place_is_marked_and_a_right_form_is_shown(
        self, text: str, expected: list[tuple[str, tuple[str, ...]]]
    ) -> None:
        assert wrong(text) == expected

    def test_of_two_equal_pieces_the_wrong_one_is_marked(self) -> None:
        (mistake,) = parse_on_day("(a) b (c").mistakes
        assert (mistake.start, mistake.end) == (6, 7)

    def test_the_place_is_counted_in_the_text_as_it_is_shown(self) -> None:
        query = parse_on_day("  a\n\n  \ud800 min:x\t b ")
        assert query.text == "a min:x b"
        assert [(each.start, each.end) for each in query.mistakes] == [(2, 7)]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ('a "b c', [A, Phrase("b c")]),
            ('author:"yann lecun', [Named("author", "yann lecun")]),
            ("a) b", [A, B]),
            ("autor:lecun b", [B]),
            ("min:x day:32 has:y b", [B]),
        ],
    )
    def test_the_rest_of_the_query_stands(self, text: str, expected: list[Node]) -> None:
        assert [each.node for each in parse_on_day(text).clauses] == expected

    def test_an_unclosed_group_ends_with_the_text(self) -> None:
        assert inner(parse_on_day("(a (b) c").clauses[0].node) == [
            ("", A),
            ("", Group((Clause(B, typed="b"),))),
            ("", C),
        ]


class TestLength:
    def test_forty_words_are_read_and_the_rest_is_marked(self) -> None:
        query = parse_on_day(" ".join(f"w{number}" for number in range(50)))
        assert [word.text for word in query.words] == [f"w{number}" for number in range(MOST_WORDS)]
        (mistake,) = query.mistakes
        assert query.text[mistake.start : mistake.end].split() == [f"w{number}" for number in range(MOST_WORDS, 50)]
        assert mistake.corrections == ()

    @pytest.mark.parametrize(
        ("piece", "words"),
        [("a", 1), ("a*", 1), ('"a b"', 2), ("-a", 1), ("(a)", 1), ("x:y", 2), ("+x:y", 2), ("a-b-c-d", 4), ("+", 1)],
    )
    def test_forty_words_are_enough_however_they_are_put(self, piece: str, words: int) -> None:
        assert parse_on_day(" ".join([piece] * (MOST_WORDS // words))).mistakes == ()
        query = parse_on_day(" ".join([piece] * (MOST_WORDS // words + 3)))
        assert len(query.mistakes) == 1
        assert sum(max(1, len(re.findall(r"\w+", each))) for each in query.list_texts() if piece != "-a") in {
            0,
            MOST_WORDS,
        }
        assert len([*_leaves(query.clauses)]) == MOST_WORDS // words

    @pytest.mark.parametrize(
        ("text", "read"),
        [
            ('b "' + "a " * 41 + 'c" d', [B, Phrase(" ".join("a" * 39))]),
            ("b " + "a-" * 41 + "c d", [B, Word("-".join("a" * 39))]),
            ("b " + "a:" * 41 + "c d", [B, Word(":".join("a" * 39))]),
        ],
    )
    def test_no_phrase_and_no_word_is_longer_either(self, text: str, read: list[Node]) -> None:
        query = parse_on_day(text)
        assert [each.node for each in query.clauses] == read
        (mistake,) = query.mistakes
        assert query.text[mistake.start : mistake.end].replace(" ", "")[-2:] in ('"d', "cd")
        assert query.text[mistake.start :].count("a") == 2

    def test_the_forty_first_is_marked_whatever_it_is(self) -> None:
        text = "w " * MOST_WORDS
        for beyond in ("x:y z", '"z', "x:y"):
            assert wrong(text + beyond) == [(beyond, ())]

    def test_filters_are_read_after_any_number_of_words(self) -> None:
        query = parse_on_day("w " * 60 + "min:5 sort:date")
        assert query.clauses[-1].node == Upvotes(5)
        assert query.sort is Sort.DATE

    def test_the_forty_first_operator_is_marked_and_left_out(self) -> None:
        query = parse_on_day("min:5 " * (MOST_OPERATORS + 2) + "a")
        assert len(query.clauses) == MOST_OPERATORS + 1
        assert query.clauses[-1].node == A
        assert [each.corrections for each in query.mistakes] == [(), ()]

    def test_of_any_number_of_mistakes_twenty_are_told(self) -> None:
        query = parse_on_day("min:abc " * (MOST_MISTAKES + 5) + "a")
        assert len(query.mistakes) == MOST_MISTAKES == 20
        assert query.mistakes[0].start == 0
        assert query.clauses[-1].node == A

    def test_no_more_than_forty_alternatives_are_looked_for(self) -> None:
        (node,) = (each.node for each in parse_on_day(" OR ".join(["w"] * 60)).clauses)
        assert len(options(node)) == MOST_WORDS


def _leaves(clauses: Sequence[Clause]) -> list[Node]:
    found: list[Node] = []
    for each in clauses:
        match each.node:
            case AnyOf(options=below) | Group(clauses=below):
                found += _leaves(below)
            case node:
                found.append(node)
    return found


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
    def test_what_only_looks_like_one_names_none(self, text: str) -> None:
        assert parse_on_day(text).reference is None


def test_the_words_and_phrases_it_looks_for_are_those_not_ruled_out() -> None:
    query = parse_on_day('a -b +c "d e" -"f g" author:h (i OR -j OR "k l") -(m n) o* min:5 (-(p) (q))')
    assert [*query.list_texts()] == ["a", "c", "d e", "i", "k l", "o", "q"]


def test_the_words_that_rank_are_the_bare_ones() -> None:
    query = parse_on_day('a +b -c "d" e* author:f (g) h OR i')
    assert [*query.words] == [A, B, Word("e", prefix=True)]


class TestOrder:
    @pytest.mark.parametrize(
        "text", ["", "min:5", "author:a org:b", "-word", "author:a -word", '-"a b"', "(author:a OR tag:b)", "(-a)"]
    )
    def test_without_words_upvotes_decide(self, text: str) -> None:
        assert parse_on_day(text).order is Sort.UPVOTES
        assert parse_on_day(f"{text} sort:date").order is Sort.DATE

    @pytest.mark.parametrize("text", ["a", "+a", '"a"', "a*", "a min:5", "(a)", "a OR b", "(author:b OR a)", "-b (a)"])
    def test_words_are_ranked_by_relevance(self, text: str) -> None:
        assert parse_on_day(text).order is Sort.RELEVANCE
        assert parse_on_day(f"{text} sort:upvotes").order is Sort.UPVOTES


class TestRelaxing:
    def test_each_filter_is_left_out_and_then_all(self) -> None:
        relaxed = [
            [each.typed for each in query.clauses]
            for query, _ in parse_on_day("a min:5 -has:code b author:c").list_relaxed()
        ]
        assert relaxed == [
            ["a", "-has:code", "b", "author:c"],
            ["a", "min:5", "b", "author:c"],
            ["a", "min:5", "-has:code", "b"],
            ["a", "b"],
        ]

    @pytest.mark.parametrize("text", ["", "a", '+a "b c"', "min:5", "(a min:5)", "a -b"])
    def test_without_a_filter_or_anything_else_nothing_is_relaxed(self, text: str) -> None:
        assert [*parse_on_day(text).list_relaxed()] == []

    def test_what_was_left_out_is_told_as_typed(self) -> None:
        assert [left_out for _, left_out in parse_on_day("a min:5 -has:code").list_relaxed()] == [
            ("min:5",),
            ("-has:code",),
            ("min:5", "-has:code"),
        ]

    @pytest.mark.parametrize(("count", "ways"), [(4, 5), (5, 6), (6, 1), (40, 1)])
    def test_of_many_filters_none_is_left_out_alone(self, count: int, ways: int) -> None:
        relaxed = [*parse_on_day("a " + " ".join(f"min:{number}" for number in range(count))).list_relaxed()]
        assert len(relaxed) == ways
        assert len(relaxed[-1][1]) == count

    def test_the_order_stays(self) -> None:
        assert {query.sort for query, _ in parse_on_day("a min:5 sort:date").list_relaxed()} == {Sort.DATE}


def test_words_are_replaced_by_the_ones_they_are_taken_for() -> None:
    query = parse_on_day('atention "atention" author:atention -x atention*').correct_spelling({"atention": "attention"})
    assert [each.node for each in query.clauses] == [
        Word("attention"),
        Phrase("atention"),
        Named("author", "atention"),
        Word("x"),
        Word("attention", prefix=True),
    ]
    assert query.clauses[0].typed == "atention"


# Any text at all


def check(query: Query, text: str) -> None:
    """What holds for any text."""
    assert " ".join(query.text.split()) == query.text
    assert len(query.text) <= len(normalize("NFC", text))
    for mistake in query.mistakes:
        assert 0 <= mistake.start < mistake.end <= len(query.text)
        assert all(wrong(right) == [] for right in mistake.corrections if len(right) < 200)
    assert all(each.text.strip() == each.text for each in query.words)
    assert len([*query.list_texts()]) <= MOST_WORDS
    assert query.correct_spelling({}) == query
    assert all(len(each.clauses) < len(query.clauses) for each, _ in query.list_relaxed())
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


def test_of_many_words_with_colons_only_the_first_are_taken_for_misspelled_operators() -> None:
    slips = ["autor:lecun"] * (MOST_OPERATORS + 1)
    query = parse_on_day(" ".join([*["any:thing"] * (MOST_OPERATORS - 1), *slips]))
    assert [each.corrections for each in query.mistakes if each.corrections] == [("author:lecun",)]
    assert parse_on_day("autorautorautor:lecun").mistakes == ()


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_six_thousand_characters_of_anything_are_a_query(text: str) -> None:
    check(parse_on_day(text), text)
