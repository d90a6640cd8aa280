"""Vectors: which papers lack one, and how they are read."""

import asyncio
from dataclasses import replace

import pytest

from bot.storage import Storage, database, embeddings
from tests.support.builders import DAY, MORNING, paper

pytestmark = pytest.mark.usefixtures("the_file_is_sound")
A, B, C = (paper(f"2601.0000{number}", upvotes=number) for number in (1, 2, 3))
STRANGER = replace(paper("1706.03762"), day=None, upvotes=100, linked_models=3, linked_datasets=0)


class TestEmbeddings:
    @pytest.fixture(autouse=True)
    async def recorded(self, storage: Storage) -> None:
        await storage.papers.record_list(DAY, [A, B, C], MORNING)

    async def everything(self, storage: Storage, model: str = "m") -> list[tuple[str, bytes]]:
        return [each async for batch in storage.embeddings.read_all(model) for each in batch]

    async def test_papers_without_a_vector_are_listed_newest_first(self, storage: Storage) -> None:
        assert await storage.embeddings.list_missing("m", 2) == [C, B]
        await storage.embeddings.save("m", [(C, b"c"), (A, b"\x00\xff")])
        assert await storage.embeddings.list_missing("m", 2) == [B]
        assert await self.everything(storage) == [(A.id, b"\x00\xff"), (C.id, b"c")]
        assert await storage.embeddings.get("m", [C.id, B.id, "2601.99999"]) == {C.id: b"c"}

    @pytest.mark.parametrize("change", [{"title": "Another title"}, {"abstract": "Another abstract."}])
    async def test_a_paper_whose_text_changed_lacks_a_vector_again(
        self, storage: Storage, change: dict[str, str]
    ) -> None:
        await storage.embeddings.save("m", [(each, b"v") for each in (A, B, C)])
        changed = replace(B, **change)  # type: ignore[arg-type]
        await storage.papers.record_list(DAY, [A, changed, C], MORNING)
        assert await storage.embeddings.list_missing("m", 10) == [changed]
        assert await storage.embeddings.get("m", [A.id, B.id]) == {A.id: b"v"}

    async def test_new_upvotes_leave_a_vector_as_it_is(self, storage: Storage) -> None:
        await storage.embeddings.save("m", [(each, b"v") for each in (A, B, C)])
        await storage.papers.record_list(DAY, [replace(A, upvotes=99, ai_summary="In short.")], MORNING)
        await storage.papers.record_paper(replace(A, linked_models=3), MORNING)
        assert await storage.embeddings.list_missing("m", 10) == []

    async def test_a_vector_of_a_text_that_changed_while_it_was_computed_is_dropped(self, storage: Storage) -> None:
        (computing,) = await storage.embeddings.list_missing("m", 1)
        changed = replace(C, abstract="Another abstract.")
        await storage.papers.record_list(DAY, [changed], MORNING)
        await storage.embeddings.save("m", [(computing, b"old"), (B, b"b")])
        assert await self.everything(storage) == [(B.id, b"b")]
        assert changed in await storage.embeddings.list_missing("m", 10)

    async def test_vectors_of_another_model_are_not_mixed_in_and_are_replaced(self, storage: Storage) -> None:
        await storage.embeddings.save("old", [(A, b"1"), (B, b"1")])
        assert await storage.embeddings.list_missing("new", 10) == [C, B, A]
        await storage.embeddings.save("new", [(A, b"2")])
        assert await self.everything(storage, "old") == [(B.id, b"1")]
        assert await storage.embeddings.list_without_any(10) == [C]
        assert await storage.embeddings.get("new", [A.id, B.id]) == {A.id: b"2"}

    async def test_reading_all_vectors_leaves_room_for_others_between_batches(
        self, storage: Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(embeddings, "BATCH", 2)
        await storage.embeddings.save("m", [(each, each.id.encode()) for each in (A, B, C)])
        reading = [storage.embeddings.read_all("m") for _ in range(2 * database.READERS)]
        first = [await anext(each) for each in reading]
        assert first == [[(A.id, A.id.encode()), (B.id, B.id.encode())]] * len(reading)
        await asyncio.wait_for(storage.papers.record_paper(STRANGER, MORNING), 60)
        assert [batch for each in reading async for batch in each] == [[(C.id, C.id.encode())]] * len(reading)
