"""The vectors of papers, with the extra `semantic`."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import Services
from bot.archive import Archive
from bot.demo.papers_server import PapersServer
from bot.papers.api import PapersAPI
from bot.search import BundledEncoder, Encoder, Meaning, SearchIndex
from bot.storage import Storage
from tests.support.builders import DAY, MORNING, entry
from tests.support.encoders import CountingEncoder

MINUTE = timedelta(minutes=1)


@pytest.fixture
def counting(encoder: Encoder) -> CountingEncoder:
    return CountingEncoder(encoder)


@pytest.fixture
async def understanding(
    tmp_path: Path, api: PapersAPI, storage: Storage, counting: CountingEncoder
) -> AsyncIterator[Archive]:
    """An archive of seven papers, with the extra `semantic`."""
    search = SearchIndex(tmp_path / "paperboy.index", await storage.papers.get_archive_id(), 0, Meaning(counting))
    archive = Archive(api, storage, search)
    await archive.refresh_list(DAY, MORNING)
    yield archive
    search.close()


class TestEmbedding:
    async def test_every_paper_gets_its_vector_once(
        self, understanding: Archive, storage: Storage, counting: CountingEncoder
    ) -> None:
        await understanding.embed_papers()
        assert len(counting.given) == len(set(counting.given)) == 7
        assert await storage.embeddings.list_missing(counting.name, 10) == []
        await understanding.embed_papers()
        assert len(counting.given) == 7

    async def test_new_vectors_can_be_searched_at_once_and_are_stored(
        self, understanding: Archive, storage: Storage
    ) -> None:
        await understanding.embed_papers()
        meaning = understanding._search and understanding._search.meaning
        assert meaning
        assert len(meaning) == 7
        kept = await storage.embeddings.get(BundledEncoder.name, ["2601.00003"])
        assert meaning.find_nearest_papers(kept["2601.00003"], 1) == pytest.approx({"2601.00003": 1.0})

    async def test_a_paper_that_is_looked_up_gets_its_vector_at_once_and_only_once(
        self, understanding: Archive, storage: Storage, counting: CountingEncoder, papers_server: PapersServer
    ) -> None:
        papers_server.unlisted = [entry("2601.00777", title="Whales Sing")]
        for _ in range(2):
            assert await understanding.fetch_paper("2601.00777", MORNING)
        assert [*await storage.embeddings.get(BundledEncoder.name, ["2601.00777"])] == ["2601.00777"]
        assert len(counting.given) == 1

    async def test_a_paper_whose_title_changes_gets_a_new_vector(
        self, understanding: Archive, storage: Storage, counting: CountingEncoder, papers_server: PapersServer
    ) -> None:
        await understanding.embed_papers()
        before = await storage.embeddings.get(BundledEncoder.name, ["2601.00001", "2601.00002"])
        changed = entry("2601.00001", title="Whales Sing", upvotes=70)
        papers_server.lists = {DAY: [changed, entry("2601.00002", upvotes=999)]}
        await understanding.refresh_list(DAY, MORNING + MINUTE)
        await understanding.embed_papers()
        assert counting.given[7:] == ["Whales Sing. What paper 2601.00001 is about."]
        after = await storage.embeddings.get(BundledEncoder.name, ["2601.00001", "2601.00002"])
        assert after["2601.00001"] != before["2601.00001"]
        assert after["2601.00002"] == before["2601.00002"]
        meaning = understanding._search and understanding._search.meaning
        assert meaning
        assert len(meaning) == 7
        assert meaning.find_nearest_papers(after["2601.00001"], 1) == pytest.approx({"2601.00001": 1.0})

    async def test_a_second_call_does_not_wait_while_vectors_are_computed(
        self, understanding: Archive, counting: CountingEncoder
    ) -> None:
        counting.free.clear()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(understanding.embed_papers())
            assert await asyncio.to_thread(counting.begun.wait, 60)
            await understanding.embed_papers()
            assert len(counting.given) == 1
            counting.free.set()
        assert len(counting.given) == 7

    async def test_without_the_extra_there_is_nothing_to_compute(self, services: Services) -> None:
        await services.archive.refresh_list(DAY, MORNING)
        await services.archive.embed_papers()
        assert len(await services.storage.embeddings.list_missing("any", 10)) == 7


async def test_a_process_that_does_not_lead_takes_over_the_vectors_of_the_one_that_does(
    understanding: Archive, api: PapersAPI, storage: Storage, counting: CountingEncoder, tmp_path: Path
) -> None:
    search = SearchIndex(tmp_path / "other.index", await storage.papers.get_archive_id(), 0, Meaning(counting))
    other, meaning = Archive(api, storage, search), search.meaning
    assert meaning is not None
    await understanding.embed_papers()
    given = len(counting.given)
    await other.read_vectors_of_others()
    assert len(meaning) == 7
    version = meaning.version
    await other.read_vectors_of_others()
    assert meaning.version == version, "what it has already is not taken over again"
    changed = replace((await storage.papers.get(["2601.00001"]))[0], title="Quantum gravity in a teacup")
    await storage.papers.record_list(DAY, [changed], MORNING + MINUTE)
    before = meaning.get_vector("2601.00001")
    await understanding.embed_papers()
    await other.read_vectors_of_others()
    assert meaning.get_vector("2601.00001") != before
    assert len(counting.given) == given + 1
    search.close()
