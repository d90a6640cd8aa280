"""Which papers a query finds: by words, half words and titles."""

from pathlib import Path

import pytest

from bot.papers import Paper
from bot.search import SearchIndex, parse_query
from tests.support.builders import DAY, paper
from tests.support.indexes import (
    APART,
    ATTENTION,
    CHINESE,
    DATA,
    GRAPHS,
    MODELS,
    MOLECULES,
    ROBOTS,
    SAMPLE_PAPERS,
    find,
    ids,
    open_index,
    parse_on_day,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("diffusion", [MOLECULES]),
        ("DIFFUSION", [MOLECULES]),
        ("molecule", [MOLECULES]),  # inflections
        ("runs", [ROBOTS]),
        ("graphing", [GRAPHS]),
        ("trained", [DATA]),
        ("jose", [MOLECULES]),  # accents
        ("nandu garcia", [MOLECULES]),
        ("José", [MOLECULES]),
        ("zhang", [MOLECULES]),
        ("uber", [MODELS]),
        ("naive", [MODELS]),
        ("Bäyes", [MODELS]),
        ("scaling", [DATA]),  # tags
        ("robot lab", [ROBOTS]),  # organisation
        ("message passing", [GRAPHS]),  # AI summary
        ("注意力机制", [CHINESE, ATTENTION, DATA]),
        ("бета", [CHINESE]),
        ("αλφα", [CHINESE]),
        ('"neural networks"', [GRAPHS]),
        ('"NEURAL network"', [GRAPHS]),
        ('"all you need"', [ATTENTION]),
        ('"need you"', []),
        ('"graphs message"', [GRAPHS]),  # the summary goes on after the abstract
        ("neural -graphs", [APART]),
        ("graphs NOT neural", []),
        ("neural (-graphs)", [APART]),
        ("(graph OR language) -neural", [DATA]),
        ("title:attention", [ATTENTION, DATA]),
        ("2601.00010", [ATTENTION]),
        ("2601.00010v3", [ATTENTION]),
        ("arXiv:2601.00010", [ATTENTION]),
        ("https://arxiv.org/abs/2601.00010", [ATTENTION]),
        ("was it https://hf.co/papers/2601.00010?", [ATTENTION]),
        ("diffusion 2601.00010 min:9999", [ATTENTION]),
        ("2601.99999", []),
        ("nothing-of-the-kind", []),
        ("   ", [ATTENTION, DATA, MOLECULES, ROBOTS, GRAPHS, APART, MODELS, CHINESE]),
        ("🔥", []),
        ("-", []),
        ("**", []),
        ("!*", []),
        ("x" * 80 + "*", []),
        ('"..."', []),
    ],
)
def test_papers_are_found_by_the_words_of_any_field(index: SearchIndex, text: str, expected: list[str]) -> None:
    found = find(index, text)
    assert set(found.ids) == set(expected)
    assert found.total == len(found.ids) == len(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("atten*", {ATTENTION, DATA}),
        ("ATTEN*", {ATTENTION, DATA}),
        ("attention*", {ATTENTION, DATA}),
        ("mole*", {MOLECULES}),
        ("garcí*", {MOLECULES}),  # an author
        ("scal*", {DATA}),  # a tag
        ("üb*", {MODELS}),
        ("message-pas*", {GRAPHS}),  # whole words, then half a one
        ("message-xyz*", set()),
        ("+neur* -pass*", {APART}),
        ("ttention*", set()),
    ],
)
def test_a_star_finds_every_word_that_begins_with_the_letters_before_it(
    index: SearchIndex, text: str, expected: set[str]
) -> None:
    assert set(ids(index, text)) == expected


@pytest.mark.parametrize(
    "text", ["attention", "networks neural", "robots run", "jose diffusion", "bayes modelle", "data"]
)
def test_case_does_not_matter(index: SearchIndex, text: str) -> None:
    assert find(index, text) == find(index, text.upper()) == find(index, text.title())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("diffusion", {MOLECULES}),
        ("diffusion graphs", set()),  # a filter demands every word
        ("diffusion OR graphs", {MOLECULES, GRAPHS}),
        (MOLECULES, {MOLECULES}),  # one paper
        (f"graphs OR {MOLECULES}", {GRAPHS}),  # of an id among words the words count
        ("astronomy", set()),
    ],
)
def test_a_filter_takes_papers_that_have_all_of_its_words(index: SearchIndex, text: str, expected: set[str]) -> None:
    assert index.find_matching_ids(parse_query(text, DAY), [MOLECULES, GRAPHS, ROBOTS]) == expected


def test_one_quoted_word_among_others_excludes_nothing_and_comes_first_as_it_was_typed(tmp_path: Path) -> None:
    papers = [
        paper("2601.00010", title="Meshes like Artists Create, Autoregressively"),
        paper("2601.00020", title="Meshes of Anything"),
        paper("2601.00030", title="A Mesh of Wires"),
    ]
    with open_index(tmp_path, papers) as index:
        assert ids(index, 'mesh like artists create "anything" something')[0] == "2601.00010"
        assert set(ids(index, 'meshes "wires"')) == {each.id for each in papers}
        assert ids(index, 'wires "mesh"')[0] == "2601.00030"
        assert ids(index, 'something "mesh"') == ["2601.00030", *ids(index, 'something "meshes"')[:2]]
        assert ids(index, 'meshes +"anything"') == ["2601.00020"]
        assert ids(index, 'meshes -"anything"') == ["2601.00010", "2601.00030"]
        assert index.find_matching_ids(parse_query('mesh "anything"', DAY), [each.id for each in papers]) == {
            "2601.00020"  # a filter demands every word
        }


def test_a_title_typed_with_its_punctuation_is_found(tmp_path: Path) -> None:
    papers = [
        *SAMPLE_PAPERS,
        paper("2601.00090", title="Parrot: Attention - All of It"),
        paper("2601.00100", title="It"),
        paper("2601.00110", title='Is "More" (Really) +More? 100% -- a/b Study | OR NOT'),
    ]
    with open_index(tmp_path, papers) as index:
        assert ids(index, "Parrot: Attention - All of It")[0] == "2601.00090"
        assert ids(index, "Parrot: it")[0] == "2601.00090"
        assert "2601.00090" in ids(index, "Nobody - Parrot")
        assert "2601.00090" not in ids(index, "all -parrot")
        for title in (each.title for each in papers[:-2]):
            assert index.find_papers(parse_on_day(title), limit=1).ids == (
                next(each.id for each in papers if each.title == title),
            )
        assert ids(index, 'Is "More" (Really) +More? 100% -- a/b Study')[0] == "2601.00110"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "(diffusion",
            "diffusion)",
            '"diffusion',
            "diffusion OR",
            "((( diffusion",
            "min:x diffusion",
            "autor:x diffusion",
        ),
        *(
            "diffusion AND",
            "day:2026-02-31 diffusion",
            "has:nothing diffusion",
            "sort:well diffusion",
            "nope:x diffusion",
        ),
    ],
)
def test_a_mistake_in_a_query_does_not_hide_what_its_words_find(index: SearchIndex, text: str) -> None:
    assert MOLECULES in ids(index, text)


def test_a_paper_with_every_field_full_can_be_found(tmp_path: Path) -> None:
    long = Paper(
        "2601.00100",
        title="T" * 500,
        abstract="word " * 5000,
        day=DAY,
        authors=tuple(f"Author Number{n}" for n in range(664)),
        tags=("x" * 300,),
        organization="O" * 200,
        upvotes=2**31,
    )
    with open_index(tmp_path, [long]) as index:
        for text in ("Number663", "word", "author:number663", "min:999999", "a -b"):
            assert ids(index, text) == ["2601.00100"], text


def test_a_changed_paper_is_found_by_its_new_words_only(tmp_path: Path) -> None:
    with open_index(tmp_path, SAMPLE_PAPERS) as index:
        index.add_papers([(9, paper(MOLECULES, title="Flows for Proteins"))])
        assert ids(index, "diffusion") == []
        assert ids(index, "proteins") == [MOLECULES]
        assert find(index, "").total == len(SAMPLE_PAPERS)
