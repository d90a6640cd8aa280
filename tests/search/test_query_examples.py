"""How `like:` is read: with any reference to a paper, beside other things, and what is wrong with it."""

import pytest

from bot.search import RIGHT_FORMS, Sort
from bot.search.query import Like, Occur, Part, Word
from tests.support.indexes import parse_on_day
from tests.support.parsed import inner, nodes, options, wrong

LIKE = Like("2605.29801")


@pytest.mark.parametrize(
    "value",
    [
        "2605.29801",
        "2605.29801v2",
        "arXiv:2605.29801",
        "https://arxiv.org/abs/2605.29801v3",
        "https://arxiv.org/pdf/2605.29801.pdf#page=2",
        "https://hf.co/papers/2605.29801?x=y",
        "10.48550/arXiv.2605.29801",
        '"https://huggingface.co/papers/2605.29801"',
        " 2605.29801",
    ],
)
def test_every_reference_to_a_paper_names_the_example(value: str) -> None:
    for text in (f"like:{value}", f"LIKE:{value} ", f"like:{value} min:50", f"a like:{value}"):
        query = parse_on_day(text)
        assert LIKE in [each.node for each in query.clauses], text
        assert query.mistakes == ()
        assert query.reference is None  # the query is about papers like it
        assert not query.has_foreign_link


@pytest.mark.parametrize("value", ["", "foo", "2605", "cs/0112017", "https://a.example/2605.29801", "10.1000/182"])
def test_what_names_no_paper_is_marked_as_a_mistake(value: str) -> None:
    assert wrong(f"a like:{value} b") == [(f"like:{value}", RIGHT_FORMS["like"])]
    assert parse_on_day(f"like:{value}").has_foreign_link is False


def test_examples_run_together_are_taken_apart_in_the_correction() -> None:
    assert wrong("like:2605.29801,2605.29802") == [("like:2605.29801,2605.29802", ("like:2605.29801 like:2605.29802",))]


def test_a_misspelled_operator_is_corrected() -> None:
    assert wrong("lik:2605.29801") == [("lik:2605.29801", ("like:2605.29801",))]
    assert wrong("lik:foo") == []


def test_examples_stand_in_groups_after_or_and_after_not() -> None:
    (group, away) = parse_on_day("(like:2605.29801 OR like:2605.00001) -like:2605.00002").clauses
    ((_, either),) = inner(group.node)
    assert options(either) == [(Occur.SHOULD, LIKE), (Occur.SHOULD, Like("2605.00001"))]
    assert (away.node, away.occur) == (Like("2605.00002"), Occur.NOT)


def test_a_query_knows_its_examples() -> None:
    query = parse_on_day("like:2605.29801 (like:2605.00001 OR a) -like:2605.00002 like:2605.29801")
    assert query.list_examples() == ("2605.29801", "2605.00001")
    assert query.list_all_examples() == ("2605.29801", "2605.00001", "2605.00002")


def test_papers_like_an_example_are_sorted_by_likeness_unless_the_query_says_otherwise() -> None:
    assert parse_on_day("like:2605.29801 min:5").order is Sort.RELEVANCE
    assert parse_on_day("-like:2605.29801 min:5").order is Sort.UPVOTES
    assert parse_on_day("like:2605.29801 sort:date").order is Sort.DATE


def test_several_examples_are_left_out_together_because_each_of_them_finds_more() -> None:
    query = parse_on_day("like:2605.29801 min:5 like:2605.00001 a")
    assert [(each.part, each.typed, each.rest.text) for each in query.list_restrictions()] == [
        (Part.OTHER, "like:2605.29801 like:2605.00001", "min:5 a"),
        (Part.MINIMUM, "min:5", "like:2605.29801 like:2605.00001 a"),
    ]
    assert [typed for _, typed in query.list_relaxed_queries()] == [
        ("min:5",),
        ("like:2605.29801", "like:2605.00001"),
        ("like:2605.29801", "min:5", "like:2605.00001"),
    ]
    assert [typed for _, typed in query.list_queries_without_a_clause()] == [
        "like:2605.29801 like:2605.00001",
        "min:5",
        "a",
    ]


def test_only_the_words_of_a_query_with_an_example_are_its_words() -> None:
    assert [*parse_on_day("like:2605.29801 a").list_texts()] == ["a"]
    assert nodes("like a") == [Word("like"), Word("a")]
