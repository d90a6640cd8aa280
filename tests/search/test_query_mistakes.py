"""The query language: what is wrong is marked, and what is too long is left out."""

import re
from collections.abc import Sequence

import pytest

from bot.search import RIGHT_FORMS, Sort
from bot.search.parser import MAX_MISTAKES, MAX_OPERATORS, MAX_WORDS
from bot.search.query import AnyOf, Clause, Group, Named, Node, Phrase, Upvotes, Word
from tests.support.indexes import parse_on_day
from tests.support.parsed import inner, options, wrong

A, B, C = Word("a"), Word("b"), Word("c")


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
            ('autor:"a (b)"', [('autor:"a (b)"', ('author:"a (b)"',))]),
            ('AUTO:"0)', [('AUTO:"0)', ('author:"0)"',))]),
            ("AUTHORS:LeCun", [("AUTHORS:LeCun", ("author:LeCun",))]),
            ('authors:"Yann LeCun"', [('authors:"Yann LeCun"', ('author:"Yann LeCun"',))]),
            ('tags:"vision"', [('tags:"vision"', ("tag:vision",))]),
            ("befor:2026", [("befor:2026", ("before:2026",))]),
            ("hass:code minn:5", [("hass:code", ("has:code",)), ("minn:5", ("min:5",))]),
            ("-autor:lecun", [("autor:lecun", ("author:lecun",))]),
            ("(day:32 x", [("day:32", RIGHT_FORMS["day"]), ("(", ("(this OR that)",))]),
        ],
    )
    def test_a_mistake_is_marked_and_a_right_form_is_shown(
        self, text: str, expected: list[tuple[str, tuple[str, ...]]]
    ) -> None:
        assert wrong(text) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "BERT: pre-training",
            "BERT:pre-training",
            "Note: this",
            "3:1",
            "Sora:physics",
            "ELMo:words",
            "hash:tables",
            "mini:gpt",
            "sorted:lists",
            "Reformer:efficient",
        ],
    )
    def test_a_colon_after_a_word_that_is_no_operator_is_prose(self, text: str) -> None:
        query = parse_on_day(text)
        assert query.mistakes == ()
        assert " ".join(query.list_texts()) == text

    @pytest.mark.parametrize(
        "text", ["author:", 'author:""', "-org:", "min:", "sort:", "has: code", "(day:)", "AFTER:"]
    )
    def test_an_operator_without_a_value_is_a_mistake_and_looks_for_nothing(self, text: str) -> None:
        query = parse_on_day(text)
        name = text.strip("-()").partition(":")[0].lower()
        assert query.mistakes[0].corrections == RIGHT_FORMS[name]
        assert query.looks_for_something == ("code" in text)

    def test_of_two_equal_parts_the_wrong_one_is_marked(self) -> None:
        (mistake,) = parse_on_day("(a) b (c").mistakes
        assert (mistake.start, mistake.end) == (6, 7)

    def test_the_place_of_a_mistake_counts_in_the_text_as_it_is_shown(self) -> None:
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
    def test_the_rest_of_a_query_with_a_mistake_is_used(self, text: str, expected: list[Node]) -> None:
        assert [each.node for each in parse_on_day(text).clauses] == expected

    def test_a_group_that_is_not_closed_ends_with_the_text(self) -> None:
        assert inner(parse_on_day("(a (b) c").clauses[0].node) == [
            ("", A),
            ("", Group((Clause(B, typed="b"),))),
            ("", C),
        ]


class TestLength:
    def test_forty_words_are_read_and_the_rest_is_marked(self) -> None:
        query = parse_on_day(" ".join(f"w{number}" for number in range(50)))
        assert [word.text for word in query.words] == [f"w{number}" for number in range(MAX_WORDS)]
        (mistake,) = query.mistakes
        assert query.text[mistake.start : mistake.end].split() == [f"w{number}" for number in range(MAX_WORDS, 50)]
        assert mistake.corrections == ()

    @pytest.mark.parametrize(
        ("piece", "words"),
        [("a", 1), ("a*", 1), ('"a b"', 2), ("-a", 1), ("(a)", 1), ("x:y", 2), ("+x:y", 2), ("a-b-c-d", 4), ("+", 1)],
    )
    def test_forty_words_are_read_however_they_are_written(self, piece: str, words: int) -> None:
        assert parse_on_day(" ".join([piece] * (MAX_WORDS // words))).mistakes == ()
        query = parse_on_day(" ".join([piece] * (MAX_WORDS // words + 3)))
        assert len(query.mistakes) == 1
        assert sum(max(1, len(re.findall(r"\w+", each))) for each in query.list_texts() if piece != "-a") in {
            0,
            MAX_WORDS,
        }
        assert len([*_leaves(query.clauses)]) == MAX_WORDS // words

    @pytest.mark.parametrize(
        ("text", "read"),
        [
            ('b "' + "a " * 41 + 'c" d', [B, Phrase(" ".join("a" * 39))]),
            ("b " + "a-" * 41 + "c d", [B, Word("-".join("a" * 39))]),
            ("b " + "a:" * 41 + "c d", [B, Word(":".join("a" * 39))]),
        ],
    )
    def test_phrases_and_joined_words_also_end_after_forty_words(self, text: str, read: list[Node]) -> None:
        query = parse_on_day(text)
        assert [each.node for each in query.clauses] == read
        (mistake,) = query.mistakes
        assert query.text[mistake.start : mistake.end].replace(" ", "")[-2:] in ('"d', "cd")
        assert query.text[mistake.start :].count("a") == 2

    def test_the_forty_first_word_is_marked_whatever_it_is(self) -> None:
        text = "w " * MAX_WORDS
        for beyond in ("x:y z", '"z', "x:y"):
            assert wrong(text + beyond) == [(beyond, ())]

    def test_filters_are_read_after_any_number_of_words(self) -> None:
        query = parse_on_day("w " * 60 + "min:5 sort:date")
        assert query.clauses[-1].node == Upvotes(5)
        assert query.sort is Sort.DATE

    def test_the_forty_first_operator_is_marked_and_left_out(self) -> None:
        query = parse_on_day("min:5 " * (MAX_OPERATORS + 2) + "a")
        assert len(query.clauses) == MAX_OPERATORS + 1
        assert query.clauses[-1].node == A
        assert [each.corrections for each in query.mistakes] == [(), ()]

    def test_at_most_twenty_mistakes_are_shown(self) -> None:
        query = parse_on_day("min:abc " * (MAX_MISTAKES + 5) + "a")
        assert len(query.mistakes) == MAX_MISTAKES == 20
        assert query.mistakes[0].start == 0
        assert query.clauses[-1].node == A

    def test_at_most_forty_alternatives_are_read(self) -> None:
        (node,) = (each.node for each in parse_on_day(" OR ".join(["w"] * 60)).clauses)
        assert len(options(node)) == MAX_WORDS


def _leaves(clauses: Sequence[Clause]) -> list[Node]:
    found: list[Node] = []
    for each in clauses:
        match each.node:
            case AnyOf(options=below) | Group(clauses=below):
                found += _leaves(below)
            case node:
                found.append(node)
    return found
