"""The most that an admin may ask for: the last number that is taken, and the first that is not."""

from datetime import date

import pytest

from bot.editing import fields
from bot.refusals import Refusal, Refused

TODAY = date(2026, 8, 20)


def test_a_filter_may_have_three_hundred_characters() -> None:
    longest = "x" * 300
    assert fields.read_typed_field("filter", longest, TODAY) == longest
    with pytest.raises(Refused) as refused:
        fields.read_typed_field("filter", f"{longest}x", TODAY)
    assert (refused.value.refusal, refused.value.number) == (Refusal.FILTER_TOO_LONG, 300)


def test_at_most_ten_thousand_upvotes_may_be_asked_for() -> None:
    assert fields.read_typed_field("min_upvotes", "10000", TODAY) == 10_000
    with pytest.raises(Refused) as refused:
        fields.read_typed_field("min_upvotes", "10001", TODAY)
    assert refused.value.refusal is Refusal.UPVOTES_UNCLEAR


def test_a_digest_may_have_one_to_ten_papers() -> None:
    assert [fields.read_picked_field("size", [str(size)]) for size in (1, 10)] == [1, 10]
    for size in ("0", "11"):
        with pytest.raises(Refused):
            fields.read_picked_field("size", [size])
