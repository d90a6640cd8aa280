"""Organisations are found by all their names, with what is part of them, and where only a link shows them."""

from collections.abc import Iterator

import pytest

from bot.search import PaperTerms, SearchIndex, Vocabulary, build_condition, find_papers, parse_query
from bot.search.organizations import find_signs, list_names, list_relatives, list_wholes
from tests.support.builders import DAY, paper
from tests.support.indexes import OTHERS, ids, open_index

PAPERS = (
    paper("2601.00001", title="Kites", organization="Google"),
    paper("2601.00002", title="Kites in Wind", organization="Deepmind"),
    paper("2601.00003", title="Kites at Night", organization="Tsinghua NLP Group"),
    paper("2601.00004", title="Kites by Day", github_repo="https://github.com/NVlabs/kites"),
    paper("2601.00005", title="Kites in Rain", project_page="https://seed.bytedance.com/en/kites"),
    paper("2601.00006", title="Granite Guardian", abstract="A kite that guards."),
    paper("2601.00007", title="Meta-Learning for Kites", abstract="Apple trees, and Oxford flowers, at Amazon rivers."),
    paper("2601.00008", title="Fine-tuning Qwen for Kites", abstract="We fly it, as Google Maps shows."),
    paper("2601.00009", title="Kites over Rivers", organization="alibaba-inc"),
    paper("2601.00010", title="Kites over Lakes", organization="TongyiLab"),
    paper(
        "2601.00011", title="Kites over Seas", organization="A Kite Lab", github_repo="https://github.com/nvlabs/sea"
    ),
)


@pytest.fixture(scope="module")
def kites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    with open_index(tmp_path_factory.mktemp("kites"), [*PAPERS, *OTHERS]) as opened:
        yield opened


FOUND = [
    ("org:google", {1, 2}),
    ("org:deepmind", {2}),
    ('org:"google deepmind"', {2}),
    ("org:tsinghua", {3}),
    ("org:thu", {3}),
    ('org:"tsinghua university"', {3}),
    ("org:nvidia", {4, 11}),
    ("org:nvid*", {4, 11}),
    ("org:bytedance", {5}),
    ('org:"bytedance seed"', {5}),
    ("org:ibm", {6}),
    ("org:alibaba", {9, 10}),
    ("org:tongyi", {10}),
    ("org:meta", set()),
    ("org:apple", set()),
    ("org:oxford", set()),
    ("org:amazon", set()),
    ("org:qwen", set()),
    ("kites -org:nvidia -org:google -org:alibaba", {3, 5, 6, 7, 8}),
    ("nvidia kites", {4, 11}),
    ("deepmind", {2}),
]


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_an_organization_is_found_by_each_name_with_its_parts(
    kites: SearchIndex, text: str, expected: set[int]
) -> None:
    query = parse_query(text, DAY)
    matching = kites.find_matching_ids(query, [each.id for each in PAPERS])
    assert {int(each.split(".")[1]) for each in matching} == expected
    terms = PaperTerms(PAPERS)
    found = find_papers(build_condition(query), terms, terms.everything, Vocabulary(kites.get_searcher()))
    assert terms.get_ids(found) == matching  # also without the index


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("deepmind", [2, 1]),  # its own before those of the family
        ("google kites", [1, 2]),
        ("tongyi kites", [10]),
        ("ibm guard", [6]),
        ("thu kites", [3]),
    ],
)
def test_its_own_papers_come_before_those_of_its_family(kites: SearchIndex, text: str, first: list[int]) -> None:
    assert ids(kites, text)[: len(first)] == [f"2601.{number:05}" for number in first]


@pytest.mark.parametrize(
    ("title", "link", "expected"),
    [
        ("Qwen3-VL Technical Report", "", ["Qwen"]),
        ("Gemma Scope: Sparse Parts", "", ["Google"]),
        ("Nemotron-4 340B Technical Report", "", ["NVIDIA"]),
        ("Gemma in the Wild and How It Grows", "", []),
        ("Kites", "https://nvlabs.github.io/kites", ["NVIDIA"]),
        ("Kites", "https://research.nvidia.com/labs/kites", ["NVIDIA"]),
        ("Kites", "https://huggingface.co/allenai/kites", ["Ai2"]),
        ("Kites", "github.com/THUNLP/kites", ["Tsinghua University"]),
        ("Kites", "https://github.com/nvlabs-fan/kites", []),
        ("Kites", "https://notnvidia.com/nvidia", []),
        ("Kites", "https://[broken", []),
        ("", "", []),
    ],
)
def test_a_title_or_link_shows_whose_a_paper_is(title: str, link: str, expected: list[str]) -> None:
    assert [*find_signs(title, [link])] == expected


def test_names_are_known_however_they_are_written() -> None:
    assert "Tsinghua" in list_names("tsinghua  UNIVERSITY")
    assert list_wholes("DeepMind") == ("Google",)
    assert list_relatives("Google") == ("DeepMind",)
    assert list_names("ETH Zürich") == ("ETH Zurich", "ETH")
    assert list_names("A Kite Lab") == list_wholes("A Kite Lab") == list_relatives("A Kite Lab") == ()
