"""Similar papers, with the extra `semantic`: what a paper is about weighs more than the words it happens to use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.search import Encoder, Meaning, SearchIndex
from tests.support.builders import paper

CATS = paper("2601.00001", title="Kittens at Play", abstract="How young cats learn to purr and hunt.")
FELINES = paper("2601.00002", title="Feline Behaviour", abstract="Domestic felines that meow, scratch and sleep.")
ROUTERS = paper("2601.00003", title="Router Scheduling at Young Labs", abstract="Tables learn to balance packets.")


@pytest.fixture
def indexes(tmp_path: Path, encoder: Encoder) -> Iterator[tuple[SearchIndex, SearchIndex]]:
    """The same three papers in an index that knows words only, and in one that knows their meaning too."""
    papers = [CATS, FELINES, ROUTERS]
    meaning = Meaning(encoder)
    meaning.add_vectors([(each.id, meaning.encode_paper(each)) for each in papers])
    opened = [
        SearchIndex(tmp_path / f"{number}.index", "archive", last_change=0, meaning=known)
        for number, known in enumerate((None, meaning))
    ]
    for each in opened:
        each.add_papers(list(enumerate(papers, 1)))
    yield opened[0], opened[1]
    for each in opened:
        each.close()


def test_a_paper_on_the_same_thing_is_more_similar_than_one_that_shares_its_words(
    indexes: tuple[SearchIndex, SearchIndex],
) -> None:
    by_words, by_meaning = indexes
    assert [*by_words.find_similar_papers(CATS, limit=1)] == [ROUTERS.id]
    assert [*by_meaning.find_similar_papers(CATS, limit=3)] == [FELINES.id, ROUTERS.id]
