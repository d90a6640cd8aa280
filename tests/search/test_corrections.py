"""What a misspelled word is taken for, and which words are left as they are."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.search import Guess, SearchIndex
from bot.search.dictionary import is_english_word
from bot.search.query import Correction
from tests.support.builders import paper
from tests.support.indexes import OTHERS, find, ids, open_index, parse_on_day

NAMES = (
    "FreeMorph: Images that Turn into Others",
    "Optimus-1: Agents with a Long Memory",
    "MeshAnything: Meshes as Artists Draw Them",
    "Llama3 and What It Remembers",
    "Zephyria: Photorealistic Weather",
    "PhysicsGym: Physics for Machines",
    "Matryoshka Codes for Retrieval",
    "KoalaBench: Questions about Marsupials",
    "InstructTune-Kit: Music from Orders",
    "Chameleon Skins: Fusion of Many Inputs",
    "Quantization of Small Models",
    "Interpretability of Features",
    "Speculative Decoding with Drafts",
    "Segmentation of Rivers and Their Hallucinations",
    "Reinforcement Learning of Manipulation with Language",
)
WORDS = [paper(f"2603.{number:05}", title=title, abstract="GPT-4o is compared.") for number, title in enumerate(NAMES)]
COMMON = [
    paper(f"2604.{number:05}", title=f"Report {number}", abstract="A freeform shirt, inter alia, of a party of speech.")
    for number in range(120)
]


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    with open_index(tmp_path_factory.mktemp("named"), [*WORDS, *COMMON, *OTHERS]) as opened:
        yield opened


def taken(index: SearchIndex, text: str) -> list[tuple[str, str]]:
    return [(each.typed, each.words[0]) for each in find(index, text).corrections]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        # Names that papers give their work, before common words that are about as near.
        ("freemorf", "freemorph"),
        ("freemorhp", "freemorph"),
        ("FreeMorf", "freemorph"),
        ("fremorph", "freemorph"),
        ("zefyria", "zephyria"),
        ("zephirya", "zephyria"),
        ("zephyyria", "zephyria"),
        ("meshanythng", "meshanything"),
        ("meshanithing", "meshanything"),
        ("koalabensh", "koalabench"),
        ("coalabench", "koalabench"),
        ("koalabnech", "koalabench"),
        ("fizicsgym", "physicsgym"),
        ("phisicsgym", "physicsgym"),
        ("matryoska", "matryoshka"),
        ("matrioshka", "matryoshka"),
        ("chamelion", "chameleon"),
        ("camelleon", "chameleon"),
        # Letters beside a number, which stays.
        ("optimuss-1", "optimus-1"),
        ("optimmus1", "optimus1"),
        ("optimsu-1", "optimus-1"),
        ("lama3", "llama3"),
        ("lllama3", "llama3"),
        ("gtp-4o", "gpt-4o"),
        ("gptt4o", "gpt4o"),
        # Parts of a word.
        ("instructtune-kitt", "instructtune-kit"),
        ("self-quantizaton", "self-quantization"),
        # Words: doubled, swapped, missing, near on the keyboard, or as they sound.
        ("kwantization", "quantization"),
        ("quantisation", "quantization"),
        ("quantizzation", "quantization"),
        ("interpretabilty", "interpretability"),
        ("interpertability", "interpretability"),
        ("specualtive", "speculative"),
        ("dekoding", "decoding"),
        ("segmentaton", "segmentation"),
        ("hallucenations", "hallucinations"),
        ("retreival", "retrieval"),
        ("reinforcmnet", "reinforcement"),
        ("manipulatoin", "manipulation"),
        ("fotorealistic", "photorealistic"),
        ("langauge", "language"),
        ("lerning", "learning"),
    ],
)
def test_a_misspelled_word_is_taken_for_what_was_meant(named: SearchIndex, typed: str, meant: str) -> None:
    assert taken(named, typed) == [(typed, meant)]


@pytest.mark.parametrize(
    "word",
    [
        *(
            "skirt",
            "jots",
            "parsnip",
            "inters",
            "sparty",
            "llamas",
            "peach",
            "koalas",
            "quantify",
            "meshing",
            "corrigé",
        ),
        *("umami", "bonjour", "optimus-2", "llama4", "gpt-5o", "SKRT", "ShirtLess", "https://freemorf.io", "zephyr"),
    ],
)
def test_a_good_word_that_no_paper_has_stays_as_it_is(named: SearchIndex, word: str) -> None:
    assert taken(named, word) == []
    assert taken(named, f"{word} of images") == []


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("interp", "Interpretability of Features"),
        ("hallucin", "Segmentation of Rivers and Their Hallucinations"),
        ("specul", "Speculative Decoding with Drafts"),
        ("photoreal", "Zephyria: Photorealistic Weather"),
    ],
)
def test_a_beginning_finds_the_words_that_begin_so(named: SearchIndex, typed: str, first: str) -> None:
    titles = {each.id: each.title for each in WORDS}
    assert titles[ids(named, typed)[0]] == first


def test_an_answer_names_the_most_common_words_that_begin_so(tmp_path: Path) -> None:
    papers = [
        paper("2601.00010", title="Interpretability of Features"),
        paper("2601.00020", title="Interpretability of Heads"),
        paper("2601.00030", title="Interpolation of Frames"),
    ]
    with open_index(tmp_path, [*papers, *COMMON]) as index:
        assert find(index, "interp of heads").corrections == (
            Correction("interp", ("interpretability", "interpolation"), Guess.BEGINNING),
        )
        assert ids(index, "interp of heads")[0] == "2601.00020"


def test_of_two_words_the_one_that_goes_with_the_rest_of_the_query_is_meant(tmp_path: Path) -> None:
    papers = [
        paper("2601.00010", title="Carbonara for Cooks", abstract="Pasta and eggs."),
        paper("2601.00020", title="Carbonado for Miners", abstract="Diamonds and rocks."),
    ]
    with open_index(tmp_path, [*papers, *OTHERS]) as index:
        assert taken(index, "carbonaro pasta") == [("carbonaro", "carbonara")]
        assert taken(index, "carbonaro diamonds") == [("carbonaro", "carbonado")]


def test_a_doubtful_word_is_searched_for_as_typed_too(tmp_path: Path) -> None:
    papers = [paper("2601.00010", title="Lists", abstract="We protocal it."), *OTHERS]
    papers += [paper(f"2605.{number:05}", title=f"Net {number}", abstract="A protocol.") for number in range(150)]
    with open_index(tmp_path, papers) as index:
        found = find(index, "protocal")
        assert found.corrections == (Correction("protocal", ("protocol",), Guess.DOUBTFUL),)
        assert found.ids[0] == "2601.00010"  # whose slip it is
        assert found.total == 151
        assert find(index, '"protocal"').total == 1


def test_what_a_doubtful_word_means_is_what_was_typed(tmp_path: Path) -> None:
    query = parse_on_day("protocal design")
    doubtful = query.correct_spelling([Correction("protocal", ("protocol",), Guess.DOUBTFUL)])
    sure = query.correct_spelling([Correction("protocal", ("protocol",), Guess.SURE)])
    assert [*doubtful.list_texts()] == ["protocal", "design"]
    assert [*sure.list_texts()] == ["protocol", "design"]


@pytest.mark.parametrize(
    ("text", "typed", "literal"),
    [
        ("freemorf", ["freemorf"], '"freemorf"'),
        ("images  freemorf +freemorf -freemorf", ["freemorf"], 'images "freemorf" +"freemorf" -freemorf'),
        ("gtp-4o lama3 min:5", ["gtp-4o", "lama3"], '"gtp-4o" "lama3" min:5'),
    ],
)
def test_a_corrected_query_can_be_asked_as_it_was_typed(
    named: SearchIndex, text: str, typed: list[str], literal: str
) -> None:
    query = parse_on_day(text)
    assert query.quote_words(typed) == literal
    assert find(named, literal).corrections == ()


def test_the_dictionary_knows_words_in_small_letters() -> None:
    assert [*map(is_english_word, ("skirt", "parsnips", "freemorf", "", "the\nof"))] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_just_what_i_typed_is_looked_for_however_many_words_are_misspelled(named: SearchIndex) -> None:
    misspelled = ["interpretabilty", "hallucinatons", "segmentaton", "speculatve", "quantizaton", "manipulaton"]
    assert all(find(named, each).corrections for each in misspelled)
    query = parse_on_day(" ".join(misspelled))
    corrected = [each.typed for each in named.find_papers(query, limit=5).corrections]
    assert corrected
    assert misspelled[-1] not in corrected
    as_typed = parse_on_day(query.quote_words(corrected))
    assert named.find_papers(as_typed, limit=5).corrections == ()
