"""The fullest panel stays within Discord's limits."""

from dataclasses import replace
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.channels import DESTINATION_CLASSES
from bot.channels.announcement import AnnouncementChannel
from bot.channels.destination import Destination
from bot.editing.drafts import DraftStatus
from bot.layouts import panel as layout
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.storage import Draft
from bot.subscription.schedule import Cadence, Run, Schedule
from bot.subscription.settings import DigestLayout, DigestSettings, PostingOptions, Selection, Threads
from tests.support.builders import DAY, MORNING, build_missing_permissions
from tests.support.discord_limits import check_message
from tests.support.server import Server


def fullest(**known: Any) -> DraftStatus:
    """A panel with as much to show as possible."""
    hard = "tag:*_~" * 42 + "||"
    everything = DigestSettings(
        2**63 - 1,
        Schedule(time(23, 59), ZoneInfo("America/Argentina/ComodRivadavia"), frozenset({0, 2, 4, 6}), Cadence.MONTHLY),
        Selection(size=10, min_upvotes=10_000, filter=hard),
        PostingOptions(DigestLayout.CARDS, Threads.PER_PAPER, 10080, True, 2**63 - 1, 10_000, True, True),
    )
    status = DraftStatus(
        Draft("f" * 12, 1, 2, 3, 4, everything),
        Run(DAY, MORNING),
        is_paused=True,
        match_count=(100_000, 200_000),
        abilities=AnnouncementChannel.abilities,
        role_id=2**63 - 1,
        obstacles=(
            build_missing_permissions(*["view_channel", "send_messages", "read_message_history"] * 2),
            Reason(ReasonKind.ROLE_NOT_NOTIFIED, number=2**63 - 1),
        ),
    )
    return replace(status, **known)


@pytest.mark.parametrize("kind", DESTINATION_CLASSES.values())
@pytest.mark.parametrize("page", ["first", "extras"])
async def test_the_fullest_panel_fits(page: str, kind: type[Destination]) -> None:
    status, unclear = fullest(abilities=kind.abilities), Refused(Refusal.TIMEZONE_AMBIGUOUS, examples=["y" * 100] * 4)
    note = "\n".join(layout.describe_misread_field("x" * 4000, unclear) for _ in range(2))
    timezones = [f"Area/City{number}" for number in range(400)]
    view: Any = (
        layout.render_panel(status, note, timezones) if page == "first" else layout.render_second_page(status, note)
    )
    check_message({"components": view.to_components(), "flags": 1 << 15, "allowed_mentions": {"parse": []}})
    assert view.content_length() < 4000
    assert view.is_finished()


@pytest.mark.parametrize("modal", [layout.build_time_modal, layout.build_selection_modal, layout.build_pings_modal])
async def test_the_fullest_modal_is_valid(server: Server, modal: Any) -> None:
    shown = modal(fullest().draft)
    assert shown.is_finished()
    assert all(len(each.component.default) <= each.component.max_length for each in shown.children)
