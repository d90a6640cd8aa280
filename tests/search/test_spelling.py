"""Misspelled words are taken for the nearest words of the archive."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import tantivy
from rapidfuzz import process

from bot.search import SearchIndex, search
from bot.search.corrections import read_spelling
from bot.search.spelling import Spelling
from tests.support.builders import paper
from tests.support.indexes import ATTENTION, MOLECULES, ROBOTS, SAMPLE_PAPERS, find, ids, open_index, parse_on_day


def taken(index: SearchIndex, text: str) -> list[tuple[str, str]]:
    """The words of `text` that are corrected, each with the likeliest word of the archive."""
    return [(each.typed, each.words[0]) for each in find(index, text).corrections]


def nearest(words: Sequence[tuple[str, int]], word: str) -> list[str]:
    return [each.text for each in Spelling(words).find_nearest(word)]


class TestSpelling:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("difusion", [("difusion", "diffusion")]),
            ("diffusoin", [("diffusoin", "diffusion")]),  # two letters swapped
            ("difusoin", [("difusoin", "diffusion")]),  # in a long word, two slips
            ("ronut", []),  # in a short one, one
            ("Molecuels!", [("Molecuels!", "molecules")]),
            ("atention netwrok", [("atention", "attention"), ("netwrok", "network")]),
            ("garzia", [("garzia", "garcia")]),
            ("nándu gárcia", []),
            ("naíve bayse", [("bayse", "bayes")]),
            ("+difusion", [("difusion", "diffusion")]),
            ("xiffusion", []),  # people get the first letter right,
            ("idffusion", [("idffusion", "diffusion")]),  # or swap it with the next
            ("attention", []),
            ("attentions", []),  # an inflection
            ("all yuo need", []),  # too short to guess
            ("zzzzzz", []),
            ("mo lecules", []),  # a word typed in two
            ("diffusionfor", []),  # and two in one, as in the title
            ("difus*", []),
            ('"difusion models"', []),
            ("-difusion", []),
            ("author:garzia", []),
        ],
    )
    def test_a_word_that_no_paper_has_is_corrected_to_the_nearest(
        self, index: SearchIndex, text: str, expected: list[tuple[str, str]]
    ) -> None:
        assert taken(index, text) == expected

    @pytest.mark.parametrize(
        ("text", "first"),
        [
            ("difusion", MOLECULES),
            ("difusion molecuels", MOLECULES),
            ("atention is all you ned", ATTENTION),
            ("runing robtos", ROBOTS),
            ("+difusion sort:date", MOLECULES),
            ("diffusionfor molecules", MOLECULES),
            ("mo lecules", MOLECULES),
        ],
    )
    def test_a_typo_does_not_hide_the_paper(self, index: SearchIndex, text: str, first: str) -> None:
        assert ids(index, text)[0] == first

    def test_a_word_of_more_papers_is_the_likelier_correction(self) -> None:
        assert nearest([("neurol", 90), ("neural", 1)], "neurel") == ["neurol", "neural"]

    def test_a_correction_begins_with_the_same_letter_or_one_that_sounds_alike(self) -> None:
        assert nearest([("crane", 1), ("trace", 1)], "trane") == ["trace"]
        assert nearest([("crane", 1), ("trace", 1)], "krane") == ["crane"]

    def test_a_much_more_common_word_is_likelier_despite_another_first_letter(self) -> None:
        assert nearest([("crane", 40_000), ("krank", 1)], "krane") == ["crane", "krank"]

    @pytest.mark.parametrize("word", ["", "x", "net", "注意", "🔥", "\x00", "x" * 6000, "é" * 500])
    def test_words_near_to_nothing_or_to_everything_are_not_corrected(self, index: SearchIndex, word: str) -> None:
        assert taken(index, word) == []

    def test_no_more_than_five_words_of_a_query_are_corrected(self, tmp_path: Path) -> None:
        words = ["zeolites", "galaxies", "penguins", "theorems", "lanterns", "volcanic", "harbours"]
        with open_index(tmp_path, [paper("2601.00010", title=" ".join(words))]) as index:
            slips = [f"{word[:3]}{word[4]}{word[3]}{word[5:]}" for word in words]
            assert taken(index, " ".join(slips)) == [*zip(slips[:5], words[:5], strict=True)]
            assert taken(index, " ".join([*words, slips[6]])) == [(slips[6], words[6])]

    def test_only_words_that_no_paper_has_get_suggestions(self, tmp_path: Path) -> None:
        with open_index(tmp_path, [paper("2601.00010", title="Trace"), paper("2601.00020", title="Crane")]) as index:
            assert index.suggest_words(parse_on_day("+trace +crane")) == ()
            assert index.suggest_words(parse_on_day('"trace crane"')) == ()
            assert index.suggest_words(parse_on_day('"trace crame"')) == ("crane",)
            assert index.suggest_words(parse_on_day("-crame min:5")) == ()

    def test_the_nearest_spelling_is_looked_for_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        looks: list[str] = []
        extract = process.extract

        def counted(word: str, *rest: Any, **named: Any) -> Any:
            looks.append(word)
            return extract(word, *rest, **named)

        monkeypatch.setattr(process, "extract", counted)
        words = Spelling([("trace", 1), ("crane", 1)])
        first = words.find_nearest("trane")
        once = len(looks)
        assert words.find_nearest("trane") == first
        assert len(looks) == once > 0

    @pytest.mark.parametrize(
        "text",
        [
            "bert",
            "BERT",
            "BERT: pre-training",
            "BERT:pre-training",
            "bart and clip",
            "GRPOs grpo",
            "best5",  # another number is another thing
            "qwen-9",
            "reast",  # as in a title
            "LoRAs LoReST tuning",
        ],
    )
    def test_a_name_or_a_word_of_a_title_is_never_corrected(self, tmp_path: Path, text: str) -> None:
        words = ["best", "rest", "part", "class", "best4", "qwen-8", "grip", "lores", "tuning", "reast"]
        papers = [paper(f"2601.{n:05}", title=" ".join(words)) for n in range(1, 9)]
        with open_index(tmp_path, papers) as index:
            assert find(index, text).corrections == ()

    def test_a_name_that_no_paper_has_is_not_suggested_away(self, tmp_path: Path) -> None:
        with open_index(tmp_path, [paper("2601.00010", title="The Best Vision Transformer")]) as index:
            assert index.suggest_words(parse_on_day("+bert")) == ()
            assert index.suggest_words(parse_on_day("+vit")) == ("vision transformer",)
            assert index.suggest_words(parse_on_day("+gan")) == ()


def test_after_a_change_nobody_waits_until_the_words_are_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_be_read, readings = threading.Event(), []

    def read_slowly(searcher: tantivy.Searcher) -> Spelling:
        readings.append(searcher)
        assert may_be_read.wait(60)
        return read_spelling(searcher)

    with open_index(tmp_path, SAMPLE_PAPERS) as index:
        assert taken(index, "difusion") == [("difusion", "diffusion")]
        monkeypatch.setattr(search, "read_spelling", read_slowly)
        index.add_papers([(99, paper("2603.00001", title="Zeppelins"))])
        assert [taken(index, "difusion"), taken(index, "zepelins")] == [[("difusion", "diffusion")], []]
        may_be_read.set()
        while not taken(index, "zepelins"):
            time.sleep(0.01)
        assert taken(index, "zepelins") == [("zepelins", "zeppelins")]
        assert len(readings) == 1
