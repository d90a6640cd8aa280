"""Operators: what each of them lets through."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.search import SearchIndex
from tests.support.builders import paper
from tests.support.indexes import find, ids, open_index


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
        ('org:"google deepmind"', {1, 3}),
        ("org:google", {1, 2, 3}),
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
        ('+"one" two', {1}),
        ("+one +two", set()),
        ("one OR two", {1, 2}),
        ("(one OR two) (three OR two)", {1, 2, 3}),
        ("+(one OR two) +(three OR two)", {2}),
        ("the a of", {2, 3}),
        ("the min:50", {1}),
        ("-the", {1, 2, 3, 4}),
    ],
)
def test_each_operator_finds_exactly_the_papers_it_describes(
    filtered: SearchIndex, text: str, expected: set[int]
) -> None:
    found = find(filtered, text)
    assert set(found.ids) == {f"2601.000{number}0" for number in expected}
    assert found.total == len(expected)


def test_a_paper_of_no_list_is_found_by_the_day_it_was_published(tmp_path: Path) -> None:
    looked_up = paper("2601.00010", day=None, published_at=datetime(2026, 5, 5, 23, tzinfo=UTC))
    with open_index(tmp_path, [looked_up, paper("2601.00020", day=None)]) as index:
        assert ids(index, "day:2026-05-05") == ["2601.00010"]
        assert ids(index, "after:2000") == ["2601.00010"]
