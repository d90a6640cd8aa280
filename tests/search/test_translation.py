"""Queries in other languages find English papers by words alone, and English queries are left as they are."""

from collections.abc import Iterator

import pytest

from bot.layouts.query_buttons import build_as_typed_button
from bot.layouts.search_notes import list_search_notes
from bot.lookups.finder import SearchResults
from bot.search import FoundPapers, SearchIndex
from bot.search.translation import translate
from tests.support.builders import paper
from tests.support.encoders import ScriptedEncoder, understood
from tests.support.indexes import OTHERS, find, ids, open_index, parse_on_day

PICTURES, BODIES, TALK, ROBOTS, PROOFS, HANJA, NOTES = (f"2601.000{number}0" for number in range(1, 8))
PAPERS = [
    paper(PICTURES, title="Four Steps Are Enough", abstract="A diffusion model for fast image generation."),
    paper(BODIES, title="Where Bones End", abstract="Segmentation of medical images, with few of them."),
    paper(TALK, title="Liars by Nature", abstract="Why a large language model has hallucinations."),
    paper(ROBOTS, title="Hands That Hold", abstract="A robot is taught grasping by reinforcement learning."),
    paper(PROOFS, title="Step by Step", abstract="A system for theorem proving in mathematics."),
    paper(HANJA, title="Poems of Old", abstract="We read 汉诗 aloud.", authors=("Marco de Luca", "Ana de la Cruz")),
    paper(NOTES, title="Notes", abstract="扩散模型在图书馆。"),
]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    with open_index(tmp_path_factory.mktemp("translated"), [*PAPERS, *OTHERS]) as opened:
        yield opened


def taken(index: SearchIndex, text: str) -> str | None:
    translation = find(index, text).translation
    return translation.text if translation else None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("如何用扩散模型生成图像", PICTURES),
        ("用擴散模型快速生成影像", PICTURES),
        ("数学定理证明", PROOFS),
        ("大規模言語モデルの幻覚", TALK),
        ("医療画像のセグメンテーション", BODIES),
        ("강화학습으로 로봇 파지", ROBOTS),
        ("대규모 언어 모델의 환각", TALK),
        ("обучение с подкреплением для роботов", ROBOTS),  # noqa: RUF001
        ("сегментация медицинских изображений", BODIES),
        ("generación de imágenes con modelos de difusión", PICTURES),
        ("demostración de teoremas", PROOFS),
        ("apprentissage par renforcement pour les robots", ROBOTS),
        ("les hallucinations des grands modèles de langage", TALK),
        ("Bildgenerierung mit Diffusionsmodellen", PICTURES),
        ("Wie lernen Roboter das Greifen?", ROBOTS),
    ],
)
def test_an_english_paper_is_first_for_a_query_in_another_language(
    archive: SearchIndex, text: str, wanted: str
) -> None:
    assert ids(archive, text)[0] == wanted


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("用LoRA微调大语言模型", "LoRA fine-tuning large language model"),  # what is in Latin letters stays
        ("3D-реконструкция сцен", "3D reconstruction scene"),
        ("razonamiento en Qwen2", "reasoning Qwen2"),
        ("grands modèles de langage", "large language model"),  # the longest term, not its words
        ("ressourcenarme Sprachen", "low-resource language"),
        ("扩散模型 min:0", "diffusion model"),  # operators stay
        ("机器人 \"world model\"", "robot"),  # and so do phrases in other letters
    ],
)  # fmt: skip
def test_a_query_is_taken_for_its_terms_in_english(archive: SearchIndex, text: str, english: str) -> None:
    assert taken(archive, text) == english


ENGLISH = [
    "diffusion model",
    "fast image generation",
    "de novo protein design",
    "de novo",
    "la",
    "mamba de",
    "die",
    "Die Hard",
    "para",
    "DES",
    "del",
    "mit",
    "pour",
    "De la Cruz",
    "Ana de la Cruz",
    "Marco de Luca",
    "Yann LeCun",
    "Le Cun",
    "van den Berg",
    "von Neumann",
    "José García",
    "Müller",
    "Schölkopf kernels",
    "el niño prediction",
    "naïve bayes",
    "Imagen video",
    "code switching en la",
    "text-to-image",
    "vision transformer",
    "BERT",
    "Segment Anything",
    "robots that learn",
    "a survey of agents",
    "Poincaré embeddings",
    "Llama 3 herd of models",
    "chain of thought",
    "GPT-4o",
    "déjà vu in language models",
    "Erdős problems",
    "Gödel agent",
    "resume screening",
    "café",
    "modele",
]


@pytest.mark.parametrize("text", ENGLISH)
def test_an_english_query_or_a_name_is_left_as_it_is(text: str) -> None:
    assert translate(text) is None


@pytest.mark.parametrize(
    "text",
    ['"扩散模型"', '"扩散模型" 图像', "+扩散模型", "扩散*", "-扩散模型", "author:扩散模型", "(扩散 OR 模型)"],
)
def test_what_is_demanded_exactly_is_looked_for_as_typed(archive: SearchIndex, text: str) -> None:
    assert taken(archive, text) is None


def test_a_word_that_no_term_has_is_looked_for_as_typed(archive: SearchIndex) -> None:
    found = find(archive, "汉诗")
    assert (found.ids, found.translation) == ((HANJA,), None)


def test_a_paper_that_has_the_typed_words_counts_too(archive: SearchIndex) -> None:
    assert {*ids(archive, "扩散模型")[:2]} == {PICTURES, NOTES}


def test_the_answer_says_what_was_searched_for_and_a_button_goes_back(archive: SearchIndex) -> None:
    for text, english, exact in (
        ("大規模言語モデルの幻覚", "large language model hallucination", '"大規模言語モデルの幻覚"'),
        ("modelos de difusión", "diffusion model", '"modelos" de difusión'),
    ):
        results = show(text, find(archive, text))
        assert [*list_search_notes(results)] == [f"Searched in English for **{english}**."]
        button = build_as_typed_button(results)
        assert button is not None
        assert (button.label, button.custom_id) == ("Only what I typed", f"find:l1:{exact}")
        assert results.list_queries() == [text, exact]
        assert taken(archive, exact) is None


@pytest.mark.parametrize(("knows_languages", "meant"), [(False, "hallucination"), (True, "幻覚")])
def test_an_encoder_gets_the_words_in_a_language_that_it_knows(
    archive: SearchIndex, *, knows_languages: bool, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = "Poems of Old. We read 汉诗 aloud."
    encoder = ScriptedEncoder({meant: [1.0], near: [1.0]})
    monkeypatch.setattr(encoder, "knows_languages", knows_languages, raising=False)
    monkeypatch.setattr(archive, "meaning", understood(PAPERS, encoder))
    assert HANJA in ids(archive, "幻覚")
    assert archive.find_nearest_in_meaning(parse_on_day("幻覚"), limit=1) == (HANJA,)


def show(text: str, found: FoundPapers) -> SearchResults:
    return SearchResults(parse_on_day(text), (), found.total, 1, found.corrections, translation=found.translation)
