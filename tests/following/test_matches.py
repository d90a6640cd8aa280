"""What people follow is matched for all of them together, and each paper once until it changes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from bot.archive import Archive
from bot.composing.paper_filter import PaperFilter
from bot.demo import load_sample_lists
from bot.following import matching
from bot.following.matching import FollowedMatches
from bot.papers import Paper
from bot.papers.api import PapersAPI, PapersUnavailable
from bot.papers.entry import read_list_entry
from bot.search import Meaning, SearchIndex
from bot.storage import Storage
from tests.support.any_query import QueryMaker
from tests.support.builders import DAY, Clock, paper
from tests.support.counting import count_calls
from tests.support.encoders import DIMENSIONS, RandomEncoder

SAMPLE = tuple(read_list_entry(entry, day) for day, listed in load_sample_lists().items() for entry in listed)
ONE, TWO, THREE = (f"2601.0000{number}" for number in (1, 2, 3))
ROBOTS = paper(ONE, title="Robots", authors=("Ada Lovelace",), upvotes=10)
AGENTS = paper(TWO, title="Agents", authors=("Ada Lovelace", "Alan Turing"), upvotes=60)
SOME = (ROBOTS, AGENTS)


class Following:
    """The archive, and what is followed in it."""

    def __init__(self, storage: Storage, search: SearchIndex, api: PapersAPI, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock
        assert search.meaning is not None
        self.meaning = search.meaning
        self.archive = Archive(api, storage, search)
        self.filter = PaperFilter(storage, self.archive, search)
        self.matches = FollowedMatches(search, self.filter)

    async def record(self, papers: Sequence[Paper]) -> tuple[Paper, ...]:
        """The papers as the archive then has them."""
        await self._storage.papers.record_list(DAY, papers, self._clock())
        known = {each.id: each for each in await self._storage.papers.get([each.id for each in papers])}
        return tuple(known[each.id] for each in papers)

    async def find(self, papers: Sequence[Paper], *queries: str) -> list[set[str]]:
        found = await self.matches.find_matching(queries, papers, DAY)
        assert set(found) == set(queries)
        return [set(found[query]) for query in queries]

    async def check(self, papers: Sequence[Paper], *queries: str) -> None:
        """What is found is what a subscription's filter lets through."""
        ids = [each.id for each in papers]
        found = await self.find(papers, *queries)
        assert found == [set(await self.filter.find_matching(query, ids, DAY)) for query in queries]


@pytest.fixture
async def following(tmp_path: Path, storage: Storage, api: PapersAPI, clock: Clock) -> AsyncIterator[Following]:
    search = SearchIndex(
        tmp_path / "paperboy.index", await storage.papers.get_archive_id(), 0, Meaning(RandomEncoder())
    )
    yield Following(storage, search, api, clock)
    search.close()


async def test_each_query_brings_its_papers_and_the_inbox_all(following: Following) -> None:
    papers = await following.record(SOME)
    found = await following.find(papers, "author:lovelace", "author:turing", "robots OR min:50", "whales", "")
    assert found == [{ONE, TWO}, {TWO}, {ONE, TWO}, set(), {ONE, TWO}]
    assert await following.find(papers[:1], "author:lovelace", "author:turing", "") == [{ONE}, set(), {ONE}]


async def test_whatever_changes_matches_are_those_of_a_filter(following: Following) -> None:
    chance = Random(1)
    papers = list(await following.record(SAMPLE[:40]))
    later = list(SAMPLE[40:120])
    queries: list[str] = []
    for _ in range(12):
        queries += [QueryMaker(papers, chance).make_query() for _ in range(15)]
        changed = [
            replace(papers.pop(), upvotes=chance.randrange(99)),
            replace(papers.pop(0), title=chance.choice(SAMPLE).title, tags=chance.choice(SAMPLE).tags),
            *(later.pop() for _ in range(5)),
        ]
        papers += await following.record(changed)
        chance.shuffle(papers)
        asked = chance.sample(queries, 12)
        await following.check(tuple(papers) if chance.random() < 0.5 else papers, *asked, "")
        await following.check(chance.sample(papers, 10), *asked)


async def test_a_name_that_becomes_an_ordinary_word_is_matched_as_such(following: Following) -> None:
    """`deepseek` means the paper that writes it as two words, until an abstract has it as a word."""
    papers = await following.record([paper(ONE, title="Deep Seek: A Story")])
    assert await following.find(papers, "deepseek") == [{ONE}]
    more = await following.record([paper(TWO, title="Others", abstract="We use deepseek.")])
    assert await following.find(more, "deepseek") == [{TWO}]
    assert await following.find(papers, "deepseek") == [set()]
    await following.check(papers + more, "deepseek")


async def test_a_paper_is_like_another_as_soon_as_both_have_vectors(following: Following) -> None:
    """By their words alone they are not."""
    words = paper(ONE, title="Walking Machines"), paper(TWO, title="Legged Robots"), paper(THREE, title="Cooking Soup")
    papers = await following.record(words)
    queries = (f"like:{ONE}", f"-like:{ONE} like:{THREE}", f"like:{TWO} -like:{THREE}", f"legged OR like:{ONE}")
    assert await following.find(papers, *queries) == [{ONE}, {THREE}, {TWO}, {ONE, TWO}]
    walking, cooking = b"\x7f" * (DIMENSIONS // 2), b"\x00" * (DIMENSIONS // 2)
    following.meaning.add_vectors([(ONE, walking + cooking), (TWO, walking + cooking), (THREE, cooking + walking)])
    assert await following.find(papers, *queries) == [{ONE, TWO}, {THREE}, {ONE, TWO}, {ONE, TWO}]
    await following.check(papers, *queries)


async def test_a_paper_is_evaluated_once_until_it_changes(following: Following) -> None:
    papers = await following.record(SOME)
    queries = ("author:lovelace", "min:50", "robots")
    await following.find(papers, *queries)
    with count_calls() as calls:
        assert await following.find(list(papers), *queries) == [{ONE, TWO}, {TWO}, {ONE}]
    assert calls["Percolator.find"] == 0
    papers = await following.record([replace(ROBOTS, upvotes=70), AGENTS])
    with count_calls() as calls:
        assert await following.find(papers, *queries) == [{ONE, TWO}, {ONE, TWO}, {ONE}]
    assert calls["Percolator.find"] == 1  # only the minimum is about upvotes
    papers += await following.record([paper(THREE, title="Robots Again")])
    with count_calls() as calls:
        assert await following.find(papers, *queries) == [{ONE, TWO}, {ONE, TWO}, {ONE, THREE}]
    assert calls["Percolator.find"] == 2  # the new paper meets `robots`, and the minimum, which has no term


async def test_what_was_cut_short_is_done_by_the_next(following: Following, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "SLICE", 0)
    papers = await following.record(SAMPLE[:20])
    maker = QueryMaker(papers, Random(2))
    queries = [maker.make_query() for _ in range(30)]
    await following.find((), *queries)
    for turns in range(0, 60, 6):
        begun = asyncio.create_task(following.find(papers, *queries))
        while not (following.matches._new or following.matches._revoted):  # noqa: ASYNC110  # for the work in between
            await asyncio.sleep(0)
        for _ in range(turns):
            await asyncio.sleep(0)
        begun.cancel()
        await asyncio.wait([begun])
        await following.check(papers, *queries)
        changed = [replace(each, upvotes=each.upvotes + turns) for each in papers[:10]]
        changed += [replace(each, title=f"{each.title} {turns}") for each in papers[10:]]
        papers = await following.record(changed)


async def test_everything_else_has_its_turn_meanwhile(following: Following, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "SLICE", 0)
    papers = await following.record(SAMPLE[:20])
    finding = asyncio.create_task(following.find(papers, *(f"word{number}" for number in range(100))))
    turns = 0
    while not finding.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100


async def test_what_it_remembers_is_bounded(following: Following, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MAX_PAPERS", 30)
    monkeypatch.setattr(matching, "MAX_QUERIES", 50)
    papers = await following.record(SAMPLE[:60])
    maker = QueryMaker(papers, Random(3))
    for number in range(0, 60, 20):
        await following.check(papers[number : number + 20], *(maker.make_query() for _ in range(20)), "")
    assert len(following.matches._papers) <= 30
    assert len(following.matches._percolator) <= 50


async def test_no_match_is_told_while_papers_are_missing_from_the_index(
    following: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = await following.record(SOME)
    with monkeypatch.context() as patching:
        patching.setattr(following.archive, "update_index", nothing)
        with pytest.raises(PapersUnavailable):
            await following.find(papers, "robots")
    assert await following.find(papers, "robots") == [{ONE}]


async def nothing() -> None:
    return
