"""Misspelled words are taken for the nearest words of the archive."""

from pathlib import Path
from typing import Any

import pytest
from rapidfuzz import process

from bot.search import SearchIndex
from bot.search.spelling import Spelling
from tests.support.builders import paper
from tests.support.indexes import ATTENTION, MOLECULES, ROBOTS, SAMPLE_PAPERS, find, ids, open_index, parse_on_day


class TestSpelling:
    @pytest.mark.parametrize(
        ("text", "taken"),
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
            ("xiffusion", [("xiffusion", "diffusion")]),
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
        self, index: SearchIndex, text: str, taken: list[tuple[str, str]]
    ) -> None:
        assert find(index, text).corrections == tuple(taken)

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

    def test_a_word_of_more_papers_is_the_likelier_correction(self, tmp_path: Path) -> None:
        papers = [paper(f"2601.0001{n}", title=f"Neurol {n}") for n in range(9)] + [paper("2601.00100", title="Neural")]
        with open_index(tmp_path, papers) as index:
            assert index.find_nearest_words("neurel", limit=2) == ["neurol", "neural"]
            assert index.find_nearest_words("neurel", limit=1) == ["neurol"]

    def test_a_correction_with_the_same_first_letter_is_likelier(self, tmp_path: Path) -> None:
        with open_index(tmp_path, [paper("2601.00010", title="Trace"), paper("2601.00020", title="Crane")]) as index:
            assert index.find_nearest_words("trane", limit=2) == ["trace", "crane"]
            assert index.find_nearest_words("brane", limit=2) == ["crane"]

    def test_a_much_more_common_word_is_likelier_despite_another_first_letter(self, tmp_path: Path) -> None:
        cranes = [paper(f"2602.{number:05}", title="Crane") for number in range(400)]
        with open_index(tmp_path, [*cranes, paper("2601.00010", title="Trace")]) as index:
            assert index.find_nearest_words("trane", limit=2) == ["crane", "trace"]

    @pytest.mark.parametrize("word", ["", "x", "net", "注意", "🔥", "\x00", "x" * 6000, "é" * 500])
    def test_words_near_to_nothing_or_to_everything_are_not_corrected(self, index: SearchIndex, word: str) -> None:
        assert index.find_nearest_words(word, limit=5) == []

    def test_no_more_than_five_words_of_a_query_are_corrected(self, tmp_path: Path) -> None:
        words = ["zeolites", "galaxies", "penguins", "theorems", "lanterns", "volcanic", "harbours"]
        with open_index(tmp_path, [paper("2601.00010", title=" ".join(words))]) as index:
            slips = [f"{word[:3]}{word[4]}{word[3]}{word[5:]}" for word in words]
            assert find(index, " ".join(slips)).corrections == tuple(zip(slips[:5], words[:5], strict=True))
            assert find(index, " ".join([*words, slips[6]])).corrections == ((slips[6], words[6]),)

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
        assert words.find_nearest("trane") == words.find_nearest("trane") == ["trace", "crane"]
        assert looks == ["trane"]

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

    def test_words_of_a_new_paper_are_used_for_corrections(self, tmp_path: Path) -> None:
        with open_index(tmp_path, SAMPLE_PAPERS) as index:
            assert index.find_nearest_words("zeolytes", limit=1) == []
            index.add_papers([(9, paper("2601.00090", title="Zeolites"))])
            assert index.find_nearest_words("zeolytes", limit=1) == ["zeolites"]
            assert find(index, "zeolytes").corrections == (("zeolytes", "zeolites"),)
