"""Which servers and people a process is responsible for, and how its settings say that."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.share import MOST_SHARDS, WHOLE, BadShards, ShardsProblem, Share, parse_shards

IDS = st.integers(min_value=0, max_value=2**63 - 1)


@st.composite
def any_share(draw: st.DrawFn) -> Share:
    count = draw(st.integers(min_value=1, max_value=40))
    return Share(frozenset(draw(st.sets(st.integers(min_value=0, max_value=count - 1), min_size=1))), count)


@pytest.mark.parametrize(
    ("text", "shards", "count"),
    [
        ("0-24/100", range(25), 100),
        ("0,3,8-9/16", (0, 3, 8, 9), 16),
        (" 2 - 3 , 0 / 4 ", (0, 2, 3), 4),
        ("7-7/8", (7,), 8),
        ("0/1", (0,), 1),
        ("00-03/04", range(4), 4),
    ],
)
def test_shards_are_read_as_they_are_written(text: str, shards: range, count: int) -> None:
    assert parse_shards(text) == Share(frozenset(shards), count)


@pytest.mark.parametrize(
    ("text", "problem", "part"),
    [
        ("0-3", ShardsProblem.NO_COUNT, "0-3"),
        ("0-3/", ShardsProblem.NO_COUNT, "0-3/"),
        ("", ShardsProblem.NO_COUNT, ""),
        ("/4", ShardsProblem.MALFORMED, ""),
        ("0,,1/4", ShardsProblem.MALFORMED, ""),
        ("0-1-2/4", ShardsProblem.MALFORMED, "0-1-2"),
        ("all/4", ShardsProblem.MALFORMED, "all"),
        ("-1/4", ShardsProblem.MALFORMED, "-1"),
        ("٣/4", ShardsProblem.MALFORMED, "٣"),
        ("0/four", ShardsProblem.MALFORMED, "four"),
        ("0/4/8", ShardsProblem.MALFORMED, "4/8"),
        ("0/0", ShardsProblem.COUNT_OUT_OF_RANGE, "0"),
        ("0-999999998/999999999", ShardsProblem.COUNT_OUT_OF_RANGE, "999999999"),
        ("5-3/8", ShardsProblem.BACKWARDS, "5-3"),
        ("0-4/4", ShardsProblem.TOO_HIGH, "0-4"),
        ("0-3,2/8", ShardsProblem.TWICE, "2"),
    ],
)
def test_nonsense_is_refused_with_the_part_that_is_wrong(text: str, problem: ShardsProblem, part: str) -> None:
    with pytest.raises(BadShards) as caught:
        parse_shards(text)
    assert (caught.value.problem, caught.value.part) == (problem, part)


@given(any_share())
def test_a_share_that_is_printed_can_be_read_again(share: Share) -> None:
    assert parse_shards(str(share)) == share


@given(any_share(), st.lists(IDS))
def test_the_database_and_the_bot_agree_on_who_belongs_to_a_share(share: Share, ids: list[int]) -> None:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE owners (id INTEGER)")
        connection.executemany("INSERT INTO owners VALUES (?)", [(each,) for each in ids])
        found = connection.execute(f"SELECT id FROM owners WHERE {share.build_condition('id')}").fetchall()
    connection.close()
    assert sorted(each for (each,) in found) == sorted(filter(share.has, ids))


@given(st.integers(min_value=1, max_value=40), IDS)
def test_every_server_has_exactly_one_responsible_shard(count: int, owner: int) -> None:
    assert sum(Share(frozenset({shard}), count).has(owner) for shard in range(count)) == 1


def test_who_has_all_shards_takes_everybody_and_leads() -> None:
    every = parse_shards(f"0-{MOST_SHARDS - 1}/{MOST_SHARDS}")
    for share in (WHOLE, every):
        assert share.is_whole
        assert share.leads
        assert share.fraction == 1
        assert share.build_condition("guild_id") == "TRUE"


def test_only_one_process_leads() -> None:
    assert parse_shards("0-1/4").leads
    assert not parse_shards("2-3/4").leads
    assert parse_shards("2-3/4").fraction == 0.5
