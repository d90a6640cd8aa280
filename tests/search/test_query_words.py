"""The query language: words, phrases, alternatives and groups."""

import pytest

from bot.search.parser import MAX_DEPTH
from bot.search.query import Clause, Group, Has, Named, Node, Occur, Phrase, Word
from tests.support.indexes import parse_on_day
from tests.support.parsed import inner, nodes, options


def words(text: str) -> list[str]:
    """The words that rank; checks that `text` is nothing but words."""
    assert all(isinstance(node, Word) and not node.prefix for node in nodes(text))
    assert all(each.occur is Occur.SHOULD for each in parse_on_day(text).clauses)
    return [word.text for word in parse_on_day(text).words]


def signs(text: str) -> list[tuple[str, Node]]:
    """Each clause with `+` where it is demanded and `-` where it is ruled out."""
    marks = {Occur.SHOULD: "", Occur.MUST: "+", Occur.NOT: "-"}
    return [(marks[each.occur], each.node) for each in parse_on_day(text).clauses]


def option(node: Node, occur: Occur = Occur.SHOULD) -> tuple[Occur, Node]:
    return occur, node


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
    def test_a_star_ends_an_incomplete_word(self, text: str, expected: list[Node]) -> None:
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
    def test_words_can_be_required_and_excluded(self, text: str, expected: list[tuple[str, Node]]) -> None:
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
    def test_quotes_make_a_phrase(self, text: str, expected: list[Node]) -> None:
        assert nodes(text) == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ('a "b"', [("", A), ("", Word("b", quoted=True))]),
            ('"b" a "c"', [("", Word("b", quoted=True)), ("", A), ("", Word("c", quoted=True))]),
            ('a "b', [("", A), ("", Word("b", quoted=True))]),
            ('a "GPT-4"', [("", A), ("", Word("GPT-4", quoted=True))]),
            ('a "b c"', [("", A), ("", Phrase("b c"))]),  # a phrase demands
            ('"b"', [("", Phrase("b"))]),  # and so does a word alone,
            ('"b" has:code', [("", Phrase("b")), ("", Has("code"))]),  # beside operators,
            ('+a "b"', [("+", A), ("", Phrase("b"))]),  # or beside others that are demanded
            ('a +"b" -"c"', [("", A), ("+", Phrase("b")), ("-", Phrase("c"))]),
        ],
    )
    def test_one_quoted_word_among_others_only_ranks(self, text: str, expected: list[tuple[str, Node]]) -> None:
        assert signs(text) == expected

    def test_a_quoted_word_in_parentheses_looks_at_its_neighbours_there(self) -> None:
        assert inner(nodes('("b" a) c')[0]) == [("", Word("b", quoted=True)), ("", A)]
        assert inner(nodes('("b") c')[0]) == [("", Phrase("b"))]


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
    def test_an_or_makes_alternatives(self, text: str, expected: list[tuple[Occur, Node]]) -> None:
        (node,) = nodes(text)
        assert options(node) == expected

    def test_an_or_joins_only_its_neighbours(self) -> None:
        before, either, after = nodes("a a OR b c")
        assert (before, after) == (A, C)
        assert options(either) == [option(A), option(B)]

    @pytest.mark.parametrize("text", ["a OR", "OR a", "(OR a)", "OR OR a", "a OR ()"])
    def test_an_or_without_two_sides_joins_nothing(self, text: str) -> None:
        assert [each for node in nodes(text) for each in ([node] if node == A else [n for _, n in inner(node)])] == [A]

    def test_an_operator_that_only_sorts_is_no_side(self) -> None:
        assert nodes("a OR sort:date b") == [A, B]

    def test_a_vertical_bar_is_an_ordinary_word(self) -> None:
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
    def test_parentheses_make_a_group(self, text: str, expected: list[tuple[str, Node]]) -> None:
        assert inner(nodes(text)[0]) == expected

    def test_a_sign_before_a_group_applies_to_the_group(self) -> None:
        assert [sign for sign, _ in signs("+(a b) -(a c) NOT (b c) (a)")] == ["+", "-", "-", ""]

    def test_groups_can_be_in_groups_and_beside_alternatives(self) -> None:
        either, last = nodes('(a OR (b "c d")) OR -(a) c')
        assert last == C
        (_, first), (occur, second) = options(either)
        assert (occur, inner(second)) == (Occur.NOT, [("", A)])
        ((_, deep),) = inner(first)
        (_, one), (_, other) = options(deep)
        assert one == A
        assert inner(other) == [("", B), ("", Phrase("c d"))]

    @pytest.mark.parametrize("text", ["()", "( )", "(())", "(NOT)", "(OR)"])
    def test_an_empty_group_is_left_out(self, text: str) -> None:
        assert nodes(text) == []

    def test_groups_can_be_ten_deep_and_no_deeper(self) -> None:
        (node,) = nodes("(" * MAX_DEPTH + "a" + ")" * MAX_DEPTH)
        for _ in range(MAX_DEPTH):
            ((_, node),) = inner(node)
        assert node == A
        deeper = parse_on_day("(" * (MAX_DEPTH + 1) + "a" + ")" * (MAX_DEPTH + 1))
        assert [*deeper.list_texts()] == ["a"]
        assert [each.start for each in deeper.mistakes] == [
            MAX_DEPTH,
            2 * MAX_DEPTH + 2,
        ]  # the eleventh, and what closes it


@pytest.mark.parametrize("text", ['"whales" "that sing"', '"whales" "sing"', 'one "whales" +"sing"', '("a b") "c" "d"'])
def test_without_quotes_a_query_is_read_as_if_it_were_typed_so(text: str) -> None:
    for restriction in parse_on_day(text).list_restrictions():
        typed = parse_on_day(restriction.rest.text)
        assert [each.node for each in restriction.rest.clauses] == [each.node for each in typed.clauses]
