"""Similar papers, and a paper picked at random."""

from pathlib import Path
from random import Random

import pytest

from bot.lookups import finder as finding
from bot.lookups.finder import Finder
from bot.storage import Storage
from tests.support.builders import paper
from tests.support.finders import OLD, PAPERS, ROBOTS, SPEECH, opened
from tests.support.indexes import parse_on_day


class TestSimilar:
    async def test_similar_papers_are_at_most_five_other_papers(self, tmp_path: Path, storage: Storage) -> None:
        many = [paper(f"2601.{number:05}", title="Flow Matching", abstract="On flow.") for number in range(1, 9)]
        async with opened(tmp_path, storage, many) as finder:
            hits = await finder.find_similar_papers(many[3])
        assert len(hits) == 5
        assert many[3].id not in {hit.paper.id for hit in hits}
        assert {hit.paper for hit in hits} <= set(many)


class TestRandom:
    async def test_the_same_seed_picks_the_same_paper(self, finder: Finder) -> None:
        for seed in range(5):
            drawn = [await finder.pick_random_paper(parse_on_day(""), Random(seed)) for _ in range(3)]
            assert drawn[0] == drawn[1] == drawn[2]

    async def test_every_paper_is_picked_sometimes(self, finder: Finder) -> None:
        random = Random(1)
        drawn = [await finder.pick_random_paper(parse_on_day(""), random) for _ in range(100)]
        assert {each.id for each in drawn if each} == {each.id for each in PAPERS}

    async def test_a_query_limits_which_papers_are_picked(self, finder: Finder) -> None:
        random = Random(1)
        drawn = [await finder.pick_random_paper(parse_on_day("author:lecun"), random) for _ in range(30)]
        assert {each.id for each in drawn if each} == {SPEECH, ROBOTS}

    @pytest.mark.parametrize("text", ["", "min:1", "author:lecun min:1"])
    async def test_without_words_papers_with_few_upvotes_are_picked_as_well(
        self, finder: Finder, monkeypatch: pytest.MonkeyPatch, text: str
    ) -> None:
        monkeypatch.setattr(finding, "_RANDOM_AMONG", 1)
        random = Random(1)
        drawn = {each.id for _ in range(100) if (each := await finder.pick_random_paper(parse_on_day(text), random))}
        assert drawn == ({SPEECH, ROBOTS} if "lecun" in text else {each.id for each in PAPERS})

    async def test_with_words_one_of_the_best_matches_is_picked(
        self, finder: Finder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(finding, "_RANDOM_AMONG", 1)
        drawn = [await finder.pick_random_paper(parse_on_day("attention laundry"), Random(seed)) for seed in range(10)]
        assert {each.id for each in drawn if each} == {OLD}

    async def test_if_nothing_matches_no_paper_is_picked(self, finder: Finder) -> None:
        assert await finder.pick_random_paper(parse_on_day("zeppelin"), Random(1)) is None

    async def test_another_paper_is_any_but_the_one_before(self, finder: Finder) -> None:
        random = Random(1)
        drawn = [await finder.pick_random_paper(parse_on_day(""), random, other_than=SPEECH) for _ in range(100)]
        assert {each.id for each in drawn if each} == {each.id for each in PAPERS} - {SPEECH}

    async def test_if_only_one_paper_matches_it_is_picked_again(self, finder: Finder) -> None:
        query = parse_on_day(SPEECH)
        for seed in range(3):
            drawn = await finder.pick_random_paper(query, Random(seed), other_than=SPEECH)
            assert drawn
            assert drawn.id == SPEECH
