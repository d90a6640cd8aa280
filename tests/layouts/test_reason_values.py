"""Reasons: which of them the bot sees the end of by itself, and how the log tells them."""

from datetime import UTC, datetime

import pytest

from bot.reasons import RECOVERABLE, Reason, ReasonKind
from tests.support.builders import build_missing_permissions


@pytest.mark.parametrize("kind", sorted(RECOVERABLE - {ReasonKind.PERMISSIONS_MISSING}))
def test_the_bot_goes_on_by_itself_when_a_channel_can_be_used_again(kind: ReasonKind) -> None:
    assert Reason(kind).is_recoverable is True


@pytest.mark.parametrize("kind", sorted(set(ReasonKind) - RECOVERABLE))
def test_what_the_bot_cannot_see_the_end_of_waits_for_an_admin(kind: ReasonKind) -> None:
    assert Reason(kind, permissions=("send_messages",)).is_recoverable is False


def test_a_permission_that_is_granted_again_is_seen_if_discord_said_which_was_missing() -> None:
    assert build_missing_permissions("send_messages").is_recoverable is True
    assert build_missing_permissions().is_recoverable is False


def test_the_log_tells_a_reason_by_its_kind_and_what_goes_with_it() -> None:
    until = datetime(2026, 1, 16, 8, tzinfo=UTC)
    assert str(Reason(ReasonKind.MESSAGE_REJECTED, number=50035)) == "message_refused number=50035"
    assert (
        str(build_missing_permissions("send_messages", "attach_files"))
        == "permissions_missing permissions=send_messages,attach_files"
    )
    assert str(Reason(ReasonKind.IN_TIME_OUT, until=until)) == f"in_time_out until={until.isoformat()}"
    assert str(Reason(ReasonKind.FREE_TEXT, text="It rained.")) == "worded text=It rained."
    assert Reason(ReasonKind.CHANNEL_GONE).log_fields == {"kind": "channel_gone"}
