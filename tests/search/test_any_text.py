"""Any text at all is answered, with little work and little memory."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.search import SearchIndex
from tests.support.counting import count_calls
from tests.support.indexes import SAMPLE_PAPERS, parse_on_day, run_alone
from tests.support.queries import ANYTHING, HEAPS, HOSTILE

WORDS = (
    *(
        "attention",
        "neural",
        "diffusion",
        "learning-model",
        "zhang",
        "title:",
        "id:",
        "change:",
        "nope:",
        "AND",
        "IN",
        "TO",
    ),
    *(
        "[",
        "]",
        "{",
        "}",
        "'",
        "^2",
        "^1e99",
        "~3",
        ">",
        "<=",
        "\\",
        "..",
        "5",
        "!",
        "?",
        "C++",
        "atention",
        "naïve",
        "注意",
    ),
)
PROSE = st.lists(st.sampled_from(WORDS), max_size=40).flatmap(
    lambda words: st.sampled_from(("", " ")).map(lambda between: between.join(words))
)


def check(index: SearchIndex, text: str) -> None:
    """Search, complete and mark `text` in every way, and check what is true of any text."""
    known = {each.id for each in SAMPLE_PAPERS}
    query = parse_on_day(text)
    for found in (index.find_papers(query, limit=5), index.find_papers(query, limit=3, offset=5)):
        assert set(found.ids) <= known
        assert len(found.ids) == len(set(found.ids)) <= min(5, found.total)
        assert found.total <= len(known)
    assert set(index.find_papers_by_title_start(text, limit=3)) <= known
    assert len(index.find_papers_by_title_start(text, limit=3)) <= 3
    assert all(set(index.find_papers_by_name(name, text, limit=3)) <= known for name in ("author", "org", "tag"))
    assert len(index.suggest_words(query)) <= 15
    snippet = index.make_snippet(query, SAMPLE_PAPERS[0], 40)
    edges = [0, *(edge for mark in snippet.marks for edge in mark), len(snippet.text)]
    assert all(before <= after for before, after in pairwise(edges))
    assert all(start < end for start, end in snippet.marks)


@hypothesis_settings(max_examples=400, deadline=None)
@given(ANYTHING | HEAPS | PROSE)
@example("title:*")
@example("*:*")
@example("change:[1 TO 5]")
@example("attention^1e309")
@example('"attention is"~99999999999999999999')
@example("a\x00b")
@example("9" * 400)
def test_any_text_is_answered(index: SearchIndex, text: str) -> None:
    check(index, text)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:12]))
def test_twice_the_text_takes_no_more_than_twice_the_work(index: SearchIndex, text: str) -> None:
    """The work includes the terms that tantivy is given; what it does for each of them cannot be counted."""
    check(index, text)
    with count_calls() as half:
        check(index, text[: len(text) // 2])
    with count_calls() as all_of_it:
        check(index, text)
    assert all_of_it.total() < 2.2 * half.total() + 1000
    assert all_of_it.total() < 40 * len(text)


def test_hostile_queries_take_little_memory(tmp_path: Path) -> None:
    """In a process of its own, whose memory has a limit."""
    run_alone(
        tmp_path,
        """
        resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))
        from tests.support.queries import HOSTILE
        with open_index(folder, SAMPLE_PAPERS) as index:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            for text in HOSTILE:
                index.find_papers(parse_on_day(text), limit=5)
                index.find_papers(parse_on_day(text), limit=5, offset=10**12)
                index.find_papers_by_title_start(text, limit=5)
            grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            assert grown < 100_000, grown  # kilobytes
        """,
    )
