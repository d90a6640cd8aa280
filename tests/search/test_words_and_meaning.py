"""Words and meaning, ranked together."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from bot.search import SearchIndex, Sort, get_embedded_text
from tests.support.builders import paper
from tests.support.encoders import RandomEncoder, ScriptedEncoder, understood
from tests.support.indexes import find, ids, in_pages, open_index, parse_on_day
from tests.support.queries import ANYTHING, HEAPS

pytestmark = pytest.mark.usefixtures("whatever_is_near")


def cosine(one: bytes, other: bytes) -> float:
    first, second = (np.frombuffer(each, np.int8).astype(float) for each in (one, other))
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second) or 1))


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

    def test_after_the_first_papers_the_rest_is_found_by_words_alone(self, alike: SearchIndex) -> None:
        by_words = {each.id for each in ALIKE if "Flow" in each.title or "flow" in each.abstract}
        found = ids(alike, "flow", 1000)
        assert by_words < set(found)  # and at most twenty more, near in meaning
        assert len(found) <= len(by_words) + 20
        assert set(found[120:]) <= by_words

    def test_meaning_counts_more_for_a_description_than_for_a_name(self, tmp_path: Path) -> None:
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

    def test_papers_without_a_vector_yet_are_ranked_by_their_words_among_the_others(self, tmp_path: Path) -> None:
        """As after a change of the encoder, when the newest papers have vectors and the older ones have none."""
        said = [[1.0, 0.1], [0.9, 0.2], [0.8, 0.6]]
        newer = [
            paper(f"2601.000{number}0", title=f"Storms {number}", abstract="The wind of the sea.")
            for number in (1, 2, 3)
        ]
        older = paper("2501.00010", title="Wind blows", abstract="The wind blows, and then it blows again.")
        told = {get_embedded_text(each): vector for each, vector in zip(newer, said, strict=True)}
        encoder = ScriptedEncoder({**told, "wind blows": [1.0, 0.0]})
        with open_index(tmp_path, [*newer, older], understood(newer, encoder)) as index:
            assert ids(index, "wind blows")[0] == older.id

    @pytest.mark.parametrize("text", ["wind blows", "Wind Blows", "WIND BLOWS", "Wind blows!"])
    def test_a_capital_letter_does_not_make_a_word_a_name(self, tmp_path: Path, text: str) -> None:
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

    def test_the_name_of_an_author_is_read_as_a_name(self, tmp_path: Path) -> None:
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

    @pytest.mark.parametrize(
        ("text", "is_title"),
        [
            ("walking on ice without falling", True),
            ("robot dogs walk ice falling", True),  # most of the words
            ("a fall on ice of some animal or machine", False),
        ],
    )
    def test_half_a_title_is_first_whatever_else_is_near(self, tmp_path: Path, text: str, *, is_title: bool) -> None:
        titled = paper("2601.00010", title="Robots: To Walk on Ice without a Fall", abstract="They stand.")
        other = paper("2601.00020", title="Skating", abstract="Blades glide.")
        near = {get_embedded_text(titled): [0.0, 1.0], get_embedded_text(other): [1.0, 0.0], text: [0.35, 0.0, 1.0]}
        with open_index(tmp_path, [titled, other], understood([titled, other], ScriptedEncoder(near))) as index:
            assert (ids(index, text)[0] == titled.id) is is_title

    @pytest.mark.parametrize("text", ["skill paw", "Skill-Paw"])
    def test_the_name_of_a_papers_work_is_first_however_people_write_it(self, tmp_path: Path, text: str) -> None:
        named = paper("2601.00010", title="SkillPaw: Tricks for Pets", abstract="SkillPaw teaches a skill.")
        other = paper("2601.00020", title="A Paw and a Paw", abstract="A paw.")
        papers = [named, other, paper("2601.00030", title="Paw Prints"), paper("2601.00040", title="On Skill")]
        near = {get_embedded_text(other): [1.0, 0.0], get_embedded_text(named): [0.0, 1.0], text: [0.35, 0.2, 1.0]}
        with open_index(tmp_path, papers, understood(papers[:2], ScriptedEncoder(near))) as index:
            assert ids(index, text)[0] == named.id


@pytest.mark.parametrize("demand", ["has:code", "author:noether", "min:7", "-flow"])
def test_a_required_paper_is_found_however_many_others_are_nearer(tmp_path: Path, demand: str) -> None:
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
