"""How many papers a search says it found: those with all the words, and those that come close."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.search import Meaning, SearchIndex
from tests.support.builders import paper
from tests.support.encoders import RandomEncoder
from tests.support.indexes import find, ids, in_pages, open_index

BOTH = [paper(f"2601.{n:05}", title=f"World Models {n}", abstract="They dream.") for n in range(1, 8)]
ONE = [paper(f"2602.{n:05}", title=f"Language {n}", abstract="Our many models.") for n in range(1, 200)]
JOINED = [paper("2603.00001", title="WorldModels", abstract="Written as one.")]


@pytest.fixture(scope="module", params=[None, RandomEncoder()], ids=["by words", "with meaning"])
def archive(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[SearchIndex]:
    """Eight papers about world models, and many more about models; `with meaning`, no vector is there yet."""
    meaning = Meaning(request.param) if request.param else None
    with open_index(tmp_path_factory.mktemp("archive"), [*BOTH, *ONE, *JOINED], meaning) as opened:
        yield opened


def test_papers_with_all_the_words_are_counted_and_noise_is_left_out(archive: SearchIndex) -> None:
    found = find(archive, "world models")
    assert found.complete == 8
    assert found.total == 20  # four pages: so few are never noise


def test_papers_with_all_the_words_come_before_those_with_some(archive: SearchIndex) -> None:
    assert {*ids(archive, "world models", 8)} == {each.id for each in [*BOTH, *JOINED]}


def test_one_word_is_simply_counted(archive: SearchIndex) -> None:
    found = find(archive, "models")
    assert (found.complete, found.total) == (None, 206)
    assert find(archive, "worldmodels").complete is None


def test_where_no_paper_has_all_the_words_the_nearest_are_found(archive: SearchIndex) -> None:
    found = find(archive, "dream language models")
    assert found.complete == 0
    assert 20 <= found.total <= 107
    assert find(archive, "dream language sort:upvotes").complete == 0


def test_papers_with_all_the_words_are_all_found_however_many(archive: SearchIndex) -> None:
    found = find(archive, "language models")
    assert found.complete == len(ONE)
    assert len({*in_pages(archive, "language models", 7)}) == found.total >= len(ONE)


@pytest.mark.parametrize("text", ["world min:0 models", "world models -language", "what is the world of models"])
def test_what_is_not_a_word_to_rank_by_does_not_count_as_one(archive: SearchIndex, text: str) -> None:
    assert find(archive, text).complete == 8


@pytest.mark.parametrize("text", ["world models sort:date", "world models sort:upvotes"])
def test_a_sorted_search_has_only_papers_with_all_the_words(tmp_path: Path, text: str) -> None:
    with open_index(tmp_path, [*BOTH, *ONE]) as index:
        found = find(index, text)
        assert (found.complete, found.total) == (7, 7)
