"""Selects and switches: each changes what it says, and nothing else."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.storage import Draft
from bot.storage.digest_settings import diff_settings, settings_to_columns
from bot.subscription.settings import DigestSettings, Selection
from tests.support.panel import MAIN_PARTS, Panel
from tests.support.server import (
    stale_button,
)


@pytest.mark.parametrize(
    ("page", "field", "values", "expected"),
    [
        ("", "cadence", ["weekly"], "weekly"),
        ("", "cadence", ["monthly"], "monthly"),
        ("", "weekdays", ["4"], "4"),
        ("", "weekdays", ["0", "2", "6"], "026"),
        ("", "size", ["1"], 1),
        ("", "size", ["10"], 10),
        ("", "layout", ["compact"], "compact"),
        ("", "layout", ["cards"], "cards"),
        ("Threads and pings", "threads", ["digest"], "digest"),
        ("Threads and pings", "threads", ["highlight"], "highlight"),
    ],
)
async def test_a_select_changes_what_it_says_and_nothing_else(
    panel: Panel, page: str, field: str, values: list[str], expected: Any
) -> None:
    before = await panel.settings()
    if page:
        await panel.click(page)
    await panel.pick(field, *values)
    after = await panel.settings()
    assert diff_settings(before, after) == {field: [settings_to_columns(before)[field], expected]}
    assert panel.defaults(field) == values


@pytest.mark.parametrize(
    ("field", "values", "said"),
    [
        ("cadence", ["weekly"], "Every week on Monday at 09:00"),
        ("weekdays", ["0", "1", "2", "3", "4"], "Every weekday at 09:00"),
        ("size", ["1"], "the top paper in"),
        ("layout", ["compact"], "titles only"),
    ],
)
async def test_what_was_picked_is_in_the_sentence_at_once(
    panel: Panel, field: str, values: list[str], said: str
) -> None:
    await panel.pick(field, *values)
    assert said in panel.text


async def test_picking_a_channel_moves_the_digest_there_and_nothing_else(panel: Panel) -> None:
    before = await panel.settings()
    await panel.pick("channel_id", panel.server.papers)
    assert await panel.settings() == replace(before, channel_id=panel.server.papers.id)
    assert f"in <#{panel.server.papers.id}>" in panel.text
    assert panel.defaults("channel_id") == [str(panel.server.papers.id)]


@pytest.mark.parametrize(
    ("label", "field", "usual"), [("Notifications", "silent", "on"), ("Say when nothing is new", "quiet_line", "off")]
)
async def test_a_switch_goes_on_and_off_and_changes_nothing_else(
    panel: Panel, label: str, field: str, usual: str
) -> None:
    before = await panel.settings()
    await panel.click("Threads and pings")
    await panel.click(f"{label}: {usual}")
    assert diff_settings(before, await panel.settings()) == {field: [0, 1]}
    await panel.click(f"{label}: {'off' if usual == 'on' else 'on'}")
    assert await panel.settings() == before


async def test_two_quick_clicks_on_a_switch_count_as_one(panel: Panel) -> None:
    again = stale_button(panel.server, panel.id_of("silent:on"))
    await panel.click("Threads and pings")
    await panel.click("Notifications: on")
    await panel.server.admin.click(again, label="Details")
    assert (await panel.settings()).posting.silent


async def test_two_changes_at_the_same_moment_are_both_kept(panel: Panel) -> None:
    def change(edit: Callable[[DigestSettings], DigestSettings]) -> Callable[[Draft], Draft]:
        return lambda draft: replace(draft, settings=edit(draft.settings))

    drafts, now = panel.server.bot.services.storage.drafts, panel.server.clock.now
    await asyncio.gather(
        drafts.change(panel.draft_id, change(lambda known: replace(known, channel_id=1)), now),
        drafts.change(panel.draft_id, change(lambda known: replace(known, selection=Selection(size=9))), now),
    )
    known = await panel.settings()
    assert (known.channel_id, known.selection.size) == (1, 9)


async def test_the_second_page_leads_back_to_the_first(panel: Panel) -> None:
    before = panel.text
    await panel.click("Threads and pings")
    assert panel.text == before
    await panel.click("Back")
    assert (panel.text, panel.parts) == (before, MAIN_PARTS)


async def test_the_weekdays_of_a_recap_are_explained(panel: Panel) -> None:
    assert panel.select("weekdays")["placeholder"] == "The weekdays to post on"
    for cadence, within in (("weekly", "of the week"), ("monthly", "of the month")):
        await panel.pick("cadence", cadence)
        assert panel.select("weekdays")["placeholder"].endswith(f"the first chosen day {within}.")
        assert f"the first chosen day {within}." in panel.text


async def test_every_choice_of_cadence_and_layout_says_what_it_means(panel: Panel) -> None:
    for field in ("cadence", "layout"):
        assert all(each["description"] for each in panel.select(field)["options"])


async def test_threads_have_a_time_after_which_they_are_archived(panel: Panel) -> None:
    await panel.click("Threads and pings")
    assert "archive_after" not in panel.parts
    await panel.pick("threads", "digest")
    before = await panel.settings()
    assert panel.defaults("archive_after") == ["1440"]
    for minutes in ("60", "4320", "10080"):
        await panel.pick("archive_after", minutes)
        assert panel.defaults("archive_after") == [minutes]
    assert diff_settings(before, await panel.settings()) == {"archive_after": [1440, 10080]}
