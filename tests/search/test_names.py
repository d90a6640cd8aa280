"""Methods, models and languages are found however people write them."""

from collections.abc import Iterator

import pytest

from bot.search import SearchIndex
from tests.support.builders import paper
from tests.support.indexes import OTHERS, find, ids, open_index

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
    def test_a_named_paper_comes_first_however_the_name_is_written(
        self, named: SearchIndex, text: str, first: int
    ) -> None:
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
    def test_a_required_or_excluded_name_means_the_whole_name(
        self, named: SearchIndex, text: str, expected: set[int]
    ) -> None:
        assert {int(each.split(".")[1]) for each in ids(named, text)} == expected
