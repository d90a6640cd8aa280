"""Vectors: small, and the nearest are found."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bot.search import Encoder, Meaning
from bot.storage import Storage
from tests.support.builders import DAY, MORNING, paper
from tests.support.encoders import DIMENSIONS, RandomEncoder, ScriptedEncoder

pytestmark = pytest.mark.usefixtures("whatever_is_near")


def at_random(seed: int, count: int) -> list[tuple[str, bytes]]:
    numbers = np.random.default_rng(seed).standard_normal((count, DIMENSIONS)) * 40
    return [(f"{place:05}", row.clip(-127, 127).astype(np.int8).tobytes()) for place, row in enumerate(numbers)]


def cosine(one: bytes, other: bytes) -> float:
    first, second = (np.frombuffer(each, np.int8).astype(float) for each in (one, other))
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second) or 1))


class TestVectors:
    def test_a_vector_has_a_byte_for_each_number_and_keeps_its_direction(self) -> None:
        numbers = RandomEncoder().encode_query("a")
        vector = Meaning(RandomEncoder()).encode_query("a")
        assert len(vector) == DIMENSIONS
        kept = np.frombuffer(vector, np.int8)
        assert abs(kept).max() == 127
        assert float(kept @ numbers) / (np.linalg.norm(kept) * np.linalg.norm(numbers)) > 0.9999

    def test_a_vector_of_zeros_can_be_stored_and_compared(self) -> None:
        meaning = Meaning(ScriptedEncoder({"nothing": [0.0]}))
        vector = meaning.encode_query("nothing")
        assert vector == bytes(DIMENSIONS)
        meaning.add_vectors([("a", vector), ("b", meaning.encode_query("x"))])
        assert meaning.find_nearest_papers(vector, 5).keys() == {"a", "b"}
        assert set(meaning.compute_cosines(vector, ["a", "b"]).values()) == {0.0}

    @pytest.mark.parametrize("count", [1, 7, 999, 1000, 1001])
    def test_the_nearest_are_those_with_the_greatest_cosines(self, count: int) -> None:
        known = at_random(1, count)
        meaning = Meaning(RandomEncoder())
        meaning.add_vectors(known)
        for wanted in range(5):
            vector = meaning.encode_query(f"{wanted}")
            cosines = {name: cosine(vector, each) for name, each in known}
            best = sorted(cosines, key=lambda name: -cosines[name])[:20]
            found = meaning.find_nearest_papers(vector, 20)
            assert [*found] == best
            assert found == pytest.approx({name: cosines[name] for name in best}, abs=1e-5)
            assert meaning.compute_cosines(vector, best) == pytest.approx(found, abs=1e-6)

    def test_among_many_papers_few_of_the_nearest_are_missed(self) -> None:
        known = at_random(2, 6000)
        meaning = Meaning(RandomEncoder())
        for place in range(0, 6000, 700):  # it grows while it takes in
            meaning.add_vectors(known[place : place + 700])
        assert len(meaning) == 6000
        kept = 0
        for wanted in range(20):
            vector = meaning.encode_query(f"{wanted}")
            cosines = {name: cosine(vector, each) for name, each in known}
            best = sorted(cosines, key=lambda name: -cosines[name])[:10]
            found = meaning.find_nearest_papers(vector, 10)
            kept += len(set(best) & found.keys())
            assert [*found] == sorted(found, key=lambda name: -cosines[name])
        assert kept > 0.8 * 200  # vectors by chance are all equally far, which is the hardest case

    def test_each_known_vector_is_nearest_to_itself_before_and_after_growing(self) -> None:
        known = at_random(3, 2500)
        meaning = Meaning(RandomEncoder())
        for upto in (1, 1024, 1025, 2048, 2500):
            meaning.add_vectors(known[len(meaning) : upto])
            for name, vector in (known[0], known[upto // 2], known[upto - 1]):
                assert meaning.find_nearest_papers(vector, 1) == pytest.approx({name: 1.0})

    @pytest.mark.parametrize("dimensions", [8, 100, 312, 384, 1024])
    def test_a_vector_may_have_any_number_of_dimensions(self, dimensions: int) -> None:
        encoder = RandomEncoder(dimensions=dimensions)
        meaning = Meaning(encoder)
        known = {f"{number}": meaning.encode_query(f"{number}") for number in range(1500)}
        meaning.add_vectors([*known.items()])
        for name in ("0", "700", "1499"):
            assert len(known[name]) == dimensions
            assert meaning.get_vector(name) == known[name]
            assert meaning.find_nearest_papers(known[name], 1) == pytest.approx({name: 1.0})
            assert meaning.compare_vectors([known[name]], [known[name]])[0] == pytest.approx([1.0])

    def test_a_new_vector_replaces_the_old_one(self) -> None:
        (_, old), (_, new), (_, other) = at_random(4, 3)
        meaning = Meaning(RandomEncoder())
        meaning.add_vectors([("a", old), ("b", other)])
        meaning.add_vectors([("a", new)])
        assert len(meaning) == 2
        assert meaning.find_nearest_papers(new, 1) == pytest.approx({"a": 1.0})
        assert meaning.find_nearest_papers(old, 1)["a" if cosine(old, new) > cosine(old, other) else "b"] < 0.9
        assert meaning.compute_cosines(new, ["a", "nobody"]) == pytest.approx({"a": 1.0})

    def test_the_same_paper_twice_in_one_batch_is_known_once(self) -> None:
        (_, old), (_, new), (_, other) = at_random(4, 3)
        meaning = Meaning(RandomEncoder())
        meaning.add_vectors([("a", old), ("b", other), ("a", new)])
        meaning.add_vectors([])
        assert len(meaning) == 2
        assert meaning.find_nearest_papers(new, 2)["a"] == pytest.approx(1.0)
        assert meaning.find_nearest_papers(other, 1) == pytest.approx({"b": 1.0})

    def test_without_any_vector_nothing_is_near(self) -> None:
        meaning = Meaning(RandomEncoder())
        assert not meaning
        assert meaning.find_nearest_papers(meaning.encode_query("x"), 5) == {}
        assert meaning.compute_cosines(meaning.encode_query("x"), ["a"]) == {}

    def test_searches_work_while_vectors_are_added(self) -> None:
        known = at_random(5, 5000)
        meaning = Meaning(RandomEncoder())
        with ThreadPoolExecutor(1) as pool:
            taking = [pool.submit(meaning.add_vectors, known[place : place + 32]) for place in range(0, 5000, 32)]
            while not taking[-1].done():
                found = meaning.find_nearest_papers(known[0][1], 5)
                assert all(-1.001 < each < 1.001 for each in found.values())
                assert len(found) == 5 or not found
            for each in taking:
                each.result()
        assert len(meaning) == 5000

    async def test_vectors_are_the_same_after_a_restart(self, storage: Storage) -> None:
        papers = [paper(f"2601.{number:05}", title=f"Paper {number}") for number in range(1, 30)]
        await storage.papers.record_list(DAY, papers, MORNING)
        meaning = Meaning(RandomEncoder())
        await storage.embeddings.save(meaning.model, [(each, meaning.encode_paper(each)) for each in papers])
        again = Meaning(RandomEncoder())
        async for vectors in storage.embeddings.read_all(again.model):
            again.add_vectors(vectors)
        assert len(again) == len(papers)
        for each in papers:
            assert again.find_nearest_papers(meaning.encode_paper(each), 1) == pytest.approx({each.id: 1.0})


def test_the_same_text_has_the_same_vector_in_any_thread(encoder: Encoder) -> None:
    meaning = Meaning(encoder)
    alone = meaning.encode_query("speech recognition")
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(meaning.encode_query, ["speech recognition", "a much longer text " * 50] * 8))
    assert all(cosine(alone, each) > 0.999 for each in together[::2])
