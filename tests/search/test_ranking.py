"""The better match comes first, and upvotes count a little."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.papers import Paper
from tests.support.builders import paper
from tests.support.indexes import OTHERS, ids, open_index, parse_on_day


class TestRanking:
    def ranked(self, folder: Path, text: str, *papers: Paper) -> list[str]:
        """The places of the papers in the order in which `text` finds them, from 1."""
        numbered = [_numbered(number, each) for number, each in enumerate(papers, 1)]
        with open_index(folder, [*numbered, *OTHERS]) as index:
            return [each.removeprefix("2601.0000") for each in ids(index, text) if each.startswith("2601")]

    def test_papers_with_more_of_the_words_rank_higher_and_no_word_is_required(self, tmp_path: Path) -> None:
        papers = [
            paper("", title="Robots that Bark"),
            paper("", title="Zeolites that Bark"),
            paper("", title="Zeolites"),
        ]
        ranked = self.ranked(tmp_path, "bark zeolites", *papers)
        assert ranked[0] == "2"
        assert set(ranked) == {"1", "2", "3"}

    @pytest.mark.parametrize(
        ("text", "better", "worse"),
        [
            (
                "zeolites",
                paper("", title="A Long Title That Ends in Zeolites"),
                paper(
                    "",
                    title="X",
                    abstract="Zeolites, we find, hold many gases and let others pass, as many have said of them.",
                ),
            ),
            ("zeolites", paper("", title="Zeolites"), paper("", title="X", tags=("zeolites",))),
            (
                "zeolites",
                paper("", title="X", abstract="Zeolites."),
                paper("", title="X", abstract="Zeolites. " + "y " * 99),
            ),
            (
                "noether",
                paper("", title="X", authors=("Emmy Noether",)),
                paper("", title="X", abstract="Noether rings, too."),
            ),
            ("flow matching", paper("", title="Flow Matching"), paper("", title="Matching in a Flow")),
            (
                "ada byron",
                paper("", title="X", authors=("Ada Byron", "Cy Dee", "Eve Eff")),
                paper("", title="X", authors=("Ada Q", "Jo Byron")),
            ),
            ("mamba", paper("", title="Mamba: Linear Time"), paper("", title="Linear Time with Mamba")),
            (
                "zephyr 7",
                paper("", title="Zephyr-7: Winds and Clouds"),
                paper("", title="Winds, Clouds and Zephyr-7"),
            ),
            ("how to train your robots", paper("", title="Robots"), paper("", title="How to Be with Your")),
            ("robots at nvidia", paper("", title="Robots", organization="NVIDIA"), paper("", title="Robots")),
            ("mam*", paper("", title="Mamba"), paper("", title="X", abstract="Mamba.")),
        ],
    )
    def test_the_better_match_is_first(self, tmp_path: Path, text: str, better: Paper, worse: Paper) -> None:
        assert self.ranked(tmp_path / "1", text, better, worse)[0] == "1"
        assert self.ranked(tmp_path / "2", text, worse, better)[0] == "2"

    def test_a_word_found_mostly_in_names_is_read_as_a_name(self, tmp_path: Path) -> None:
        graphs = paper("", title="Graph Theory", authors=("Yann LeCun",))
        lecun = paper("", title="Convolutions for Graphs", abstract="Like LeCun did. LeCun was here. " + "y " * 10)
        others = [paper("", title=f"Other {n}", authors=("Yann LeCun",)) for n in range(4)]
        assert self.ranked(tmp_path, "lecun graphs", lecun, graphs, *others)[0] == "2"

    def test_a_word_found_mostly_in_texts_is_not_read_as_a_name(self, tmp_path: Path) -> None:
        said = paper("", title="Young Stars", abstract="Stars.")
        named = paper("", title="Stars", authors=("Tom Young", "A B", "C D", "E F"))
        others = [paper("", title=f"Young {n}", abstract="young") for n in range(4)]
        assert self.ranked(tmp_path, "young stars", named, said, *others)[0] == "2"

    def test_it_does_not_matter_how_long_the_name_of_an_organisation_is(self, tmp_path: Path) -> None:
        short = paper("", title="Ducks", abstract="y " * 200, organization="Pond")
        long = replace(short, organization="Pond Labs of the Northern Lakes", upvotes=20)
        assert self.ranked(tmp_path, "ducks from pond", short, long)[0] == "2"

    def test_a_paper_that_has_every_word_of_a_description_by_accident_is_not_first(self, tmp_path: Path) -> None:
        rest = "y " * 150
        accident = paper("", title="X", abstract=f"Quick boats {rest} small tools {rest} measured {rest} rivers.")
        meant = paper("", title="Small Tools for Rivers", abstract="We measured rivers with small tools.")
        asked = "a quick tool, measured small, for rivers and boats"
        assert self.ranked(tmp_path, asked, accident, meant)[0] == "2"

    def test_of_two_equal_matches_the_more_upvoted_is_first(self, tmp_path: Path) -> None:
        papers = [paper("", title="Flow Matching", upvotes=upvotes) for upvotes in (3, 250, 0, 20)]
        assert self.ranked(tmp_path, "flow", *papers) == ["2", "4", "1", "3"]

    @pytest.mark.parametrize(
        ("better", "worse"),
        [
            (paper("", title="Flow Matching"), paper("", title="Matching", abstract="With a flow of words.")),
            (paper("", title="Flow Matching"), paper("", title="A Flow of Others")),
            (paper("", title="Flow Matching for Robots"), paper("", title="Other", abstract="Flow. Matching.")),
        ],
    )
    def test_a_clearly_better_match_beats_a_popular_one(self, tmp_path: Path, better: Paper, worse: Paper) -> None:
        assert self.ranked(tmp_path, "flow matching", replace(worse, upvotes=250), better)[0] == "2"

    def test_upvotes_raise_a_score_by_a_third_at_most(self, tmp_path: Path) -> None:
        papers = [
            _numbered(n, paper("", title="Flow", upvotes=upvotes)) for n, upvotes in enumerate((0, 1, 250, 1000), 1)
        ]
        with open_index(tmp_path, papers) as index:
            matched = index._build_query_builder().build_query(parse_on_day("flow"))
            scores = dict(zip(*((hits := index.run_query(matched, 9, pull=True)).ids, hits.scores), strict=True))
            none, one, many, most = (scores[each.id] for each in papers)
            assert one / none == pytest.approx(1.03, abs=1e-3)
            assert many / none == pytest.approx(1.239, abs=1e-3)
            assert most / none == pytest.approx(1.299, abs=1e-3)


def _numbered(number: int, known: Paper) -> Paper:
    return replace(known, id=f"2601.0000{number}")
