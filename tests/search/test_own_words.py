"""The words of a query in somebody's own notes, which no index has."""

from collections.abc import Sequence
from datetime import date
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.search import OwnWords, own_words, parse_query
from bot.search.schema import split_stems

PIECES = (
    *("diffusion", "Diffusions", "happiness", "É", "ï", "ß", "ﬁ", "Æ", "①", "x²", "τ", "τ-bench", " λόγος "),
    *("扩散", "模型", "ア", "가", "नि", "жу", "Жу", "\u200b", "e\u0301", "\u1100\u1161"),
    *(" ", "\n", ". ", "-", "_", "1", "a" * 70),
)
texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join)


def find(query: str) -> OwnWords:
    return OwnWords(parse_query(query, date(2026, 7, 7)))


def find_all(words: OwnWords, notes: Sequence[str]) -> list[str]:
    """Those of `notes` that have the words, in their order."""
    return [notes[int(key)] for key in words.find_in({str(number): note for number, note in enumerate(notes)})]


def is_found(words: OwnWords, note: str) -> bool:
    return find_all(words, [note]) == [note]


@settings(max_examples=300)
@given(texts, texts)
def test_a_note_has_a_word_that_the_index_would_find_in_it(note: str, word: str) -> None:
    words = find(word)
    if words and words._stems <= {*split_stems(note)}:
        assert is_found(words, note)


@settings(max_examples=300)
@given(st.lists(texts | st.just("\n\0\n"), max_size=9), texts)
def test_among_many_notes_are_found_just_those_that_are_found_alone(notes: list[str], word: str) -> None:
    words = find(word)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(own_words, "_AT_ONCE", 4)
        assert find_all(words, notes) == [note for note in notes if is_found(words, note)]


@pytest.mark.parametrize(
    ("query", "note"),
    [
        ("istanbul", "Met them in İstanbul"),
        ("İstanbul", "met them in istanbul"),
        ("模型", "比较扩散模型的研究"),
        ("transformer", "用transformer模型"),
        ("λόγος", "On λόγος"),
        ("tau", "τ-bench"),
        ("aτbττ", "aτbττ"),
        ("τ\u0303τ", "τ\u0303τ"),
        ("µμ", "On µμ"),
        ("alpha", r"with $\alpha$"),
        ("resume", "Résumés"),
    ],
)
def test_a_word_is_found_however_a_note_writes_it(query: str, note: str) -> None:
    assert is_found(find(query), note)


@pytest.mark.parametrize(("query", "note"), [("diffuse lamp", "diffuse"), ("模扩", "扩散模型"), ("cat", "concat")])
def test_other_words_are_not_found(query: str, note: str) -> None:
    assert not is_found(find(query), note)


@pytest.mark.parametrize("note", ["Comparé à nos modèles", "比较扩散模型的研究", "On λόγος and είναι"])
def test_thousands_of_long_notes_in_any_script_are_not_stemmed_word_for_word(
    monkeypatch: pytest.MonkeyPatch, note: str
) -> None:
    counted = Mock(side_effect=split_stems)
    own_words._list_stems.cache_clear()
    words = find("diffusion comp")
    monkeypatch.setattr(own_words, "split_stems", counted)
    assert find_all(words, [f"{note} {number} diffusion" for number in range(100)]) == []
    assert counted.call_count < 5


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("sampler", "Compare the SAMPLERS with ours"),
        ("happy", "much happier: happiness"),
        ("sky", "Skies"),
        ("hope", "hoping"),
        ("to do", "to_do"),
        ("matching", "_matched_"),
        ("gpt-4o", "GPT-4o"),
        ("c++", "in C++"),
        ("flow matching", "matching,flows"),
        ("café", "the cafe"),
        ("cafe", "the Café…"),
    ],
)
def test_words_are_found_in_any_form_and_case(query: str, text: str) -> None:
    words = find(query)
    assert is_found(words, text)
    assert is_found(words, f"{text} …")  # whose letters are not all plain


@pytest.mark.parametrize(
    ("query", "text"), [("sampler", "resampler"), ("flow", "flown overflow"), ("flow matching", "flow"), ("c++", "d++")]
)
def test_words_that_only_have_the_same_letters_are_not(query: str, text: str) -> None:
    words = find(query)
    assert not is_found(words, text)
    assert not is_found(words, f"{text} …")
