"""The fullest panel stays within Discord's limits."""

from dataclasses import replace
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from discord.ui import TextInput

from bot.channels import DESTINATION_CLASSES
from bot.channels.announcement import AnnouncementChannel
from bot.channels.destination import Destination
from bot.composing.outlook import Caveat, CaveatKind
from bot.editing.drafts import DraftStatus, MisreadField
from bot.editing.fields import FilterUnclear
from bot.layouts import panel as layout
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.search import parse_query
from bot.storage import Draft
from bot.subscription.presets import PRESETS
from bot.subscription.schedule import Cadence, Run, Schedule
from bot.subscription.settings import DigestLayout, DigestSettings, PostingOptions, Selection, Threads
from bot.subscription.timezones import Place, list_timezones_of_language
from tests.support.builders import DAY, MORNING, build_missing_permissions
from tests.support.discord_limits import check_message
from tests.support.server import Server

MODALS = [
    layout.build_time_modal,
    layout.build_weekdays_modal,
    layout.build_selection_modal,
    layout.build_pings_modal,
]


def fullest(**known: Any) -> DraftStatus:
    """A panel with as much to show as possible."""
    hard = "tag:*_~" * 42 + "||"
    everything = DigestSettings(
        2**63 - 1,
        Schedule(time(23, 59), ZoneInfo("America/Argentina/ComodRivadavia"), frozenset({0, 2, 4, 6}), Cadence.MONTHLY),
        Selection(size=10, min_upvotes=10_000, filter=hard),
        PostingOptions(DigestLayout.CARDS, Threads.PER_PAPER, 10080, True, 2**63 - 1, 10_000, True, True),
    )
    places = tuple(Place("x" * 200, each) for each in list_timezones_of_language("en-US", DAY.year))
    unclear = FilterUnclear(parse_query("after:someday " * 20, DAY))
    ambiguous = Refused(Refusal.TIMEZONE_AMBIGUOUS, examples=["y" * 100] * 4)
    refusals: dict[str, Refused] = {
        "time": Refused(Refusal.TIME_UNCLEAR),
        "timezone": ambiguous,
        "weekdays": Refused(Refusal.WEEKDAYS_UNCLEAR),
        "filter": unclear,
        "min_upvotes": Refused(Refusal.UPVOTES_UNCLEAR),
        "ping_upvotes": Refused(Refusal.UPVOTES_UNCLEAR),
    }
    misread = tuple(MisreadField(field, "x" * 4000, refused, places) for field, refused in refusals.items())
    parts = tuple(("tag:*_~`" * 20, 100_000) for _ in range(5))
    figures = Caveat(CaveatKind.SORT_IGNORED, 10_000, 10_000, 400, 100_000, 9_999, True, parts, tuple(range(7)))
    examples = tuple(f"2605.{number:05}" for number in range(9))
    caveats = tuple(replace(figures, kind=kind, examples=examples) for kind in CaveatKind)
    status = DraftStatus(
        Draft("f" * 12, 1, 2, None, 4, everything, {each.field: each.text for each in misread}, "en-US"),
        MORNING,
        Run(DAY, MORNING),
        is_paused=True,
        match_count=(100_000, 200_000),
        abilities=AnnouncementChannel.abilities,
        role_id=2**63 - 1,
        obstacles=(
            build_missing_permissions(*["view_channel", "send_messages", "read_message_history"] * 2),
            Reason(ReasonKind.ROLE_NOT_NOTIFIED, number=2**63 - 1),
        ),
        misread=misread,
        places=places,
        caveats=caveats,
        preset_counts=dict.fromkeys(PRESETS, 100_000),
    )
    return replace(status, **known)


@pytest.mark.parametrize("kind", DESTINATION_CLASSES.values())
@pytest.mark.parametrize("page", ["first", "extras"])
async def test_the_fullest_panel_fits(page: str, kind: type[Destination]) -> None:
    status = fullest(abilities=kind.abilities)
    view: Any = layout.render_panel(status) if page == "first" else layout.render_second_page(status)
    check_message({"components": view.to_components(), "flags": 1 << 15, "allowed_mentions": {"parse": []}})
    assert view.content_length() < 4000
    assert view.is_finished()


@pytest.mark.parametrize("modal", MODALS)
async def test_the_fullest_modal_is_valid(server: Server, modal: Any) -> None:
    shown: Any = modal(fullest().draft)
    assert shown.is_finished()
    entries = [each.component for each in shown.children if isinstance(each.component, TextInput)]
    assert all(len(each.default or "") <= (each.max_length or 0) <= 4000 for each in entries)
