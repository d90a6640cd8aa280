"""Suggestions while somebody types, and papers similar to another."""

from pathlib import Path

import pytest

from bot.search import SearchIndex
from tests.support.builders import paper
from tests.support.indexes import ATTENTION, CHINESE, MODELS, MOLECULES, OTHERS, ROBOTS, open_index


class TestSuggesting:
    @pytest.mark.parametrize(
        ("typed", "expected"),
        [
            ("atten", ATTENTION),
            ("attention is al", ATTENTION),
            ("Diffu", MOLECULES),
            ("mole", MOLECULES),
            ("molecules for diff", MOLECULES),
            ("robo", ROBOTS),
            ("robot", ROBOTS),
            ("runs", ROBOTS),
            ("üb", MODELS),
            ("ub", MODELS),
            ("注意", CHINESE),
        ],
    )
    def test_papers_are_suggested_while_somebody_types(self, index: SearchIndex, typed: str, expected: str) -> None:
        assert index.find_papers_by_title_start(typed, limit=5)[0] == expected

    @pytest.mark.parametrize("typed", ["", " ", "!?", "zzzz", "pay"])
    def test_nothing_is_suggested_if_no_title_continues_like_that(self, index: SearchIndex, typed: str) -> None:
        assert index.find_papers_by_title_start(typed, limit=5) == ()

    def test_titles_must_continue_what_was_typed_and_popular_ones_come_first(self, tmp_path: Path) -> None:
        papers = [
            paper("2601.00010", title="Language and Models", upvotes=90),
            paper("2601.00020", title="Language Modesty", upvotes=0),
            paper("2601.00030", title="Languid", upvotes=500),
        ]
        with open_index(tmp_path, papers) as index:
            assert set(index.find_papers_by_title_start("language mode", limit=5)) == {"2601.00010", "2601.00020"}
            assert set(index.find_papers_by_title_start("langu", limit=5)) == {each.id for each in papers}
            assert index.find_papers_by_title_start("langu", limit=5)[0] == "2601.00030"
            assert len(index.find_papers_by_title_start("langu", limit=2)) == 2

    @pytest.mark.parametrize(
        ("name", "beginning", "expected"),
        [
            ("author", "lec", [1, 4]),
            ("author", "LeC", [1, 4]),
            ("author", "yann lec", [1]),
            ("author", "luk", [2]),
            ("author", "Łuk", [2]),
            ("org", "goo", [1, 2, 3]),
            ("tag", "recogniti", [1, 2, 4]),
            ("tag", "goo", []),
            ("author", "", []),
            ("author", "!!", []),
            ("author", "x" * 99, []),
        ],
    )
    def test_names_are_found_by_their_beginning_popular_papers_first(
        self, filtered: SearchIndex, name: str, beginning: str, expected: list[int]
    ) -> None:
        assert filtered.find_papers_by_name(name, beginning, limit=9) == tuple(
            f"2601.000{number}0" for number in expected
        )

    def test_of_the_papers_of_a_name_the_most_popular_is_first(self, tmp_path: Path) -> None:
        papers = [
            paper("2601.00010", authors=("Yann LeCun",), upvotes=4),
            paper("2601.00020", authors=("Ada Lovelace", "Emmy Noether", "Yann LeCun", "Jo Byron"), upvotes=5),
        ]
        with open_index(tmp_path, [*papers, *OTHERS]) as index:
            assert index.find_papers_by_name("author", "yann lec", limit=5) == ("2601.00020", "2601.00010")


class TestSimilar:
    def test_papers_with_the_same_words_are_similar(self, tmp_path: Path) -> None:
        papers = [
            paper(
                "2601.00010",
                title="Diffusion for Molecules",
                abstract="We denoise atoms in space.",
                tags=("chemistry",),
            ),
            paper("2601.00020", title="Denoising Molecules", abstract="Atoms by diffusion.", tags=("chemistry",)),
            paper("2601.00030", title="Diffusion of Robots", abstract="We walk in space."),
            paper("2601.00040", title="Graphs", abstract="On trees."),
        ]
        with open_index(tmp_path, [*papers, *OTHERS]) as index:
            assert [*index.find_similar_papers(papers[0], limit=2)] == ["2601.00020", "2601.00030"]
            assert papers[0].id not in index.find_similar_papers(papers[0], limit=50)
            assert "2601.00040" not in index.find_similar_papers(papers[0], limit=50)
            stranger = paper("2601.99999", title="Molecules", abstract="Of atoms in space.")
            assert set(index.find_similar_papers(stranger, limit=2)) == {"2601.00010", "2601.00020"}

    @pytest.mark.parametrize("title", ["the of", "?", "🔥", "x" * 500])
    def test_a_paper_without_words_is_similar_to_none(self, index: SearchIndex, title: str) -> None:
        assert index.find_similar_papers(paper("2601.99999", title=title), limit=5) == {}
