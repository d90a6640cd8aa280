"""Processes with one token keep together to what Discord allows it, however they share the shards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.inboxes import BURST as INBOXES_AT_ONCE
from bot.channels.inboxes import SECONDS_EACH, build_limiter
from bot.delivery.sending import BURST, MESSAGES_PER_SECOND, split_rate
from bot.share import WHOLE, Share

DISCORDS_LIMIT = 50  # requests a second


@st.composite
def any_shares(draw: st.DrawFn) -> list[Share]:
    """All processes of a bot, each with some shards."""
    count = draw(st.integers(min_value=1, max_value=64))
    owners = draw(st.lists(st.integers(min_value=0, max_value=15), min_size=count, max_size=count))
    return [Share(frozenset(shard for shard, each in enumerate(owners) if each == owner), count) for owner in {*owners}]


def test_a_single_process_has_the_whole_pace() -> None:
    assert split_rate(MESSAGES_PER_SECOND, WHOLE) == (BURST, MESSAGES_PER_SECOND)
    assert split_rate(10, WHOLE) == (BURST, 10)


@given(any_shares(), st.floats(min_value=1, max_value=1000))
def test_together_they_have_no_more_a_second_than_a_single_process(shares: list[Share], per_second: float) -> None:
    parts = [split_rate(per_second, each) for each in shares]
    assert all(burst >= 1 and rate > 0 for burst, rate in parts)
    assert sum(rate for _, rate in parts) <= per_second + 1e-6


@pytest.mark.parametrize("processes", [1, 2, 3, 4, 6, 8])
def test_no_second_has_more_requests_than_discord_takes_when_all_begin_at_once(processes: int) -> None:
    shares = [Share(frozenset({number}), processes) for number in range(processes)]
    parts = [split_rate(MESSAGES_PER_SECOND, each) for each in shares]
    assert sum(burst + rate for burst, rate in parts) < DISCORDS_LIMIT
    if processes <= BURST:
        assert sum(rate for _, rate in parts) == pytest.approx(MESSAGES_PER_SECOND)  # nothing is given away


@given(any_shares())
def test_together_they_open_no_more_direct_messages_an_hour_than_a_single_process(shares: list[Share]) -> None:
    limiters = [build_limiter(each) for each in shares]
    assert all(each.max_rate >= 1 for each in limiters)
    hourly = sum(3600 * each.max_rate / each.time_period for each in limiters)
    assert hourly == pytest.approx(3600 / SECONDS_EACH)
    assert sum(each.max_rate for each in limiters) <= max(INBOXES_AT_ONCE, len(shares)) + INBOXES_AT_ONCE
