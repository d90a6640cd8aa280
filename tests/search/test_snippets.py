"""Snippets: the piece of a text that shows why it was found."""

from pathlib import Path

import pytest

from bot.papers import Paper
from tests.support.builders import paper
from tests.support.indexes import SAMPLE_PAPERS, open_index, parse_on_day


class TestSnippets:
    LONG = paper(
        "2601.00010",
        title="Zeolites",
        abstract=f"{'Nothing yet. ' * 40}Über all, the zeolites hold naïve atoms; zeolite cages. {'No more. ' * 40}",
        ai_summary="In short: cages.",
    )

    def marked(self, folder: Path, text: str, about: Paper = LONG, width: int = 120) -> list[str]:
        """The pieces of the snippet that are marked; checks that it is short, and the marks are in order."""
        with open_index(folder, [*SAMPLE_PAPERS, about]) as index:
            snippet = index.make_snippet(parse_on_day(text), about, width)
        assert len(snippet.text) <= width
        assert [each for mark in snippet.marks for each in mark] == sorted({e for mark in snippet.marks for e in mark})
        return [snippet.text[start:end] for start, end in snippet.marks]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("zeolites", ["zeolites", "zeolite"]),
            ("ZEOLITE atom", ["zeolites", "atoms", "zeolite"]),
            ("naive", ["naïve"]),
            ("uber naïve", ["Über", "naïve"]),
            ('"zeolite cage"', ["zeolites", "zeolite", "cages"]),
            ("(atom OR cages)", ["atoms", "cages"]),
            ("zeolites -atoms the of", ["zeolites", "zeolite"]),
            ("author:zeolites", []),
            ("robots", []),
            ("", []),
            ("the of", []),
        ],
    )
    def test_a_snippet_is_the_best_matching_piece_with_its_words_marked(
        self, tmp_path: Path, text: str, expected: list[str]
    ) -> None:
        assert set(self.marked(tmp_path, text)) == set(expected)

    def test_a_snippet_may_come_from_the_summary(self, tmp_path: Path) -> None:
        assert self.marked(tmp_path, "short") == ["short"]

    def test_marks_count_characters_not_bytes(self, tmp_path: Path) -> None:
        wide = paper("2601.00010", abstract="🔥🔥 Ünïcödé 注意 zeolites é zeolite")
        assert self.marked(tmp_path, "zeolites unicode", wide) == ["Ünïcödé", "zeolites", "zeolite"]

    def test_a_snippet_begins_with_a_sentence_and_has_whole_words(self, tmp_path: Path) -> None:
        with open_index(tmp_path, [*SAMPLE_PAPERS, self.LONG]) as index:
            snippet = index.make_snippet(parse_on_day("zeolites"), self.LONG, 70)
        assert snippet.text == "Über all, the zeolites hold naïve atoms; zeolite cages. No more. No"
