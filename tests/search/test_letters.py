# ruff: noqa: RUF001 - these letters and signs are meant
"""Greek letters, signs and writing without spaces are found however people type them."""

from collections.abc import Iterator

import pytest

from bot.search import PaperTerms, SearchIndex, Vocabulary, build_condition, find_papers, parse_query
from tests.support.builders import DAY, paper
from tests.support.indexes import OTHERS, find, ids, open_index, parse_on_day

LETTERS = (
    paper("2601.00001", title="τ-yacht: Agents at Sea", abstract="Agents sail."),
    paper("2601.00002", title="Tau Proteins in Yachts", abstract="What tau does at a bench of sailors."),
    paper("2601.00003", title=r"$\pi_0$: A Policy", abstract="One policy for all."),
    paper("2601.00004", title="Hulls under μP", abstract=r"We scale {\Delta}G with the width."),
    paper("2601.00005", title="Waves in R³ and ﬂows", abstract="On H₂O, and water."),
    paper("2601.00006", title="∞-former", abstract="Long memories, from 𝒟 and ＧＰＴ－９."),
    paper("2601.00007", title="扩散模型综述", abstract="本文研究模型。データを学習する。"),
    paper("2601.00008", title="模型 and 扩散", abstract="Two words of it."),
    paper("2601.00009", title="Диффузионные модели", abstract="Обзор.", authors=("Νίκος Παππάς", "Ed Tau")),
    paper("2601.00010", title="نماذج الانتشار", abstract="नया शिक्षण"),
    paper("2601.00011", title="การเรียนรู้เชิงลึก", abstract="확산 모델을 연구한다."),
)


@pytest.fixture(scope="module")
def lettered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    with open_index(tmp_path_factory.mktemp("lettered"), [*LETTERS, *OTHERS]) as opened:
        yield opened


FIRST = [
    ("tau-yacht", 1),
    ("τ-yacht", 1),
    ("tau yacht agents", 1),
    ("tauyacht", 1),
    ('"tau yacht"', 1),
    (r"$\tau$-yacht", 1),
    ("pi0", 3),
    ("pi 0", 3),
    ("π_0", 3),
    ("π₀", 3),
    (r"\pi_0", 3),
    ("muP", 4),
    ("µP", 4),  # the sign for micro
    ("ΔG", 4),
    ("r3", 5),
    ("R^3", 5),
    ("flows r³", 5),
    ("h2o", 5),
    ("infinity former", 6),
    ("∞-former", 6),
    ("gpt-9", 6),
    ("ｇｐｔ９", 6),
    ("扩散模型", 7),
    ('"扩散模型"', 7),
    ("模型综述", 7),
    ("学習", 7),
    ("модели диффузионные", 9),
    ("παππάς", 9),
    ("الانتشار", 10),
    ("शिक्षण", 10),
    ("การเรียนรู้", 11),
    ("확산 모델", 11),
]


@pytest.mark.parametrize(("text", "first"), FIRST)
def test_a_letter_is_found_by_its_name_and_the_other_way_round(lettered: SearchIndex, text: str, first: int) -> None:
    assert ids(lettered, text)[0] == f"2601.{first:05}"
    assert find(lettered, text).corrections == ()


@pytest.mark.parametrize(("text", "_"), FIRST)
def test_without_the_index_the_same_papers_match(lettered: SearchIndex, text: str, _: int) -> None:
    terms, query = PaperTerms(LETTERS), parse_query(text, DAY)
    found = find_papers(build_condition(query), terms, terms.everything, Vocabulary(lettered.get_searcher()))
    matching = lettered.find_matching_ids(query, [each.id for each in LETTERS])
    assert terms.get_ids(found) == matching
    assert matching


@pytest.mark.parametrize(("text", "expected"), [("扩散模型", {7}), ("+扩散模型", {7}), ("综述扩散", set())])
def test_letters_without_spaces_are_found_as_they_stand(lettered: SearchIndex, text: str, expected: set[int]) -> None:
    matching = lettered.find_matching_ids(parse_query(text, DAY), [each.id for each in LETTERS])
    assert {int(each.split(".")[1]) for each in matching} == expected


@pytest.mark.parametrize(
    ("text", "number", "marked"),
    [
        ("gpt-9", 6, ["ＧＰＴ", "９"]),
        ("h2o water", 5, ["H₂O", "water"]),
        ("研究模型", 7, ["研究模型"]),
        ("学習", 7, ["学習"]),
        ("शिक्षण", 10, ["शिक्षण"]),
    ],
)
def test_a_snippet_shows_the_letters_as_the_paper_has_them(
    lettered: SearchIndex, text: str, number: int, marked: list[str]
) -> None:
    snippet = lettered.make_snippet(parse_on_day(text), LETTERS[number - 1], 60)
    assert [snippet.text[start:end] for start, end in snippet.marks] == marked
    assert snippet.text in LETTERS[number - 1].abstract
