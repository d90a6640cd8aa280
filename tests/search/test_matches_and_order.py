"""What is found, and in which order: a person who half remembers a paper types what they remember."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from rapidfuzz import process

from bot.papers import Paper
from bot.ranking import rank_papers
from bot.search import SearchIndex, parse_query
from bot.search.spelling import Spelling
from tests.support.builders import DAY, paper
from tests.support.indexes import (
    APART,
    ATTENTION,
    CHINESE,
    DATA,
    GRAPHS,
    MODELS,
    MOLECULES,
    ROBOTS,
    SAMPLE_PAPERS,
    find,
    ids,
    in_pages,
    open_index,
    parse_on_day,
)

TOPICS = ("clouds", "bridges", "whales", "tulips", "comets", "engines")
TASKS = ("sorting", "sleeping", "painting", "cooking", "sailing", "singing", "digging")


# Papers that are about something else, so that the words of a test are as rare as real ones.
OTHERS = [
    paper(
        f"2602.{number:05}",
        title=f"{topic.title()} for {task}, Told as a Long Story",
        abstract=f"We study {topic} for {task}, a problem of many models. It seeks, it flows; we report it.",
        authors=(f"{topic.title()} {task.title()}", "Ina Other"),
    )
    for number, (topic, task) in enumerate(product(TOPICS, TASKS))
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    with open_index(tmp_path_factory.mktemp("found"), SAMPLE_PAPERS) as opened:
        yield opened


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("diffusion", [MOLECULES]),
        ("DIFFUSION", [MOLECULES]),
        ("molecule", [MOLECULES]),  # inflections
        ("runs", [ROBOTS]),
        ("graphing", [GRAPHS]),
        ("trained", [DATA]),
        ("jose", [MOLECULES]),  # accents
        ("nandu garcia", [MOLECULES]),
        ("José", [MOLECULES]),
        ("zhang", [MOLECULES]),
        ("uber", [MODELS]),
        ("naive", [MODELS]),
        ("Bäyes", [MODELS]),
        ("scaling", [DATA]),  # tags
        ("robot lab", [ROBOTS]),  # organisation
        ("message passing", [GRAPHS]),  # AI summary
        ("注意力机制", [CHINESE]),
        ("бета", [CHINESE]),
        ("αλφα", [CHINESE]),
        ('"neural networks"', [GRAPHS]),
        ('"NEURAL network"', [GRAPHS]),
        ('"all you need"', [ATTENTION]),
        ('"need you"', []),
        ('"graphs message"', [GRAPHS]),  # the summary goes on after the abstract
        ("neural -graphs", [APART]),
        ("graphs NOT neural", []),
        ("neural (-graphs)", [APART]),
        ("(graph OR language) -neural", [DATA]),
        ("title:attention", [ATTENTION, DATA]),
        ("2601.00010", [ATTENTION]),
        ("2601.00010v3", [ATTENTION]),
        ("arXiv:2601.00010", [ATTENTION]),
        ("https://arxiv.org/abs/2601.00010", [ATTENTION]),
        ("was it https://hf.co/papers/2601.00010?", [ATTENTION]),
        ("diffusion 2601.00010 min:9999", [ATTENTION]),
        ("2601.99999", []),
        ("nothing-of-the-kind", []),
        ("   ", [ATTENTION, DATA, MOLECULES, ROBOTS, GRAPHS, APART, MODELS, CHINESE]),
        ("🔥", []),
        ("-", []),
        ("**", []),
        ("!*", []),
        ("x" * 80 + "*", []),
        ('"..."', []),
    ],
)
def test_papers_are_found_by(index: SearchIndex, text: str, expected: list[str]) -> None:
    found = find(index, text)
    assert set(found.ids) == set(expected)
    assert found.total == len(found.ids) == len(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("atten*", {ATTENTION, DATA}),
        ("ATTEN*", {ATTENTION, DATA}),
        ("attention*", {ATTENTION, DATA}),
        ("mole*", {MOLECULES}),
        ("garcí*", {MOLECULES}),  # an author
        ("scal*", {DATA}),  # a tag
        ("üb*", {MODELS}),
        ("message-pas*", {GRAPHS}),  # whole words, then half a one
        ("message-xyz*", set()),
        ("+neur* -pass*", {APART}),
        ("ttention*", set()),
    ],
)
def test_half_a_word_finds_what_goes_on_like_it(index: SearchIndex, text: str, expected: set[str]) -> None:
    assert set(ids(index, text)) == expected


@pytest.mark.parametrize(
    "text", ["attention", "networks neural", "robots run", "jose diffusion", "bayes modelle", "data"]
)
def test_case_does_not_matter(index: SearchIndex, text: str) -> None:
    assert find(index, text) == find(index, text.upper()) == find(index, text.title())


FILTERED = (
    paper(
        "2601.00010",
        title="One",
        authors=("Yann LeCun", "Bernhard Schölkopf"),
        organization="Google DeepMind",
        tags=("speech recognition", "C++"),
        day=date(2026, 8, 20),
        upvotes=50,
        github_repo="https://github.com/a/b",
        media_urls=("https://a.example/v.mp4",),
    ),
    paper(
        "2601.00020",
        title="Two",
        authors=("Ada Lovelace", "Łukasz Kaiser"),
        organization="Google",
        tags=("recognition of speech",),
        day=date(2026, 8, 21),
        upvotes=49,
        project_page="https://a.example",
    ),
    paper(
        "2601.00030",
        title="Three",
        abstract="Yann LeCun of Google, on speech recognition.",
        organization="DeepMind",
        day=date(2026, 7, 31),
        upvotes=0,
        ai_summary="Short.",
    ),
    paper(
        "2601.00040",
        title="Four",
        authors=("Lecun Ada",),
        day=date(2025, 12, 31),
        tags=("automatic speech recognition",),
    ),
)


@pytest.fixture(scope="module")
def filtered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    with open_index(tmp_path_factory.mktemp("filtered"), FILTERED) as opened:
        yield opened


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("author:lecun", {1, 4}),
        ("author:LECUN", {1, 4}),
        ('author:"yann lecun"', {1}),
        ('author:"lecun yann"', set()),
        ('author:"lecun bernhard"', set()),  # two people
        ("author:scholkopf", {1}),
        ("author:Schölkopf", {1}),
        ("author:lukasz", {2}),
        ("author:lec*", {1, 4}),
        ('author:"yann lec*"', {1}),
        ("author:lec", set()),
        ("author:google", set()),
        ("author:ada -author:lovelace", {4}),
        ("author:ada author:kaiser", {2}),
        ("author:ada OR author:yann", {1, 2, 4}),
        ('org:"google deepmind"', {1}),
        ("org:google", {1, 2}),
        ("org:deepmind", {1, 3}),
        ("org:deep", set()),
        ("org:deep*", {1, 3}),
        ("org:lecun", set()),
        ('tag:"speech recognition"', {1, 4}),
        ('tag:"recognition"', {1, 2, 4}),
        ("tag:recognitions", {1, 2, 4}),
        ("tag:recogn*", {1, 2, 4}),
        ("tag:recogniti*", {1, 2, 4}),
        ("tag:recognition*", {1, 2, 4}),
        ('tag:"speech recog*"', {1, 2, 4}),
        ("tag:google", set()),
        ("day:2026-08-20", {1}),
        ("day:2026-08", {1, 2}),
        ("day:2026-07", {3}),
        ("day:2026", {1, 2, 3}),
        ("after:2026-08-20", {1, 2}),
        ("after:2026-08-21", {2}),
        ("after:2026-08-22", set()),
        ("after:2026", {1, 2, 3}),
        ("before:2026-08-20", {3, 4}),
        ("before:2026-08-21", {1, 3, 4}),
        ("before:2026-08", {3, 4}),
        ("before:2026", {4}),
        ("after:2026-07-31 before:2026-08-21", {1, 3}),
        ("-day:2026-08", {3, 4}),
        ("min:0", {1, 2, 3, 4}),
        ("min:1", {1, 2}),
        ("min:49", {1, 2}),
        ("min:50", {1}),
        ("min:51", set()),
        ("-min:50", {2, 3, 4}),
        ("has:code", {1}),
        ("has:project", {2}),
        ("has:summary", {3}),
        ("has:media", {1}),
        ("-has:code -has:project", {3, 4}),
        ("has:code OR has:project", {1, 2}),
        ("has:code has:project", set()),
        ("(has:code OR has:project) -(author:ada OR min:50)", set()),
        ("-(author:ada OR min:50)", {3}),
        ("-(author:ada min:1)", {1, 3, 4}),
        ("one OR has:summary", {1, 3}),
        ("one min:50", {1}),
        ("one min:49", {1}),
        ("one has:project", set()),
        ("one two has:project", {2}),
        ("one two three (has:project OR has:summary)", {2, 3}),
        ("one two (author:ada OR author:kaiser)", {2}),
        ("one (-has:code)", set()),
        ("+one two", {1}),
        ('"one" two', {1}),
        ("+one +two", set()),
        ("one OR two", {1, 2}),
        ("(one OR two) (three OR two)", {1, 2, 3}),
        ("+(one OR two) +(three OR two)", {2}),
        ("the a of", {2, 3}),
        ("the min:50", {1}),
        ("-the", {1, 2, 3, 4}),
    ],
)
def test_filters_hold(filtered: SearchIndex, text: str, expected: set[int]) -> None:
    found = find(filtered, text)
    assert set(found.ids) == {f"2601.000{number}0" for number in expected}
    assert found.total == len(expected)


def test_a_paper_without_a_list_is_found_by_the_day_it_was_published(tmp_path: Path) -> None:
    looked_up = paper("2601.00010", day=None, published_at=datetime(2026, 5, 5, 23, tzinfo=UTC))
    with open_index(tmp_path, [looked_up, paper("2601.00020", day=None)]) as index:
        assert ids(index, "day:2026-05-05") == ["2601.00010"]
        assert ids(index, "after:2000") == ["2601.00010"]


NAMED = (
    paper("2601.00001", title="GPT-4o System Card", abstract="A card."),
    paper("2601.00002", title="GPT-4 Technical Report", abstract="A report."),
    paper("2601.00003", title="FlashAttention-3: Fast Attention", abstract="A kernel."),
    paper("2601.00004", title="Flash Floods and Attention", abstract="We watch 3 floods in a flash. Attention!"),
    paper("2601.00005", title="DeepSeek-R1: Reasoning", abstract="Reasoning by reinforcement."),
    paper("2601.00006", title="How Deep to Seek", abstract="We seek deep R values, 1 by 1."),
    paper("2601.00007", title="SigLIP 2: Encoders", abstract="Vision and language."),
    paper("2601.00008", title="Sigmoid Loss", abstract="SigLIP, with 2 towers."),
    paper("2601.00009", title="Direct Preference Optimization", abstract="We call it DPO."),
    paper(
        "2601.00010",
        title="Preferences Optimised Directly",
        abstract="Direct preference tuning. Not what you think.",
    ),
    paper("2601.00011", title="Compiling C++ Faster", abstract="A compiler.", upvotes=0),
    paper("2601.00012", title="Compiling C Faster", abstract="A compiler.", upvotes=3),
    paper("2601.00013", title="Compiling Faster", abstract="We compile C# and F#, like many others.", upvotes=9),
    paper(
        "2601.00014",
        title="StarCoder",
        abstract="A coder.",
        github_repo="https://github.com/bigcode-project/octo-pack.git",
    ),
    paper("2601.00015", title="Ω-nets", abstract="What is β-VAE to β?"),
    paper("2601.00016", title="State of the Art", abstract="A study of the art of states."),
    paper("2601.00017", title="Art of a State", abstract="How states of art end."),
)


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    with open_index(tmp_path_factory.mktemp("named"), [*NAMED, *OTHERS]) as opened:
        yield opened


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("diffusion", {MOLECULES}),
        ("diffusion graphs", set()),  # a filter demands every word
        ("diffusion OR graphs", {MOLECULES, GRAPHS}),
        (MOLECULES, {MOLECULES}),  # one paper
        (f"graphs OR {MOLECULES}", {GRAPHS}),  # of an id among words the words count
        ("astronomy", set()),
    ],
)
def test_a_filter_lets_through_what_has_every_word_of_it(index: SearchIndex, text: str, expected: set[str]) -> None:
    assert index.filter_papers(parse_query(text, DAY), [MOLECULES, GRAPHS, ROBOTS]) == expected


class TestNames:
    """Methods, models and languages as people write them."""

    @pytest.mark.parametrize(
        ("text", "first"),
        [
            ("GPT-4o", 1),
            ("gpt 4o", 1),
            ("gpt4o", 1),
            ("GPT4O", 1),
            ("gpt_4o", 1),
            ("GPT-4", 2),
            ("gpt4", 2),
            ("gpt 4", 2),
            ("(GPT-4o)", 1),
            ("flash attention 3", 3),
            ("FlashAttention3", 3),
            ("flashattention-3", 3),
            ("deep seek r1", 5),
            ("deepseek r1", 5),
            ("DeepSeekR1", 5),
            ("deepseek-r1", 5),
            ("siglip2", 7),
            ("siglip 2", 7),
            ("SigLIP-2", 7),
            ("DPO", 9),
            ("dpo", 9),
            ("C++", 11),
            ('"C++"', 11),
            ('"c++" ', 11),
            ('"GPT-4o"', 1),
            ('"gpt4o"', 1),
            ('"siglip2"', 7),
            ("c++ compilers", 11),
            ("compiling C++ faster", 11),
            ("C", 12),
            ("C#", 13),
            ("star coder", 14),
            ("octopack", 14),
            ("bigcode-project/octo-pack", 14),
            ("ω-nets", 15),
            ("β-vae", 15),
            ("what is gpt4o?", 1),
            ("SigLIP2, please", 7),
        ],
    )
    def test_a_name_is_found_first_however_it_is_written(self, named: SearchIndex, text: str, first: int) -> None:
        assert ids(named, text)[0] == f"2601.{first:05}"
        assert find(named, text).corrections == ()  # and nothing in it is taken for a slip

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("+GPT-4o", {1}),
            ("+gpt4o", {1}),
            ("gpt -GPT-4o", {2}),
            ("gpt -gpt4o", {2}),
            ("GPT-4o sort:upvotes", {1}),
            ("+state-of-the-art", {16}),
            ("state -state-of-the-art", {17}),
            ("+flash-floods", {4}),
            ("compiling -C#", {11, 12}),
            ("compiling -C++", {12, 13}),
            ("+C++", {11}),
            ('"C++"', {11}),
            ('compiling -"C++"', {12, 13}),
            ('compiling -"C#"', {11, 12}),
            ('"GPT-4o"', {1}),
            ('gpt -"GPT-4o"', {2}),
            ("+(compile C#) -C++", {12, 13}),
        ],
    )
    def test_who_demands_a_name_or_rules_it_out_means_all_of_it(
        self, named: SearchIndex, text: str, expected: set[int]
    ) -> None:
        assert {int(each.split(".")[1]) for each in ids(named, text)} == expected


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
    def test_a_word_nobody_wrote_is_taken_for_the_nearest(
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
    def test_a_slip_does_not_hide_the_paper(self, index: SearchIndex, text: str, first: str) -> None:
        assert ids(index, text)[0] == first

    def test_the_word_more_papers_hold_is_the_likelier_one(self, tmp_path: Path) -> None:
        papers = [paper(f"2601.0001{n}", title=f"Neurol {n}") for n in range(9)] + [paper("2601.00100", title="Neural")]
        with open_index(tmp_path, papers) as index:
            assert index.find_nearest_words("neurel", limit=2) == ["neurol", "neural"]
            assert index.find_nearest_words("neurel", limit=1) == ["neurol"]

    def test_the_first_letter_is_seldom_wrong(self, tmp_path: Path) -> None:
        with open_index(tmp_path, [paper("2601.00010", title="Trace"), paper("2601.00020", title="Crane")]) as index:
            assert index.find_nearest_words("trane", limit=2) == ["trace", "crane"]
            assert index.find_nearest_words("brane", limit=2) == ["crane"]

    def test_but_a_much_commoner_word_is_likelier_all_the_same(self, tmp_path: Path) -> None:
        cranes = [paper(f"2602.{number:05}", title="Crane") for number in range(400)]
        with open_index(tmp_path, [*cranes, paper("2601.00010", title="Trace")]) as index:
            assert index.find_nearest_words("trane", limit=2) == ["crane", "trace"]

    @pytest.mark.parametrize("word", ["", "x", "net", "注意", "🔥", "\x00", "x" * 6000, "é" * 500])
    def test_what_is_near_to_nothing_or_to_everything_is_left_alone(self, index: SearchIndex, word: str) -> None:
        assert index.find_nearest_words(word, limit=5) == []

    def test_no_more_than_five_words_of_a_query_are_corrected(self, tmp_path: Path) -> None:
        words = ["zeolites", "galaxies", "penguins", "theorems", "lanterns", "volcanic", "harbours"]
        with open_index(tmp_path, [paper("2601.00010", title=" ".join(words))]) as index:
            slips = [f"{word[:3]}{word[4]}{word[3]}{word[5:]}" for word in words]
            assert find(index, " ".join(slips)).corrections == tuple(zip(slips[:5], words[:5], strict=True))
            assert find(index, " ".join([*words, slips[6]])).corrections == ((slips[6], words[6]),)

    def test_only_for_words_that_no_paper_holds_others_are_offered(self, tmp_path: Path) -> None:
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

    def test_a_new_paper_brings_its_words(self, tmp_path: Path) -> None:
        with open_index(tmp_path, SAMPLE_PAPERS) as index:
            assert index.find_nearest_words("zeolytes", limit=1) == []
            index.add_papers([(9, paper("2601.00090", title="Zeolites"))])
            assert index.find_nearest_words("zeolytes", limit=1) == ["zeolites"]
            assert find(index, "zeolytes").corrections == (("zeolytes", "zeolites"),)


class TestRanking:
    def ranked(self, folder: Path, text: str, *papers: Paper) -> list[str]:
        """The places of the papers in the order in which `text` finds them, from 1."""
        numbered = [_numbered(number, each) for number, each in enumerate(papers, 1)]
        with open_index(folder, [*numbered, *OTHERS]) as index:
            return [each.removeprefix("2601.0000") for each in ids(index, text) if each.startswith("2601")]

    def test_more_words_rank_higher_and_none_is_compulsory(self, tmp_path: Path) -> None:
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

    def test_a_word_found_mostly_among_names_is_taken_for_one(self, tmp_path: Path) -> None:
        graphs = paper("", title="Graph Theory", authors=("Yann LeCun",))
        lecun = paper("", title="Convolutions for Graphs", abstract="Like LeCun did. " + "LeCun was here. " * 3)
        others = [paper("", title=f"Other {n}", authors=("Yann LeCun",)) for n in range(4)]
        assert self.ranked(tmp_path, "lecun graphs", lecun, graphs, *others)[0] == "2"

    def test_a_word_mostly_found_in_prose_is_none(self, tmp_path: Path) -> None:
        said = paper("", title="Young Stars", abstract="Stars.")
        named = paper("", title="Stars", authors=("Tom Young", "A B", "C D", "E F"))
        others = [paper("", title=f"Young {n}", abstract="young") for n in range(4)]
        assert self.ranked(tmp_path, "young stars", named, said, *others)[0] == "2"

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

    def test_any_number_of_upvotes_pulls_by_a_third_at_most(self, tmp_path: Path) -> None:
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


DATED = [
    paper(
        f"2601.{number:05}",
        title="Flow Matching" if number % 3 else "Flow",
        abstract="matching" if number % 5 == 0 else "",
        day=DAY - timedelta(days=number % 7),
        upvotes=number % 11,
    )
    for number in range(1, 90)
]


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    with open_index(tmp_path_factory.mktemp("dated"), DATED) as opened:
        opened.add_papers([(100 + number, each) for number, each in enumerate(DATED[::4])])  # a second segment
        yield opened


class TestSorting:
    def both(self) -> set[str]:
        return {each.id for each in DATED if "Matching" in each.title or each.abstract}

    def test_by_upvotes_every_word_is_demanded(self, dated: SearchIndex) -> None:
        known = {each.id: each for each in DATED}
        found = ids(dated, "flow matching sort:upvotes", 100)
        assert set(found) == self.both() != set(known)
        upvotes = [known[each].upvotes for each in found]
        assert upvotes == sorted(upvotes, reverse=True)

    def test_by_date_the_newest_is_first(self, dated: SearchIndex) -> None:
        known = {each.id: each for each in DATED}
        found = ids(dated, "flow matching sort:date", 100)
        assert set(found) == self.both()
        days = [known[each].day for each in found]
        assert days == sorted(days, key=lambda day: -day.toordinal() if day else 0)

    def test_stop_words_are_not_demanded(self, dated: SearchIndex) -> None:
        assert set(ids(dated, "what is the flow with matching sort:date", 100)) == self.both()

    def test_where_no_paper_holds_every_word_any_will_do(self, dated: SearchIndex) -> None:
        found = find(dated, "flow zeolites sort:upvotes", 100)
        assert found.total == len(DATED)
        assert found.ids == find(dated, "sort:upvotes", 100).ids

    def test_a_word_ruled_out_or_a_filter_holds_in_any_order(self, dated: SearchIndex) -> None:
        found = set(ids(dated, "flow zeolites -matching min:5 sort:date", 100))
        assert found == {each.id for each in DATED if each.id not in self.both() and each.upvotes >= 5}

    @pytest.mark.parametrize("text", ["", "min:0", "-zeolites", "after:2000"])
    def test_nothing_but_operators_is_sorted_by_upvotes(self, dated: SearchIndex, text: str) -> None:
        assert find(dated, text, 100) == find(dated, f"{text} sort:upvotes", 100)
        assert find(dated, text, 100).total == len(DATED)

    @pytest.mark.parametrize(
        "text",
        ["flow matching", "flow", "matching sort:upvotes", "flow sort:date", "min:3", "", "flow OR matching min:1"],
    )
    @pytest.mark.parametrize("size", [1, 5, 7])
    def test_pages_follow_one_another_without_gaps_or_repeats(self, dated: SearchIndex, text: str, size: int) -> None:
        found = in_pages(dated, text, size)
        assert found == ids(dated, text, 1000)
        assert len(found) == len(set(found)) == find(dated, text).total

    @pytest.mark.parametrize("order", ["upvotes", "date"])
    def test_a_paper_discussed_between_two_pages_makes_none_repeat_or_vanish(self, tmp_path: Path, order: str) -> None:
        many = [paper(f"2601.{n:05}", title="Flow", upvotes=7, comments=30 - n) for n in range(1, 31)]
        with open_index(tmp_path, many) as index:
            found: list[str] = []
            for page in range(6):
                found += find(index, f"flow sort:{order}", 5, 5 * page).ids
                # those of the first page are talked about, which moves none of them below its place
                index.add_papers([(100 + 10 * page + n, replace(many[n], comments=40 - n)) for n in range(5)])
        assert found == [each.id for each in many]

    def test_by_upvotes_papers_come_as_on_the_leaderboard(self, tmp_path: Path) -> None:
        many = [
            paper(
                f"2601.{n:05}", title="Flow", upvotes=n % 3 * 600, comments=n * 7 % 4, day=DAY - timedelta(days=n % 5)
            )
            for n in range(1, 60)
        ]
        with open_index(tmp_path, many) as index:
            index.add_papers([(100 + n, each) for n, each in enumerate(many[::7])])  # among others' segments
            assert ids(index, "sort:upvotes", 100) == [each.id for each in rank_papers(many)]
            by_day = sorted(many, key=lambda each: (-(each.day or DAY).toordinal(), -each.upvotes, each.id))
            assert ids(index, "sort:date", 100) == [each.id for each in by_day]

    @pytest.mark.parametrize("offset", [89, 1000, 10**9, 10**30, -1, -(10**30)])
    def test_a_page_that_does_not_exist_is_empty_or_the_first(self, dated: SearchIndex, offset: int) -> None:
        for text in ("flow", "flow sort:date", "2601.00001"):
            found = find(dated, text, 5, offset)
            assert found.ids == (() if offset > 0 else find(dated, text, 5).ids)
            assert found.total == find(dated, text).total


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
        assert index.complete_title(typed, limit=5)[0] == expected

    @pytest.mark.parametrize("typed", ["", " ", "!?", "zzzz", "pay"])
    def test_nothing_is_suggested_where_no_title_goes_on_so(self, index: SearchIndex, typed: str) -> None:
        assert index.complete_title(typed, limit=5) == ()

    def test_words_in_order_as_far_as_typed_come_before_others(self, tmp_path: Path) -> None:
        papers = [
            paper("2601.00010", title="Language and Models", upvotes=90),
            paper("2601.00020", title="Language Modesty", upvotes=0),
            paper("2601.00030", title="Languid", upvotes=500),
        ]
        with open_index(tmp_path, papers) as index:
            assert set(index.complete_title("language mode", limit=5)) == {"2601.00010", "2601.00020"}
            assert set(index.complete_title("langu", limit=5)) == {each.id for each in papers}
            assert index.complete_title("langu", limit=5)[0] == "2601.00030"
            assert len(index.complete_title("langu", limit=2)) == 2

    @pytest.mark.parametrize(
        ("name", "beginning", "expected"),
        [
            ("author", "lec", [1, 4]),
            ("author", "LeC", [1, 4]),
            ("author", "yann lec", [1]),
            ("author", "luk", [2]),
            ("author", "Łuk", [2]),
            ("org", "goo", [1, 2]),
            ("tag", "recogniti", [1, 2, 4]),
            ("tag", "goo", []),
            ("author", "", []),
            ("author", "!!", []),
            ("author", "x" * 99, []),
        ],
    )
    def test_names_are_sought_by_their_beginnings_popular_first(
        self, filtered: SearchIndex, name: str, beginning: str, expected: list[int]
    ) -> None:
        assert filtered.find_by_name(name, beginning, limit=9) == tuple(f"2601.000{number}0" for number in expected)

    def test_of_a_names_papers_the_most_popular_is_first(self, tmp_path: Path) -> None:
        papers = [
            paper("2601.00010", authors=("Yann LeCun",), upvotes=4),
            paper("2601.00020", authors=("Ada Lovelace", "Emmy Noether", "Yann LeCun", "Jo Byron"), upvotes=5),
        ]
        with open_index(tmp_path, [*papers, *OTHERS]) as index:
            assert index.find_by_name("author", "yann lec", limit=5) == ("2601.00020", "2601.00010")


class TestSimilar:
    def test_a_paper_is_like_those_that_say_the_same(self, tmp_path: Path) -> None:
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
            assert index.find_similar(papers[0], limit=2) == ("2601.00020", "2601.00030")
            assert papers[0].id not in index.find_similar(papers[0], limit=50)
            assert "2601.00040" not in index.find_similar(papers[0], limit=50)
            stranger = paper("2601.99999", title="Molecules", abstract="Of atoms in space.")
            assert set(index.find_similar(stranger, limit=2)) == {"2601.00010", "2601.00020"}

    @pytest.mark.parametrize("title", ["the of", "?", "🔥", "x" * 500])
    def test_a_paper_that_says_nothing_is_like_none(self, index: SearchIndex, title: str) -> None:
        assert index.find_similar(paper("2601.99999", title=title), limit=5) == ()


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
    def test_the_piece_that_says_most_is_shown_and_its_words_are_marked(
        self, tmp_path: Path, text: str, expected: list[str]
    ) -> None:
        assert set(self.marked(tmp_path, text)) == set(expected)

    def test_the_summary_is_part_of_what_is_shown(self, tmp_path: Path) -> None:
        assert self.marked(tmp_path, "short") == ["short"]

    def test_marks_count_characters_not_bytes(self, tmp_path: Path) -> None:
        wide = paper("2601.00010", abstract="🔥🔥 Ünïcödé 注意 zeolites é zeolite")
        assert self.marked(tmp_path, "zeolites unicode", wide) == ["Ünïcödé", "zeolites", "zeolite"]


def test_a_title_is_found_with_all_its_punctuation(tmp_path: Path) -> None:
    papers = [
        *SAMPLE_PAPERS,
        paper("2601.00090", title="Parrot: Attention - All of It"),
        paper("2601.00100", title="It"),
        paper("2601.00110", title='Is "More" (Really) +More? 100% -- a/b Study | OR NOT'),
    ]
    with open_index(tmp_path, papers) as index:
        assert ids(index, "Parrot: Attention - All of It")[0] == "2601.00090"
        assert ids(index, "Parrot: it")[0] == "2601.00090"
        assert "2601.00090" in ids(index, "Nobody - Parrot")
        assert "2601.00090" not in ids(index, "all -parrot")
        for title in (each.title for each in papers[:-2]):
            assert index.find_papers(parse_on_day(title), limit=1).ids == (
                next(each.id for each in papers if each.title == title),
            )
        assert ids(index, 'Is "More" (Really) +More? 100% -- a/b Study')[0] == "2601.00110"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "(diffusion",
            "diffusion)",
            '"diffusion',
            "diffusion OR",
            "((( diffusion",
            "min:x diffusion",
            "autor:x diffusion",
        ),
        *(
            "diffusion AND",
            "day:2026-02-31 diffusion",
            "has:nothing diffusion",
            "sort:well diffusion",
            "nope:x diffusion",
        ),
    ],
)
def test_a_mistake_in_a_query_does_not_hide_what_its_words_find(index: SearchIndex, text: str) -> None:
    assert MOLECULES in ids(index, text)


def test_a_paper_with_every_field_full_can_be_found(tmp_path: Path) -> None:
    long = Paper(
        "2601.00100",
        title="T" * 500,
        abstract="word " * 5000,
        day=DAY,
        authors=tuple(f"Author Number{n}" for n in range(664)),
        tags=("x" * 300,),
        organization="O" * 200,
        upvotes=2**31,
    )
    with open_index(tmp_path, [long]) as index:
        for text in ("Number663", "word", "author:number663", "min:999999", "a -b"):
            assert ids(index, text) == ["2601.00100"], text


def test_a_changed_paper_is_found_by_its_new_words_alone(tmp_path: Path) -> None:
    with open_index(tmp_path, SAMPLE_PAPERS) as index:
        index.add_papers([(9, paper(MOLECULES, title="Flows for Proteins"))])
        assert ids(index, "diffusion") == []
        assert ids(index, "proteins") == [MOLECULES]
        assert find(index, "").total == len(SAMPLE_PAPERS)
