"""Reasons: values that are counted and compared, and put into words for people in one place."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.layouts.reasons import explain_reason
from bot.layouts.text import MAX_CONTENT
from bot.reasons import Reason, ReasonKind
from bot.storage import Storage
from bot.storage.reasons import dump_reason, load_reason
from tests.support.builders import build_missing_permissions, digest, plan, query, subscribe

UNTIL = datetime(2026, 1, 16, 9, 30, tzinfo=UTC)
FULL = Reason(ReasonKind.IN_TIME_OUT, number=1, permissions=("send_messages",), until=UNTIL, text="so it was")


@pytest.mark.parametrize("kind", ReasonKind)
def test_every_reason_is_explained_in_full_sentences(kind: ReasonKind) -> None:
    sentence = explain_reason(Reason(kind, 7, ("view_channel",), UNTIL, "so it was"))
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert "{" not in sentence
    assert len(sentence) < MAX_CONTENT / 10


def test_the_sentence_of_a_reason_names_its_arguments() -> None:
    assert explain_reason(Reason(ReasonKind.TOO_FEW_UPVOTES, number=1)) == "No new paper had 1 upvote or more."
    assert explain_reason(Reason(ReasonKind.TOO_FEW_UPVOTES, number=1200)) == "No new paper had 1,200 upvotes or more."
    lacked = build_missing_permissions("create_posts", "view_channel")
    assert explain_reason(lacked) == "I'm missing **Create Posts** and **View Channel** in the channel."
    assert explain_reason(build_missing_permissions()) == "I'm missing a permission in the channel."
    assert explain_reason(Reason(ReasonKind.IN_TIME_OUT, until=UNTIL)) == "I'm in time-out until <t:1768555800:f>."


def test_a_sentence_stored_by_an_earlier_version_is_shown_unchanged() -> None:
    assert explain_reason(Reason(ReasonKind.FREE_TEXT, text="the channel is gone")) == "The channel is gone."


@pytest.mark.parametrize("reason", [None, FULL, *map(Reason, ReasonKind)], ids=str)
def test_a_reason_comes_back_from_the_database_as_it_went_in(reason: Reason | None) -> None:
    assert load_reason(dump_reason(reason)) == reason


@pytest.mark.parametrize(
    "stored",
    [
        *("", "the channel is gone", "[]", "7", "null", "[" * 100_000),
        *('{"kind": "of_tomorrow"}', '{"number": 7}', '{"kind": "worded", "text": null}', '{"kind": "worded"}'),
        '{"kind": "too_few_upvotes", "number": "x"}',
        '{"kind": "permissions_missing", "permissions": [1]}',
        '{"kind": "in_time_out", "until": "soon"}',
    ],
    ids=lambda stored: stored[:60],
)
def test_a_reason_that_this_version_does_not_know_breaks_nothing_and_only_lacks_its_sentence(stored: str) -> None:
    reason = load_reason(stored)
    assert reason
    assert explain_reason(reason) == "This version doesn't know the reason."


async def test_an_operator_can_count_why_runs_were_quiet(storage: Storage, tmp_path: Path) -> None:
    for guild, least in enumerate((5, 50, 500)):
        quiet = digest(reason=Reason(ReasonKind.TOO_FEW_UPVOTES, number=least))
        assert await plan(storage, await subscribe(storage, guild), quiet)
    counted = "SELECT quiet_reason ->> 'kind', count(*), max(quiet_reason ->> 'number') FROM deliveries GROUP BY 1"
    assert query(tmp_path / "paperboy.db", counted) == [("too_few_upvotes", 3, 500)]


def test_a_log_line_names_the_kind_and_its_arguments() -> None:
    assert str(Reason(ReasonKind.MESSAGE_REJECTED, number=50035)) == "message_refused number=50035"
    assert (
        str(build_missing_permissions("view_channel", "send_messages"))
        == "permissions_missing permissions=view_channel,send_messages"
    )
    assert str(Reason(ReasonKind.CHANNEL_GONE)) == "channel_gone"
