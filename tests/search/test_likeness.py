"""`like:` finds the papers like an example that are above the bar, nearest first, with and without vectors."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.papers import Paper
from bot.search import LIKENESS_BAR, Encoder, SearchIndex
from tests.support.builders import paper
from tests.support.encoders import CountingEncoder, understood
from tests.support.indexes import OTHERS, find, ids, in_pages, open_index, parse_on_day

CATS, KITTENS, TIGERS, ROUTES, ROADS = (f"2601.000{number}0" for number in range(1, 6))
PAPERS = (
    paper(
        CATS,
        title="Feline Behaviour at Home",
        abstract="Domestic felines purr, meow and scratch; we film felines at night and label each purr.",
        tags=("ethology",),
        upvotes=5,
    ),
    paper(
        KITTENS,
        title="Feline Behaviour of Kittens",
        abstract="We film felines when young, and label each purr and scratch of domestic kittens.",
        tags=("ethology",),
        upvotes=50,
    ),
    paper(TIGERS, title="Tigers", abstract="Large felines of the forest hunt alone.", upvotes=9),
    paper(
        ROUTES,
        title="Shortest Routes in Road Networks",
        abstract="We index junctions, so that routing over a road network takes a microsecond.",
        upvotes=7,
    ),
    paper(
        ROADS,
        title="Routing on Road Networks with Traffic",
        abstract="Junctions and traffic change; routing over the road network takes a microsecond, also with an index.",
        upvotes=70,
    ),
)
EVERY = (*PAPERS, *OTHERS)
KNOWN = {each.id: each for each in EVERY}


@pytest.fixture(scope="module", params=["words", "meaning"])
def index(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, encoder: Encoder
) -> Iterator[SearchIndex]:
    meaning = understood(EVERY, encoder) if request.param == "meaning" else None
    with open_index(tmp_path_factory.mktemp(request.param), EVERY, meaning) as opened:
        yield opened


class TestFinding:
    def test_the_papers_like_an_example_are_found_nearest_first(self, index: SearchIndex) -> None:
        assert ids(index, f"like:{CATS}")[:2] == [CATS, KITTENS]
        assert ids(index, f"like:https://arxiv.org/abs/{ROUTES}v2")[:2] == [ROUTES, ROADS]
        assert not {ROUTES, ROADS} & {*ids(index, f"like:{CATS}", 100)}

    def test_to_be_like_one_of_several_examples_is_enough(self, index: SearchIndex) -> None:
        both = in_pages(index, f"like:{CATS} like:{ROUTES}")
        assert {CATS, KITTENS, ROUTES, ROADS} <= {*both}
        assert {*both} == {*in_pages(index, f"like:{CATS} OR like:{ROUTES}")}
        assert ids(index, f"+like:{CATS} +like:{ROUTES}") == []

    def test_what_is_like_an_example_can_be_pushed_away(self, index: SearchIndex) -> None:
        left = {*in_pages(index, f"-like:{CATS}")}
        assert not left & {CATS, KITTENS}
        assert {ROUTES, ROADS} <= left
        assert ids(index, f"like:{ROUTES} -like:{ROADS}") == []
        assert {*ids(index, f"(like:{CATS} OR like:{ROUTES}) NOT like:{ROADS}")} >= {CATS, KITTENS}

    def test_other_operators_and_words_count_beside_it(self, index: SearchIndex) -> None:
        assert ids(index, f"like:{CATS} min:20") == [KITTENS]
        assert ids(index, f"like:{CATS} tag:ethology sort:upvotes") == [KITTENS, CATS]
        assert ids(index, f"like:{CATS} kittens")[0] == KITTENS
        assert ids(index, f'like:{CATS} "road networks"') == []
        assert ids(index, f"like:{ROUTES} traffic")[0] == ROADS

    def test_what_only_an_alternative_matches_comes_after_what_is_like_the_example(self, index: SearchIndex) -> None:
        found = in_pages(index, f"like:{CATS} OR min:60")
        assert found[0] == CATS
        assert found[-1] == ROADS

    def test_it_says_how_many_there_are_on_every_page(self, index: SearchIndex) -> None:
        pages = in_pages(index, f"like:{CATS} like:{ROUTES}", size=2)
        assert len(pages) == len({*pages}) == find(index, f"like:{CATS} like:{ROUTES}").total

    def test_nothing_is_like_a_paper_that_nobody_knows(self, index: SearchIndex) -> None:
        assert ids(index, "like:2699.00001") == []
        assert find(index, "-like:2699.00001").total == len(EVERY)
        assert index.measure_likeness(["2699.00001"], [CATS]) == {}
        assert index.measure_likeness([CATS], ["2699.00001"]) == {}

    def test_the_most_upvoted_paper_like_an_example_is_known(self, index: SearchIndex) -> None:
        day = PAPERS[0].day
        assert day
        assert index.find_most_upvoted(parse_on_day(f"like:{ROUTES}"), day, day).ids == (ROADS,)


class TestMeasuring:
    def test_a_paper_is_as_like_itself_as_can_be(self, index: SearchIndex) -> None:
        assert index.measure_likeness([CATS], [CATS])[CATS].value > 0.99

    def test_the_nearest_example_counts(self, index: SearchIndex) -> None:
        measured = index.measure_likeness([ROUTES, CATS], [KITTENS, ROADS])
        assert {paper_id: each.example for paper_id, each in measured.items()} == {KITTENS: CATS, ROADS: ROUTES}
        assert all(LIKENESS_BAR <= each.value <= 1 for each in measured.values())

    def test_many_examples_are_measured_as_each_alone_is(self, index: SearchIndex) -> None:
        known = [*KNOWN]
        together = index.measure_each_likeness(known, known)
        for example in known[:12]:
            assert together[example] == index.measure_each_likeness([example], known)[example]

    def test_similar_papers_are_measured_by_the_same_function(self, index: SearchIndex) -> None:
        similar = index.find_similar_papers(KNOWN[CATS], limit=5)
        measured = index.measure_likeness([CATS], [*similar])
        assert {each: found.value for each, found in similar.items()} == pytest.approx(
            {each: found.value for each, found in measured.items()}
        )
        assert CATS not in similar


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([*KNOWN, "2699.00001"]), min_size=1, max_size=3),
    st.lists(st.sampled_from([*KNOWN, "2699.00001"]), max_size=2),
    st.sets(st.sampled_from([*KNOWN])),
)
def test_a_filter_matches_just_the_papers_that_reach_the_bar(
    index: SearchIndex, like: list[str], unlike: list[str], among: set[str]
) -> None:
    query = parse_on_day(" ".join([*(f"like:{each}" for each in like), *(f"-like:{each}" for each in unlike)]))
    near, far = (
        {each for each, found in index.measure_likeness(examples, among).items() if found.value >= LIKENESS_BAR}
        for examples in (like, unlike)
    )
    assert index.find_matching_ids(query, among) == near - far


def test_no_text_is_encoded_that_has_a_vector(tmp_path: Path, encoder: Encoder) -> None:
    counting = CountingEncoder(encoder)
    meaning = understood(EVERY, counting)
    with open_index(tmp_path, EVERY, meaning) as index:
        counting.given.clear()
        assert ids(index, f"like:{CATS} min:20") == [KITTENS]
        assert index.measure_likeness([CATS], [KITTENS])
        assert index.find_similar_papers(KNOWN[CATS], limit=3)
        assert counting.given == []


def test_a_paper_without_a_vector_yet_is_compared_by_its_words(tmp_path: Path, encoder: Encoder) -> None:
    with open_index(tmp_path / "some", EVERY, understood(EVERY[1:], encoder)) as index:
        by_words = index.measure_likeness([CATS], [KITTENS])
    with open_index(tmp_path / "none", EVERY) as index:
        assert index.measure_likeness([CATS], [KITTENS]) == by_words


@pytest.mark.parametrize("title", ["", "?", "the of", "🔥"])
def test_a_paper_without_words_is_like_no_other(tmp_path: Path, title: str) -> None:
    bare: Paper = replace(PAPERS[0], id="2601.00090", title=title, abstract="", tags=())
    with open_index(tmp_path, [*EVERY, bare]) as index:
        assert ids(index, f"like:{bare.id}") == []
        assert index.find_matching_ids(parse_on_day(f"-like:{bare.id}"), [CATS]) == {CATS}
